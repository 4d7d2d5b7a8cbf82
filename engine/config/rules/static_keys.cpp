// SPDX-License-Identifier: LGPL-2.1-or-later
/// [StaticKeys]
#include "engine/config/rules/values.hpp"

namespace macsec::detail {
namespace {

Verdict set_direction(ProfileDraft& draft, const RawValue& value) {
  if (value.text != "transmit" && value.text != "receive") return refused;
  draft.association.transmit = value.text == "transmit";
  return {};
}

std::string get_direction(const ProfileView& view) { return view.association->transmit ? "transmit" : "receive"; }

std::string get_peer(const ProfileView& view) {
  return view.association->transmit ? "" : to_string(view.association->peer.mac());
}

std::string get_peer_port(const ProfileView& view) {
  return view.association->transmit ? "" : std::to_string(view.association->peer.port());
}

Verdict set_an(ProfileDraft& draft, const RawValue& value) {
  unsigned an = 0;
  const Verdict verdict = parse_number(value.text, 0, 3, an);
  draft.association.an = An{an};
  return verdict;
}

Verdict set_key_id(ProfileDraft& draft, const RawValue& value) {
  std::array<std::uint8_t, 16>& id = draft.association.key_id;
  id = {};
  if (value.octets.empty()) {
    const std::optional<std::size_t> size = from_hex(value.text, id);
    return {size.has_value() && *size > 0, {}};
  }
  if (value.octets.size() > id.size()) return refused;
  std::copy(value.octets.begin(), value.octets.end(), id.begin());
  return {};
}

std::string get_ssci(const ProfileView& view) {
  return view.association->ssci == 0 ? "" : std::to_string(view.association->ssci);
}

Verdict set_salt(ProfileDraft& draft, const RawValue& value) {
  Secret<12>& salt = draft.association.salt;
  if (value.octets.size() == 12) {
    salt = Secret<12>{value.octets};
    return {};
  }
  const std::optional<std::size_t> size = from_hex(value.text, salt.allocate(12));
  if (value.octets.empty() && size == 12U) return {};
  salt.clear();
  return refused;
}

constexpr std::string_view one_key = "one of Key=, KeyFile=, KeyCredential= is required";

// clang-format off
constexpr std::array static_keys_table{
    ProfileRule{{"StaticKeys", "Direction", "transmit or receive", "required",
                 "Which way the association goes"},
                set_direction, get_direction},
    ProfileRule{{"StaticKeys", "Peer", "a MAC address as 02:00:00:00:00:01", "required to receive",
                 "MAC address in the sender's SCI"},
                set_mac<&StaticDraft::peer>, get_peer},
    ProfileRule{{"StaticKeys", "Port", "a number from 1 to 65535", "1",
                 "Port in the sender's SCI"},
                set_number<&StaticDraft::port, 1, 65535>, get_peer_port},
    ProfileRule{{"StaticKeys", "An", "a number from 0 to 3", "0",
                 "Association number"},
                set_an, get<&StaticKey::an>},
    ProfileRule{{"StaticKeys", "Key", hex_key, one_key, "The key itself", true},
                set_key<&StaticDraft::key>, nullptr},
    ProfileRule{{"StaticKeys", "KeyFile", key_path, one_key, "File that holds the key"},
                set_path<&StaticDraft::key>, get<&KeyOrigin::file>},
    ProfileRule{{"StaticKeys", "KeyCredential", credential_name, one_key, "Credential that holds the key"},
                set_credential<&StaticDraft::key>, get<&KeyOrigin::credential>},
    ProfileRule{{"StaticKeys", "KeyId", "2 to 32 hexadecimal digits, two an octet", "made from the key",
                 "Name of the key as `ip macsec show` prints it"},
                set_key_id, get<&StaticKey::key_id>},
    ProfileRule{{"StaticKeys", "PacketNumber", "a number from 1 on, to 4294967295 without XPN", "1",
                 "First packet number to send, or lowest to accept"},
                set_number<&StaticDraft::packet_number, 1, UINT64_MAX>, get<&StaticKey::packet_number>},
    ProfileRule{{"StaticKeys", "Ssci", "a number from 1 to 4294967295", "required with XPN",
                 "Short SCI of the sender"},
                set_number<&StaticDraft::ssci, 1, UINT32_MAX>, get_ssci},
    ProfileRule{{"StaticKeys", "Salt", "24 hexadecimal digits", "required with XPN", "Salt of the key", true},
                set_salt, nullptr},
};
// clang-format on

}  // namespace

std::span<const ProfileRule> static_keys_rules() noexcept { return static_keys_table; }

}  // namespace macsec::detail
