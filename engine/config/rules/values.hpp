// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the rules of several keys have in common: where a value lies, from text to values and back.
#pragma once

#include "engine/base/fixed_text.hpp"
#include "engine/base/text.hpp"
#include "engine/config/ini.hpp"
#include "engine/config/instant.hpp"
#include "engine/config/profile_draft.hpp"

#include <algorithm>
#include <concepts>
#include <type_traits>

namespace macsec::detail {

inline constexpr Verdict refused{false, {}};

// Where a member of the table lies, in the making and when done.

template <typename T>
T& at(ProfileDraft& draft, T Profile::Link::* member) noexcept {
  return draft.profile.link.*member;
}
template <typename T>
T& at(ProfileDraft& draft, T Profile::Macsec::* member) noexcept {
  return draft.profile.macsec.*member;
}
template <typename T>
T& at(ProfileDraft& draft, T Profile::Mka::* member) noexcept {
  return draft.profile.mka.*member;
}
template <typename T>
T& at(ProfileDraft& draft, T Profile::Pae::* member) noexcept {
  return draft.pae.*member;
}
template <typename T>
T& at(ProfileDraft& draft, T Profile::KeySource::* member) noexcept {
  return draft.key_source.*member;
}
template <typename T>
T& at(ProfileDraft& draft, T EapProfile::* member) noexcept {
  return draft.pae.eap.*member;
}
template <typename T>
T& at(ProfileDraft& draft, T RadiusServer::* member) noexcept {
  return draft.server.*member;
}
template <typename T>
T& at(ProfileDraft& draft, T ProfileDraft::* member) noexcept {
  return draft.*member;
}
template <typename T>
T& at(ProfileDraft& draft, T KeyDraft::* member) noexcept {
  return draft.key.*member;
}
template <typename T>
T& at(ProfileDraft& draft, T StaticDraft::* member) noexcept {
  return draft.association.*member;
}
template <typename T>
const T& at(const ProfileView& view, T Profile::Link::* member) noexcept {
  return view.profile.link.*member;
}
template <typename T>
const T& at(const ProfileView& view, T Profile::Macsec::* member) noexcept {
  return view.profile.macsec.*member;
}
template <typename T>
const T& at(const ProfileView& view, T Profile::Mka::* member) noexcept {
  return view.profile.mka.*member;
}
template <typename T>
const T& at(const ProfileView& view, T Profile::Pae::* member) noexcept {
  return view.pae->*member;
}
template <typename T>
const T& at(const ProfileView& view, T Profile::KeySource::* member) noexcept {
  return view.profile.key_source.value().*member;
}
template <typename T>
const T& at(const ProfileView& view, T EapProfile::* member) noexcept {
  return view.pae->eap.*member;
}
template <typename T>
const T& at(const ProfileView& view, T RadiusServer::* member) noexcept {
  return view.server->*member;
}
template <typename T>
const T& at(const ProfileView& view, T KeyOrigin::* member) noexcept {
  return (view.key != nullptr ? view.key->origin : view.association->origin).*member;
}
template <typename T>
const T& at(const ProfileView& view, T PreSharedKey::* member) noexcept {
  return view.key->*member;
}
template <typename T>
const T& at(const ProfileView& view, T StaticKey::* member) noexcept {
  return view.association->*member;
}

// Values to text.

inline std::string text_of(bool value) { return value ? "yes" : "no"; }
inline std::string text_of(const std::string& value) { return value; }
/// Exact: a span that takes three units and more is told in one.
inline std::string text_of(Duration value) {
  std::string words = format_duration(value);
  if (parse_duration(words) == value) return words;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(value);
  return seconds == value ? std::to_string(seconds.count()) + "s" : std::to_string(value.count()) + "us";
}
inline std::string text_of(const MacAddress& value) { return to_string(value); }
inline std::string text_of(const Ckn& value) { return to_string(value); }
inline std::string text_of(An value) { return std::to_string(value.value()); }
inline std::string text_of(const std::array<std::uint8_t, 16>& value) { return to_hex(value); }
inline std::string text_of(const std::optional<std::int64_t>& value) {
  return value ? format_instant(*value) : std::string{};
}
template <typename T>
  requires std::is_enum_v<T>
std::string text_of(T value) {
  return std::string{to_string(value)};
}
template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>)
std::string text_of(T value) {
  return std::to_string(value);
}

