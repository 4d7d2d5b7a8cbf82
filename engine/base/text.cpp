// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/base/text.hpp"

#include "engine/base/secret.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace macsec {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t microseconds;
};

constexpr std::int64_t second = 1'000'000;

// The names of systemd.time(7). "m" is minutes and "M" months, so these are compared exactly.
constexpr Unit units[] = {
    {"us", 1},
    {"usec", 1},
    {"\u00b5s", 1},
    {"\u03bcs", 1},
    {"ms", 1000},
    {"msec", 1000},
    {"s", second},
    {"sec", second},
    {"second", second},
    {"seconds", second},
    {"m", 60 * second},
    {"min", 60 * second},
    {"minute", 60 * second},
    {"minutes", 60 * second},
    {"h", 3600 * second},
    {"hr", 3600 * second},
    {"hour", 3600 * second},
    {"hours", 3600 * second},
    {"d", 86400 * second},
    {"day", 86400 * second},
    {"days", 86400 * second},
    {"w", 604800 * second},
    {"week", 604800 * second},
    {"weeks", 604800 * second},
    {"M", 2629800 * second},
    {"month", 2629800 * second},
    {"months", 2629800 * second},
    {"y", 31557600 * second},
    {"year", 31557600 * second},
    {"years", 31557600 * second},
};

constexpr Unit shown_units[] = {
    {"d", 86400 * second}, {"h", 3600 * second}, {"min", 60 * second}, {"s", second}, {"ms", 1000}, {"us", 1},
};

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\r'; }

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

constexpr bool equal_any_case(std::string_view left, std::string_view right) noexcept {
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i)
    if (lower(left[i]) != lower(right[i])) return false;
  return true;
}

constexpr int nibble(char c) noexcept {
  const char l = lower(c);
  if (is_digit(l)) return l - '0';
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

std::string_view take_while(std::string_view& text, auto&& wanted) noexcept {
  std::size_t count = 0;
  while (count < text.size() && wanted(text[count])) ++count;
  const std::string_view head = text.substr(0, count);
  text.remove_prefix(count);
  return head;
}

/// Adds `digits` of `unit`, and the `fraction` digits after the point, to `total`; false when it does not fit.
bool add_scaled(std::int64_t& total, std::string_view digits, std::string_view fraction, std::int64_t unit) noexcept {
  std::int64_t whole = 0;
  if (!digits.empty() && std::from_chars(digits.data(), digits.data() + digits.size(), whole).ec != std::errc{})
    return false;
  if (__builtin_mul_overflow(whole, unit, &whole) || __builtin_add_overflow(total, whole, &total)) return false;
  for (const char c : fraction) {
    unit /= 10;
    if (__builtin_add_overflow(total, (c - '0') * unit, &total)) return false;
  }
  return true;
}

}  // namespace

std::string to_hex(Bytes octets) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(octets.size() * 2);
  for (const std::uint8_t octet : octets) {
    out.push_back(digits[octet >> 4U]);
    out.push_back(digits[octet & 15U]);
  }
  return out;
}

