// SPDX-License-Identifier: LGPL-2.1-or-later
/// The server's end of TLS over buffers, by OpenSSL itself.
#pragma once

#include <openssl/ssl.h>

#include "tests/eap/pki.hpp"

namespace macsec::test {

using Buffer = std::vector<std::uint8_t>;

struct TlsServerSettings {
  const Issued* identity = nullptr;
  const X509* client_authority = nullptr;  ///< asks for a client certificate of it
  int minimum = TLS1_2_VERSION;
  int maximum = TLS1_3_VERSION;
  int tickets = 1;              ///< TLS 1.3
  Buffer ocsp{};                ///< stapled
  const X509* extra = nullptr;  ///< sent after the server's own certificate
  std::string ciphers{};        ///< up to TLS 1.2; empty: the library's
};

/// A server's configuration, which remembers the sessions it gave out.
class TlsServerContext {
 public:
  explicit TlsServerContext(const TlsServerSettings& settings);
  [[nodiscard]] SSL_CTX* get() const noexcept { return context_.get(); }

 private:
  TlsServerSettings settings_;
  std::unique_ptr<SSL_CTX, Releases<SSL_CTX_free>> context_;
};

class TlsServer {
 public:
  explicit TlsServer(const TlsServerContext& context);

  void feed(Bytes records);
  [[nodiscard]] Buffer take_output();
  [[nodiscard]] Buffer take_received() { return std::exchange(received_, {}); }
  void write(Bytes text);
  [[nodiscard]] bool established() const { return SSL_is_init_finished(connection_.get()) == 1; }
  [[nodiscard]] bool failed() const noexcept { return failed_; }
  [[nodiscard]] bool resumed() const { return SSL_session_reused(connection_.get()) == 1; }
  [[nodiscard]] bool is_tls_1_3() const { return SSL_version(connection_.get()) == TLS1_3_VERSION; }
  [[nodiscard]] SSL* get() const noexcept { return connection_.get(); }
  /// 128 octets of key material, computed with the library's call and not with ours.
  [[nodiscard]] Buffer keys(std::uint8_t type, std::string_view old_label) const;

 private:
  std::unique_ptr<SSL, Releases<SSL_free>> connection_;
  BIO* in_;
  BIO* out_;
  Buffer received_;
  bool failed_ = false;
};

}  // namespace macsec::test
