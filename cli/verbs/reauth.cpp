// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/verbs/table.hpp"

namespace macsec::cli {
namespace {

/// What came first after the moments that were shown before.
Exit wait_for_outcome(Context& context, const Context::Session& session, const bus::SupplicantInfo& before) {
  bus::SupplicantInfo after;
  const auto over = [&](const bus::Value::Dict& properties) {
    after = bus::to_supplicant(properties);
    return after.last_success != before.last_success || after.last_failure != before.last_failure;
  };
  const Exit waited = context.wait_for(session.path, bus::interface::supplicant, "authenticated", over);
  if (waited != Exit::ok || after.last_success != before.last_success) return waited;
  return context.complain(
      Exit::failed, fmt::format("{}: the authentication failed: {}", session.info.interface, after.last_failure_text));
}

}  // namespace

Exit run_reauth(Context& context) {
  const auto sessions = context.supplicants(context.arguments);
  if (!sessions) return context.status;
  std::vector<bus::SupplicantInfo> before;
  for (const auto& session : *sessions) {
    const auto properties = context.supplicant(session.path);
    before.push_back(properties ? bus::to_supplicant(properties->dict()) : bus::SupplicantInfo{});
    if (!context.ask<bus::Nothing>([&](const bus::Client& daemon) { return daemon.reauthenticate(session.path); }))
      return context.status;
  }
  Exit worst = Exit::ok;
  for (std::size_t i = 0; context.options.wait && i < sessions->size(); ++i)
    if (const Exit waited = wait_for_outcome(context, (*sessions)[i], before[i]); waited != Exit::ok) worst = waited;
  return worst;
}

}  // namespace macsec::cli
