// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/dbus/server_over_model.hpp"

#include <stdexcept>
#include <sys/socket.h>

namespace macsec::test {
namespace {

bus::ServerOptions reporting_to(bus::ServerOptions options, std::vector<std::string>& reports) {
  options.report = [&reports](const std::string& text) { reports.push_back(text); };
  return options;
}

void check(int r, const char* what) {
  if (r < 0) throw std::runtime_error{what};
}

}  // namespace

EventPointer new_event() {
  sd_event* raw = nullptr;
  check(sd_event_new(&raw), "sd_event_new");
  return EventPointer{raw};
}

bool run_until(sd_event* event, const std::function<bool()>& met) {
  std::uint64_t now = 0;
  sd_event_now(event, CLOCK_MONOTONIC, &now);
  const std::uint64_t deadline = now + 60'000'000;
  for (;;) {
    std::uint64_t before = 0;
    std::uint64_t after = 0;
    sd_event_get_iteration(event, &before);
    if (met()) return true;
    sd_event_get_iteration(event, &after);
    sd_event_now(event, CLOCK_MONOTONIC, &now);
    // A question that ran the loop itself may have missed what it asks for, and nothing more may come.
    const std::uint64_t patience = after == before ? deadline - now : 0;
    if (now >= deadline || sd_event_run(event, patience) < 0) return false;
  }
}

ServerOverModel::ServerOverModel(sd_event* event, bus::ServerOptions options)
    : server{event, model, reporting_to(std::move(options), reports)} {
  model.profile_changed = [this](const std::string& name) { server.published().profile_changed(name); };
  model.session_changed = [this](const std::string& name) { server.published().session_changed(name); };
}

DirectConnection connect_directly(sd_event* event) {
  int ends[2];
  check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), "socketpair");
  sd_id128_t id{};
  sd_id128_randomize(&id);
  const auto open = [&](int fd, bool server) {
    sd_bus* raw = nullptr;
    check(sd_bus_new(&raw), "sd_bus_new");
    bus::BusPointer bus{raw};
    check(sd_bus_set_fd(raw, fd, fd), "sd_bus_set_fd");
    if (server) check(sd_bus_set_server(raw, 1, id), "sd_bus_set_server");
    check(sd_bus_start(raw), "sd_bus_start");
    check(sd_bus_attach_event(raw, event, 0), "sd_bus_attach_event");
    return bus;
  };
  return {open(ends[0], true), open(ends[1], false)};
}

}  // namespace macsec::test
