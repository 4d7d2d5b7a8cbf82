// SPDX-License-Identifier: LGPL-2.1-or-later
/// Prints what the running objects introspect, over a connection without a bus, for interfaces_test.py: "# PATH" and the
/// XML for each object, then "# guards" with interface, member and action in each line, "# counters" and the like with their names.
#include "dbus/bus/names.hpp"
#include "tests/dbus/server_over_model.hpp"

#include <cstdio>
#include <fmt/format.h>

namespace macsec::test {
namespace {

struct Answer {
  bool here = false;
  std::string text;
};

int on_answer(sd_bus_message* message, void* userdata, sd_bus_error*) noexcept {
  Answer& answer = *static_cast<Answer*>(userdata);
  answer.here = true;
  const char* text = nullptr;
  if (sd_bus_message_read(message, "s", &text) > 0) answer.text = text;
  return 0;
}

bool print_object(sd_event* event, sd_bus* client, const char* path) {
  Answer answer;
  if (sd_bus_call_method_async(client, nullptr, nullptr, path, "org.freedesktop.DBus.Introspectable", "Introspect",
                               on_answer, &answer, nullptr) < 0)
    return false;
  run_until(event, [&answer] { return answer.here; });
  fmt::print("# {}\n{}\n", path, answer.text);
  return !answer.text.empty();
}

bool print_all() {
  const EventPointer event = new_event();
  ServerOverModel served{event.get(), bus::ServerOptions{}};
  DirectConnection connection = connect_directly(event.get());
  if (!served.server.serve(std::move(connection.server))) return false;
  Profile profile;
  profile.name = "lab";
  profile.link.parent = "eth0";
  profile.link.interface = "macsec0";
  if (!served.model.put_profile(std::make_shared<const Profile>(std::move(profile)), {})) return false;
  bus::SessionState session = secured_session("macsec0");
  session.status.supplicant.emplace();
  session.status.authenticator.emplace();  // no port has both; here each has its members shown
  served.model.set_session(std::move(session));
  for (const char* path : {"/org/macsecd1", "/org/macsecd1/profile/lab", "/org/macsecd1/session/macsec0"})
    if (!print_object(event.get(), connection.client.get(), path)) return false;
  fmt::print("# guards\n");
  for (const bus::Guard& guard : bus::guards()) fmt::print("{} {} {}\n", guard.interface, guard.member, guard.action);
  fmt::print("# counters\n");
  for (const core::CounterName& counter : core::counter_names()) fmt::print("{}\n", counter.name);
  fmt::print("# supplicant-counters\n");
  for (const core::SupplicantCounterName& counter : core::supplicant_counter_names()) fmt::print("{}\n", counter.name);
  fmt::print("# authenticator-counters\n");
  for (const auto& counter : core::authenticator_counter_names()) fmt::print("{}\n", counter.name);
  fmt::print("# radius-counters\n");
  for (const core::RadiusCounterName& counter : core::radius_counter_names()) fmt::print("{}\n", counter.name);
  return true;
}

}  // namespace
}  // namespace macsec::test

int main() { return macsec::test::print_all() ? 0 : 1; }
