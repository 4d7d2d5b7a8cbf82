// SPDX-License-Identifier: LGPL-2.1-or-later
/// How often a macsec device was set down, seen or not: some hardware sends packet numbers again afterwards.
#pragma once

#include "engine/adapters/netlink/link_message.hpp"

namespace macsec::os {

/// The kernel counts losses of carrier only. The device loses its own with each of the parent's, soon after it, and one more each
/// time it is set down while there is carrier. Set down without carrier, and up again between two looks, it leaves no trace.
class SetDowns {
 public:
  /// The last look at both; the number so far. Another device than before starts over.
  std::uint32_t follow(const Link& parent, const Link& device) noexcept {
    const std::int64_t own = std::int64_t{device.carrier_losses} - std::int64_t{parent.carrier_losses};
    const bool same = device.ifindex == ifindex_;
    const bool set_down = same && ((up_ && !device.up) || own > own_);
    // A flap that was too short for the device is forgotten once both have carrier; before, its count may be to come.
    if (!same || set_down || (parent.carrier && device.carrier)) own_ = own;
    ifindex_ = device.ifindex;
    up_ = device.up;
    return set_down ? ++count_ : count_;
  }

 private:
  unsigned ifindex_ = 0;
  bool up_ = false;
  std::int64_t own_ = 0;  ///< losses of the device that are not the parent's
  std::uint32_t count_ = 0;
};

}  // namespace macsec::os
