// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/daemon/options.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fmt/format.h>

namespace macsec::daemon {
namespace {

struct Option {
  std::string_view name;
  std::string_view argument;  ///< what follows it; empty: nothing
  std::string_view help;
  /// Applies it; an empty text, or what would be accepted.
  std::string_view (*apply)(Options& options, std::string_view value);
};

constexpr std::array table{
    Option{"--help", "", "show this help",
           [](Options& options, std::string_view) -> std::string_view {
             options.action = Options::Action::help;
             return {};
           }},
    Option{"--version", "", "show the version",
           [](Options& options, std::string_view) -> std::string_view {
             options.action = Options::Action::version;
             return {};
           }},
    Option{"--check", "PATH", "read a profile, or all of a directory, say what is wrong, and exit; may come again",
           [](Options& options, std::string_view value) -> std::string_view {
             options.action = Options::Action::check;
             options.check.emplace_back(value);
             return {};
           }},
    Option{"--config-dir", "DIR", "read profiles from here instead of the usual directories; may come again",
           [](Options& options, std::string_view value) -> std::string_view {
             options.config_dirs.emplace_back(value);
             return {};
           }},
    Option{"--state-dir", "DIR", "keep all state here",
           [](Options& options, std::string_view value) -> std::string_view {
             options.state_dir = value;
             return {};
           }},
    Option{"--no-bus", "", "stay off the system bus",
           [](Options& options, std::string_view) -> std::string_view {
             options.bus = false;
             return {};
           }},
    Option{"--log-level", "LEVEL", "say this much: error, warning, notice, info (default), debug",
           [](Options& options, std::string_view value) -> std::string_view {
             const auto level = os::log_level_from_string(value);
             if (!level) return "error, warning, notice, info or debug";
             options.log_level = *level;
             return {};
           }},
};

}  // namespace

Result<Options> parse_options(std::span<const std::string_view> arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string_view name = arguments[i];
    std::optional<std::string_view> value;
    if (const std::size_t equals = name.find('='); name.starts_with("--") && equals != std::string_view::npos) {
      value = name.substr(equals + 1);
      name = name.substr(0, equals);
    }
    const auto option = std::ranges::find(table, name, &Option::name);
    if (option == table.end()) return fail(EINVAL, fmt::format("{}: unknown argument", arguments[i]));
    if (option->argument.empty() && value) return fail(EINVAL, fmt::format("{} takes no value", name));
    if (!option->argument.empty() && !value) {
      if (++i == arguments.size()) return fail(EINVAL, fmt::format("{} needs {}", name, option->argument));
      value = arguments[i];
    }
    if (!option->argument.empty() && value->empty())
      return fail(EINVAL, fmt::format("{} needs {}", name, option->argument));
    if (const auto accepted = option->apply(options, value.value_or("")); !accepted.empty())
      return fail(EINVAL, fmt::format("{}={} is not accepted: {}", name, *value, accepted));
    // What only informs does not look at the rest.
    if (options.action == Options::Action::help || options.action == Options::Action::version) break;
  }
  return options;
}

std::string help_text() {
  std::string out = "Usage: macsecd [OPTION...]\n\nKeeps MACsec links secured, as their profiles say.\n\nOptions:\n";
  for (const Option& option : table)
    fmt::format_to(
        std::back_inserter(out), "  {:<20} {}\n",
        option.argument.empty() ? std::string{option.name} : fmt::format("{} {}", option.name, option.argument),
        option.help);
  out +=
      "\nSignals: SIGHUP reads the profiles again. SIGTERM ends and leaves links working, for a restart; SIGINT takes\n"
      "them down first.\n\nExit codes: 0 success, 1 failure, 2 wrong usage, 3 --check found an error, 4 the kernel has "
      "no MACsec,\n5 the bus keeps its name from it.\n"
      "\nSee macsecd(8).\n";
  return out;
}

}  // namespace macsec::daemon
