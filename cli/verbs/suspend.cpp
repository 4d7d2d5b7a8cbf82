// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/verbs/table.hpp"
#include "engine/base/text.hpp"

namespace macsec::cli {

Exit run_suspend(Context& context) {
  std::optional<Duration> span = std::chrono::seconds{120};
  if (context.arguments.size() > 1) span = parse_duration(context.arguments[1]);
  if (!span)
    return context.complain(Exit::usage, context.arguments[1] + " is not accepted: a time span such as 60 or 1min");
  const auto sessions = context.sessions(std::span{context.arguments}.first(1));
  if (!sessions) return context.status;
  const std::string& path = sessions->front().path;
  if (!context.ask<bus::Nothing>([&](const bus::Client& daemon) { return daemon.suspend(path, *span); }))
    return context.status;
  return Exit::ok;
}

}  // namespace macsec::cli
