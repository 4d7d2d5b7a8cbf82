// SPDX-License-Identifier: LGPL-2.1-or-later
/// [MACsec]
#include "engine/config/rules/values.hpp"

namespace macsec::detail {
namespace {

Verdict set_cipher_suites(ProfileDraft& draft, const RawValue& value) {
  const std::optional<std::vector<std::string_view>> names = split_words(value.text, true);
  if (!names) return refused;
  std::vector<CipherSuite>& suites = draft.profile.macsec.cipher_suites;
  for (const std::string_view name : *names) {
    const std::optional<CipherSuite> suite = cipher_suite_from_string(name);
    if (!suite) return refused;
    if (std::find(suites.begin(), suites.end(), *suite) != suites.end())
      return {false, "each cipher suite once (an empty CipherSuites= starts the list again)"};
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

constexpr auto suites = [] {
  FixedText<200> out;
  for (const CipherSuiteRow& each : cipher_suite_rows) out.add(each.name).add(", ");
  return out.add("one or several, the best first");
}();
constexpr std::string_view implied_sci = "yes, or no with EndStation= or SingleCopyBroadcast=";

using Macsec = Profile::Macsec;
using enum OffloadChoice;

// clang-format off
constexpr std::array macsec_table{
    ProfileRule{{"MACsec", "Encrypt", boolean, "yes",
                 "Encrypt; no: protect integrity only"},
                set_boolean<&Macsec::encrypt>, get<&Macsec::encrypt>},
    ProfileRule{{"MACsec", "CipherSuites", suites.view(), "by the speed of the link",
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
};
// clang-format on

}  // namespace

std::span<const ProfileRule> macsec_rules() noexcept { return macsec_table; }

}  // namespace macsec::detail
