// SPDX-License-Identifier: LGPL-2.1-or-later
/// Inside of the profile reader: a profile in the making and the rule behind each key.
#pragma once

#include "engine/config/profile.hpp"
#include "engine/config/profile_keys.hpp"

namespace macsec::detail {

/// Where key octets come from; which of them were said is for the checks at the end.
struct KeyMaterial {
  Secret<32> octets;
  std::string file;
  std::string credential;
};

struct KeyDraft {
  std::optional<Ckn> ckn;
  bool padding = false;
  KeyMaterial cak;
  KeyRole role = KeyRole::primary;
  std::optional<std::int64_t> not_before;
  std::optional<std::int64_t> not_after;
  std::optional<std::int64_t> retired;
};

struct StaticDraft {
  std::optional<bool> transmit;
  std::optional<MacAddress> peer;
  std::uint16_t port = 1;
  An an;
  KeyMaterial key;
  std::array<std::uint8_t, 16> key_id{};
  Pn packet_number = 1;
  Ssci ssci = 0;
  Secret<12> salt;
};

struct ProfileDraft {
  Profile profile;
  std::optional<bool> include_sci;    ///< as said; ES and SCB decide where it was not
  Profile::KeySource key_source;      ///< [KeySource]
  Profile::Pae pae;                   ///< [8021X], the profile's once all of it is read
  std::vector<RadiusServer> servers;  ///< [RadiusServer], of that
  RadiusServer server;                ///< the [RadiusServer] section being read
  KeyDraft key;                       ///< the [Key] section being read
  StaticDraft association;            ///< the [StaticKeys] section being read
};

/// A value as text, or as octets where a program gave them (then `text` is empty).
struct RawValue {
  std::string_view text;
  Bytes octets;
};

/// Accepted, or not; `why` replaces the table's words where there is more to say.
struct Verdict {
  bool accepted = true;
  std::string_view why;
};

/// What a value is read back from.
struct ProfileView {
  const Profile& profile;
  const Profile::Pae* pae = nullptr;
  const PreSharedKey* key = nullptr;
  const StaticKey* association = nullptr;
  const RadiusServer* server = nullptr;
};

struct ProfileRule {
  ProfileKey key;
  Verdict (*set)(ProfileDraft& draft, const RawValue& value);
  std::string (*get)(const ProfileView& view);  ///< null: not kept or secret; empty result: not said
  bool data_is_secret = false;                  ///< what it holds itself, as a "data:" URI or octets, is like a secret
};

/// The rules of one section each, in rules/.
[[nodiscard]] std::span<const ProfileRule> link_rules() noexcept;
[[nodiscard]] std::span<const ProfileRule> macsec_rules() noexcept;
[[nodiscard]] std::span<const ProfileRule> mka_rules() noexcept;
[[nodiscard]] std::span<const ProfileRule> key_rules() noexcept;
[[nodiscard]] std::span<const ProfileRule> key_source_rules() noexcept;
[[nodiscard]] std::span<const ProfileRule> pae_rules() noexcept;
[[nodiscard]] std::span<const ProfileRule> radius_server_rules() noexcept;
[[nodiscard]] std::span<const ProfileRule> static_keys_rules() noexcept;

/// Whose a key of [8021X] is; nothing: of both ends.
[[nodiscard]] std::optional<PaeRole> role_of_pae_key(std::string_view key) noexcept;

/// ReauthenticateSec= where it is not said.
[[nodiscard]] constexpr Duration default_reauthentication(PaeRole role) noexcept {
  return role == PaeRole::authenticator ? Duration{std::chrono::hours{1}} : Duration{0};
}

/// In the order of profile_keys().
[[nodiscard]] std::span<const ProfileRule> profile_rules() noexcept;
[[nodiscard]] const ProfileRule* find_profile_rule(std::string_view section, std::string_view name) noexcept;

/// "Priority=300 is not accepted: a number from 0 to 255"; secret values are left out.
[[nodiscard]] std::string refusal(const ProfileKey& key, std::string_view value, std::string_view why);

/// "data:;base64,", before the octets of a value that holds what others name (RFC 2397).
inline constexpr std::string_view data_uri = "data:;base64,";

/// What says a PIN in the URI of a token (RFC 7512).
inline constexpr std::string_view pin_attribute = "pin-value=";

/// Whether `text` comes back the same from a profile file: no line ends, no continuation, no blank at its ends.
[[nodiscard]] bool survives_a_file(std::string_view text) noexcept;

/// `text` for a message: no control characters, not longer than 64 octets.
[[nodiscard]] std::string printable(std::string_view text);

/// 32 or 64 hexadecimal digits as key octets; a failed attempt leaves `out` empty.
[[nodiscard]] bool decode_key(std::string_view digits, Secret<32>& out) noexcept;

/// Whether the kernel takes `name` as the name of an interface.
inline constexpr std::size_t longest_interface_name = 15;
inline constexpr std::size_t longest_alternative_name = 127;
[[nodiscard]] bool is_interface_name(std::string_view name, std::size_t longest) noexcept;

}  // namespace macsec::detail
