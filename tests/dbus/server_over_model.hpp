// SPDX-License-Identifier: LGPL-2.1-or-later
/// The bus server over a TestModel, with the wires between them; and an event loop to run it.
#pragma once

#include "dbus/server/server.hpp"
#include "tests/dbus/test_model.hpp"

namespace macsec::test {

using EventPointer = std::unique_ptr<sd_event, Releases<sd_event_unref>>;
[[nodiscard]] EventPointer new_event();

/// Runs the loop until `met`, which may run it too, for a minute at most; whether it was.
bool run_until(sd_event* event, const std::function<bool()>& met);

struct ServerOverModel {
  ServerOverModel(sd_event* event, bus::ServerOptions options);
  std::vector<std::string> reports;
  TestModel model;
  bus::Server server;
};

/// The two ends of a connection without a bus: the server's, and the client's. Both are attached to `event`.
struct DirectConnection {
  bus::BusPointer server;
  bus::BusPointer client;
};
[[nodiscard]] DirectConnection connect_directly(sd_event* event);

}  // namespace macsec::test
