// SPDX-License-Identifier: LGPL-2.1-or-later
/// org.macsecd1.Profile, but for the methods about its keys: ProfileKeys.
#pragma once

#include "dbus/server/bus_object.hpp"

namespace macsec::bus {

class ProfileObject : OfProfile {
 public:
  using OfProfile::OfProfile;
  /// The whole interface, with the methods about keys and the properties.
  [[nodiscard]] static std::vector<sd_bus_vtable> vtable();

  void update();
  void remove();
  void enable();
  void disable();
  void set_problems();

 private:
  [[nodiscard]] bool may_change(const ClientProfile& record) const;
  void set_enabled(bool enabled);
};

}  // namespace macsec::bus
