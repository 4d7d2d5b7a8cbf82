// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/keys/tls_client.hpp"

#include "engine/base/file.hpp"
#include "engine/base/text.hpp"
#include "engine/crypto/library_error.hpp"

#include <algorithm>
#include <cstring>
#include <ctime>
#include <openssl/err.h>
#include <openssl/x509v3.h>

namespace macsec::keys {
namespace {

using crypto::library_failure;
using crypto::TlsMaterial;

constexpr std::size_t largest_file = 1UL << 20U;
constexpr std::size_t shortest_psk = 32;  ///< octets, as SKIP asks for

// A server that takes none of these has no shared key with us. Those that would bring a certificate as well are left out.
constexpr const char* psk_ciphers =
    "DHE-PSK-AES256-GCM-SHA384:ECDHE-PSK-AES256-CBC-SHA384:DHE-PSK-AES256-CBC-SHA384:PSK-AES256-GCM-SHA384:PSK-AES256-"
    "CBC-SHA384";
constexpr const char* psk_ciphersuite = "TLS_AES_256_GCM_SHA384";

// OpenSSL 3.5 and later have the first list.
constexpr const char* hybrid_groups = "*X25519MLKEM768:*X25519:P-256:X448:P-384:P-521";
constexpr const char* classical_groups = "X25519:P-256:X448:P-384:P-521";

/// What a handshake left: the library calls back with the connection only.
int words_index() {
  static const int index = SSL_get_ex_new_index(
      0, nullptr, nullptr, nullptr,
      [](void*, void* words, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<std::string*>(words); });
  return index;
}

std::string* words_of(const SSL* ssl) noexcept {
  return static_cast<std::string*>(SSL_get_ex_data(ssl, words_index()));
}

Result<TlsMaterial> read_material(std::string_view setting, const std::string& path, bool secret) {
  auto file = read_file(path, largest_file);
  if (!file) return std::unexpected{std::move(file.error())};
  if (secret && open_to_everybody(file->mode))
    return fail(path + " can be read or written by everybody: chmod o= " + path);
  return TlsMaterial{std::string{setting} + '=' + path, std::move(file->text)};
}

bool is_about_identity(int alert) noexcept {
  switch (alert) {
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_ACCESS_DENIED:
    case SSL_AD_DECRYPT_ERROR:
    case SSL_AD_CERTIFICATE_REQUIRED:
    case SSL_AD_UNKNOWN_PSK_IDENTITY:
      return true;
    default:
      return false;
  }
}

/// The alert that an error of the library stands for; nothing for other errors.
std::optional<int> alert_of(unsigned long error) noexcept {
  const int reason = ERR_GET_REASON(error);
  if (ERR_GET_LIB(error) != ERR_LIB_SSL || reason <= SSL_AD_REASON_OFFSET || reason > SSL_AD_REASON_OFFSET + 255)
    return std::nullopt;
  return reason - SSL_AD_REASON_OFFSET;
}

}  // namespace

Result<TlsClient> TlsClient::load(const Source& source) {
  TlsClient out;
  ERR_clear_error();
  out.shared_ = std::make_unique<Shared>();
  out.shared_->host = source.url.host;
  out.shared_->is_address = source.url.is_address;
  out.context_.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* const context = out.context_.get();
  if (context == nullptr || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
      (SSL_CTX_set1_groups_list(context, hybrid_groups) != 1 &&
       SSL_CTX_set1_groups_list(context, classical_groups) != 1))
    return library_failure("cannot set up TLS");
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
                                   SSL_OP_CLEANSE_PLAINTEXT);  // answers hold keys
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_app_data(context, out.shared_.get());
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(context, verify, nullptr);
  const Result<void> done = source.psk_file.empty() ? out.use_certificates(source) : out.use_shared_key(source);
  if (!done) return std::unexpected{done.error()};
  ERR_clear_error();
  return out;
}

