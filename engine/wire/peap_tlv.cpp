// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/wire/peap_tlv.hpp"

namespace macsec {
namespace {

constexpr unsigned mandatory_bit = 0x8000;
constexpr unsigned type_mask = 0x3fff;
constexpr std::uint16_t result_type = 3;
constexpr std::uint16_t binding_type = 12;
constexpr std::uint16_t binding_body = 56;

bool read_result(Reader value, PeapTlvs& out) noexcept {
  const std::uint16_t status = value.u16();
  if (!value.ok() || value.remaining() != 0 || out.result || status < 1 || status > 2) return false;
  out.result = PeapResult{status};
  return true;
}

bool read_binding(Reader value, PeapTlvs& out) noexcept {
  if (value.remaining() != binding_body || out.binding) return false;
  PeapBinding binding;
  value.skip(1);
  binding.version = value.u8();
  binding.received_version = value.u8();
  const std::uint8_t kind = value.u8();
  binding.nonce = value.array<32>();
  binding.mac = value.array<peap_binding_mac_size>();
  if (kind > 1) return false;
  binding.kind = PeapBinding::Kind{kind};
  out.binding = binding;
  return true;
}

}  // namespace

std::optional<PeapTlvs> read_peap_tlvs(Bytes octets) noexcept {
  Reader reader{octets};
  PeapTlvs out;
  while (reader.remaining() != 0) {
    const unsigned head = reader.u16();
    const std::uint16_t length = reader.u16();
    const Reader value{reader.take(length)};
    if (!reader.ok()) return std::nullopt;
    const auto type = static_cast<std::uint16_t>(head & type_mask);
    if (type == result_type) {
      if (!read_result(value, out)) return std::nullopt;
    } else if (type == binding_type) {
      if (!read_binding(value, out)) return std::nullopt;
    } else if ((head & mandatory_bit) != 0 && !out.unknown_mandatory) {
      out.unknown_mandatory = type;
    }
  }
  return out;
}

void write_peap_result(Writer& writer, PeapResult result) noexcept {
  writer.u16(static_cast<std::uint16_t>(mandatory_bit | result_type));
  writer.u16(2);
  writer.u16(static_cast<std::uint16_t>(result));
}

void write_peap_binding(Writer& writer, const PeapBinding& binding) noexcept {
  writer.u16(binding_type);
  writer.u16(binding_body);
  writer.u8(0);
  writer.u8(binding.version);
  writer.u8(binding.received_version);
  writer.u8(static_cast<std::uint8_t>(binding.kind));
  writer.put(binding.nonce);
  writer.put(binding.mac);
}

std::array<std::uint8_t, peap_binding_size> peap_binding_input(const PeapBinding& binding) noexcept {
  PeapBinding blank = binding;
  blank.mac = {};
  std::array<std::uint8_t, peap_binding_size> out{};
  Writer writer{out};
  write_peap_binding(writer, blank);
  return out;
}

}  // namespace macsec
