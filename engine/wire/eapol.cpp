// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/wire/eapol.hpp"

namespace macsec {

std::optional<EapolFrame> read_eapol(Bytes frame) noexcept {
  Reader reader{frame};
  EapolFrame out;
  out.destination.octets = reader.array<6>();
  out.source.octets = reader.array<6>();
  out.ethertype = reader.u16();
  out.version = reader.u8();
  out.type = reader.u8();
  const std::uint16_t body_size = reader.u16();
  out.body = reader.take(body_size);
  if (!reader.ok()) return std::nullopt;
  out.authenticated = frame.first(ethernet_header_size + eapol_header_size + body_size);
  return out;
}

void write_eapol_header(Writer& writer, const MacAddress& destination, const MacAddress& source,
                        std::uint16_t ethertype, EapolType type, std::uint16_t body_size) noexcept {
  writer.put(destination.octets);
  writer.put(source.octets);
  writer.u16(ethertype);
  writer.u8(eapol_version);
  writer.u8(static_cast<std::uint8_t>(type));
  writer.u16(body_size);
}

std::vector<std::uint8_t> eapol_frame(const MacAddress& source, EapolType type, Bytes body) {
  std::vector<std::uint8_t> frame(ethernet_header_size + eapol_header_size + body.size());
  Writer writer{frame};
  write_eapol_header(writer, pae_group_address, source, eapol_ethertype, type, static_cast<std::uint16_t>(body.size()));
  writer.put(body);
  return frame;
}

}  // namespace macsec
