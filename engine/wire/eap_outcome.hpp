// SPDX-License-Identifier: LGPL-2.1-or-later
/// How an EAP conversation ended, for machines and for people: the macsec-eap process tells it, the daemon acts on it and
/// shows it.
#pragma once

#include "engine/base/secret.hpp"
#include "engine/wire/eap.hpp"

#include <string>
#include <vector>

namespace macsec {

/// How far a conversation came. A server that rejects often sends a bare Failure: the stage is what tells one from another.
enum class EapStage : std::uint8_t {
  identity,            ///< no method has begun
  method,              ///< a method was proposed, none agreed
  handshake,           ///< TLS has begun, the server's certificate was not judged
  server_certificate,  ///< it was judged
  client_certificate,  ///< the server judges ours
  inner,               ///< the method in the tunnel
  confirmation,        ///< all was said; the server's protected success is awaited
  success
};

enum class EapProblem : std::uint8_t {
  none,
  profile,          ///< a file or credential cannot be used: the words name it
  legacy_provider,  ///< MSCHAPv2 without MD4
  rejected,         ///< Failure before any method
  method_refused,   ///< no method of the server is allowed by the profile
  tls_version,      ///< the server gave up after our hello
  tls,              ///< any other failure of the handshake
  certificate_issuer,
  certificate_time,
  certificate_use,
  certificate_revoked,
  certificate,         ///< the server's certificate fails in another way
  server_name,         ///< the certificate is valid, but for another name
  client_certificate,  ///< the server refused ours
  client_certificate_expired,
  password,         ///< user or password refused
  account,          ///< disabled, password expired, not allowed now
  inner_method,     ///< the method in the tunnel failed in another way
  inner_missing,    ///< success was declared without it
  binding,          ///< crypto-binding is missing or wrong
  no_confirmation,  ///< TLS 1.3 without the server's protected success
  no_keys,
  malformed,  ///< the server breaks the protocol
  timeout,    ///< the conversation was ended from this side while the server was to speak
  internal
};

/// A certificate as judged, or as read where it was not.
struct CertificateReport {
  std::string subject;  ///< RFC 2253
  std::string issuer;
  std::vector<std::string> names;  ///< "DNS:radius.example.org"
  std::int64_t not_before = 0;     ///< seconds since 1970-01-01 UTC
  std::int64_t not_after = 0;
  std::array<std::uint8_t, 32> sha256{};
  std::uint8_t depth = 0;    ///< of the certificate that failed: 0 is the server's own
  bool verified = false;     ///< chain and name, or a pin
  bool clock_unset = false;  ///< the clock was before this program's time, which was used instead

  [[nodiscard]] bool empty() const noexcept { return not_after == 0 && subject.empty(); }
  friend bool operator==(const CertificateReport&, const CertificateReport&) = default;
};

struct TlsReport {
  std::string version;  ///< "TLSv1.3"; empty: no handshake was done
  std::string cipher;
  std::string group;  ///< of the key exchange
  bool resumed = false;
  friend bool operator==(const TlsReport&, const TlsReport&) = default;
};

struct EapVerdict {
  EapStage stage = EapStage::identity;
  EapProblem problem = EapProblem::none;
  EapType method = EapType::none;
  std::string inner;      ///< as InnerMethod= has it; empty: none
  std::string words;      ///< a sentence part; empty where all is well
  bool hold = false;      ///< trying again soon makes it worse: a password or certificate was refused
  bool validated = true;  ///< false: ValidateServer=insecure-no
  CertificateReport server;
  CertificateReport client;
  std::string client_key;  ///< where the key is: "file", "pkcs11", "tpm"; empty: none
  TlsReport tls;
  friend bool operator==(const EapVerdict&, const EapVerdict&) = default;
};

/// What a method that exports keys ends with.
struct MethodKeys {
  Secret<64> msk;
  std::vector<std::uint8_t> session_id;
};

[[nodiscard]] std::string_view to_string(EapStage stage) noexcept;      ///< "server-certificate"
[[nodiscard]] std::string_view to_string(EapProblem problem) noexcept;  ///< "certificate-issuer"

}  // namespace macsec
