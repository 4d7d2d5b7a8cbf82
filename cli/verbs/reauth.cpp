// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/verbs/table.hpp"

namespace macsec::cli {

Exit run_reauth(Context& context) {
  const auto sessions = context.supplicants(context.arguments);
  if (!sessions) return context.status;
  for (const auto& session : *sessions)
    if (!context.ask<bus::Nothing>([&](const bus::Client& daemon) { return daemon.reauthenticate(session.path); }))
      return context.status;
  return Exit::ok;
}

}  // namespace macsec::cli
