// SPDX-License-Identifier: LGPL-2.1-or-later
// The table of org.macsecd1.Authenticator.
#include "dbus/server/views.hpp"
#include "engine/config/ini.hpp"

#include <fmt/format.h>

namespace macsec::bus {
namespace {

using S = const SessionState&;

const core::AuthenticatorStatus& of(S session) { return *session.status.authenticator; }

std::uint64_t time_of(const std::optional<Time>& time) { return time ? to_usec(*time) : 0; }

std::string text_of(const std::optional<MacAddress>& address) { return address ? to_string(*address) : std::string{}; }

/// What a host or a server says, in UTF-8 and without anything that moves a cursor: such octets as "\x1b".
std::string escaped(std::string_view text) {
  const bool readable = is_utf8(text);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto octet = static_cast<unsigned char>(text[i]);
    // U+0080 to U+009F are control characters, too.
    const bool upper_control = octet == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    const bool plain = octet >= 0x20 && octet != 0x7f && (octet < 0x80 || readable) && !upper_control;
    if (plain) {
      out += text[i];
      continue;
    }
    fmt::format_to(std::back_inserter(out), "\\x{:02x}", octet);
    if (upper_control && readable)
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(text[++i]));
  }
  return out;
}

Rows servers(S session) {
  Rows rows;
  for (const core::RadiusServerStatus& each : of(session).servers)
    rows.push_back({{{"Address", each.address},
                     {"Port", std::uint32_t{each.port}},
                     {"State", std::string{to_string(each.state)}},
                     {"Current", each.current},
                     {"Problem", escaped(each.words)}},
                    {{"LastAnswer", time_of(each.last_answer)},
                     {"Counters", to_counters(each.counters, core::radius_counter_names())}}});
  return rows;
}

Dictionary attributes(S session) {
  std::map<std::string, Strings> values;
  for (const auto& [name, value] : of(session).ignored_attributes) values[escaped(name)].push_back(escaped(value));
  return {values.begin(), values.end()};
}

}  // namespace

std::span<const Property<SessionState>> authenticator_properties() noexcept {
  static constexpr std::array table{
      property<SessionState>("State", [](S s) { return std::string{to_string(of(s).state)}; }),
      property<SessionState>("Since", [](S s) { return to_usec(of(s).since); }),
      property<SessionState>("Reason", [](S s) { return std::string{to_string(of(s).reason)}; }),
      property<SessionState>("ReasonText", [](S s) { return escaped(of(s).reason_text); }),
      property<SessionState>("Host", [](S s) { return text_of(of(s).host); }),
      property<SessionState>("OtherHost", [](S s) { return text_of(of(s).other_host); }),
      property<SessionState>("Identity", [](S s) { return escaped(of(s).identity); }),
      property<SessionState>("Server", [](S s) { return of(s).server; }),
      property<SessionState>("Servers", [](S s) { return servers(s); }),
      property<SessionState>("LastSuccess", [](S s) { return time_of(of(s).last_success); }),
      property<SessionState>("LastFailure", [](S s) { return time_of(of(s).last_failure); }),
      property<SessionState>("LastFailureText", [](S s) { return escaped(of(s).last_failure_text); }),
      property<SessionState>("SessionEnds", [](S s) { return time_of(of(s).session_ends); }),
      property<SessionState>("NextReauthentication", [](S s) { return time_of(of(s).next_reauthentication); }),
      property<SessionState>("NextAttempt", [](S s) { return time_of(of(s).next_attempt); }),
      property<SessionState>("CakLength", [](S s) { return std::uint32_t{of(s).cak_bits}; }),
      property<SessionState>("LinksecPolicy", [](S s) { return of(s).linksec_policy; }),
      property<SessionState>("ReplyMessage", [](S s) { return escaped(of(s).reply_message); }),
      property<SessionState>("Attributes", [](S s) { return attributes(s); }),
      property<SessionState>(
          "Counters", [](S s) { return to_counters(of(s).counters, core::authenticator_counter_names()); },
          Emits::nothing),
  };
  return table;
}

}  // namespace macsec::bus
