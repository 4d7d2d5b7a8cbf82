// SPDX-License-Identifier: LGPL-2.1-or-later
/// Cuts a stream of RADIUS packets into pieces, whose sizes the first octets say: the packets are the same however it comes, and each
/// lies in the stream after the one before.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "engine/wire/radius_stream.hpp"

namespace {

using Octets = std::vector<std::uint8_t>;

void require(bool holds) {
  if (!holds) std::abort();
}

/// All packets, one after the other.
Octets packets_of(macsec::RadiusStream& stream, macsec::Bytes piece) {
  Octets out;
  stream.add(piece);
  while (const auto packet = stream.next()) {
    require(packet->size() >= macsec::radius_header_size && packet->size() <= macsec::max_radius_size);
    out.insert(out.end(), packet->begin(), packet->end());
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace macsec;
  constexpr std::size_t sizes = 4;
  if (size < sizes) return 0;
  const Bytes whole = Bytes{data, size}.subspan(sizes);
  RadiusStream at_once;
  const Octets expected = packets_of(at_once, whole);
  require(std::ranges::equal(expected, whole.first(expected.size())));
  RadiusStream stream;
  Octets got;
  Bytes rest = whole;
  for (std::size_t i = 0; !rest.empty(); ++i) {
    const Bytes piece = rest.first(std::min<std::size_t>(std::max<std::size_t>(data[i % sizes], 1), rest.size()));
    const Octets packets = packets_of(stream, piece);
    got.insert(got.end(), packets.begin(), packets.end());
    rest = rest.subspan(piece.size());
  }
  require(got == expected && stream.is_broken() == at_once.is_broken());
  require(stream.is_broken() || !stream.next());
  return 0;
}
