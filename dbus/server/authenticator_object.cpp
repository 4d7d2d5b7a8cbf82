// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/server/authenticator_object.hpp"

#include "dbus/server/views.hpp"

namespace macsec::bus {
namespace {

using S = const SessionState&;

const core::AuthenticatorStatus& of(S session) { return *session.status.authenticator; }

std::uint64_t time_of(const std::optional<Time>& time) { return time ? to_usec(*time) : 0; }

std::string text_of(const std::optional<MacAddress>& address) { return address ? to_string(*address) : std::string{}; }

Rows servers(S session) {
  Rows rows;
  for (const core::RadiusServerStatus& each : of(session).servers)
    rows.push_back({{{"Address", each.address},
                     {"Port", std::uint32_t{each.port}},
                     {"Transport", std::string{to_string(each.transport)}},
                     {"TlsVersion", each.tls_version},
                     {"State", std::string{to_string(each.state)}},
                     {"Current", each.current},
                     {"Problem", each.words}},
                    {{"LastAnswer", time_of(each.last_answer)},
                     {"Counters", to_counters(each.counters, core::radius_counter_names())}}});
  return rows;
}

Dictionary attributes(S session) {
  std::map<std::string, Strings> values;
  for (const auto& [name, value] : of(session).ignored_attributes) values[name].push_back(value);
  return {values.begin(), values.end()};
}

}  // namespace

std::span<const Property<SessionState>> authenticator_properties() noexcept {
  static constexpr std::array table{
      property<SessionState>("State", [](S s) { return std::string{to_string(of(s).state)}; }),
      property<SessionState>("Since", [](S s) { return to_usec(of(s).since); }),
      property<SessionState>("Reason", [](S s) { return std::string{to_string(of(s).reason)}; }),
      property<SessionState>("ReasonText", [](S s) { return of(s).reason_text; }),
      property<SessionState>("Host", [](S s) { return text_of(of(s).host); }),
      property<SessionState>("OtherHost", [](S s) { return text_of(of(s).other_host); }),
      property<SessionState>("Identity", [](S s) { return of(s).identity; }),
      property<SessionState>("Server", [](S s) { return of(s).server; }),
      property<SessionState>("Servers", [](S s) { return servers(s); }),
      property<SessionState>("LastSuccess", [](S s) { return time_of(of(s).last_success); }),
      property<SessionState>("LastFailure", [](S s) { return time_of(of(s).last_failure); }),
      property<SessionState>("LastFailureText", [](S s) { return of(s).last_failure_text; }),
      property<SessionState>("SessionEnds", [](S s) { return time_of(of(s).session_ends); }),
      property<SessionState>("NextReauthentication", [](S s) { return time_of(of(s).next_reauthentication); }),
      property<SessionState>("NextAttempt", [](S s) { return time_of(of(s).next_attempt); }),
      property<SessionState>("CakLength", [](S s) { return std::uint32_t{of(s).cak_bits}; }),
      property<SessionState>("LinksecPolicy", [](S s) { return of(s).linksec_policy; }),
      property<SessionState>("ReplyMessage", [](S s) { return of(s).reply_message; }),
      property<SessionState>("Attributes", [](S s) { return attributes(s); }),
      property<SessionState>(
          "Counters", [](S s) { return to_counters(of(s).counters, core::authenticator_counter_names()); },
          Emits::nothing),
  };
  return table;
}

std::vector<sd_bus_vtable> AuthenticatorObject::vtable() {
  std::vector<sd_bus_vtable> vtable{
      SD_BUS_VTABLE_START(0),
      SD_BUS_METHOD_WITH_ARGS("Reauthenticate", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT,
                              entry<&AuthenticatorObject::reauthenticate>, SD_BUS_VTABLE_UNPRIVILEGED),
      SD_BUS_METHOD_WITH_ARGS("Terminate", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, entry<&AuthenticatorObject::terminate>,
                              SD_BUS_VTABLE_UNPRIVILEGED),
  };
  append_properties(vtable, authenticator_properties());
  vtable.push_back(SD_BUS_VTABLE_END);
  return vtable;
}

}  // namespace macsec::bus
