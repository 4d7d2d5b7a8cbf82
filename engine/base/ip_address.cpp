// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/base/ip_address.hpp"

#include <algorithm>
#include <charconv>

namespace macsec {
namespace {

constexpr std::size_t most_groups = 8;

/// Digits of `base`, at most `longest`, that make a number up to `most`.
std::optional<unsigned> number(std::string_view text, int base, std::size_t longest, unsigned most) noexcept {
  if (text.empty() || text.size() > longest) return std::nullopt;
  unsigned out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  if (error != std::errc{} || end != text.data() + text.size() || out > most) return std::nullopt;
  return out;
}

bool parse_v4(std::string_view text, std::uint8_t* out) noexcept {
  for (std::size_t i = 0; i < 4; ++i) {
    const std::size_t dot = i < 3 ? text.find('.') : text.size();
    if (dot == std::string_view::npos) return false;
    const std::string_view digits = text.substr(0, dot);
    const auto octet = number(digits, 10, 3, 255);
    if (!octet || (digits.size() > 1 && digits.front() == '0')) return false;  // octal for some
    out[i] = static_cast<std::uint8_t>(*octet);
    text.remove_prefix(std::min(dot + 1, text.size()));
  }
  return true;
}

/// Groups on one side of "::", or all of them; how many octets they make, nothing where they are none. IPv4 may be the end of all.
std::optional<std::size_t> parse_groups(std::string_view text, bool at_end, std::uint8_t* out) noexcept {
  std::size_t used = 0;
  while (!text.empty()) {
    const std::size_t colon = std::min(text.find(':'), text.size());
    const std::string_view group = text.substr(0, colon);
    const bool last = colon == text.size();
    const bool dotted = last && at_end && group.find('.') != std::string_view::npos;
    if (used + (dotted ? 4 : 2) > 2 * most_groups) return std::nullopt;
    if (dotted) {
      if (!parse_v4(group, out + used)) return std::nullopt;
      return used + 4;
    }
    const auto value = number(group, 16, 4, 0xffff);
    if (!value || colon + 1 == text.size()) return std::nullopt;
    out[used++] = static_cast<std::uint8_t>(*value >> 8U);
    out[used++] = static_cast<std::uint8_t>(*value);
    text.remove_prefix(last ? colon : colon + 1);
  }
  return used;
}

}  // namespace

bool IpAddress::is_unicast() const noexcept {
  if (*this == IpAddress{{}, is_v4}) return false;
  return is_v4 ? octets[0] < 224 : octets[0] != 0xff;
}

std::optional<IpAddress> parse_ip_address(std::string_view text) noexcept {
  IpAddress out;
  if (text.find(':') == std::string_view::npos) {
    out.is_v4 = parse_v4(text, out.octets.data());
    return out.is_v4 ? std::optional{out} : std::nullopt;
  }
  const std::size_t gap = text.find("::");
  if (gap == std::string_view::npos) {
    const auto used = parse_groups(text, true, out.octets.data());
    return used == out.octets.size() ? std::optional{out} : std::nullopt;
  }
  std::array<std::uint8_t, 16> right{};
  const auto before = parse_groups(text.substr(0, gap), false, out.octets.data());
  const auto after = parse_groups(text.substr(gap + 2), true, right.data());
  if (!before || !after || *before + *after > out.octets.size() - 2) return std::nullopt;
  std::copy_n(right.begin(), *after, out.octets.end() - static_cast<std::ptrdiff_t>(*after));
  return out;
}

std::string to_string(const IpAddress& address) {
  std::string out;
  if (address.is_v4) {
    for (std::size_t i = 0; i < 4; ++i) out += (i == 0 ? "" : ".") + std::to_string(address.octets[i]);
    return out;
  }
  const auto group = [&address](std::size_t i) {
    return static_cast<unsigned>(address.octets[2 * i] << 8U | address.octets[2 * i + 1]);
  };
  // The first of the longest runs of zeros, two at least, is left out.
  std::size_t gap = most_groups;
  std::size_t longest = 1;
  for (std::size_t i = 0; i < most_groups; ++i) {
    std::size_t run = 0;
    while (i + run < most_groups && group(i + run) == 0) ++run;
    if (run > longest) {
      gap = i;
      longest = run;
    }
  }
  for (std::size_t i = 0; i < most_groups; ++i) {
    if (i == gap) {
      out += "::";
      i += longest - 1;
      continue;
    }
    if (!out.empty() && !out.ends_with(':')) out += ':';
    std::array<char, 4> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), group(i), 16).ptr;
    out.append(digits.data(), end);
  }
  return out;
}

}  // namespace macsec
