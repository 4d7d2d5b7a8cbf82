// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/crypto/tls_channel.hpp"

#include "engine/crypto/library_error.hpp"

#include <algorithm>
#include <openssl/err.h>

namespace macsec::crypto {
namespace {

constexpr std::size_t random_size = 32;
constexpr std::size_t method_id_size = 64;
/// What one feed() may bring of text: more is never sent by a server that speaks EAP.
constexpr std::size_t max_received = 65536;

// Hybrid first; the marks ask OpenSSL 3.5 to send a share of both, so that a server without it costs no round trip.
constexpr const char* hybrid_groups = "*X25519MLKEM768:*X25519:P-256:X448:P-384:P-521";
constexpr const char* classical_groups = "X25519:P-256:X448:P-384:P-521";
constexpr const char* post_quantum_groups = "X25519MLKEM768:SecP256r1MLKEM768:SecP384r1MLKEM1024";

int number_of(TlsVersion version) noexcept {
  switch (version) {
    case TlsVersion::tls_1_0:
      return TLS1_VERSION;
    case TlsVersion::tls_1_1:
      return TLS1_1_VERSION;
    case TlsVersion::tls_1_2:
      return TLS1_2_VERSION;
    case TlsVersion::tls_1_3:
      return TLS1_3_VERSION;
  }
  return 0;
}

Result<void> set_groups(SSL_CTX* context, const std::string& groups) {
  bool known = false;
  if (groups == "auto")
    known = SSL_CTX_set1_groups_list(context, hybrid_groups) == 1 ||
            SSL_CTX_set1_groups_list(context, classical_groups) == 1;
  else if (groups == "post-quantum")
    known = SSL_CTX_set1_groups_list(context, post_quantum_groups) == 1 ||
            SSL_CTX_set1_groups_list(context, "X25519MLKEM768") == 1;
  else
    known = SSL_CTX_set1_groups_list(context, groups.c_str()) == 1;
  ERR_clear_error();
  if (known) return {};
  return fail("KeyExchange=" + groups + ": OpenSSL " + OPENSSL_VERSION_STR +
              (groups == "post-quantum" ? " has no hybrid group (3.5 and later have)" : " does not know all of these"));
}

Result<void> set_versions(SSL_CTX* context, const TlsLimits& limits) {
  // A hybrid group exists in TLS 1.3 only: an older version would do without.
  const bool hybrid_only = limits.groups == "post-quantum";
  if (hybrid_only && limits.maximum < TlsVersion::tls_1_3)
    return fail("KeyExchange=post-quantum needs TLS 1.3, which MaximumTls= excludes");
  const TlsVersion minimum = hybrid_only ? TlsVersion::tls_1_3 : limits.minimum;
  if (SSL_CTX_set_min_proto_version(context, number_of(minimum)) != 1 ||
      SSL_CTX_set_max_proto_version(context, number_of(limits.maximum)) != 1)
    return library_failure("OpenSSL does not speak the versions of MinimumTls= and MaximumTls=");
  if (minimum < TlsVersion::tls_1_2) SSL_CTX_set_security_level(context, 0);
  return {};
}

/// No list lets in a suite without a certificate of the server, or without encryption.
Result<void> set_ciphers(SSL_CTX* context, const std::string& ciphers) {
  if (ciphers.empty() || SSL_CTX_set_cipher_list(context, (ciphers + ":!aNULL:!eNULL:!PSK:!SRP").c_str()) == 1)
    return {};
  return library_failure("TlsCiphers=" + ciphers + ": OpenSSL knows none of these, or none that takes a certificate");
}

Result<void> set_identity(SSL_CTX* context, const TlsIdentity& identity) {
  bool set = SSL_CTX_use_certificate(context, identity.certificate()) == 1 &&
             SSL_CTX_use_PrivateKey(context, identity.key()) == 1;
  for (std::size_t i = 1; set && i < identity.chain().size(); ++i)
    set = SSL_CTX_add1_chain_cert(context, identity.chain()[i].get()) == 1;
  if (!set) return library_failure("ClientCertificate=: OpenSSL refuses the certificate or its key");
  return {};
}

/// Certificates between ours and its CA, where only the authorities hold them: looked for once. The library would look in each
/// handshake, and send the CA itself with them, which the server has or does not believe.
void complete_chain(SSL_CTX* context) {
  STACK_OF(X509)* given = nullptr;
  SSL_CTX_get0_chain_certs(context, &given);
  if (sk_X509_num(given) <= 0)
    static_cast<void>(SSL_CTX_build_cert_chain(
        context, SSL_BUILD_CHAIN_FLAG_NO_ROOT | SSL_BUILD_CHAIN_FLAG_IGNORE_ERROR | SSL_BUILD_CHAIN_FLAG_CLEAR_ERROR));
  SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN);
}

WipedBuffer drain(BIO* from) {
  WipedBuffer out;
  char* data = nullptr;
  const long size = BIO_get_mem_data(from, &data);
  if (size > 0) out.add(std::string_view{data, static_cast<std::size_t>(size)});
  static_cast<void>(BIO_reset(from));
  return out;
}

/// The number of the alert that an error of the library stands for; nothing for other errors.
std::optional<int> received_alert(unsigned long error) noexcept {
  const int reason = ERR_GET_REASON(error);
  if (ERR_GET_LIB(error) != ERR_LIB_SSL || reason <= SSL_AD_REASON_OFFSET || reason > SSL_AD_REASON_OFFSET + 255)
    return std::nullopt;
  return reason - SSL_AD_REASON_OFFSET;
}

bool is_about_certificate(int alert) noexcept {
  switch (alert) {
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_ACCESS_DENIED:
    case SSL_AD_CERTIFICATE_REQUIRED:
      return true;
    default:
      return false;
  }
}

}  // namespace

