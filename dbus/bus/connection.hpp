// SPDX-License-Identifier: LGPL-2.1-or-later
/// Connecting to a bus without waiting.
#pragma once

#include "dbus/bus/message.hpp"
#include "engine/base/result.hpp"

namespace macsec::bus {

/// Address of the system bus: $DBUS_SYSTEM_BUS_ADDRESS, else the well-known socket.
[[nodiscard]] std::string system_bus_address();

/// Begins to connect to the bus at `address` and attaches to `event`. Waits for nothing: where the socket does not exist yet, it is
/// watched for. The first message is the local signal Connected, org.freedesktop.DBus.Local.Disconnected the last.
[[nodiscard]] Result<BusPointer> start_connection(sd_event* event, const std::string& address, const char* description);

/// "cannot DO: why" of a negative errno value of sd-bus.
[[nodiscard]] Error bus_failure(int r, std::string_view what);

}  // namespace macsec::bus
