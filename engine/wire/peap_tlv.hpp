// SPDX-License-Identifier: LGPL-2.1-or-later
/// The TLVs of EAP type 33 inside a PEAP tunnel (MS-PEAP 2.2.8).
#pragma once

#include "engine/base/bytes.hpp"

#include <optional>

namespace macsec {

enum class PeapResult : std::uint16_t { success = 1, failure = 2 };

inline constexpr std::size_t peap_binding_size = 60;  ///< the whole TLV, header included
inline constexpr std::size_t peap_binding_mac_size = 20;

struct PeapBinding {
  enum class Kind : std::uint8_t { request = 0, response = 1 };
  std::uint8_t version = 0;
  std::uint8_t received_version = 0;
  Kind kind = Kind::request;
  std::array<std::uint8_t, 32> nonce{};
  std::array<std::uint8_t, peap_binding_mac_size> mac{};
};

struct PeapTlvs {
  std::optional<PeapResult> result;
  std::optional<PeapBinding> binding;
  std::optional<std::uint16_t> unknown_mandatory;  ///< a type that must not be ignored and is not known here
};

/// Nothing when a TLV does not fit, has the wrong size, a value out of range, or comes twice.
[[nodiscard]] std::optional<PeapTlvs> read_peap_tlvs(Bytes octets) noexcept;
void write_peap_result(Writer& writer, PeapResult result) noexcept;
void write_peap_binding(Writer& writer, const PeapBinding& binding) noexcept;
/// The 60 octets that the compound MAC is computed over: the TLV with zeros in place of the MAC.
[[nodiscard]] std::array<std::uint8_t, peap_binding_size> peap_binding_input(const PeapBinding& binding) noexcept;

}  // namespace macsec
