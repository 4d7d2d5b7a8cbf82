// SPDX-License-Identifier: LGPL-2.1-or-later
/// How two CKNs that differ may be meant to be the same: the ways in which implementations write one key name differently.
#pragma once

#include "engine/wire/types.hpp"

#include <cstdint>

namespace macsec::doctor {

enum class CknLikeness : std::uint8_t {
  none,
  padded,   ///< the other is ours with zero octets at its end
  cut,      ///< ours is the other with zero octets at its end
  as_text,  ///< one is the hexadecimal text of the other
};

[[nodiscard]] CknLikeness ckn_likeness(const Ckn& ours, const Ckn& other);

}  // namespace macsec::doctor
