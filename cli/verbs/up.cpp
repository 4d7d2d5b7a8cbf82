// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/verbs/table.hpp"

namespace macsec::cli {
namespace {

/// Path of the session that is to come up; a profile that is not enabled gets one.
std::optional<std::string> bring_up(Context& context, const std::string& name) {
  const bus::Client* const daemon = context.client();
  if (daemon == nullptr) return std::nullopt;
  if (const auto session = daemon->call(daemon->get_session(name)); session) {
    if (!context.ask<bus::Nothing>([&](const bus::Client& client) { return client.up(session->text); }))
      return std::nullopt;
    return session->text;
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
  if (!context.ask<bus::Nothing>([&](const bus::Client& client) { return client.enable_profile(profile->text); }))
    return std::nullopt;
  const auto enabled = context.profiles(std::span{&name, 1});
  if (!enabled) return std::nullopt;
  return bus::Client::session_path(enabled->front().info.interface);
}

}  // namespace

Exit run_up(Context& context) {
  std::vector<std::string> paths;
  for (const std::string& name : context.arguments) {
    auto path = bring_up(context, name);
    if (!path) return context.status;
    paths.push_back(std::move(*path));
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
