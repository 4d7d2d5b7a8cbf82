// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/verbs/table.hpp"

namespace macsec::cli {
namespace {

/// MKA has no way to ask the key server for a key; its host has.
Exit refer_to_key_server(Context& context, const bus::SessionInfo& info) {
  std::string who = info.key_server;
  for (const bus::PeerInfo& peer : info.peers)
    if (peer.key_server && peer.sci == info.key_server) who += fmt::format(", priority {}", peer.priority);
  return context.complain(Exit::failed, fmt::format("only the key server of {} can make a new SAK: ask there ({})",
                                                    info.interface, who.empty() ? "none is elected yet" : who));
}

Exit rekey(Context& context, const Context::Session& session) {
  const bus::Client* const daemon = context.client();
  if (daemon == nullptr) return context.status;
  const auto done = daemon->call(daemon->rekey(session.path));
  if (done) return Exit::ok;
  if (done.error().name == bus::error::not_key_server) return refer_to_key_server(context, session.info);
  return context.complain(done.error());
}

}  // namespace

Exit run_rekey(Context& context) {
  const auto sessions = context.sessions(context.arguments);
  if (!sessions) return context.status;
  for (const auto& session : *sessions)
    if (const Exit asked = rekey(context, session); asked != Exit::ok) return asked;
  if (!context.options.wait) return Exit::ok;
  for (const auto& session : *sessions) {
    const std::string before = session.info.latest_sak ? session.info.latest_sak->key_id : "";
    const auto renewed = [&before](const bus::SessionInfo& info) {
      return info.latest_sak && info.latest_sak->key_id != before && info.latest_sak->transmitting;
    };
    if (const Exit waited = context.wait_for(session.path, "rekeyed", renewed); waited != Exit::ok) return waited;
  }
  return Exit::ok;
}

}  // namespace macsec::cli
