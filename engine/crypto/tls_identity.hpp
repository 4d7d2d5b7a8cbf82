// SPDX-License-Identifier: LGPL-2.1-or-later
/// Our own certificate with its chain and its private key.
#pragma once

#include "engine/base/result.hpp"
#include "engine/base/wiped.hpp"
#include "engine/crypto/token_key.hpp"

namespace macsec::crypto {

/// The content of a file, or what a program gave instead of one, and what messages call it: "PrivateKey=/etc/x.pem".
struct TlsMaterial {
  std::string label;
  WipedText content;
};

/// All certificates of a PEM text, or the one of a DER encoding. An error names the material.
[[nodiscard]] Result<std::vector<Certificate>> read_certificates(const TlsMaterial& material);

class TlsIdentity {
 public:
  /// PEM (chain after the certificate), DER or PKCS#12. Without `key` it is in the certificate's material. The errors name the
  /// material: not readable as any of these, a wrong or missing password, a key that does not fit the certificate.
  [[nodiscard]] static Result<TlsIdentity> load(const TlsMaterial& certificate, const TlsMaterial* key,
                                                std::string_view password);
  /// A certificate with those above it, and a key that may be in a token. The errors begin with `label`, the key's.
  [[nodiscard]] static Result<TlsIdentity> assemble(std::vector<Certificate> chain, PrivateKey key,
                                                    const std::string& label);

  [[nodiscard]] X509* certificate() const noexcept { return chain_.front().get(); }
  /// The certificate first, then those above it.
  [[nodiscard]] const std::vector<Certificate>& chain() const noexcept { return chain_; }
  [[nodiscard]] EVP_PKEY* key() const noexcept { return key_.get(); }
  /// What the certificate calls its owner: UPN, e-mail address, DNS name, or common name.
  [[nodiscard]] std::string owner() const;

 private:
  [[nodiscard]] static Result<TlsIdentity> load_pkcs12(const TlsMaterial& material, std::string_view password);
  [[nodiscard]] static Result<PrivateKey> load_key(const TlsMaterial& material, std::string_view password);
  [[nodiscard]] Result<void> check(const std::string& label) const;

  std::vector<Certificate> chain_;
  PrivateKey key_;
};

}  // namespace macsec::crypto
