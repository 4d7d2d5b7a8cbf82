// SPDX-License-Identifier: LGPL-2.1-or-later
/// Writing profiles: whole files with their keys, and the drop-in that enables or disables one.
#pragma once

#include "engine/base/file.hpp"
#include "engine/config/profile.hpp"

namespace macsec::daemon {

/// The text of a profile file, keys included.
[[nodiscard]] WipedText profile_file_text(const Profile& profile);

/// Replaces `directory`/`name` atomically, mode 0640; the directory is made where it is missing.
[[nodiscard]] Result<void> write_profile_file(const std::string& directory, const std::string& name,
                                              std::string_view text);

/// Removes a profile's file and its drop-in directory beside it.
[[nodiscard]] Result<void> remove_profile_file(const std::string& path);

}  // namespace macsec::daemon