TlsExport tls_key_export(EapType method, bool tls_1_3) noexcept {
  if (tls_1_3) return {"EXPORTER_EAP_TLS_Key_Material", true};
  return {method == EapType::ttls ? "ttls keying material" : "client EAP encryption", false};
}

// --- sessions ---

void TlsSessions::keep(TlsSession&& session) {
  const std::lock_guard lock{mutex_};
  if (stopped_) return;
  if (sessions_.size() == most_) sessions_.pop_front();
  sessions_.push_back(std::move(session));
}

void TlsSessions::clear() {
  const std::lock_guard lock{mutex_};
  sessions_.clear();
}

void TlsSessions::stop() {
  const std::lock_guard lock{mutex_};
  stopped_ = true;
  sessions_.clear();
}

std::optional<TlsSession> TlsSessions::take(const TlsClock& clock) {
  const std::lock_guard lock{mutex_};
  while (!sessions_.empty()) {
    TlsSession session = std::move(sessions_.back());
    sessions_.pop_back();
    if (clock.now <= session.server.not_after) return session;
  }
  return std::nullopt;
}

// --- context ---

Result<TlsContext> TlsContext::create(const TlsIdentity* identity, TlsTrust&& trust, const TlsLimits& limits) {
  TlsContext out;
  ERR_clear_error();
  out.context_.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* const context = out.context_.get();
  if (context == nullptr) return library_failure("cannot set up TLS");
  out.trust_ = std::make_unique<TlsTrust>(std::move(trust));
  out.has_identity_ = identity != nullptr;

  Result<void> done = set_versions(context, limits);
  if (done) done = set_groups(context, limits.groups);
  if (done) done = set_ciphers(context, limits.ciphers);
  if (done && identity != nullptr) done = set_identity(context, *identity);
  if (!done) return std::unexpected{std::move(done.error())};

  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_clear_options(context, SSL_OP_ENABLE_MIDDLEBOX_COMPAT | SSL_OP_LEGACY_SERVER_CONNECT);
  if (limits.legacy_renegotiation) SSL_CTX_set_options(context, SSL_OP_LEGACY_SERVER_CONNECT);
  if (!limits.resumption) SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  SSL_CTX_set_session_cache_mode(
      context, limits.resumption ? SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL : SSL_SESS_CACHE_OFF);
  SSL_CTX_sess_set_new_cb(context, TlsChannel::on_session);
  SSL_CTX_set1_cert_store(context, out.trust_->store());
  if (identity != nullptr) complete_chain(context);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(context, TlsChannel::verify, nullptr);
  SSL_CTX_set_cert_cb(context, TlsChannel::on_certificate_request, nullptr);
  // The library's macro for this has a cast of C.
  if (out.trust_->wants_staple())
    SSL_CTX_callback_ctrl(context, SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB,
                          reinterpret_cast<void (*)()>(&TlsChannel::judge_staple));
  ERR_clear_error();
  return out;
}

