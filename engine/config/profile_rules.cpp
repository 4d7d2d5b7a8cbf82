// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <concepts>
#include <type_traits>

#include "engine/base/text.hpp"
#include "engine/config/ini.hpp"
#include "engine/config/instant.hpp"
#include "engine/config/profile_draft.hpp"

namespace macsec::detail {
namespace {

constexpr Verdict refused{false, {}};

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
const T& at(const ProfileView& view, T KeySource::* member) noexcept {
  return (view.key != nullptr ? view.key->source : view.association->source).*member;
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

std::string text_of(bool value) { return value ? "yes" : "no"; }
std::string text_of(const std::string& value) { return value; }
std::string text_of(Duration value) { return format_duration(value); }
std::string text_of(const MacAddress& value) { return to_string(value); }
std::string text_of(const Ckn& value) { return to_string(value); }
std::string text_of(An value) { return std::to_string(value.value()); }
std::string text_of(const std::array<std::uint8_t, 16>& value) { return to_hex(value); }
std::string text_of(const std::optional<std::int64_t>& value) { return value ? format_instant(*value) : std::string{}; }
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

/// Whether `text` comes back the same from a profile file: no line ends, no continuation, no blank at its ends.
bool survives_a_file(std::string_view text) noexcept {
  return is_utf8(text) && !text.starts_with(' ') && !text.ends_with(' ') &&
         std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\\' || c == '\x7f'; });
}

template <auto Material>
Verdict set_path(ProfileDraft& draft, const RawValue& value) {
  const std::string_view text = value.text;
  if (!text.starts_with('/') || text.ends_with('/') || text.size() > 4095 || !survives_a_file(text)) return refused;
  at(draft, Material).file = text;
  return {};
}

template <auto Material>
Verdict set_credential(ProfileDraft& draft, const RawValue& value) {
  const std::string_view text = value.text;
  if (text.empty() || text == "." || text == ".." || text.contains('/') || text.size() > 255 || !survives_a_file(text))
    return refused;
  at(draft, Material).credential = text;
  return {};
}

// Values of a single key.

Verdict set_cipher_suites(ProfileDraft& draft, const RawValue& value) {
  const std::optional<std::vector<std::string_view>> names = split_words(value.text, true);
  if (!names) return refused;
  std::vector<CipherSuite>& suites = draft.profile.macsec.cipher_suites;
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
  for (const CipherSuite suite : view.profile.macsec.cipher_suites) {
    if (!out.empty()) out += ' ';
    out += to_string(suite);
  }
  return out;
}

Verdict set_create(ProfileDraft& draft, const RawValue& value) {
  const std::optional<bool> parsed = parse_boolean(value.text);
  if (!parsed && value.text != to_string(CreateChoice::always)) return refused;
  draft.profile.link.create = !parsed ? CreateChoice::always : *parsed ? CreateChoice::yes : CreateChoice::no;
  return {};
}

Verdict set_replay_window(ProfileDraft& draft, const RawValue& value) {
  const bool off = value.text == "off" || value.text == "no";
  draft.profile.macsec.replay_protect = !off;
  return off ? Verdict{} : parse_number(value.text, 0, (1U << 30U) - 1, draft.profile.macsec.replay_window);
}

std::string get_replay_window(const ProfileView& view) {
  return view.profile.macsec.replay_protect ? std::to_string(view.profile.macsec.replay_window) : "off";
}

Verdict set_confidentiality_offset(ProfileDraft&, const RawValue& value) {
  if (value.text == "30" || value.text == "50")
    return {false, "only 0: Linux cannot send the first octets of a frame in clear text"};
  return {value.text == "0", {}};
}

Verdict set_rekey(ProfileDraft& draft, const RawValue& value) {
  const bool off = value.text == "off" || value.text == "no";
  const std::optional<Duration> span = off ? Duration{0} : parse_duration(value.text);
  if (!span || (*span != Duration{0} && *span < std::chrono::seconds{1})) return refused;
  draft.profile.mka.rekey = *span;
  return {};
}

std::string get_rekey(const ProfileView& view) {
  return view.profile.mka.rekey == Duration{0} ? "off" : format_duration(view.profile.mka.rekey);
}

Verdict set_rekey_pn(ProfileDraft& draft, const RawValue& value) {
  std::string_view text = value.text;
  if (text.ends_with('%')) text.remove_suffix(1);
  return parse_number(trim(text), 1, 95, draft.profile.mka.rekey_pn_percent);
}

std::string get_rekey_pn(const ProfileView& view) { return std::to_string(view.profile.mka.rekey_pn_percent) + "%"; }

/// A time span from `Min` to `Max` milliseconds.
template <auto Member, std::int64_t Min, std::int64_t Max>
Verdict set_span(ProfileDraft& draft, const RawValue& value) {
  const std::optional<Duration> span = parse_duration(value.text);
  if (!span || *span < std::chrono::milliseconds{Min} || *span > std::chrono::milliseconds{Max}) return refused;
  at(draft, Member) = *span;
  return {};
}

Verdict set_ethertype(ProfileDraft& draft, const RawValue& value) {
  const Verdict verdict = parse_number(value.text, 0x0600, 0xffff, draft.profile.mka.ethertype);
  if (!verdict.accepted) return verdict;
  const std::uint16_t type = draft.profile.mka.ethertype;
  const bool taken = type == 0x88e5 || type == 0x8100 || type == 0x88a8 || type == 0x8808;
  return {!taken, "any but 0x88e5, 0x8100, 0x88a8 and 0x8808: the kernel or the card takes those for itself"};
}

std::string get_ethertype(const ProfileView& view) {
  const std::uint16_t type = view.profile.mka.ethertype;
  const std::array<std::uint8_t, 2> octets{static_cast<std::uint8_t>(type >> 8U),
                                           static_cast<std::uint8_t>(type & 0xffU)};
  return "0x" + to_hex(octets);
}

Verdict set_ckn(ProfileDraft& draft, const RawValue& value) {
  draft.key.ckn = value.octets.empty() ? Ckn::from_hex(value.text) : Ckn::from(value.octets);
  return {draft.key.ckn.has_value(), {}};
}

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

constexpr std::string_view boolean = "yes or no";
constexpr std::string_view hex_key = "32 or 64 hexadecimal digits";
constexpr std::string_view key_path = "the absolute path of a file that holds 32 or 64 hexadecimal digits";
constexpr std::string_view credential_name = "the name of a credential of the service (LoadCredential= of its unit)";
constexpr std::string_view one_cak = "one of Cak=, CakFile=, CakCredential= is required";
constexpr std::string_view one_key = "one of Key=, KeyFile=, KeyCredential= is required";
constexpr std::string_view instant =
    "a date as 2026-01-31, 2026-01-31T12:00:00Z, 2026-01-31 12:00:00+01:00 or @SECONDS";
constexpr std::string_view suites =
    "GCM-AES-128, GCM-AES-256, GCM-AES-XPN-128, GCM-AES-XPN-256, one or several, the best first";
constexpr std::string_view implied_sci = "yes, or no with EndStation= or SingleCopyBroadcast=";

using Link = Profile::Link;
using Macsec = Profile::Macsec;
using Mka = Profile::Mka;
using enum OffloadChoice;

// One key after the other: section, name, what is accepted, default, help; how it is set; how it is told.
// clang-format off
constexpr std::array rules{
    ProfileRule{{"Link", "Parent", "the name of an interface, alternative ones too", "required",
                 "Interface that carries the secured frames"},
                set_interface<&Link::parent, longest_alternative_name>, get<&Link::parent>},
    ProfileRule{{"Link", "Interface", "the name of an interface, at most 15 characters", "macsec0",
                 "The MACsec interface"},
                set_interface<&Link::interface>, get<&Link::interface>},
    ProfileRule{{"Link", "Port", "a number from 1 to 65534", "1",
                 "Port number in the SCI of the interface"},
                set_number<&Link::port, 1, 65534>, get<&Link::port>},
    ProfileRule{{"Link", "Enable", boolean, "yes",
                 "Whether this profile is used at all"},
                set_boolean<&Link::enabled>, get<&Link::enabled>},
    ProfileRule{{"Link", "Create", "yes, no or always", "yes",
                 "Whether macsecd makes the interface; no: wait for somebody else's; always: with Enable=no, too"},
                set_create, get<&Link::create>},
    ProfileRule{{"Link", "KeepConfiguration", "yes, no or remember", "no",
                 "Whether addresses and routes that are taken off are put back"},
                set_choice<&Link::keep_configuration, KeepConfiguration::yes, KeepConfiguration::no,
                           KeepConfiguration::remember>, get<&Link::keep_configuration>},

    ProfileRule{{"MACsec", "Encrypt", boolean, "yes",
                 "Encrypt; no: protect integrity only"},
                set_boolean<&Macsec::encrypt>, get<&Macsec::encrypt>},
    ProfileRule{{"MACsec", "CipherSuites", suites, "by the speed of the link",
                 "Cipher suites this end agrees to, in order of preference"},
                set_cipher_suites, get_cipher_suites},
    ProfileRule{{"MACsec", "Offload", "off, mac, phy or auto", "off",
                 "Where frames are encrypted: host, MAC or PHY"},
                set_choice<&Macsec::offload, off, mac, phy, automatic>, get<&Macsec::offload>},
    ProfileRule{{"MACsec", "Validate", "strict, check or disabled", "strict",
                 "What happens to frames that fail validation"},
                set_choice<&Macsec::validate, Validate::strict, Validate::check, Validate::disabled>, get<&Macsec::validate>},
    ProfileRule{{"MACsec", "ReplayWindow", "a number of frames from 0 to 1073741823, or off", "64",
                 "How far frames may be out of order; 0: not at all; off: no replay protection"},
                set_replay_window, get_replay_window},
    ProfileRule{{"MACsec", "IncludeSci", boolean, implied_sci,
                 "Carry the SCI in every frame"},
                set_boolean<&ProfileDraft::include_sci>, get<&Macsec::include_sci>},
    ProfileRule{{"MACsec", "EndStation", boolean, "no",
                 "Set the ES bit instead of carrying the SCI"},
                set_boolean<&Macsec::end_station>, get<&Macsec::end_station>},
    ProfileRule{{"MACsec", "SingleCopyBroadcast", boolean, "no",
                 "Set the SCB bit (passive optical networks)"},
                set_boolean<&Macsec::single_copy_broadcast>, get<&Macsec::single_copy_broadcast>},
    ProfileRule{{"MACsec", "Policy", "must-secure or should-secure", "must-secure",
                 "What passes while no peer is there: nothing, or clear text"},
                set_choice<&Macsec::policy, Policy::must_secure, Policy::should_secure>, get<&Macsec::policy>},
    ProfileRule{{"MACsec", "ConfidentialityOffset", "0", "0",
                 "Octets left in clear text; Linux knows none but 0"},
                set_confidentiality_offset, nullptr},

    ProfileRule{{"MKA", "Priority", "a number from 0 to 255", "128",
                 "Key server priority: 0 is best, 255 never serves"},
                set_number<&Mka::priority, 0, 255>, get<&Mka::priority>},
    ProfileRule{{"MKA", "Version", "1, 2 or 3", "3",
                 "MKA version sent; what older peers do not know is left out"},
                set_number<&Mka::version, 1, 3>, get<&Mka::version>},
    ProfileRule{{"MKA", "RekeySec", "a time span of at least 1s, or 0 or off", "off",
                 "Age at which a SAK is replaced"},
                set_rekey, get_rekey},
    ProfileRule{{"MKA", "RekeyPn", "a percentage from 1% to 95%", "75%",
                 "Share of the packet numbers used at which a SAK is replaced"},
                set_rekey_pn, get_rekey_pn},
    ProfileRule{{"MKA", "RekeyOnPeerLoss", boolean, "no",
                 "Replace the SAK when a peer is gone"},
                set_boolean<&Mka::rekey_on_peer_loss>, get<&Mka::rekey_on_peer_loss>},
    ProfileRule{{"MKA", "Strength", "any or cnsa2", "any",
                 "What keys and ciphers must be at least; cnsa2: 256 bit, encrypted, nothing in clear"},
                set_choice<&Mka::strength, Strength::any, Strength::cnsa2>, get<&Mka::strength>},
    ProfileRule{{"MKA", "KeyTolerance", "a time span from 0 to 100d", "1min",
                 "How long a key is spoken before NotBefore= and after NotAfter="},
                set_span<&Mka::key_tolerance, 0, 8'640'000'000>, get<&Mka::key_tolerance>},
    ProfileRule{{"MKA", "KeyExpiry", "keep or cut", "keep",
                 "What becomes of a key past NotAfter= that no other one can replace"},
                set_choice<&Mka::key_expiry, KeyExpiry::keep, KeyExpiry::cut>, get<&Mka::key_expiry>},
    ProfileRule{{"MKA", "Hello", "a time span from 500ms to 2s", "2s",
                 "Longest time between two MKPDUs"},
                set_span<&Mka::hello, 500, 2'000>, get<&Mka::hello>},
    ProfileRule{{"MKA", "DelayProtect", boolean, "no",
                 "Refuse frames delayed by more than 2 s; sends MKPDUs every 0.5 s"},
                set_boolean<&Mka::delay_protect>, get<&Mka::delay_protect>},
    ProfileRule{{"MKA", "IcvIndicator", boolean, "no",
                 "Always send the ICV Indicator parameter set"},
                set_boolean<&Mka::icv_indicator>, get<&Mka::icv_indicator>},
    ProfileRule{{"MKA", "Destination", "a MAC address as 01:80:c2:00:00:03", "01:80:c2:00:00:03",
                 "Destination address of MKPDUs"},
                set_mac<&Mka::destination>, get<&Mka::destination>},
    ProfileRule{{"MKA", "EtherType", "a number from 0x0600 to 0xffff but those of MACsec, VLAN tags and pause frames", "0x888e",
                 "EtherType of MKPDUs"},
                set_ethertype, get_ethertype},

    ProfileRule{{"Key", "Ckn", "2 to 64 hexadecimal digits, two an octet", "required",
                 "Name of the key, the same on all ends"},
                set_ckn, get<&PreSharedKey::ckn>},
    ProfileRule{{"Key", "CknPadding", boolean, "no",
                 "Send the name padded with zeros to 32 octets"},
                set_boolean<&KeyDraft::padding>, nullptr},
    ProfileRule{{"Key", "Cak", hex_key, one_cak, "The key itself", true},
                set_key<&KeyDraft::cak>, nullptr},
    ProfileRule{{"Key", "CakFile", key_path, one_cak, "File that holds the key"},
                set_path<&KeyDraft::cak>, get<&KeySource::file>},
    ProfileRule{{"Key", "CakCredential", credential_name, one_cak, "Credential that holds the key"},
                set_credential<&KeyDraft::cak>, get<&KeySource::credential>},
    ProfileRule{{"Key", "Role", "primary or fallback", "primary",
                 "fallback: only while no primary key has a live peer"},
                set_choice<&KeyDraft::role, KeyRole::primary, KeyRole::fallback>, get<&PreSharedKey::role>},
    ProfileRule{{"Key", "NotBefore", instant, "no bound", "When the key begins to be used"},
                set_instant<&KeyDraft::not_before>, get<&PreSharedKey::not_before>},
    ProfileRule{{"Key", "NotAfter", instant, "no bound", "When the key ceases to be used"},
                set_instant<&KeyDraft::not_after>, get<&PreSharedKey::not_after>},
    ProfileRule{{"Key", "Retired", instant, "not retired", "When the key of this name was retired: it is not used any more"},
                set_instant<&KeyDraft::retired>, nullptr},

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
                set_path<&StaticDraft::key>, get<&KeySource::file>},
    ProfileRule{{"StaticKeys", "KeyCredential", credential_name, one_key, "Credential that holds the key"},
                set_credential<&StaticDraft::key>, get<&KeySource::credential>},
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

std::span<const ProfileRule> profile_rules() noexcept { return rules; }

}  // namespace macsec::detail
