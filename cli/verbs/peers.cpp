// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/verbs/table.hpp"

namespace macsec::cli {

Exit run_peers(Context& context) {
  const auto sessions = context.sessions(context.arguments);
  if (!sessions) return context.status;
  if (context.json()) {
    bus::Value::List all;
    for (const auto& session : *sessions)
      all.push_back(bus::Value{bus::Value::Data{
          bus::Value::Dict{{"Interface", session.properties["Interface"]}, {"Peers", session.properties["Peers"]}}}});
    context.print_json(bus::Value{bus::Value::Data{std::move(all)}});
    return Exit::ok;
  }
  Table table{{"LINK", "PEER", "STATE", ">HEARD", ">PRIORITY", "ROLE", "SAK", "CKN"}};
  for (const auto& session : *sessions)
    for (const bus::PeerInfo& peer : session.info.peers) {
      const std::string_view keys = peer.receiving && peer.transmitting ? "both ways"
                                    : peer.receiving                    ? "receives"
                                    : peer.transmitting                 ? "transmits"
                                                                        : "-";
      table.add({{session.info.interface},
                 {peer.sci.empty() ? peer.mi : peer.sci},
                 {peer.live ? "live" : "not live", peer.live ? Style::good : Style::pending},
                 {Context::since(peer.last_heard)},
                 {std::to_string(peer.priority)},
                 {peer.key_server ? "key server" : "-"},
                 {std::string{keys}},
                 {peer.ckn}});
    }
  if (!table.empty())
    context.print(table);
  else if (context.options.legend)
    context.print("No peer was heard.\n");
  return Exit::ok;
}

}  // namespace macsec::cli
