// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/configuration_keeper.hpp"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstddef>
#include <linux/filter.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

namespace macsec::os {
namespace {

using namespace std::chrono_literals;

/// DHCP may give another address than the one that is put back.
constexpr auto longest_lifetime = 60s;
/// Within a minute: somebody does not want it, and takes it off each time.
constexpr unsigned most_turns = 100;
constexpr auto turns_span = 60s;

/// Lets only those messages in that are about a configuration, see LinkAddresses::is_configured(): whatever a routing
/// daemon does costs nothing here.
std::array<sock_filter, 9> configuration_filter() {
  return {{
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(nlmsghdr, nlmsg_type)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWROUTE), 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELROUTE), 0, 5),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, NLMSG_HDRLEN + offsetof(rtmsg, rtm_protocol)),
      BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, RTPROT_STATIC, 0, 3),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RTPROT_DHCP, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RTPROT_RA, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
  }};
}

struct Change {
  unsigned ifindex = 0;  ///< 0: none that matters
  bool taken_off = false;
};

Change read_change(const nlmsghdr& message) {
  if (message.nlmsg_type == RTM_NEWADDR || message.nlmsg_type == RTM_DELADDR) {
    const auto* const address = header_of<ifaddrmsg>(message);
    if (address == nullptr) return {};
    return {address->ifa_index, message.nlmsg_type == RTM_DELADDR};
  }
  if (message.nlmsg_type == RTM_NEWROUTE || message.nlmsg_type == RTM_DELROUTE) {
    const auto* const route = header_of<rtmsg>(message);
    if (route == nullptr) return {};
    const Attributes<RTA_OIF> attributes{attributes_of<rtmsg>(message)};
    return {static_cast<unsigned>(attributes.number(RTA_OIF)),
            message.nlmsg_type == RTM_DELROUTE && route->rtm_type == RTN_UNICAST && route->rtm_table != RT_TABLE_LOCAL};
  }
  return {};
}

Result<void> set_up(NetlinkSocket& requests, unsigned ifindex) {
  ifinfomsg info{};
  info.ifi_index = static_cast<int>(ifindex);
  info.ifi_flags = info.ifi_change = IFF_UP;
  NetlinkMessage message{RTM_SETLINK, 0, std::as_bytes(std::span{&info, 1})};
  return requests.request(message, "set the interface up again");
}

}  // namespace

Result<void> ConfigurationKeeper::open() {
  auto requests = NetlinkSocket::open(NETLINK_ROUTE);
  if (!requests) return std::unexpected{std::move(requests.error())};
  auto program = configuration_filter();
  const sock_fprog filter{.len = program.size(), .filter = program.data()};
  auto events = NetlinkEvents::open(
      {RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE},
      {.message = [this](const nlmsghdr& message) { take(message); }, .resync = [this] { return messages_lost(); }},
      &filter);
  if (!events) return std::unexpected{std::move(events.error())};
  auto source = loop_.on_readable(events->fd(), [this] { process(); });
  if (!source) return std::unexpected{source.error()};
  requests_ = std::move(*requests);
  events_ = std::move(*events);
  source_ = std::move(*source);
  return {};
}

ConfigurationKeeper::Device* ConfigurationKeeper::watch(unsigned ifindex) {
  if (const auto known = devices_.find(ifindex); known != devices_.end()) return &known->second;
  if (!events_)
    if (const auto done = open(); !done) {
      complain_(ifindex, done.error().message);
      return nullptr;
    }
  auto timer = loop_.timer([this, ifindex] { on_lasted(ifindex); });
  if (!timer) {
    complain_(ifindex, timer.error().message);
    return nullptr;
  }
  Device& device = devices_[ifindex];
  device.lasted = std::move(*timer);
  read(ifindex, device);
  return &device;
}

