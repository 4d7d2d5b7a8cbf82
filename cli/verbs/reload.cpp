// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/session_text.hpp"
#include "cli/unread_files.hpp"
#include "cli/verbs/table.hpp"

namespace macsec::cli {
namespace {

/// What the files that are in use now, or that are not, still leave to say. Errors are in the daemon's answer.
void tell_warnings(Context& context) {
  const auto profiles = context.profiles({});
  if (!profiles) return;
  for (const auto& [path, properties, info] : *profiles)
    for (const bus::Problem& problem : info.problems)
      if (!problem.error && info.source == "file") context.warn(placed_text(problem));
  for (const UnreadFile& file : unread_files(context, *profiles)) context.warn(file.path + ": " + file.why);
}

}  // namespace

Exit run_reload(Context& context) {
  const bool done = context.ask<bus::Nothing>([](const bus::Client& daemon) { return daemon.reload(); }).has_value();
  const Exit status = context.status;
  if (done || status == Exit::failed) tell_warnings(context);
  return status;
}

}  // namespace macsec::cli
