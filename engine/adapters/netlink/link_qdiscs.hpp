// SPDX-License-Identifier: LGPL-2.1-or-later
/// Queueing disciplines of a device that is deleted and created again.
#pragma once

#include "engine/adapters/netlink/netlink_socket.hpp"

#include <string>
#include <vector>

namespace macsec::os {

/// Those that an administrator set. Classes and filters are not kept: they are named.
class LinkQdiscs {
 public:
  [[nodiscard]] static Result<LinkQdiscs> save(NetlinkSocket& route, unsigned ifindex);
  /// What the device does not have again, in words: "qdisc htb", "tc filters".
  [[nodiscard]] std::vector<std::string> restore(NetlinkSocket& route, unsigned ifindex) const;

 private:
  struct Qdisc {
    std::uint32_t handle = 0;
    std::uint32_t parent = 0;
    std::string kind;
    std::vector<std::uint8_t> options;
  };
  [[nodiscard]] static Result<bool> any(NetlinkSocket& route, std::uint16_t type, unsigned ifindex,
                                        std::uint32_t parent);

  std::vector<Qdisc> qdiscs_;
  bool classes_ = false;
  bool filters_ = false;
};

}  // namespace macsec::os
