// SPDX-License-Identifier: LGPL-2.1-or-later
/// A UDP socket to one address and port: the kernel lets nothing else in, and tells where nobody listens there.
#pragma once

#include "engine/base/bytes.hpp"
#include "engine/base/handle.hpp"
#include "engine/base/result.hpp"

#include <optional>
#include <string>

namespace macsec::os {

class DatagramSocket {
 public:
  /// `address` is numeric, IPv4 or IPv6. Nothing blocks.
  [[nodiscard]] static Result<DatagramSocket> connect(const std::string& address, std::uint16_t port);

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// Takes the source address that routes ask for now and keeps the source port: what was sent is known by it.
  [[nodiscard]] Result<void> reconnect();
  [[nodiscard]] Result<void> send(Bytes octets);
  /// The next datagram; nothing where none waits, or where the last reconnect() failed. An error may be that of a datagram that was
  /// sent.
  [[nodiscard]] Result<std::optional<Bytes>> receive(MutableBytes buffer);

 private:
  DatagramSocket(FileDescriptor fd, std::string address, std::uint16_t port)
      : fd_{std::move(fd)}, address_{std::move(address)}, port_{port} {}
  [[nodiscard]] std::unexpected<Error> failure(const char* doing, int code) const;

  FileDescriptor fd_;
  std::string address_;
  std::uint16_t port_;
  std::uint16_t own_port_ = 0;  ///< 0: the kernel has not chosen one yet
  bool connected_ = false;
};

}  // namespace macsec::os
