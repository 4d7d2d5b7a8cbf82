// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/base/text.hpp"
#include "engine/config/ini.hpp"
#include "engine/config/instant.hpp"
#include "engine/config/profile_draft.hpp"

#include <algorithm>

namespace macsec::detail {
namespace {

constexpr Verdict refused{false, {}};

std::string_view yes_no(bool value) noexcept { return value ? "yes" : "no"; }

Verdict set_boolean(std::string_view text, auto& out) noexcept {
  const std::optional<bool> value = parse_boolean(text);
  if (value) out = *value;
  return {value.has_value(), {}};
}

template <typename Number>
Verdict set_number(std::string_view text, std::uint64_t min, std::uint64_t max, Number& out) noexcept {
  const std::optional<std::uint64_t> value = parse_unsigned(text, max);
  if (!value || *value < min) return refused;
  out = static_cast<Number>(*value);
  return {};
}

/// One of `choices`, by the name to_string() gives it.
template <typename Enum, std::size_t N>
Verdict set_choice(std::string_view text, const std::array<Enum, N>& choices, Enum& out) noexcept {
  const auto* found = std::find_if(choices.begin(), choices.end(), [text](Enum one) { return to_string(one) == text; });
  if (found == choices.end()) return refused;
  out = *found;
  return {};
}

Verdict set_interface(std::string_view text, std::string& out) {
  if (!is_interface_name(text)) return refused;
  out = text;
  return {};
}

Verdict set_cipher_suites(ProfileDraft& draft, const RawValue& value) {
  const std::optional<std::vector<std::string_view>> names = split_words(value.text, true);
  if (!names) return refused;
  std::vector<CipherSuite>& suites = draft.profile.cipher_suites;
  for (const std::string_view name : *names) {
    const std::optional<CipherSuite> suite = cipher_suite_from_string(name);
    if (!suite) return refused;
    if (std::find(suites.begin(), suites.end(), *suite) != suites.end())
      return {false, "each cipher suite once (an empty CipherSuites= starts the list anew)"};
    suites.push_back(*suite);
  }
  return {};
}

std::string get_cipher_suites(const ProfileView& view) {
  std::string out;
  for (const CipherSuite suite : view.profile.cipher_suites) {
    if (!out.empty()) out += ' ';
    out += to_string(suite);
  }
  return out;
}

Verdict set_replay_window(ProfileDraft& draft, const RawValue& value) noexcept {
  const bool off = value.text == "off" || value.text == "no";
  draft.profile.replay_protect = !off;
  return off ? Verdict{} : set_number(value.text, 0, (1U << 30U) - 1, draft.profile.replay_window);
}

Verdict set_confidentiality_offset(ProfileDraft&, const RawValue& value) noexcept {
  if (value.text == "30" || value.text == "50")
    return {false, "only 0: Linux cannot send the first octets of a frame in clear text"};
  return {value.text == "0", {}};
}

Verdict set_rekey(ProfileDraft& draft, const RawValue& value) noexcept {
  if (value.text == "off" || value.text == "no") {
    draft.profile.rekey = Duration{0};
    return {};
  }
  const std::optional<Duration> span = parse_duration(value.text);
  if (!span || (*span != Duration{0} && *span < std::chrono::seconds{30})) return refused;
  draft.profile.rekey = *span;
  return {};
}

Verdict set_hello(ProfileDraft& draft, const RawValue& value) noexcept {
  const std::optional<Duration> span = parse_duration(value.text);
  if (!span || *span < std::chrono::milliseconds{500} || *span > std::chrono::seconds{2}) return refused;
  draft.profile.hello = *span;
  return {};
}

Verdict set_rekey_pn(ProfileDraft& draft, const RawValue& value) noexcept {
  std::string_view text = value.text;
  if (text.ends_with('%')) text.remove_suffix(1);
  return set_number(trim(text), 1, 95, draft.profile.rekey_pn_percent);
}

Verdict set_mac(std::string_view text, auto& out) noexcept {
  const std::optional<MacAddress> mac = mac_from_string(text);
  if (!mac || *mac == MacAddress{}) return refused;
  out = *mac;
  return {};
}

std::string get_ethertype(const ProfileView& view) {
  const std::uint16_t type = view.profile.ethertype;
  const std::array<std::uint8_t, 2> octets{static_cast<std::uint8_t>(type >> 8U),
                                           static_cast<std::uint8_t>(type & 0xffU)};
  return "0x" + to_hex(octets);
}

Verdict set_ckn(ProfileDraft& draft, const RawValue& value) noexcept {
  draft.key.ckn = value.octets.empty() ? Ckn::from_hex(value.text) : Ckn::from(value.octets);
  return {draft.key.ckn.has_value(), {}};
}

Verdict set_key(const RawValue& value, Secret<32>& out) noexcept {
  if (value.octets.empty()) return {decode_key(value.text, out), {}};
  if (value.octets.size() != 16 && value.octets.size() != 32) return refused;
  out = Secret<32>{value.octets};
  return {};
}

/// Whether `text` comes back the same from a profile file: no line ends, no continuation, no blank at its end.
bool survives_a_file(std::string_view text) noexcept {
  return is_utf8(text) && !text.ends_with(' ') && std::none_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) < ' ' || c == '\\' || c == '\x7f';
         });
}

