// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/wire/ttls_avp.hpp"

#include <algorithm>

namespace macsec {
namespace {

constexpr std::uint32_t vendor_flag = 0x80;
constexpr std::uint32_t mandatory_flag = 0x40;
constexpr std::size_t avp_header_size = 8;
constexpr std::size_t max_length = 0xffffff;

constexpr std::size_t header_of(const Avp& avp) noexcept { return avp_header_size + (avp.vendor != 0 ? 4U : 0U); }
constexpr std::size_t padding_of(std::size_t length) noexcept { return (4 - length % 4) % 4; }

}  // namespace

std::optional<Avp> AvpReader::next() noexcept {
  if (!ok_ || reader_.remaining() == 0) return std::nullopt;
  Avp out;
  out.code = reader_.u32();
  const std::uint32_t flags_and_length = reader_.u32();
  const std::uint32_t flags = flags_and_length >> 24U;
  const std::size_t length = flags_and_length & max_length;
  if ((flags & vendor_flag) != 0) out.vendor = reader_.u32();
  out.mandatory = (flags & mandatory_flag) != 0;
  const std::size_t header = avp_header_size + ((flags & vendor_flag) != 0 ? 4U : 0U);
  ok_ = reader_.ok() && length >= header;
  if (ok_) out.data = reader_.take(length - header);
  ok_ = ok_ && reader_.ok();
  if (!ok_) return std::nullopt;
  reader_.skip(std::min(padding_of(length), reader_.remaining()));
  return out;
}

void write_avp(Writer& writer, const Avp& avp) noexcept {
  const std::size_t length = header_of(avp) + avp.data.size();
  if (length > max_length) return writer.fail();
  writer.u32(avp.code);
  const std::uint32_t flags = (avp.vendor != 0 ? vendor_flag : 0) | (avp.mandatory ? mandatory_flag : 0);
  writer.u32(flags << 24U | static_cast<std::uint32_t>(length));
  if (avp.vendor != 0) writer.u32(avp.vendor);
  writer.put(avp.data);
  writer.zeros(padding_of(length));
}

std::size_t avp_size(const Avp& avp) noexcept {
  const std::size_t length = header_of(avp) + avp.data.size();
  return length + padding_of(length);
}

}  // namespace macsec
