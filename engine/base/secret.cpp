// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/base/secret.hpp"

namespace macsec {

void wipe(MutableBytes octets) noexcept {
  volatile std::uint8_t* at = octets.data();
  for (std::size_t i = 0; i < octets.size(); ++i) at[i] = 0;
}

bool equal_constant_time(Bytes left, Bytes right) noexcept {
  if (left.size() != right.size()) return false;
  volatile std::uint8_t difference = 0;
  for (std::size_t i = 0; i < left.size(); ++i)
    difference = static_cast<std::uint8_t>(difference | (left[i] ^ right[i]));
  return difference == 0;
}

}  // namespace macsec
