// SPDX-License-Identifier: LGPL-2.1-or-later
/// [8021X]
#include "engine/config/rules/certificates.hpp"

namespace macsec::detail {
namespace {

bool is_identity(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 253 && survives_a_file(text);
}

bool is_alternative_name(std::string_view name) noexcept {
  for (const std::string_view kind : {"DNS:", "EMAIL:", "URI:"})
    if (name.starts_with(kind) && name.size() > kind.size() && name.size() <= 1024) return survives_a_file(name);
  return false;
}

template <auto Member>
Verdict set_source(ProfileDraft& draft, const RawValue& value) {
  EapSource& out = at(draft, Member);
  return {value.octets.empty() ? take_source(value.text, out) : take_octets(value.octets, out), {}};
}

Verdict set_methods(ProfileDraft& draft, const RawValue& value) {
  const std::optional<std::vector<std::string_view>> names = split_words(value.text, true);
  if (!names || names->empty()) return refused;
  std::vector<EapType>& methods = draft.pae.eap.methods;
  for (const std::string_view name : *names) {
    const std::optional<EapType> method = eap_method_from_name(name);
    if (!method) return refused;
    if (std::ranges::find(methods, *method) != methods.end())
      return {false, "each method once (an empty Method= starts the list again)"};
    methods.push_back(*method);
  }
  return {};
}

std::string get_methods(const ProfileView& view) {
  std::string out;
  for (const EapType method : view.pae->eap.methods) out.append(out.empty() ? "" : " ").append(eap_method_name(method));
  return out;
}

Verdict set_validate_server(ProfileDraft& draft, const RawValue& value) {
  const bool insecure = value.text == "insecure-no";
  const std::optional<bool> parsed = parse_boolean(value.text);
  if (!insecure && parsed != true) return refused;
  draft.pae.eap.validate_server = !insecure;
  return {};
}

std::string get_validate_server(const ProfileView& view) {
  return view.pae->eap.validate_server ? "yes" : "insecure-no";
}

Verdict set_reauthenticate(ProfileDraft& draft, const RawValue& value) {
  const std::optional<Duration> span = parse_duration(value.text);
  if (!span || (*span != Duration{0} && *span < std::chrono::seconds{10})) return refused;
  draft.pae.reauthenticate = *span;
  return {};
}

constexpr std::string_view octets_1_253 = "a text of 1 to 253 octets";
constexpr std::string_view eap_credential =
    "the name of a credential of macsec-eap.service (LoadCredential= of the unit)";
constexpr std::string_view own_file = "the absolute path of a file, or a pkcs11: URI without a PIN";
constexpr std::string_view tls_versions = "1.0, 1.1, 1.2 or 1.3";
constexpr auto with_passwords = FixedText<200>{}.add("required with ").add(eap_password_method_words);
constexpr auto one_identity = FixedText<200>{with_passwords}.add("; the certificate's name with tls alone");
constexpr auto one_password = FixedText<200>{with_passwords}.add(", or PasswordFile= or PasswordCredential=");
constexpr auto inner_help = FixedText<200>{}.add("How the password is proved inside ").add(eap_password_method_words);

using Pae = Profile::Pae;
using Eap = EapProfile;
using Kind = EapSource::Kind;

// clang-format off
constexpr std::array pae_table{
    ProfileRule{{"8021X", "Role", "supplicant or authenticator", "supplicant",
                 "Which end of the authentication this one is: the host, or the port that asks a RADIUS server"},
                set_choice<&Pae::role, PaeRole::supplicant, PaeRole::authenticator>, get<&Pae::role>},
    ProfileRule{{"8021X", "Method", eap_method_words, "required",
                 "EAP methods that may be used"},
                set_methods, get_methods},
    ProfileRule{{"8021X", "Identity", octets_1_253, one_identity.view(),
                 "Who authenticates"},
                set_text<&Eap::identity, is_identity>, get<&Eap::identity>},
    ProfileRule{{"8021X", "AnonymousIdentity", octets_1_253, "Identity=",
                 "What is said in clear text instead of Identity="},
                set_text<&Eap::anonymous_identity, is_identity>, get<&Eap::anonymous_identity>},
    ProfileRule{{"8021X", "InnerMethod", "mschapv2, pap, chap, mschap, eap-mschapv2 or eap-gtc", "mschapv2",
                 inner_help.view()},
                set_choice<&Eap::inner, EapInner::mschapv2, EapInner::pap, EapInner::chap, EapInner::mschap,
                           EapInner::eap_mschapv2, EapInner::eap_gtc>, get<&Eap::inner>},
    ProfileRule{{"8021X", "Password", secret_octets, one_password.view(), "The password", true},
                set_secret<&Eap::password>, nullptr},
    ProfileRule{{"8021X", "PasswordFile", secret_file, one_password.view(), "File that holds the password"},
                set_secret_file<&Eap::password>, get_source<&Eap::password, Kind::file>},
    ProfileRule{{"8021X", "PasswordCredential", eap_credential, one_password.view(), "Credential that holds the password"},
                set_secret_credential<&Eap::password>, get_source<&Eap::password, Kind::credential>},
    ProfileRule{{"8021X", "CaCertificate", authorities,
                 "required, or ServerFingerprint= or ValidateServer=insecure-no",
                 "CAs that may sign the server's certificate"},
                set_sources<&Eap::ca_certificates>, get_sources<&Eap::ca_certificates>},
    ProfileRule{{"8021X", "ServerName", dns_names, "any name",
                 "Names of the server, exactly"},
                set_texts<&Eap::server_names, is_dns_name, true>, get_texts<&Eap::server_names>},
    ProfileRule{{"8021X", "ServerNameSuffix", dns_names, "any name",
                 "Domains of the server: the name itself and what is below"},
                set_texts<&Eap::server_name_suffixes, is_dns_name, true>, get_texts<&Eap::server_name_suffixes>},
    ProfileRule{{"8021X", "ServerAlternativeName", "a name as DNS:NAME, EMAIL:ADDRESS or URI:URI, one or several", "any name",
                 "Alternative names of the server, exactly"},
                set_texts<&Eap::server_alternative_names, is_alternative_name, false>,
                get_texts<&Eap::server_alternative_names>},
    ProfileRule{{"8021X", "ServerSubject", "a text of at most 1024 octets", "any subject",
                 "Text that the subject of the server's certificate contains"},
                set_text<&Eap::server_subject, is_plain<1024>>, get<&Eap::server_subject>},
    ProfileRule{{"8021X", "ServerFingerprint", fingerprints, "any certificate",
                 "The server's certificate itself, instead of its CA and name"},
                set_fingerprints<&Eap::server_fingerprints>, get_texts<&Eap::server_fingerprints>},
    ProfileRule{{"8021X", "ValidateServer", "yes or insecure-no", "yes",
                 "Whether the server has to prove who it is; insecure-no: anybody may take its place"},
                set_validate_server, get_validate_server},
    ProfileRule{{"8021X", "Revocation", "none, ocsp-stapled, ocsp-required, crl or crl-leaf", "none",
                 "How a revoked certificate of the server is recognised"},
                set_choice<&Eap::revocation, Revocation::none, Revocation::ocsp_stapled, Revocation::ocsp_required,
                           Revocation::crl, Revocation::crl_leaf>, get<&Eap::revocation>},
    ProfileRule{{"8021X", "RevocationList", "absolute paths of files, one or several", "required with Revocation=crl and crl-leaf",
                 "Certificate revocation lists"},
                set_sources<&Eap::revocation_lists>, get_sources<&Eap::revocation_lists>},
    ProfileRule{{"8021X", "ClientCertificate", own_file, "required with tls",
                 "Our certificate with its chain: PEM, DER or PKCS#12"},
                set_source<&Eap::client_certificate>, get_source<&Eap::client_certificate, Kind::file, Kind::uri>, true},
    ProfileRule{{"8021X", "PrivateKey", own_file, "the file of ClientCertificate=",
                 "The key of our certificate"},
                set_source<&Eap::private_key>, get_source<&Eap::private_key, Kind::file, Kind::uri>, true},
    ProfileRule{{"8021X", "PrivateKeyCredential", eap_credential, "the file of ClientCertificate=",
                 "Credential that holds the key of our certificate"},
                set_secret_credential<&Eap::private_key>, get_source<&Eap::private_key, Kind::credential>},
    ProfileRule{{"8021X", "PrivateKeyPassword", secret_octets, "none", "What the key is encrypted with", true},
                set_secret<&Eap::private_key_password>, nullptr},
    ProfileRule{{"8021X", "PrivateKeyPasswordFile", secret_file, "none", "File that holds the password of the key"},
                set_secret_file<&Eap::private_key_password>, get_source<&Eap::private_key_password, Kind::file>},
    ProfileRule{{"8021X", "PrivateKeyPasswordCredential", eap_credential, "none",
                 "Credential that holds the password of the key"},
                set_secret_credential<&Eap::private_key_password>, get_source<&Eap::private_key_password, Kind::credential>},
    ProfileRule{{"8021X", "MinimumTls", tls_versions, "1.2",
                 "Oldest version of TLS; below 1.2 weak algorithms are let in, too"},
                set_choice<&Eap::minimum_tls, TlsVersion::tls_1_0, TlsVersion::tls_1_1, TlsVersion::tls_1_2,
                           TlsVersion::tls_1_3>, get<&Eap::minimum_tls>},
    ProfileRule{{"8021X", "MaximumTls", tls_versions, "1.3",
                 "Newest version of TLS"},
                set_choice<&Eap::maximum_tls, TlsVersion::tls_1_0, TlsVersion::tls_1_1, TlsVersion::tls_1_2,
                           TlsVersion::tls_1_3>, get<&Eap::maximum_tls>},
    ProfileRule{{"8021X", "TlsCiphers", "a list as openssl-ciphers(1) takes it", "OpenSSL's",
                 "Cipher suites of TLS up to 1.2"},
                set_text<&Eap::tls_ciphers, is_plain<1024>>, get<&Eap::tls_ciphers>},
    ProfileRule{{"8021X", "KeyExchange", "a list of groups as OpenSSL takes it, auto or post-quantum", "auto",
                 "Key exchange of TLS; auto: hybrid post-quantum first where OpenSSL has it"},
                set_text<&Eap::key_exchange, is_plain<1024>>, get<&Eap::key_exchange>},
    ProfileRule{{"8021X", "LegacyRenegotiation", boolean, "no",
                 "Whether a server may lack secure renegotiation (RFC 5746)"},
                set_boolean<&Eap::legacy_renegotiation>, get<&Eap::legacy_renegotiation>},
    ProfileRule{{"8021X", "CheckCertificateTime", boolean, "yes",
                 "Whether the server's certificate has to be valid now"},
                set_boolean<&Eap::check_certificate_time>, get<&Eap::check_certificate_time>},
    ProfileRule{{"8021X", "SessionResumption", boolean, "yes",
                 "Whether a reauthentication may be the short one of TLS"},
                set_boolean<&Eap::session_resumption>, get<&Eap::session_resumption>},
    ProfileRule{{"8021X", "CryptoBinding", "optional, required or no", "optional",
                 "Whether peap binds the inner method to the tunnel"},
                set_choice<&Eap::crypto_binding, CryptoBinding::optional, CryptoBinding::required, CryptoBinding::no>,
                get<&Eap::crypto_binding>},
    ProfileRule{{"8021X", "FragmentSize", "a number from 100 to 1490", "1266",
                 "Octets of TLS in one EAP packet"},
                set_number<&Eap::fragment_size, 100, 1490>, get<&Eap::fragment_size>},
    ProfileRule{{"8021X", "CakLength", "128, 256 or auto", "128",
                 "Bits of the CAK; auto: speaks with 128, listens for 256, too"},
                set_choice<&Pae::cak_length, CakLength::bits_128, CakLength::bits_256, CakLength::automatic>,
                get<&Pae::cak_length>},
    ProfileRule{{"8021X", "UseEap", "immediate, mka-fail or never", "immediate",
                 "When to authenticate: at carrier, after cached and fallback keys failed, or never"},
                set_choice<&Pae::use_eap, UseEap::immediate, UseEap::mka_fail, UseEap::never>, get<&Pae::use_eap>},
    ProfileRule{{"8021X", "CacheSec", "a time span from 0 to 24h", "1h",
                 "How long a CAK is kept after carrier was lost"},
                set_span<&Pae::cache, 0, 86'400'000>, get<&Pae::cache>},
    ProfileRule{{"8021X", "HeldSec", "a time span from 1s to 1h", "1min",
                 "Longest pause after a failed authentication"},
                set_span<&Pae::held, 1'000, 3'600'000>, get<&Pae::held>},
    ProfileRule{{"8021X", "ReauthenticateSec", "a time span of at least 10s, or 0", "0; 1h with Role=authenticator",
                 "How often to authenticate again; 0: when the other end or the RADIUS server asks"},
                set_reauthenticate, get<&Pae::reauthenticate>},
    ProfileRule{{"8021X", "Nid", "a text of at most 100 octets", "none",
                 "Network that is asked for in EAPOL-Start"},
                set_text<&Pae::nid, is_plain<100>>, get<&Pae::nid>},
    ProfileRule{{"8021X", "NasIdentifier", octets_1_253, "the name of the host",
                 "How an authenticator calls itself towards its RADIUS servers"},
                set_text<&Pae::nas_identifier, is_identity>, get<&Pae::nas_identifier>},
    ProfileRule{{"8021X", "QuietSec", "a time span from 1s to 1h", "1min",
                 "How long an authenticator hears nobody after a server refused a host"},
                set_span<&Pae::quiet, 1'000, 3'600'000>, get<&Pae::quiet>},
    ProfileRule{{"8021X", "ServerDeadSec", "a time span from 0 to 30d", "24h",
                 "How long an authenticator keeps a link that no server answers for any more"},
                set_span<&Pae::server_dead, 0, 2'592'000'000>, get<&Pae::server_dead>},
};
// clang-format on

}  // namespace

std::span<const ProfileRule> pae_rules() noexcept { return pae_table; }

std::optional<PaeRole> role_of_pae_key(std::string_view key) noexcept {
  for (const std::string_view any : {"Role", "CakLength", "ReauthenticateSec"})
    if (key == any) return std::nullopt;
  for (const std::string_view one : {"NasIdentifier", "QuietSec", "ServerDeadSec"})
    if (key == one) return PaeRole::authenticator;
  return PaeRole::supplicant;
}

}  // namespace macsec::detail
