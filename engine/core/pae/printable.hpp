// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "engine/base/bytes.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace macsec::core {

/// What a stranger says, as it may be shown: what is not ASCII's printable part is a dot, what is longer is cut.
[[nodiscard]] inline std::string printable(Bytes text, std::size_t longest = 256) {
  std::string out;
  for (const std::uint8_t octet : text.first(std::min(text.size(), longest)))
    out += octet >= 0x20 && octet < 0x7f ? static_cast<char>(octet) : '.';
  return out;
}
[[nodiscard]] inline std::string printable(std::string_view text, std::size_t longest = 256) {
  return printable(Bytes{reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, longest);
}

}  // namespace macsec::core
