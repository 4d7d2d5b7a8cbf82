// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/verbs/table.hpp"

namespace macsec::cli {

Exit run_profile_disable(Context& context) {
  const auto profiles = context.profiles(context.arguments);
  if (!profiles || !context.changed_here(*profiles, Context::Change::disable)) return context.status;
  for (const auto& profile : *profiles)
    if (!context.ask<bus::Nothing>([&](const bus::Client& daemon) { return daemon.disable_profile(profile.path); }))
      return context.status;
  return Exit::ok;
}

}  // namespace macsec::cli
