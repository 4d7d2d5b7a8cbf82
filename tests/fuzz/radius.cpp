// SPDX-License-Identifier: LGPL-2.1-or-later
/// Reads a RADIUS packet; its attributes, written one by one, must give the same packet again.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "engine/wire/radius.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace macsec;
  const std::optional<RadiusPacket> packet = read_radius(Bytes{data, size});
  if (!packet) return 0;
  std::vector<std::uint8_t> buffer(max_radius_size);
  RadiusWriter writer{buffer, RadiusCode{packet->code}, packet->identifier, packet->authenticator};
  RadiusAttributes attributes = packet->all();
  while (const std::optional<RadiusAttribute> one = attributes.next()) {
    writer.add(one->type, one->value);
    require(packet->find(one->type).has_value());
  }
  require(attributes.ok());
  require(std::ranges::equal(writer.finish().packet, packet->whole));
  std::vector<std::uint8_t> eap(max_radius_size);
  Writer joined{eap};
  packet->join_eap(joined);
  require(joined.ok());
  static_cast<void>(packet->find_vendor(311, static_cast<std::uint8_t>(MppeKeyType::send)));
  return 0;
}
