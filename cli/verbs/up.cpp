// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/glob.hpp"
#include "cli/verbs/table.hpp"

#include <algorithm>

namespace macsec::cli {
namespace {

using Paths = std::vector<std::string>;

bool bring_up_sessions(Context& context, const Paths& paths) {
  return std::ranges::all_of(paths, [&context](const std::string& path) {
    return context.ask<bus::Nothing>([&](const bus::Client& client) { return client.up(path); }).has_value();
  });
}

/// A pattern means the links that it fits, and profiles where there is none. Nothing on failure, which was told.
std::optional<std::vector<std::string>> names_of(Context& context, const std::string& name) {
  std::vector<std::string> names;
  if (!is_glob(name)) {
    names.push_back(name);
    return names;
  }
  const auto sessions = context.sessions({});
  if (!sessions) return std::nullopt;
  for (const auto& session : *sessions)
    if (fits(session.info.interface, name)) names.push_back(session.info.interface);
  if (!names.empty()) return names;
  const auto profiles = context.profiles(std::span{&name, 1});
  if (!profiles) return std::nullopt;
  for (const auto& profile : *profiles) names.push_back(profile.info.name);
  return names;
}

/// Paths of the sessions that are to come up; a profile that is not enabled gets them.
std::optional<Paths> bring_up(Context& context, const std::string& name) {
  const bus::Client* const daemon = context.client();
  if (daemon == nullptr) return std::nullopt;
  if (const auto session = daemon->call(daemon->get_session(name)); session) {
    Paths one{session->text};
    return bring_up_sessions(context, one) ? std::optional{std::move(one)} : std::nullopt;
  } else if (session.error().kind != bus::CallError::Kind::not_found) {
    context.complain(session.error());
    return std::nullopt;
  }
  const auto profile = daemon->call(daemon->get_profile(name));
  if (!profile) {
    if (profile.error().kind == bus::CallError::Kind::not_found)
      context.complain(Exit::not_found, fmt::format("there is no link and no profile {}", name));
    else
      context.complain(profile.error());
    return std::nullopt;
  }
  const auto found = context.profiles(std::span{&name, 1});
  if (!found || (!found->front().info.enabled && !context.changed_here(*found, Context::Change::enable)))
    return std::nullopt;
  if (!context.ask<bus::Nothing>([&](const bus::Client& client) { return client.enable_profile(profile->text); }))
    return std::nullopt;
  const auto enabled = context.profiles(std::span{&name, 1});
  if (!enabled) return std::nullopt;
  const bus::ProfileInfo& info = enabled->front().info;
  Paths paths = session_paths(info);
  // One that is new is up; of many some may have been taken down.
  const bool done = !info.parent.contains('*') || bring_up_sessions(context, paths);
  return done ? std::optional{std::move(paths)} : std::nullopt;
}

}  // namespace

Exit run_up(Context& context) {
  Paths paths;
  for (const std::string& argument : context.arguments) {
    const auto names = names_of(context, argument);
    if (!names) return context.status;
    for (const std::string& name : *names) {
      auto some = bring_up(context, name);
      if (!some) return context.status;
      std::ranges::move(*some, std::back_inserter(paths));
    }
  }
  if (!context.options.wait) return Exit::ok;
  for (const std::string& path : paths)
    if (const Exit waited =
            context.wait_for(path, "secured", [](const bus::SessionInfo& info) { return info.state == "secured"; });
        waited != Exit::ok)
      return waited;
  return Exit::ok;
}

}  // namespace macsec::cli