Result<void> TlsClient::use_certificates(const Source& source) {
  crypto::TlsTrustSettings settings;
  auto authorities = read_material("CaCertificate", source.ca_certificate, false);
  if (!authorities) return std::unexpected{authorities.error()};
  settings.authorities.push_back(std::move(*authorities));
  auto trust = crypto::TlsTrust::load(std::move(settings));
  if (!trust) return std::unexpected{trust.error()};
  shared_->trust = std::move(*trust);
  SSL_CTX_set1_cert_store(context_.get(), shared_->trust->store());
  if (source.client_certificate.empty()) return {};

  const auto certificate = read_material("ClientCertificate", source.client_certificate, false);
  if (!certificate) return std::unexpected{certificate.error()};
  const auto key = read_material("PrivateKey", source.private_key, true);
  if (!key) return std::unexpected{key.error()};
  const auto identity = crypto::TlsIdentity::load(*certificate, &*key, {});
  if (!identity) return std::unexpected{identity.error()};
  bool set = SSL_CTX_use_certificate(context_.get(), identity->certificate()) == 1 &&
             SSL_CTX_use_PrivateKey(context_.get(), identity->key()) == 1;
  for (std::size_t i = 1; set && i < identity->chain().size(); ++i)
    set = SSL_CTX_add1_chain_cert(context_.get(), identity->chain()[i].get()) == 1;
  if (!set) return library_failure(certificate->label + ": OpenSSL refuses the certificate or its key");
  return {};
}

Result<void> TlsClient::use_shared_key(const Source& source) {
  const auto file = read_material("PskFile", source.psk_file, true);
  if (!file) return std::unexpected{file.error()};
  std::string_view digits = file->content.view();
  while (digits.ends_with('\n') || digits.ends_with('\r')) digits.remove_suffix(1);
  const MutableBytes psk = shared_->psk.allocate(std::min<std::size_t>(digits.size() / 2, 64));
  if (psk.size() < shortest_psk || !from_hex(digits, psk))
    return fail(file->label + ": 64 to 128 hexadecimal digits (a key of 256 to 512 bits) are accepted");
  shared_->psk_identity = source.psk_identity;
  SSL_CTX* const context = context_.get();
  if (SSL_CTX_set_cipher_list(context, psk_ciphers) != 1 || SSL_CTX_set_ciphersuites(context, psk_ciphersuite) != 1)
    return library_failure("OpenSSL has no cipher for a shared key");
  SSL_CTX_set_psk_client_callback(context, give_psk);
  SSL_CTX_set_psk_use_session_callback(context, use_session);
  return {};
}

// --- callbacks ---

int TlsClient::verify(X509_STORE_CTX* context, void* /*unused*/) noexcept {
  const auto* ssl = static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()));
  const auto& shared = *static_cast<const Shared*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  std::string& words = *words_of(ssl);
  if (!shared.trust) {
    words = "the server answers with a certificate in place of the shared key";
    X509_STORE_CTX_set_error(context, X509_V_ERR_CERT_UNTRUSTED);
    return 0;
  }
  const crypto::TlsJudgement judgement = shared.trust->judge(context, {.now = ::time(nullptr)});
  if (judgement.problem != EapProblem::none) {
    words = judgement.words;
    return 0;
  }
  X509* const leaf = X509_STORE_CTX_get0_cert(context);
  const int fits = shared.is_address ? X509_check_ip_asc(leaf, shared.host.c_str(), 0)
                                     : X509_check_host(leaf, shared.host.data(), shared.host.size(),
                                                       X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, nullptr);
  if (fits == 1) return 1;
  words = "the server's certificate is of " + crypto::display_name(leaf) + ", and Url= names " + shared.host;
  X509_STORE_CTX_set_error(context, X509_V_ERR_HOSTNAME_MISMATCH);
  return 0;
}

