// SPDX-License-Identifier: LGPL-2.1-or-later
/// org.macsecd1.Supplicant, of a session that has a supplicant.
#pragma once

#include "dbus/server/bus_object.hpp"

namespace macsec::bus {

class SupplicantObject : OfSession {
 public:
  using OfSession::OfSession;
  /// With the properties.
  [[nodiscard]] static std::vector<sd_bus_vtable> vtable();

  void reauthenticate() { act(&Model::reauthenticate); }
  void log_off() { act(&Model::log_off); }
};

}  // namespace macsec::bus
