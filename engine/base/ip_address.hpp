// SPDX-License-Identifier: LGPL-2.1-or-later
/// Numeric addresses of hosts, IPv4 and IPv6, from text and back. No name is resolved.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace macsec {

struct IpAddress {
  std::array<std::uint8_t, 16> octets{};  ///< of IPv4 the first four
  bool is_v4 = false;

  /// Of one host: neither "any address" nor a group.
  [[nodiscard]] bool is_unicast() const noexcept;
  friend bool operator==(const IpAddress&, const IpAddress&) noexcept = default;
};

/// As inet_pton(3) takes them: "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"; no zone. Nothing for anything else.
[[nodiscard]] std::optional<IpAddress> parse_ip_address(std::string_view text) noexcept;
[[nodiscard]] std::string to_string(const IpAddress& address);  ///< the one form of RFC 5952

}  // namespace macsec
