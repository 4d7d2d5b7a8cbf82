// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/daemon/options.hpp"

namespace macsec::daemon {

CommandLine command_line(Options& options) {
  const auto to_level = [&options](std::string_view value) -> std::string_view {
    const auto level = os::log_level_from_string(value);
    if (!level) return "error, warning, notice, info or debug";
    options.log_level = *level;
    return {};
  };
  const auto appends = [](std::vector<std::string>& to) {
    return [&to](std::string_view value) -> std::string_view {
      to.emplace_back(value);
      return {};
    };
  };
  const auto to_state_dir = [&options](std::string_view value) -> std::string_view {
    options.state_dir = value;
    return {};
  };
  return {
      "macsecd",
      "Keeps MACsec links secured, as their profiles say.",
      {{"--check", "PATH", "read a profile, or all of a directory, say what is wrong, and exit; may come again",
        appends(options.check)},
       {"--config-dir", "DIR", "read profiles from here instead of the usual directories; may come again",
        appends(options.config_dirs)},
       {"--state-dir", "DIR", "keep all state here", to_state_dir},
       {"--no-bus", "", "stay off the system bus", sets(options.bus, false)},
       {"--log-level", "LEVEL", "say this much: error, warning, notice, info (default), debug", to_level}},
      "Signals: SIGHUP reads the profiles again. SIGTERM ends and leaves links working, for a restart; SIGINT takes\n"
      "them down first.\n\nExit codes: 0 success, 1 failure, 2 wrong usage, 3 --check found an error, 4 the kernel "
      "has no MACsec,\n5 the bus keeps its name from it.\n\nSee macsecd(8).\n"};
}

}  // namespace macsec::daemon
