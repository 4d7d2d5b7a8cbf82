// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/doctor/below.hpp"

#include "engine/base/similar.hpp"

namespace macsec::doctor {
namespace {

/// Octets that a SecTAG with SCI and an ICV add to a frame (802.1AE clause 9).
constexpr unsigned macsec_overhead = 32;
/// Frames of a hundred that may be refused before it is worth a word: a rekey under load costs a few.
constexpr std::uint64_t refused_share = 100;

const std::string& parent_name(const Facts& facts) { return facts.profile->link.parent; }

Finding no_parent(const Facts& facts) {
  const std::vector<std::string_view> names{facts.interfaces.begin(), facts.interfaces.end()};
  const std::string_view near = similar_name(parent_name(facts), names);
  return {.id = "no-parent",
          .text = "there is no interface " + parent_name(facts),
          .remedy = near.empty()
                        ? "write an interface of `ip link` into Parent= of profile " + configured_name(*facts.profile)
                        : "did you mean Parent=" + std::string{near} + "?"};
}

Finding switched_off(const Facts& facts) {
  if (facts.profile->link.enabled)
    return {.id = "switched-off",
            .text = "the link was taken down by command",
            .remedy = "macsecctl up " + facts.profile->link.interface};
  return {.id = "disabled",
          .text = "profile " + configured_name(*facts.profile) + " is disabled",
          .remedy = "macsecctl profile enable " + configured_name(*facts.profile)};
}

Finding no_device(const Facts& facts) {
  const std::string& name = facts.profile->link.interface;
  if (facts.profile->link.create == CreateChoice::no)
    return {.id = "no-device",
            .text = "the device " + name + " does not exist, and Create=no leaves it to another program",
            .remedy = "start that program, or write Create=yes into profile " + configured_name(*facts.profile)};
  return {.id = "no-device", .text = "the device " + name + " does not exist", .remedy = "journalctl -u macsecd"};
}

Finding refused(const Facts& facts) {
  Finding out{.id = "device-refused", .text = facts.status.reason_text, .remedy = "journalctl -u macsecd -k"};
  const auto choice = facts.profile->macsec.offload;
  if (facts.master && facts.master->kind == "bridge") {
    out.id = "parent-in-bridge";
    out.text =
        parent_name(facts) + " is a port of bridge " + facts.master->name + ", and a port carries no MACsec device";
    out.remedy = "ip link set " + parent_name(facts) + " nomaster, and put " + facts.profile->link.interface +
                 " into the bridge";
  } else if (choice == OffloadChoice::mac || choice == OffloadChoice::phy) {
    out.id = "offload-refused";
    out.remedy = "write Offload=auto into profile " + configured_name(*facts.profile) + ", or see `macsecctl caps " +
                 parent_name(facts) + "`";
  } else if (facts.device && facts.device->kind != "macsec") {
    out.id = "name-taken";
    out.text = "the interface " + facts.device->name + " is no MACsec device";
    out.remedy = "write another Interface= into profile " + configured_name(*facts.profile);
  } else if (facts.device) {
    out.remedy = "ip -d link show " + facts.device->name + "; another program may have made it";
  }
  say_advice_once(out, facts);
  return out;
}

Finding device_down(const Facts& facts) {
  return {.id = "device-down",
          .text = facts.device->name + " is down",
          .remedy = "ip link set " + facts.device->name + " up"};
}

void add_mtu(const Facts& facts, std::vector<Finding>& out) {
  if (!facts.device) return;
  if (facts.parent && facts.device->mtu + macsec_overhead > facts.parent->mtu)
    out.push_back({.id = "mtu-parent",
                   .gravity = Gravity::warning,
                   .text = facts.device->name + " has MTU " + std::to_string(facts.device->mtu) + ", and " +
                           facts.parent->name + " carries " + std::to_string(facts.parent->mtu) +
                           " with 32 octets of MACsec in it: large frames are lost",
                   .remedy = "ip link set " + facts.parent->name + " mtu " +
                             std::to_string(facts.device->mtu + macsec_overhead) + ", or a lower MTU on " +
                             facts.device->name});
  for (const Interface& upper : facts.above)
    if (upper.mtu > facts.device->mtu)
      out.push_back({.id = "mtu-above",
                     .gravity = Gravity::warning,
                     .text = upper.name + " has MTU " + std::to_string(upper.mtu) + ", " + facts.device->name +
                             " below it carries " + std::to_string(facts.device->mtu) + ": large frames are lost",
                     .remedy = "ip link set " + upper.name + " mtu " + std::to_string(facts.device->mtu)});
}

void add_bridge(const Facts& facts, std::vector<Finding>& out) {
  // Where nobody is heard this is why, and is told as the fault.
  if (!facts.obstacle.empty() && facts.status.reason != core::Reason::no_peer)
    out.push_back({.id = "parent-is-bridge",
                   .gravity = facts.status.state == core::PortState::secured ? Gravity::remark : Gravity::warning,
                   .text = facts.obstacle,
                   .remedy = {}});
}

void add_offload(const Facts& facts, std::vector<Finding>& out) {
  if (facts.profile->macsec.offload != OffloadChoice::automatic || facts.offload != OffloadMode::off || !facts.device)
    return;
  out.push_back({.id = "offload-software",
                 .gravity = Gravity::remark,
                 .text = "frames are encrypted in software (" + facts.offload_text + ")",
                 .remedy = "macsecctl caps " + parent_name(facts)});
}

void add_frames(const Facts& facts, std::vector<Finding>& out) {
  if (!facts.frames) return;
  const Frames& frames = *facts.frames;
  const auto much = [&frames](std::uint64_t count) { return count != 0 && count * refused_share > frames.received; };
  if (much(frames.late))
    out.push_back({.id = "frames-late",
                   .gravity = Gravity::warning,
                   .text = std::to_string(frames.late) + " frames came below the replay window: the network reorders",
                   .remedy = "a larger ReplayWindow= in profile " + configured_name(*facts.profile)});
  if (much(frames.not_valid))
    out.push_back({.id = "frames-invalid",
                   .gravity = Gravity::warning,
                   .text = std::to_string(frames.not_valid) + " frames were altered on the way, or forged",
                   .remedy = "macsecctl stats " + facts.profile->link.interface});
  if (much(frames.not_using_sa))
    out.push_back({.id = "frames-unknown-key",
                   .gravity = Gravity::warning,
                   .text = std::to_string(frames.not_using_sa) + " frames are protected with a key that is not here",
                   .remedy = "macsecctl peers " + facts.profile->link.interface});
}

}  // namespace

std::vector<Finding> interface_findings(const Facts& facts) {
  const core::PortStatus& status = facts.status;
  if (status.reason == core::Reason::disabled) return {switched_off(facts)};
  if (!facts.parent) return {no_parent(facts)};
  if (!facts.parent->up)
    return {{.id = "parent-down",
             .text = parent_name(facts) + " is down",
             .remedy = "ip link set " + parent_name(facts) + " up"}};
  if (!facts.parent->carrier)
    return {{.id = "no-carrier",
             .text = "no carrier on " + parent_name(facts),
             .remedy = "look at the cable and at the port at its other end; ethtool " + parent_name(facts)}};
  if (status.reason == core::Reason::secy_error && !facts.attached) return {refused(facts)};
  if (!facts.device || status.reason == core::Reason::no_device) return {no_device(facts)};
  if (!facts.device->up) return {device_down(facts)};
  return {};
}

std::vector<Finding> rival_findings(const Facts& facts) {
  if (facts.listeners == 0) return {};
  const core::PortStatus& status = facts.status;
  const bool undone = status.state != core::PortState::secured && facts.attached &&
                      (status.reason == core::Reason::awaiting_sak || status.reason == core::Reason::secy_error);
  return {{.id = "other-program",
           .gravity = undone ? Gravity::fault : Gravity::warning,
           .text = "another program receives EAPOL on " + parent_name(facts) + ", as wpa_supplicant with MACsec would",
           .remedy = "ss -0 -p; stop it where it speaks MKA"}};
}

std::vector<Finding> surrounding_findings(const Facts& facts) {
  std::vector<Finding> out;
  add_bridge(facts, out);
  add_mtu(facts, out);
  if (facts.status.state == core::PortState::unsecured)
    out.push_back(
        {.id = "clear-text",
         .gravity = Gravity::warning,
         .text = "frames pass in clear, as Policy=should-secure allows",
         .remedy = "Policy=must-secure in profile " + configured_name(*facts.profile) + " lets nothing pass in clear"});
  add_frames(facts, out);
  add_offload(facts, out);
  return out;
}

}  // namespace macsec::doctor
