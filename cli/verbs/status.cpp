// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/verbs/table.hpp"
#include "engine/base/text.hpp"

#include <algorithm>

namespace macsec::cli {
namespace {

constexpr std::size_t name_width = 12;

/// "   Peers: ..." with what does not fit below.
void line(Context& context, std::string_view name, std::string_view text, Style style = Style::plain) {
  const std::size_t indent = name_width + 2;
  const std::size_t width = context.screen.width > indent + 20 ? context.screen.width - indent : 0;
  bool first = true;
  for (const std::string& each : wrap(printable(text), width)) {
    if (first)
      context.print("{:>{}}{} ", name, name_width, name.empty() ? " " : ":");
    else
      context.print("{:>{}} ", "", name_width + 1);
    context.out += paint(context.screen, style, each) + '\n';
    first = false;
  }
}

std::string share_text(double share) {
  const double percent = share * 100;
  if (percent == 0) return "0%";
  return percent < 0.01 ? "under 0.01%" : fmt::format("{:.2f}%", percent);
}

/// "in 4min 10s"; "due" where it should have been.
std::string until(Time when) {
  const Duration left = std::chrono::floor<std::chrono::seconds>(when - Context::now());
  return left <= Duration{0} ? "due" : "in " + format_duration(left);
}

void print_head(Context& context, const bus::SessionInfo& info) {
  std::string text = info.state;
  if (const std::string span = Context::since(info.since); !span.empty()) text += " for " + span;
  context.print("{} {} {}\n", paint(context.screen, style_of(info.state), "●"),
                paint(context.screen, Style::strong, printable(info.interface)),
                paint(context.screen, style_of(info.state), printable(text)));
}

void print_security(Context& context, const bus::SessionInfo& info) {
  if (!info.key_server.empty())
    line(context, "Key server", info.is_key_server ? fmt::format("this end ({})", info.key_server) : info.key_server);
  if (!info.cipher_suite.empty())
    line(context, "Cipher",
         fmt::format("{}, {}{}", info.cipher_suite, info.encrypting ? "encrypted" : "integrity only, not encrypted",
                     info.delay_protect ? ", delay protection" : ""));
  if (!info.offload.empty()) {
    const std::string where = info.offload == "off" ? "off, in the kernel" : info.offload;
    line(context, "Offload", info.offload_text.empty() ? where : fmt::format("{} ({})", where, info.offload_text));
  }
  if (const auto& sak = info.latest_sak) {
    std::string text = fmt::format("number {}, AN {}, {} old", sak->key_number, sak->an, Context::since(sak->since));
    if (!sak->receiving || !sak->transmitting)
      text += sak->receiving ? ", receiving only" : sak->transmitting ? ", transmitting only" : ", not in use yet";
    line(context, "SAK", text);
    line(context, "PN",
         fmt::format("{} of the packet numbers used, next is {}", share_text(info.pn_used), info.next_pn));
  }
  if (info.next_rekey)
    line(context, "Next rekey", until(*info.next_rekey));
  else if (info.latest_sak)
    line(context, "Next rekey", "by packet number");
}

/// The CKN in charge; before one is, all that may come to be.
std::string own_ckns(const bus::SessionInfo& info) {
  if (!info.ckn.empty()) return info.ckn;
  std::string out;
  for (const bus::ParticipantInfo& each : info.participants)
    if (each.active) out.append(out.empty() ? "" : ", ").append(each.ckn);
  return out;
}

void print_peers(Context& context, const bus::SessionInfo& info) {
  if (const std::string ckns = own_ckns(info); !ckns.empty()) line(context, "CKN", ckns);
  if (!info.foreign_ckns.empty())
    line(context, "Heard CKN", fmt::format("{} (not ours)", fmt::join(info.foreign_ckns, ", ")));
  bool first = true;
  for (const bus::PeerInfo& peer : info.peers) {
    line(context, first ? "Peers" : "",
         fmt::format("{} {}{}, heard {} ago", peer.sci.empty() ? peer.mi : peer.sci, peer.live ? "live" : "not live",
                     peer.key_server ? ", key server" : "", Context::since(peer.last_heard)),
         peer.live ? Style::plain : Style::pending);
    first = false;
  }
  if (first) line(context, "Peers", "none");
}

void print_session(Context& context, const bus::SessionInfo& info) {
  print_head(context, info);
  const bool explained = info.state != "secured" && !info.reason_text.empty();
  if (explained) line(context, "Why", info.reason_text, style_of(info.state));
  if (!info.last_error.empty()) line(context, "Last error", info.last_error, Style::bad);
  line(context, "Parent", fmt::format("{}, {}, {}", info.parent, info.carrier ? "carrier" : "no carrier", info.policy));
  line(context, "Profile", info.profile_name);
  if (info.suspended_until) line(context, "Suspended", "ends " + until(*info.suspended_until));
  print_security(context, info);
  print_peers(context, info);
}

/// Profiles without a session that are to be known of.
void print_inactive(Context& context, const std::vector<Context::Profile>& profiles) {
  for (const auto& [path, properties, info] : profiles) {
    if (info.source != "networkmanager" || !info.valid || info.enabled) continue;
    context.print("{} {} {}\n", paint(context.screen, Style::dim, "○"),
                  paint(context.screen, Style::strong, printable(info.interface)),
                  paint(context.screen, Style::dim, "not active"));
    line(context, "Parent", info.parent);
    line(context, "Profile", fmt::format("{}, of NetworkManager, {}", info.name, info.origin));
  }
}

/// What is wrong with profiles: of the links named, or of all. A link runs on as it was, or is not there because of it.
void print_errors(Context& context, const std::vector<Context::Profile>& profiles, std::span<const std::string> links) {
  const auto named = [links](const std::string& name) { return std::ranges::find(links, name) != links.end(); };
  for (const auto& [path, properties, info] : profiles) {
    if (!links.empty() && !named(info.name) && !named(info.interface)) continue;
    for (const bus::Problem& problem : info.problems) {
      if (!problem.error) continue;
      const std::string place = problem.file.empty() ? "" : fmt::format("{}:{}: ", problem.file, problem.line);
      const std::string text = fmt::format("error in profile {}: {}{}", info.name, place, problem.text);
      for (const std::string& each : wrap(printable(text), context.screen.width))
        context.out += paint(context.screen, Style::bad, each) + '\n';
    }
  }
}

void print_profiles(Context& context) {
  const auto profiles = context.profiles({});
  if (!profiles) return;
  if (context.arguments.empty()) print_inactive(context, *profiles);
  print_errors(context, *profiles, context.arguments);
}

}  // namespace

Exit run_status(Context& context) {
  auto sessions = context.sessions(context.arguments);
  if (!sessions) {
    const Exit status = context.status;
    if (status == Exit::not_found && !context.json()) print_profiles(context);
    return status;
  }
  if (context.options.wait) {
    for (const auto& session : *sessions)
      if (const Exit waited = context.wait_for(session.path, "secured",
                                               [](const bus::SessionInfo& info) { return info.state == "secured"; });
          waited != Exit::ok)
        return waited;
    sessions = context.sessions(context.arguments);
    if (!sessions) return context.status;
  }
  if (context.json()) {
    bus::Value::List all;
    for (const auto& session : *sessions) all.push_back(session.properties);
    context.print_json(bus::Value{bus::Value::Data{std::move(all)}});
    return Exit::ok;
  }
  bool first = true;
  for (const auto& session : *sessions) {
    if (!first) context.out += '\n';
    first = false;
    print_session(context, session.info);
  }
  if (sessions->empty() && context.options.legend)
    context.print("No links. A profile makes one: macsecctl profile add, macsec.profile(5).\n");
  print_profiles(context);
  return Exit::ok;
}

}  // namespace macsec::cli
