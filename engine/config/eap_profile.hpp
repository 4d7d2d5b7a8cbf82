// SPDX-License-Identifier: LGPL-2.1-or-later
/// What a profile's [8021X] section says that only macsec-eap reads: methods, credentials, trust. The daemon carries it there
/// unread: files and credentials of the service are opened by macsec-eap, with its rights.
#pragma once

#include "engine/base/result.hpp"
#include "engine/base/wiped.hpp"
#include "engine/config/eap_methods.hpp"
#include "engine/wire/tls.hpp"

#include <optional>
#include <string>
#include <vector>

namespace macsec {

/// Where something comes from: itself, a file, a credential of macsec-eap's unit, an URI of a token, the system's CAs.
struct EapSource {
  enum class Kind : std::uint8_t {
    none,        ///< not said
    octets,      ///< `content`: it stood in the profile, or a program gave it
    file,        ///< `name` is a path; for CAs a folder, too
    credential,  ///< `name` is of LoadCredential=
    uri,         ///< `name` is for OpenSSL's store: "pkcs11:...", "handle:0x..."
    system       ///< OpenSSL's default CAs
  };
  Kind kind = Kind::none;
  std::string name;
  WipedText content;

  [[nodiscard]] bool said() const noexcept { return kind != Kind::none; }
  [[nodiscard]] Bytes octets() const noexcept {
    return {reinterpret_cast<const std::uint8_t*>(content.view().data()), content.size()};
  }
  [[nodiscard]] EapSource duplicate() const { return {kind, name, WipedText{content.view()}}; }
  /// Secrets are compared in constant time.
  friend bool operator==(const EapSource& left, const EapSource& right) noexcept;
};

/// CryptoBinding=
enum class CryptoBinding : std::uint8_t { optional, required, no };

struct EapProfile {
  std::vector<EapType> methods;    ///< Method=, in order of preference
  std::string identity;            ///< Identity=; empty with tls: from the certificate
  std::string anonymous_identity;  ///< AnonymousIdentity=; empty: Identity=
  EapInner inner = EapInner::mschapv2;
  EapSource password;  ///< Password=, PasswordFile=, PasswordCredential=

  std::vector<EapSource> ca_certificates;             ///< CaCertificate=
  std::vector<std::string> server_names;              ///< ServerName=: exact, any case
  std::vector<std::string> server_name_suffixes;      ///< ServerNameSuffix=: itself and below
  std::vector<std::string> server_alternative_names;  ///< ServerAlternativeName=: "DNS:", "EMAIL:", "URI:"
  std::string server_subject;                         ///< ServerSubject=: contained in the subject
  std::vector<std::string> server_fingerprints;       ///< ServerFingerprint=: SHA-256, 64 hexadecimal digits
  bool validate_server = true;                        ///< ValidateServer=; false: insecure-no
  bool common_name = false;  ///< the CN counts as a name where there is no DNS name: for what NetworkManager asks
  Revocation revocation = Revocation::none;
  std::vector<EapSource> revocation_lists;  ///< RevocationList=

  EapSource client_certificate;    ///< ClientCertificate=
  EapSource private_key;           ///< PrivateKey=; none: in the client certificate's file
  EapSource private_key_password;  ///< PrivateKeyPassword=

  TlsVersion minimum_tls = TlsVersion::tls_1_2;
  TlsVersion maximum_tls = TlsVersion::tls_1_3;
  std::string tls_ciphers;            ///< TlsCiphers=: OpenSSL's text
  std::string key_exchange = "auto";  ///< KeyExchange=: auto, post-quantum, or OpenSSL's group list
  bool legacy_renegotiation = false;
  bool check_certificate_time = true;
  bool session_resumption = true;
  CryptoBinding crypto_binding = CryptoBinding::optional;
  std::uint16_t fragment_size = 1266;  ///< octets of TLS in a packet, 100 to 1490

  [[nodiscard]] bool allows(EapType method) const noexcept;
  /// Some method takes a password, or a certificate of ours.
  [[nodiscard]] bool uses_password() const noexcept;
  [[nodiscard]] bool uses_own_certificate() const noexcept;

  friend bool operator==(const EapProfile&, const EapProfile&) noexcept = default;
};

/// For macsec-eap: everything, secrets included.
[[nodiscard]] WipedBuffer write_eap_profile(const EapProfile& profile);
/// Whom the profile trusts, by which methods, and as whom we authenticate; without the secrets that prove it, and without what
/// files hold. Profiles of which this differs do not vouch for each other's sessions.
[[nodiscard]] WipedBuffer write_eap_trust(const EapProfile& profile);
/// Nothing when it is not what write_eap_profile() made.
[[nodiscard]] std::optional<EapProfile> read_eap_profile(Bytes octets);

[[nodiscard]] std::string_view to_string(CryptoBinding binding) noexcept;  ///< "optional", "required", "no"

}  // namespace macsec
