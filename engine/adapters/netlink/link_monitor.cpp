// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/netlink/link_monitor.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <linux/ethtool.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <set>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace macsec::os {
namespace {

/// Mbit/s from the driver, 0 where it does not say.
std::uint64_t ask_speed(const std::string& name) {
  // Any socket takes this ioctl; with this family the service needs no Internet sockets.
  const FileDescriptor socket{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  // The first call asks how many words of link modes there are, the second one fills them in behind the structure.
  alignas(ethtool_link_settings) std::array<std::byte, sizeof(ethtool_link_settings) + 3 * 127 * sizeof(std::uint32_t)>
      room{};
  auto& settings = *reinterpret_cast<ethtool_link_settings*>(room.data());
  ifreq argument{};
  name.copy(argument.ifr_name, IFNAMSIZ - 1);
  argument.ifr_data = reinterpret_cast<char*>(room.data());
  settings.cmd = ETHTOOL_GLINKSETTINGS;
  if (::ioctl(socket.get(), SIOCETHTOOL, &argument) != 0 || settings.link_mode_masks_nwords >= 0) return 0;
  settings.link_mode_masks_nwords = static_cast<std::int8_t>(-settings.link_mode_masks_nwords);
  settings.cmd = ETHTOOL_GLINKSETTINGS;
  if (::ioctl(socket.get(), SIOCETHTOOL, &argument) != 0) return 0;
  return settings.speed == static_cast<std::uint32_t>(SPEED_UNKNOWN) ? 0 : settings.speed;
}

}  // namespace

LinkMonitor::LinkMonitor(NetlinkSocket requests, Callback callback)
    : requests_{std::move(requests)}, callback_{std::move(callback)} {}

Result<std::unique_ptr<LinkMonitor>> LinkMonitor::open(Callback callback) {
  auto requests = NetlinkSocket::open(NETLINK_ROUTE);
  if (!requests) return std::unexpected{std::move(requests.error())};
  std::unique_ptr<LinkMonitor> monitor{new LinkMonitor{std::move(*requests), std::move(callback)}};
  auto events = NetlinkEvents::open(
      {RTNLGRP_LINK}, {.message = [at = monitor.get()](const nlmsghdr& message) { at->take_message(message); },
                       .resync = [at = monitor.get()] { return at->read_all(true); }});
  if (!events) return std::unexpected{std::move(events.error())};
  monitor->events_.emplace(std::move(*events));
  if (auto read = monitor->read_all(false); !read) {
    if (read.error().code != EAGAIN) return std::unexpected{std::move(read.error())};
    monitor->events_->lost();
  }
  return monitor;
}

void LinkMonitor::take_message(const nlmsghdr& message) {
  if (const auto* const info = header_of<ifinfomsg>(message); message.nlmsg_type == RTM_DELLINK && info != nullptr) {
    // A port that leaves a bridge sends the same message with the bridge family.
    if (info->ifi_family == AF_UNSPEC) erase(static_cast<unsigned>(info->ifi_index), true);
    return;
  }
  if (Link link; parse_link(message, link)) update(std::move(link), true);
}

Result<void> LinkMonitor::read_all(bool report) {
  const ifinfomsg info{};
  NetlinkMessage message{RTM_GETLINK, NLM_F_DUMP, std::as_bytes(std::span{&info, 1})};
  std::map<unsigned, Link> found;
  const auto visit = [&found](const nlmsghdr& answer) {
    if (Link link; parse_link(answer, link)) found.insert_or_assign(link.ifindex, std::move(link));
  };
  auto read = requests_.query(message, "list interfaces", visit, [&found] { found.clear(); }, Inconsistent::refuse);
  if (!read) return read;
  std::set<unsigned> gone;
  for (const auto& [ifindex, link] : links_)
    if (!found.contains(ifindex)) gone.insert(ifindex);
  for (const unsigned ifindex : gone) erase(ifindex, report);
  for (auto& [ifindex, link] : found) update(std::move(link), report);
  return {};
}

void LinkMonitor::update(Link link, bool report) {
  const auto [at, appeared] = links_.try_emplace(link.ifindex);
  if (appeared) {
    at->second = std::move(link);
    if (report) callback_({LinkChange::Kind::appeared, at->second, nullptr});
    return;
  }
  if (at->second == link) return;
  if (!link.carrier || !at->second.carrier) speeds_.erase(link.ifindex);
  const Link before = std::exchange(at->second, std::move(link));
  if (report) callback_({LinkChange::Kind::changed, at->second, &before});
}

void LinkMonitor::erase(unsigned ifindex, bool report) {
  const auto node = links_.extract(ifindex);
  if (node.empty()) return;
  speeds_.erase(ifindex);
  if (report) callback_({LinkChange::Kind::removed, node.mapped(), &node.mapped()});
}

const Link* LinkMonitor::find(unsigned ifindex) const noexcept {
  const auto at = links_.find(ifindex);
  return at == links_.end() ? nullptr : &at->second;
}

const Link* LinkMonitor::find(std::string_view name) const noexcept {
  const auto at = std::ranges::find_if(links_, [name](const auto& entry) { return entry.second.is_called(name); });
  return at == links_.end() ? nullptr : &at->second;
}

std::uint64_t LinkMonitor::speed(unsigned ifindex) {
  const Link* const link = find(ifindex);
  if (link == nullptr) return 0;
  const auto [at, ask] = speeds_.try_emplace(ifindex);
  if (ask) at->second = ask_speed(link->name) * 1'000'000;
  return at->second;
}

}  // namespace macsec::os
