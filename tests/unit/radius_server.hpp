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

/// A server on loopback that rejects or accepts everybody who asks, and takes any record.
class RadiusServerStub {
 public:
  /// `port` 0: any.
  RadiusServerStub(EventLoop& loop, int family, std::uint16_t port = 0) {
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
  bool accepts = false;
  std::vector<std::uint8_t> records{};   ///< Acct-Status-Type of each
  bool forges_first = false;             ///< sends an answer of another secret before its own
  bool silent = false;                   ///< answers no request
  unsigned ignores = 0;                  ///< so many packets more are as good as lost
  std::vector<std::uint16_t> sources{};  ///< port of each packet that came

 private:
  void answer() {
    std::array<std::uint8_t, max_radius_size> buffer{};
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const ssize_t got =
        ::recvfrom(socket_.get(), buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (got <= 0) return;
    if (ignores > 0) {
      --ignores;
      return;
    }
    sources.push_back(ntohs(reinterpret_cast<const sockaddr_in&>(from).sin_port));
    const Bytes request = Bytes{buffer}.first(static_cast<std::size_t>(got));
    const auto packet = read_radius(request);
    if (packet && RadiusCode{packet->code} == RadiusCode::accounting_request) {
      records.push_back(packet->find(RadiusAttributeType::acct_status_type)->back());
      test::RadiusAnswer response{RadiusCode::accounting_response, request, radius_secret};
      return send(response.without_message_authenticator().octets(), from, size);
    }
    if (silent) return;
    for (const std::string_view with : {std::string_view{"another secret"}, radius_secret}) {
      if (with != radius_secret && !forges_first) continue;
      test::RadiusAnswer answer{accepts ? RadiusCode::access_accept : RadiusCode::access_reject, request, with};
      if (accepts) answer.add_keys(std::vector<std::uint8_t>(64, 1)).add(RadiusAttributeType::eap_key_name, "session");
      send(answer.octets(), from, size);
    }
  }
  void send(const std::vector<std::uint8_t>& octets, const sockaddr_storage& to, socklen_t size) const {
    static_cast<void>(
        ::sendto(socket_.get(), octets.data(), octets.size(), 0, reinterpret_cast<const sockaddr*>(&to), size) > 0);
  }

  FileDescriptor socket_;
  bool bound_ = false;
  std::uint16_t port_ = 0;
  EventSource source_;
};

}  // namespace macsec::os
