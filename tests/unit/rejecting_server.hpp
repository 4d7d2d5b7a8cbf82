// SPDX-License-Identifier: LGPL-2.1-or-later
/// A RADIUS server in the loop of a test.
#pragma once

#include "engine/adapters/system/event_loop.hpp"
#include "tests/eap/radius_answer.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace macsec::os {

inline constexpr std::string_view radius_secret = "xyzzy5461xyzzy54";

/// A server on loopback that rejects everybody who asks.
class Rejecting {
 public:
  /// `port` 0: any.
  Rejecting(EventLoop& loop, int family, std::uint16_t port = 0) {
    socket_ = FileDescriptor{::socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    sockaddr_storage address{};
    address.ss_family = static_cast<sa_family_t>(family);
    auto& v4 = reinterpret_cast<sockaddr_in&>(address);
    auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
    (family == AF_INET ? v4.sin_port : v6.sin6_port) = htons(port);
    if (family == AF_INET)
      v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else
      v6.sin6_addr = in6addr_loopback;
    socklen_t size = sizeof address;
    bound_ = ::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0 &&
             ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0;
    port_ = ntohs(family == AF_INET ? v4.sin_port : v6.sin6_port);
    source_ = std::move(*loop.on_readable(socket_.get(), [this] { answer(); }));
  }
  [[nodiscard]] bool bound() const noexcept { return bound_; }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  bool forges_first = false;  ///< sends an answer of another secret before its own

 private:
  void answer() {
    std::array<std::uint8_t, max_radius_size> buffer{};
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const ssize_t got =
        ::recvfrom(socket_.get(), buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (got <= 0) return;
    const Bytes request = Bytes{buffer}.first(static_cast<std::size_t>(got));
    for (const std::string_view with : {std::string_view{"another secret"}, radius_secret}) {
      if (with != radius_secret && !forges_first) continue;
      const auto octets = test::RadiusAnswer{RadiusCode::access_reject, request, with}.octets();
      static_cast<void>(
          ::sendto(socket_.get(), octets.data(), octets.size(), 0, reinterpret_cast<const sockaddr*>(&from), size) > 0);
    }
  }

  FileDescriptor socket_;
  bool bound_ = false;
  std::uint16_t port_ = 0;
  EventSource source_;
};

}  // namespace macsec::os
