// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/spare_devices.hpp"

#include "engine/adapters/netlink_secy.hpp"

#include <cerrno>

namespace macsec {

SpareDevices::SpareDevices(MacsecKernel& kernel, LinkMonitor& links, InUse in_use, Report report)
    : kernel_{kernel}, links_{links}, in_use_{std::move(in_use)}, report_{std::move(report)} {}

void SpareDevices::reconcile(const std::vector<ProfilePointer>& profiles, const std::vector<std::string>& released) {
  std::map<std::string, Spare> before = std::exchange(spares_, {});
  for (const ProfilePointer& profile : profiles) spares_.try_emplace(profile->interface, profile);
  for (const std::string& interface : released)
    if (!spares_.contains(interface) && !before.contains(interface)) discard(interface);
  for (const auto& [interface, spare] : before)
    if (!spares_.contains(interface)) {
      discard(interface);
      if (!spare.problem.empty()) report_(spare.profile->name, "");
    }
  for (auto& [interface, spare] : spares_) {
    if (const auto known = before.find(interface);
        known != before.end() && known->second.profile->name == spare.profile->name)
      spare.problem = std::move(known->second.problem);
    keep(spare);
  }
}

void SpareDevices::on_link_change(const LinkChange& change) {
  if (change.kind == LinkChange::Kind::changed && change.before->name == change.link.name) return;
  for (auto& [interface, spare] : spares_)
    if (change.link.macsec || interface == change.link.name || spare.profile->parent == change.link.name) keep(spare);
}

void SpareDevices::keep(Spare& spare) {
  const auto parent = find_link(kernel_, spare.profile->parent);
  Result<void> made;
  if (!parent)
    made = std::unexpected{parent.error()};
  else if (*parent)
    made = make(*spare.profile, **parent);
  // The device vanished with its parent: the link monitor will tell.
  if (!made && made.error().code == ENODEV) made = {};
  const std::string problem = made ? "" : made.error().message;
  if (problem == spare.problem) return;
  spare.problem = problem;
  report_(spare.profile->name, problem);
}

Result<void> SpareDevices::make(const Profile& profile, const Link& parent) {
  SecyDevice device = secy_device(profile, links_.speed(parent.ifindex));
  const auto found = find_link(kernel_, profile.interface);
  if (!found) return std::unexpected{found.error()};
  if (*found) {
    const Link& link = **found;
    // Whoever made or uses it knows better what it is for; macsecd's session says where it does not fit.
    if (!link.macsec || link.alias != device_mark || in_use_(link.ifindex)) return {};
    if (link.parent == parent.ifindex && link.macsec->sci.port() == profile.port &&
        link.macsec->cipher_suite == device.cipher_suite)
      return {};
    if (auto deleted = delete_link(kernel_, link.ifindex, link.name); !deleted) return deleted;
  }
  return NetlinkSecy{kernel_, std::move(device)}.attach();
}

void SpareDevices::discard(const std::string& interface) {
  const auto found = find_link(kernel_, interface);
  if (!found || !*found) return;
  const Link& link = **found;
  if (!link.macsec || link.alias != device_mark || in_use_(link.ifindex)) return;
  // Who is faster than this has deleted it already.
  static_cast<void>(delete_link(kernel_, link.ifindex, link.name));
}

}  // namespace macsec
