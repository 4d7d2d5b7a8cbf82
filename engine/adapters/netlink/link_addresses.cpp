// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/netlink/link_addresses.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

namespace macsec::os {
namespace {

bool is_kept(const nlmsghdr& message, const ifaddrmsg& address, unsigned ifindex) {
  const Attributes<IFA_FLAGS> attributes{attributes_of<ifaddrmsg>(message)};
  const auto flags = attributes.has(IFA_FLAGS) ? attributes.number(IFA_FLAGS) : address.ifa_flags;
  return message.nlmsg_type == RTM_NEWADDR && address.ifa_index == ifindex &&
         (address.ifa_family == AF_INET || (flags & IFA_F_TEMPORARY) == 0);
}

bool is_kept(const nlmsghdr& message, const rtmsg& route, unsigned ifindex) {
  const Attributes<RTA_CACHEINFO> attributes{attributes_of<rtmsg>(message)};
  // One that runs out is of the kernel's making, and comes again with the next router advertisement.
  rta_cacheinfo info{};
  const Bytes cache = attributes[RTA_CACHEINFO];
  if (!cache.empty()) std::memcpy(&info, cache.data(), std::min(sizeof(info), cache.size()));
  return info.rta_expires == 0 && message.nlmsg_type == RTM_NEWROUTE && attributes.number(RTA_OIF) == ifindex &&
         route.rtm_type == RTN_UNICAST && route.rtm_table != RT_TABLE_LOCAL && (route.rtm_flags & RTM_F_CLONED) == 0;
}

bool has_several_hops(const ifaddrmsg&, Bytes, unsigned) { return false; }
bool has_several_hops(const rtmsg&, Bytes attributes, unsigned ifindex) {
  Bytes hops = Attributes<RTA_MULTIPATH>{attributes}[RTA_MULTIPATH];
  for (rtnexthop hop{}; hops.size() >= sizeof(hop);) {
    std::memcpy(&hop, hops.data(), sizeof(hop));
    if (hop.rtnh_ifindex == static_cast<int>(ifindex)) return true;
    if (hop.rtnh_len < sizeof(hop)) break;
    hops = hops.subspan(std::min<std::size_t>(RTNH_ALIGN(hop.rtnh_len), hops.size()));
  }
  return false;
}

bool is_wanted(const ifaddrmsg&, LinkAddresses::Routes) { return true; }
bool is_wanted(const rtmsg& route, LinkAddresses::Routes routes) {
  if (routes == LinkAddresses::Routes::configured) return LinkAddresses::is_configured(route.rtm_protocol);
  return route.rtm_protocol != RTPROT_RA;
}

}  // namespace

Result<LinkAddresses> LinkAddresses::save(NetlinkSocket& route, unsigned ifindex, Routes routes) {
  LinkAddresses out;
  const auto keep = [&out]<typename Header>(const nlmsghdr& message, const Header& header) {
    Saved& one = out.saved_.emplace_back();
    one.type = message.nlmsg_type;
    const auto octets = std::as_bytes(std::span{&header, 1});
    one.header.assign(octets.begin(), octets.end());
    each_attribute(attributes_of<Header>(message), [&one](const Attribute& attribute) {
      if (one.type == RTM_NEWROUTE && attribute.type == RTA_OIF) return;
      one.attributes.emplace_back(attribute.type | attribute.flags,
                                  std::vector<std::uint8_t>{attribute.data.begin(), attribute.data.end()});
    });
  };
  const auto gather = [&]<typename Header>(std::uint16_t type, const Header& ask, std::string_view doing) {
    const std::size_t before = out.saved_.size();
    NetlinkMessage message{type, NLM_F_DUMP, std::as_bytes(std::span{&ask, 1})};
    if (type == RTM_GETROUTE) message.put_u32(RTA_OIF, ifindex);
    return route.query(
        message, doing,
        [&](const nlmsghdr& answer) {
          const auto* const header = header_of<Header>(answer);
          if (header != nullptr && is_kept(answer, *header, ifindex) && is_wanted(*header, routes))
            keep(answer, *header);
          else if (header != nullptr && has_several_hops(*header, attributes_of<Header>(answer), ifindex))
            out.left_out_ = true;
        },
        [&] { out.saved_.resize(before); });
  };
  ifaddrmsg addresses{};
  addresses.ifa_index = ifindex;
  if (auto done = gather(RTM_GETADDR, addresses, "list addresses"); !done) return std::unexpected{done.error()};
  for (const int family : {AF_INET, AF_INET6}) {
    rtmsg ask{};
    ask.rtm_family = static_cast<unsigned char>(family);
    if (auto done = gather(RTM_GETROUTE, ask, "list routes"); !done) return std::unexpected{done.error()};
  }
  return out;
}

bool LinkAddresses::is_configured(unsigned char protocol) noexcept {
  return protocol <= RTPROT_STATIC || protocol == RTPROT_DHCP || protocol == RTPROT_RA;
}

std::optional<LinkAddresses::Saved> LinkAddresses::aged(const Saved& one, const Lifetimes& lifetimes) {
  Saved out = one;
  if (one.type != RTM_NEWADDR) return out;
  for (auto& [type, data] : out.attributes) {
    if (ifa_cacheinfo info{}; type == IFA_CACHEINFO && data.size() == sizeof(info)) {
      std::memcpy(&info, data.data(), sizeof(info));
      const auto left = [&](std::uint32_t seconds) {
        constexpr std::uint32_t for_ever = 0xffffffff;
        const auto here = one.put_back ? lifetimes.passed - *one.put_back : std::chrono::seconds{0};
        const auto rest =
            std::min<std::int64_t>(seconds - lifetimes.passed.count(), (lifetimes.longest - here).count());
        return seconds == for_ever ? for_ever : static_cast<std::uint32_t>(std::max<std::int64_t>(rest, 0));
      };
      info.ifa_valid = left(info.ifa_valid);
      info.ifa_prefered = left(info.ifa_prefered);
      if (info.ifa_valid == 0) return std::nullopt;
      std::memcpy(data.data(), &info, sizeof(info));
    }
    if (std::uint32_t flags = 0; type == IFA_FLAGS && data.size() == sizeof(flags)) {
      std::memcpy(&flags, data.data(), sizeof(flags));
      // It was ours a moment ago: nobody else has it.
      if ((flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) == 0) flags |= IFA_F_NODAD;
      std::memcpy(data.data(), &flags, sizeof(flags));
    }
  }
  return out;
}

Result<void> LinkAddresses::send(NetlinkSocket& route, unsigned ifindex, const Saved& one, std::uint16_t type) {
  const bool address = one.type == RTM_NEWADDR;
  const bool put_back = type == one.type;
  std::vector<std::byte> header = one.header;
  if (address) {
    reinterpret_cast<ifaddrmsg*>(header.data())->ifa_index = ifindex;
  } else {
    // What the kernel found out about the way to the next hop is not for us to say.
    reinterpret_cast<rtmsg*>(header.data())->rtm_flags &= RTNH_F_ONLINK | RTNH_F_PERVASIVE;
  }
  NetlinkMessage message{type, put_back ? NLM_F_CREATE | NLM_F_EXCL : 0, header};
  for (const auto& [attribute, data] : one.attributes) message.put(attribute, data);
  if (!address) message.put_u32(RTA_OIF, ifindex);
  if (!put_back) return route.request(message, address ? "take an address off" : "take a route off");
  return route.request(message, address ? "put an address back" : "put a route back");
}

Result<void> LinkAddresses::restore(NetlinkSocket& route, unsigned ifindex, const Lifetimes& lifetimes) {
  // A route to a gateway wants the route to the gateway's network first: what is refused is tried again while others
  // succeed.
  std::vector<Saved*> waiting;
  for (Saved& one : saved_) waiting.push_back(&one);
  Result<void> first;
  for (std::size_t before = 0; before != waiting.size();) {
    before = waiting.size();
    first = {};
    std::erase_if(waiting, [&](Saved* one) {
      const auto now = aged(*one, lifetimes);
      if (!now) return true;
      auto done = send(route, ifindex, *now, now->type);
      if (done && !one->put_back) one->put_back = lifetimes.passed;
      if (!done && done.error().code == EEXIST) return true;
      if (!done && first) first = done;
      return done.has_value();
    });
  }
  return first;
}

Result<void> LinkAddresses::remove(NetlinkSocket& route, unsigned ifindex) const {
  Result<void> first;
  for (auto one = saved_.rbegin(); one != saved_.rend(); ++one) {
    if (!one->put_back) continue;
    auto done = send(route, ifindex, *one, one->type == RTM_NEWADDR ? RTM_DELADDR : RTM_DELROUTE);
    if (done || !first) continue;
    // Gone: with the device, with its address, or by another hand.
    if (const int code = done.error().code; code != ENODEV && code != EADDRNOTAVAIL && code != ESRCH) first = done;
  }
  return first;
}

}  // namespace macsec::os
