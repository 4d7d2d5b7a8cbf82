// SPDX-License-Identifier: LGPL-2.1-or-later
// GCC 12 takes a moved-from variant for an uninitialised one.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include "cli/verbs.hpp"

namespace macsec::cli {

Exit run_stats(Context& context) {
  const auto sessions = context.sessions(context.arguments);
  if (!sessions) return context.status;
  Table table{{"LINK", "GROUP", "COUNTER", ">VALUE"}};
  bus::Value::List all;
  for (const auto& session : *sessions) {
    const auto statistics =
        context.ask<bus::Value>([&](const bus::Client& daemon) { return daemon.statistics(session.path); });
    if (!statistics) return context.status;
    for (const auto& [group, counters] : statistics->dict())
      for (const auto& [name, value] : counters.dict())
        table.add({{session.info.interface},
                   {group},
                   {name},
                   {std::to_string(value.number()), value.number() == 0 ? Style::dim : Style::plain}});
    bus::Value::Dict entry;
    entry.emplace("Interface", session.properties["Interface"]);
    entry.emplace("Statistics", *statistics);
    all.emplace_back(bus::Value::Data{std::move(entry)});
  }
  if (context.json())
    context.print_json(bus::Value{bus::Value::Data{std::move(all)}});
  else
    context.print(table);
  return Exit::ok;
}

}  // namespace macsec::cli
