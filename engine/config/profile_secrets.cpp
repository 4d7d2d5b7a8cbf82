// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/config/profile_secrets.hpp"

#include "engine/base/base64.hpp"
#include "engine/base/text.hpp"
#include "engine/config/profile_draft.hpp"

namespace macsec {
namespace {

enum class SecretForm : std::uint8_t { digits, data, text };

SecretForm form_of(const ProfileKey& key) noexcept {
  const detail::ProfileRule* const rule = detail::find_profile_rule(key.section, key.name);
  if (rule != nullptr && rule->data_is_secret) return SecretForm::data;
  return key.section == "8021X" || key.section == "RadiusServer" ? SecretForm::text : SecretForm::digits;
}

}  // namespace

bool holds_secret(const ProfileKey& key, std::string_view value) noexcept {
  return key.secret || (form_of(key) == SecretForm::data && value.starts_with(detail::data_uri));
}

std::optional<WipedText> secret_text(const ProfileKey& key, Bytes octets) {
  WipedBuffer out;
  switch (form_of(key)) {
    case SecretForm::digits:
      out.add_hex(octets);
      break;
    case SecretForm::data:
      out.add(detail::data_uri).add(to_base64(octets).view());
      break;
    case SecretForm::text:
      out.add(octets);
      if (!detail::survives_a_file(out.view())) return std::nullopt;
      break;
  }
  return out.take();
}

std::optional<WipedText> secret_octets(const ProfileKey& key, std::string_view text) {
  switch (form_of(key)) {
    case SecretForm::digits: {
      WipedText out{text.size() / 2};
      const auto size = from_hex(text, {reinterpret_cast<std::uint8_t*>(out.data()), out.size()});
      if (!size || *size == 0) return std::nullopt;
      return out;
    }
    case SecretForm::data:
      return text.starts_with(detail::data_uri) ? from_base64(text.substr(detail::data_uri.size())) : std::nullopt;
    case SecretForm::text:
      return WipedText{text};
  }
  return std::nullopt;
}

std::vector<OwnSecret> own_secrets(const EapProfile& eap) {
  std::vector<OwnSecret> out;
  for (const auto& [key, source] : {std::pair{"Password", &eap.password},
                                    {"ClientCertificate", &eap.client_certificate},
                                    {"PrivateKey", &eap.private_key},
                                    {"PrivateKeyPassword", &eap.private_key_password}}) {
    if (source->kind == EapSource::Kind::octets) out.push_back({key, source->octets()});
  }
  return out;
}

}  // namespace macsec
