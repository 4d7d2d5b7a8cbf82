// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/verbs/table.hpp"

#include "engine/base/similar.hpp"
#include "engine/base/text.hpp"
#include "engine/config/profile_keys.hpp"

#include <algorithm>
#include <net/if.h>
#include <set>

namespace macsec::cli {
namespace {

constexpr std::size_t any = SIZE_MAX;
using std::chrono::seconds;

Candidates nothing(Context&, std::size_t) { return {}; }

Candidates links(Context& context, std::size_t) {
  Candidates out;
  if (const auto sessions = context.sessions({}))
    for (const auto& session : *sessions)
      out.push_back({session.info.interface, fmt::format("{} on {}", session.info.state, session.info.parent)});
  return out;
}
Candidates access_ports(Context& context, std::size_t) {
  Candidates out;
  if (const auto sessions = context.sessions({}))
    for (const auto& session : *sessions)
      if (const auto port = context.side(session.path, bus::interface::authenticator))
        out.push_back({session.info.interface, fmt::format("{} {}", (*port)["State"].text(), (*port)["Host"].text())});
  return out;
}
Candidates one_link(Context& context, std::size_t index) { return index == 0 ? links(context, 0) : Candidates{}; }

Candidates profile_names(Context& context, std::size_t) {
  Candidates out;
  if (const auto profiles = context.profiles({}))
    for (const auto& profile : *profiles) out.push_back({profile.info.name, profile.info.description});
  return out;
}
Candidates one_profile(Context& context, std::size_t index) {
  return index == 0 ? profile_names(context, 0) : Candidates{};
}

Candidates profile_and_key(Context& context, std::size_t index) {
  if (index != 1) return one_profile(context, index);
  Candidates out;
  if (const auto profiles = context.profiles(std::span{context.arguments}.first(1)))
    for (const auto& profile : *profiles)
      for (const bus::KeyInfo& key : profile.info.keys)
        if (!key.retired_at) out.push_back({key.ckn, key.state});
  return out;
}

Candidates links_and_profiles(Context& context, std::size_t index) {
  Candidates out = links(context, index);
  for (Candidate& each : profile_names(context, index)) out.push_back(std::move(each));
  return out;
}

Candidates interfaces(Context&, std::size_t index) {
  Candidates out;
  if (index != 0) return out;
  const std::unique_ptr<struct if_nameindex, Releases<if_freenameindex>> all{if_nameindex()};
  for (const auto* each = all.get(); each != nullptr && each->if_index != 0; ++each) out.push_back({each->if_name});
  return out;
}

Candidates verb_names(Context& context, std::size_t index) {
  Candidates out;
  for (const Verb& verb : verbs()) {
    const std::size_t blank = verb.name.find(' ');
    if (index == 0 && (out.empty() || out.back().text != verb.name.substr(0, blank)))
      out.push_back(
          {std::string{verb.name.substr(0, blank)}, blank == std::string_view::npos ? std::string{verb.help} : ""});
    if (index == 1 && blank != std::string_view::npos && context.arguments.front() == verb.name.substr(0, blank))
      out.push_back({std::string{verb.name.substr(blank + 1)}, std::string{verb.help}});
  }
  return out;
}

/// Words a setting may be, as its description lists them; interfaces for those that name one.
std::vector<std::string> values_of(const ProfileKey& key) {
  std::vector<std::string> out;
  if (key.name == "Parent") {
    Context unused;
    for (const Candidate& each : interfaces(unused, 0)) out.push_back(each.text);
    return out;
  }
  std::string words{key.accepts};
  std::ranges::replace(words, ',', ' ');
  std::string_view rest = words;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    const std::string_view word = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (word.size() > 1 && word != "of" && word != "or" && check_profile_value(key, word)) out.emplace_back(word);
  }
  // A description in words, such as "the name of an interface", lists no values.
  if (key.accepts.starts_with("the ") || key.accepts.starts_with("a ")) out.clear();
  return out;
}

Candidates settings(Context& context, std::size_t) {
  Candidates out;
  const std::string_view word =
      context.arguments.empty() ? std::string_view{} : std::string_view{context.arguments.back()};
  const bool named = word.find('=') != std::string_view::npos;
  const bool in_section = word.find('.') != std::string_view::npos;
  std::set<std::string_view> seen;
  for (const ProfileKey& key : profile_keys()) {
    if (key.secret) continue;
    const std::string whole = fmt::format("{}.{}=", key.section, key.name);
    const std::string bare = fmt::format("{}=", key.name);
    // Without its section a name means the first there is.
    const bool first = seen.insert(key.name).second;
    if (!named) {
      out.push_back({whole, std::string{key.help}});
      if (first && !in_section) out.push_back({bare, std::string{key.help}});
      continue;
    }
    for (const std::string& name : {whole, bare})
      if (word.starts_with(name) && (name == whole || first))
        for (const std::string& value : values_of(key)) out.push_back({name + value});
  }
  return out;
}
Candidates new_profile(Context& context, std::size_t index) {
  return index == 0 ? Candidates{} : settings(context, index);
}
Candidates changed_profile(Context& context, std::size_t index) {
  return index == 0 ? profile_names(context, 0) : settings(context, index);
}

constexpr std::array verb_table{
    Verb{"status", "[LINK...]", "Show each link, and why it is not secured (default)", 0, any, run_status, links},
    Verb{"list", "[LINK...]", "List links, one a line", 0, any, run_list, links},
    Verb{"peers", "[LINK...]", "List peers with when they were last heard", 0, any, run_peers, links},
    Verb{"clients", "[LINK...]", "List access ports with the host that each has", 0, any, run_clients, access_ports},
    Verb{"doctor", "[LINK...]", "Say what is wrong with links and what to type", 0, any, run_doctor, links},
    Verb{"stats", "[LINK...]", "Show all counters of protocol and kernel", 0, any, run_stats, links},
    Verb{"monitor", "[LINK...]", "Show what happens, until interrupted", 0, any, run_monitor, links},
    Verb{"up", "LINK|PROFILE...", "Bring links up; enables a profile that is disabled", 1, any, run_up,
         links_and_profiles},
    Verb{"down", "LINK...", "Take links down until up or a restart of macsecd", 1, any, run_down, links},
    Verb{"rekey", "LINK...", "Ask for new keys (SAK) as key server", 1, any, run_rekey, links},
    Verb{"suspend", "LINK [TIME]",
         "Keep traffic and keys while the control plane here restarts, at most 120s; 0 ends it", 1, 2, run_suspend,
         one_link},
    Verb{"reauth", "LINK...", "Authenticate by 802.1X again, now; ends a logoff", 1, any, run_reauth, links},
    Verb{"terminate", "LINK...", "End the 802.1X session of the host at an access port", 1, any, run_terminate,
         access_ports},
    Verb{"logoff", "LINK...", "End the 802.1X session until reauth, up or a new carrier", 1, any, run_logoff, links},
    Verb{"reload", "", "Read profile files again", 0, 0, run_reload, nothing},
    Verb{"caps", "LINK", "Show what MACsec can do on an interface", 1, 1, run_caps, interfaces},
    Verb{"genkey", "", "Make a new key and its name (CAK and CKN)", 0, 0, run_genkey, nothing},
    Verb{"key list", "[PROFILE...]", "List keys, and whether each may be retired", 0, any, run_key_list, profile_names},
    Verb{"key add", "PROFILE [FILE]", "Add a key to those a profile has", 1, 2, run_key_add, one_profile},
    Verb{"key retire", "PROFILE CKN", "Take a key out of use once all peers use another one", 2, 2, run_key_retire,
         profile_and_key},
    Verb{"key rotate", "PROFILE", "Make a new key, and retire the one before when all peers use the new one", 1, 1,
         run_key_rotate, one_profile},
    Verb{"key seal", "PROFILE CKN", "Put a key into a credential that only this host can read", 2, 2, run_key_seal,
         profile_and_key},
    Verb{"profile list", "[PROFILE...]", "List profiles of files and network managers", 0, any, run_profile_list,
         profile_names},
    Verb{"profile show", "PROFILE...", "Show profiles as files, without their keys", 1, any, run_profile_show,
         profile_names},
    Verb{"profile add", "NAME [FILE | SETTING=VALUE...]", "Add a profile from a file or settings", 1, any,
         run_profile_add, new_profile},
    Verb{"profile edit", "PROFILE [SETTING=VALUE...]", "Change settings, in an editor where none is given", 1, any,
         run_profile_edit, changed_profile},
    Verb{"profile remove", "PROFILE...", "Remove profiles and end their sessions", 1, any, run_profile_remove,
         profile_names},
    Verb{"profile enable", "PROFILE...", "Use profiles, now and after a reboot", 1, any, run_profile_enable,
         profile_names},
    Verb{"profile disable", "PROFILE...", "Stop using profiles, now and after a reboot", 1, any, run_profile_disable,
         profile_names},
    Verb{"profile check", "[FILE | PROFILE...]", "Show what is wrong with profiles", 0, any, run_profile_check,
         profile_names},
    Verb{"profile import", "FILE [SETTING=VALUE...]", "Take over what another program's file says", 1, any,
         run_profile_import, new_profile},
    Verb{"profile export", "PROFILE|FILE", "Write a profile as another program's file", 1, 1, run_profile_export,
         one_profile},
    Verb{"help", "[VERB]", "Show this help, or that of a verb with its options", 0, 2, run_help, verb_names},
};

}  // namespace

