// SPDX-License-Identifier: LGPL-2.1-or-later
/// Base64 (RFC 4648 section 4) of octets that may be secret.
#pragma once

#include "engine/base/wiped.hpp"

#include <optional>

namespace macsec {

/// The digits of `octets`, padded, without line ends.
[[nodiscard]] WipedText to_base64(Bytes octets);
/// Nothing for another character than a digit, digits after the padding, or bits that no whole octet uses and that are not 0.
[[nodiscard]] std::optional<WipedText> from_base64(std::string_view digits);

}  // namespace macsec
