// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/verbs/table.hpp"

#include <algorithm>

namespace macsec::cli {
namespace {

/// Without carrier nobody is live, whatever was heard.
Cell state_cell(const bus::SessionInfo& info, const bus::PeerInfo& peer) {
  if (!info.carrier) return {"no carrier", Style::dim};
  return peer.live ? Cell{"live", Style::good} : Cell{"not live", Style::pending};
}

/// Others may be heard that are no peers: their keys are not ours.
std::string nobody(const std::vector<Context::Session>& sessions) {
  const auto hears = [](const Context::Session& each) {
    return !each.info.foreign_ckns.empty() || each.info.reason == "cak-mismatch" || each.info.reason == "ckn-mismatch";
  };
  const auto links = std::ranges::count_if(sessions, hears);
  if (links == 0) return "No peer was heard.";
  return fmt::format("No peer with our keys; others are heard on {} link{}, see macsecctl status.", links,
                     links == 1 ? "" : "s");
}

}  // namespace

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
  Table table{{"LINK", "=PEER", "STATE", ">HEARD", ">PRIORITY", "ROLE", "SAK", "CKN"}};
  for (const auto& session : *sessions)
    for (const bus::PeerInfo& peer : session.info.peers) {
      const std::string_view keys = peer.receiving && peer.transmitting ? "both ways"
                                    : peer.receiving                    ? "receives"
                                    : peer.transmitting                 ? "transmits"
                                                                        : "-";
      table.add({{session.info.interface},
                 {peer.sci.empty() ? peer.mi : peer.sci},
                 state_cell(session.info, peer),
                 {Context::since(peer.last_heard)},
                 {std::to_string(peer.priority)},
                 {peer.key_server ? "key server" : "-"},
                 {std::string{keys}},
                 {peer.ckn}});
    }
  if (!table.empty())
    context.print(table);
  else if (context.options.legend)
    context.print("{}\n", nobody(*sessions));
  return Exit::ok;
}

}  // namespace macsec::cli
