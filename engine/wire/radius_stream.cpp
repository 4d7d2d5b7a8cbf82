// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/wire/radius_stream.hpp"

namespace macsec {

void RadiusStream::add(Bytes octets) {
  if (broken_) return;
  if (at_ > 0) {
    WipedBuffer rest;
    rest.add(buffer_.octets().subspan(at_));
    buffer_ = std::move(rest);
    at_ = 0;
  }
  buffer_.add(octets);
}

std::optional<Bytes> RadiusStream::next() noexcept {
  constexpr std::size_t before_length = 2;  // code and identifier
  const Bytes rest = buffer_.octets().subspan(at_);
  Reader reader{rest};
  static_cast<void>(reader.take(before_length));
  const std::size_t size = reader.u16();
  if (broken_ || !reader.ok()) return std::nullopt;
  broken_ = size < radius_header_size || size > max_radius_size;
  if (broken_ || rest.size() < size) return std::nullopt;
  at_ += size;
  return rest.first(size);
}

}  // namespace macsec
