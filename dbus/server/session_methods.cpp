// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/bus/names.hpp"
#include "dbus/server/entry.hpp"

#include <fmt/format.h>

namespace macsec::bus {
namespace {

constexpr Duration longest_suspension = std::chrono::seconds{120};

std::string no_session(const std::string& interface) { return fmt::format("there is no session {}", interface); }

}  // namespace

std::vector<sd_bus_vtable> Server::session_vtable() {
  std::vector<sd_bus_vtable> vtable{
      SD_BUS_VTABLE_START(0),
      SD_BUS_METHOD_WITH_ARGS("Rekey", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, entry<&Server::rekey>,
                              SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_METHOD_WITH_ARGS("Suspend", SD_BUS_ARGS("t", usec), SD_BUS_NO_RESULT, entry<&Server::suspend>,
                              SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_METHOD_WITH_ARGS("Up", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, entry<&Server::up>, SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_METHOD_WITH_ARGS("Down", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, entry<&Server::down>,
                              SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_METHOD_WITH_ARGS("GetStatistics", SD_BUS_NO_ARGS, SD_BUS_RESULT("a{sa{st}}", statistics),
                              entry<&Server::get_statistics>, SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_METHOD_WITH_ARGS("Diagnose", SD_BUS_NO_ARGS, SD_BUS_RESULT("aa{sv}", findings), entry<&Server::diagnose>,
                              SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_SIGNAL_WITH_ARGS("Event", SD_BUS_ARGS("s", kind, "t", time, "s", text), 0),
  };
  append_properties(vtable, session_properties(), Objects<SessionState>::on_get);
  vtable.push_back(SD_BUS_VTABLE_END);
  return vtable;
}

std::vector<sd_bus_vtable> Server::supplicant_vtable() {
  std::vector<sd_bus_vtable> vtable{
      SD_BUS_VTABLE_START(0),
      SD_BUS_METHOD_WITH_ARGS("Reauthenticate", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, entry<&Server::reauthenticate>,
                              SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_METHOD_WITH_ARGS("Logoff", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, entry<&Server::log_off>,
                              SD_BUS_VTABLE_UNPRIVILEGED),
  };
  append_properties(vtable, supplicant_properties(), Objects<SessionState>::on_get);
  vtable.push_back(SD_BUS_VTABLE_END);
  return vtable;
}

void Server::reauthenticate(Call& call) {
  if (!model_.has_session(call.name())) return call.fail(error::no_such_session, no_session(call.name()));
  if (const Result<void> done = model_.reauthenticate(call.name()); !done)
    return call.fail(done.error(), error::no_such_session);
  flush();
  call.reply();
}

void Server::log_off(Call& call) {
  if (!model_.has_session(call.name())) return call.fail(error::no_such_session, no_session(call.name()));
  if (const Result<void> done = model_.log_off(call.name()); !done)
    return call.fail(done.error(), error::no_such_session);
  flush();
  call.reply();
}

std::vector<sd_bus_vtable> Server::authenticator_vtable() {
  std::vector<sd_bus_vtable> vtable{
      SD_BUS_VTABLE_START(0),
      SD_BUS_METHOD_WITH_ARGS("Reauthenticate", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, entry<&Server::reauthenticate>,
                              SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_METHOD_WITH_ARGS("Terminate", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, entry<&Server::terminate>,
                              SD_BUS_VTABLE_UNPRIVILEGED),
  };
  append_properties(vtable, authenticator_properties(), Objects<SessionState>::on_get);
  vtable.push_back(SD_BUS_VTABLE_END);
  return vtable;
}

void Server::terminate(Call& call) {
  if (!model_.has_session(call.name())) return call.fail(error::no_such_session, no_session(call.name()));
  if (const Result<void> done = model_.terminate(call.name()); !done)
    return call.fail(done.error(), error::no_such_session);
  flush();
  call.reply();
}

void Server::rekey(Call& call) {
  if (!model_.has_session(call.name())) return call.fail(error::no_such_session, no_session(call.name()));
  const SessionState session = model_.session(call.name());
  if (session.static_keys) return call.fail(error::not_supported, "a link with static keys has no key server");
  if (session.status.state != core::PortState::secured) return call.fail(error::not_secured, "the link is not secured");
  if (!session.status.is_key_server)
    return call.fail(error::not_key_server,
                     session.status.key_server
                         ? fmt::format("the key server is {}", to_string(*session.status.key_server))
                         : "the key server is another member");
  if (const Result<void> done = model_.rekey(call.name()); !done)
    return call.fail(done.error(), error::no_such_session);
  flush();
  call.reply();
}

void Server::suspend(Call& call) {
  std::uint64_t usec = 0;
  if (get(call.message(), usec) < 0 || usec > static_cast<std::uint64_t>(longest_suspension.count()))
    return call.fail(error::invalid_argument, "a suspension lasts 120 s at most");
  if (!model_.has_session(call.name())) return call.fail(error::no_such_session, no_session(call.name()));
  const SessionState session = model_.session(call.name());
  if (session.static_keys) return call.fail(error::not_supported, "a link with static keys cannot be suspended");
  const bool suspended = session.status.state == core::PortState::suspended;
  if (usec == 0 && !suspended && !session.status.suspended_until) return call.reply();
  if (session.status.state != core::PortState::secured && !suspended)
    return call.fail(error::not_secured, "the link is not secured");
  const Result<void> done = model_.suspend(call.name(), Duration{static_cast<Duration::rep>(usec)});
  if (!done) return call.fail(done.error(), error::no_such_session);
  flush();
  call.reply();
}

void Server::up(Call& call) { set_session_enabled(call, true); }
void Server::down(Call& call) { set_session_enabled(call, false); }

void Server::set_session_enabled(Call& call, bool enabled) {
  if (!model_.has_session(call.name())) return call.fail(error::no_such_session, no_session(call.name()));
  const Result<void> done = model_.set_session_enabled(call.name(), enabled);
  if (!done) return call.fail(done.error(), error::no_such_session);
  flush();
  call.reply();
}

void Server::get_statistics(Call& call) {
  if (!model_.has_session(call.name())) return call.fail(error::no_such_session, no_session(call.name()));
  Statistics statistics = port_statistics(model_.session(call.name()).status);
  statistics.merge(model_.statistics(call.name()));
  call.reply(statistics);
}

void Server::diagnose(Call& call) {
  if (!model_.has_session(call.name())) return call.fail(error::no_such_session, no_session(call.name()));
  std::vector<Dictionary> rows;
  for (const doctor::Finding& finding : model_.diagnose(call.name()))
    rows.push_back({{"Id", std::string{finding.id}},
                    {"Gravity", std::string{to_string(finding.gravity)}},
                    {"Text", finding.text},
                    {"Remedy", finding.remedy}});
  call.reply(rows);
}

}  // namespace macsec::bus
