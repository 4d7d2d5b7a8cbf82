// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/netlink/netlink_events.hpp"

#include <cerrno>
#include <cstring>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <utility>

namespace macsec::os {
namespace {

constexpr int event_buffer = 8 << 20;  // a thousand links that all change at once

std::unexpected<Error> failure(const char* doing, int code) {
  return fail(code, std::string{"cannot "} + doing + ": " + std::strerror(code));
}

}  // namespace

NetlinkEvents::NetlinkEvents(NetlinkReader reader, Listener listener)
    : reader_{std::move(reader)},
      listener_{std::move(listener)},
      timer_{::timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC)},
      ready_{::epoll_create1(EPOLL_CLOEXEC)} {}

Result<NetlinkEvents> NetlinkEvents::open(std::initializer_list<int> groups, Listener listener,
                                          const sock_fprog* filter) {
  auto reader = NetlinkReader::open(NETLINK_ROUTE, SOCK_NONBLOCK);
  if (!reader) return std::unexpected{std::move(reader.error())};
  NetlinkEvents out{std::move(*reader), std::move(listener)};
  const int socket = out.reader_.fd();
  if (filter != nullptr && ::setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, filter, sizeof(*filter)) != 0)
    return failure("filter the kernel's messages", errno);
  if (::setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &event_buffer, sizeof(event_buffer)) != 0)
    static_cast<void>(::setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &event_buffer, sizeof(event_buffer)));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return failure("listen for the kernel's messages", errno);
  for (const int group : groups)
    if (::setsockopt(socket, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) != 0)
      return failure("listen for the kernel's messages", errno);
  for (const int fd : {socket, out.timer_.get()}) {
    epoll_event event{.events = EPOLLIN, .data = {}};
    if (::epoll_ctl(out.ready_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
      return failure("wait for the kernel's messages", errno);
  }
  return out;
}

void NetlinkEvents::arm(std::chrono::milliseconds pause) noexcept {
  itimerspec when{};
  when.it_value.tv_sec = pause.count() / 1000;
  when.it_value.tv_nsec = pause.count() % 1000 * 1'000'000 + 1;  // zero would disarm it
  static_cast<void>(::timerfd_settime(timer_.get(), 0, &when, nullptr));
}

void NetlinkEvents::lost() noexcept {
  stale_ = true;
  arm(std::chrono::milliseconds{0});
}

Result<void> NetlinkEvents::process() {
  std::uint64_t fired = 0;
  const bool due = ::read(timer_.get(), &fired, sizeof(fired)) == sizeof(fired);
  for (int left = budget; left > 0;) {
    const NetlinkReader::Read read = reader_.read();
    if (read.error == EAGAIN) {
      const bool now = std::exchange(overrun_, false) || (due && stale_);
      return now ? catch_up() : Result<void>{};
    }
    if (read.error == ENOBUFS || read.cut) {
      overrun_ = true;
      continue;
    }
    if (read.error != 0) return failure("read the kernel's messages", read.error);
    if (read.foreign || overrun_) continue;
    --left;
    NetlinkMessages messages{read.octets};
    while (const nlmsghdr* const message = messages.next()) listener_.message(*message);
  }
  if (due && stale_) arm(std::chrono::milliseconds{0});  // behind what still waits
  return {};
}

Result<void> NetlinkEvents::catch_up() {
  stale_ = true;
  auto done = listener_.resync();
  if (done) {
    stale_ = false;
    problem_.clear();
    return done;
  }
  arm(retry_pause);
  if (problem_ == done.error().message) return {};
  problem_ = done.error().message;
  return done;
}

}  // namespace macsec::os
