// SPDX-License-Identifier: LGPL-2.1-or-later
/// Rules of certificates, keys and names of servers: of [8021X] and [RadiusServer].
#pragma once

#include "engine/base/base64.hpp"
#include "engine/config/certificate_text.hpp"
#include "engine/config/rules/sources.hpp"

namespace macsec::detail {

inline constexpr std::size_t most_certificate_octets =
    1U << 18U;  ///< of one certificate, key or list that a program gives

inline bool is_dns_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > 253 || name.starts_with('.') || name.ends_with('.') || name.contains(".."))
    return false;
  return std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_';
  });
}

/// "data:;base64,...": the octets themselves.
inline bool take_data(std::string_view text, EapSource& out) {
  std::optional<WipedText> octets = from_base64(text.substr(data_uri.size()));
  if (!octets || octets->size() == 0 || octets->size() > most_certificate_octets) return false;
  out = {EapSource::Kind::octets, {}, std::move(*octets)};
  return true;
}

/// A file, a key or certificate of a token, or the octets themselves.
inline bool take_source(std::string_view text, EapSource& out) {
  if (text.starts_with(data_uri)) return take_data(text, out);
  const bool token = text.starts_with("pkcs11:");
  if (token && text.contains(pin_attribute)) return false;  // settings are shown to everybody
  if (token ? text.size() > 4095 || !survives_a_file(text) : !is_file_path(text)) return false;
  out = {token ? EapSource::Kind::uri : EapSource::Kind::file, std::string{text}, {}};
  return true;
}

inline bool take_octets(Bytes octets, EapSource& out) {
  if (octets.empty() || octets.size() > most_certificate_octets) return false;
  out = {EapSource::Kind::octets, {}, text_of_octets(octets)};
  return true;
}

/// Everybody may read CAs and lists, so that nothing else may be among the octets. False where there are none.
inline bool keep_certificates(EapSource& source) {
  if (source.kind != EapSource::Kind::octets) return true;
  auto certificates = certificates_in(source.content.view());
  if (!certificates) return false;
  source.content = std::move(*certificates);
  return true;
}

template <auto Member>
Verdict set_sources(ProfileDraft& draft, const RawValue& value) {
  std::vector<EapSource>& out = at(draft, Member);
  EapSource source;
  constexpr std::string_view no_certificate = "certificates or revocation lists in PEM or DER, and these hold none";
  if (!value.octets.empty()) {
    if (!take_octets(value.octets, source)) return refused;
    if (!keep_certificates(source)) return {false, no_certificate};
    out.push_back(std::move(source));
    return {};
  }
  const std::optional<std::vector<std::string_view>> words = split_words(value.text);
  if (!words || words->empty()) return refused;
  for (const std::string_view word : *words) {
    const bool folder = word.size() > 1 && word.ends_with('/');
    if (word == "system")
      source = {EapSource::Kind::system, {}, {}};
    else if (!take_source(folder ? word.substr(0, word.size() - 1) : word, source))
      return refused;
    if (!keep_certificates(source)) return {false, no_certificate};
    out.push_back(std::move(source));
  }
  return {};
}

inline std::string word_of(const EapSource& source) {
  if (source.kind == EapSource::Kind::system) return "system";
  if (source.kind == EapSource::Kind::octets) {
    const WipedText digits = to_base64(source.octets());
    return std::string{data_uri}.append(digits.view());
  }
  if (!source.name.contains(' ')) return source.name;
  const char quote = source.name.contains('"') ? '\'' : '"';
  return quote + source.name + quote;
}

template <auto Member>
std::string get_sources(const ProfileView& view) {
  std::string out;
  for (const EapSource& source : at(view, Member)) out.append(out.empty() ? "" : " ").append(word_of(source));
  return out;
}

template <auto Member, bool (*Accepts)(std::string_view) noexcept, bool Commas>
Verdict set_texts(ProfileDraft& draft, const RawValue& value) {
  const std::optional<std::vector<std::string_view>> words = split_words(value.text, Commas);
  if (!words || words->empty() || !std::ranges::all_of(*words, Accepts)) return refused;
  std::vector<std::string>& out = at(draft, Member);
  out.insert(out.end(), words->begin(), words->end());
  return {};
}

template <auto Member>
std::string get_texts(const ProfileView& view) {
  std::string out;
  for (const std::string& text : at(view, Member)) {
    const char quote = text.contains('"') ? '\'' : '"';
    out.append(out.empty() ? "" : " ").append(text.contains(' ') ? quote + text + quote : text);
  }
  return out;
}

/// Colons between the octets, as other programs print them, are left out.
template <auto Member>
Verdict set_fingerprints(ProfileDraft& draft, const RawValue& value) {
  const std::optional<std::vector<std::string_view>> words = split_words(value.text, true);
  if (!words || words->empty()) return refused;
  for (const std::string_view word : *words) {
    std::string digits{word};
    if (digits.size() == 95) std::erase(digits, ':');
    std::array<std::uint8_t, 32> digest{};
    if (from_hex(digits, digest) != digest.size()) return refused;
    at(draft, Member).push_back(to_hex(digest));
  }
  return {};
}

inline constexpr std::string_view dns_names = "the DNS name of the server without wildcards, one or several";
inline constexpr std::string_view authorities = "absolute paths of files or folders, or system, one or several";
inline constexpr std::string_view fingerprints = "SHA-256 fingerprints, 64 hexadecimal digits each, one or several";

}  // namespace macsec::detail
