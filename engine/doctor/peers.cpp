// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/doctor/peers.hpp"

#include "engine/doctor/ckn_likeness.hpp"

#include <algorithm>
#include <array>

namespace macsec::doctor {
namespace {

/// Where no CKN is like one of ours the finding names the first that was heard.
Finding other_ckn(const Facts& facts) {
  for (const Ckn& heard : facts.status.foreign_ckns)
    for (const core::ParticipantStatus& participant : facts.status.participants) {
      const std::string ours = to_string(participant.ckn);
      const std::string other = to_string(heard);
      switch (ckn_likeness(participant.ckn, heard)) {
        case CknLikeness::padded:
          return {.id = "ckn-padded",
                  .text = "the peer pads our CKN " + ours + " with zeros",
                  .remedy = "write CknPadding=yes under [Key] of profile " + configured_name(*facts.profile)};
        case CknLikeness::cut:
          return {.id = "ckn-cut",
                  .text = "the peer speaks our CKN without the zeros at its end: " + other,
                  .remedy =
                      "write Ckn=" + other + " (without CknPadding=) into profile " + configured_name(*facts.profile)};
        case CknLikeness::as_text:
          return {.id = "ckn-as-text",
                  .text = "one end takes the CKN's hexadecimal digits for its octets: heard is " + other,
                  .remedy = "write Ckn=" + other + " into profile " + configured_name(*facts.profile) +
                            ", or ours as hexadecimal digits at the peer"};
        case CknLikeness::none:
          break;
      }
    }
  return {.id = "ckn-mismatch",
          .text = facts.status.reason_text,
          .remedy = "the same Ckn= and Cak= at both ends: " + edit_profile(facts)};
}

Finding nobody(const Facts& facts) {
  const core::PortCounters& counters = facts.status.counters;
  const std::string& parent = facts.profile->link.parent;
  if (!facts.obstacle.empty()) return {.id = "parent-is-bridge", .text = facts.obstacle, .remedy = {}};
  if (counters.rx_reflected != 0)
    return {.id = "reflected",
            .text = "our own MKPDUs come back to " + parent + ": a loop, or a plug that mirrors",
            .remedy = "look at the cable and at the port at its other end"};
  if (counters.rx_inactive_ckn != 0)
    return {.id = "ckn-inactive",
            .text = "a peer speaks a key that is outside its lifetime here",
            .remedy = "timedatectl at both ends; NotBefore= and NotAfter= of the key: " + edit_profile(facts)};
  if (counters.rx_wrong_destination != 0)
    return {.id = "other-destination",
            .text = "MKPDUs come to another address than " + to_string(facts.profile->mka.destination),
            .remedy = "the same Destination= at both ends: " + edit_profile(facts)};
  if (counters.rx_bad_version != 0)
    return {.id = "other-version",
            .text = "MKPDUs come in a version of MKA that is not understood",
            .remedy = "macsecctl stats " + facts.profile->link.interface};
  if (counters.rx_unknown_agility != 0)
    return {.id = "other-algorithm",
            .text = "MKPDUs come with an algorithm agility other than 802.1X's",
            .remedy = "the standard's key derivation at the peer"};
  if (counters.rx_validation_failures != 0)
    return {.id = "malformed",
            .text = "MKPDUs come that are malformed",
            .remedy = "tcpdump -ni " + parent + " -w mka.pcap ether proto 0x888e"};
  return {.id = "no-peer",
          .text = "no peer is heard on " + parent,
          .remedy = "is MACsec on at the other end, with EAPOL passing in between? tcpdump -ni " + parent +
                    " ether proto 0x888e"};
}

/// What to do about reasons that a port has told in words already; their identifiers are the port's.
struct Remedy {
  core::Reason reason;
  std::string_view text;
  bool edit = true;  ///< of the profile here
};
constexpr std::array remedies{
    Remedy{core::Reason::cak_mismatch, "the same Cak= at both ends"},
    Remedy{core::Reason::peer_not_live, "find what passes EAPOL in one direction only: tcpdump at the other end",
           false},
    Remedy{core::Reason::no_key_server, "a Priority= below 255 at one end"},
    Remedy{core::Reason::cipher_mismatch, "a common suite in CipherSuites= of both ends"},
    Remedy{core::Reason::confidentiality_mismatch, "the same Encrypt= at both ends, no confidentiality offset"},
    Remedy{core::Reason::macsec_refused, "switch MACsec on at the key server, or Policy=should-secure here"},
    Remedy{core::Reason::authenticating, "wait; see macsecctl status", false},
    Remedy{core::Reason::no_authenticator,
           "802.1X on at the switch port: tcpdump -n ether proto 0x888e shows who speaks", false},
    Remedy{core::Reason::authentication_failed, "what the reason names, here or at the server; then macsecctl reauth"},
    Remedy{core::Reason::mka_silent, "MACsec on at the switch port, for this host as well", false},
    Remedy{core::Reason::eap_unavailable, "systemctl status macsec-eap.socket; journalctl -u macsec-eap", false},
};

Finding by_reason(const Facts& facts) {
  const core::PortStatus& status = facts.status;
  Finding out{.id = to_string(status.reason),
              .text = status.reason_text,
              .remedy = "macsecctl peers " + facts.profile->link.interface};
  if (status.reason == core::Reason::secy_error) out.remedy = "journalctl -u macsecd -k";
  const auto* const known = std::ranges::find(remedies, status.reason, &Remedy::reason);
  if (known != remedies.end()) out.remedy = std::string{known->text} + (known->edit ? ": " + edit_profile(facts) : "");
  say_advice_once(out, facts);
  return out;
}

}  // namespace

std::vector<Finding> peer_findings(const Facts& facts) {
  const core::PortStatus& status = facts.status;
  if (status.state == core::PortState::suspended)
    return {{.id = "suspended",
             .gravity = Gravity::remark,
             .text = "MKA is suspended by command",
             .remedy = "macsecctl suspend " + facts.profile->link.interface + " 0"}};
  if (status.reason == core::Reason::no_peer) return {nobody(facts)};
  if (status.reason == core::Reason::ckn_mismatch) return {other_ckn(facts)};
  if (status.reason == core::Reason::none) return {};
  Finding finding = by_reason(facts);
  // What the kernel has keeps frames going while the reason stands.
  if (status.state == core::PortState::secured) finding.gravity = Gravity::warning;
  return {std::move(finding)};
}

}  // namespace macsec::doctor