template <auto Member>
std::string get(const ProfileView& view) {
  return text_of(at(view, Member));
}

// Text to values that several keys have in common.

template <auto Member>
Verdict set_boolean(ProfileDraft& draft, const RawValue& value) {
  const std::optional<bool> parsed = parse_boolean(value.text);
  if (parsed) at(draft, Member) = *parsed;
  return {parsed.has_value(), {}};
}

template <typename Number>
Verdict parse_number(std::string_view text, std::uint64_t min, std::uint64_t max, Number& out) noexcept {
  const std::optional<std::uint64_t> value = parse_unsigned(text, max);
  if (!value || *value < min) return refused;
  out = static_cast<Number>(*value);
  return {};
}

template <auto Member, std::uint64_t Min, std::uint64_t Max>
Verdict set_number(ProfileDraft& draft, const RawValue& value) {
  return parse_number(value.text, Min, Max, at(draft, Member));
}

/// One of `Choices`, by the name to_string() gives it.
template <auto Member, auto... Choices>
Verdict set_choice(ProfileDraft& draft, const RawValue& value) {
  const auto take = [&](auto choice) {
    if (to_string(choice) != value.text) return false;
    at(draft, Member) = choice;
    return true;
  };
  return {(take(Choices) || ...), {}};
}

template <auto Member, std::size_t longest = longest_interface_name>
Verdict set_interface(ProfileDraft& draft, const RawValue& value) {
  if (!is_interface_name(value.text, longest)) return refused;
  at(draft, Member) = value.text;
  return {};
}

template <auto Member>
Verdict set_mac(ProfileDraft& draft, const RawValue& value) {
  const std::optional<MacAddress> mac = mac_from_string(value.text);
  if (!mac || *mac == MacAddress{}) return refused;
  at(draft, Member) = *mac;
  return {};
}

template <auto Member>
Verdict set_instant(ProfileDraft& draft, const RawValue& value) {
  at(draft, Member) = parse_instant(value.text);
  return {at(draft, Member).has_value(), {}};
}

template <auto Material>
Verdict set_key(ProfileDraft& draft, const RawValue& value) {
  Secret<32>& out = at(draft, Material).octets;
  if (value.octets.empty()) return {decode_key(value.text, out), {}};
  if (value.octets.size() != 16 && value.octets.size() != 32) return refused;
  out = Secret<32>{value.octets};
  return {};
}

inline bool is_file_path(std::string_view text) noexcept {
  return text.starts_with('/') && !text.ends_with('/') && text.size() <= 4095 && survives_a_file(text);
}

/// 32 or 64 hexadecimal digits are a key, which a name would show to everybody.
inline bool is_credential_name(std::string_view text) noexcept {
  Secret<32> key;
  return !decode_key(text, key) && !text.empty() && text != "." && text != ".." && !text.contains('/') &&
         text.size() <= 255 && survives_a_file(text);
}

template <auto Material>
Verdict set_path(ProfileDraft& draft, const RawValue& value) {
  if (!is_file_path(value.text)) return refused;
  at(draft, Material).file = value.text;
  return {};
}

template <auto Material>
Verdict set_credential(ProfileDraft& draft, const RawValue& value) {
  if (!is_credential_name(value.text)) return refused;
  at(draft, Material).credential = value.text;
  return {};
}

/// A time span from `Min` to `Max` milliseconds.
template <auto Member, std::int64_t Min, std::int64_t Max>
Verdict set_span(ProfileDraft& draft, const RawValue& value) {
  const std::optional<Duration> span = parse_duration(value.text);
  if (!span || *span < std::chrono::milliseconds{Min} || *span > std::chrono::milliseconds{Max}) return refused;
  at(draft, Member) = *span;
  return {};
}

inline constexpr std::string_view boolean = "yes or no";
inline constexpr std::string_view hex_key = "32 or 64 hexadecimal digits";
inline constexpr std::string_view key_path = "the absolute path of a file that holds 32 or 64 hexadecimal digits";
inline constexpr std::string_view credential_name =
    "the name of a credential of the service (LoadCredential= of its unit)";

}  // namespace macsec::detail
