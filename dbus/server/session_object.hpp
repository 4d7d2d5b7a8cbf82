// SPDX-License-Identifier: LGPL-2.1-or-later
/// org.macsecd1.Session.
#pragma once

#include "dbus/server/bus_object.hpp"

namespace macsec::bus {

class SessionObject : OfSession {
 public:
  using OfSession::OfSession;
  /// With the properties.
  [[nodiscard]] static std::vector<sd_bus_vtable> vtable();

  void rekey();
  void suspend();
  void up();
  void down();
  void get_statistics();
  void diagnose();

 private:
  void set_enabled(bool enabled);
};

}  // namespace macsec::bus
