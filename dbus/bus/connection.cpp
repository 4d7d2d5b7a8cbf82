// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/bus/connection.hpp"

#include <cstring>
#include <fmt/format.h>

namespace macsec::bus {

std::string system_bus_address() {
  const char* address = ::secure_getenv("DBUS_SYSTEM_BUS_ADDRESS");
  return address != nullptr && *address != '\0' ? address : "unix:path=/run/dbus/system_bus_socket";
}

Error bus_failure(int r, std::string_view what) {
  const int code = r < 0 ? -r : r;
  return Error{code, fmt::format("cannot {}: {}", what, std::strerror(code))};
}

Result<BusPointer> start_connection(sd_event* event, const std::string& address, const char* description) {
  sd_bus* raw = nullptr;
  int r = sd_bus_new(&raw);
  if (r < 0) return std::unexpected{bus_failure(r, "make a bus connection")};
  BusPointer bus{raw};
  if (r = sd_bus_set_address(raw, address.c_str()); r < 0)
    return std::unexpected{bus_failure(r, "use this bus address")};
  sd_bus_set_bus_client(raw, 1);
  sd_bus_set_watch_bind(raw, 1);
  sd_bus_set_connected_signal(raw, 1);
  sd_bus_set_description(raw, description);
  if (r = sd_bus_start(raw); r < 0) return std::unexpected{bus_failure(r, "connect to the bus")};
  if (r = sd_bus_attach_event(raw, event, SD_EVENT_PRIORITY_NORMAL); r < 0)
    return std::unexpected{bus_failure(r, "watch the bus")};
  return bus;
}

}  // namespace macsec::bus
