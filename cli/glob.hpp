// SPDX-License-Identifier: LGPL-2.1-or-later
/// Names of links and profiles that may be patterns of glob(7).
#pragma once

#include <fnmatch.h>
#include <string>

namespace macsec::cli {

[[nodiscard]] inline bool is_glob(const std::string& name) { return name.find_first_of("*?[") != std::string::npos; }

/// Whether `name` is the one that `glob` says, or fits it.
[[nodiscard]] inline bool fits(const std::string& name, const std::string& glob) {
  return ::fnmatch(glob.c_str(), name.c_str(), 0) == 0;
}

}  // namespace macsec::cli