std::optional<std::size_t> from_hex(std::string_view digits, MutableBytes out) noexcept {
  const std::size_t size = digits.size() / 2;
  if (digits.size() % 2 != 0 || size > out.size()) return std::nullopt;
  for (std::size_t i = 0; i < size; ++i) {
    const int high = nibble(digits[2 * i]);
    const int low = nibble(digits[2 * i + 1]);
    if (high < 0 || low < 0) {
      wipe(out.first(i));  // half a key is no less secret
      return std::nullopt;
    }
    out[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return size;
}

std::optional<std::uint64_t> parse_unsigned(std::string_view text, std::uint64_t max) noexcept {
  int base = 10;
  if (text.size() > 2 && text[0] == '0' && lower(text[1]) == 'x') {
    base = 16;
    text.remove_prefix(2);
  }
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value, base);
  if (error != std::errc{} || at != end || value > max) return std::nullopt;
  return value;
}

std::optional<Duration> parse_duration(std::string_view text) noexcept {
  std::int64_t total = 0;
  text = trim(text);
  if (text.empty()) return std::nullopt;
  for (bool first = true; !text.empty(); first = false) {
    const std::string_view digits = take_while(text, is_digit);
    std::string_view fraction;
    if (!text.empty() && text.front() == '.') {
      text.remove_prefix(1);
      fraction = take_while(text, is_digit);
    }
    if (digits.empty() && fraction.empty()) return std::nullopt;
    take_while(text, is_blank);
    const std::string_view name = take_while(text, [](char c) { return !is_digit(c) && !is_blank(c) && c != '.'; });
    std::int64_t unit = 0;
    if (name.empty() && first && text.empty()) unit = second;
    for (const Unit& known : units)
      if (known.name == name) unit = known.microseconds;
    if (unit == 0 || !add_scaled(total, digits, fraction, unit)) return std::nullopt;
    take_while(text, is_blank);
  }
  return Duration{total};
}

std::string format_duration(Duration span) {
  std::string out;
  std::uint64_t rest = static_cast<std::uint64_t>(span.count());
  if (span.count() < 0) {
    rest = 0 - rest;
    out = "-";
  }
  int shown = 0;
  for (const Unit& unit : shown_units) {
    const std::uint64_t size = static_cast<std::uint64_t>(unit.microseconds);
    const std::uint64_t count = rest / size;
    if (count == 0) continue;
    rest -= count * size;
    if (shown > 0) out += ' ';
    out += std::to_string(count);
    out += unit.name;
    if (++shown == 2) break;
  }
  return shown == 0 ? "0" : out;
}

std::optional<bool> parse_boolean(std::string_view text) noexcept {
  for (const std::string_view word : {"1", "yes", "y", "true", "t", "on"})
    if (equal_any_case(text, word)) return true;
  for (const std::string_view word : {"0", "no", "n", "false", "f", "off"})
    if (equal_any_case(text, word)) return false;
  return std::nullopt;
}

std::string to_endpoint(std::string_view address, std::uint16_t port) {
  const bool is_ipv6 = address.find(':') != std::string_view::npos;
  std::string out{is_ipv6 ? "[" : ""};
  out.append(address).append(is_ipv6 ? "]:" : ":").append(std::to_string(port));
  return out;
}

std::string_view trim(std::string_view text) noexcept {
  take_while(text, is_blank);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

namespace {

/// Code point at the front of `text`, which is shortened by it; nothing when it is malformed.
std::optional<std::uint32_t> next_code_point(std::string_view& text) noexcept {
  const auto octet = [&text](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = octet(0);
  const std::size_t length = lead < 0x80   ? 1U
                             : lead < 0xc2 ? 0U
                             : lead < 0xe0 ? 2U
                             : lead < 0xf0 ? 3U
                             : lead < 0xf5 ? 4U
                                           : 0U;
  if (length == 0 || length > text.size()) return std::nullopt;
  std::uint32_t value = length == 1 ? lead : lead & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((octet(i) & 0xc0U) != 0x80U) return std::nullopt;
    value = value << 6U | (octet(i) & 0x3fU);
  }
  constexpr std::array<std::uint32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
  if (value < least[length]) return std::nullopt;
  text.remove_prefix(length);
  return value;
}

/// Octets of the character that begins `text`; 0: it is none, or none to show.
std::size_t character(std::string_view text) noexcept {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return first >= 0x20 && first != 0x7f ? 1 : 0;
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (size > text.size() || !is_utf8(text.substr(0, size))) return 0;
  return first == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0 ? 0 : size;  // C1: controls of a terminal
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::optional<std::uint32_t> point = next_code_point(text);
    if (!point || *point > 0x10ffff) return false;
    if ((*point & 0xfffff800U) == 0xd800U || (*point >= 0xfdd0U && *point <= 0xfdefU)) return false;
    if ((*point & 0xfffeU) == 0xfffeU) return false;
  }
  return true;
}

std::string printable_text(Bytes text, std::size_t most) {
  const Bytes used = text.first(std::min(text.size(), most));
  std::string_view rest{reinterpret_cast<const char*>(used.data()), used.size()};
  std::string out;
  while (!rest.empty()) {
    const std::size_t size = character(rest);
    if (size > 0)
      out += rest.substr(0, size);
    else
      out += "\\x" + to_hex(used.subspan(used.size() - rest.size(), 1));
    rest.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return out;
}

}  // namespace macsec
