// SPDX-License-Identifier: LGPL-2.1-or-later
/// The one table of what a profile may say. Reader, error texts, manual page, CLI and bus all live on it.
#pragma once

#include "engine/base/result.hpp"

#include <span>
#include <string_view>

namespace macsec {

struct ProfileKey {
  std::string_view section;   ///< "Link"
  std::string_view name;      ///< "Parent"
  std::string_view accepts;   ///< what a value may be, as errors tell it: "a number from 0 to 255"
  std::string_view fallback;  ///< what holds where it is not said, in words; "required" where it must be said
  std::string_view help;      ///< one line
  bool secret = false;        ///< the value is key material: never shown, never quoted
};

/// All keys, section by section in the order of the manual page.
[[nodiscard]] std::span<const ProfileKey> profile_keys() noexcept;

/// Names are compared exactly, as systemd does; null where there is no such key.
[[nodiscard]] const ProfileKey* find_profile_key(std::string_view section, std::string_view name) noexcept;

/// Whether a section of this name exists, and whether it may come several times ([Key], [RadiusServer], [StaticKeys]).
[[nodiscard]] bool is_profile_section(std::string_view section) noexcept;
[[nodiscard]] bool is_repeated_section(std::string_view section) noexcept;

/// The key somebody who wrote `name` in `section` most likely meant; null where nothing is near.
[[nodiscard]] const ProfileKey* nearest_profile_key(std::string_view section, std::string_view name) noexcept;
/// The same for section names; empty where nothing is near.
[[nodiscard]] std::string_view nearest_profile_section(std::string_view section) noexcept;

/// Judges one value by itself, before it goes into a profile. The error reads "Priority=300 is not accepted: ...".
[[nodiscard]] Result<void> check_profile_value(const ProfileKey& key, std::string_view value);

}  // namespace macsec
