// SPDX-License-Identifier: LGPL-2.1-or-later
/// Secrets of profiles between their octets, as programs carry them, and their text in a profile file.
#pragma once

#include "engine/base/wiped.hpp"
#include "engine/config/eap_profile.hpp"
#include "engine/config/profile_keys.hpp"

#include <optional>

namespace macsec {

/// Whether `value` of this key is secret: always, or because it is a private key or the like instead of its path.
[[nodiscard]] bool holds_secret(const ProfileKey& key, std::string_view value) noexcept;

/// What stands in a file for these octets: hexadecimal digits, a "data:" URI, or a password as it is. Nothing for a
/// password that no line of a file can hold.
[[nodiscard]] std::optional<WipedText> secret_text(const ProfileKey& key, Bytes octets);
/// And back; nothing for a text that is not of this form.
[[nodiscard]] std::optional<WipedText> secret_octets(const ProfileKey& key, std::string_view text);

/// A secret that [8021X] holds itself, by the name of its key; the octets are those of the profile.
struct OwnSecret {
  std::string_view key;
  Bytes octets;
};
[[nodiscard]] std::vector<OwnSecret> own_secrets(const EapProfile& eap);

}  // namespace macsec