Verdict set_path(std::string_view text, std::string& out) {
  if (!text.starts_with('/') || text.ends_with('/') || text.size() > 4095 || !survives_a_file(text)) return refused;
  out = text;
  return {};
}

Verdict set_credential(std::string_view text, std::string& out) {
  if (text == "." || text == ".." || text.contains('/') || text.size() > 255 || text.starts_with(' ') ||
      !survives_a_file(text))
    return refused;
  out = text;
  return {};
}

Verdict set_instant(std::string_view text, std::optional<std::int64_t>& out) noexcept {
  out = parse_instant(text);
  return {out.has_value(), {}};
}

std::string get_instant(const std::optional<std::int64_t>& instant) {
  return instant ? format_instant(*instant) : std::string{};
}

Verdict set_direction(ProfileDraft& draft, const RawValue& value) noexcept {
  if (value.text != "transmit" && value.text != "receive") return refused;
  draft.association.transmit = value.text == "transmit";
  return {};
}

Verdict set_an(ProfileDraft& draft, const RawValue& value) noexcept {
  unsigned an = 0;
  const Verdict verdict = set_number(value.text, 0, 3, an);
  draft.association.an = An{an};
  return verdict;
}

Verdict set_key_id(ProfileDraft& draft, const RawValue& value) noexcept {
  std::array<std::uint8_t, 16>& id = draft.association.key_id;
  id = {};
  if (!value.octets.empty()) {
    if (value.octets.size() > id.size()) return refused;
    std::copy(value.octets.begin(), value.octets.end(), id.begin());
    return {};
  }
  const std::optional<std::size_t> size = from_hex(value.text, id);
  return {size.has_value() && *size > 0, {}};
}

Verdict set_salt(ProfileDraft& draft, const RawValue& value) noexcept {
  Secret<12>& salt = draft.association.salt;
  if (value.octets.size() == 12) {
    salt = Secret<12>{value.octets};
    return {};
  }
  const std::optional<std::size_t> size = from_hex(value.text, salt.allocate(12));
  if (size == 12U) return {};
  salt.clear();
  return refused;
}

/// What every form of key material says alike.
constexpr std::string_view hex_key = "32 or 64 hexadecimal digits";
constexpr std::string_view key_path = "the absolute path of a file that holds 32 or 64 hexadecimal digits";
constexpr std::string_view credential_name = "the name of a credential of the service (LoadCredential= of its unit)";
constexpr std::string_view boolean = "yes or no";
constexpr std::string_view one_form = "one of Cak=, CakFile=, CakCredential= is required";
constexpr std::string_view one_static_form = "one of Key=, KeyFile=, KeyCredential= is required";
constexpr std::string_view instant =
    "a date as 2026-01-31, 2026-01-31T12:00:00Z, 2026-01-31 12:00:00+01:00 or @SECONDS";

#define MACSECD_SET [](ProfileDraft & d, const RawValue& v) -> Verdict
#define MACSECD_GET [](const ProfileView& v) -> std::string

