// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/networkd/links.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

namespace macsec::networkd {
namespace {

constexpr std::size_t receive_size = 65536;

/// Calls `each(type, payload)` for every attribute.
template <typename Each>
void for_attributes(std::string_view octets, Each each) {
  while (octets.size() >= sizeof(rtattr)) {
    rtattr head{};
    std::memcpy(&head, octets.data(), sizeof head);
    if (head.rta_len < sizeof head || head.rta_len > octets.size()) return;
    each(head.rta_type & NLA_TYPE_MASK, octets.substr(sizeof head, head.rta_len - sizeof head));
    octets.remove_prefix(std::min(octets.size(), static_cast<std::size_t>(RTA_ALIGN(head.rta_len))));
  }
}

std::string text(std::string_view payload) { return std::string{payload.substr(0, payload.find('\0'))}; }

unsigned number(std::string_view payload) {
  std::uint32_t value = 0;
  if (payload.size() >= sizeof value) std::memcpy(&value, payload.data(), sizeof value);
  return value;
}

}  // namespace

Result<std::unique_ptr<Links>> Links::open(sd_event* event, std::function<void()> changed) {
  std::unique_ptr<Links> links{new Links{std::move(changed)}};
  links->socket_ = FileDescriptor{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE)};
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_LINK;
  if (!links->socket_ || ::bind(links->socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return fail(errno, std::string{"cannot listen for link changes: "} + std::strerror(errno));
  if (auto done = links->dump(); !done) return std::unexpected{done.error()};
  sd_event_source* source = nullptr;
  const int r = sd_event_add_io(event, &source, links->socket_.get(), EPOLLIN, on_readable, links.get());
  links->source_.reset(source);
  if (r < 0) return fail(-r, std::string{"cannot listen for link changes: "} + std::strerror(-r));
  return links;
}

/// Asks for all links; the answers come with the events.
Result<void> Links::dump() {
  struct {
    nlmsghdr head;
    ifinfomsg body;
  } request{};
  request.head.nlmsg_len = sizeof request;
  request.head.nlmsg_type = RTM_GETLINK;
  request.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.body.ifi_family = AF_UNSPEC;
  if (::send(socket_.get(), &request, sizeof request, 0) < 0)
    return fail(errno, std::string{"cannot list links: "} + std::strerror(errno));
  return {};
}

bool Links::take(const void* message, std::size_t size) {
  nlmsghdr head{};
  ifinfomsg body{};
  std::memcpy(&head, message, sizeof head);
  if ((head.nlmsg_type != RTM_NEWLINK && head.nlmsg_type != RTM_DELLINK) || size < NLMSG_SPACE(sizeof body))
    return false;
  const auto* octets = static_cast<const char*>(message);
  std::memcpy(&body, octets + NLMSG_HDRLEN, sizeof body);
  if (body.ifi_family != AF_UNSPEC) return false;  // a bridge speaks of its ports
  const auto ifindex = static_cast<unsigned>(body.ifi_index);
  if (head.nlmsg_type == RTM_DELLINK) return links_.erase(ifindex) != 0;
  Link link;
  bool elsewhere = false;
  for_attributes({octets + NLMSG_SPACE(sizeof body), size - NLMSG_SPACE(sizeof body)},
                 [&](int type, std::string_view payload) {
                   if (type == IFLA_IFNAME) link.name = text(payload);
                   if (type == IFLA_LINK) link.parent = number(payload);
                   if (type == IFLA_LINK_NETNSID) elsewhere = true;
                   if (type != IFLA_LINKINFO) return;
                   for_attributes(payload, [&link](int inner, std::string_view kind) {
                     if (inner == IFLA_INFO_KIND) link.macsec = text(kind) == "macsec";
                   });
                 });
  if (elsewhere) link.parent = 0;
  Link& known = links_[ifindex];
  if (known == link) return false;
  known = std::move(link);
  return true;
}

bool Links::read() {
  alignas(nlmsghdr) static std::array<char, receive_size> buffer;
  bool changed = false;
  for (;;) {
    const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == ENOBUFS) {
      links_.clear();
      changed = true;
      static_cast<void>(dump());
      continue;
    }
    if (size <= 0) return changed;
    for (std::size_t at = 0; at + sizeof(nlmsghdr) <= static_cast<std::size_t>(size);) {
      nlmsghdr head{};
      std::memcpy(&head, buffer.data() + at, sizeof head);
      if (head.nlmsg_len < sizeof head || head.nlmsg_len > static_cast<std::size_t>(size) - at) break;
      changed = take(buffer.data() + at, head.nlmsg_len) || changed;
      at += NLMSG_ALIGN(head.nlmsg_len);
    }
  }
}

std::string Links::parent_of(const std::string& name) const {
  for (const auto& [ifindex, link] : links_) {
    if (link.name != name || !link.macsec) continue;
    const auto parent = links_.find(link.parent);
    return parent == links_.end() ? std::string{} : parent->second.name;
  }
  return {};
}

int Links::on_readable(sd_event_source*, int, std::uint32_t, void* userdata) noexcept try {
  Links& links = *static_cast<Links*>(userdata);
  if (links.read()) links.changed_();
  return 0;
} catch (...) {
  return -ENOMEM;
}

}  // namespace macsec::networkd
