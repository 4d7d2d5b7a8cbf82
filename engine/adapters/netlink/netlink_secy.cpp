// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/netlink/netlink_secy.hpp"

#include "engine/adapters/netlink/link_stack.hpp"
#include "engine/config/cipher_choice.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/if_macsec.h>

namespace macsec::os {
namespace {

constexpr std::chrono::milliseconds read_age{100};
constexpr std::chrono::milliseconds never{-1};
/// Between attempts to re-create the device for a suite that was refused.
constexpr std::chrono::minutes suite_pause{1};

/// The window is unknown, and without meaning, where replay protection is off.
bool same(SecyParameters left, SecyParameters right) {
  if (!left.replay_protect) left.replay_window = 0;
  if (!right.replay_protect) right.replay_window = 0;
  return left == right;
}

}  // namespace

SecyDevice secy_device(const Profile& profile, std::uint64_t speed) {
  SecyDevice device;
  device.parent = profile.link.parent;
  device.interface = profile.link.interface;
  device.port = profile.link.port;
  device.create = profile.link.create != CreateChoice::no;
  if (profile.static_keys.empty()) device.other_suites = cipher_preferences(profile, speed);
  device.cipher_suite = profile.static_keys.empty() ? device.other_suites.front() : static_cipher_suite(profile);
  if (!device.other_suites.empty()) device.other_suites.erase(device.other_suites.begin());
  const bool must = profile.macsec.policy == Policy::must_secure;
  device.parameters = secy_parameters(profile);
  device.parameters.protect = must;
  if (!must) device.parameters.validate = Validate::check;
  device.offload = profile.macsec.offload;
  device.ethertype = profile.mka.ethertype;
  return device;
}

NetlinkSecy::NetlinkSecy(MacsecKernel& kernel, SecyDevice device)
    : kernel_{kernel}, device_{std::move(device)}, name_{device_.interface} {}

std::string NetlinkSecy::act(std::string_view what) const { return std::string{what} + " on " + name_; }

Result<void> NetlinkSecy::ready(std::string_view doing) const {
  if (attached()) return {};
  return fail(ENODEV, "cannot " + act(doing) + ": the device does not exist");
}

void NetlinkSecy::detach() noexcept {
  ifindex_ = 0;
  parent_ifindex_ = 0;
  driver_ = nullptr;
  transmit_ = {};
  channels_.clear();
  kept_.clear();
  lowest_.clear();
}

Result<void> NetlinkSecy::attach() {
  detach();
  name_ = device_.interface;
  const auto parent = find_link(kernel_, device_.parent);
  if (!parent) return std::unexpected{parent.error()};
  if (!*parent) return fail(ENODEV, "interface " + device_.parent + " does not exist");

  const auto named = find_link(kernel_, device_.interface);
  if (!named) return std::unexpected{named.error()};
  if (!*named) return make_or_find(**parent);
  const Link& link = **named;
  if (!link.macsec || link.parent != (*parent)->ifindex || link.parent_netns)
    return fail(EEXIST, "interface " + link.name + " exists and is not a macsec device on " + device_.parent);
  const std::uint16_t port = link.macsec->sci.port();
  if (port == device_.port) return adopt(link);
  if (!device_.create || !kernel_.made().has(link))
    return fail(EEXIST,
                link.name + " exists with port " + std::to_string(port) + ", not " + std::to_string(device_.port));
  // Our own, of an earlier profile.
  if (auto deleted = delete_link(kernel_, link.ifindex, link.name); !deleted) return deleted;
  return make_or_find(**parent);
}

Result<void> NetlinkSecy::make_or_find(const Link& parent) {
  const auto links = macsec_links(kernel_);
  if (!links) return std::unexpected{links.error()};
  const auto found = std::ranges::find_if(*links, [&](const Link& link) {
    return link.parent == parent.ifindex && !link.parent_netns && link.macsec->sci.port() == device_.port;
  });
  // Ours may have been renamed, and who makes it for us may name it otherwise. It is looked for first: hardware with room for
  // one device refuses another with an error of its own, before the kernel says whose it is.
  if (found != links->end() && (!device_.create || kernel_.made().has(*found))) return adopt(*found);
  if (!device_.create)
    return fail(ENODEV,
                device_.interface + " does not exist, and the profile leaves it to another program to create it");
  MacsecLinkRequest request;
  request.name = device_.interface;
  request.parent = parent.ifindex;
  request.mac = parent.mac;
  request.sci = Sci::of(parent.mac, device_.port);
  request.cipher_suite = device_.cipher_suite;
  request.parameters = device_.parameters;
  auto made = device_.offload == OffloadChoice::off ? make(request) : make_offloaded(parent, request);
  if (made || made.error().code != EBUSY || attached()) return made;
  // The SCI is taken, or something else sits on the parent.
  std::string& words = made.error().message;
  if (parent.master != 0)
    words += "; " + parent.name + " is part of a bridge or bond: MACsec comes first, then the macsec device joins";
  else if (found != links->end())  // what serves another program is left alone
    words += "; " + found->name + ", which macsecd did not make, has port " + std::to_string(device_.port) + " on " +
             parent.name;
  else
    words += "; " + why_busy(parent);
  return made;
}

/// Nothing here has the identifier, and the kernel says the same of what is in other network namespaces.
std::string NetlinkSecy::why_busy(const Link& parent) const {
  if (const auto others = other_links_on(kernel_, parent.ifindex))
    for (const Link& link : *others)
      if (link.kind == "macvlan" || link.kind == "macvtap" || link.kind == "ipvlan" || link.kind == "ipvtap")
        return parent.name + " is in use by " + link.name + " (" + link.kind + "): one of them has to move";
  const std::string full =
      device_.offload == OffloadChoice::off ? "" : "the hardware has no room for another MACsec device, or ";
  return full + "a MACsec device in another network namespace has the identifier " +
         to_string(Sci::of(parent.mac, device_.port)) +
         " (find it with: ip -all netns exec ip link show type macsec), or a " + "macvlan or ipvlan there uses " +
         parent.name;
}

Result<void> NetlinkSecy::make(const MacsecLinkRequest& request) {
  if (auto created = create_link(kernel_, request); !created) return created;
  const auto found = find_link(kernel_, request.name);
  if (!found) return std::unexpected{found.error()};
  if (!*found || !(*found)->macsec) return fail(ENODEV, request.name + " vanished while it was being made");
  const Link& link = **found;
  name_ = link.name;
  ifindex_ = link.ifindex;
  parent_ifindex_ = request.parent;
  sci_ = link.macsec->sci;
  made_here_ = true;
  kernel_.made().add(ifindex_, parent_ifindex_);
  cipher_suite_ = request.cipher_suite;
  parameters_ = request.parameters;
  controlled_port_ = ControlledPort::dormant;
  encoding_ = link.macsec->encoding;
  transmit_ = {};
  kernel_.learn({.ifindex = ifindex_,
                 .state = {.sci = sci_,
                           .cipher_suite = cipher_suite_,
                           .parameters = parameters_,
                           .offload = link.macsec->offload,
                           .encoding = encoding_,
                           .transmit = {},
                           .receive = {}},
                 .operational = false,
                 .counters = {}});
  settle_in(request.offload);
  Result<void> done;
  // Kernels before 5.7 pass over the mode.
  if (link.macsec->offload != request.offload) done = refuse(request.offload, EOPNOTSUPP, "the kernel is too old");
  if (done) done = start_link(kernel_, ifindex_, request.mtu, "bring " + name_ + " up");
  if (!done) {
    // Nothing of a device that does not do what was asked stays behind.
    static_cast<void>(delete_link(kernel_, ifindex_, name_));
    detach();
  }
  return done;
}

Result<void> NetlinkSecy::adopt(const Link& link) {
  // The other end would take none of its frames, whatever key both have.
  if (link.macsec->icv_octets != macsec_icv_octets)
    return fail(EEXIST, link.name + " exists with an ICV of " + std::to_string(link.macsec->icv_octets) +
                            " octets, the other end expects " + std::to_string(macsec_icv_octets));
  name_ = link.name;
  ifindex_ = link.ifindex;
  parent_ifindex_ = link.parent;
  sci_ = link.macsec->sci;
  made_here_ = kernel_.made().has(link);
  cipher_suite_ = link.macsec->cipher_suite.value_or(CipherSuite::gcm_aes_128);
  parameters_ = link.macsec->parameters;
  controlled_port_ = link.dormant ? ControlledPort::dormant : ControlledPort::up;
  encoding_ = link.macsec->encoding;

  const auto work = [this]() -> Result<void> {
    // Before anything else: NetworkManager makes its devices without protection, and up.
    SecyParameters wanted = device_.parameters;
    auto now = kernel_.read(ifindex_, read_age);
    if (!now) return std::unexpected{std::move(now.error())};
    remember(now->state);
    settle_in(now->state.offload);
    if (now->operational && has_keys(now->state)) {
      // A link left working by an earlier run: no clear text may slip out before the port has decided.
      wanted.protect = wanted.protect || parameters_.protect;
      wanted.validate = std::max(wanted.validate, parameters_.validate);
    } else if (auto dormant = set_controlled_port(ControlledPort::dormant); !dormant) {
      return dormant;
    }
    if (auto set = configure(wanted); !set) return set;
    return select_offload();
  };
  auto done = work();
  if (!done) detach();
  return done;
}

Result<void> NetlinkSecy::remove() {
  if (!attached()) return {};
  Result<void> done;
  if (made_here_ && device_.create) {
    // What has the number by now need not be what had it.
    const auto link = find_link(kernel_, ifindex_);
    if (!link) return std::unexpected{link.error()};
    if (*link && (*link)->macsec && (*link)->parent == parent_ifindex_) done = delete_link(kernel_, ifindex_, name_);
  } else {
    done = clear();
    if (done) done = set_controlled_port(ControlledPort::dormant);
  }
  if (!done && done.error().code == ENODEV) done = {};
  detach();
  return done;
}

Result<void> NetlinkSecy::clear() {
  if (auto now = ready("delete all keys"); !now) return now;
  const auto state = read_fresh();
  if (!state) return std::unexpected{state.error()};
  for (const SaState& sa : state->state.transmit)
    if (auto deleted = delete_transmit_sa(sa.an); !deleted) return deleted;
  for (const ReceiveScState& sc : state->state.receive)
    if (auto deleted = delete_receive_sc(sc.sci); !deleted) return deleted;
  return {};
}

Result<bool> NetlinkSecy::reassert(const Link& seen) {
  if (auto now = ready("restore settings"); !now) return std::unexpected{now.error()};
  if (seen.ifindex != ifindex_ || !seen.macsec) return false;
  name_ = seen.name;
  sci_ = seen.macsec->sci;
  if (forgets_keys() && (!same(seen.macsec->parameters, parameters_) || seen.macsec->encoding != encoding_)) {
    const auto held = read_fresh();
    if (!held) return std::unexpected{held.error()};
    // With the change the hardware has lost every SA, and the kernel, which goes on listing them, cannot delete them.
    if (has_keys(held->state))
      if (auto replaced = replace(seen, {}, cipher_suite_); !replaced) return std::unexpected{replaced.error()};
    if (has_keys(held->state)) return true;
  }
  bool differed = false;
  if (!same(seen.macsec->parameters, parameters_)) {
    const SecyParameters wanted = std::exchange(parameters_, seen.macsec->parameters);
    if (auto set = configure(wanted); !set) {
      parameters_ = wanted;
      return std::unexpected{set.error()};
    }
    differed = true;
  }
  if (seen.macsec->encoding != encoding_) {
    if (auto set = encode_with(encoding_); !set) return std::unexpected{set.error()};
    differed = true;
  }
  const bool dormant = controlled_port_ == ControlledPort::dormant;
  if (seen.dormant != dormant || (set_down_while_closed() && seen.up == dormant)) {
    if (auto set = set_controlled_port(controlled_port_); !set) return std::unexpected{set.error()};
    differed = true;
  }
  return differed;
}

Result<void> NetlinkSecy::change(const SecyDevice& device) {
  const bool differs = device.offload != device_.offload;
  const OffloadChoice before = std::exchange(device_, device).offload;
  if (!differs || !attached()) return {};
  const auto now = read_fresh();
  if (now && !has_keys(now->state)) return select_offload();
  device_.offload = before;
  if (!now) return std::unexpected{now.error()};
  return fail(EBUSY,
              "cannot " + act("change offload") + ": the kernel does not move keys between software and hardware");
}

Result<void> NetlinkSecy::select_cipher_suite(CipherSuite suite) {
  if (auto now = ready("select " + std::string{to_string(suite)}); !now) return now;
  if (suite == cipher_suite_) return {};
  const std::string change =
      "change " + name_ + " from " + std::string{to_string(cipher_suite_)} + " to " + std::string{to_string(suite)};
  if (!made_here_)
    return fail(EOPNOTSUPP,
                "cannot " + change +
                    ": the kernel fixes the cipher suite when the device is made, and another program made it");
  // Keys are not given up for a suite that cannot be had.
  if (refused_suite_ && refused_suite_->suite == suite && std::chrono::steady_clock::now() < refused_suite_->until)
    return std::unexpected{refused_suite_->error};
  const bool has = driver_ == nullptr || offload_suites_.has(suite);
  if (!has && device_.offload != OffloadChoice::automatic)
    return fail(EOPNOTSUPP, "cannot " + change + ": " + std::string{driver_->name} +
                                " does not have it: leave it out of CipherSuites= at both ends, or write Offload=off");
  // The kernel lists the keys of all devices together: not asked for where there are none.
  if (may_have_keys()) {
    const auto now = read_fresh();
    if (!now) return std::unexpected{now.error()};
    if (has_keys(now->state)) return fail(EBUSY, "cannot " + change + ": it still has keys");
  }
  const auto found = find_link(kernel_, ifindex_);
  if (!found) return std::unexpected{found.error()};
  if (!*found || !(*found)->macsec) return fail(ENODEV, "cannot " + change + ": the device does not exist");
  auto done = replace(**found, std::vector{channels_}, suite);
  refused_suite_.reset();
  if (!done && done.error().code != ENODEV)
    refused_suite_ = {suite, done.error(), std::chrono::steady_clock::now() + suite_pause};
  return done;
}

bool NetlinkSecy::may_have_keys() const noexcept {
  const bool none = driver_ == nullptr && lowest_.empty() &&
                    std::ranges::all_of(transmit_, [](TransmitSa sa) { return sa == TransmitSa::absent; });
  return !none;
}

Result<void> NetlinkSecy::replace(const Link& old, const std::vector<Sci>& channels, CipherSuite suite) {
  const CipherSuite before = cipher_suite_;
  const OffloadMode mode = offload_.mode;
  auto stack = LinkStack::save(kernel_.route(), ifindex_);
  if (!stack) return std::unexpected{stack.error()};
  const ControlledPort port = controlled_port_;
  if (auto deleted = delete_link(kernel_, ifindex_, name_); !deleted) return deleted;
  auto made = recreate(old, suite);
  if (!made && made.error().code != ENODEV && suite != before) {
    // Firmware may have less than its driver: what it refused is not announced any more.
    const bool lacks = made.error().code == EOPNOTSUPP || made.error().code == EINVAL;
    if (mode != OffloadMode::off && lacks) kernel_.trials().note(old.parent, mode, suite, false);
    if (auto again = recreate(old, before); !again) return again;
  }
  if (!attached()) return made;
  tell_recreated(stack->restore(kernel_.route(), ifindex_), before);
  for (const Sci& sci : channels)
    if (auto created = create_receive_sc(sci); !created) return created;
  if (port == ControlledPort::up)
    if (auto opened = set_controlled_port(port); !opened) return opened;
  return made;
}

Result<void> NetlinkSecy::recreate(const Link& old, CipherSuite suite) {
  MacsecLinkRequest request;
  request.name = old.name;
  request.parent = old.parent;
  request.mac = old.mac;
  request.sci = old.macsec->sci;
  request.cipher_suite = suite;
  request.parameters = parameters_;
  request.mtu = old.mtu;
  request.master = old.master;
  const bool software = offload_.mode == OffloadMode::off || !offload_suites_.has(suite);
  OffloadReport report = offload_;
  if (software && report.mode != OffloadMode::off)
    report = {.mode = OffloadMode::off, .text = report.text + " has no " + std::string{to_string(suite)}};
  detach();
  if (!software) {
    request.offload = report.mode;
    request.encoding.reset();
  }
  auto made = make(request);
  if (made) offload_ = std::move(report);
  return made;
}

void NetlinkSecy::tell_recreated(const LinkStack::Outcome& outcome, CipherSuite before) {
  const std::string suite{to_string(cipher_suite_)};
  const bool same = before == cipher_suite_;
  Recreated told{.text = "the device was re-created " + (same ? "as it was" : "for " + suite)};
  const auto list = [&told](std::string_view what, const std::vector<std::string>& all) {
    if (all.empty()) return;
    told.noticed = true;
    told.text.append("; ").append(what).append(":");
    for (const std::string& one : all) told.text.append(&one == all.data() ? " " : ", ").append(one);
  };
  list("restored on it", outcome.restored);
  list("lost", outcome.lost);
  if (told.noticed && !same) told.text += ". With CipherSuites=" + suite + " it is created so at once";
  recreated_ = std::move(told);
}

Result<void> NetlinkSecy::configure(const SecyParameters& parameters) {
  if (auto now = ready("change settings"); !now) return now;
  if (same(parameters, parameters_)) {
    // Another program may have changed them since.
    const auto now = kernel_.read(ifindex_, read_age);
    if (!now || same(now->state.parameters, parameters)) return {};
  }
  const std::string doing = act("change settings");
  if (driver_ != nullptr)
    if (const std::string why = objection_to(*driver_, parameters); !why.empty())
      return fail(EOPNOTSUPP, "cannot " + doing + ": " + why);
  if (forgets_keys() && std::ranges::find(transmit_, TransmitSa::active) != transmit_.end())
    return fail(EBUSY,
                "cannot " + doing + ": " + std::string{driver_->name} + " would drop its keys: write Offload=off");
  if (auto changed = change_parameters(kernel_, ifindex_, parameters, doing); !changed) return changed;
  if (offload_.mode != OffloadMode::off) {
    // Kernels before 6.5 report success even where the hardware refused and nothing changed.
    const auto now = read_fresh();
    if (!now) return std::unexpected{now.error()};
    if (!same(now->state.parameters, parameters)) return fail(EOPNOTSUPP, "cannot " + doing + ": the hardware refused");
  }
  parameters_ = parameters;
  return {};
}

Result<void> NetlinkSecy::set_controlled_port(ControlledPort state) {
  const std::string doing = state == ControlledPort::up ? "open the port" : "close the port";
  if (auto now = ready(doing); !now) return now;
  const Also also = set_down_while_closed() ? Also::up_flag : Also::nothing;
  if (auto changed = change_operational(kernel_, ifindex_, state, also, act(doing)); !changed) return changed;
  controlled_port_ = state;
  return {};
}

bool NetlinkSecy::set_down_while_closed() const noexcept {
  return bonded_ && made_here_ && offload_.mode == OffloadMode::off;
}

Result<SecyDump> NetlinkSecy::read_fresh() {
  auto now = kernel_.read(ifindex_, never);
  if (now) remember(now->state);
  return now;
}

Result<SecyState> NetlinkSecy::read() {
  if (auto now = ready("read the state"); !now) return std::unexpected{std::move(now.error())};
  auto now = kernel_.read(ifindex_, read_age);
  if (!now) return std::unexpected{std::move(now.error())};
  remember(now->state);
  return std::move(now->state);
}

void NetlinkSecy::remember(const SecyState& state) {
  transmit_ = {};
  channels_.clear();
  for (const SaState& sa : state.transmit)
    transmit_[sa.an.value()] = sa.active ? TransmitSa::active : TransmitSa::inactive;
  for (const ReceiveScState& sc : state.receive) {
    channels_.push_back(sc.sci);
    for (const SaState& sa : sc.associations) {
      Pn& known = lowest_[{sc.sci, sa.an}];
      known = std::max(known, sa.next_pn);
    }
  }
}

}  // namespace macsec::os
