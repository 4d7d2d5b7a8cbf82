// SPDX-License-Identifier: LGPL-2.1-or-later
/// A stream of D-Bus messages as macsec-nm passes it on: cut, and serial numbers moved, and nothing else changed.
#include "plugin/networkmanager/front/bus_frame.hpp"

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace {

using namespace macsec;

void require(bool holds) {
  if (!holds) std::abort();
}

void pass_on(std::vector<std::uint8_t> octets) {
  const std::vector<std::uint8_t> before = octets;
  nm::BusFrame frame{octets};
  const std::uint32_t serial = frame.serial();
  const auto answered = frame.reply_serial();
  const auto text = frame.first_string();
  require(text.empty() ||
          (reinterpret_cast<const std::uint8_t*>(text.data()) >= octets.data() &&
           reinterpret_cast<const std::uint8_t*>(text.data()) + text.size() <= octets.data() + octets.size()));
  frame.set_serial(serial + 1);
  require(frame.serial() == serial + 1);
  frame.set_serial(serial);
  frame.set_reply_serial(answered.value_or(0) + 7);
  require(frame.reply_serial() == (answered ? std::optional{*answered + 7} : std::nullopt));
  if (answered) frame.set_reply_serial(*answered);
  require(octets == before);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes stream{data, size};
  for (;;) {
    const auto next = nm::bus_frame_size(stream);
    if (!next || *next == 0 || *next > stream.size()) break;
    require(*next >= nm::bus_frame_head && *next <= nm::largest_bus_frame);
    pass_on({stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(*next)});
    stream = stream.subspan(*next);
  }
  return 0;
}