// --- callbacks ---

int TlsChannel::verify(X509_STORE_CTX* context, void* /*unused*/) noexcept {
  const auto* ssl = static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto& shared = *static_cast<Shared*>(SSL_get_app_data(ssl));
  shared.judgement = shared.trust->judge(context, shared.clock);
  shared.judged = true;
  return shared.judgement.problem == EapProblem::none ? 1 : 0;
}

int TlsChannel::on_certificate_request(SSL* ssl, void* /*unused*/) noexcept {
  static_cast<Shared*>(SSL_get_app_data(ssl))->asked_certificate = true;
  return 1;
}

int TlsChannel::judge_staple(SSL* ssl, void* /*unused*/) noexcept {
  auto& shared = *static_cast<Shared*>(SSL_get_app_data(ssl));
  if (SSL_session_reused(ssl) == 1 || !shared.judged) return 1;
  shared.trust->judge_staple(ssl, shared.clock, shared.judgement);
  return shared.judgement.problem == EapProblem::none ? 1 : 0;
}

int TlsChannel::on_session(SSL* ssl, SSL_SESSION* session) noexcept {
  auto& shared = *static_cast<Shared*>(SSL_get_app_data(ssl));
  if (SSL_SESSION_is_resumable(session) != 1) return 0;
  TlsSession kept;
  kept.session.reset(session);
  kept.server = shared.judgement.report;
  shared.sessions.push_back(std::move(kept));
  return 1;
}

// --- channel ---

Result<TlsChannel> TlsChannel::connect(const TlsContext& context, const TlsClock& clock,
                                       std::optional<TlsSession> session) {
  TlsChannel out;
  ERR_clear_error();
  out.connection_.reset(SSL_new(context.context_.get()));
  SSL* const ssl = out.connection_.get();
  out.in_ = BIO_new(BIO_s_mem());
  out.out_ = BIO_new(BIO_s_mem());
  if (ssl == nullptr || out.in_ == nullptr || out.out_ == nullptr) return library_failure("cannot begin TLS");
  SSL_set_bio(ssl, out.in_, out.out_);
  SSL_set_connect_state(ssl);
  out.has_identity_ = context.has_identity_;
  out.shared_ = std::make_unique<Shared>();
  out.shared_->trust = context.trust_.get();
  out.shared_->clock = clock;
  SSL_set_app_data(ssl, out.shared_.get());
  if (context.trust_->wants_staple()) SSL_set_tlsext_status_type(ssl, TLSEXT_STATUSTYPE_ocsp);
  if (session) {
    out.shared_->judgement.report = std::move(session->server);
    if (SSL_set_session(ssl, session->session.get()) != 1) ERR_clear_error();
  }
  out.advance();
  return out;
}

TlsChannel::State TlsChannel::feed(Bytes records) {
  if (state_ == State::failed) return state_;
  if (!records.empty()) static_cast<void>(BIO_write(in_, records.data(), static_cast<int>(records.size())));
  if (state_ == State::handshake) advance();
  if (state_ == State::established) read();
  return state_;
}

