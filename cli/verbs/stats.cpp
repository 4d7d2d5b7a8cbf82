// SPDX-License-Identifier: LGPL-2.1-or-later
// GCC 12 takes a moved-from variant for an uninitialised one.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include "cli/metrics.hpp"
#include "cli/verbs/table.hpp"

namespace macsec::cli {
namespace {

void print_table(Context& context, std::span<const Measured> all) {
  Table table{{"LINK", "GROUP", "COUNTER", ">VALUE"}};
  for (const auto& [session, groups, authenticator, supplicant] : all)
    for (const auto& [group, counters] : groups.dict())
      for (const auto& [name, value] : counters.dict())
        table.add({{session.info.interface},
                   {group},
                   {name},
                   {std::to_string(value.number()), value.number() == 0 ? Style::dim : Style::plain}});
  context.print(table);
}

Exit print_openmetrics(Context& context, std::span<const Measured> all) {
  const auto profiles = context.profiles({});
  if (!profiles) return context.status;
  const auto manager = context.ask<bus::Value>(
      [](const bus::Client& daemon) { return daemon.properties(bus::root_path, bus::interface::manager); });
  if (!manager) return context.status;
  context.out += to_openmetrics(all, *profiles, context.key_servers(), (*manager)["Version"].text());
  return Exit::ok;
}

}  // namespace

Exit run_stats(Context& context) {
  auto sessions = context.sessions(context.arguments);
  if (!sessions) {
    if (context.options.openmetrics && context.status == Exit::unreachable) context.out += openmetrics_of_nobody();
    return context.status;
  }
  std::vector<Measured> all;
  for (auto& session : *sessions) {
    auto groups = context.ask<bus::Value>([&](const bus::Client& daemon) { return daemon.statistics(session.path); });
    if (!groups) return context.status;
    Measured& measured = all.emplace_back(std::move(session), std::move(*groups));
    if (!context.options.openmetrics) continue;
    if (const auto side = context.side(measured.session.path, bus::interface::authenticator))
      measured.authenticator = bus::to_authenticator(side->dict());
    if (const auto side = context.side(measured.session.path, bus::interface::supplicant))
      measured.supplicant = bus::to_supplicant(side->dict());
  }
  if (context.options.openmetrics) return print_openmetrics(context, all);
  if (context.json()) {
    bus::Value::List list;
    for (const auto& [session, groups, authenticator, supplicant] : all)
      list.push_back(bus::Value{
          bus::Value::Data{bus::Value::Dict{{"Interface", session.properties["Interface"]}, {"Statistics", groups}}}});
    context.print_json(bus::Value{bus::Value::Data{std::move(list)}});
  } else {
    print_table(context, all);
  }
  return Exit::ok;
}

}  // namespace macsec::cli
