// SPDX-License-Identifier: LGPL-2.1-or-later
/// The way of a call from its vtable entry to its handler.
#pragma once

#include "dbus/server/server.hpp"

namespace macsec::bus {

template <Server::Handler handler>
int Server::entry(sd_bus_message* message, void* userdata, sd_bus_error*) noexcept try {
  const Anchor& anchor = *static_cast<Anchor*>(userdata);
  anchor.server->guard(Call{message, anchor.name}, handler);
  return 1;
} catch (...) {
  return -ENOMEM;
}

}  // namespace macsec::bus
