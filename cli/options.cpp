// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/verbs/table.hpp"
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

constexpr std::array options{
    Option{"--help", 'h', "", "Show this help", "", flag<&Options::help>},
    Option{"--version", 0, "", "Show the version", "", flag<&Options::version>},
    Option{"--json", 0, "MODE", "Print JSON with the bus's own names: pretty, short or off", "pretty short off",
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
    Option{"--color", 0, "WHEN", "Use colour: auto, always or never", "auto always never",
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
    Option{"--no-legend", 0, "", "Print no headings", "", flag<&Options::legend, false>},
    Option{"--no-pager", 0, "", "Do not use a pager", "", flag<&Options::pager, false>},
    Option{"--no-ask-password", 0, "", "Do not ask for a password", "", flag<&Options::ask, false>},
    Option{"--wait", 'w', "[SEC]", "Wait until it is done, at most so long (default: 90s)", "",
           [](Options& out, string_view value) -> string_view {
             out.wait = value.empty() ? Duration{std::chrono::seconds{90}} : parse_duration(value);
             return out.wait ? "" : "a time span such as 30 or 2min";
           }},
    Option{"--openmetrics", 0, "", "stats: print OpenMetrics, for a monitoring system", "",
           flag<&Options::openmetrics>},
    Option{"--runtime", 0, "", "profile add, import: keep it in memory only", "", flag<&Options::runtime>},
    Option{"--key-file", 0, "FILE", "profile add, edit, import: read the CAK from here", "", set<&Options::key_file>},
    Option{"--key-fd", 0, "FD", "profile add, edit, import: read the CAK from this descriptor", "",
           [](Options& out, string_view value) -> string_view {
             const auto fd = parse_unsigned(value, 1U << 20U);
             if (fd) out.key_fd = static_cast<int>(*fd);
             return fd ? "" : "the number of a descriptor";
           }},
    Option{"--no-keys", 0, "", "profile check, import: do not look for key files and credentials", "",
           flag<&Options::no_keys>},
    Option{"--from", 0, "FORMAT", "profile import: networkmanager, networkd or wpa_supplicant", formats,
           set<&Options::from>},
    Option{"--to", 0, "FORMAT", "profile export: networkmanager, networkd or wpa_supplicant", formats,
           set<&Options::to>},
    Option{"--name", 0, "NAME", "profile import: name of the profile", "", set<&Options::name>},
    Option{"--output", 'o', "FILE", "genkey, profile export, import: write to a new file, mode 0600", "",
           set<&Options::output>},
    Option{"--install", 0, "", "profile export: add it to NetworkManager instead of writing a file", "",
           flag<&Options::install>},
    Option{"--bits", 0, "BITS", "genkey: size of the key: 128 (default) or 256", "128 256",
           [](Options& out, string_view value) -> string_view {
             if (value != "128" && value != "256") return "128 or 256";
             out.key_size = value == "128" ? 16 : 32;
             return {};
           }},
    Option{"--form", 0, "FORM", "genkey: section (default), hex or wpa_supplicant", "section hex wpa_supplicant",
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

}  // namespace

std::span<const Option> option_table() noexcept { return options; }

bool read_options(Context& context, std::span<const std::string> words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") {
      context.arguments.insert(context.arguments.end(), words.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                               words.end());
      return true;
    }
    if (word.size() < 2 || !word.starts_with('-')) {
      context.arguments.push_back(word);
      continue;
    }
    const std::size_t equals = std::min(word.find('='), word.size());
    const std::string name = word.substr(0, equals);
    const Option* const option = find_option(name);
    if (option == nullptr) return wrong(context, "there is no option " + name);
    std::string value = equals < word.size() ? word.substr(equals + 1) : "";
    if (option->argument.empty() && equals < word.size()) return wrong(context, name + " takes no value");
    if (!option->argument.empty() && !option->argument.starts_with('[') && equals == word.size()) {
      if (i + 1 == words.size()) return wrong(context, fmt::format("{} needs a value: {}", name, option->argument));
      value = words[++i];
    }
    if (const string_view accepted = option->apply(context.options, value); !accepted.empty())
      return wrong(context, fmt::format("{}={} is not accepted: {}", option->name, value, accepted));
  }
  return true;
}

}  // namespace macsec::cli
