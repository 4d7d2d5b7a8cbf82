// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/verbs/table.hpp"

namespace macsec::cli {
namespace {

/// What came first after the moments that were shown before; both roles have the same names for it.
Exit wait_for_outcome(Context& context, const Context::Side& before) {
  bus::Value after;
  const auto differs = [&](const char* name) { return after[name].number() != before.properties[name].number(); };
  const auto over = [&](const bus::Value::Dict& properties) {
    after = bus::Value{bus::Value::Data{properties}};
    return differs("LastSuccess") || differs("LastFailure");
  };
  const Exit waited = context.wait_for(before.session.path, before.interface, "authenticated", over);
  if (waited != Exit::ok || differs("LastSuccess")) return waited;
  return context.complain(Exit::failed, fmt::format("{}: the authentication failed: {}", before.session.info.interface,
                                                    after["LastFailureText"].text()));
}

}  // namespace

Exit run_reauth(Context& context) {
  const auto sides = context.sides(context.arguments, {bus::interface::supplicant, bus::interface::authenticator});
  if (!sides) return context.status;
  for (const Context::Side& each : *sides)
    if (!context.ask<bus::Nothing>(
            [&](const bus::Client& daemon) { return daemon.reauthenticate(each.session.path, each.interface); }))
      return context.status;
  Exit worst = Exit::ok;
  if (context.options.wait)
    for (const Context::Side& each : *sides)
      if (const Exit waited = wait_for_outcome(context, each); waited != Exit::ok) worst = waited;
  return worst;
}

}  // namespace macsec::cli
