// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/netlink/link_stack.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <set>
#include <sys/socket.h>

namespace macsec::os {
namespace {

/// What an administrator sets with `ip link set`, beside IFF_UP.
constexpr unsigned own_flags = IFF_PROMISC | IFF_ALLMULTI | IFF_NOARP | IFF_MULTICAST;

ifinfomsg header(unsigned ifindex, unsigned flags = 0, unsigned mask = 0) {
  ifinfomsg out{};
  out.ifi_family = AF_UNSPEC;
  out.ifi_index = static_cast<int>(ifindex);
  out.ifi_flags = flags;
  out.ifi_change = mask;
  return out;
}

NetlinkMessage request(std::uint16_t type, int flags, const ifinfomsg& head) {
  return NetlinkMessage{type, flags, std::as_bytes(std::span{&head, 1})};
}

Bytes text_octets(std::string_view text) { return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}; }

/// Settings of a port that its bridge or bond takes; the others tell of its state.
bool is_setting(std::string_view master_kind, int type) {
  constexpr std::array bridge{IFLA_BRPORT_PRIORITY,
                              IFLA_BRPORT_COST,
                              IFLA_BRPORT_MODE,
                              IFLA_BRPORT_GUARD,
                              IFLA_BRPORT_PROTECT,
                              IFLA_BRPORT_FAST_LEAVE,
                              IFLA_BRPORT_LEARNING,
                              IFLA_BRPORT_UNICAST_FLOOD,
                              IFLA_BRPORT_PROXYARP,
                              IFLA_BRPORT_PROXYARP_WIFI,
                              IFLA_BRPORT_MULTICAST_ROUTER,
                              IFLA_BRPORT_MCAST_FLOOD,
                              IFLA_BRPORT_MCAST_TO_UCAST,
                              IFLA_BRPORT_VLAN_TUNNEL,
                              IFLA_BRPORT_BCAST_FLOOD,
                              IFLA_BRPORT_GROUP_FWD_MASK,
                              IFLA_BRPORT_NEIGH_SUPPRESS,
                              IFLA_BRPORT_ISOLATED};
  if (master_kind == "bridge") return std::ranges::find(bridge, type) != bridge.end();
  return master_kind == "bond" && type == IFLA_BOND_SLAVE_QUEUE_ID;
}

/// Of the data of a kind: what is a setting and not a count.
bool is_setting_of(std::string_view kind, int type) {
  return kind == "vlan" || type == IFLA_MACVLAN_MODE || type == IFLA_MACVLAN_FLAGS ||
         type == IFLA_MACVLAN_BC_QUEUE_LEN || type == IFLA_MACVLAN_MACADDR_DATA;
}

/// The kernel tells all bits as changed and takes only those it knows: named are those that differ from the default.
void put_vlan_flags(NetlinkMessage& message, Bytes data) {
  ifla_vlan_flags flags{};
  if (data.size() != sizeof(flags)) return;
  std::memcpy(&flags, data.data(), sizeof(flags));
  constexpr std::uint32_t reorder_header =
      1;  // VLAN_FLAG_REORDER_HDR of linux/if_vlan.h, the one that is set by default
  flags.mask = flags.flags | reorder_header;
  message.put(IFLA_VLAN_FLAGS, {reinterpret_cast<const std::uint8_t*>(&flags), sizeof(flags)});
}

/// 0: there is none.
unsigned index_of(NetlinkSocket& route, const std::string& name) {
  auto message = request(RTM_GETLINK, 0, header(0));
  message.put_string(IFLA_IFNAME, name);
  Link link;
  static_cast<void>(route.query(message, "look up " + name,
                                [&link](const nlmsghdr& answer) { static_cast<void>(parse_link(answer, link)); }));
  return link.ifindex;
}

std::string words(const Link& link) { return link.name + " (" + (link.kind.empty() ? "hardware" : link.kind) + ")"; }

}  // namespace

