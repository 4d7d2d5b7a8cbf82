// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/session_text.hpp"
#include "cli/unread_files.hpp"
#include "cli/verbs/table.hpp"

#include <algorithm>

namespace macsec::cli {
namespace {

bool is_disabled(const bus::ProfileInfo& info) {
  return info.valid && !info.enabled && info.source != "networkmanager" && !has_error(info);
}

/// Connections of NetworkManager without a session, which a person may look for here.
void print_inactive(Context& context, const std::vector<Context::Profile>& profiles) {
  for (const auto& [path, properties, info] : profiles) {
    if (info.source != "networkmanager" || !info.valid || info.enabled) continue;
    context.print("{}{} {} {}\n", context.out.empty() ? "" : "\n", paint(context.screen, Style::dim, "○"),
                  paint(context.screen, Style::strong, printable(info.interface)),
                  paint(context.screen, Style::dim, "not active"));
    print_line(context, "Parent", info.parent);
    print_line(context, "Profile", fmt::format("{}, of NetworkManager, {}", info.name, info.origin));
  }
}

/// What is wrong with profiles: of the links named, or of all. A link runs on as it was, or is not there because of it.
void print_errors(Context& context, const std::vector<Context::Profile>& profiles, std::span<const std::string> links) {
  const auto named = [links](const std::string& name) { return std::ranges::find(links, name) != links.end(); };
  for (const auto& [path, properties, info] : profiles) {
    if (!links.empty() && !named(info.name) && !named(info.interface)) continue;
    if (!has_error(info)) continue;
    // A warning may explain the error: a misspelt key, and then the one that is required.
    for (const bus::Problem& problem : info.problems) {
      const std::string text =
          fmt::format("{} in profile {}: {}", problem.error ? "error" : "warning", info.name, placed_text(problem));
      for (const std::string& each : wrap(printable(text), context.screen.width))
        context.out += paint(context.screen, problem.error ? Style::bad : Style::pending, each) + '\n';
    }
  }
}

void print_no_links(Context& context, const std::vector<Context::Profile>& profiles) {
  if (profiles.empty()) {
    context.print("No links. A profile makes one: macsecctl profile add, macsec.profile(5).\n");
    return;
  }
  std::string disabled;
  std::size_t off = 0;
  std::size_t broken = 0;
  for (const auto& [path, properties, info] : profiles) {
    if (has_error(info)) ++broken;
    if (!is_disabled(info)) continue;
    ++off;
    disabled += (disabled.empty() ? "" : " ") + info.name;
  }
  std::string text = "No links.";
  if (off != 0)
    text += fmt::format(" {} disabled: macsecctl up {}.",
                        off == 1 ? "1 profile is" : fmt::format("{} profiles are", off), disabled);
  if (broken != 0)
    text += fmt::format(" {} errors:", broken == 1 ? "1 profile has" : fmt::format("{} profiles have", broken));
  for (const std::string& each : wrap(printable(text), context.screen.width)) context.out += each + '\n';
}

/// What else is shown of a link. What the daemon does not say is left out.
LinkFacts facts_of(Context& context, const bus::SessionInfo& info, const std::vector<Context::Profile>& profiles) {
  LinkFacts facts;
  const bus::Client* const daemon = context.client();
  if (daemon == nullptr) return facts;
  const auto profile = std::ranges::find(profiles, info.profile, &Context::Profile::path);
  if (profile != profiles.end()) facts.profile = &profile->info;
  if (auto statistics = daemon->call(daemon->statistics(info.path))) facts.statistics = std::move(*statistics);
  const auto mtu = [daemon](const std::string& link) {
    const auto capabilities = daemon->call(daemon->link_capabilities(link));
    return capabilities ? (*capabilities)["Mtu"].number() : 0;
  };
  if (const auto supplicant = context.side(info.path, bus::interface::supplicant))
    facts.supplicant = bus::to_supplicant(supplicant->dict());
  else if (const auto authenticator = context.side(info.path, bus::interface::authenticator))
    facts.authenticator = bus::to_authenticator(authenticator->dict());
  if (facts.profile != nullptr && facts.profile->key_source)
    for (bus::KeyServerInfo& server : context.key_servers())
      if (server.name == facts.profile->key_source->source) facts.key_server = std::move(server);
  if (info.ifindex != 0) facts.mtu = mtu(info.interface);
  if (info.parent_ifindex != 0) facts.parent_mtu = mtu(info.parent);
  return facts;
}

void print_text(Context& context, const std::vector<Context::Session>& sessions,
                const std::vector<Context::Profile>& profiles) {
  for (const auto& session : sessions) {
    if (!context.out.empty()) context.out += '\n';
    print_session(context, session.info, facts_of(context, session.info, profiles));
  }
  const bool all = context.arguments.empty();
  if (sessions.empty() && context.options.legend) print_no_links(context, profiles);
  if (all) print_inactive(context, profiles);
  print_errors(context, profiles, context.arguments);
  if (!all) return;
  for (const UnreadFile& file : unread_files(context, profiles))
    context.out += paint(context.screen, Style::pending, printable(file.path + ": " + file.why)) + '\n';
}

/// Whether what was asked for is as it should be; --check only.
Exit judge_links(const std::vector<Context::Session>& sessions, const std::vector<Context::Profile>& profiles,
                 bool every) {
  const auto secured = [](const Context::Session& each) {
    return each.info.state == "secured" || each.info.state == "suspended";
  };
  const auto missing = [](const Context::Profile& each) {
    return has_error(each.info) && each.info.session.empty() && each.info.sessions.empty();
  };
  const bool fine =
      !sessions.empty() && std::ranges::all_of(sessions, secured) && !(every && std::ranges::any_of(profiles, missing));
  return fine ? Exit::ok : Exit::not_secured;
}

}  // namespace

Exit run_status(Context& context) {
  auto sessions = context.sessions(context.arguments);
  const Exit missing = context.status;
  const auto profiles = sessions || missing == Exit::not_found ? context.profiles({}) : std::nullopt;
  if (!profiles) return context.status;
  if (!sessions) {
    if (!context.json()) print_errors(context, *profiles, context.arguments);
    return missing;
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
    for (const auto& session : *sessions) {
      bus::Value::Dict properties = session.properties.dict();
      if (auto supplicant = context.side(session.path, bus::interface::supplicant))
        properties.insert_or_assign("Supplicant", std::move(*supplicant));
      if (auto authenticator = context.side(session.path, bus::interface::authenticator))
        properties.insert_or_assign("Authenticator", std::move(*authenticator));
      all.push_back(bus::Value{bus::Value::Data{std::move(properties)}});
    }
    context.print_json(bus::Value{bus::Value::Data{std::move(all)}});
  } else {
    print_text(context, *sessions, *profiles);
  }
  return context.options.check ? judge_links(*sessions, *profiles, context.arguments.empty()) : Exit::ok;
}

}  // namespace macsec::cli
