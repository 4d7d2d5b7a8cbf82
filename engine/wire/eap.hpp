// SPDX-License-Identifier: LGPL-2.1-or-later
/// EAP packets (RFC 3748 section 4).
#pragma once

#include "engine/base/bytes.hpp"

#include <optional>

namespace macsec {

enum class EapCode : std::uint8_t { request = 1, response = 2, success = 3, failure = 4 };

/// RFC 3748 section 5 and IANA's registry; a packet may carry any other value.
enum class EapType : std::uint8_t {
  none = 0,
  identity = 1,
  notification = 2,
  nak = 3,
  md5 = 4,
  gtc = 6,
  tls = 13,
  ttls = 21,
  peap = 25,
  mschapv2 = 26,
  tlv = 33,
  expanded = 254
};

inline constexpr std::size_t eap_header_size = 4;

/// A view of one packet; the span points into what it was read from.
struct EapPacket {
  EapCode code = EapCode::request;
  std::uint8_t identifier = 0;
  EapType type = EapType::none;  ///< none in Success and Failure
  Bytes data;                    ///< what follows the type
};

/// Nothing when the packet is to be dropped silently: shorter than its length field says, an unknown code, a Request or
/// Response without a type, a Success or Failure with data. Octets after the length are padding of the link.
[[nodiscard]] std::optional<EapPacket> read_eap(Bytes octets) noexcept;

/// Writes a Request or Response; the Writer fails when the packet exceeds 65535 octets.
void write_eap(Writer& writer, EapCode code, std::uint8_t identifier, EapType type, Bytes data) noexcept;
/// Writes a Success or Failure.
void write_eap_end(Writer& writer, EapCode code, std::uint8_t identifier) noexcept;

/// What an Identity request says to a person: text, then after a NUL the options of RFC 4284, both untrusted.
struct IdentityPrompt {
  Bytes text;
  Bytes options;
};
[[nodiscard]] IdentityPrompt read_identity_prompt(Bytes data) noexcept;

}  // namespace macsec