bool LinkStack::keeps(std::string_view kind) noexcept { return kind == "vlan" || kind == "macvlan"; }

void LinkStack::read(const nlmsghdr& message, Device& device) {
  const Attributes<IFLA_GROUP> attributes{attributes_of<ifinfomsg>(message)};
  device.queue_length = static_cast<unsigned>(attributes.number(IFLA_TXQLEN));
  device.group = static_cast<unsigned>(attributes.number(IFLA_GROUP));
  device.flags = header_of<ifinfomsg>(message)->ifi_flags & own_flags;
  const Attributes<IFLA_INFO_SLAVE_DATA> info{attributes[IFLA_LINKINFO]};
  device.data.assign(info[IFLA_INFO_DATA].begin(), info[IFLA_INFO_DATA].end());
  device.master_kind = info.text(IFLA_INFO_SLAVE_KIND);
  device.port.assign(info[IFLA_INFO_SLAVE_DATA].begin(), info[IFLA_INFO_SLAVE_DATA].end());
}

Result<LinkStack::Octets> LinkStack::bridge_vlans(NetlinkSocket& route, unsigned ifindex) {
  ifinfomsg head = header(0);
  head.ifi_family = AF_BRIDGE;
  auto message = request(RTM_GETLINK, NLM_F_DUMP, head);
  message.put_u32(IFLA_EXT_MASK, RTEXT_FILTER_BRVLAN);
  Octets out;
  const auto visit = [&](const nlmsghdr& answer) {
    const auto* const info = header_of<ifinfomsg>(answer);
    if (answer.nlmsg_type != RTM_NEWLINK || info == nullptr || info->ifi_index != static_cast<int>(ifindex)) return;
    const Bytes found = Attributes<IFLA_AF_SPEC>{attributes_of<ifinfomsg>(answer)}[IFLA_AF_SPEC];
    out.assign(found.begin(), found.end());
  };
  if (auto asked = route.query(message, "list VLANs of bridge ports", visit); !asked)
    return std::unexpected{asked.error()};
  return out;
}

Result<void> LinkStack::read_contents(NetlinkSocket& route, Device& device) {
  const unsigned index = device.link.ifindex;
  auto addresses = LinkAddresses::save(route, index);
  if (!addresses) return std::unexpected{addresses.error()};
  device.addresses = std::move(*addresses);
  auto neighbours = LinkNeighbours::save(route, index, device.master_kind == "bridge");
  if (!neighbours) return std::unexpected{neighbours.error()};
  device.neighbours = std::move(*neighbours);
  auto qdiscs = LinkQdiscs::save(route, index);
  if (!qdiscs) return std::unexpected{qdiscs.error()};
  device.qdiscs = std::move(*qdiscs);
  device.sysctls = LinkSysctls::save(device.link.name);
  if (device.master_kind != "bridge") return {};
  auto vlans = bridge_vlans(route, index);
  if (!vlans) return std::unexpected{vlans.error()};
  device.vlans = std::move(*vlans);
  return {};
}

Result<void> LinkStack::each_link(NetlinkSocket& route, NetlinkMessage& request, std::string_view doing,
                                  std::map<unsigned, Device>& into) {
  request.put_u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  const auto visit = [&into](const nlmsghdr& answer) {
    Device device;
    if (!parse_link(answer, device.link)) return;
    read(answer, device);
    into.insert_or_assign(device.link.ifindex, std::move(device));
  };
  return route.query(request, doing, visit, [&into] { into.clear(); });
}

bool LinkStack::is_bare(const Link& link, const std::string& sysfs) {
  const std::string folder = sysfs + "/class/net/" + link.name + '/';
  const auto says = [&folder](const char* name, const std::string& value) {
    std::string text;
    return static_cast<bool>(std::getline(std::ifstream{folder + name}, text)) && text == value;
  };
  // Files of another network namespace may be what is there.
  if (!says("ifindex", std::to_string(link.ifindex)) || !says("address", to_string(link.mac))) return false;
  std::error_code error;
  std::ptrdiff_t above = 0;
  for (std::filesystem::directory_iterator at{folder, error}, end; !error && at != end; at.increment(error))
    if (at->path().filename().native().starts_with("upper_")) ++above;
  return !error && above == (link.master == 0 ? 0 : 1);
}

