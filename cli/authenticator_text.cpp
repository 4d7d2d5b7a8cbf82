// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/authenticator_text.hpp"

#include "cli/session_text.hpp"
#include "engine/base/text.hpp"

namespace macsec::cli {
namespace {

/// Whether the last authentication failed.
bool failed_last(const bus::AuthenticatorInfo& info) {
  return info.last_failure && (!info.last_success || *info.last_success < *info.last_failure);
}

/// "access port, authenticated for 3min, host 02:00:00:00:00:02: ..."
std::string state_text(const bus::AuthenticatorInfo& info) {
  std::string text = "access port, " + info.state;
  if (const std::string span = Context::since(info.since); !span.empty()) text += " for " + span;
  text += info.host.empty() ? ", no host" : ", host " + info.host;
  const bool told_below = failed_last(info) && info.reason_text == info.last_failure_text;
  if (!info.reason_text.empty() && !told_below) text += ": " + info.reason_text;
  return text;
}

/// "192.0.2.1:1812 alive, answered 3min ago, asked next", "192.0.2.1:2083 (TLSv1.3) alive, answered 3min ago, asked next"
std::string server_text(const bus::RadiusServerInfo& server) {
  std::string text = to_endpoint(server.address, server.port);
  if (server.transport == "tls")
    text += server.tls_version.empty() ? " (TLS, not connected)" : fmt::format(" ({})", server.tls_version);
  text += ' ' + server.state;
  text +=
      server.last_answer ? fmt::format(", answered {} ago", Context::since(*server.last_answer)) : ", never answered";
  if (server.current) text += ", asked next";
  if (!server.problem.empty()) text += ": " + server.problem;
  return text;
}

void print_servers(Context& context, const bus::AuthenticatorInfo& info) {
  bool first = true;
  for (const bus::RadiusServerInfo& server : info.servers) {
    print_line(context, first ? "Servers" : "", server_text(server),
               server.state == "dead"                               ? Style::bad
               : !server.problem.empty() || server.state != "alive" ? Style::pending
                                                                    : Style::plain);
    first = false;
  }
}

std::string failure_text(const bus::AuthenticatorInfo& info) {
  return fmt::format("{}, {} ago", info.last_failure_text, Context::since(*info.last_failure));
}

/// Every moment ahead, the nearest first where there are several.
void print_plans(Context& context, const bus::AuthenticatorInfo& info) {
  if (info.next_attempt) print_line(context, "Next try", until(*info.next_attempt));
  if (info.next_reauthentication) print_line(context, "Next reauth", until(*info.next_reauthentication));
  if (info.session_ends) print_line(context, "Session", "ends " + until(*info.session_ends));
}

}  // namespace

Style style_of_authenticator(const bus::AuthenticatorInfo& info) {
  if (info.state == "disabled") return Style::dim;
  if (info.state == "held" || info.reason == "no-radius-server" || info.reason == "authentication-failed")
    return Style::bad;
  return info.state == "authenticated" && info.reason == "none" ? Style::good : Style::pending;
}

std::string next_step(const bus::AuthenticatorInfo& info) {
  std::string_view what;
  std::optional<Time> when;
  const auto consider = [&](std::string_view name, const std::optional<Time>& time) {
    if (!time || (when && *when <= *time)) return;
    what = name;
    when = time;
  };
  consider("try", info.next_attempt);
  consider("reauth", info.next_reauthentication);
  consider("end", info.session_ends);
  return when ? fmt::format("{} {}", what, until(*when)) : std::string{};
}

void print_authenticator(Context& context, const bus::AuthenticatorInfo& info) {
  print_line(context, "802.1X", state_text(info), style_of_authenticator(info));
  if (!info.other_host.empty())
    print_line(context, "Attention", info.other_host + " was heard, too: the port is for one host", Style::pending);
  if (!info.identity.empty()) print_line(context, "Identity", info.identity);
  if (!info.server.empty())
    print_line(
        context, "Server",
        fmt::format("{}{}", info.server, info.cak_length == 0 ? "" : fmt::format(", CAK of {} bit", info.cak_length)));
  print_servers(context, info);
  if (failed_last(info)) print_line(context, "Failed", failure_text(info), Style::bad);
  print_plans(context, info);
  if (!info.linksec_policy.empty()) print_line(context, "Linksec", info.linksec_policy + ", says the server");
  for (const auto& [name, values] : info.attributes)
    print_line(context, "Not done", fmt::format("{}={}, which the server wants", name, fmt::join(values, ", ")),
               Style::pending);
  if (!context.options.all) return;
  if (!info.reply_message.empty()) print_line(context, "Message", fmt::format("\"{}\"", info.reply_message));
  if (info.last_success) print_line(context, "Succeeded", Context::since(*info.last_success) + " ago");
}

}  // namespace macsec::cli
