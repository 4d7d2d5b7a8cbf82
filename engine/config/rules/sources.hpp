// SPDX-License-Identifier: LGPL-2.1-or-later
/// What rules of texts and secrets have in common that are kept as they are: of [8021X] and [RadiusServer].
#pragma once

#include "engine/config/rules/values.hpp"

namespace macsec::detail {

inline WipedText text_of_octets(Bytes octets) {
  return WipedText{std::string_view{reinterpret_cast<const char*>(octets.data()), octets.size()}};
}

/// The file, URI or credential; octets are not told.
template <auto Member, EapSource::Kind... Kinds>
std::string get_source(const ProfileView& view) {
  const EapSource& source = at(view, Member);
  return ((source.kind == Kinds) || ...) ? source.name : std::string{};
}

/// A password or the like: what stands in the profile, or what a program gives.
template <auto Member>
Verdict set_secret(ProfileDraft& draft, const RawValue& value) {
  constexpr std::size_t most = 256;
  if (value.octets.size() > most || value.text.size() > most) return refused;
  at(draft, Member) = {
      EapSource::Kind::octets, {}, value.octets.empty() ? WipedText{value.text} : text_of_octets(value.octets)};
  return {};
}

template <auto Member>
Verdict set_secret_file(ProfileDraft& draft, const RawValue& value) {
  if (!is_file_path(value.text)) return refused;
  at(draft, Member) = {EapSource::Kind::file, std::string{value.text}, {}};
  return {};
}

template <auto Member>
Verdict set_secret_credential(ProfileDraft& draft, const RawValue& value) {
  if (!is_credential_name(value.text)) return refused;
  at(draft, Member) = {EapSource::Kind::credential, std::string{value.text}, {}};
  return {};
}

template <auto Member, bool (*Accepts)(std::string_view) noexcept>
Verdict set_text(ProfileDraft& draft, const RawValue& value) {
  if (!Accepts(value.text)) return refused;
  at(draft, Member) = value.text;
  return {};
}

template <std::size_t Most>
bool is_plain(std::string_view text) noexcept {
  return text.size() <= Most && survives_a_file(text);
}

inline constexpr std::string_view secret_octets = "1 to 256 octets";
inline constexpr std::string_view secret_file = "the absolute path of a file that holds it";

}  // namespace macsec::detail
