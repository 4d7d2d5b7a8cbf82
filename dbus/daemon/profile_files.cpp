// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/daemon/profile_files.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace macsec::daemon {

std::unexpected<Error> no_profile(const std::string& name) {
  return fail(ENOENT, fmt::format("there is no profile {}", name));
}

std::string one_line(std::span<const Diagnostic> diagnostics, const std::string& path, const std::string& instead) {
  std::string out;
  for (Diagnostic each : diagnostics) {
    if (each.severity != Severity::error) continue;
    if (each.file == path) each.file = instead;
    out += (out.empty() ? "" : "; ") + to_string(each);
  }
  return out;
}

bool may_change(const std::string& directory) {
  return ::faccessat(AT_FDCWD, directory.c_str(), W_OK | X_OK, AT_EACCESS) == 0;
}

std::string why_unchangeable(int code) {
  const std::string words = std::strerror(code);
  return code == EACCES ? words + " (group macsecd, chmod g+ws)" : words;
}

}  // namespace macsec::daemon
