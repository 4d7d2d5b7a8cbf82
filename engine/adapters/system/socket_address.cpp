// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/system/socket_address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

namespace macsec::os {

std::optional<SocketAddress> SocketAddress::from_text(const std::string& address, std::uint16_t port) {
  SocketAddress out;
  auto& v4 = reinterpret_cast<sockaddr_in&>(out.address);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(out.address);
  if (::inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    out.size = sizeof v4;
    return out;
  }
  if (::inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) != 1) return std::nullopt;
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  out.size = sizeof v6;
  return out;
}

SocketAddress SocketAddress::of_socket(int socket) noexcept {
  SocketAddress out{.size = sizeof out.address};
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&out.address), &out.size) != 0) out.size = 0;
  return out;
}

std::uint16_t SocketAddress::port() const noexcept {
  return ntohs(family() == AF_INET ? reinterpret_cast<const sockaddr_in&>(address).sin_port
                                   : reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
}

SocketAddress SocketAddress::any(std::uint16_t port) const noexcept {
  SocketAddress out{.size = size};
  out.address.ss_family = address.ss_family;
  (family() == AF_INET ? reinterpret_cast<sockaddr_in&>(out.address).sin_port
                       : reinterpret_cast<sockaddr_in6&>(out.address).sin6_port) = htons(port);
  return out;
}

}  // namespace macsec::os