Result<LinkStack> LinkStack::save(NetlinkSocket& route, unsigned ifindex, const std::string& sysfs) {
  std::map<unsigned, Device> all;
  auto itself = request(RTM_GETLINK, 0, header(ifindex));
  if (auto asked = each_link(route, itself, "look up an interface", all); !asked) return std::unexpected{asked.error()};
  // The kernel lists the devices on top of one only together with all others.
  if (all.empty() || !is_bare(all.begin()->second.link, sysfs)) {
    auto list = request(RTM_GETLINK, NLM_F_DUMP, header(0));
    if (auto asked = each_link(route, list, "list interfaces", all); !asked) return std::unexpected{asked.error()};
  }

  LinkStack out;
  const auto take = [&](unsigned which) {
    if (auto node = all.extract(which); !node.empty()) out.devices_.push_back(std::move(node.mapped()));
  };
  take(ifindex);
  for (std::size_t i = 0; i < out.devices_.size(); ++i) {
    std::vector<unsigned> above;
    for (const auto& [index, device] : all)
      if (device.link.parent == out.devices_[i].link.ifindex && !device.link.parent_netns && keeps(device.link.kind))
        above.push_back(index);
    for (const unsigned index : above) take(index);
  }
  for (auto& [index, device] : all) out.existing_.push_back(std::move(device.link));
  for (Device& device : out.devices_)
    if (auto done = read_contents(route, device); !done) return std::unexpected{done.error()};
  return out;
}

Result<void> LinkStack::create(NetlinkSocket& route, const Device& device, unsigned parent) {
  auto message = request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, header(0));
  message.put_string(IFLA_IFNAME, device.link.name);
  message.put_u32(IFLA_LINK, parent);
  message.put(IFLA_ADDRESS, device.link.mac.octets);
  message.put_u32(IFLA_MTU, device.link.mtu);
  if (device.link.master != 0) message.put_u32(IFLA_MASTER, device.link.master);
  message.nest(IFLA_LINKINFO, [&] {
    message.put_string(IFLA_INFO_KIND, device.link.kind);
    message.nest(IFLA_INFO_DATA, [&] {
      each_attribute(device.data, [&](const Attribute& one) {
        if (device.link.kind == "vlan" && one.type == IFLA_VLAN_FLAGS)
          put_vlan_flags(message, one.data);
        else if (is_setting_of(device.link.kind, one.type))
          message.put(one.type | one.flags, one.data);
        if (device.link.kind == "macvlan" && one.type == IFLA_MACVLAN_MACADDR_DATA)
          message.put_u32(IFLA_MACVLAN_MACADDR_MODE, MACVLAN_MACADDR_SET);
      });
    });
  });
  return route.request(message, "create " + device.link.name);
}

bool LinkStack::restore_vlans(NetlinkSocket& route, const Octets& wanted, unsigned ifindex) {
  const auto now = bridge_vlans(route, ifindex);
  if (!now || *now == wanted) return true;
  ifinfomsg head = header(ifindex);
  head.ifi_family = AF_BRIDGE;
  if (!now->empty()) {
    auto others = request(RTM_DELLINK, 0, head);
    others.put(IFLA_AF_SPEC | NLA_F_NESTED, *now);
    static_cast<void>(route.request(others, "remove the VLANs a new port has"));
  }
  auto vlans = request(RTM_SETLINK, 0, head);
  vlans.put(IFLA_AF_SPEC | NLA_F_NESTED, wanted);
  return route.request(vlans, "VLANs in the bridge").has_value();
}

