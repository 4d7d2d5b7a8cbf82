// SPDX-License-Identifier: LGPL-2.1-or-later
/// A profile with its files opened, ready for conversations.
#pragma once

#include "engine/config/eap_profile.hpp"
#include "engine/crypto/tls_channel.hpp"
#include "engine/wire/eap_outcome.hpp"

#include <expected>
#include <memory>

namespace macsec::eap {

/// Certificates are judged by no time before this: 2026-11-01. A clock that says less was never set.
inline constexpr std::int64_t earliest_time = 1793491200;
[[nodiscard]] crypto::TlsClock tls_clock(std::int64_t now) noexcept;

/// Where files are looked for.
struct Places {
  std::string credentials_directory;  ///< $CREDENTIALS_DIRECTORY; empty: the service has no credentials
};

struct LoadedProfile {
  EapProfile profile;  ///< without the secrets, which are below
  crypto::TlsContext tls;
  crypto::TlsSessions sessions;
  WipedText password;
  std::string outer_identity;  ///< what is said in clear
  CertificateReport client;    ///< empty: no certificate
  std::string client_name;     ///< what a person calls it
  std::string client_issuer;
  std::string client_key;  ///< where its key is: "file" or "pkcs11"; empty: no certificate

  [[nodiscard]] Bytes secret() const noexcept {
    return {reinterpret_cast<const std::uint8_t*>(password.view().data()), password.size()};
  }
};

/// Whether opening it or signing with it may wait for a token, which may take seconds or for ever.
[[nodiscard]] bool uses_token(const EapProfile& profile) noexcept;

/// Opens all a profile names. The error's words name the key of the profile, the file and the reason.
[[nodiscard]] std::expected<std::shared_ptr<LoadedProfile>, EapVerdict> load_profile(EapProfile profile,
                                                                                     const Places& places);

}  // namespace macsec::eap
