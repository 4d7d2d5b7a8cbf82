// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/verbs/table.hpp"
#include "engine/base/similar.hpp"
#include "engine/base/text.hpp"

#include <algorithm>

namespace macsec::cli {
namespace {

using std::string_view;

template <auto Member>
string_view set(Options& options, string_view value) {
  options.*Member = value;
  return value.empty() ? "something" : "";
}
template <auto Member, bool Value = true>
string_view flag(Options& options, string_view) {
  options.*Member = Value;
  return {};
}

constexpr string_view formats = "networkmanager networkd wpa_supplicant";
constexpr string_view import_formats = "networkmanager networkd wpa_supplicant iwd";

constexpr string_view wait_help = "Wait until it is done, at most so long (default: 90s)";

constexpr std::array options{
    Option{"--help", 'h', "", "Show this help", "", "", flag<&Options::help>},
    Option{"--version", 0, "", "Show the version", "", "", flag<&Options::version>},
    Option{"--host", 'H', "HOST", "Ask macsecd on another host, over ssh", "", "", set<&Options::host>},
    Option{"--json", 0, "MODE", "Print JSON with the bus's own names: pretty, short or off", "pretty short off", "",
           [](Options& out, string_view value) -> string_view {
             if (value == "pretty")
               out.json = JsonForm::pretty;
             else if (value == "short")
               out.json = JsonForm::compact;
             else if (value == "off")
               out.json = JsonForm::off;
             else
               return "pretty, short or off";
             return {};
           }},
    Option{"--color", 0, "WHEN", "Use colour: auto, always or never", "auto always never", "",
           [](Options& out, string_view value) -> string_view {
             if (value == "auto")
               out.color = ColorChoice::automatic;
             else if (value == "always")
               out.color = ColorChoice::always;
             else if (value == "never")
               out.color = ColorChoice::never;
             else
               return "auto, always or never";
             return {};
           }},
    Option{"--no-legend", 0, "", "Print no headings", "", "", flag<&Options::legend, false>},
    Option{"--no-pager", 0, "", "Do not use a pager", "", "", flag<&Options::pager, false>},
    Option{"--no-ask-password", 0, "", "Do not ask for a password", "", "", flag<&Options::ask, false>},
    Option{"--wait", 'w', "[SEC]", wait_help, "",
           "status, up, down, rekey, reauth, profile add, profile import, key retire, key rotate",
           [](Options& out, string_view value) -> string_view {
             out.wait = value.empty() ? default_wait() : parse_duration(value);
             return out.wait ? "" : "a time span such as 30 or 2min";
           }},
    Option{"--check", 0, "", "Exit with 7 where a link is not secured", "", "status", flag<&Options::check>},
    Option{"--all", 'a', "", "Show identifiers, the SAK before, and all settings, too", "", "status",
           flag<&Options::all>},
    Option{"--openmetrics", 0, "", "Print OpenMetrics, for a monitoring system", "", "stats",
           flag<&Options::openmetrics>},
    Option{"--runtime", 0, "", "Keep it in memory only", "", "profile add, profile import, key add",
           flag<&Options::runtime>},
    Option{"--ckn", 0, "CKN", "Name of the key, the same on all ends", "", "key add", set<&Options::ckn>},
    Option{"--not-before", 0, "DATE", "When the key begins to be used", "", "key add", set<&Options::not_before>},
    Option{"--not-after", 0, "DATE", "When the key ceases to be used", "", "key add", set<&Options::not_after>},
    Option{"--role", 0, "ROLE", "primary or fallback", "primary fallback", "key add", set<&Options::role>},
    Option{"--force", 0, "", "Retire the key even where that cuts the link", "", "key retire", flag<&Options::force>},
    Option{"--with", 0, "KEY", "Encrypt for the TPM, for the host, or for both where there is a TPM (auto)",
           "auto tpm2 host", "key seal",
           [](Options& out, string_view value) -> string_view {
             if (value != "auto" && value != "tpm2" && value != "host") return "auto, tpm2 or host";
             out.with = value;
             return {};
           }},
    Option{"--dry-run", 0, "", "Tell what would be done, and change nothing", "", "key add, key retire, key rotate",
           flag<&Options::dry_run>},
    Option{"--key-file", 0, "FILE", "Read the CAK from here", "", "profile add, profile edit, profile import, key add",
           set<&Options::key_file>},
    Option{"--key-fd", 0, "FD", "Read the CAK from this descriptor", "",
           "profile add, profile edit, profile import, key add",
           [](Options& out, string_view value) -> string_view {
             const auto fd = parse_unsigned(value, 1U << 20U);
             if (fd) out.key_fd = static_cast<int>(*fd);
             return fd ? "" : "the number of a descriptor";
           }},
    Option{"--no-keys", 0, "", "Do not look for key files and credentials", "", "profile check, profile import",
           flag<&Options::no_keys>},
    Option{"--from", 0, "FORMAT", "What it is of: networkmanager, networkd, wpa_supplicant or iwd", import_formats,
           "profile import", set<&Options::from>},
    Option{"--to", 0, "FORMAT", "For networkmanager, networkd or wpa_supplicant", formats, "profile export",
           set<&Options::to>},
    Option{"--name", 0, "NAME", "Name of the profile", "", "profile import", set<&Options::name>},
    Option{"--output", 'o', "FILE", "Write to a new file, mode 0600", "",
           "genkey, profile export, profile import, key rotate", set<&Options::output>},
    Option{"--install", 0, "", "Add it to NetworkManager instead of writing a file", "", "profile export",
           flag<&Options::install>},
    Option{"--bits", 0, "BITS", "Size of the key: 128 or 256", "128 256", "genkey, key rotate",
           [](Options& out, string_view value) -> string_view {
             if (value != "128" && value != "256") return "128 or 256";
             out.key_size = value == "128" ? 16 : 32;
             return {};
           }},
    Option{"--for", 0, "PEER", "Make what aws, azure, gcp, junos or nxos takes", "aws azure gcp junos nxos", "genkey",
           [](Options& out, string_view value) -> string_view {
             const std::array known{"aws", "azure", "gcp", "junos", "nxos"};
             if (std::ranges::find(known, value) == known.end()) return "aws, azure, gcp, junos or nxos";
             out.taker = value;
             return {};
           }},
    Option{"--form", 0, "FORM", "Form of the key: section (default), hex or wpa_supplicant",
           "section hex wpa_supplicant", "genkey",
           [](Options& out, string_view value) -> string_view {
             if (value != "section" && value != "hex" && value != "wpa_supplicant")
               return "section, hex or wpa_supplicant";
             out.form = value;
             return {};
           }},
};

const Option* find_option(string_view name) noexcept {
  if (name == "--complete-args") return nullptr;
  for (const Option& option : options)
    if (option.name == name || (name.size() == 2 && option.letter != 0 && name[1] == option.letter)) return &option;
  return nullptr;
}

bool wrong(Context& context, const std::string& text) {
  context.complain(Exit::usage, text + "; see macsecctl --help");
  return false;
}

std::string no_option(string_view name) {
  std::vector<string_view> names;
  for (const Option& option : options) names.push_back(option.name.substr(2));
  const string_view near = name.starts_with("--") ? similar_name(name.substr(2), names) : string_view{};
  return fmt::format("there is no option {}{}", name, near.empty() ? "" : fmt::format(", did you mean --{}?", near));
}

/// "-w5" is "-w" with the value 5, "--wait=5" is "--wait" with the value 5.
GivenOption split(const std::string& word) {
  const bool is_short = !word.starts_with("--");
  const std::size_t end = is_short ? 2 : std::min(word.find('='), word.size());
  GivenOption given;
  given.name = word.substr(0, end);
  given.option = find_option(given.name);
  if (end < word.size()) given.value = word.substr(end + (word[end] == '=' ? 1 : 0));
  return given;
}

bool takes(const Option& option, const std::string& value) {
  Options unused;
  return !value.empty() && option.apply(unused, value).empty();
}

}  // namespace

Duration default_wait() {
  const std::size_t begin = wait_help.rfind(' ') + 1;
  return parse_duration(wait_help.substr(begin, wait_help.find(')', begin) - begin)).value();
}

std::span<const Option> option_table() noexcept { return options; }

bool belongs(const Option& option, const Verb& verb) noexcept {
  string_view rest = option.verbs;
  if (rest.empty()) return true;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(", "), rest.size());
    if (rest.substr(0, end) == verb.name) return true;
    rest.remove_prefix(std::min(end + 2, rest.size()));
  }
  return false;
}