std::span<const Verb> verbs() noexcept { return verb_table; }

Found find_verb(std::span<const std::string> words) noexcept {
  if (words.empty()) return {&verb_table.front(), 0};
  for (const Verb& verb : verb_table) {
    const std::size_t blank = verb.name.find(' ');
    if (blank == std::string_view::npos) {
      if (words[0] == verb.name) return {&verb, 1};
    } else if (words.size() > 1 && words[0] == verb.name.substr(0, blank) && words[1] == verb.name.substr(blank + 1)) {
      return {&verb, 2};
    }
  }
  return {};
}

namespace {

constexpr std::size_t left_width = 33;

void help_line(std::string& out, const std::string& left, std::string_view help) {
  if (left.size() < left_width)
    fmt::format_to(std::back_inserter(out), "  {:<{}} {}\n", left, left_width, help);
  else
    fmt::format_to(std::back_inserter(out), "  {}\n  {:<{}} {}\n", left, "", left_width, help);
}

std::string left_of(const Verb& verb) {
  return verb.arguments.empty() ? std::string{verb.name} : fmt::format("{} {}", verb.name, verb.arguments);
}

std::string left_of(const Option& option) {
  std::string left = option.letter != 0 ? fmt::format("-{} ", option.letter) : "";
  left += option.name;
  if (option.argument.starts_with('['))
    left += fmt::format("[={}]", option.argument.substr(1, option.argument.size() - 2));
  else if (!option.argument.empty())
    left += fmt::format("={}", option.argument);
  return left;
}

}  // namespace