void ConfigurationKeeper::set(unsigned ifindex, KeepConfiguration how) {
  if (how == KeepConfiguration::no) {
    if (const auto at = devices_.find(ifindex); at != devices_.end() && at->second.state != State::watched)
      if (const auto done = at->second.configuration.remove(*requests_, ifindex); !done)
        complain_(ifindex, done.error().message);
    return forget(ifindex);
  }
  Device* const device = watch(ifindex);
  if (device == nullptr) return;
  if (how == KeepConfiguration::yes) {
    device->state = State::kept;
    device->turns = 0;
    device->lasted.disarm();
    put_back(ifindex, *device);
  } else if (device->state == State::kept) {
    device->state = State::handed_over;
    device->lasted.arm(boot_time() + lasting);
  }
}

void ConfigurationKeeper::is_down(unsigned ifindex) {
  const auto at = devices_.find(ifindex);
  if (at == devices_.end() || at->second.state == State::watched) return;
  at->second.down = true;
  put_back(ifindex, at->second);
}

void ConfigurationKeeper::forget(unsigned ifindex) {
  devices_.erase(ifindex);
  if (!devices_.empty()) return;
  source_ = {};
  events_.reset();
  requests_.reset();
}

void ConfigurationKeeper::process() {
  if (const auto done = events_->process(); !done)
    for (const auto& [ifindex, device] : devices_) complain_(ifindex, done.error().message);
  // Not one by one: most of what goes at once comes back at once.
  for (auto& [ifindex, device] : devices_)
    if (device.due) put_back(ifindex, device);
}

void ConfigurationKeeper::take(const nlmsghdr& message) {
  const Change change = read_change(message);
  const auto at = devices_.find(change.ifindex);
  if (at == devices_.end()) return;
  Device& device = at->second;
  if (device.state != State::kept) device.lasted.arm(boot_time() + lasting);
  // What the kernel refused it may take now: it takes no IPv6 address while IPv6 is disabled, or a device down.
  if (device.state != State::watched && (change.taken_off || device.incomplete)) device.due = true;
}

/// Nothing is read here: what a device has is read once it has lasted, and putting back does not ask what is missing.
Result<void> ConfigurationKeeper::messages_lost() {
  for (auto& [ifindex, device] : devices_) {
    if (device.state != State::kept) device.lasted.arm(boot_time() + lasting);
    device.due = device.state != State::watched;
  }
  return {};
}

void ConfigurationKeeper::on_lasted(unsigned ifindex) {
  Device& device = devices_.at(ifindex);
  if (device.state == State::kept) return put_back(ifindex, device);  // what was taken off too often
  if (device.state == State::handed_over && device.incomplete) complain_(ifindex, device.problem);
  device.state = State::watched;
  read(ifindex, device);
}

void ConfigurationKeeper::read(unsigned ifindex, Device& device) {
  device.read_at = boot_time();
  auto read = LinkAddresses::save(*requests_, ifindex, LinkAddresses::Routes::configured);
  if (!read) return complain_(ifindex, read.error().message);
  device.configuration = std::move(*read);
}

void ConfigurationKeeper::put_back(unsigned ifindex, Device& device) {
  device.due = false;
  const Time now = boot_time();
  if (now - device.turns_since > turns_span) {
    device.turns = 0;
    device.turns_since = now;
  }
  if (device.turns >= most_turns) return;
  if (++device.turns == most_turns) {
    complain_(ifindex, "addresses and routes are taken off again and again: not put back for a minute");
    if (device.state == State::kept) device.lasted.arm(device.turns_since + turns_span + 1ms);
  }
  if (std::exchange(device.down, false))
    if (const auto done = set_up(*requests_, ifindex); !done && done.error().code != ENODEV)
      complain_(ifindex, done.error().message);
  const auto passed = std::chrono::duration_cast<std::chrono::seconds>(now - device.read_at);
  const auto done = device.configuration.restore(*requests_, ifindex, {.passed = passed, .longest = longest_lifetime});
  device.incomplete = !done;
  device.problem = done ? "" : done.error().message;
}

}  // namespace macsec::os
