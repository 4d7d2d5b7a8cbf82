// SPDX-License-Identifier: LGPL-2.1-or-later
/// Calls to every method, right and wrong, over a connection without a bus. Every call must be answered, and the server
/// go on.
#include "tests/dbus/hostile.hpp"
#include "tests/dbus/server_over_model.hpp"

#include <cstdlib>

namespace {

using namespace macsec;

bus::ServerOptions options() {
  bus::ServerOptions out;
  out.authority.trust_direct_peer = true;
  out.profiles.root = "/nonexistent";
  return out;
}

struct Stage {
  test::EventPointer event = test::new_event();
  test::ServerOverModel served{event.get(), options()};
  test::DirectConnection connection = test::connect_directly(event.get());

  Stage() {
    if (!served.server.serve(std::move(connection.server))) std::abort();
  }
};

int on_answer(sd_bus_message*, void* userdata, sd_bus_error*) noexcept {
  ++*static_cast<std::size_t*>(userdata);
  return 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Stage stage;
  test::Decisions decisions{Bytes{data, size}};
  std::size_t sent = 0, answered = 0;
  while (decisions.more() && sent < 16) {
    const bus::MessagePointer call = test::hostile_call(stage.connection.client.get(), nullptr, decisions);
    if (call == nullptr) continue;
    if (sd_bus_call_async(stage.connection.client.get(), nullptr, call.get(), on_answer, &answered, 0) < 0)
      std::abort();
    ++sent;
  }
  if (!test::run_until(stage.event.get(), [&] { return answered == sent; })) std::abort();
  for (const std::string& name : stage.served.model.profiles())
    if (!stage.served.model.remove_profile(name)) std::abort();
  stage.served.model.commands.clear();
  return 0;
}