/// TLS 1.3: the key as a session of the one cipher that is offered, for its hash is bound to the key.
int TlsClient::use_session(SSL* ssl, const EVP_MD* digest, const unsigned char** id, std::size_t* size,
                           SSL_SESSION** session) noexcept {
  const auto& shared = *static_cast<const Shared*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  *session = nullptr;
  if (digest != nullptr && EVP_MD_get_type(digest) != NID_sha384) return 1;
  constexpr std::array<unsigned char, 2> aes_256_gcm_sha384{0x13, 0x02};
  const SSL_CIPHER* const cipher = SSL_CIPHER_find(ssl, aes_256_gcm_sha384.data());
  std::unique_ptr<SSL_SESSION, Releases<SSL_SESSION_free>> made{SSL_SESSION_new()};
  const Bytes psk = shared.psk.expose();
  if (!made || cipher == nullptr || SSL_SESSION_set1_master_key(made.get(), psk.data(), psk.size()) != 1 ||
      SSL_SESSION_set_cipher(made.get(), cipher) != 1 ||
      SSL_SESSION_set_protocol_version(made.get(), TLS1_3_VERSION) != 1)
    return 0;
  *id = reinterpret_cast<const unsigned char*>(shared.psk_identity.data());
  *size = shared.psk_identity.size();
  *session = made.release();
  return 1;
}

unsigned TlsClient::give_psk(SSL* ssl, const char* /*hint*/, char* identity, unsigned longest_identity,
                             unsigned char* psk, unsigned longest_psk) noexcept {
  const auto& shared = *static_cast<const Shared*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  const Bytes key = shared.psk.expose();
  if (shared.psk_identity.size() >= longest_identity || key.size() > longest_psk) return 0;
  std::memcpy(identity, shared.psk_identity.c_str(), shared.psk_identity.size() + 1);
  std::ranges::copy(key, psk);
  return static_cast<unsigned>(key.size());
}

// --- connections ---

Result<TlsClient::Connection> TlsClient::begin(int socket) const {
  ERR_clear_error();
  Connection ssl{SSL_new(context_.get())};
  auto words = std::make_unique<std::string>();
  if (!ssl || SSL_set_ex_data(ssl.get(), words_index(), words.get()) != 1) return library_failure("cannot begin TLS");
  static_cast<void>(words.release());  // the connection's now
  // The library's macro for the name has a cast of C.
  if (SSL_set_fd(ssl.get(), socket) != 1 ||
      (!shared_->is_address &&
       SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, shared_->host.data()) != 1))
    return library_failure("cannot begin TLS");
  SSL_set_connect_state(ssl.get());
  return ssl;
}

std::optional<Refusal> TlsClient::judge(const SSL* ssl) const {
  if (shared_->trust) return std::nullopt;
  const SSL_CIPHER* const cipher = SSL_get_current_cipher(ssl);
  const bool shared = SSL_version(ssl) == TLS1_3_VERSION
                          ? SSL_session_reused(ssl) == 1
                          : cipher != nullptr && SSL_CIPHER_get_auth_nid(cipher) == NID_auth_psk;
  if (shared) return std::nullopt;
  return Refusal{Refusal::Kind::untrusted, "the server did not use the shared key"};
}

Refusal TlsClient::explain(const SSL* ssl, int result) const {
  const int kind = SSL_get_error(ssl, result);
  const unsigned long error = ERR_peek_error();
  const std::optional<int> alert = alert_of(error);
  const std::string& words = *words_of(ssl);
  Refusal out;
  if (!words.empty()) {
    out = {Refusal::Kind::untrusted, words};
  } else if (alert && (is_about_identity(*alert) || !shared_->trust)) {
    out = {Refusal::Kind::untrusted, std::string{"the server refused our "} +
                                         (shared_->trust ? "certificate: " : "shared key: ") +
                                         SSL_alert_desc_string_long(*alert)};
  } else if (alert) {
    out.words = std::string{"the server ended the connection: "} + SSL_alert_desc_string_long(*alert);
  } else if (kind == SSL_ERROR_SYSCALL && error == 0) {
    out.words =
        errno == 0 ? "the server closed the connection" : std::string{"the connection failed: "} + std::strerror(errno);
  } else {
    const char* const text = ERR_reason_error_string(error);
    out.words = std::string{"TLS failed: "} + (text != nullptr ? text : "the library gives no reason");
  }
  ERR_clear_error();
  return out;
}

std::string TlsClient::describe(SSL* ssl) {
  std::string out = SSL_get_version(ssl);
  const long group = SSL_get_negotiated_group(ssl);
  const char* const name = group > 0 ? SSL_group_to_name(ssl, static_cast<int>(group)) : nullptr;
  return name == nullptr ? out : out + ", " + name;
}

}  // namespace macsec::keys
