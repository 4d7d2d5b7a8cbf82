// SPDX-License-Identifier: LGPL-2.1-or-later
/// A digest by which two texts are told apart that are not kept.
#pragma once

#include "engine/base/bytes.hpp"

#include <array>

namespace macsec::crypto {

using Sha256 = std::array<std::uint8_t, 32>;

/// Zeros where the library cannot.
[[nodiscard]] Sha256 sha256(Bytes octets) noexcept;

}  // namespace macsec::crypto
