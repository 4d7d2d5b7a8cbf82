// SPDX-License-Identifier: LGPL-2.1-or-later
/// The words of NetworkManager's user.data that say what its macsec setting cannot.
#pragma once

#include <span>
#include <string_view>

namespace macsec {

inline constexpr std::string_view user_data_prefix = "org.macsecd.";

/// One word after the prefix and the setting of a profile it stands for. Those of [Key] are about the fallback key.
struct UserDataKey {
  std::string_view word;
  std::string_view section;
  std::string_view key;
  bool opens_secrets = false;  ///< names what only macsecd and root can read
};

[[nodiscard]] std::span<const UserDataKey> user_data_keys() noexcept;

}  // namespace macsec
