// SPDX-License-Identifier: LGPL-2.1-or-later
/// EAPOL framing (802.1X-2020 clause 11.3).
#pragma once

#include "engine/wire/types.hpp"

namespace macsec {

inline constexpr std::uint16_t eapol_ethertype = 0x888e;
inline constexpr std::uint8_t eapol_version = 3;

enum class EapolType : std::uint8_t {
  eap = 0,
  start = 1,
  logoff = 2,
  key = 3,
  encapsulated_asf = 4,
  mka = 5,
  announcement = 6,
  specific_announcement = 7
};

inline constexpr std::size_t ethernet_header_size = 14;
inline constexpr std::size_t eapol_header_size = 4;

/// A view of one EAPOL frame; the spans point into the frame it was read from.
struct EapolFrame {
  MacAddress destination;
  MacAddress source;
  std::uint16_t ethertype = 0;
  std::uint8_t version = 0;
  std::uint8_t type = 0;  ///< raw: unknown types are skipped by the caller
  Bytes body;             ///< what the body length covers, padding excluded
  Bytes authenticated;    ///< from the destination address to the end of the body
};

/// Nothing when the frame is shorter than its headers or the body length says.
[[nodiscard]] std::optional<EapolFrame> read_eapol(Bytes frame) noexcept;

/// Writes Ethernet and EAPOL headers for a body of `body_size` octets that the caller appends.
void write_eapol_header(Writer& writer, const MacAddress& destination, const MacAddress& source,
                        std::uint16_t ethertype, EapolType type, std::uint16_t body_size) noexcept;
/// A frame of port access control, to the group that every station on the link hears (802.1X-2020 11.1.1).
[[nodiscard]] std::vector<std::uint8_t> eapol_frame(const MacAddress& source, EapolType type, Bytes body);

}  // namespace macsec
