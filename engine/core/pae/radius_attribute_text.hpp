// SPDX-License-Identifier: LGPL-2.1-or-later
/// What a RADIUS server says that nobody acts on, for people: names and values of attributes. All of it is untrusted.
#pragma once

#include "engine/wire/radius.hpp"

#include <string>
#include <utility>
#include <vector>

namespace macsec::core {

inline constexpr std::uint32_t vendor_of_cisco = 9;
inline constexpr std::uint8_t cisco_av_pair = 1;

/// The value below a Vendor-Specific attribute (RFC 2865 section 5.26).
struct RadiusVendorValue {
  std::uint32_t vendor = 0;
  std::uint8_t type = 0;
  Bytes value;
};
/// Each value of the attribute; empty where its layout is another than the one that the standard recommends.
[[nodiscard]] std::vector<RadiusVendorValue> vendor_values(const RadiusAttribute& attribute);

/// "Filter-Id" and its text, "Attribute 200" and octets in hexadecimal. A value under the shared secret is not shown.
[[nodiscard]] std::pair<std::string, std::string> describe(const RadiusAttribute& attribute);
/// "cisco-av-pair" and its text, "Vendor 14988 Attribute 3" and octets in hexadecimal.
[[nodiscard]] std::pair<std::string, std::string> describe(const RadiusVendorValue& value);

}  // namespace macsec::core
