// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/sim/pcap.hpp"

#include <array>
#include <fstream>

namespace macsec::sim {

void Pcap::add(Instant at, Bytes frame) {
  if (!enabled_) return;
  std::array<std::uint8_t, 16> header{};
  Writer writer{header};
  writer.u32(static_cast<std::uint32_t>(at / second));
  writer.u32(static_cast<std::uint32_t>(at % second));
  writer.u32(static_cast<std::uint32_t>(frame.size()));
  writer.u32(static_cast<std::uint32_t>(frame.size()));
  octets_.insert(octets_.end(), header.begin(), header.end());
  octets_.insert(octets_.end(), frame.begin(), frame.end());
}

void Pcap::write(const std::string& path) const {
  std::array<std::uint8_t, 24> header{};
  Writer writer{header};
  writer.u32(0xa1b2c3d4);  // big endian, microseconds
  writer.u16(2);
  writer.u16(4);
  writer.u64(0);
  writer.u32(65535);
  writer.u32(1);  // Ethernet
  std::ofstream out{path, std::ios::binary};
  const auto put = [&](Bytes octets) {
    for (const std::uint8_t octet : octets) out.put(static_cast<char>(octet));
  };
  put(header);
  put(octets_);
}

}  // namespace macsec::sim
