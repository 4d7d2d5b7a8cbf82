// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/session_text.hpp"
#include "cli/verbs/table.hpp"

#include <algorithm>
#include <iterator>

namespace macsec::cli {
namespace {

Style style_of_gravity(std::string_view gravity) {
  if (gravity == "fault") return Style::bad;
  return gravity == "warning" ? Style::pending : Style::plain;
}

bool is_fault(const bus::Value& finding) { return finding["Gravity"].text() == "fault"; }

/// One line for a finding, wrapped below its beginning: what is wrong, what to type, and the identifier to look up.
void print_finding(Context& context, const std::string& subject, const bus::Value& finding) {
  std::string text = finding["Text"].text() + '.';
  if (const std::string& remedy = finding["Remedy"].text(); !remedy.empty()) text += " Try: " + remedy;
  text += " [" + finding["Id"].text() + ']';
  const std::string lead = "  ";
  const std::string whole = printable(subject + ": " + text);
  bool first = true;
  for (const std::string& line : wrap(whole, context.screen.width == 0 ? 0 : context.screen.width - lead.size())) {
    context.out += first ? paint(context.screen, style_of_gravity(finding["Gravity"].text()), line) : lead + line;
    context.out += '\n';
    first = false;
  }
}

/// What was examined, and what was found: in JSON, or in words.
struct Examined {
  std::string kind;     ///< "Interface", "Profile"
  std::string subject;  ///< its name
  bus::Value findings;
};

bus::Value finding(const std::string& id, const std::string& gravity, const std::string& text,
                   const std::string& remedy) {
  return bus::Value{bus::Value::Data{bus::Value::Dict{{"Id", bus::Value::Data{id}},
                                                      {"Gravity", bus::Value::Data{gravity}},
                                                      {"Text", bus::Value::Data{text}},
                                                      {"Remedy", bus::Value::Data{remedy}}}}};
}

/// What keeps the next key of a link from coming. The daemon does not know: macsec-keys is another process.
std::optional<bus::Value> server_finding(const bus::ProfileInfo& profile, std::span<const bus::KeyServerInfo> servers) {
  if (!profile.key_source) return std::nullopt;
  const std::string& name = profile.key_source->source;
  const auto server = std::ranges::find(servers, name, &bus::KeyServerInfo::name);
  if (server == servers.end())
    return finding("no-key-client", "warning", "macsec-keys does not run, which brings keys from key source " + name,
                   "systemctl start macsec-keys");
  if (server->state == "up" || server->state == "unknown") return std::nullopt;
  std::string text = "key source " + name + " is " + server->state;
  if (!server->last_error.empty()) text += " (" + server->last_error + ')';
  return finding("key-server-down", "warning", text + ": the link keeps the keys it has",
                 "macsec-keys --check; journalctl -u macsec-keys");
}

/// A profile that cannot run has no link to examine; its errors stand for it.
std::vector<Examined> broken_profiles(const std::vector<Context::Profile>& profiles) {
  std::vector<Examined> out;
  for (const auto& [path, properties, info] : profiles) {
    if (!has_error(info)) continue;
    bus::Value::List findings;
    for (const bus::Problem& problem : info.problems)
      if (problem.error)
        findings.push_back(finding("profile", "fault", placed_text(problem), "macsecctl profile edit " + info.name));
    out.push_back({"Profile", info.name, bus::Value{bus::Value::Data{std::move(findings)}}});
  }
  return out;
}

/// A link with what the daemon found, and what its key server says.
std::optional<Examined> examine(Context& context, const Context::Session& session,
                                const std::vector<Context::Profile>& profiles) {
  auto found = context.ask<bus::Value>([&](const bus::Client& daemon) { return daemon.diagnose(session.path); });
  if (!found) return std::nullopt;
  const auto profile = std::ranges::find(profiles, session.info.profile, &Context::Profile::path);
  if (profile == profiles.end() || !profile->info.key_source)
    return Examined{"Interface", session.info.interface, *found};
  bus::Value::List findings = found->list();
  if (auto more = server_finding(profile->info, context.key_servers())) findings.push_back(std::move(*more));
  return Examined{"Interface", session.info.interface, bus::Value{bus::Value::Data{std::move(findings)}}};
}

void print_words(Context& context, const Examined& examined) {
  const bool link = examined.kind == "Interface";
  for (const bus::Value& finding : examined.findings.list())
    print_finding(context, link ? examined.subject : "profile " + examined.subject, finding);
  if (examined.findings.list().empty()) context.print("{}: nothing is wrong\n", examined.subject);
}

}  // namespace

Exit run_doctor(Context& context) {
  const auto sessions = context.sessions(context.arguments);
  if (!sessions) return context.status;
  const auto profiles = context.profiles({});
  if (!profiles) return context.status;
  std::vector<Examined> all;
  for (const auto& session : *sessions) {
    auto examined = examine(context, session, *profiles);
    if (!examined) return context.status;
    all.push_back(std::move(*examined));
  }
  if (context.arguments.empty()) std::ranges::move(broken_profiles(*profiles), std::back_inserter(all));
  bus::Value::List json;
  for (const Examined& each : all) {
    if (!context.json())
      print_words(context, each);
    else
      json.emplace_back(
          bus::Value::Data{bus::Value::Dict{{each.kind, bus::Value::Data{each.subject}}, {"Findings", each.findings}}});
  }
  if (context.json())
    context.print_json(bus::Value{bus::Value::Data{std::move(json)}});
  else if (all.empty())
    context.print("No profile runs: see macsecctl profile add\n");
  const auto faulty = [](const Examined& each) { return std::ranges::any_of(each.findings.list(), is_fault); };
  return std::ranges::any_of(all, faulty) ? Exit::failed : Exit::ok;
}

}  // namespace macsec::cli
