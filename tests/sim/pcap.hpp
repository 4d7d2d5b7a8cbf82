// SPDX-License-Identifier: LGPL-2.1-or-later
/// Collects frames in memory in the format of libpcap, to be written only where a run failed.
#pragma once

#include "engine/base/bytes.hpp"
#include "tests/sim/world.hpp"

#include <string>
#include <vector>

namespace macsec::sim {

class Pcap {
 public:
  void add(Instant at, Bytes frame);
  void write(const std::string& path) const;
  void clear() noexcept { octets_.clear(); }
  void set_enabled(bool enabled) noexcept { enabled_ = enabled; }

 private:
  bool enabled_ = true;
  std::vector<std::uint8_t> octets_;
};

}  // namespace macsec::sim
