// SPDX-License-Identifier: LGPL-2.1-or-later
/// TLS towards one key server: who we are, whom we believe, and what a failure means. Certificates, or a shared key (TLS-PSK),
/// where the server proves itself by knowing it.
#pragma once

#include "engine/base/handle.hpp"
#include "engine/crypto/tls_trust.hpp"
#include "plugin/keys/exchange.hpp"
#include "plugin/keys/source_file.hpp"

namespace macsec::keys {

class TlsClient {
 public:
  /// Reads what the source names. Errors name the file: not readable, readable by everybody, no certificate or key in it, a key of
  /// less than 256 bits.
  [[nodiscard]] static Result<TlsClient> load(const Source& source);

  using Connection = std::unique_ptr<SSL, Releases<SSL_free>>;
  /// A connection over `socket`, which is connected and does not block. The client outlives it.
  [[nodiscard]] Result<Connection> begin(int socket) const;
  /// After the handshake: nothing where the server proved who it is.
  [[nodiscard]] std::optional<Refusal> judge(const SSL* ssl) const;
  /// Why an operation on `ssl` failed.
  [[nodiscard]] Refusal explain(const SSL* ssl, int result) const;
  /// "TLSv1.3, X25519": how the keys came, for those who ask whether it is quantum-safe.
  [[nodiscard]] static std::string describe(SSL* ssl);

 private:
  /// What callbacks of the library get at; its address stays.
  struct Shared {
    std::string host;
    bool is_address = false;
    std::optional<crypto::TlsTrust> trust;  ///< nothing: a shared key
    std::string psk_identity;
    Secret<64> psk;
  };
  using Context = std::unique_ptr<SSL_CTX, Releases<SSL_CTX_free>>;

  [[nodiscard]] Result<void> use_certificates(const Source& source);
  [[nodiscard]] Result<void> use_shared_key(const Source& source);
  static int verify(X509_STORE_CTX* context, void* unused) noexcept;
  static int use_session(SSL* ssl, const EVP_MD* digest, const unsigned char** id, std::size_t* size,
                         SSL_SESSION** session) noexcept;
  static unsigned give_psk(SSL* ssl, const char* hint, char* identity, unsigned longest_identity, unsigned char* psk,
                           unsigned longest_psk) noexcept;

  std::unique_ptr<Shared> shared_;
  Context context_;
};

}  // namespace macsec::keys
