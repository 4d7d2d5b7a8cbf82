// SPDX-License-Identifier: LGPL-2.1-or-later
/// The command line of macsec-nm.
#pragma once

#include "engine/base/command_line.hpp"

namespace macsec::nm {

enum class ExitCode : int {
  success = 0,
  failure = 1,
  usage = 2,    ///< wrong command line
  no_name = 5,  ///< another program has the supplicant's bus name, or the bus does not give it
};

struct Options {
  enum class Action { serve, enable, disable };
  Action action = Action::serve;
  std::string supplicant_bus = "unix:path=/run/macsec-nm/bus";  ///< empty: no Wi-Fi behind us
  std::string root;                                             ///< for --enable and --disable; before every path
  bool start = true;                                            ///< --enable and --disable take effect now
};

/// Reads into `options`, which has to outlive it.
[[nodiscard]] CommandLine command_line(Options& options);

}  // namespace macsec::nm
