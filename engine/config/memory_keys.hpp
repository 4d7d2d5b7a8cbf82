// SPDX-License-Identifier: LGPL-2.1-or-later
/// Keys of a profile that are in no file: programs brought them, and they end with the service.
#pragma once

#include "engine/base/wiped.hpp"
#include "engine/config/profile.hpp"

namespace macsec {

struct MemoryKeys {
  std::string profile;
  std::vector<PreSharedKey> keys;
  std::vector<RetiredKey> retired;  ///< of those; oldest first, at most most_retired_keys
};

/// Retired keys whose names are remembered though nothing of them is left.
inline constexpr std::size_t most_retired_keys = 64;

/// The most keys that a profile has in memory, and that the next process takes.
inline constexpr std::size_t most_memory_keys = 64;

/// A key that a profile has in memory and that its settings keep from being used.
struct HiddenKey {
  Ckn ckn;
  KeyRole role = KeyRole::primary;
  std::string why;
};

/// `profile` with these keys in place of those from memory that it has; null: with none. A key that the profile cannot have
/// beside what its files say is left out.
[[nodiscard]] ProfilePointer with_memory_keys(ProfilePointer profile, const MemoryKeys* memory);
/// What with_memory_keys() left out of `profile`.
[[nodiscard]] std::vector<HiddenKey> hidden_keys(const Profile& profile, const MemoryKeys& memory);

/// For the next process; versioned, another version is not read. At most most_memory_keys keys and most_retired_keys names.
[[nodiscard]] WipedBuffer write_memory_keys(const MemoryKeys& keys);
/// Nothing when it is not what write_memory_keys() made.
[[nodiscard]] std::optional<MemoryKeys> read_memory_keys(Bytes octets);

}  // namespace macsec
