// SPDX-License-Identifier: LGPL-2.1-or-later
/// Requests to the kernel over netlink, answered before the call returns.
#pragma once

#include "engine/adapters/netlink/netlink_message.hpp"
#include "engine/base/handle.hpp"
#include "engine/base/result.hpp"

#include <functional>
#include <memory>
#include <string_view>

namespace macsec::os {

/// Reads datagrams of the kernel from a netlink socket.
class NetlinkReader {
 public:
  struct Read {
    int error = 0;         ///< errno: EAGAIN nothing waits, ENOBUFS messages were lost
    bool cut = false;      ///< it was larger than any buffer the kernel is asked to fill
    bool foreign = false;  ///< of another process
    Bytes octets{};        ///< until the next read
  };

  /// `protocol` is NETLINK_ROUTE or NETLINK_GENERIC; `flags` as of socket().
  [[nodiscard]] static Result<NetlinkReader> open(int protocol, int flags = 0);
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] Read read() noexcept;

 private:
  NetlinkReader() = default;
  FileDescriptor fd_;
  std::unique_ptr<std::uint8_t[]> buffer_;
};

/// What becomes of a dump during which the kernel's table changed each time it was asked.
enum class Inconsistent : std::uint8_t { accept, refuse };

/// A netlink socket that hears answers only, no multicast. Errors carry what was being done, the errno and the kernel's
/// own words: "cannot create macsec0: Device or resource busy (macsec: ...)".
class NetlinkSocket {
 public:
  using Visitor = std::function<void(const nlmsghdr&)>;

  /// `protocol` is NETLINK_ROUTE or NETLINK_GENERIC.
  [[nodiscard]] static Result<NetlinkSocket> open(int protocol);

  /// Sends and waits until the kernel has done it. `doing` names the act: "create macsec0".
  [[nodiscard]] Result<void> request(NetlinkMessage& message, std::string_view doing);
  /// The same for requests with answers (one, or a dump). A dump the kernel calls inconsistent is asked again, after
  /// `restart` has forgotten what was visited, and is an error with EAGAIN where that never ends, unless `accept`.
  [[nodiscard]] Result<void> query(NetlinkMessage& message, std::string_view doing, const Visitor& visit,
                                   const std::function<void()>& restart = {},
                                   Inconsistent inconsistent = Inconsistent::accept);

 private:
  explicit NetlinkSocket(NetlinkReader reader) : reader_{std::move(reader)} {}
  [[nodiscard]] Result<void> send(NetlinkMessage& message, std::string_view doing);
  /// Reads until the answer is complete; whether it was a consistent one.
  [[nodiscard]] Result<bool> receive(std::string_view doing, const Visitor& visit);

  NetlinkReader reader_;
  std::uint32_t sequence_ = 0;
};

/// The number of a generic netlink family. ENOENT where the kernel does not have it (modules are loaded on the way).
[[nodiscard]] Result<std::uint16_t> resolve_family(NetlinkSocket& socket, std::string_view name);

}  // namespace macsec::os
