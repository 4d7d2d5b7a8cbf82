// SPDX-License-Identifier: LGPL-2.1-or-later
/// Certificates made on the spot, good ones and such as must be refused.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/handle.hpp"
#include "engine/crypto/tls_identity.hpp"

namespace macsec::test {

using Key = std::unique_ptr<EVP_PKEY, Releases<EVP_PKEY_free>>;

/// 2026-11-29: what tests call now.
inline constexpr std::int64_t test_now = 1795910400;
inline constexpr std::int64_t day = 86400;

struct CertificateWish {
  std::vector<std::string> units{};  ///< OU
  std::string common_name{};
  std::string alternative_names{};  ///< as OpenSSL writes them: "DNS:a,email:b"; empty: none
  std::string use{};                ///< "serverAuth"; empty: for anything
  bool authority = false;
  std::int64_t not_before = test_now - 30 * day;
  std::int64_t not_after = test_now + 30 * day;
  bool must_staple = false;
};

/// A certificate with its key.
struct Issued {
  crypto::Certificate certificate;
  Key key;

  [[nodiscard]] std::string certificate_pem() const;
  [[nodiscard]] std::string key_pem(const std::string& password = {}) const;
  [[nodiscard]] std::string pkcs12(const std::string& password, const X509* authority = nullptr) const;
  /// A revocation list of this CA that names `revoked`.
  [[nodiscard]] std::string revocation_list_pem(const std::vector<const X509*>& revoked,
                                                std::int64_t next_update = test_now + day) const;
  /// This CA's OCSP answer that `of` is good, DER; without `next_update` it says nothing of its end.
  [[nodiscard]] std::vector<std::uint8_t> ocsp_answer(const X509* of, std::int64_t this_update,
                                                      std::optional<std::int64_t> next_update) const;
};

/// Signed by `issuer`, or by itself.
[[nodiscard]] Issued issue(const CertificateWish& wish, const Issued* issuer = nullptr);

[[nodiscard]] crypto::TlsMaterial material(std::string label, std::string_view content);

/// A CA, a server radius.example.org and a client host1.example.org.
struct Lab {
  Issued authority = issue({.common_name = "Lab CA", .authority = true});
  Issued server =
      issue({.common_name = "radius.example.org", .alternative_names = "DNS:radius.example.org", .use = "serverAuth"},
            &authority);
  Issued client =
      issue({.common_name = "host1.example.org", .alternative_names = "DNS:host1.example.org", .use = "clientAuth"},
            &authority);
};
/// One for all tests: keys take a while to make.
[[nodiscard]] const Lab& lab();

}  // namespace macsec::test