void LinkStack::restore_settings(NetlinkSocket& route, const Device& device, unsigned ifindex, Outcome& outcome) {
  const std::string& name = device.link.name;
  const auto change = [&](NetlinkMessage& message, std::string_view what) {
    if (!route.request(message, what)) outcome.lost.push_back(std::string{what} + " of " + name);
  };
  for (const std::string& refused : device.sysctls.restore()) outcome.lost.push_back(refused);

  const unsigned up = device.link.up ? unsigned{IFF_UP} : 0U;
  auto settings = request(RTM_SETLINK, 0, header(ifindex, up | device.flags, IFF_UP | own_flags));
  settings.put(IFLA_IFALIAS, text_octets(device.link.alias));
  settings.put_u32(IFLA_TXQLEN, device.queue_length);
  settings.put_u32(IFLA_GROUP, device.group);
  change(settings, "settings");
  if (!device.link.alternative_names.empty()) {
    auto names = request(RTM_NEWLINKPROP, NLM_F_CREATE | NLM_F_APPEND, header(ifindex));
    names.nest(IFLA_PROP_LIST, [&] {
      for (const std::string& each : device.link.alternative_names) names.put_string(IFLA_ALT_IFNAME, each);
    });
    change(names, "alternative names");
  }
  if (!device.port.empty()) {
    auto port = request(RTM_NEWLINK, 0, header(ifindex));
    port.nest(IFLA_LINKINFO, [&] {
      port.put_string(IFLA_INFO_SLAVE_KIND, device.master_kind);
      port.nest(IFLA_INFO_SLAVE_DATA, [&] {
        each_attribute(device.port, [&](const Attribute& one) {
          if (is_setting(device.master_kind, one.type)) port.put(one.type | one.flags, one.data);
        });
      });
    });
    change(port, "settings in the " + device.master_kind);
  }
  if (!device.vlans.empty() && !restore_vlans(route, device.vlans, ifindex))
    outcome.lost.push_back("VLANs in the bridge of " + name);
  for (const std::string& one : device.qdiscs.restore(route, ifindex)) outcome.lost.push_back(one + " of " + name);
}

LinkStack::Outcome LinkStack::restore(NetlinkSocket& route, unsigned ifindex) {
  Outcome outcome;
  std::map<unsigned, unsigned> successors;  // by the number before
  for (Device& device : devices_) {
    unsigned now = ifindex;
    if (&device != devices_.data()) {
      const auto parent = successors.find(device.link.parent);
      const auto created = parent == successors.end() ? Result<void>{fail(ENODEV, "its parent is lost")}
                                                      : create(route, device, parent->second);
      if (!created) {
        outcome.lost.push_back(words(device.link) + ": " + created.error().message);
        continue;
      }
      now = index_of(route, device.link.name);
      outcome.restored.push_back(device.link.name);
    }
    successors.emplace(device.link.ifindex, now);
    restore_settings(route, device, now, outcome);
    if (const auto done = device.addresses.restore(route, now); !done)
      outcome.lost.push_back(device.link.name + ": " + done.error().message);
    if (device.addresses.left_out()) outcome.lost.push_back("routes with several next hops of " + device.link.name);
  }
  // Behind all devices: what these put into the tables of those below them is theirs, and goes with them.
  for (const Device& device : devices_)
    if (const auto now = successors.find(device.link.ifindex); now != successors.end())
      for (const std::string& one : device.neighbours.restore(route, now->second))
        outcome.lost.push_back(one + " of " + device.link.name);
  if (existing_.empty()) return outcome;
  std::set<unsigned> present;
  auto message = request(RTM_GETLINK, NLM_F_DUMP, header(0));
  const auto visit = [&present](const nlmsghdr& answer) {
    if (Link link; parse_link(answer, link)) present.insert(link.ifindex);
  };
  if (!route.query(message, "list interfaces", visit)) return outcome;
  for (const Link& link : existing_)
    if (!present.contains(link.ifindex)) outcome.lost.push_back(words(link));
  return outcome;
}

}  // namespace macsec::os
