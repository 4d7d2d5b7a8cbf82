// SPDX-License-Identifier: LGPL-2.1-or-later
/// Requests to the kernel over netlink, answered before the call returns.
#pragma once

#include "engine/base/bytes.hpp"
#include "engine/base/handle.hpp"
#include "engine/base/result.hpp"

#include <array>
#include <cstring>
#include <functional>
#include <memory>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/socket.h>
#include <span>
#include <string_view>

namespace macsec::os {

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
  /// Reads until the answer is complete; whether it was a consistent one.
  [[nodiscard]] Result<bool> receive(std::string_view doing, const Visitor& visit);

  std::unique_ptr<nl_sock, Releases<nl_socket_free>> socket_;
  std::unique_ptr<std::byte[]> buffer_;
  std::uint32_t sequence_ = 0;
};

/// Attributes of one level by type; types above `max` are left out. `Max` is the highest type asked for.
template <std::size_t Max>
class Attributes {
 public:
  Attributes(const nlattr* first, int length) noexcept {
    nla_parse(table_.data(), Max, const_cast<nlattr*>(first), length, nullptr);
  }
  explicit Attributes(const nlattr* nest) noexcept
      : Attributes{static_cast<const nlattr*>(nla_data(nest)), nla_len(nest)} {}

  /// Null where missing.
  [[nodiscard]] const nlattr* operator[](std::size_t type) const noexcept { return table_[type]; }
  [[nodiscard]] bool has(std::size_t type) const noexcept { return table_[type] != nullptr; }
  /// The octets; empty where missing.
  [[nodiscard]] Bytes bytes(std::size_t type) const noexcept {
    const nlattr* const found = table_[type];
    if (found == nullptr) return {};
    return {static_cast<const std::uint8_t*>(nla_data(found)), static_cast<std::size_t>(nla_len(found))};
  }
  /// The number in host order, of whatever width it was sent in; 0 where missing or of odd size.
  [[nodiscard]] std::uint64_t number(std::size_t type) const noexcept;
  /// Up to the terminating zero.
  [[nodiscard]] std::string_view text(std::size_t type) const noexcept {
    const Bytes octets = bytes(type);
    const std::string_view all{reinterpret_cast<const char*>(octets.data()), octets.size()};
    return all.substr(0, all.find('\0'));
  }

 private:
  std::array<nlattr*, Max + 1> table_{};
};

template <std::size_t Max>
std::uint64_t Attributes<Max>::number(std::size_t type) const noexcept {
  const Bytes octets = bytes(type);
  const auto as = [&octets]<typename T>(T value) {
    std::memcpy(&value, octets.data(), sizeof(value));
    return std::uint64_t{value};
  };
  switch (octets.size()) {
    case 1:
      return octets[0];
    case 2:
      return as(std::uint16_t{});
    case 4:
      return as(std::uint32_t{});
    case 8:
      return as(std::uint64_t{});
    default:
      return 0;
  }
}

/// The number of a generic netlink family. ENOENT where the kernel does not have it (modules are loaded on the way).
[[nodiscard]] Result<std::uint16_t> resolve_family(NetlinkSocket& socket, std::string_view name);

}  // namespace macsec::os
