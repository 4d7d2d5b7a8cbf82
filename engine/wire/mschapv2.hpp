// SPDX-License-Identifier: LGPL-2.1-or-later
/// The packets of EAP-MSCHAPv2, and the texts they share with MSCHAPv2 in TTLS (RFC 2759 sections 4 to 6).
#pragma once

#include "engine/base/bytes.hpp"

#include <optional>
#include <string_view>

namespace macsec {

enum class Mschapv2Opcode : std::uint8_t { challenge = 1, response = 2, success = 3, failure = 4, change_password = 7 };

inline constexpr std::size_t mschapv2_challenge_size = 16;
inline constexpr std::size_t mschapv2_nt_response_size = 24;
inline constexpr std::size_t mschapv2_authenticator_size = 20;
using Mschapv2Challenge = std::array<std::uint8_t, mschapv2_challenge_size>;
using Mschapv2NtResponse = std::array<std::uint8_t, mschapv2_nt_response_size>;
using Mschapv2Authenticator = std::array<std::uint8_t, mschapv2_authenticator_size>;

/// A packet's data after the EAP type. `id` is 0 in the answers to Success and Failure, which are an opcode alone.
struct Mschapv2Packet {
  Mschapv2Opcode opcode = Mschapv2Opcode::challenge;
  std::uint8_t id = 0;
  Bytes value;
};
/// Nothing when the opcode is unknown or the length field does not fit. Octets after the length are ignored.
[[nodiscard]] std::optional<Mschapv2Packet> read_mschapv2(Bytes data) noexcept;

struct Mschapv2ChallengeValue {
  Mschapv2Challenge challenge{};
  Bytes server_name;
};
[[nodiscard]] std::optional<Mschapv2ChallengeValue> read_mschapv2_challenge(Bytes value) noexcept;

/// The authenticator response of "S=" and 40 hexadecimal digits, any case; text may follow after a blank.
[[nodiscard]] std::optional<Mschapv2Authenticator> read_mschapv2_success(Bytes value) noexcept;

/// "E=691 R=1 C=... V=3 M=...": what of it there was.
struct Mschapv2Failure {
  unsigned error = 0;  ///< RFC 2759 section 6: 646, 647, 648, 649, 691, 709; 0 when the text has none
  bool retry = false;
  std::string_view message;  ///< untrusted text for a person
};
[[nodiscard]] Mschapv2Failure read_mschapv2_failure(Bytes value) noexcept;

/// 49 octets of value: peer challenge, 8 zeros, NT response, flags 0.
void write_mschapv2_response_value(Writer& writer, const Mschapv2Challenge& peer,
                                   const Mschapv2NtResponse& response) noexcept;
/// A Response packet after the EAP type.
void write_mschapv2_response(Writer& writer, std::uint8_t id, const Mschapv2Challenge& peer,
                             const Mschapv2NtResponse& response, Bytes name) noexcept;

}  // namespace macsec
