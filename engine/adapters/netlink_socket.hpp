// SPDX-License-Identifier: LGPL-2.1-or-later
/// Requests to the kernel over netlink, answered before the call returns.
#pragma once

#include "engine/base/bytes.hpp"
#include "engine/base/handle.hpp"
#include "engine/base/result.hpp"

#include <functional>
#include <memory>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/socket.h>
#include <span>
#include <string_view>
#include <vector>

namespace macsec {

/// A request under construction. May hold a key: its memory is wiped before it is freed.
class NetlinkMessage {
 public:
  /// `header` is the family's fixed header (ifinfomsg, genlmsghdr), copied behind the netlink header.
  NetlinkMessage(std::uint16_t type, int flags, std::span<const std::byte> header);
  NetlinkMessage(const NetlinkMessage&) = delete;
  NetlinkMessage& operator=(const NetlinkMessage&) = delete;
  ~NetlinkMessage();

  void put(int type, Bytes data) noexcept;
  void put_u8(int type, std::uint8_t value) noexcept;
  void put_u16(int type, std::uint16_t value) noexcept;       ///< host order
  void put_u32(int type, std::uint32_t value) noexcept;       ///< host order
  void put_u64(int type, std::uint64_t value) noexcept;       ///< host order
  void put_string(int type, std::string_view text) noexcept;  ///< zero terminated
  /// Attributes put by `fill` go inside one attribute.
  template <typename Fill>
  void nest(int type, Fill fill) {
    nlattr* const start = open_nest(type);
    fill();
    close_nest(start);
  }

  /// False once something did not fit.
  [[nodiscard]] bool ok() const noexcept { return ok_; }
  [[nodiscard]] nlmsghdr* header() const noexcept { return nlmsg_hdr(message_.get()); }

 private:
  nlattr* open_nest(int type) noexcept;
  void close_nest(nlattr* start) noexcept;

  std::unique_ptr<nl_msg, Releases<nlmsg_free>> message_;
  bool ok_ = true;
};

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
  /// `restart` has forgotten what was visited.
  [[nodiscard]] Result<void> query(NetlinkMessage& message, std::string_view doing, const Visitor& visit,
                                   const std::function<void()>& restart = {});

 private:
  NetlinkSocket() = default;
  [[nodiscard]] Result<void> send(NetlinkMessage& message, std::string_view doing);
  [[nodiscard]] Result<bool> receive(std::uint32_t sequence, std::string_view doing, const Visitor& visit);

  std::unique_ptr<nl_sock, Releases<nl_socket_free>> socket_;
  std::vector<std::byte> buffer_;
  std::uint32_t sequence_ = 0;
};

/// The number of a generic netlink family. ENOENT where the kernel does not have it (modules are loaded on the way).
[[nodiscard]] Result<std::uint16_t> resolve_family(NetlinkSocket& socket, std::string_view name);

}  // namespace macsec
