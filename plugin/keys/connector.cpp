// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/keys/connector.hpp"

#include "dbus/bus/callback.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

namespace macsec::keys {

void Connector::begin(std::vector<SocketAddress> addresses) {
  left_ = std::move(addresses);
  std::ranges::reverse(left_);
  next();
}

/// False where it failed at once.
bool Connector::start(const SocketAddress& address) {
  Attempt& attempt = attempts_.emplace_back(
      *this, FileDescriptor{::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)});
  const auto* where =
      reinterpret_cast<const sockaddr*>(&address.storage);  // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
  sd_event_source* source = nullptr;
  if (attempt.socket && (::connect(attempt.socket.get(), where, address.size) == 0 || errno == EINPROGRESS)) {
    const int r =
        sd_event_add_io(event_, &source, attempt.socket.get(), EPOLLOUT, bus::callback<&Attempt::ready>, &attempt);
    attempt.io.reset(source);
    if (r >= 0) return true;
    errno = -r;
  }
  problem_ = std::string{"cannot connect: "} + std::strerror(errno);
  attempts_.pop_back();
  return false;
}

/// The next address, and a moment for it.
void Connector::next() {
  timer_.reset();
  bool started = false;
  while (!started && !left_.empty()) {
    const SocketAddress address = left_.back();
    left_.pop_back();
    started = start(address);
  }
  if (attempts_.empty()) return finish(fail(ECONNREFUSED, problem_));
  if (left_.empty()) return;
  sd_event_source* timer = nullptr;
  const auto usec = static_cast<std::uint64_t>(std::chrono::microseconds{head_start}.count());
  static_cast<void>(
      sd_event_add_time_relative(event_, &timer, CLOCK_BOOTTIME, usec, 10'000, bus::callback<&Connector::next>, this));
  timer_.reset(timer);
}

void Connector::ended(Attempt& attempt) {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(attempt.socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error == 0) return finish(std::move(attempt.socket));
  problem_ = std::string{"cannot connect: "} + std::strerror(error);
  std::erase_if(attempts_, [&](const Attempt& each) { return &each == &attempt; });
  next();
}

/// The last that happens: its hearer may end the connector.
void Connector::finish(Result<FileDescriptor> result) {
  timer_.reset();
  attempts_.clear();
  const Done done = std::exchange(done_, {});
  if (done) done(std::move(result));
}

}  // namespace macsec::keys
