// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/verbs/table.hpp"

#include "engine/base/text.hpp"
#include "engine/config/profile_keys.hpp"

#include <algorithm>
#include <net/if.h>

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

Candidates settings(Context&, std::size_t) {
  Candidates out;
  for (const ProfileKey& key : profile_keys())
    if (!key.secret) out.push_back({fmt::format("{}.{}=", key.section, key.name), std::string{key.help}});
  return out;
}
Candidates new_profile(Context& context, std::size_t index) {
  return index == 0 ? Candidates{} : settings(context, index);
}
Candidates changed_profile(Context& context, std::size_t index) {
  return index == 0 ? profile_names(context, 0) : settings(context, index);
}

constexpr std::array verb_table{
    Verb{"status", "[LINK...]", "Tell how links are, and why not secured; what a bare macsecctl does", 0, any,
         run_status, links},
    Verb{"list", "", "List links, one a line", 0, 0, run_list, nothing},
    Verb{"peers", "[LINK...]", "List peers with when they were last heard", 0, any, run_peers, links},
    Verb{"stats", "[LINK...]", "Show all counters of protocol and kernel", 0, any, run_stats, links},
    Verb{"monitor", "[LINK...]", "Tell what happens until interrupted", 0, any, run_monitor, links},
    Verb{"up", "LINK|PROFILE...", "Bring links up; enables a profile that is disabled", 1, any, run_up,
         links_and_profiles},
    Verb{"down", "LINK...", "Take links down until up or a restart of macsecd", 1, any, run_down, links},
    Verb{"rekey", "LINK...", "Ask for new keys (SAK) as key server", 1, any, run_rekey, links},
    Verb{"suspend", "LINK [TIME]", "Hold still for an in-service upgrade, 0 to end it (default: 120s)", 1, 2,
         run_suspend, one_link},
    Verb{"reload", "", "Read profile files again", 0, 0, run_reload, nothing},
    Verb{"caps", "LINK", "Show what MACsec can do on an interface", 1, 1, run_caps, interfaces},
    Verb{"genkey", "", "Make a new key and its name (CAK and CKN)", 0, 0, run_genkey, nothing},
    Verb{"profile list", "", "List profiles of files and network managers", 0, 0, run_profile_list, nothing},
    Verb{"profile show", "PROFILE...", "Show profiles as files, without their keys", 1, any, run_profile_show,
         profile_names},
    Verb{"profile add", "NAME [FILE | SETTING=VALUE...]", "Add a profile from a file or settings", 1, any,
         run_profile_add, new_profile},
    Verb{"profile edit", "PROFILE [SETTING=VALUE...]", "Change settings, in an editor where none is given", 1, any,
         run_profile_edit, changed_profile},
    Verb{"profile remove", "PROFILE...", "Remove profiles and end their sessions", 1, any, run_profile_remove,
         profile_names},
    Verb{"profile enable", "PROFILE...", "Use profiles from now on", 1, any, run_profile_enable, profile_names},
    Verb{"profile disable", "PROFILE...", "Use profiles no more", 1, any, run_profile_disable, profile_names},
    Verb{"profile check", "[FILE | PROFILE...]", "Tell what is wrong with profiles", 0, any, run_profile_check,
         profile_names},
    Verb{"profile import", "FILE [SETTING=VALUE...]", "Take over what another program's file says", 1, any,
         run_profile_import, nullptr},
    Verb{"profile export", "PROFILE|FILE", "Write a profile as another program's file", 1, 1, run_profile_export,
         one_profile},
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

std::string help_text() {
  std::string out =
      "macsecctl [OPTIONS] [VERB] [ARGUMENTS]\n\nControls macsecd, the MACsec service. Without a verb: "
      "status.\n\nVerbs:\n";
  const auto line = [&out](const std::string& left, std::string_view help) {
    if (left.size() < 33)
      fmt::format_to(std::back_inserter(out), "  {:<33} {}\n", left, help);
    else
      fmt::format_to(std::back_inserter(out), "  {}\n  {:<33} {}\n", left, "", help);
  };
  for (const Verb& verb : verb_table) {
    std::string left{verb.name};
    if (!verb.arguments.empty()) left.append(" ").append(verb.arguments);
    line(left, verb.help);
  }
  out += "\nOptions:\n";
  for (const Option& option : option_table()) {
    std::string left = option.letter != 0 ? fmt::format("-{} ", option.letter) : "";
    left += option.name;
    if (option.argument.starts_with('['))
      left += fmt::format("[={}]", option.argument.substr(1, option.argument.size() - 2));
    else if (!option.argument.empty())
      left += fmt::format("={}", option.argument);
    line(left, option.help);
  }
  out += "\nSETTING is a key of macsec.profile(5), such as Parent, MKA.Priority or Key2.Ckn.\n";
  return out;
}

}  // namespace macsec::cli