void TlsChannel::advance() {
  ERR_clear_error();
  const int result = SSL_do_handshake(connection_.get());
  if (result != 1) return fail_by(result);
  state_ = State::established;
  // The library asks nobody about a server that needs no certificate, whatever it was told to verify.
  if (resumed() || (shared_->judged && shared_->judgement.problem == EapProblem::none)) return;
  state_ = State::failed;
  if (shared_->judged) {
    problem_ = shared_->judgement.problem;
    words_ = shared_->judgement.words;
    return;
  }
  problem_ = EapProblem::certificate;
  words_ = std::string{"the server shows no certificate ("} + SSL_get_cipher_name(connection_.get()) + ")";
  shared_->judgement = {problem_, words_, {}};  // what an offered session says is of another server
}

/// Text, and what TLS 1.3 says after the handshake: sessions, and alerts of a server that did not like our certificate.
void TlsChannel::read() {
  std::array<std::uint8_t, 4096> block{};
  for (;;) {
    ERR_clear_error();
    const int size = SSL_read(connection_.get(), block.data(), static_cast<int>(block.size()));
    if (size <= 0) {
      wipe(block);
      if (SSL_get_error(connection_.get(), size) != SSL_ERROR_ZERO_RETURN) fail_by(size);
      return;
    }
    received_.add(Bytes{block}.first(static_cast<std::size_t>(size)));
    if (received_.octets().size() <= max_received) continue;
    state_ = State::failed;
    problem_ = EapProblem::malformed;
    words_ = "the server sends more inside the tunnel than EAP has use for";
    return wipe(block);
  }
}

void TlsChannel::fail_by(int result) {
  const int kind = SSL_get_error(connection_.get(), result);
  if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE) return;
  state_ = State::failed;
  const unsigned long error = ERR_peek_error();
  const std::optional<int> alert = received_alert(error);
  const int reason = ERR_GET_REASON(error);
  if (shared_->judgement.problem != EapProblem::none) {
    problem_ = shared_->judgement.problem;
    words_ = shared_->judgement.words;
  } else if (alert && is_about_certificate(*alert)) {
    problem_ = EapProblem::client_certificate;
    words_ = has_identity_ ? std::string{"the server refused our certificate: "} + SSL_alert_desc_string_long(*alert)
                           : "the server asks for a client certificate, and the profile has none";
  } else if (alert == SSL_AD_PROTOCOL_VERSION || reason == SSL_R_UNSUPPORTED_PROTOCOL) {
    problem_ = EapProblem::tls_version;
    words_ = "no version of TLS in common with the server (see MinimumTls= and MaximumTls=)";
  } else if (reason == SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED) {
    problem_ = EapProblem::tls;
    words_ = "the server knows no secure renegotiation (RFC 5746): only LegacyRenegotiation=yes lets it in";
  } else {
    problem_ = EapProblem::tls;
    const char* const text = ERR_reason_error_string(error);
    words_ = alert ? std::string{"the server ended the handshake: "} + SSL_alert_desc_string_long(*alert)
                   : std::string{"TLS failed: "} + (text != nullptr ? text : "the library gives no reason");
  }
  ERR_clear_error();
}

WipedBuffer TlsChannel::take_output() { return drain(out_); }

WipedBuffer TlsChannel::take_received() { return std::exchange(received_, WipedBuffer{}); }

Result<void> TlsChannel::write(Bytes text) {
  if (state_ != State::established) return fail("the tunnel is not open");
  ERR_clear_error();
  if (SSL_write(connection_.get(), text.data(), static_cast<int>(text.size())) != static_cast<int>(text.size()))
    return library_failure("cannot send inside the tunnel");
  return {};
}

