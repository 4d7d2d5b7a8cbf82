// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/networkmanager/options.hpp"

namespace macsec::nm {

CommandLine command_line(Options& options) {
  const auto to = [](std::string& text) {
    return [&text](std::string_view value) -> std::string_view {
      text = value;
      return {};
    };
  };
  return {"macsec-nm",
          "Runs NetworkManager's MACsec connections on macsecd.",
          {{"--enable", "", "let NetworkManager use macsecd from now on, and after every boot",
            sets(options.action, Options::Action::enable)},
           {"--disable", "", "undo --enable", sets(options.action, Options::Action::disable)},
           {"--no-start", "", "with --enable and --disable: change files only", sets(options.start, false)},
           {"--root", "DIR", "with --enable and --disable: change the system below DIR", to(options.root), true},
           {"--supplicant-bus", "ADDRESS",
            "bus of the wpa_supplicant that does Wi-Fi and wired 802.1X (default:\n"
            "                            unix:path=/run/macsec-nm/bus); empty: there is none",
            to(options.supplicant_bus), true}},
          "Without --enable or --disable it serves; the service manager starts it so.\n"
          "Exit codes: 0 success, 1 failure, 2 wrong usage, 5 the bus name is not to be had.\n"};
}

}  // namespace macsec::nm
