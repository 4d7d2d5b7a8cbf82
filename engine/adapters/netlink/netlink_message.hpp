// SPDX-License-Identifier: LGPL-2.1-or-later
/// Netlink messages: composing requests, reading answers. Everything the kernel sends is read through bounds checks.
#pragma once

#include "engine/base/bytes.hpp"

#include <array>
#include <cstring>
#include <linux/netlink.h>
#include <span>
#include <string_view>

namespace macsec::os {

/// A request under construction, in a buffer of its own. May hold a key: the buffer is wiped before it is freed.
class NetlinkMessage {
 public:
  /// The largest request is a SA with key, salt and ids: under 300 octets.
  static constexpr std::size_t capacity = 1024;

  /// `header` is the family's fixed header (ifinfomsg, genlmsghdr), copied behind the netlink header.
  NetlinkMessage(std::uint16_t type, int flags, std::span<const std::byte> header) noexcept;
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
    const std::size_t start = header()->nlmsg_len;
    put(type | NLA_F_NESTED, {});
    fill();
    close_nest(start);
  }

  /// False once something did not fit.
  [[nodiscard]] bool ok() const noexcept { return ok_; }
  [[nodiscard]] nlmsghdr* header() noexcept { return reinterpret_cast<nlmsghdr*>(buffer_.data()); }

 private:
  /// Room for `size` octets at the end, counted as part of the message; null where there is none.
  [[nodiscard]] std::uint8_t* extend(std::size_t size) noexcept;
  /// An attribute whose data is still to be written, in zeroed octets.
  [[nodiscard]] std::uint8_t* reserve(int type, std::size_t size) noexcept;
  void close_nest(std::size_t start) noexcept;

  alignas(nlmsghdr) std::array<std::uint8_t, capacity> buffer_{};
  bool ok_ = true;
};

/// The messages in what one read gave.
class NetlinkMessages {
 public:
  explicit NetlinkMessages(Bytes octets) noexcept : rest_{octets} {}
  /// Null at the end, and at a message that is not whole.
  [[nodiscard]] const nlmsghdr* next() noexcept;

 private:
  Bytes rest_;
};

/// What lies behind the netlink header.
[[nodiscard]] inline Bytes payload(const nlmsghdr& message) noexcept {
  if (message.nlmsg_len < NLMSG_HDRLEN) return {};
  return {reinterpret_cast<const std::uint8_t*>(&message) + NLMSG_HDRLEN, message.nlmsg_len - NLMSG_HDRLEN};
}

/// The family's fixed header; null where the message is too short.
template <typename Header>
[[nodiscard]] const Header* header_of(const nlmsghdr& message) noexcept {
  const Bytes octets = payload(message);
  return octets.size() < sizeof(Header) ? nullptr : reinterpret_cast<const Header*>(octets.data());
}

/// The attributes behind the fixed header.
template <typename Header>
[[nodiscard]] Bytes attributes_of(const nlmsghdr& message) noexcept {
  const Bytes octets = payload(message);
  constexpr std::size_t size = NLMSG_ALIGN(sizeof(Header));
  return octets.size() < size ? Bytes{} : octets.subspan(size);
}

/// One attribute of a list.
struct Attribute {
  int type = 0;   ///< without flags
  int flags = 0;  ///< NLA_F_*
  Bytes data;
};

/// Takes the first attribute off `rest`; false at the end, and at one that is not whole.
[[nodiscard]] bool next_attribute(Bytes& rest, Attribute& out) noexcept;

template <typename Visit>
void each_attribute(Bytes list, Visit visit) {
  for (Attribute one; next_attribute(list, one);) visit(one);
}

/// Attributes of one level by type; types above `Max`, the highest type asked for, are left out.
template <std::size_t Max>
class Attributes {
 public:
  explicit Attributes(Bytes list) noexcept {
    each_attribute(list, [this](const Attribute& one) {
      if (static_cast<std::size_t>(one.type) <= Max) table_[static_cast<std::size_t>(one.type)] = one.data;
    });
  }

  /// The octets; empty where missing.
  [[nodiscard]] Bytes operator[](std::size_t type) const noexcept { return table_[type]; }
  [[nodiscard]] bool has(std::size_t type) const noexcept { return table_[type].data() != nullptr; }
  /// The number in host order, of whatever width it was sent in; 0 where missing or of odd size.
  [[nodiscard]] std::uint64_t number(std::size_t type) const noexcept;
  /// Up to the terminating zero.
  [[nodiscard]] std::string_view text(std::size_t type) const noexcept {
    const Bytes octets = table_[type];
    const std::string_view all{reinterpret_cast<const char*>(octets.data()), octets.size()};
    return all.substr(0, all.find('\0'));
  }

 private:
  std::array<Bytes, Max + 1> table_{};
};

/// As Attributes::number().
[[nodiscard]] std::uint64_t number_in(Bytes octets) noexcept;

template <std::size_t Max>
std::uint64_t Attributes<Max>::number(std::size_t type) const noexcept {
  return number_in(table_[type]);
}

}  // namespace macsec::os
