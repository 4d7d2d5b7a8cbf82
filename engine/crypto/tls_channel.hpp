// SPDX-License-Identifier: LGPL-2.1-or-later
/// The client's end of a TLS connection whose records the caller carries.
#pragma once

#include "engine/crypto/tls_trust.hpp"

#include <deque>
#include <mutex>
#include <optional>

namespace macsec::crypto {

struct TlsLimits {
  TlsVersion minimum = TlsVersion::tls_1_2;  ///< below 1.2 lowers the library's security level to 0 for this profile
  TlsVersion maximum = TlsVersion::tls_1_3;
  std::string
      ciphers;  ///< the library's text, for TLS up to 1.2, less suites without a certificate; empty: its default
  std::string groups = "auto";  ///< auto, post-quantum, or the library's list
  bool legacy_renegotiation = false;
  bool resumption = true;
};

/// What exporting a key takes (RFC 5216 2.3, RFC 5281 8, RFC 9190 2.3, RFC 9427 2.1). In TLS 1.3 the method's type is the
/// exporter's context; before, the label is the method's own and there is no context.
struct TlsExport {
  std::string_view label;
  bool type_is_context = false;
};
[[nodiscard]] TlsExport tls_key_export(EapType method, bool tls_1_3) noexcept;
/// The Session-Id's second part in TLS 1.3, 64 octets.
inline constexpr TlsExport tls_method_id_export{"EXPORTER_EAP_TLS_Method-Id", true};

/// A session the server may resume, with what was believed of it.
struct TlsSession {
  std::unique_ptr<SSL_SESSION, Releases<SSL_SESSION_free>> session;
  CertificateReport server;
};

/// Sessions of one profile, each used once. Only what authenticated in full is kept here. Conversations of one profile may run
/// on several threads.
class TlsSessions {
 public:
  void keep(TlsSession&& session);
  /// The newest whose certificate is still valid.
  [[nodiscard]] std::optional<TlsSession> take(const TlsClock& clock);
  void clear();
  /// Forgets all, and keeps none from now on.
  void stop();

 private:
  static constexpr std::size_t most_ = 4;
  std::mutex mutex_;
  bool stopped_ = false;
  std::deque<TlsSession> sessions_;
};

/// What all connections of one profile have in common.
class TlsContext {
 public:
  /// `identity` is copied into the library's object. Errors: no such cipher, group or version.
  [[nodiscard]] static Result<TlsContext> create(const TlsIdentity* identity, TlsTrust&& trust,
                                                 const TlsLimits& limits);

 private:
  friend class TlsChannel;
  using Context = std::unique_ptr<SSL_CTX, Releases<SSL_CTX_free>>;
  Context context_;
  std::unique_ptr<TlsTrust> trust_;  ///< callbacks keep its address
  bool has_identity_ = false;
};

class TlsChannel {
 public:
  /// `context` outlives the channel.
  [[nodiscard]] static Result<TlsChannel> connect(const TlsContext& context, const TlsClock& clock,
                                                  std::optional<TlsSession> session);

  enum class State : std::uint8_t { handshake, established, failed };
  [[nodiscard]] State state() const noexcept { return state_; }

  /// Takes records from the server and continues. What is to be sent, an alert too, is in take_output().
  State feed(Bytes records);
  [[nodiscard]] WipedBuffer take_output();
  /// What the server sent inside, since the last call.
  [[nodiscard]] WipedBuffer take_received();
  [[nodiscard]] Result<void> write(Bytes text);

  /// Why the state is failed.
  [[nodiscard]] EapProblem problem() const noexcept { return problem_; }
  [[nodiscard]] const std::string& words() const noexcept { return words_; }
  /// How far the handshake came.
  [[nodiscard]] EapStage stage() const noexcept;
  [[nodiscard]] CertificateReport server() const;
  [[nodiscard]] TlsReport report() const;
  [[nodiscard]] bool is_tls_1_3() const noexcept;
  [[nodiscard]] bool resumed() const noexcept;
  /// Whether a client certificate was asked for and sent.
  [[nodiscard]] bool sent_certificate() const noexcept;

  /// MSK and EMSK, 64 octets each, in one: the length goes into the derivation.
  [[nodiscard]] Result<Secret<128>> export_keys(EapType method) const;
  /// Type and Method-Id, or type and both randoms.
  [[nodiscard]] Result<std::vector<std::uint8_t>> session_id(EapType method) const;
  /// `size` octets of the label "ttls challenge" (RFC 5281 11.1).
  [[nodiscard]] Result<Secret<64>> ttls_challenge(std::size_t size) const;

  /// What the server gave to resume with, for TlsSessions once the method has succeeded. Ends the connection.
  [[nodiscard]] std::vector<TlsSession> take_sessions();

 private:
  struct Shared {
    const TlsTrust* trust = nullptr;
    TlsClock clock;
    TlsJudgement judgement;
    bool judged = false;
    bool asked_certificate = false;
    std::vector<TlsSession> sessions;
  };
  using Connection = std::unique_ptr<SSL, Releases<SSL_free>>;
  friend class TlsContext;

  TlsChannel() = default;
  [[nodiscard]] Result<void> export_octets(const TlsExport& what, EapType method, MutableBytes out) const;
  void advance();
  void read();
  void fail_by(int result);
  static int verify(X509_STORE_CTX* context, void* unused) noexcept;
  static int on_certificate_request(SSL* ssl, void* unused) noexcept;
  static int judge_staple(SSL* ssl, void* unused) noexcept;
  static int on_session(SSL* ssl, SSL_SESSION* session) noexcept;

  std::unique_ptr<Shared> shared_;  ///< before the connection, whose callbacks use it
  Connection connection_;
  BIO* in_ = nullptr;  ///< the connection owns both
  BIO* out_ = nullptr;
  State state_ = State::handshake;
  EapProblem problem_ = EapProblem::none;
  std::string words_;
  WipedBuffer received_;
  bool has_identity_ = false;
};

}  // namespace macsec::crypto
