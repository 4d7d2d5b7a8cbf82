// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/server/key_ports.hpp"

#include <algorithm>
#include <cerrno>

namespace macsec::bus {
namespace {

std::unexpected<Error> of_port(const KeyPort& port, int code, const std::string& text) {
  return fail(code, port.name.empty() ? text : port.name + ": " + text);
}

}  // namespace

bool is_left_out(const KeyPort& port, std::span<const KeyPort> all, core::Retirement how) {
  if (port.carrier || !port.key.hopeless || port.retired()) return false;
  return std::ranges::any_of(
      all, [&](const KeyPort& other) { return how == core::Retirement::patient ? other.carrier : other.proves(); });
}

Result<std::size_t> begin_everywhere(std::span<const KeyPort> ports, core::Retirement how,
                                     const PortCommands& commands) {
  if (how == core::Retirement::when_proved)
    for (const KeyPort& port : ports)
      if (port.key.hopeless && !port.retired() && !is_left_out(port, ports, how))
        return of_port(port, EBUSY, port.key.blocker);
  std::vector<std::size_t> begun;
  for (std::size_t i = 0; i < ports.size(); ++i) {
    if (is_left_out(ports[i], ports, how)) continue;
    const auto done = commands.retire(i);
    if (done) begun.push_back(i);
    // It is out of use at this port already.
    if (done || done.error().code == ENOENT) continue;
    std::ranges::for_each(begun, commands.keep);
    return of_port(ports[i], done.error().code, done.error().message);
  }
  return begun.size();
}

}  // namespace macsec::bus
