// SPDX-License-Identifier: LGPL-2.1-or-later
/// org.macsecd1.Manager.
#pragma once

#include "dbus/server/bus_object.hpp"

namespace macsec::bus {

class ManagerObject : BusObject {
 public:
  using BusObject::BusObject;
  /// With the properties.
  [[nodiscard]] static std::vector<sd_bus_vtable> vtable();

  void add_profile();
  void check_profile();
  void reload();
  void list_profiles();
  void list_sessions();
  void get_profile();
  void get_session_by_name();
  void get_session_by_ifindex();
  void get_link_capabilities();

 private:
  [[nodiscard]] std::optional<std::string> session_of(const ProfileState& profile) const;
  [[nodiscard]] std::optional<std::string> session_called(const std::string& name) const;
};

}  // namespace macsec::bus
