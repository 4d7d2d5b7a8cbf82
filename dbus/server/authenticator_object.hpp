// SPDX-License-Identifier: LGPL-2.1-or-later
/// org.macsecd1.Authenticator, of a session that has an authenticator.
#pragma once

#include "dbus/server/bus_object.hpp"

namespace macsec::bus {

class AuthenticatorObject : OfSession {
 public:
  using OfSession::OfSession;
  /// With the properties.
  [[nodiscard]] static std::vector<sd_bus_vtable> vtable();

  void reauthenticate() { act(&Model::reauthenticate); }
  void terminate() { act(&Model::terminate); }
};

}  // namespace macsec::bus
