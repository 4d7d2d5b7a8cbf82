// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/netlink/link_neighbours.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <linux/if_bridge.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

namespace macsec::os {
namespace {

constexpr unsigned given_flags = NTF_SELF | NTF_MASTER | NTF_PROXY | NTF_ROUTER | NTF_STICKY | NTF_EXT_LEARNED;
constexpr std::array given_attributes{NDA_DST, NDA_LLADDR, NDA_VLAN, NDA_PROTOCOL, NDA_FLAGS_EXT};

/// Whether somebody wrote it. Groups that the device listens to are in the same table, and come again with who joined them.
bool is_kept(const ndmsg& head, Bytes address) {
  if ((head.ndm_flags & NTF_PROXY) != 0) return true;
  if (head.ndm_family != AF_BRIDGE) return (head.ndm_state & NUD_PERMANENT) != 0;
  const bool multicast = !address.empty() && (address[0] & 1U) != 0;
  if ((head.ndm_flags & NTF_MASTER) == 0 && multicast) return false;
  return (head.ndm_state & (NUD_PERMANENT | NUD_NOARP)) != 0;
}

template <typename Header>
NetlinkMessage compose(std::uint16_t type, int flags, const Header& head) {
  return NetlinkMessage{type, flags, std::as_bytes(std::span{&head, 1})};
}

std::string counted(std::size_t count, std::string_view what) {
  return count == 0 ? "" : std::to_string(count) + " " + std::string{what};
}

}  // namespace

Result<void> LinkNeighbours::gather(NetlinkSocket& route, unsigned ifindex, int family, int flags) {
  ndmsg ask{};
  ask.ndm_family = static_cast<unsigned char>(family);
  ask.ndm_flags = static_cast<unsigned char>(flags);
  auto message = compose(RTM_GETNEIGH, NLM_F_DUMP, ask);
  message.put_u32(NDA_IFINDEX, ifindex);
  const std::size_t before = entries_.size();
  const auto visit = [&](const nlmsghdr& answer) {
    const auto* const head = header_of<ndmsg>(answer);
    if (answer.nlmsg_type != RTM_NEWNEIGH || head == nullptr || head->ndm_ifindex != static_cast<int>(ifindex)) return;
    const Bytes list = attributes_of<ndmsg>(answer);
    if (!is_kept(*head, Attributes<NDA_LLADDR>{list}[NDA_LLADDR])) return;
    Entry& one = entries_.emplace_back();
    one.head = *head;
    one.head.ndm_flags = static_cast<unsigned char>(head->ndm_flags & given_flags);
    each_attribute(list, [&one](const Attribute& attribute) {
      if (std::ranges::find(given_attributes, attribute.type) != given_attributes.end())
        one.attributes.emplace_back(attribute.type,
                                    std::vector<std::uint8_t>{attribute.data.begin(), attribute.data.end()});
    });
  };
  return route.query(message, "list neighbours", visit, [&] { entries_.resize(before); });
}

Result<void> LinkNeighbours::gather_groups(NetlinkSocket& route, unsigned ifindex) {
  br_port_msg ask{};
  ask.family = PF_BRIDGE;
  auto message = compose(RTM_GETMDB, NLM_F_DUMP, ask);
  const auto visit = [&](const nlmsghdr& answer) {
    const auto* const head = header_of<br_port_msg>(answer);
    if (head == nullptr) return;
    const auto take = [&](const Attribute& info) {
      br_mdb_entry entry{};
      if (info.type != MDBA_MDB_ENTRY_INFO || info.data.size() < sizeof(entry)) return;
      std::memcpy(&entry, info.data.data(), sizeof(entry));
      if (entry.ifindex != ifindex || entry.state != MDB_PERMANENT) return;
      if (Attributes<MDBA_MDB_EATTR_MAX>{info.data.subspan(sizeof(entry))}.has(MDBA_MDB_EATTR_SOURCE))
        ++of_one_source_;
      else
        groups_.push_back({head->ifindex, {info.data.begin(), info.data.begin() + sizeof(entry)}});
    };
    each_attribute(Attributes<MDBA_MDB>{attributes_of<br_port_msg>(answer)}[MDBA_MDB],
                   [&](const Attribute& of_group) { each_attribute(of_group.data, take); });
  };
  // A kernel without bridges, or without their multicast, has none.
  auto listed = route.query(message, "list groups of bridges", visit, [this] {
    groups_.clear();
    of_one_source_ = 0;
  });
  if (!listed && listed.error().code != EOPNOTSUPP) return listed;
  return {};
}

Result<LinkNeighbours> LinkNeighbours::save(NetlinkSocket& route, unsigned ifindex, bool in_bridge) {
  LinkNeighbours out;
  for (const int family : {AF_INET, AF_INET6})
    for (const int flags : {0, NTF_PROXY})
      if (auto done = out.gather(route, ifindex, family, flags); !done) return std::unexpected{done.error()};
  if (auto done = out.gather(route, ifindex, AF_BRIDGE, 0); !done) return std::unexpected{done.error()};
  if (!in_bridge) return out;
  if (auto done = out.gather_groups(route, ifindex); !done) return std::unexpected{done.error()};
  return out;
}

std::vector<std::string> LinkNeighbours::restore(NetlinkSocket& route, unsigned ifindex) const {
  std::size_t neighbours = 0;
  std::size_t forwarding = 0;
  std::size_t groups = of_one_source_;
  const auto refused = [&route](NetlinkMessage& message, std::string_view doing) {
    const auto done = route.request(message, doing);
    return !done && done.error().code != EEXIST;
  };
  for (const auto& [before, attributes] : entries_) {
    ndmsg head = before;
    head.ndm_ifindex = static_cast<int>(ifindex);
    auto message = compose(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL, head);
    for (const auto& [type, data] : attributes) message.put(type, data);
    if (refused(message, "restore a neighbour")) ++(head.ndm_family == AF_BRIDGE ? forwarding : neighbours);
  }
  for (const auto& [bridge, before] : groups_) {
    br_port_msg head{};
    head.family = PF_BRIDGE;
    head.ifindex = bridge;
    br_mdb_entry entry{};
    std::memcpy(&entry, before.data(), sizeof(entry));
    entry.ifindex = ifindex;
    auto message = compose(RTM_NEWMDB, NLM_F_CREATE | NLM_F_EXCL, head);
    message.put(MDBA_SET_ENTRY, {reinterpret_cast<const std::uint8_t*>(&entry), sizeof(entry)});
    if (refused(message, "restore a group of a bridge")) ++groups;
  }
  std::vector<std::string> lost{counted(neighbours, "permanent neighbours"), counted(forwarding, "forwarding entries"),
                                counted(groups, "groups of the bridge")};
  std::erase(lost, "");
  return lost;
}

}  // namespace macsec::os
