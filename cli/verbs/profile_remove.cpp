// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/keys.hpp"
#include "cli/verbs/table.hpp"

namespace macsec::cli {

Exit run_profile_remove(Context& context) {
  const auto profiles = context.profiles(context.arguments);
  if (!profiles || !context.changed_here(*profiles, Context::Change::remove)) return context.status;
  for (const auto& profile : *profiles) {
    if (!context.ask<bus::Nothing>([&](const bus::Client& daemon) { return daemon.remove_profile(profile.path); }))
      return context.status;
    for (const bus::KeyInfo& key : profile.info.keys)
      if (!key.credential.empty()) forget_sealed(context, profile.info.name, key.ckn, key.credential);
  }
  return Exit::ok;
}

}  // namespace macsec::cli
