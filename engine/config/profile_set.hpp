// SPDX-License-Identifier: LGPL-2.1-or-later
/// All profiles of a host.
#pragma once

#include "engine/config/profile_reader.hpp"

namespace macsec {

/// Where profiles are looked for, the strongest first: a file of the same name hides those of later directories.
[[nodiscard]] std::span<const std::string_view> profile_directories() noexcept;

inline constexpr std::string_view profile_suffix = ".macsec";

/// What became of one profile file.
struct ProfileFile {
  std::string name;                     ///< without ".macsec"; octets that are no UTF-8 are "\xfc"
  std::string path;                     ///< of the main file, likewise
  ProfilePointer profile;               ///< null: a diagnostic says why
  std::vector<Diagnostic> diagnostics;  ///< warnings, too
  std::string parent{};                 ///< Parent= as far as it was understood, whatever else is wrong
};

/// Reads every NAME.macsec of `directories` with its drop-ins NAME.macsec.d/*.conf from all of them, by name. A link
/// to /dev/null masks its name, and so does an empty file where a later directory has the name; any other empty file, and
/// that of a key, is an error. Sorted by name. A bad profile leaves the others alone; of two that collide() the later by
/// name gets an error.
/// A directory that is there and cannot be read is an error in `unread`, by its path; what lies in it is not known then.
[[nodiscard]] std::vector<ProfileFile> load_profiles(std::span<const std::string_view> directories,
                                                     const ProfileContext& context,
                                                     std::vector<Diagnostic>* unread = nullptr);

/// Which drop-ins count.
struct DropIns {
  bool only_keys = false;     ///< no others than those that key_file_name() names
  std::string replaced = {};  ///< path of one in the first directory, there or not, that does not
  std::string instead = {};   ///< path of what is read in its place, wherever it lies
};

/// Reads the profile `name` as load_profiles() would if `path` were its main file.
[[nodiscard]] ProfileFile load_profile(std::span<const std::string_view> directories, std::string name,
                                       const std::string& path, const ProfileContext& context,
                                       const DropIns& drop_ins = {});

/// The last of the drop-ins of `name` that says `key`, as "FILE:LINE"; empty where none does.
[[nodiscard]] std::string last_word(std::span<const std::string_view> directories, const std::string& name,
                                    std::string_view section, std::string_view key);

/// Name of the drop-in that holds one key, or says that it is retired: "key-0a1b.conf".
[[nodiscard]] std::string key_file_name(const Ckn& ckn);
/// `profile`, which is a program's, with the keys and retirements of its drop-ins for keys.
[[nodiscard]] ProfileFile with_key_files(std::span<const std::string_view> directories, ProfilePointer profile,
                                         const ProfileContext& context, const DropIns& drop_ins = {});

/// Reads one file, wherever it lies, with the drop-ins beside it ("PATH.d/*.conf").
[[nodiscard]] ProfileFile load_profile(const std::string& path, const ProfileContext& context);

/// Why the two cannot both run, in words about `later`; empty where they can. Profiles that are not enabled always can.
[[nodiscard]] std::string collide(const Profile& earlier, const Profile& later);

}  // namespace macsec
