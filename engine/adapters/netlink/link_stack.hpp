// SPDX-License-Identifier: LGPL-2.1-or-later
/// What is on a device that is deleted and created again: its settings, its addresses, and the devices on top of it.
#pragma once

#include "engine/adapters/netlink/link_addresses.hpp"
#include "engine/adapters/netlink/link_message.hpp"
#include "engine/adapters/netlink/link_neighbours.hpp"
#include "engine/adapters/netlink/link_qdiscs.hpp"
#include "engine/adapters/netlink/link_sysctls.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace macsec::os {

/// Kept are, of the device and of each VLAN and macvlan on top of it (of those on top of these, too): alias, alternative
/// names, group, MTU, length of the transmit queue, promiscuous mode, membership and settings in a bridge or bond, VLANs of a
/// bridge's port, queueing disciplines, sysctls, addresses, routes, and entries in tables of addresses (LinkNeighbours). Devices of other kinds go with the device they are on.
class LinkStack {
 public:
  /// What became of it, in words for people.
  struct Outcome {
    std::vector<std::string> restored;  ///< devices: "vlan5"
    std::vector<std::string> lost;      ///< "ipvl0 (ipvlan)", "tc filters of macsec0"
  };

  /// While the device exists. `sysfs`: where the files of the network namespace are.
  [[nodiscard]] static Result<LinkStack> save(NetlinkSocket& route, unsigned ifindex,
                                              const std::string& sysfs = "/sys");
  /// Gives what was saved to the device created in its place.
  [[nodiscard]] Outcome restore(NetlinkSocket& route, unsigned ifindex);

  /// Whether a device of this kind is created again.
  [[nodiscard]] static bool keeps(std::string_view kind) noexcept;

 private:
  using Octets = std::vector<std::uint8_t>;
  struct Device {
    Link link;
    unsigned queue_length = 0;
    unsigned group = 0;
    unsigned flags = 0;
    Octets data;  ///< IFLA_INFO_DATA
    std::string master_kind;
    Octets port;   ///< IFLA_INFO_SLAVE_DATA
    Octets vlans;  ///< of a bridge's port, IFLA_AF_SPEC
    LinkAddresses addresses;
    LinkNeighbours neighbours;
    LinkQdiscs qdiscs;
    LinkSysctls sysctls;
  };

  static void read(const nlmsghdr& message, Device& device);
  [[nodiscard]] static Result<void> each_link(NetlinkSocket& route, NetlinkMessage& request, std::string_view doing,
                                              std::map<unsigned, Device>& into);
  /// Whether nothing is on top of the device; false where that cannot be known.
  [[nodiscard]] static bool is_bare(const Link& link, const std::string& sysfs);
  [[nodiscard]] static Result<void> read_contents(NetlinkSocket& route, Device& device);
  [[nodiscard]] static Result<Octets> bridge_vlans(NetlinkSocket& route, unsigned ifindex);
  [[nodiscard]] static Result<void> create(NetlinkSocket& route, const Device& device, unsigned parent);
  /// False where the kernel refuses them.
  [[nodiscard]] static bool restore_vlans(NetlinkSocket& route, const Octets& wanted, unsigned ifindex);
  static void restore_settings(NetlinkSocket& route, const Device& device, unsigned ifindex, Outcome& outcome);

  std::vector<Device> devices_;  ///< each behind the one it is on; the device itself is the first
  std::vector<Link> existing_;   ///< where something is on top: every other one, to tell which are gone afterwards
};

}  // namespace macsec::os
