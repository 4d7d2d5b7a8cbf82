// SPDX-License-Identifier: LGPL-2.1-or-later
/// The command line of macsecd: one table makes parser and help.
#pragma once

#include "engine/adapters/system/journal_trace.hpp"

#include <span>

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
  enum class Action : std::uint8_t { serve, help, version, check };
  Action action = Action::serve;
  std::vector<std::string> check;        ///< --check: files and directories
  std::vector<std::string> config_dirs;  ///< --config-dir; empty: the usual ones
  std::string state_dir;                 ///< --state-dir; empty: from the service manager, or the usual ones
  bool bus = true;                       ///< cleared by --no-bus
  os::LogLevel log_level = os::LogLevel::info;
};

/// `arguments` without the program's name. EINVAL with a message that names the argument.
[[nodiscard]] Result<Options> parse_options(std::span<const std::string_view> arguments);
[[nodiscard]] std::string help_text();

}  // namespace macsec::daemon
