// SPDX-License-Identifier: LGPL-2.1-or-later
/// Builds validated profiles: from files, and from settings that come over the bus.
#pragma once

#include "engine/config/ini.hpp"
#include "engine/config/profile.hpp"
#include "engine/config/profile_keys.hpp"

#include <functional>

namespace macsec {

/// What a profile may refer to outside of itself.
struct ProfileContext {
  /// Directory of the service's credentials; empty: it has none.
  std::string credentials_directory;
  /// Prefix of CakFile= and KeyFile= paths; empty in service, a tree of its own in tests.
  std::string root;
  /// A profile whose secrets stay where the new one says none: a [Key] without any form of CAK takes that of the same
  /// Ckn= unless that is in memory only, [StaticKeys] those of the same direction, peer and An=, [8021X] passwords and key. Null: every key must be said.
  const Profile* keep_secrets = nullptr;
  /// The CAK that a profile uses under this name now; null: none. It stays where its credential is not there: a process
  /// gets those at its start only.
  std::function<const Secret<32>*(std::string_view profile, const Ckn& ckn)> cak_in_use{};
  /// Key files and credentials are not read, for a profile that is judged on another host than its own: its keys are empty.
  bool without_keys = false;
  /// Seconds since 1970-01-01 UTC, to tell of a profile without a key that is valid then; nothing: not judged.
  std::optional<std::int64_t> now{};

  /// As the service manager set it up: $CREDENTIALS_DIRECTORY.
  [[nodiscard]] static ProfileContext from_environment();
  /// The same with the clock's time.
  [[nodiscard]] ProfileContext as_of_now() const;
};

struct ProfileReading {
  std::optional<Profile> profile;       ///< nothing where a diagnostic is an error
  std::vector<Diagnostic> diagnostics;  ///< in the order of the documents, then those about the whole
  std::string parent{};                 ///< Parent= as far as it was understood, whatever else is wrong
};

/// A profile of the document set `documents`: the main file and then its drop-ins, later assignments win.
/// `name` is the file name without ".macsec"; the origin is the path of the first document.
[[nodiscard]] ProfileReading read_profile(std::string_view name, std::span<const IniDocument> documents,
                                          const ProfileContext& context);

/// One setting of a profile that comes from a program. `section` and `instance` together make one section:
/// instances of [Key] and [StaticKeys] are numbered by the caller, the order of first mention is kept.
struct ProfileSetting {
  std::string_view section{};
  std::size_t instance = 0;
  std::string_view key{};    ///< empty: nothing is said but that the section is there
  std::string_view value{};  ///< text form, as in a file; empty: back to the default
  Bytes octets{};  ///< instead of `value` for keys, their names, passwords and certificates: the octets themselves
};

/// A profile of settings, with everything there is to say about it. The diagnostics have no file; their texts begin with
/// "[Section] " (or "[Key #2] ").
[[nodiscard]] ProfileReading read_settings(std::string_view name, std::string_view origin, ProfileSource source,
                                           std::span<const ProfileSetting> settings, const ProfileContext& context);

/// The same where only the outcome counts, by the same rules as a file, except that an unknown section or key is an error.
/// EINVAL with a message that begins "[Section] Key=" (or "[Key #2] Key=") and says what is accepted.
[[nodiscard]] Result<Profile> profile_from_settings(std::string_view name, std::string_view origin,
                                                    ProfileSource source, std::span<const ProfileSetting> settings,
                                                    const ProfileContext& context);

/// The [Key] sections of files that hold nothing else.
struct KeyReading {
  std::vector<PreSharedKey> keys;
  std::vector<RetiredKey> retired;
  std::vector<Diagnostic> diagnostics;
};
[[nodiscard]] KeyReading read_keys(std::string_view profile, std::span<const IniDocument> documents,
                                   const ProfileContext& context);

/// One [Key] of a program's, to be added to a profile; its settings have section "Key". EINVAL as of profile_from_settings().
[[nodiscard]] Result<PreSharedKey> key_from_settings(std::span<const ProfileSetting> settings,
                                                     const ProfileContext& context);

/// A setting as told to others.
struct ProfileText {
  std::string section;
  std::size_t instance = 0;
  std::string key;
  std::string value;
  friend bool operator==(const ProfileText&, const ProfileText&) = default;
};

enum class Defaults : std::uint8_t { leave_out, include };

/// What `profile` says, in the order of the table, without secrets. What is required is always there.
[[nodiscard]] std::vector<ProfileText> profile_settings(const Profile& profile,
                                                        Defaults defaults = Defaults::leave_out);

/// One [Key] section as a file of mode 0640 or less: what it says, and its secret where that stood in the profile itself.
[[nodiscard]] WipedText key_file(const PreSharedKey& key);

/// `profile` as a file that reads back as the same settings, with the secrets that stood in the profile itself: for a
/// file of mode 0640 or less. `without`: keys that stand in files of their own.
[[nodiscard]] WipedText profile_file(const Profile& profile, std::span<const Ckn> without = {});

}  // namespace macsec
