// SPDX-License-Identifier: LGPL-2.1-or-later
/// What can be said of a TLS connection, by profiles and by the code that makes one.
#pragma once

#include <cstdint>
#include <string_view>

namespace macsec {

enum class TlsVersion : std::uint8_t { tls_1_0, tls_1_1, tls_1_2, tls_1_3 };

/// How revoked certificates are recognised. A certificate that demands a stapled answer (RFC 7633) always needs one.
enum class Revocation : std::uint8_t {
  none,
  ocsp_stapled,   ///< where the server sends an answer
  ocsp_required,  ///< the server has to send one
  crl,            ///< lists for the whole chain
  crl_leaf        ///< a list for the server's certificate
};

[[nodiscard]] std::string_view to_string(TlsVersion version) noexcept;     ///< "1.2"
[[nodiscard]] std::string_view to_string(Revocation revocation) noexcept;  ///< "ocsp-stapled"

}  // namespace macsec
