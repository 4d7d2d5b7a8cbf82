// SPDX-License-Identifier: LGPL-2.1-or-later
/// The service without a kernel, on the bus of $DBUS_SYSTEM_BUS_ADDRESS, until it is killed: for tests of programs that talk
/// to it. The session macsec0 is secured as soon as a profile wants it. Files of profiles are looked for below argv[1].
#include "tests/dbus/server_over_model.hpp"

#include <cstdio>
#include <unistd.h>

int main(int argc, char** argv) {
  using namespace macsec;
  const test::EventPointer event = test::new_event();
  bus::ServerOptions options;
  options.authority.trusted.insert(::geteuid());
  if (argc > 1) options.profiles.root = argv[1];
  test::ServerOverModel served{event.get(), std::move(options)};
  const auto told = served.model.session_changed;
  bool secured = false;
  served.model.session_changed = [&](const std::string& interface) {
    told(interface);
    if (interface != "macsec0" || std::exchange(secured, served.model.has_session(interface)) || !secured) return;
    bus::SessionState state = test::secured_session(interface);
    state.profile = served.model.session(interface).profile;
    served.model.set_session(std::move(state));
  };
  if (!served.server.start() || !test::run_until(event.get(), [&] { return served.server.has_name(); })) return 1;
  std::puts("ready");
  std::fflush(stdout);
  return sd_event_loop(event.get());
}
