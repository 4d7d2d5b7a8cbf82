// SPDX-License-Identifier: LGPL-2.1-or-later
/// The command line of macsecd.
#pragma once

#include "engine/adapters/system/journal_trace.hpp"
#include "engine/base/command_line.hpp"

namespace macsec::daemon {

/// Exit codes of macsecd, as macsecd(8) tells them.
enum class ExitCode : int {
  success = 0,
  failure = 1,      ///< could not start or go on; the reason is on standard error
  usage = 2,        ///< wrong command line
  bad_profile = 3,  ///< --check found an error
  no_macsec = 4,    ///< the kernel has no MACsec
  no_name = 5,      ///< the bus keeps the name org.macsecd1 from it
};

struct Options {
  std::vector<std::string> check;        ///< --check: files and directories; empty: serve
  std::vector<std::string> config_dirs;  ///< --config-dir; empty: the usual ones
  std::string state_dir;                 ///< --state-dir; empty: from the service manager, or the usual ones
  bool bus = true;                       ///< cleared by --no-bus
  os::LogLevel log_level = os::LogLevel::info;
};

/// Reads into `options`, which has to outlive it.
[[nodiscard]] CommandLine command_line(Options& options);

}  // namespace macsec::daemon
