// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/verbs/table.hpp"

namespace macsec::cli {

Exit run_logoff(Context& context) {
  const auto sides = context.sides(context.arguments, {bus::interface::supplicant});
  if (!sides) return context.status;
  for (const Context::Side& each : *sides)
    if (!context.ask<bus::Nothing>([&](const bus::Client& daemon) { return daemon.log_off(each.session.path); }))
      return context.status;
  return Exit::ok;
}

}  // namespace macsec::cli
