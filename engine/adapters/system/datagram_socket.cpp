// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/system/datagram_socket.hpp"

#include "engine/adapters/system/socket_address.hpp"

#include <cerrno>
#include <cstring>

namespace macsec::os {

std::unexpected<Error> DatagramSocket::failure(const char* doing, int code) const {
  return fail(code, std::string{"cannot "} + doing + " " + address_ + " port " + std::to_string(port_) + ": " +
                        std::strerror(code));
}

Result<DatagramSocket> DatagramSocket::connect(const std::string& address, std::uint16_t port) {
  const auto target = SocketAddress::from_text(address, port);
  if (!target) return fail(EINVAL, "\"" + address + "\" is no IPv4 or IPv6 address");
  FileDescriptor fd{::socket(target->family(), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  const int code = errno;
  DatagramSocket out{std::move(fd), address, port};
  if (!out.fd_) return out.failure("open a socket for", code);
  if (const auto done = out.reconnect(); !done) return std::unexpected{done.error()};
  return out;
}

Result<void> DatagramSocket::reconnect() {
  const auto target = SocketAddress::from_text(address_, port_);
  sockaddr nowhere{};
  nowhere.sa_family = AF_UNSPEC;
  connected_ = false;
  static_cast<void>(::connect(fd_.get(), &nowhere, sizeof nowhere));
  // Disconnecting gives a port back that the kernel chose; where it is taken meanwhile, it chooses another.
  if (const SocketAddress own = target->any(own_port_); own_port_ != 0)
    static_cast<void>(::bind(fd_.get(), own.get(), own.size));
  if (::connect(fd_.get(), target->get(), target->size) != 0) return failure("reach", errno);
  connected_ = true;
  own_port_ = SocketAddress::of_socket(fd_.get()).port();
  return {};
}

Result<void> DatagramSocket::send(Bytes octets) {
  // The first attempt may only bring back what became of a datagram before this one.
  for (int attempt = 0;; ++attempt) {
    if (::send(fd_.get(), octets.data(), octets.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return {};
    if (errno != EINTR && (errno != ECONNREFUSED || attempt > 0)) return failure("send to", errno);
  }
}

Result<std::optional<Bytes>> DatagramSocket::receive(MutableBytes buffer) {
  for (;;) {
    const ssize_t size = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size >= 0 && !connected_) return std::nullopt;  // it may be of anybody
    if (size >= 0) return buffer.first(static_cast<std::size_t>(size));
    if (errno == EAGAIN || errno == EWOULDBLOCK) return std::nullopt;
    if (errno != EINTR) return failure("receive from", errno);
  }
}

}  // namespace macsec::os
