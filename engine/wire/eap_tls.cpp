// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/wire/eap_tls.hpp"

namespace macsec {
namespace {

constexpr unsigned length_flag = 0x80;
constexpr unsigned more_flag = 0x40;
constexpr unsigned start_flag = 0x20;
constexpr unsigned version_mask = 0x07;

}  // namespace

std::optional<TlsFragment> read_tls_fragment(Bytes data) noexcept {
  Reader reader{data};
  const unsigned flags = reader.u8();
  TlsFragment out;
  out.more = (flags & more_flag) != 0;
  out.start = (flags & start_flag) != 0;
  out.version = static_cast<std::uint8_t>(flags & version_mask);
  if ((flags & length_flag) != 0) out.total = reader.u32();
  if (!reader.ok()) return std::nullopt;
  out.data = reader.take(reader.remaining());
  return out;
}

void write_tls_fragment(Writer& writer, const TlsFragment& fragment) noexcept {
  writer.u8(static_cast<std::uint8_t>((fragment.total ? length_flag : 0U) | (fragment.more ? more_flag : 0U) |
                                      (fragment.start ? start_flag : 0U) | (fragment.version & version_mask)));
  if (fragment.total) writer.u32(*fragment.total);
  writer.put(fragment.data);
}

}  // namespace macsec
