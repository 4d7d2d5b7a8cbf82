// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/config/eap_profile.hpp"

#include "engine/base/secret.hpp"
#include "engine/wire/fields.hpp"

#include <algorithm>

namespace macsec {
namespace {

template <typename Codec, typename Value>
void source_fields(Codec& codec, Value& source) {
  codec.choice(source.kind, EapSource::Kind::system);
  codec.text(source.name);
  codec.secret(source.content);
}

template <typename Codec, typename Value>
void profile_fields(Codec& codec, Value& profile) {
  const auto texts = [](Codec& inner, auto& text) { inner.text(text); };
  const auto sources = [](Codec& inner, auto& source) { source_fields(inner, source); };
  codec.list(profile.methods, [](Codec& inner, auto& method) { inner.code(method); });
  codec.text(profile.identity);
  codec.text(profile.anonymous_identity);
  codec.choice(profile.inner, EapInner::eap_gtc);
  source_fields(codec, profile.password);
  codec.list(profile.ca_certificates, sources);
  codec.list(profile.server_names, texts);
  codec.list(profile.server_name_suffixes, texts);
  codec.list(profile.server_alternative_names, texts);
  codec.text(profile.server_subject);
  codec.list(profile.server_fingerprints, texts);
  codec.flag(profile.validate_server);
  codec.flag(profile.common_name);
  codec.choice(profile.revocation, Revocation::crl_leaf);
  codec.list(profile.revocation_lists, sources);
  source_fields(codec, profile.client_certificate);
  source_fields(codec, profile.private_key);
  source_fields(codec, profile.private_key_password);
  codec.choice(profile.minimum_tls, TlsVersion::tls_1_3);
  codec.choice(profile.maximum_tls, TlsVersion::tls_1_3);
  codec.text(profile.tls_ciphers);
  codec.text(profile.key_exchange);
  codec.flag(profile.legacy_renegotiation);
  codec.flag(profile.check_certificate_time);
  codec.flag(profile.session_resumption);
  codec.choice(profile.crypto_binding, CryptoBinding::no);
  codec.number(profile.fragment_size);
}

}  // namespace

bool operator==(const EapSource& left, const EapSource& right) noexcept {
  return left.kind == right.kind && left.name == right.name && equal_constant_time(left.octets(), right.octets());
}

WipedBuffer write_eap_profile(const EapProfile& profile) {
  WipedBuffer out;
  FieldWriter writer{out};
  profile_fields(writer, profile);
  return out;
}

WipedBuffer write_eap_trust(const EapProfile& profile) {
  WipedBuffer out;
  FieldWriter writer{out};
  const auto texts = [](FieldWriter& inner, const std::string& text) { inner.text(text); };
  const auto sources = [](FieldWriter& inner, const EapSource& source) { source_fields(inner, source); };
  writer.list(profile.methods, [](FieldWriter& inner, const EapType& method) { inner.code(method); });
  writer.text(profile.identity);
  writer.text(profile.anonymous_identity);
  writer.choice(profile.inner, EapInner::eap_gtc);
  writer.list(profile.ca_certificates, sources);
  for (const auto* names : {&profile.server_names, &profile.server_name_suffixes, &profile.server_alternative_names,
                            &profile.server_fingerprints})
    writer.list(*names, texts);
  writer.text(profile.server_subject);
  writer.flag(profile.validate_server);
  writer.flag(profile.common_name);
  writer.choice(profile.revocation, Revocation::crl_leaf);
  writer.list(profile.revocation_lists, sources);
  writer.choice(profile.minimum_tls, TlsVersion::tls_1_3);
  writer.text(profile.tls_ciphers);
  writer.flag(profile.legacy_renegotiation);
  writer.flag(profile.check_certificate_time);
  writer.choice(profile.crypto_binding, CryptoBinding::no);
  return out;
}

std::optional<EapProfile> read_eap_profile(Bytes octets) {
  FieldReader reader{octets};
  std::optional<EapProfile> out{std::in_place};
  profile_fields(reader, *out);
  if (!reader.complete() || out->minimum_tls > out->maximum_tls || out->fragment_size < 100) out.reset();
  return out;
}

std::string_view to_string(CryptoBinding binding) noexcept {
  switch (binding) {
    case CryptoBinding::optional:
      return "optional";
    case CryptoBinding::required:
      return "required";
    case CryptoBinding::no:
      return "no";
  }
  return {};
}

bool EapProfile::allows(EapType method) const noexcept { return std::ranges::find(methods, method) != methods.end(); }

bool EapProfile::uses_password() const noexcept {
  return std::ranges::any_of(eap_methods(),
                             [this](const EapMethodNeeds& row) { return row.password() && allows(row.type); });
}

bool EapProfile::uses_own_certificate() const noexcept {
  return std::ranges::any_of(eap_methods(),
                             [this](const EapMethodNeeds& row) { return row.own_certificate && allows(row.type); });
}

}  // namespace macsec
