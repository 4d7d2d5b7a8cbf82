// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/networkmanager/options.hpp"

#include <cerrno>
#include <fmt/format.h>

namespace macsec::nm {

std::string help_text() {
  return "macsec-nm - runs NetworkManager's MACsec connections on macsecd\n\n"
         "Usage: macsec-nm [OPTION...]\n\n"
         "  --enable               let NetworkManager use macsecd from now on, and after every boot\n"
         "  --disable              undo --enable\n"
         "  --no-start             with --enable and --disable: change files only\n"
         "  --root DIR             with --enable and --disable: change the system below DIR\n"
         "  --supplicant-bus ADDR  bus of the wpa_supplicant that does Wi-Fi and wired 802.1X (default:\n"
         "                         unix:path=/run/macsec-nm/bus); empty: there is none\n"
         "  --help, --version\n\n"
         "Without --enable or --disable it serves; the service manager starts it so.\n"
         "Exit codes: 0 success, 1 failure, 2 wrong usage, 5 the bus name is not to be had.\n";
}

Result<Options> parse_options(std::span<const std::string_view> arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string_view name = arguments[i];
    std::string_view value;
    const bool takes_value = name.starts_with("--root") || name.starts_with("--supplicant-bus");
    if (const std::size_t equals = name.find('='); takes_value && equals != std::string_view::npos) {
      value = name.substr(equals + 1);
      name = name.substr(0, equals);
    } else if (takes_value) {
      if (++i == arguments.size()) return fail(EINVAL, fmt::format("{} needs a value", name));
      value = arguments[i];
    }
    if (name == "--enable")
      options.action = Options::Action::enable;
    else if (name == "--disable")
      options.action = Options::Action::disable;
    else if (name == "--help" || name == "-h")
      options.action = Options::Action::help;
    else if (name == "--version")
      options.action = Options::Action::version;
    else if (name == "--no-start")
      options.start = false;
    else if (name == "--root")
      options.root = value;
    else if (name == "--supplicant-bus")
      options.supplicant_bus = value;
    else
      return fail(EINVAL, fmt::format("there is no option {}", name));
  }
  return options;
}

}  // namespace macsec::nm
