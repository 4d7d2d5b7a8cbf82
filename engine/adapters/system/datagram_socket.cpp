// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/system/datagram_socket.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>

namespace macsec::os {
namespace {

struct Target {
  sockaddr_storage address{};
  socklen_t size = 0;
};

/// Nothing where `address` is none.
std::optional<Target> target_of(const std::string& address, std::uint16_t port) {
  Target out;
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

}  // namespace

std::unexpected<Error> DatagramSocket::failure(const char* doing, int code) const {
  return fail(code, std::string{"cannot "} + doing + " " + address_ + " port " + std::to_string(port_) + ": " +
                        std::strerror(code));
}

Result<DatagramSocket> DatagramSocket::connect(const std::string& address, std::uint16_t port) {
  const auto target = target_of(address, port);
  if (!target) return fail(EINVAL, "\"" + address + "\" is no IPv4 or IPv6 address");
  FileDescriptor fd{::socket(target->address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  const int code = errno;
  DatagramSocket out{std::move(fd), address, port};
  if (!out.fd_) return out.failure("open a socket for", code);
  if (const auto done = out.reconnect(); !done) return std::unexpected{done.error()};
  return out;
}

Result<void> DatagramSocket::reconnect() {
  const auto target = target_of(address_, port_);
  sockaddr nowhere{};
  nowhere.sa_family = AF_UNSPEC;
  static_cast<void>(::connect(fd_.get(), &nowhere, sizeof nowhere));
  if (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&target->address), target->size) != 0)
    return failure("reach", errno);
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
    if (size >= 0) return buffer.first(static_cast<std::size_t>(size));
    if (errno == EAGAIN || errno == EWOULDBLOCK) return std::nullopt;
    if (errno != EINTR) return failure("receive from", errno);
  }
}

}  // namespace macsec::os
