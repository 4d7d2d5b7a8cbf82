// SPDX-License-Identifier: LGPL-2.1-or-later
/// Whether a server's certificate is for the server that a profile names.
#pragma once

#include "engine/crypto/certificate.hpp"

#include <optional>

namespace macsec::crypto {

/// What kinds are said must all hold; of each kind one item has to fit. Names are compared without regard to case and without
/// wildcards.
struct TlsNameRules {
  std::vector<std::string> exact;         ///< a DNS name
  std::vector<std::string> suffixes;      ///< a DNS name, or one below it
  std::vector<std::string> alternatives;  ///< "DNS:...", "EMAIL:...", "URI:..."
  std::string subject;                    ///< contained in the subject, as RFC 2253 writes it
  bool common_name = false;               ///< the common name counts where there is no DNS name

  [[nodiscard]] bool empty() const noexcept {
    return exact.empty() && suffixes.empty() && alternatives.empty() && subject.empty();
  }
};

/// Nothing when the certificate fits; else a sentence: what it is for, and what was asked.
[[nodiscard]] std::optional<std::string> refuse_name(const X509* certificate, const TlsNameRules& rules);

}  // namespace macsec::crypto
