// SPDX-License-Identifier: LGPL-2.1-or-later
/// [MKA]
#include "engine/config/rules/values.hpp"

namespace macsec::detail {
namespace {

Verdict set_rekey(ProfileDraft& draft, const RawValue& value) {
  const bool off = value.text == "off" || value.text == "no";
  const std::optional<Duration> span = off ? Duration{0} : parse_duration(value.text);
  if (!span || (*span != Duration{0} && *span < std::chrono::seconds{1})) return refused;
  draft.profile.mka.rekey = *span;
  return {};
}

std::string get_rekey(const ProfileView& view) {
  return view.profile.mka.rekey == Duration{0} ? "off" : text_of(view.profile.mka.rekey);
}

Verdict set_rekey_pn(ProfileDraft& draft, const RawValue& value) {
  std::string_view text = value.text;
  if (text.ends_with('%')) text.remove_suffix(1);
  return parse_number(trim(text), 1, 95, draft.profile.mka.rekey_pn_percent);
}

std::string get_rekey_pn(const ProfileView& view) { return std::to_string(view.profile.mka.rekey_pn_percent) + "%"; }

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

using Mka = Profile::Mka;

// clang-format off
constexpr std::array mka_table{
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
};
// clang-format on

}  // namespace

std::span<const ProfileRule> mka_rules() noexcept { return mka_table; }

}  // namespace macsec::detail
