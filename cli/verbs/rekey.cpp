// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/verbs/table.hpp"

namespace macsec::cli {

Exit run_rekey(Context& context) {
  const auto sessions = context.sessions(context.arguments);
  if (!sessions) return context.status;
  for (const auto& session : *sessions)
    if (!context.ask<bus::Nothing>([&](const bus::Client& daemon) { return daemon.rekey(session.path); }))
      return context.status;
  if (!context.options.wait) return Exit::ok;
  for (const auto& session : *sessions) {
    const std::string before = session.info.latest_sak ? session.info.latest_sak->key_id : "";
    const auto renewed = [&before](const bus::SessionInfo& info) {
      return info.latest_sak && info.latest_sak->key_id != before && info.latest_sak->transmitting;
    };
    if (const Exit waited = context.wait_for(session.path, "rekeyed", renewed); waited != Exit::ok) return waited;
  }
  return Exit::ok;
}

}  // namespace macsec::cli
