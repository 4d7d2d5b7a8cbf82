// SPDX-License-Identifier: LGPL-2.1-or-later
/// What an administrator wrote into the tables of addresses of a device that is deleted and created again.
#pragma once

#include "engine/adapters/netlink/netlink_socket.hpp"

#include <linux/neighbour.h>
#include <string>
#include <vector>

namespace macsec::os {

/// Permanent neighbours and proxy entries of IPv4 and IPv6; static and permanent forwarding entries, of the device and of the bridge
/// it is a port of; permanent multicast groups of that bridge. What was learned is learned again.
class LinkNeighbours {
 public:
  /// `in_bridge`: the device is a port of a bridge.
  [[nodiscard]] static Result<LinkNeighbours> save(NetlinkSocket& route, unsigned ifindex, bool in_bridge);
  /// Gives them to the device, which is up and in its bridge; what is there already stays. What the kernel refused, in words:
  /// "2 permanent neighbours".
  [[nodiscard]] std::vector<std::string> restore(NetlinkSocket& route, unsigned ifindex) const;

 private:
  struct Entry {
    ndmsg head{};
    std::vector<std::pair<int, std::vector<std::uint8_t>>> attributes;
  };
  struct Group {
    unsigned bridge = 0;
    std::vector<std::uint8_t> entry;  ///< br_mdb_entry
  };
  [[nodiscard]] Result<void> gather(NetlinkSocket& route, unsigned ifindex, int family, int flags);
  [[nodiscard]] Result<void> gather_groups(NetlinkSocket& route, unsigned ifindex);

  std::vector<Entry> entries_;
  std::vector<Group> groups_;
  std::size_t of_one_source_ = 0;  ///< groups that the kernel would make ones of any source
};

}  // namespace macsec::os
