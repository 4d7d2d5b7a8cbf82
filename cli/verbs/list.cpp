// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/verbs/table.hpp"

#include <algorithm>

namespace macsec::cli {

Exit run_list(Context& context) {
  const auto sessions = context.sessions(context.arguments);
  const auto profiles = sessions ? context.profiles({}) : std::nullopt;
  if (!profiles) return context.status;
  if (context.json()) {
    bus::Value::List all;
    for (const auto& session : *sessions) all.push_back(session.properties);
    context.print_json(bus::Value{bus::Value::Data{std::move(all)}});
    return Exit::ok;
  }
  Table table{{"LINK", "PARENT", "STATE", ">SINCE", "CIPHER", "OFFLOAD", ">PEERS", "PROFILE"}};
  for (const auto& [path, properties, info] : *sessions) {
    const auto live = std::ranges::count_if(info.peers, &bus::PeerInfo::live);
    table.add({{info.interface},
               {info.parent},
               {info.state, style_of(info.state)},
               {Context::since(info.since)},
               {info.cipher_suite.empty() ? "-" : info.cipher_suite},
               {info.offload.empty() ? "-" : info.offload},
               {std::to_string(live)},
               {info.profile_name}});
  }
  for (const auto& [path, properties, info] : *profiles)
    if (context.arguments.empty() && info.source == "networkmanager" && info.valid && !info.enabled)
      table.add({{info.interface}, {info.parent}, {"not active", Style::dim}, {"-"}, {"-"}, {"-"}, {"-"}, {info.name}});
  context.print(table);
  if (context.options.legend) context.print("\n{} link{}.\n", sessions->size(), sessions->size() == 1 ? "" : "s");
  return Exit::ok;
}

}  // namespace macsec::cli
