// SPDX-License-Identifier: LGPL-2.1-or-later
/// What TLS, TTLS and PEAP put before a fragment of TLS records (RFC 5216 section 3.1, RFC 5281 section 9.1).
#pragma once

#include "engine/base/bytes.hpp"

#include <optional>

namespace macsec {

/// One packet's data after the EAP type. An empty one (no flag, no data) acknowledges a fragment.
struct TlsFragment {
  bool more = false;                   ///< M: another fragment of this message follows
  bool start = false;                  ///< S: the server begins
  std::uint8_t version = 0;            ///< 0 to 7; PEAP and TTLS negotiate it, TLS leaves it 0
  std::optional<std::uint32_t> total;  ///< L: octets of the whole message
  Bytes data;

  [[nodiscard]] bool is_acknowledgement() const noexcept { return !more && !start && data.empty(); }
};

/// Octets before the data: flags, and the total length where it is sent.
[[nodiscard]] constexpr std::size_t tls_fragment_overhead(bool with_total) noexcept { return with_total ? 5 : 1; }

/// Nothing when the flags or the length they announce are missing.
[[nodiscard]] std::optional<TlsFragment> read_tls_fragment(Bytes data) noexcept;
void write_tls_fragment(Writer& writer, const TlsFragment& fragment) noexcept;

}  // namespace macsec
