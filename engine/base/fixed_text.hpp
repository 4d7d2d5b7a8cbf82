// SPDX-License-Identifier: LGPL-2.1-or-later
/// Text put together when the program is compiled, of what stands in rows elsewhere.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace macsec {

/// More than `capacity` octets do not compile.
template <std::size_t capacity>
class FixedText {
 public:
  constexpr FixedText& add(std::string_view more) {
    for (const char c : more) text_.at(size_++) = c;
    return *this;
  }
  [[nodiscard]] constexpr std::string_view view() const noexcept { return {text_.data(), size_}; }

 private:
  std::array<char, capacity> text_{};
  std::size_t size_ = 0;
};

}  // namespace macsec