bool is_option(std::string_view word) noexcept { return word.size() > 1 && word.starts_with('-') && word != "--"; }

GivenOption take_option(std::span<const std::string> words) {
  GivenOption given = split(words.front());
  if (given.option == nullptr || given.option->argument.empty() || given.value || words.size() == 1) return given;
  // A value that may be left out is one only where it can be nothing else.
  if (given.option->argument.starts_with('[') && !takes(*given.option, words[1])) return given;
  given.value = words[1];
  given.words = 2;
  return given;
}

bool read_options(Context& context, std::span<const std::string> words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") {
      context.arguments.insert(context.arguments.end(), words.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                               words.end());
      return true;
    }
    if (!is_option(word)) {
      context.arguments.push_back(word);
      continue;
    }
    const GivenOption given = take_option(words.subspan(i));
    i += given.words - 1;
    const Option* const option = given.option;
    if (option == nullptr) return wrong(context, no_option(given.name));
    if (option->argument.empty() && given.value) return wrong(context, given.name + " takes no value");
    if (!option->argument.empty() && !option->argument.starts_with('[') && !given.value)
      return wrong(context, fmt::format("{} needs a value: {}", given.name, option->argument));
    const std::string value = given.value.value_or("");
    context.given.push_back(option);
    if (const string_view accepted = option->apply(context.options, value); !accepted.empty())
      return wrong(context, fmt::format("{}={} is not accepted: {}", option->name, value, accepted));
  }
  return true;
}

}  // namespace macsec::cli
