// SPDX-License-Identifier: LGPL-2.1-or-later
// Where a NetlinkSecy's frames are encrypted. No class of its own: to try a mode is to make the device.
#include "engine/adapters/netlink/ethtool.hpp"
#include "engine/adapters/netlink/netlink_secy.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <linux/genetlink.h>
#include <linux/if_macsec.h>

namespace macsec::os {
namespace {

std::vector<OffloadMode> modes_of(OffloadChoice choice) {
  switch (choice) {
    case OffloadChoice::mac:
      return {OffloadMode::mac};
    case OffloadChoice::phy:
      return {OffloadMode::phy};
    case OffloadChoice::automatic:
      return {OffloadMode::mac, OffloadMode::phy};
    case OffloadChoice::off:
      break;
  }
  return {};
}

/// Of devices that are only tried: no profile has it.
constexpr std::uint16_t trial_port = 65535;

/// The name of the driver that would encrypt: of the interface at the bottom, as a VLAN passes its own on to it.
Result<std::string> driver_under(MacsecKernel& kernel, Link link, OffloadMode mode) {
  while (link.kind == "vlan" && link.parent != 0 && !link.parent_netns) {
    auto below = find_link(kernel, link.parent);
    if (!below) return std::unexpected{std::move(below.error())};
    if (!*below) break;
    link = std::move(**below);
  }
  return mode == OffloadMode::phy ? phy_driver_name(link.name) : driver_name(link.name);
}

std::string list(const std::vector<CipherSuite>& suites) {
  std::string out;
  for (const CipherSuite suite : suites) out.append(out.empty() ? "" : ", ").append(to_string(suite));
  return out;
}

}  // namespace

SecyTraits NetlinkSecy::traits() const {
  SecyTraits traits;
  if (driver_ != nullptr) {
    traits = traits_of(*driver_);
    traits.cipher_suites = offload_suites_;
  }
  // The kernel fixes the suite when a device is made, and another program's is not re-created.
  if (attached() && !made_here_) {
    traits.cipher_suites = {};
    traits.cipher_suites.add(cipher_suite_);
  }
  return traits;
}

void NetlinkSecy::settle_in(OffloadMode mode, std::string text) {
  driver_ = nullptr;
  offload_ = {.mode = mode, .text = std::move(text)};
  if (mode == OffloadMode::off) return;
  const auto parent = find_link(kernel_, parent_ifindex_);
  if (parent && *parent)
    if (const auto name = driver_under(kernel_, **parent, mode)) driver_ = &offload_driver(*name);
  if (driver_ == nullptr) driver_ = &offload_driver({});
  offload_.text = driver_->name;
  offload_.counted = driver_->counters;
  offload_.clear_frames = driver_->clear_frames;
  const bool known = !driver_->match.empty();
  offload_suites_ = traits_of(*driver_).cipher_suites;
  for (const CipherSuite suite : all_cipher_suites)
    if (suite != cipher_suite_ && !kernel_.trials().known(parent_ifindex_, mode, suite).value_or(known))
      offload_suites_.remove(suite);
}

std::unexpected<Error> NetlinkSecy::refuse(OffloadMode mode, int code, std::string_view why) const {
  return fail(code, "cannot offload to " + std::string{to_string(mode)} + " on " + name_ + ": " + std::string{why});
}

template <typename Attempt>
Result<void> NetlinkSecy::try_modes(Attempt attempt) {
  std::string why;
  for (const OffloadMode mode : modes_of(device_.offload)) {
    auto done = attempt(mode);
    if (!done && (device_.offload != OffloadChoice::automatic || done.error().code == ENODEV)) return done;
    if (done) {
      if (!why.empty()) offload_.text.append(" (").append(why).append(")");
      return done;
    }
    why.append(why.empty() ? "" : "; ").append(done.error().message);
  }
  auto done = attempt(OffloadMode::off);
  if (done) settle_in(OffloadMode::off, why);
  return done;
}

Result<void> NetlinkSecy::make_offloaded(const Link& parent, const MacsecLinkRequest& request) {
  return try_modes(
      [&](OffloadMode mode) { return mode == OffloadMode::off ? make(request) : make_in(mode, parent, request); });
}

Result<void> NetlinkSecy::make_in(OffloadMode mode, const Link& parent, MacsecLinkRequest request) {
  const auto obstacle = obstacle_to(mode, parent);
  if (!obstacle) return std::unexpected{obstacle.error()};
  if (!obstacle->empty()) return refuse(mode, EOPNOTSUPP, *obstacle);
  request.offload = mode;
  request.encoding.reset();
  const auto suites = possible_suites(mode, parent, request);
  if (!suites) return std::unexpected{suites.error()};
  // A suite that is liked less is better than none of the hardware.
  if (std::ranges::find(*suites, request.cipher_suite) == suites->end()) request.cipher_suite = suites->front();
  auto made = make(request);
  if (!made && made.error().code == ENOSPC)
    made.error().message += "; the hardware has no room for another MACsec device: write Offload=off";
  return made;
}

Result<std::string> NetlinkSecy::obstacle_to(OffloadMode mode, const Link& parent) {
  const auto name = driver_under(kernel_, parent, mode);
  if (!name) return std::unexpected{name.error()};
  const OffloadDriver& driver = offload_driver(*name);
  const std::string row{driver.name};
  // It can be turned on later: not to be remembered.
  if (mode == OffloadMode::mac && !has_feature(parent.name, "macsec-hw-offload"))
    return parent.name + " has no MACsec hardware, or it is turned off (ethtool -k " + parent.name +
           "): write Offload=off or Offload=auto";
  if (device_.ethertype != eapol_ethertype && !driver.other_ethertypes)
    return row +
           " lets key agreement pass only with EtherType 0x888e: take EtherType= out of the profiles at both ends, or "
           "write Offload=off";
  if (std::string why = objection_to(driver, device_.parameters); !why.empty()) return why;
  if (driver.settings_change == SettingsChange::keys && device_.offload == OffloadChoice::automatic)
    return row + " loses frames at each rekey, and frames in clear of the whole port: it is used only with Offload=" +
           std::string{to_string(mode)};
  if (driver.shares_mac) return std::string{};
  const auto others = macsec_links(kernel_);
  if (!others) return std::unexpected{others.error()};
  // With the same port it is this device under another name.
  for (const Link& other : *others)
    if (other.parent == parent.ifindex && !other.parent_netns && other.macsec->sci.port() != device_.port &&
        other.mac == parent.mac && other.macsec->offload == mode)
      return row + " tells devices apart by their MAC address, and " + other.name +
             " has it already: write Offload=off into "
             "one of the two profiles";
  return std::string{};
}

Result<std::vector<CipherSuite>> NetlinkSecy::possible_suites(OffloadMode mode, const Link& parent,
                                                              const MacsecLinkRequest& request) {
  const auto name = driver_under(kernel_, parent, mode);
  if (!name) return std::unexpected{name.error()};
  const OffloadDriver& driver = offload_driver(*name);
  std::vector<CipherSuite> wanted{request.cipher_suite};
  wanted.insert(wanted.end(), device_.other_suites.begin(), device_.other_suites.end());
  std::vector<CipherSuite> possible;
  for (const CipherSuite suite : wanted) {
    if (is_xpn(suite) && !driver.xpn) continue;
    const std::optional<bool> known = kernel_.trials().known(parent.ifindex, mode, suite);
    if (!known) {
      MacsecLinkRequest trial = request;
      trial.cipher_suite = suite;
      trial.name = "mkatry" + std::to_string(parent.ifindex);
      trial.sci = Sci::of(parent.mac, trial_port);
      auto tried = try_suite(trial);
      if (!tried && tried.error().code != EOPNOTSUPP)
        return refuse(mode, tried.error().code,
                      std::string{driver.name} + " says: " + std::strerror(tried.error().code) +
                          "; Offload=auto takes software then");
      // Where no driver is there to refuse it, one may come: many attach their PHY when the interface is set up.
      if (tried || !name->empty()) kernel_.trials().note(parent.ifindex, mode, suite, tried.has_value());
    }
    if (kernel_.trials().known(parent.ifindex, mode, suite).value_or(false)) possible.push_back(suite);
  }
  if (!possible.empty()) return possible;
  if (mode == OffloadMode::phy && name->empty())
    return refuse(mode, EOPNOTSUPP,
                  parent.name + " has no PHY that the kernel knows: write Offload=off or Offload=auto");
  return refuse(
      mode, EOPNOTSUPP,
      std::string{driver.name} + " has none of " + list(wanted) + ": write another into CipherSuites=, or Offload=off");
}

/// On a device that nobody waits for: the one of the profile starts another attempt when it comes and goes.
Result<void> NetlinkSecy::try_suite(const MacsecLinkRequest& request) {
  // A process that was killed in the middle left one.
  if (const auto left = find_link(kernel_, request.name); left && *left) {
    if (!(*left)->macsec || (*left)->macsec->sci.port() != trial_port)
      return fail(EEXIST, request.name + " is in the way of trying the hardware: rename it");
    if (auto gone = delete_link(kernel_, (*left)->ifindex, request.name); !gone) return gone;
  }
  auto made = create_link(kernel_, request);
  if (!made) return made;
  const auto found = find_link(kernel_, request.name);
  if (!found) return std::unexpected{found.error()};
  if (!*found) return fail(ENODEV, request.name + " vanished while it was being tried");
  const bool offloaded = (*found)->macsec && (*found)->macsec->offload == request.offload;
  if (auto deleted = delete_link(kernel_, (*found)->ifindex, request.name); !deleted) return deleted;
  if (!offloaded) return fail(EOPNOTSUPP, "the kernel is too old to offload");
  return {};
}

Result<void> NetlinkSecy::select_offload() {
  const auto now = kernel_.read(ifindex_, std::chrono::milliseconds{100});
  if (!now) return std::unexpected{now.error()};
  settle_in(now->state.offload);
  const std::vector<OffloadMode> wanted = modes_of(device_.offload);
  const bool fits = wanted.empty() ? now->state.offload == OffloadMode::off
                                   : std::ranges::find(wanted, now->state.offload) != wanted.end();
  if (fits) return {};
  // It works as it is; hardware is tried when the device is next made.
  if (device_.offload == OffloadChoice::automatic && has_keys(now->state)) return {};
  if (!now->state.transmit.empty() || !now->state.receive.empty())
    if (auto cleared = clear(); !cleared) return cleared;
  return try_modes([this](OffloadMode mode) { return set_offload(mode); });
}

Result<void> NetlinkSecy::set_offload(OffloadMode mode) {
  if (mode == OffloadMode::off && offload_.mode == OffloadMode::off) return {};
  if (mode != OffloadMode::off) {
    const auto parent = find_link(kernel_, parent_ifindex_);
    if (!parent) return std::unexpected{parent.error()};
    if (!*parent) return fail(ENODEV, "interface " + device_.parent + " does not exist");
    const auto obstacle = obstacle_to(mode, **parent);
    if (!obstacle) return std::unexpected{obstacle.error()};
    if (!obstacle->empty()) return refuse(mode, EOPNOTSUPP, *obstacle);
  }
  const std::string doing =
      act(mode == OffloadMode::off ? "go back to software" : "offload to " + std::string{to_string(mode)});
  const auto set = [this, mode, &doing] {
    const genlmsghdr header{.cmd = MACSEC_CMD_UPD_OFFLOAD, .version = MACSEC_GENL_VERSION, .reserved = 0};
    NetlinkMessage message{kernel_.family(), 0, std::as_bytes(std::span{&header, 1})};
    message.put_u32(MACSEC_ATTR_IFINDEX, ifindex_);
    message.nest(MACSEC_ATTR_OFFLOAD, [&] { message.put_u8(MACSEC_OFFLOAD_ATTR_TYPE, offload_type(mode)); });
    return kernel_.change(message, ifindex_, doing);
  };
  auto done = set();
  if (!done && done.error().code == EBUSY) {
    // Supported, but the kernel wants the device down. It is cycled only here, before it ever carried keys.
    const auto link = find_link(kernel_, ifindex_);
    if (!link || !*link || !(*link)->up) return done;
    if (auto down = set_up(kernel_, ifindex_, false, act("set down to change offload")); !down) return down;
    done = set();
    if (auto up = set_up(kernel_, ifindex_, true, act("set up after changing offload")); !up && done) done = up;
  }
  if (done) settle_in(mode);
  return done;
}

}  // namespace macsec::os
