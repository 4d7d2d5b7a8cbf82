// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/server/session_object.hpp"

#include "dbus/bus/names.hpp"
#include "dbus/server/views.hpp"

#include <fmt/format.h>

namespace macsec::bus {
namespace {

constexpr Duration longest_suspension = std::chrono::seconds{120};

}  // namespace

std::vector<sd_bus_vtable> SessionObject::vtable() {
  std::vector<sd_bus_vtable> vtable{
      SD_BUS_VTABLE_START(0),
      SD_BUS_METHOD_WITH_ARGS("Rekey", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, entry<&SessionObject::rekey>,
                              SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_METHOD_WITH_ARGS("Suspend", SD_BUS_ARGS("t", usec), SD_BUS_NO_RESULT, entry<&SessionObject::suspend>,
                              SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_METHOD_WITH_ARGS("Up", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, entry<&SessionObject::up>,
                              SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_METHOD_WITH_ARGS("Down", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, entry<&SessionObject::down>,
                              SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_METHOD_WITH_ARGS("GetStatistics", SD_BUS_NO_ARGS, SD_BUS_RESULT("a{sa{st}}", statistics),
                              entry<&SessionObject::get_statistics>, SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_METHOD_WITH_ARGS("Diagnose", SD_BUS_NO_ARGS, SD_BUS_RESULT("aa{sv}", findings),
                              entry<&SessionObject::diagnose>, SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_SIGNAL_WITH_ARGS("Event", SD_BUS_ARGS("s", kind, "t", time, "s", text), 0),
      SD_BUS_SIGNAL_WITH_ARGS("UnknownCkn", SD_BUS_ARGS("s", ckn, "s", sci), 0),
  };
  append_properties(vtable, session_properties());
  vtable.push_back(SD_BUS_VTABLE_END);
  return vtable;
}

void SessionObject::rekey() {
  if (!exists()) return;
  const SessionState session = model_.session(call_.name());
  if (session.static_keys) return call_.fail(error::not_supported, "a link with static keys has no key server");
  if (session.status.state != core::PortState::secured)
    return call_.fail(error::not_secured, "the link is not secured");
  if (!session.status.is_key_server)
    return call_.fail(error::not_key_server,
                      session.status.key_server
                          ? fmt::format("the key server is {}", to_string(*session.status.key_server))
                          : "the key server is another member");
  finish(model_.rekey(call_.name()));
}

void SessionObject::suspend() {
  std::uint64_t usec = 0;
  if (get(call_.message(), usec) < 0 || usec > static_cast<std::uint64_t>(longest_suspension.count()))
    return call_.fail(error::invalid_argument, "a suspension lasts 120 s at most");
  if (!exists()) return;
  const SessionState session = model_.session(call_.name());
  if (session.static_keys) return call_.fail(error::not_supported, "a link with static keys cannot be suspended");
  const bool suspended = session.status.state == core::PortState::suspended;
  if (usec == 0 && !suspended && !session.status.suspended_until) return call_.reply();
  if (session.status.state != core::PortState::secured && !suspended)
    return call_.fail(error::not_secured, "the link is not secured");
  finish(model_.suspend(call_.name(), Duration{static_cast<Duration::rep>(usec)}));
}

void SessionObject::up() { set_enabled(true); }
void SessionObject::down() { set_enabled(false); }

void SessionObject::set_enabled(bool enabled) {
  if (exists()) finish(model_.set_session_enabled(call_.name(), enabled));
}

void SessionObject::get_statistics() {
  if (!exists()) return;
  Statistics statistics = port_statistics(model_.session(call_.name()).status);
  statistics.merge(model_.statistics(call_.name()));
  call_.reply(statistics);
}

void SessionObject::diagnose() {
  if (!exists()) return;
  std::vector<Dictionary> rows;
  for (const doctor::Finding& finding : model_.diagnose(call_.name()))
    rows.push_back({{"Id", std::string{finding.id}},
                    {"Gravity", std::string{to_string(finding.gravity)}},
                    {"Text", finding.text},
                    {"Remedy", finding.remedy}});
  call_.reply(rows);
}

}  // namespace macsec::bus
