// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/spare_devices.hpp"

#include "engine/adapters/netlink/netlink_secy.hpp"

#include <algorithm>
#include <cerrno>

namespace macsec::os {

SpareDevices::SpareDevices(MacsecKernel& kernel, LinkMonitor& links, InUse in_use, Report report)
    : kernel_{kernel}, links_{links}, in_use_{std::move(in_use)}, report_{std::move(report)} {}

void SpareDevices::reconcile(const std::vector<ProfilePointer>& profiles, Time now,
                             const std::vector<std::string>& released) {
  std::map<std::string, Spare> before = std::exchange(spares_, {});
  for (const ProfilePointer& profile : profiles) spares_.try_emplace(profile->link.interface, profile);
  for (const std::string& interface : released)
    if (!spares_.contains(interface) && !before.contains(interface)) discard(interface);
  for (const auto& [interface, spare] : before)
    if (!spares_.contains(interface)) discard(interface);
  for (auto& [interface, spare] : spares_)
    if (const auto known = before.find(interface);
        known != before.end() && known->second.profile->name == spare.profile->name)
      spare.problem = std::exchange(known->second.problem, {});
  for (const auto& [interface, spare] : before)
    if (!spare.problem.empty()) report_(spare.profile->name, "");
  for (auto& [interface, spare] : spares_) keep(spare, now);
}

std::vector<ProfilePointer> SpareDevices::choose(const std::vector<ProfilePointer>& profiles, Claims& claims,
                                                 const Report& excluded) {
  std::vector<ProfilePointer> out;
  for (const ProfilePointer& profile : profiles) {
    if (claims.has_interface(profile->link.interface)) continue;
    if (const std::string why = claims.add(*profile); why.empty()) {
      out.push_back(profile);
    } else {
      excluded(profile->name, why);
      drop(profile->link.interface);
    }
  }
  return out;
}

void SpareDevices::drop(const std::string& interface) {
  const auto found = spares_.find(interface);
  if (found == spares_.end()) return;
  if (!found->second.problem.empty()) report_(found->second.profile->name, "");
  spares_.erase(found);
  discard(interface);
}

void SpareDevices::on_link_change(const LinkChange& change, Time now) {
  const Link& link = change.link;
  const Link* const before = change.kind == LinkChange::Kind::changed ? change.before : nullptr;
  if (before != nullptr && before->name == link.name && before->alternative_names == link.alternative_names &&
      before->master == link.master)
    return;
  const auto concerns = [&](const std::string& name) {
    return link.is_called(name) || (before != nullptr && before->is_called(name));
  };
  for (auto& [interface, spare] : spares_) {
    const bool own_name = concerns(interface);
    const bool parent = concerns(spare.profile->link.parent);
    if (!link.macsec && !own_name && !parent) continue;
    // Under the device's own name it may be the device that the last attempt created and deleted.
    const bool other = link.macsec ? !own_name && link.macsec->sci.port() == spare.profile->link.port : own_name;
    if (parent || other) spare.backoff.cause_changed();
    keep(spare, now);
  }
}

std::optional<Time> SpareDevices::next_timeout() const noexcept {
  std::optional<Time> next;
  for (const auto& [interface, spare] : spares_)
    if (const auto one = spare.backoff.next(); one && (!next || *one < *next)) next = one;
  return next;
}

void SpareDevices::on_timeout(Time now) {
  for (auto& [interface, spare] : spares_)
    if (spare.backoff.next() && spare.backoff.may_try(now)) keep(spare, now);
}

void SpareDevices::keep(Spare& spare, Time now) {
  if (!spare.backoff.may_try(now)) return;
  const auto parent = find_link(kernel_, spare.profile->link.parent);
  Result<void> made;
  if (!parent)
    made = std::unexpected{parent.error()};
  else if (*parent)
    made = make(*spare.profile, **parent);
  if (made)
    spare.backoff.reset();
  else
    spare.backoff.failed(now);
  // The device vanished with its parent: the link monitor will tell.
  if (!made && made.error().code == ENODEV) made = {};
  const std::string problem = made ? "" : made.error().message;
  if (problem == spare.problem) return;
  spare.problem = problem;
  report_(spare.profile->name, problem);
}

Result<void> SpareDevices::make(const Profile& profile, const Link& parent) {
  SecyDevice device = secy_device(profile, links_.speed(parent.ifindex));
  // Policy=should-secure is for who uses it.
  device.parameters.protect = true;
  device.parameters.validate = Validate::strict;
  const auto found = find_link(kernel_, profile.link.interface);
  if (!found) return std::unexpected{found.error()};
  if (*found) {
    const Link& link = **found;
    // The program that made or uses it knows better what it is for; macsecd's session says where it does not fit.
    if (!kernel_.made().has(link) || in_use_(link.ifindex)) return {};
    // Where hardware has not the first suite, the device was made with another one of the profile's.
    const auto& less_liked = device.other_suites;
    const bool suits = link.macsec->cipher_suite == device.cipher_suite ||
                       (device.offload != OffloadChoice::off &&
                        std::ranges::find(less_liked, link.macsec->cipher_suite) != less_liked.end());
    if (link.parent == parent.ifindex && link.macsec->sci.port() == profile.link.port && suits) return {};
    if (auto deleted = delete_link(kernel_, link.ifindex, link.name); !deleted) return deleted;
  }
  // A session would continue with a device of ours that has the SCI. This one must not: a program may be using it.
  const auto others = macsec_links(kernel_);
  if (!others) return std::unexpected{others.error()};
  for (const Link& link : *others)
    if (link.parent == parent.ifindex && !link.parent_netns && link.macsec->sci.port() == profile.link.port)
      return fail(EBUSY,
                  "Port=" + std::to_string(profile.link.port) + " on " + parent.name + " is taken by " + link.name);
  return NetlinkSecy{kernel_, std::move(device)}.attach();
}

void SpareDevices::discard(const std::string& interface) {
  const auto found = find_link(kernel_, interface);
  if (!found || !*found) return;
  const Link& link = **found;
  if (!kernel_.made().has(link) || in_use_(link.ifindex)) return;
  // Who is faster than this has deleted it already.
  static_cast<void>(delete_link(kernel_, link.ifindex, link.name));
}

}  // namespace macsec::os
