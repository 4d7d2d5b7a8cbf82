// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/netlink/netlink_message.hpp"

#include "engine/base/secret.hpp"

#include <algorithm>
#include <cstddef>

namespace macsec::os {
namespace {

constexpr std::size_t attribute_header = sizeof(nlattr);
static_assert(attribute_header == 4);

/// Messages and attributes begin at multiples of four octets.
constexpr std::size_t aligned(std::size_t size) noexcept { return (size + 3) / 4 * 4; }

}  // namespace

NetlinkMessage::NetlinkMessage(std::uint16_t type, int flags, std::span<const std::byte> fixed) noexcept {
  header()->nlmsg_len = NLMSG_HDRLEN;
  header()->nlmsg_type = type;
  header()->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  std::uint8_t* const to = extend(fixed.size());
  if (to != nullptr) std::memcpy(to, fixed.data(), fixed.size());
}

NetlinkMessage::~NetlinkMessage() { wipe(buffer_); }

std::uint8_t* NetlinkMessage::extend(std::size_t size) noexcept {
  const std::size_t start = aligned(header()->nlmsg_len);
  if (start > capacity || size > capacity - start) {
    ok_ = false;
    return nullptr;
  }
  header()->nlmsg_len = static_cast<std::uint32_t>(start + size);
  return buffer_.data() + start;
}

std::uint8_t* NetlinkMessage::reserve(int type, std::size_t size) noexcept {
  std::uint8_t* const to = extend(attribute_header + size);
  if (to == nullptr) return nullptr;
  const nlattr head{.nla_len = static_cast<std::uint16_t>(attribute_header + size),
                    .nla_type = static_cast<std::uint16_t>(type)};
  std::memcpy(to, &head, sizeof(head));
  return to + attribute_header;
}

void NetlinkMessage::put(int type, Bytes data) noexcept {
  if (std::uint8_t* const to = reserve(type, data.size()); to != nullptr) std::copy(data.begin(), data.end(), to);
}

void NetlinkMessage::put_u8(int type, std::uint8_t value) noexcept { put(type, {&value, 1}); }

void NetlinkMessage::put_u16(int type, std::uint16_t value) noexcept {
  put(type, {reinterpret_cast<const std::uint8_t*>(&value), sizeof(value)});
}

void NetlinkMessage::put_u32(int type, std::uint32_t value) noexcept {
  put(type, {reinterpret_cast<const std::uint8_t*>(&value), sizeof(value)});
}

void NetlinkMessage::put_u64(int type, std::uint64_t value) noexcept {
  put(type, {reinterpret_cast<const std::uint8_t*>(&value), sizeof(value)});
}

void NetlinkMessage::put_string(int type, std::string_view text) noexcept {
  // The buffer is zero where nothing was put.
  if (std::uint8_t* const to = reserve(type, text.size() + 1); to != nullptr) std::copy(text.begin(), text.end(), to);
}

void NetlinkMessage::close_nest(std::size_t start) noexcept {
  if (!ok_) return;
  const std::size_t at = aligned(start);
  const auto size = static_cast<std::uint16_t>(header()->nlmsg_len - at);
  std::memcpy(buffer_.data() + at + offsetof(nlattr, nla_len), &size, sizeof(size));
}

const nlmsghdr* NetlinkMessages::next() noexcept {
  if (rest_.size() < NLMSG_HDRLEN) return nullptr;
  const auto* const message = reinterpret_cast<const nlmsghdr*>(rest_.data());
  if (message->nlmsg_len < NLMSG_HDRLEN || message->nlmsg_len > rest_.size()) return nullptr;
  rest_ = rest_.subspan(std::min(aligned(message->nlmsg_len), rest_.size()));
  return message;
}

bool next_attribute(Bytes& rest, Attribute& out) noexcept {
  if (rest.size() < attribute_header) return false;
  nlattr head{};
  std::memcpy(&head, rest.data(), sizeof(head));
  if (head.nla_len < attribute_header || head.nla_len > rest.size()) return false;
  out.type = head.nla_type & NLA_TYPE_MASK;
  out.flags = head.nla_type & ~NLA_TYPE_MASK;
  out.data = rest.subspan(attribute_header, head.nla_len - attribute_header);
  rest = rest.subspan(std::min(aligned(head.nla_len), rest.size()));
  return true;
}

std::uint64_t number_in(Bytes octets) noexcept {
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

}  // namespace macsec::os
