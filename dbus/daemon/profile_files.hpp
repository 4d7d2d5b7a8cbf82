// SPDX-License-Identifier: LGPL-2.1-or-later
/// What all that writes profiles and their keys has in common.
#pragma once

#include "engine/base/file.hpp"
#include "engine/config/profile_reader.hpp"

#include <span>
#include <string>

namespace macsec::daemon {

/// Folders are their group's as /etc/macsecd is, whose setgid bit they inherit: what root adds belongs to the group, which the
/// service is of.
inline constexpr FileAttributes profile_attributes{.mode = 0640, .directory_mode = 0770};

/// ENOENT, in words.
[[nodiscard]] std::unexpected<Error> no_profile(const std::string& name);
/// All errors in one line; `instead` of a path that nobody knows.
[[nodiscard]] std::string one_line(std::span<const Diagnostic> diagnostics, const std::string& path,
                                   const std::string& instead);
/// Whether files can be made and removed in a directory; errno says why not.
[[nodiscard]] bool may_change(const std::string& directory);
/// That reason in words, with what to do about it.
[[nodiscard]] std::string why_unchangeable(int code);

}  // namespace macsec::daemon
