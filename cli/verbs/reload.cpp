// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/verbs/table.hpp"

namespace macsec::cli {

Exit run_reload(Context& context) {
  if (!context.ask<bus::Nothing>([](const bus::Client& daemon) { return daemon.reload(); })) return context.status;
  return Exit::ok;
}

}  // namespace macsec::cli
