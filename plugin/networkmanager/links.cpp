// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/networkmanager/links.hpp"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

namespace macsec::nm {
namespace {

std::unexpected<Error> socket_failure(std::string_view what) {
  const int code = errno;
  return fail(code, fmt::format("cannot {}: {}", what, std::strerror(code)));
}

Result<FileDescriptor> open_socket(std::uint32_t groups, int flags) {
  FileDescriptor fd{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, NETLINK_ROUTE)};
  if (!fd) return socket_failure("open a netlink socket");
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = groups;
  const auto* where =
      reinterpret_cast<const sockaddr*>(&address);  // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
  if (::bind(fd.get(), where, sizeof address) < 0) return socket_failure("bind a netlink socket");
  return fd;
}

template <typename T>
T read_as(Bytes octets) noexcept {
  T value{};
  std::memcpy(&value, octets.data(), std::min(sizeof value, octets.size()));
  return value;
}

/// Calls `each(type, value)` for all attributes.
template <typename Each>
void for_attributes(Bytes octets, Each each) {
  while (octets.size() >= sizeof(rtattr)) {
    const auto head = read_as<rtattr>(octets);
    if (head.rta_len < sizeof(rtattr) || head.rta_len > octets.size()) return;
    each(static_cast<unsigned>(head.rta_type) & static_cast<unsigned>(NLA_TYPE_MASK),
         octets.subspan(sizeof(rtattr), head.rta_len - sizeof(rtattr)));
    octets = octets.subspan(std::min<std::size_t>(octets.size(), (head.rta_len + 3U) & ~3U));
  }
}

std::string text_of(Bytes octets) {
  std::string text(octets.begin(), octets.end());
  return text.substr(0, text.find('\0'));
}

std::optional<MacsecDevice> read_device(Bytes message) {
  if (message.size() < sizeof(ifinfomsg)) return std::nullopt;
  MacsecDevice device;
  device.ifindex = static_cast<unsigned>(read_as<ifinfomsg>(message).ifi_index);
  std::string kind;
  Bytes data;
  for_attributes(message.subspan(sizeof(ifinfomsg)), [&](unsigned type, Bytes value) {
    if (type == IFLA_IFNAME) device.name = text_of(value);
    if (type == IFLA_LINK) device.parent = read_as<std::uint32_t>(value);
    if (type == IFLA_LINKINFO)
      for_attributes(value, [&](unsigned inner, Bytes info) {
        if (inner == IFLA_INFO_KIND) kind = text_of(info);
        if (inner == IFLA_INFO_DATA) data = info;
      });
  });
  if (kind != "macsec") return std::nullopt;
  for_attributes(data, [&](unsigned type, Bytes value) {
    if (type == IFLA_MACSEC_SCI && value.size() == 8) std::ranges::copy(value, device.sci.octets.begin());
    if (type == IFLA_MACSEC_CIPHER_SUITE) device.cipher_suite = cipher_suite_from_id(read_as<std::uint64_t>(value));
  });
  return device;
}

/// Calls `each(header, payload)` for all messages of a datagram.
template <typename Each>
void for_messages(Bytes octets, Each each) {
  while (octets.size() >= sizeof(nlmsghdr)) {
    const auto head = read_as<nlmsghdr>(octets);
    if (head.nlmsg_len < sizeof(nlmsghdr) || head.nlmsg_len > octets.size()) return;
    each(head, octets.subspan(sizeof(nlmsghdr), head.nlmsg_len - sizeof(nlmsghdr)));
    octets = octets.subspan(std::min<std::size_t>(octets.size(), (head.nlmsg_len + 3U) & ~3U));
  }
}

constexpr std::size_t datagram_size = 64 * 1024;

}  // namespace

Result<std::vector<MacsecDevice>> macsec_devices() {
  const auto fd = open_socket(0, 0);
  if (!fd) return std::unexpected{fd.error()};
  struct {
    nlmsghdr head{};
    ifinfomsg link{};
  } request;
  request.head.nlmsg_len = sizeof request;
  request.head.nlmsg_type = RTM_GETLINK;
  request.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  if (::send(fd->get(), &request, sizeof request, 0) < 0) return socket_failure("ask for all links");
  std::vector<MacsecDevice> devices;
  std::vector<std::uint8_t> buffer(datagram_size);
  for (bool done = false; !done;) {
    const ssize_t size = ::recv(fd->get(), buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return socket_failure("read all links");
    for_messages(Bytes{buffer}.first(static_cast<std::size_t>(size)), [&](const nlmsghdr& head, Bytes payload) {
      if (head.nlmsg_type == NLMSG_DONE || head.nlmsg_type == NLMSG_ERROR) done = true;
      if (head.nlmsg_type != RTM_NEWLINK) return;
      if (auto device = read_device(payload)) devices.push_back(std::move(*device));
    });
    if (size == 0) done = true;
  }
  return devices;
}

unsigned interface_index(const std::string& name) noexcept { return ::if_nametoindex(name.c_str()); }

Result<std::unique_ptr<LinkWatch>> LinkWatch::open(sd_event* event, std::function<void(unsigned)> gone) {
  auto fd = open_socket(RTMGRP_LINK, SOCK_NONBLOCK);
  if (!fd) return std::unexpected{fd.error()};
  std::unique_ptr<LinkWatch> watch{new LinkWatch{std::move(*fd), std::move(gone)}};
  sd_event_source* source = nullptr;
  const int r = sd_event_add_io(event, &source, watch->socket_.get(), EPOLLIN, on_readable, watch.get());
  if (r < 0) return fail(-r, "cannot watch a netlink socket");
  watch->source_.reset(source);
  return watch;
}

void LinkWatch::read() {
  std::vector<std::uint8_t> buffer(datagram_size);
  std::vector<unsigned> gone;
  bool lost = false;
  for (;;) {
    const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == ENOBUFS) {
      lost = true;
      continue;
    }
    if (size <= 0) break;
    for_messages(Bytes{buffer}.first(static_cast<std::size_t>(size)), [&](const nlmsghdr& head, Bytes payload) {
      if (head.nlmsg_type != RTM_DELLINK || payload.size() < sizeof(ifinfomsg)) return;
      const auto info = read_as<ifinfomsg>(payload);
      if (info.ifi_family == AF_UNSPEC) gone.push_back(static_cast<unsigned>(info.ifi_index));  // else a bridge port
    });
  }
  if (lost) gone.push_back(0);
  for (const unsigned ifindex : gone) gone_(ifindex);
}

int LinkWatch::on_readable(sd_event_source*, int, std::uint32_t, void* userdata) noexcept try {
  static_cast<LinkWatch*>(userdata)->read();
  return 0;
} catch (...) {
  return -ENOMEM;
}

}  // namespace macsec::nm
