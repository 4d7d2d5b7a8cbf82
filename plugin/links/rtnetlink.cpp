// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/links/rtnetlink.hpp"

#include "dbus/bus/callback.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

namespace macsec {
namespace {

constexpr std::size_t datagram_size = 64UL * 1024;
constexpr unsigned most_dumps = 5;
constexpr std::uint64_t retry_after = 500'000;  ///< microseconds

std::unexpected<Error> socket_failure(const std::string& what) {
  const int code = errno;
  return fail(code, "cannot " + what + ": " + std::strerror(code));
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

std::string text_of(Bytes octets) {
  std::string text(octets.begin(), octets.end());
  return text.substr(0, text.find('\0'));
}

void read_info(Bytes info, LinkFacts& link) {
  Bytes data;
  for_attributes(info, [&](unsigned type, Bytes value) {
    if (type == IFLA_INFO_KIND) link.is_macsec = text_of(value) == "macsec";
    if (type == IFLA_INFO_DATA) data = value;
  });
  if (!link.is_macsec) return;
  for_attributes(data, [&](unsigned type, Bytes value) {
    if (type == IFLA_MACSEC_SCI && value.size() == 8) std::ranges::copy(value, link.sci.octets.begin());
    if (type == IFLA_MACSEC_CIPHER_SUITE) link.cipher_suite = cipher_suite_from_id(read_as<std::uint64_t>(value));
  });
}

/// Nothing where the message is about something else: a bridge tells of its ports in the same words.
std::optional<LinkFacts> read_link(Bytes message) {
  if (message.size() < sizeof(ifinfomsg)) return std::nullopt;
  const auto head = read_as<ifinfomsg>(message);
  if (head.ifi_family != AF_UNSPEC) return std::nullopt;
  LinkFacts link;
  link.ifindex = static_cast<unsigned>(head.ifi_index);
  bool elsewhere = false;
  for_attributes(message.subspan(sizeof(ifinfomsg)), [&](unsigned type, Bytes value) {
    if (type == IFLA_IFNAME) link.name = text_of(value);
    if (type == IFLA_LINK) link.parent = read_as<std::uint32_t>(value);
    if (type == IFLA_LINK_NETNSID) elsewhere = true;
    if (type == IFLA_LINKINFO) read_info(value, link);
  });
  if (elsewhere) link.parent = 0;
  return link;
}

/// One datagram; nothing where none waits. EMSGSIZE where it was cut.
Result<std::optional<Bytes>> receive(int fd, std::vector<std::uint8_t>& buffer) {
  buffer.resize(datagram_size);
  for (;;) {
    const ssize_t size = ::recv(fd, buffer.data(), buffer.size(), MSG_TRUNC);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return std::nullopt;
    if (size < 0) return socket_failure("read links");
    if (static_cast<std::size_t>(size) > buffer.size()) return fail(EMSGSIZE, "a message about links is too long");
    return Bytes{buffer}.first(static_cast<std::size_t>(size));
  }
}

Result<void> ask_for_all(int fd) {
  struct {
    nlmsghdr head{};
    ifinfomsg link{};
  } request;
  request.head.nlmsg_len = sizeof request;
  request.head.nlmsg_type = RTM_GETLINK;
  request.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  if (::send(fd, &request, sizeof request, 0) < 0) return socket_failure("ask for all links");
  return {};
}

/// One dump; EAGAIN where something changed meanwhile, so that some links may be in it twice and others not at all.
Result<std::vector<LinkFacts>> dump() {
  const auto fd = open_socket(0, 0);
  if (!fd) return std::unexpected{fd.error()};
  if (auto asked = ask_for_all(fd->get()); !asked) return std::unexpected{asked.error()};
  std::vector<LinkFacts> links;
  std::vector<std::uint8_t> buffer;
  int error = 0;
  for (bool done = false; !done;) {
    const auto datagram = receive(fd->get(), buffer);
    if (!datagram) return std::unexpected{datagram.error()};
    if (!*datagram || (*datagram)->empty()) return fail(EPIPE, "cannot read links: the kernel ended");
    for_messages(**datagram, [&](const nlmsghdr& head, Bytes payload) {
      if ((head.nlmsg_flags & NLM_F_DUMP_INTR) != 0 && error == 0) error = EAGAIN;
      done = done || head.nlmsg_type == NLMSG_DONE || head.nlmsg_type == NLMSG_ERROR;
      if (head.nlmsg_type == NLMSG_ERROR) error = -read_as<int>(payload);
      if (head.nlmsg_type != RTM_NEWLINK) return;
      if (auto link = read_link(payload)) links.push_back(std::move(*link));
    });
  }
  if (error != 0) return fail(error, std::string{"cannot read links: "} + std::strerror(error));
  return links;
}

}  // namespace

Result<std::vector<LinkFacts>> read_links() {
  for (unsigned left = most_dumps;; --left) {
    auto links = dump();
    if (links || links.error().code != EAGAIN || left == 1) return links;
  }
}

Result<std::unique_ptr<LinkEvents>> LinkEvents::open(sd_event* event, Callbacks callbacks) {
  auto fd = open_socket(RTMGRP_LINK, SOCK_NONBLOCK);
  if (!fd) return std::unexpected{fd.error()};
  std::unique_ptr<LinkEvents> events{new LinkEvents{event, std::move(*fd), std::move(callbacks)}};
  sd_event_source* source = nullptr;
  const int r =
      sd_event_add_io(event, &source, events->socket_.get(), EPOLLIN, bus::callback<&LinkEvents::read>, events.get());
  events->source_.reset(source);
  if (r < 0) return fail(-r, std::string{"cannot listen for link changes: "} + std::strerror(-r));
  return events;
}

void LinkEvents::read() {
  std::vector<std::uint8_t> buffer;
  bool lost = false;
  for (;;) {
    const auto datagram = receive(socket_.get(), buffer);
    if (!datagram) {
      const int code = datagram.error().code;
      lost = true;
      if (code == ENOBUFS || code == EMSGSIZE) continue;
      break;
    }
    if (!*datagram || (*datagram)->empty()) break;
    // What waits behind a gap is older than what read_again() finds.
    if (lost) continue;
    for_messages(**datagram, [this](const nlmsghdr& head, Bytes payload) {
      if (head.nlmsg_type != RTM_NEWLINK && head.nlmsg_type != RTM_DELLINK) return;
      const auto link = read_link(payload);
      if (link && head.nlmsg_type == RTM_NEWLINK) callbacks_.changed(*link);
      if (link && head.nlmsg_type == RTM_DELLINK) callbacks_.gone(link->ifindex);
    });
  }
  if (lost) read_again();
}

void LinkEvents::read_again() {
  retry_.reset();
  if (const auto links = read_links()) return callbacks_.all(*links);
  sd_event_source* source = nullptr;
  if (sd_event_add_time_relative(event_, &source, CLOCK_BOOTTIME, retry_after, 0,
                                 bus::callback<&LinkEvents::read_again>, this) >= 0)
    retry_.reset(source);
}

}  // namespace macsec