constexpr std::array rules{
    ProfileRule{{"Link", "Parent", "the name of an interface", "required", "Interface that carries the secured frames"},
                MACSECD_SET{return set_interface(v.text, d.profile.parent);
}  // namespace
, MACSECD_GET { return v.profile.parent; }
}  // namespace macsec::detail
, ProfileRule{
      {"Link", "Interface", "the name of an interface, at most 15 characters", "macsec0", "The MACsec interface"},
      MACSECD_SET{return set_interface(v.text, d.profile.interface);
}
, MACSECD_GET { return v.profile.interface; }
}
, ProfileRule{{"Link", "Port", "a number from 1 to 65534", "1", "Port number in the SCI of the interface"},
              MACSECD_SET{return set_number(v.text, 1, 65534, d.profile.port);
}
, MACSECD_GET { return std::to_string(v.profile.port); }
}
, ProfileRule{{"Link", "Enable", boolean, "yes", "Whether this profile is used at all"},
              MACSECD_SET{return set_boolean(v.text, d.profile.enabled);
}
, MACSECD_GET { return std::string{yes_no(v.profile.enabled)}; }
}
, ProfileRule{{"Link", "Create", boolean, "yes", "Whether macsecd makes the interface; no: wait for somebody else's"},
              MACSECD_SET{return set_boolean(v.text, d.profile.create);
}
, MACSECD_GET { return std::string{yes_no(v.profile.create)}; }
}
,

    ProfileRule{{"MACsec", "Encrypt", boolean, "yes", "Encrypt; no: protect integrity only"},
                MACSECD_SET{return set_boolean(v.text, d.profile.encrypt);
}
, MACSECD_GET { return std::string{yes_no(v.profile.encrypt)}; }
}
,
    ProfileRule{{"MACsec", "CipherSuites",
                 "GCM-AES-128, GCM-AES-256, GCM-AES-XPN-128, GCM-AES-XPN-256, one or several, the best first",
                 "by the speed of the link", "Cipher suites this end agrees to, in order of preference"},
                set_cipher_suites,
                get_cipher_suites},
    ProfileRule{
        {"MACsec", "Offload", "off, mac, phy or auto", "off", "Where frames are encrypted: host, MAC or PHY"},
        MACSECD_SET{return set_choice(
            v.text, std::array{OffloadChoice::off, OffloadChoice::mac, OffloadChoice::phy, OffloadChoice::automatic},
            d.profile.offload);
}
, MACSECD_GET { return std::string{to_string(v.profile.offload)}; }
}
, ProfileRule{
      {"MACsec", "Validate", "strict, check or disabled", "strict", "What happens to frames that fail validation"},
      MACSECD_SET{return set_choice(v.text, std::array{Validate::strict, Validate::check, Validate::disabled},
                                    d.profile.validate);
}
, MACSECD_GET { return std::string{to_string(v.profile.validate)}; }
}
, ProfileRule{{"MACsec", "ReplayWindow", "a number of frames from 0 to 1073741823, or off", "64",
               "How far frames may be out of order; 0: not at all; off: no replay protection"},
              set_replay_window,
              MACSECD_GET{return v.profile.replay_protect ? std::to_string(v.profile.replay_window) : "off";
}
}
, ProfileRule{{"MACsec", "IncludeSci", boolean,
               "yes, or no with EndStation= or SingleCopyBroadcast=", "Carry the SCI in every frame"},
              MACSECD_SET{return set_boolean(v.text, d.include_sci);
}
, MACSECD_GET { return std::string{yes_no(v.profile.include_sci)}; }
}
, ProfileRule{{"MACsec", "EndStation", boolean, "no", "Set the ES bit instead of carrying the SCI"},
              MACSECD_SET{return set_boolean(v.text, d.profile.end_station);
}
, MACSECD_GET { return std::string{yes_no(v.profile.end_station)}; }
}
, ProfileRule{{"MACsec", "SingleCopyBroadcast", boolean, "no", "Set the SCB bit (passive optical networks)"},
              MACSECD_SET{return set_boolean(v.text, d.profile.single_copy_broadcast);
}
, MACSECD_GET { return std::string{yes_no(v.profile.single_copy_broadcast)}; }
}
, ProfileRule{
      {"MACsec", "Policy", "must-secure or should-secure", "must-secure",
       "What passes while no peer is there: nothing, or clear text"},
      MACSECD_SET{return set_choice(v.text, std::array{Policy::must_secure, Policy::should_secure}, d.profile.policy);
}
, MACSECD_GET { return std::string{to_string(v.profile.policy)}; }
}
,
    ProfileRule{{"MACsec", "ConfidentialityOffset", "0", "0", "Octets left in clear text; Linux knows none but 0"},
                set_confidentiality_offset,
                nullptr},

    ProfileRule{
        {"MKA", "Priority", "a number from 0 to 255", "128", "Key server priority: 0 is best, 255 never serves"},
        MACSECD_SET{return set_number(v.text, 0, 255, d.profile.priority);
}
, MACSECD_GET { return std::to_string(v.profile.priority); }
}
, ProfileRule{{"MKA", "Version", "1, 2 or 3", "3", "MKA version sent; lowered by itself for older peers"},
              MACSECD_SET{return set_number(v.text, 1, 3, d.profile.version);
}
, MACSECD_GET { return std::to_string(v.profile.version); }
}
, ProfileRule{{"MKA", "RekeySec", "a time span of at least 30s, or 0 or off", "off", "Age at which a SAK is replaced"},
              set_rekey, MACSECD_GET{return v.profile.rekey == Duration{0} ? "off" : format_duration(v.profile.rekey);
}
}
, ProfileRule{{"MKA", "RekeyPn", "a percentage from 1% to 95%", "75%",
               "Share of the packet numbers used at which a SAK is replaced"},
              set_rekey_pn, MACSECD_GET{return std::to_string(v.profile.rekey_pn_percent) + "%";
}
}
, ProfileRule{{"MKA", "RekeyOnPeerLoss", boolean, "no", "Replace the SAK when a peer is gone"},
              MACSECD_SET{return set_boolean(v.text, d.profile.rekey_on_peer_loss);
}
, MACSECD_GET { return std::string{yes_no(v.profile.rekey_on_peer_loss)}; }
}
, ProfileRule{{"MKA", "Hello", "a time span from 500ms to 2s", "2s", "Longest time between two MKPDUs"}, set_hello,
              MACSECD_GET{return format_duration(v.profile.hello);
}
}
, ProfileRule{
      {"MKA", "DelayProtect", boolean, "no", "Refuse frames delayed by more than 2 s; sends MKPDUs every 0.5 s"},
      MACSECD_SET{return set_boolean(v.text, d.profile.delay_protect);
}
, MACSECD_GET { return std::string{yes_no(v.profile.delay_protect)}; }
}
, ProfileRule{{"MKA", "IcvIndicator", boolean, "no", "Always send the ICV Indicator parameter set"},
              MACSECD_SET{return set_boolean(v.text, d.profile.icv_indicator);
}
, MACSECD_GET { return std::string{yes_no(v.profile.icv_indicator)}; }
}
, ProfileRule{{"MKA", "Destination", "a MAC address as 01:80:c2:00:00:03", "01:80:c2:00:00:03",
               "Destination address of MKPDUs"},
              MACSECD_SET{return set_mac(v.text, d.profile.destination);
}
, MACSECD_GET { return to_string(v.profile.destination); }
}
, ProfileRule{{"MKA", "EtherType", "a number from 0x0600 to 0xffff", "0x888e", "EtherType of MKPDUs"},
              MACSECD_SET{return set_number(v.text, 0x0600, 0xffff, d.profile.ethertype);
}
, get_ethertype
}
,

    ProfileRule{
        {"Key", "Ckn", "2 to 64 hexadecimal digits, two an octet", "required", "Name of the key, the same on all ends"},
        set_ckn, MACSECD_GET{return to_string(v.key->ckn);
}
}
, ProfileRule{{"Key", "CknPadding", boolean, "no", "Send the name padded with zeros to 32 octets"},
              MACSECD_SET{return set_boolean(v.text, d.key.padding);
}
, nullptr
}
, ProfileRule{{"Key", "Cak", hex_key, one_form, "The key itself", true},
              MACSECD_SET{return set_key(v, d.key.cak.octets);
}
, nullptr
}
, ProfileRule{{"Key", "CakFile", key_path, one_form, "File that holds the key"},
              MACSECD_SET{return set_path(v.text, d.key.cak.file);
}
, MACSECD_GET { return v.key->file; }
}
, ProfileRule{{"Key", "CakCredential", credential_name, one_form, "Credential that holds the key"},
              MACSECD_SET{return set_credential(v.text, d.key.cak.credential);
}
, MACSECD_GET { return v.key->credential; }
}
, ProfileRule{{"Key", "Role", "primary or fallback", "primary", "fallback: only while no primary key has a live peer"},
              MACSECD_SET{return set_choice(v.text, std::array{KeyRole::primary, KeyRole::fallback}, d.key.role);
}
, MACSECD_GET { return std::string{to_string(v.key->role)}; }
}
, ProfileRule{{"Key", "NotBefore", instant, "no bound", "When the key begins to be used"},
              MACSECD_SET{return set_instant(v.text, d.key.not_before);
}
, MACSECD_GET { return get_instant(v.key->not_before); }
}
, ProfileRule{{"Key", "NotAfter", instant, "no bound", "When the key ceases to be used"},
              MACSECD_SET{return set_instant(v.text, d.key.not_after);
}
, MACSECD_GET { return get_instant(v.key->not_after); }
}
,

    ProfileRule{{"StaticKeys", "Direction", "transmit or receive", "required", "Which way the association goes"},
                set_direction, MACSECD_GET{return v.association->transmit ? "transmit" : "receive";
}
}
, ProfileRule{{"StaticKeys", "Peer", "a MAC address as 02:00:00:00:00:01", "required to receive",
               "MAC address in the sender's SCI"},
              MACSECD_SET{return set_mac(v.text, d.association.peer);
}
, MACSECD_GET { return v.association->transmit ? "" : to_string(v.association->peer.mac()); }
}
, ProfileRule{{"StaticKeys", "Port", "a number from 1 to 65535", "1", "Port in the sender's SCI"},
              MACSECD_SET{return set_number(v.text, 1, 65535, d.association.port);
}
, MACSECD_GET { return v.association->transmit ? "" : std::to_string(v.association->peer.port()); }
}
, ProfileRule{{"StaticKeys", "An", "a number from 0 to 3", "0", "Association number"}, set_an,
              MACSECD_GET{return std::to_string(v.association->an.value());
}
}
, ProfileRule{{"StaticKeys", "Key", hex_key, one_static_form, "The key itself", true},
              MACSECD_SET{return set_key(v, d.association.key.octets);
}
, nullptr
}
, ProfileRule{{"StaticKeys", "KeyFile", key_path, one_static_form, "File that holds the key"},
              MACSECD_SET{return set_path(v.text, d.association.key.file);
}
, MACSECD_GET { return v.association->file; }
}
, ProfileRule{{"StaticKeys", "KeyCredential", credential_name, one_static_form, "Credential that holds the key"},
              MACSECD_SET{return set_credential(v.text, d.association.key.credential);
}
, MACSECD_GET { return v.association->credential; }
}
, ProfileRule{{"StaticKeys", "KeyId", "2 to 32 hexadecimal digits, two an octet", "made from the key",
               "Name of the key as `ip macsec show` prints it"},
              set_key_id, MACSECD_GET{return to_hex(v.association->key_id);
}
}
, ProfileRule{{"StaticKeys", "PacketNumber", "a number from 1 on, to 4294967295 without XPN", "1",
               "First packet number to send, or lowest to accept"},
              MACSECD_SET{return set_number(v.text, 1, UINT64_MAX, d.association.packet_number);
}
, MACSECD_GET { return std::to_string(v.association->packet_number); }
}
, ProfileRule{{"StaticKeys", "Ssci", "a number from 1 to 4294967295", "required with XPN", "Short SCI of the sender"},
              MACSECD_SET{return set_number(v.text, 1, UINT32_MAX, d.association.ssci);
}
, MACSECD_GET { return v.association->ssci == 0 ? "" : std::to_string(v.association->ssci); }
}
,
    ProfileRule{{"StaticKeys", "Salt", "24 hexadecimal digits", "required with XPN", "Salt of the key", true},
                set_salt,
                nullptr},
}
;

#undef MACSECD_SET
#undef MACSECD_GET

}  // namespace

std::span<const ProfileRule> profile_rules() noexcept { return rules; }

bool decode_key(std::string_view digits, Secret<32>& out) noexcept {
  out.clear();
  if (digits.size() != 32 && digits.size() != 64) return false;
  if (from_hex(digits, out.allocate(digits.size() / 2))) return true;
  out.clear();
  return false;
}

bool is_interface_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > 15 || name == "." || name == "..") return false;
  return std::none_of(name.begin(), name.end(), [](char c) {
    return c == '/' || c == ':' || c == '%' || c == '\\' || static_cast<unsigned char>(c) <= ' ' || c == '\x7f';
  });
}

}  // namespace macsec::detail
