// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/verbs/table.hpp"

namespace macsec::cli {

Exit run_down(Context& context) {
  const auto sessions = context.sessions(context.arguments);
  if (!sessions) return context.status;
  for (const auto& session : *sessions)
    if (!context.ask<bus::Nothing>([&](const bus::Client& daemon) { return daemon.down(session.path); }))
      return context.status;
  if (!context.options.wait) return Exit::ok;
  for (const auto& session : *sessions)
    if (const Exit waited = context.wait_for(session.path, "down",
                                             [](const bus::SessionInfo& info) {
                                               return info.state != "secured" && info.state != "unsecured" &&
                                                      info.reason == "disabled";
                                             });
        waited != Exit::ok)
      return waited;
  return Exit::ok;
}

}  // namespace macsec::cli
