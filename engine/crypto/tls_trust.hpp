// SPDX-License-Identifier: LGPL-2.1-or-later
/// What is believed of a server's certificate.
#pragma once

#include "engine/crypto/tls_identity.hpp"
#include "engine/crypto/tls_names.hpp"
#include "engine/wire/tls.hpp"

#include <openssl/ssl.h>

namespace macsec::crypto {

using CertificateDigest = std::array<std::uint8_t, 32>;

struct TlsTrustSettings {
  bool verify = true;  ///< false: believe anything, and say so
  std::vector<TlsMaterial> authorities;
  bool system_authorities = false;  ///< OpenSSL's default folder and file as well
  TlsNameRules names;
  std::vector<CertificateDigest> pins;  ///< SHA-256 of the server's certificate; replaces authorities and names
  Revocation revocation = Revocation::none;
  std::vector<TlsMaterial> revocation_lists;
  bool check_time = true;
};

/// Seconds since 1970-01-01 UTC that certificates are judged by.
struct TlsClock {
  std::int64_t now = 0;
  bool unset = false;  ///< the host's clock is before this program's time, which `now` is instead
};

struct TlsJudgement {
  EapProblem problem = EapProblem::none;
  std::string words;
  CertificateReport report;
};

class TlsTrust {
 public:
  /// Errors name the material: a certificate or list that cannot be read, nothing to believe.
  [[nodiscard]] static Result<TlsTrust> load(TlsTrustSettings&& settings);

  /// For SSL_CTX_set1_cert_store(): the authorities and lists.
  [[nodiscard]] X509_STORE* store() const noexcept { return store_.get(); }
  [[nodiscard]] bool wants_staple() const noexcept;

  /// Judges the chain of a handshake. Where it is refused the context's error is set, from which the alert follows.
  [[nodiscard]] TlsJudgement judge(X509_STORE_CTX* context, const TlsClock& clock) const;
  /// Judges the OCSP answer that came, or not, with a chain judged good. Updates `judgement`.
  void judge_staple(SSL* ssl, const TlsClock& clock, TlsJudgement& judgement) const;

 private:
  using Store = std::unique_ptr<X509_STORE, Releases<X509_STORE_free>>;
  [[nodiscard]] Result<void> add_authorities(const TlsMaterial& material, bool& any_root);
  [[nodiscard]] Result<void> add_lists(const TlsMaterial& material);
  [[nodiscard]] bool is_pinned(const CertificateReport& report) const noexcept;
  void judge_pin(X509_STORE_CTX* context, const TlsClock& clock, TlsJudgement& judgement) const;
  void judge_chain(X509_STORE_CTX* context, const TlsClock& clock, TlsJudgement& judgement) const;

  TlsTrustSettings settings_;
  Store store_;
};

}  // namespace macsec::crypto
