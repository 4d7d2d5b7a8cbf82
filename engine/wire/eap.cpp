// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/wire/eap.hpp"

#include <algorithm>
#include <limits>

namespace macsec {

std::optional<EapPacket> read_eap(Bytes octets) noexcept {
  Reader reader{octets};
  const std::uint8_t code = reader.u8();
  EapPacket out;
  out.identifier = reader.u8();
  const std::uint16_t length = reader.u16();
  if (!reader.ok() || length < eap_header_size || code < 1 || code > 4) return std::nullopt;
  out.code = EapCode{code};
  const Bytes body = reader.take(length - eap_header_size);
  if (!reader.ok()) return std::nullopt;
  const bool has_type = out.code == EapCode::request || out.code == EapCode::response;
  if (has_type == body.empty()) return std::nullopt;
  if (!has_type) return out;
  out.type = EapType{body[0]};
  out.data = body.subspan(1);
  return out;
}

void write_eap(Writer& writer, EapCode code, std::uint8_t identifier, EapType type, Bytes data) noexcept {
  const std::size_t length = eap_header_size + 1 + data.size();
  if (length > std::numeric_limits<std::uint16_t>::max()) return writer.fail();
  writer.u8(static_cast<std::uint8_t>(code));
  writer.u8(identifier);
  writer.u16(static_cast<std::uint16_t>(length));
  writer.u8(static_cast<std::uint8_t>(type));
  writer.put(data);
}

void write_eap_end(Writer& writer, EapCode code, std::uint8_t identifier) noexcept {
  writer.u8(static_cast<std::uint8_t>(code));
  writer.u8(identifier);
  writer.u16(eap_header_size);
}

IdentityPrompt read_identity_prompt(Bytes data) noexcept {
  const auto end = static_cast<std::size_t>(std::ranges::find(data, std::uint8_t{0}) - data.begin());
  return {.text = data.first(end), .options = end < data.size() ? data.subspan(end + 1) : Bytes{}};
}

}  // namespace macsec
