// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/base/base64.hpp"

#include <array>

namespace macsec {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> values = [] {
  std::array<std::int8_t, 256> out{};
  out.fill(-1);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    out[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::int8_t>(i);
  return out;
}();

}  // namespace

WipedText to_base64(Bytes octets) {
  WipedText out{(octets.size() + 2) / 3 * 4};
  char* to = out.data();
  for (std::size_t i = 0; i < octets.size(); i += 3) {
    const std::size_t left = octets.size() - i;
    const auto octet = [&](std::size_t at) { return at < left ? std::uint32_t{octets[i + at]} : 0U; };
    const std::uint32_t bits = octet(0) << 16U | octet(1) << 8U | octet(2);
    for (std::size_t digit = 0; digit < 4; ++digit)
      *to++ = digit > left ? '=' : alphabet[bits >> (18U - 6U * digit) & 63U];
  }
  return out;
}

std::optional<WipedText> from_base64(std::string_view digits) {
  if (digits.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  for (; padding < 2 && digits.ends_with('='); ++padding) digits.remove_suffix(1);
  WipedText out{digits.size() * 3 / 4};
  char* to = out.data();
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char digit : digits) {
    const std::int8_t value = values[static_cast<std::uint8_t>(digit)];
    if (value < 0) return std::nullopt;
    bits = (bits << 6U | static_cast<std::uint32_t>(value)) & 0xffffU;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    *to++ = static_cast<char>(bits >> held & 0xffU);
  }
  if ((bits & ((1U << held) - 1U)) != 0) return std::nullopt;
  return out;
}

}  // namespace macsec
