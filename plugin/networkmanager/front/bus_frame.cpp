// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/networkmanager/front/bus_frame.hpp"

#include <algorithm>

namespace macsec::nm {
namespace {

constexpr std::size_t body_size_at = 4;
constexpr std::size_t fields_size_at = 12;
constexpr std::uint8_t field_reply_serial = 5;
constexpr std::size_t largest_fields = std::size_t{64} << 20U;  // of any array

/// 0 where `octets` end before.
std::uint32_t number_in(Bytes octets, std::size_t at) noexcept {
  std::uint32_t value = 0;
  if (octets.size() < 4 || at > octets.size() - 4) return 0;
  const bool little = octets[0] == 'l';
  for (std::size_t i = 0; i < 4; ++i) value |= std::uint32_t{octets[at + (little ? i : 3 - i)]} << (8U * i);
  return value;
}

}  // namespace

std::optional<std::size_t> bus_frame_size(Bytes stream) noexcept {
  if (stream.size() < bus_frame_head) return std::nullopt;
  const std::size_t fields = number_in(stream, fields_size_at);
  const std::size_t size = bus_frame_head + aligned(fields, 8) + std::size_t{number_in(stream, body_size_at)};
  const bool known = stream[0] == 'l' || stream[0] == 'B';
  return known && fields <= largest_fields && size <= largest_bus_frame ? size : 0;
}

std::uint32_t BusFrame::number(std::size_t at) const noexcept { return number_in(octets_, at); }

void BusFrame::set_number(std::size_t at, std::uint32_t value) noexcept {
  if (octets_.size() < 4 || at > octets_.size() - 4) return;
  const bool little = octets_[0] == 'l';
  for (std::size_t i = 0; i < 4; ++i) octets_[at + (little ? i : 3 - i)] = static_cast<std::uint8_t>(value >> (8U * i));
}

std::size_t BusFrame::reply_serial_at() const noexcept {
  const std::size_t end = bus_frame_head + number(fields_size_at);
  if (end > octets_.size()) return 0;
  // A field is its number, the signature of its value and the value, which is a string, a signature or a number.
  for (std::size_t at = bus_frame_head; at + 4 <= end;) {
    at = aligned(at, 8);
    if (at + 4 > end) return 0;
    const std::uint8_t field = octets_[at];
    const char type = static_cast<char>(octets_[at + 2]);
    at += 3 + std::size_t{octets_[at + 1]};
    if (type == 'g') {
      if (at >= end) return 0;
      at += 2 + std::size_t{octets_[at]};
      continue;
    }
    at = aligned(at, 4);
    if (at + 4 > end) return 0;
    if (type == 'u' && field == field_reply_serial) return at;
    at += type == 'u' ? 4 : 5 + std::size_t{number(at)};
  }
  return 0;
}

std::optional<std::uint32_t> BusFrame::reply_serial() const noexcept {
  const std::size_t at = reply_serial_at();
  return at == 0 ? std::nullopt : std::optional{number(at)};
}

void BusFrame::set_reply_serial(std::uint32_t serial) noexcept {
  if (const std::size_t at = reply_serial_at(); at != 0) set_number(at, serial);
}

std::string_view BusFrame::first_string() const noexcept {
  const std::size_t body = bus_frame_head + aligned(number(fields_size_at), 8);
  const std::size_t length = number(body);
  if (body + 4 > octets_.size() || length > octets_.size() - body - 4) return {};
  return {reinterpret_cast<const char*>(octets_.data()) + body + 4, length};
}

}  // namespace macsec::nm