std::string help_text() {
  std::string out =
      "macsecctl [OPTIONS] [VERB] [ARGUMENTS]\n\nControls macsecd, the MACsec service. Without a verb: "
      "status.\n\nVerbs:\n";
  for (const Verb& verb : verb_table) help_line(out, left_of(verb), verb.help);
  out += "\nOptions of all verbs:\n";
  for (const Option& option : option_table())
    if (option.verbs.empty()) help_line(out, left_of(option), option.help);
  out += "\nOptions of a verb: macsecctl help VERB\n";
  out += "A LINK or PROFILE may be a pattern, such as 'macsec*'.\n";
  out += "SETTING is a key of macsec.profile(5), such as Parent, MKA.Priority or Key2.Ckn.\n";
  return out;
}

std::string help_text(const Verb& verb) {
  std::string out = fmt::format("macsecctl [OPTIONS] {}\n\n{}.\n", left_of(verb), verb.help);
  std::string own;
  for (const Option& option : option_table())
    if (!option.verbs.empty() && belongs(option, verb)) help_line(own, left_of(option), option.help);
  if (!own.empty()) out += "\nOptions:\n" + own;
  out += "\nOptions of all verbs: macsecctl --help\n";
  return out;
}

std::string wrong_verb(std::span<const std::string> words) {
  std::vector<std::string_view> first;
  std::vector<std::string_view> second;
  for (const Verb& verb : verb_table) {
    const std::size_t blank = verb.name.find(' ');
    first.push_back(verb.name.substr(0, blank));
    if (blank != std::string_view::npos && words[0] == verb.name.substr(0, blank))
      second.push_back(verb.name.substr(blank + 1));
  }
  const std::string see = "; see macsecctl --help";
  if (!second.empty()) {
    std::ranges::sort(second);
    if (words.size() == 1) return fmt::format("{} needs one of: {}", words[0], fmt::join(second, ", "));
    const std::string_view near = similar_name(words[1], second);
    return fmt::format("{} has no verb {}{}{}", words[0], words[1],
                       near.empty() ? "" : fmt::format(", did you mean {} {}?", words[0], near), see);
  }
  const std::string_view near = similar_name(words[0], first);
  return fmt::format("there is no verb {}{}{}", words[0], near.empty() ? "" : fmt::format(", did you mean {}?", near),
                     see);
}

Exit run_help(Context& context) {
  if (context.arguments.empty()) {
    context.out = help_text();
    return Exit::ok;
  }
  const Found found = find_verb(context.arguments);
  if (found.verb != nullptr) {
    context.out = help_text(*found.verb);
    return Exit::ok;
  }
  // All verbs of a group, such as those of profiles.
  for (const Verb& verb : verb_table)
    if (context.arguments.size() == 1 && verb.name.starts_with(context.arguments[0] + " "))
      help_line(context.out, left_of(verb), verb.help);
  return context.out.empty() ? context.complain(Exit::usage, wrong_verb(context.arguments)) : Exit::ok;
}

}  // namespace macsec::cli
