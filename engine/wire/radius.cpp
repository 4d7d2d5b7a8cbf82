// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/wire/radius.hpp"

#include <algorithm>

namespace macsec {
namespace {

constexpr std::size_t radius_attribute_header = 2;
constexpr std::size_t radius_length_at = 2;

}  // namespace

std::optional<RadiusAttribute> RadiusAttributes::next() noexcept {
  if (!ok_ || reader_.remaining() == 0) return std::nullopt;
  RadiusAttribute out;
  out.type = RadiusAttributeType{reader_.u8()};
  const std::uint8_t length = reader_.u8();
  ok_ = reader_.ok() && length >= radius_attribute_header;
  if (ok_) out.value = reader_.take(length - radius_attribute_header);
  ok_ = ok_ && reader_.ok();
  if (!ok_) return std::nullopt;
  return out;
}

std::optional<Bytes> RadiusPacket::find(RadiusAttributeType type) const noexcept {
  RadiusAttributes reader = all();
  while (const std::optional<RadiusAttribute> one = reader.next())
    if (one->type == type) return one->value;
  return std::nullopt;
}

std::optional<Bytes> RadiusPacket::find_vendor(std::uint32_t vendor, std::uint8_t type) const noexcept {
  RadiusAttributes reader = all();
  while (const std::optional<RadiusAttribute> one = reader.next()) {
    if (one->type != RadiusAttributeType::vendor_specific) continue;
    Reader value{one->value};
    if (value.u32() != vendor || !value.ok()) continue;
    // The layout below the vendor is the attributes' own again, as section 5.26 recommends.
    RadiusAttributes inner{value.take(value.remaining())};
    while (const std::optional<RadiusAttribute> found = inner.next())
      if (found->type == RadiusAttributeType{type}) return found->value;
  }
  return std::nullopt;
}

void RadiusPacket::join_eap(Writer& out) const noexcept {
  RadiusAttributes reader = all();
  while (const std::optional<RadiusAttribute> one = reader.next())
    if (one->type == RadiusAttributeType::eap_message) out.put(one->value);
}

std::optional<RadiusPacket> read_radius(Bytes octets) noexcept {
  Reader reader{octets};
  RadiusPacket out;
  out.code = reader.u8();
  out.identifier = reader.u8();
  const std::uint16_t length = reader.u16();
  out.authenticator = reader.array<16>();
  if (!reader.ok() || length < radius_header_size || length > max_radius_size || length > octets.size())
    return std::nullopt;
  out.whole = octets.first(length);
  out.attributes = out.whole.subspan(radius_header_size);
  RadiusAttributes attributes = out.all();
  while (attributes.next()) {
  }
  if (!attributes.ok()) return std::nullopt;
  return out;
}

RadiusWriter::RadiusWriter(MutableBytes buffer, RadiusCode code, std::uint8_t identifier,
                           const RadiusAuthenticator& authenticator) noexcept
    : buffer_{buffer.first(std::min(buffer.size(), max_radius_size))}, writer_{buffer_} {
  writer_.u8(static_cast<std::uint8_t>(code));
  writer_.u8(identifier);
  writer_.u16(0);
  writer_.put(authenticator);
}

void RadiusWriter::add(RadiusAttributeType type, Bytes value) noexcept {
  if (value.size() > max_radius_value) return writer_.fail();
  writer_.u8(static_cast<std::uint8_t>(type));
  writer_.u8(static_cast<std::uint8_t>(value.size() + radius_attribute_header));
  writer_.put(value);
}

void RadiusWriter::add(RadiusAttributeType type, std::uint32_t value) noexcept {
  std::array<std::uint8_t, 4> octets{};
  Writer{octets}.u32(value);
  add(type, octets);
}

void RadiusWriter::add_eap(Bytes packet) noexcept {
  while (!packet.empty()) {
    const std::size_t part = std::min(packet.size(), max_radius_value);
    add(RadiusAttributeType::eap_message, packet.first(part));
    packet = packet.subspan(part);
  }
}

void RadiusWriter::add_message_authenticator() noexcept {
  writer_.u8(static_cast<std::uint8_t>(RadiusAttributeType::message_authenticator));
  writer_.u8(16 + radius_attribute_header);
  message_authenticator_ = writer_.claim(16);
  std::ranges::fill(message_authenticator_, std::uint8_t{0});
}

RadiusWriter::Finished RadiusWriter::finish() noexcept {
  if (!writer_.ok()) return {};
  Writer{buffer_.subspan(radius_length_at)}.u16(static_cast<std::uint16_t>(writer_.size()));
  return {.packet = buffer_.first(writer_.size()), .message_authenticator = message_authenticator_};
}

}  // namespace macsec
