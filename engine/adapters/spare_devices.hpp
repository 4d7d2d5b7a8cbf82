// SPDX-License-Identifier: LGPL-2.1-or-later
/// Devices made in advance (Create=always), for a program that uses a macsec device it finds but would make another.
#pragma once

#include "engine/adapters/backoff.hpp"
#include "engine/adapters/netlink/link_monitor.hpp"
#include "engine/adapters/netlink/macsec_kernel.hpp"
#include "engine/config/claims.hpp"

#include <string>
#include <vector>

namespace macsec::os {

class SpareDevices {
 public:
  /// Tells whether somebody uses the device.
  using InUse = std::function<bool(unsigned ifindex)>;
  /// What keeps a profile's device from being made; empty: nothing does any more.
  using Report = std::function<void(const std::string& profile, const std::string& problem)>;

  /// `kernel` and `links` outlive this.
  SpareDevices(MacsecKernel& kernel, LinkMonitor& links, InUse in_use, Report report);
  SpareDevices(const SpareDevices&) = delete;
  SpareDevices& operator=(const SpareDevices&) = delete;

  /// Makes the devices those of `profiles`, of which the first counts where several have one Interface=. What was made
  /// for others goes, unless it is in use; then it goes when it is among `released`, names of devices that were just released.
  void reconcile(const std::vector<ProfilePointer>& profiles, Time now, const std::vector<std::string>& released = {});
  /// Those of `profiles` for which `claims` has room, claimed. The devices of the others are deleted, unless they are in use, before a
  /// session finds its SCI taken; `excluded` is told why.
  [[nodiscard]] std::vector<ProfilePointer> choose(const std::vector<ProfilePointer>& profiles, Claims& claims,
                                                   const Report& excluded);
  /// Deletes a device, unless it is in use, until the next reconcile().
  void drop(const std::string& interface);
  /// Makes a device that is missing as soon as it can be: its parent is there, its name or its SCI is free.
  void on_link_change(const LinkChange& change, Time now);
  /// When on_timeout() is due: a device that could not be made is tried again.
  [[nodiscard]] std::optional<Time> next_timeout() const noexcept;
  void on_timeout(Time now);

 private:
  struct Spare {
    ProfilePointer profile;
    std::string problem{};
    Backoff backoff{};
  };

  void keep(Spare& spare, Time now);
  [[nodiscard]] Result<void> make(const Profile& profile, const Link& parent);
  void discard(const std::string& interface);

  MacsecKernel& kernel_;
  LinkMonitor& links_;
  InUse in_use_;
  Report report_;
  std::map<std::string, Spare> spares_;  ///< by interface
};

}  // namespace macsec::os
