// SPDX-License-Identifier: LGPL-2.1-or-later
/// Numeric addresses as sockets take them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <sys/socket.h>

namespace macsec::os {

struct SocketAddress {
  sockaddr_storage address{};
  socklen_t size = 0;

  /// Nothing where `address` is neither IPv4 nor IPv6.
  [[nodiscard]] static std::optional<SocketAddress> from_text(const std::string& address, std::uint16_t port);
  /// What a socket is bound to; size 0 where that cannot be said.
  [[nodiscard]] static SocketAddress of_socket(int socket) noexcept;

  [[nodiscard]] const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&address); }
  [[nodiscard]] int family() const noexcept { return address.ss_family; }
  [[nodiscard]] std::uint16_t port() const noexcept;
  /// Any address of this host, of the same family.
  [[nodiscard]] SocketAddress any(std::uint16_t port) const noexcept;
};

}  // namespace macsec::os
