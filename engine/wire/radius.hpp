// SPDX-License-Identifier: LGPL-2.1-or-later
/// RADIUS packets and attributes (RFC 2865 sections 3 and 5). Nothing here knows a secret: crypto/radius_keys does.
#pragma once

#include "engine/base/bytes.hpp"

#include <optional>

namespace macsec {

enum class RadiusCode : std::uint8_t {
  access_request = 1,
  access_accept = 2,
  access_reject = 3,
  accounting_request = 4,
  accounting_response = 5,
  access_challenge = 11,
  status_server = 12
};

/// The attributes this project reads or writes; a packet may carry any other.
enum class RadiusAttributeType : std::uint8_t {
  user_name = 1,
  nas_ip_address = 4,
  service_type = 6,
  filter_id = 11,
  framed_mtu = 12,
  reply_message = 18,
  state = 24,
  class_ = 25,
  vendor_specific = 26,
  session_timeout = 27,
  termination_action = 29,
  called_station_id = 30,
  calling_station_id = 31,
  nas_identifier = 32,
  acct_status_type = 40,
  acct_delay_time = 41,
  acct_input_octets = 42,
  acct_output_octets = 43,
  acct_session_id = 44,
  acct_authentic = 45,
  acct_session_time = 46,
  acct_input_packets = 47,
  acct_output_packets = 48,
  acct_terminate_cause = 49,
  acct_input_gigawords = 52,
  acct_output_gigawords = 53,
  event_timestamp = 55,
  nas_port_type = 61,
  tunnel_private_group_id = 81,
  eap_message = 79,
  message_authenticator = 80,
  acct_interim_interval = 85,
  nas_port_id = 87,
  nas_ipv6_address = 95,
  eap_key_name = 102
};

inline constexpr std::size_t radius_header_size = 20;
inline constexpr std::size_t max_radius_size = 4096;
inline constexpr std::size_t max_radius_value = 253;
using RadiusAuthenticator = std::array<std::uint8_t, 16>;

struct RadiusAttribute {
  RadiusAttributeType type{};
  Bytes value;
};

/// Reads one attribute after the other of a packet that read_radius() accepted.
class RadiusAttributes {
 public:
  explicit RadiusAttributes(Bytes octets) noexcept : reader_{octets} {}
  [[nodiscard]] std::optional<RadiusAttribute> next() noexcept;
  [[nodiscard]] bool ok() const noexcept { return ok_; }

 private:
  Reader reader_;
  bool ok_ = true;
};

/// A view of one packet.
struct RadiusPacket {
  std::uint8_t code = 0;  ///< raw: the caller knows which answers it waits for
  std::uint8_t identifier = 0;
  RadiusAuthenticator authenticator{};
  Bytes attributes;  ///< well-formed: each attribute fits
  Bytes whole;       ///< what the length field covers

  [[nodiscard]] RadiusAttributes all() const noexcept { return RadiusAttributes{attributes}; }
  /// The first attribute of this type.
  [[nodiscard]] std::optional<Bytes> find(RadiusAttributeType type) const noexcept;
  /// The first attribute of a vendor (RFC 2865 section 5.26) with this type.
  [[nodiscard]] std::optional<Bytes> find_vendor(std::uint32_t vendor, std::uint8_t type) const noexcept;
  /// Joins the EAP-Message attributes (RFC 3579 section 3.1) into `out`, which has room for them when it takes
  /// max_radius_size octets; what was written is empty without any.
  void join_eap(Writer& out) const noexcept;
};

/// Nothing when the packet is shorter than its length field says, that is below 20 or above 4096, or an attribute does
/// not fit. Octets after the length are padding.
[[nodiscard]] std::optional<RadiusPacket> read_radius(Bytes octets) noexcept;

/// Whose number Vendor-Specific attributes carry (RFC 2865 section 5.26).
inline constexpr std::uint32_t vendor_of_microsoft = 311;

/// MS-MPPE-Send-Key and -Recv-Key (RFC 2548 section 2.4): the types below Microsoft's vendor number.
enum class MppeKeyType : std::uint8_t { send = 16, receive = 17 };

/// Composes a packet in a caller's buffer.
class RadiusWriter {
 public:
  RadiusWriter(MutableBytes buffer, RadiusCode code, std::uint8_t identifier,
               const RadiusAuthenticator& authenticator) noexcept;
  /// Fails when the value has more than 253 octets or the packet more than 4096.
  void add(RadiusAttributeType type, Bytes value) noexcept;
  void add(RadiusAttributeType type, std::uint32_t value) noexcept;
  /// Splits the packet into as many EAP-Message attributes as it takes.
  void add_eap(Bytes packet) noexcept;
  /// Reserves Message-Authenticator with zeros; where its 16 octets lie, finish() tells.
  void add_message_authenticator() noexcept;

  struct Finished {
    MutableBytes packet;                 ///< empty when anything failed
    MutableBytes message_authenticator;  ///< empty when none was reserved
  };
  /// Writes the length.
  [[nodiscard]] Finished finish() noexcept;

 private:
  MutableBytes buffer_;
  Writer writer_;
  MutableBytes message_authenticator_;
};

}  // namespace macsec
