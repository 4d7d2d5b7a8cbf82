// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/eap/host/host_words.hpp"

#include <fmt/format.h>
#include <functional>
#include <stdexcept>

namespace macsec::test {
namespace {

TlsVersion version_of(const std::string& word) {
  for (const TlsVersion version : {TlsVersion::tls_1_0, TlsVersion::tls_1_1, TlsVersion::tls_1_2, TlsVersion::tls_1_3})
    if (to_string(version) == word) return version;
  throw std::runtime_error{"no TLS version: " + word};
}

EapInner inner_of(const std::string& word) {
  for (const EapInner inner :
       {EapInner::mschapv2, EapInner::pap, EapInner::chap, EapInner::mschap, EapInner::eap_mschapv2, EapInner::eap_gtc})
    if (to_string(inner) == word) return inner;
  throw std::runtime_error{"no inner method: " + word};
}

EapSource source(const std::string& place) {
  const bool token = place.starts_with("pkcs11:") || place.starts_with("handle:");
  return {token ? EapSource::Kind::uri : EapSource::Kind::file, place, {}};
}

}  // namespace

Words words_of(const std::vector<std::string>& arguments) {
  Words out;
  for (const std::string& argument : arguments) {
    const std::size_t equals = argument.find('=');
    out[argument.substr(0, equals)] = argument.substr(equals + 1);
  }
  return out;
}

EapProfile profile_of(const Words& words) {
  EapProfile out;
  const std::map<std::string, std::function<void(const std::string&)>> keys{
      {"method", [&](const auto& v) { out.methods.push_back(eap_method_from_name(v).value()); }},
      {"identity", [&](const auto& v) { out.identity = v; }},
      {"anonymous", [&](const auto& v) { out.anonymous_identity = v; }},
      {"inner", [&](const auto& v) { out.inner = inner_of(v); }},
      {"password", [&](const auto& v) { out.password = {EapSource::Kind::octets, {}, WipedText{v}}; }},
      {"ca", [&](const auto& v) { out.ca_certificates.push_back(source(v)); }},
      {"name", [&](const auto& v) { out.server_names.push_back(v); }},
      {"cert", [&](const auto& v) { out.client_certificate = source(v); }},
      {"key", [&](const auto& v) { out.private_key = source(v); }},
      {"pin", [&](const auto& v) { out.private_key_password = {EapSource::Kind::octets, {}, WipedText{v}}; }},
      {"min", [&](const auto& v) { out.minimum_tls = version_of(v); }},
      {"max", [&](const auto& v) { out.maximum_tls = version_of(v); }},
      {"fragment", [&](const auto& v) { out.fragment_size = static_cast<std::uint16_t>(std::stoi(v)); }},
      {"binding",
       [&](const auto& v) { out.crypto_binding = v == "required" ? CryptoBinding::required : CryptoBinding::no; }},
      {"resumption", [&](const auto& v) { out.session_resumption = v == "yes"; }},
  };
  for (const auto& [key, value] : words) keys.at(key)(value);
  return out;
}

std::string hex(Bytes octets) {
  std::string out;
  for (const std::uint8_t octet : octets) out += fmt::format("{:02x}", octet);
  return out;
}

std::string json_text(std::string_view text) {
  std::string out{'"'};
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace macsec::test