EapStage TlsChannel::stage() const noexcept {
  if (state_ == State::failed && shared_->judgement.problem != EapProblem::none) return EapStage::server_certificate;
  if (problem_ == EapProblem::client_certificate) return EapStage::client_certificate;
  if (SSL_is_init_finished(connection_.get()) == 1) return EapStage::confirmation;
  if (!shared_->judged) return EapStage::handshake;
  return sent_certificate() ? EapStage::client_certificate : EapStage::server_certificate;
}

bool TlsChannel::is_tls_1_3() const noexcept { return SSL_version(connection_.get()) == TLS1_3_VERSION; }

bool TlsChannel::resumed() const noexcept { return SSL_session_reused(connection_.get()) == 1; }

bool TlsChannel::sent_certificate() const noexcept { return has_identity_ && shared_->asked_certificate; }

CertificateReport TlsChannel::server() const { return shared_->judgement.report; }

TlsReport TlsChannel::report() const {
  const SSL* const ssl = connection_.get();
  TlsReport out;
  if (SSL_is_init_finished(ssl) != 1) return out;
  out.version = SSL_get_version(ssl);
  out.cipher = SSL_get_cipher_name(ssl);
  const long group = SSL_get_negotiated_group(connection_.get());
  if (const char* name = group > 0 ? SSL_group_to_name(connection_.get(), static_cast<int>(group)) : nullptr)
    out.group = name;
  out.resumed = resumed();
  return out;
}

Result<void> TlsChannel::export_octets(const TlsExport& what, EapType method, MutableBytes out) const {
  if (SSL_is_init_finished(connection_.get()) != 1) return fail("the handshake is not done");
  const auto type = static_cast<std::uint8_t>(method);
  ERR_clear_error();
  if (SSL_export_keying_material(connection_.get(), out.data(), out.size(), what.label.data(), what.label.size(), &type,
                                 what.type_is_context ? 1 : 0, what.type_is_context ? 1 : 0) != 1)
    return library_failure("cannot export keys");
  return {};
}

Result<Secret<128>> TlsChannel::export_keys(EapType method) const {
  Secret<128> keys;
  if (Result<void> done = export_octets(tls_key_export(method, is_tls_1_3()), method, keys.allocate(128)); !done)
    return std::unexpected{std::move(done.error())};
  return keys;
}

Result<std::vector<std::uint8_t>> TlsChannel::session_id(EapType method) const {
  std::vector<std::uint8_t> id(1 + method_id_size);
  id[0] = static_cast<std::uint8_t>(method);
  const MutableBytes rest = MutableBytes{id}.subspan(1);
  if (!is_tls_1_3()) {
    static_cast<void>(SSL_get_client_random(connection_.get(), rest.data(), random_size));
    static_cast<void>(SSL_get_server_random(connection_.get(), rest.data() + random_size, random_size));
    return id;
  }
  if (Result<void> done = export_octets(tls_method_id_export, method, rest); !done)
    return std::unexpected{std::move(done.error())};
  return id;
}

Result<Secret<64>> TlsChannel::ttls_challenge(std::size_t size) const {
  Secret<64> out;
  if (Result<void> done = export_octets({"ttls challenge", false}, EapType::ttls, out.allocate(size)); !done)
    return std::unexpected{std::move(done.error())};
  return out;
}

std::vector<TlsSession> TlsChannel::take_sessions() {
  // The library spoils the session of a connection that is freed without a shutdown, which EAP does not have.
  SSL_set_shutdown(connection_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  // TLS 1.2 gives nothing new when it resumes: the same session may be used again.
  if (shared_->sessions.empty() && resumed() && !is_tls_1_3())
    if (SSL_SESSION* session = SSL_get1_session(connection_.get()); session != nullptr) {
      TlsSession kept;
      kept.session.reset(session);
      kept.server = shared_->judgement.report;
      shared_->sessions.push_back(std::move(kept));
    }
  return std::exchange(shared_->sessions, {});
}

}  // namespace macsec::crypto
