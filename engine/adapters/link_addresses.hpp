// SPDX-License-Identifier: LGPL-2.1-or-later
/// Addresses and routes of a device that is about to be made anew.
#pragma once

#include "engine/adapters/netlink_socket.hpp"

#include <cstddef>
#include <vector>

namespace macsec {

/// IPv4 and IPv6 addresses with their lifetimes, and unicast routes of every table with their metrics. What the kernel
/// makes by itself comes back by itself: link-local and temporary addresses, routes of router advertisements. Routes
/// with several next hops, and devices on top (VLANs), are not kept.
class LinkAddresses {
 public:
  [[nodiscard]] static Result<LinkAddresses> save(NetlinkSocket& route, unsigned ifindex);
  /// Gives `ifindex`, which is up, what was saved; what it has already stays. The error is that of the first message the
  /// kernel refused; all others are put back nevertheless.
  [[nodiscard]] Result<void> restore(NetlinkSocket& route, unsigned ifindex) const;

 private:
  struct Saved {
    std::uint16_t type = 0;
    std::vector<std::byte> header;                                      ///< ifaddrmsg or rtmsg
    std::vector<std::pair<int, std::vector<std::uint8_t>>> attributes;  ///< without the route's interface
  };
  std::vector<Saved> saved_;
};

}  // namespace macsec
