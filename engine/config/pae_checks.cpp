// SPDX-License-Identifier: LGPL-2.1-or-later
// What must hold between the keys of [8021X], and between them and the rest. No class of its own: it reads the sections that a
// ProfileBuilder holds, and adds to its diagnostics.
#include "engine/config/profile_builder.hpp"

#include "engine/wire/eap_worker.hpp"

#include <algorithm>
#include <tuple>

namespace macsec::detail {
namespace {

constexpr std::size_t most_entries = 1000;  ///< of a list of [8021X]

bool is_in_token(const EapSource& source) noexcept { return source.kind == EapSource::Kind::uri; }

/// All that decides who learns the password.
auto tells_password_to(const EapProfile& eap) {
  return std::tie(eap.validate_server, eap.ca_certificates, eap.server_fingerprints, eap.server_names,
                  eap.server_name_suffixes, eap.server_alternative_names, eap.server_subject, eap.inner, eap.methods,
                  eap.identity, eap.minimum_tls, eap.maximum_tls, eap.tls_ciphers, eap.key_exchange,
                  eap.legacy_renegotiation, eap.check_certificate_time, eap.revocation, eap.revocation_lists,
                  eap.crypto_binding);
}

/// What a new profile says nothing of stays, where the old one held it itself.
void keep(const EapSource& before, EapSource& now) {
  if (!now.said() && before.kind == EapSource::Kind::octets) now = before.duplicate();
}

}  // namespace

void ProfileBuilder::finish_pae(const Group& group) {
  allow_one(group, {"Password", "PasswordFile", "PasswordCredential"});
  allow_one(group, {"PrivateKey", "PrivateKeyCredential"});
  allow_one(group, {"PrivateKeyPassword", "PrivateKeyPasswordFile", "PrivateKeyPasswordCredential"});
  if (context_.keep_secrets != nullptr && context_.keep_secrets->pae) {
    const EapProfile& before = context_.keep_secrets->pae->eap;
    EapProfile& now = draft_.pae.eap;
    // A password goes to nobody it was not meant for: who changes whom it is told has to know it.
    if (tells_password_to(before) == tells_password_to(now)) keep(before.password, now.password);
    if (!now.client_certificate.said()) {
      keep(before.client_certificate, now.client_certificate);
      keep(before.private_key, now.private_key);
      keep(before.private_key_password, now.private_key_password);
    }
  }
  if (!group.says("ReauthenticateSec")) draft_.pae.reauthenticate = default_reauthentication(draft_.pae.role);
  draft_.pae.eap.common_name = draft_.profile.source == ProfileSource::networkmanager;  // as its users are used to
  draft_.profile.pae = std::move(draft_.pae);
}

void ProfileBuilder::allow_one(const Group& group, std::initializer_list<std::string_view> keys) {
  std::string all;
  std::string_view last;
  std::size_t said = 0;
  for (const std::string_view key : keys) {
    const bool end = key == *(keys.end() - 1);
    all.append(all.empty() ? "" : end ? " and " : ", ").append(key).append("=");
    if (!group.says(key)) continue;
    ++said;
    last = key;
  }
  if (said > 1) complain(group.place_of(last), "only one of " + all + " may be given");
}

void ProfileBuilder::check_pae() {
  const Group* const group = first("8021X");
  if (group == nullptr || !draft_.profile.pae) return;
  const EapProfile& eap = draft_.profile.pae->eap;
  check_role(*group);
  check_beside_pae(*group);
  if (draft_.profile.pae->role == PaeRole::authenticator) return;
  if (!group->says("Method")) complain(group->place, "Method= is required: " + std::string{eap_method_words});
  if (eap.minimum_tls > eap.maximum_tls)
    complain(group->place_of("MinimumTls"), "MinimumTls=" + std::string{to_string(eap.minimum_tls)} +
                                                " is above MaximumTls=" + std::string{to_string(eap.maximum_tls)});
  check_size(*group);
  check_tls(*group);
  // What a connection of NetworkManager's needs is known once that becomes active.
  if (draft_.profile.source == ProfileSource::networkmanager && !draft_.profile.link.enabled) return;
  check_password(*group);
  check_own_certificate(*group);
  check_server(*group);
}

/// What only the other end has to say.
void ProfileBuilder::check_role(const Group& group) {
  const PaeRole role = draft_.profile.pae->role;
  for (const ProfileKey& key : profile_keys()) {
    if (key.section != "8021X" || !group.says(key.name)) continue;
    const std::optional<PaeRole> owner = role_of_pae_key(key.name);
    if (!owner || *owner == role) continue;
    complain(group.place_of(key.name),
             std::string{key.name} + "= is for Role=" + std::string{to_string(*owner)} + " only");
  }
}

/// What lets algorithms in that are broken is said.
void ProfileBuilder::check_tls(const Group& group) {
  const EapProfile& eap = draft_.profile.pae->eap;
  if (eap.minimum_tls < TlsVersion::tls_1_2)
    tell(Severity::warning, group.place_of("MinimumTls"),
         "MinimumTls=" + std::string{to_string(eap.minimum_tls)} +
             " lets in weak algorithms of TLS (security level 0 of OpenSSL): who sits on the cable may break them");
  else if (eap.tls_ciphers.contains("@SECLEVEL=0"))
    tell(Severity::warning, group.place_of("TlsCiphers"),
         "TlsCiphers=" + printable(eap.tls_ciphers) +
             " lets in weak algorithms of TLS (security level 0 of OpenSSL): who sits on the cable may break them");
}

/// What macsec-eap is sent has an end.
void ProfileBuilder::check_size(const Group& group) {
  const EapProfile& eap = draft_.profile.pae->eap;
  const std::array<std::pair<std::string_view, std::size_t>, 6> lists{
      {{"CaCertificate", eap.ca_certificates.size()},
       {"ServerName", eap.server_names.size()},
       {"ServerNameSuffix", eap.server_name_suffixes.size()},
       {"ServerAlternativeName", eap.server_alternative_names.size()},
       {"ServerFingerprint", eap.server_fingerprints.size()},
       {"RevocationList", eap.revocation_lists.size()}}};
  bool fits = true;
  for (const auto& [key, count] : lists) {
    if (count <= most_entries) continue;
    fits = false;
    complain(group.place_of(key), std::string{key} + "= has " + std::to_string(count) + " entries: up to " +
                                      std::to_string(most_entries) + " are accepted");
  }
  if (!fits) return;
  const std::size_t size = write_eap_profile(eap).octets().size();
  if (size > max_worker_profile)
    complain(group.place, "[8021X] holds " + std::to_string(size) + " octets: up to " +
                              std::to_string(max_worker_profile) +
                              " are accepted; certificates and lists may be in files, which do not count");
}

void ProfileBuilder::check_password(const Group& group) {
  const EapProfile& eap = draft_.profile.pae->eap;
  if (!eap.uses_password()) return;
  const std::string methods{eap_password_method_words};
  if (!group.says("Identity"))
    complain(group.place, "Identity= is required with Method=" + methods + ": a text of 1 to 253 octets");
  const bool wrong = group.says("Password") || group.says("PasswordFile") || group.says("PasswordCredential");
  if (!eap.password.said() && !wrong)
    complain(group.place, "one of Password=, PasswordFile= and PasswordCredential= is required with Method=" + methods);
  const std::string inner = "InnerMethod=" + std::string{to_string(eap.inner)};
  for (const EapMethodNeeds& method : eap_methods()) {
    if (!method.password() || !eap.allows(method.type)) continue;
    if (std::ranges::find(method.inner, eap.inner) == method.inner.end())
      complain(group.place_of("InnerMethod"), inner + " is not accepted with Method=" + std::string{method.name} +
                                                  ": " + std::string{method.inner_words});
  }
  if (!eap.validate_server && gives_password_away(eap.inner))
    complain(group.place_of("ValidateServer"),
             "ValidateServer=insecure-no is not accepted with " + inner + ": anybody would be told the password");
}

void ProfileBuilder::check_own_certificate(const Group& group) {
  const EapProfile& eap = draft_.profile.pae->eap;
  const bool wrong = group.says("ClientCertificate") || group.says("PrivateKey") || group.says("PrivateKeyCredential");
  if (eap.uses_own_certificate() && !eap.client_certificate.said() && !eap.private_key.said() && !wrong)
    complain(group.place,
             "ClientCertificate= is required with Method=tls: a file with the certificate (and PrivateKey= "
             "where the key is in another one)");
  if (is_in_token(eap.private_key) && !eap.client_certificate.said())
    complain(group.place_of("PrivateKey"), "ClientCertificate= is required with a private key in a token");
}

/// Whether the server has to prove who it is, and to whom.
void ProfileBuilder::check_server(const Group& group) {
  const EapProfile& eap = draft_.profile.pae->eap;
  const bool trusts = group.says("CaCertificate") || group.says("ServerFingerprint");
  if (eap.validate_server && !trusts)
    complain(group.place,
             "CaCertificate= is required, or ServerFingerprint=: without them anybody may be the server "
             "(ValidateServer=insecure-no accepts that)");
  if (!eap.validate_server && trusts)
    complain(group.place_of("ValidateServer"),
             "ValidateServer=insecure-no excludes CaCertificate= and "
             "ServerFingerprint=, which would not be checked");
  for (const EapSource& source : eap.ca_certificates)
    if (is_in_token(source))
      complain(group.place_of("CaCertificate"), "CaCertificate=" + printable(source.name) +
                                                    " is not accepted: absolute paths of files or folders, or system");
  for (const EapSource& source : eap.revocation_lists)
    if (source.kind != EapSource::Kind::file && source.kind != EapSource::Kind::octets)
      complain(group.place_of("RevocationList"), "RevocationList= is not accepted: absolute paths of files");
  const bool no_name =
      eap.server_names.empty() && eap.server_name_suffixes.empty() && eap.server_alternative_names.empty();
  const bool system = std::ranges::any_of(
      eap.ca_certificates, [](const EapSource& source) { return source.kind == EapSource::Kind::system; });
  // A part of a subject is in certificates of others, too.
  if (no_name && eap.server_fingerprints.empty() && system)
    complain(
        group.place_of("CaCertificate"),
        "CaCertificate=system needs ServerName= or ServerNameSuffix=: anybody can get a certificate of a public CA");
  else if (no_name && eap.server_subject.empty() && eap.server_fingerprints.empty() && !eap.ca_certificates.empty())
    tell(Severity::warning, group.place_of("CaCertificate"),
         "CaCertificate= without ServerName= or ServerNameSuffix=: anyone who has a certificate of this CA may be the "
         "server");
  const bool lists = eap.revocation == Revocation::crl || eap.revocation == Revocation::crl_leaf;
  const std::string revocation = "Revocation=" + std::string{to_string(eap.revocation)};
  if (eap.revocation != Revocation::none && !eap.server_fingerprints.empty())
    complain(group.place_of("Revocation"),
             revocation +
                 " excludes ServerFingerprint=, beside which it would not be checked: remove the fingerprint of a "
                 "revoked certificate");
  if (lists && !group.says("RevocationList"))
    complain(group.place_of("Revocation"), revocation + " needs RevocationList=");
  if (!lists && group.says("RevocationList"))
    tell(Severity::warning, group.place_of("RevocationList"),
         "RevocationList= is not read with " + revocation + " but with crl and crl-leaf");
}

/// The sections that an authentication excludes, or needs.
void ProfileBuilder::check_beside_pae(const Group& group) {
  const Profile& profile = draft_.profile;
  if (!association_groups_.empty())
    complain(group.place, "[8021X] and [StaticKeys] exclude each other: the key of an authentication is for MKA");
  for (std::size_t i = 0; i < profile.keys.size(); ++i)
    if (profile.keys[i].role != KeyRole::fallback)
      complain(key_groups_[i]->place_of("Role"),
               "a [Key] beside [8021X] needs Role=fallback: it is used only while the "
               "key of the authentication reaches nobody");
  if (profile.pae->use_eap == UseEap::never && profile.keys.empty())
    complain(group.place_of("UseEap"), "UseEap=never needs a [Key] with Role=fallback: there is no other key to use");
  if (profile.mka.destination != pae_group_address)
    complain(place_of("MKA", "Destination"), "Destination=" + to_string(profile.mka.destination) +
                                                 " is not accepted with [8021X]: only " + to_string(pae_group_address));
  if (profile.mka.ethertype != 0x888e)
    complain(place_of("MKA", "EtherType"), "EtherType= other than 0x888e is not accepted with [8021X]");
}

}  // namespace macsec::detail
