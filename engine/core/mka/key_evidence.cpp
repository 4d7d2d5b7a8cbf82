// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/mka/key_evidence.hpp"

#include "engine/core/mka/cp.hpp"
#include "engine/core/mka/participant.hpp"

#include <algorithm>

namespace macsec::core {

namespace {

using Missing = KeyEvidence::Missing;

/// The first member heard under `key`, and be it of late only, that is not live under `successor`.
const Peer* left_behind(const Participant& key, const Participant& successor, Time now) {
  const auto peers = key.peers().all();
  const auto at = std::ranges::find_if(peers, [&](const Peer& peer) {
    return key.counts(peer.mi, now) && successor.peers().find_live(peer.sci) == nullptr;
  });
  return at == peers.end() ? nullptr : &*at;
}

/// The first live member of `successor` that does not receive and send with the SAK `id`.
const Peer* idle_member(const Participant& successor, const KeyId& id) {
  const auto peers = successor.peers().all();
  const auto at = std::ranges::find_if(peers, [&](const Peer& peer) {
    const PeerKeyUse* use = peer.use_of(id);
    return peer.live && (use == nullptr || !use->receiving || !use->transmitting);
  });
  return at == peers.end() ? nullptr : &*at;
}

KeyEvidence look_at(const Participant& key, const Participant& successor, const Cp& cp,
                    const std::optional<Sci>& key_server, Time now) {
  const auto missing = [&](Missing what, const Sci& peer = {}) {
    return KeyEvidence{.missing = what, .key = key.ckn(), .successor = successor.ckn(), .peer = peer};
  };
  if (!key.peers().any_live() && !successor.peers().any_live()) {
    // A key that never had a live peer secures nothing that could be lost.
    return missing(key.had_peer || key.anybody_counts(now) ? Missing::any_peer : Missing::nothing);
  }
  if (const Peer* peer = left_behind(key, successor, now)) return missing(Missing::live_peer, peer->sci);
  const std::optional<SakSlot>& latest = cp.latest();
  if (!latest || latest->ckn != successor.ckn())
    return key_server ? missing(Missing::foreign_sak, *key_server) : missing(Missing::sak);
  if (!latest->receiving || !latest->transmitting) return missing(Missing::own_use);
  if (const Peer* peer = idle_member(successor, latest->id)) return missing(Missing::peers_use, peer->sci);
  if (cp.old() && cp.old()->ckn == key.ckn()) return missing(Missing::old_sak);
  return missing(Missing::nothing);
}

}  // namespace

std::string KeyEvidence::words() const {
  switch (missing) {
    case Missing::successor:
      return "no other key of its role is active, stays and ends later than in an hour";
    case Missing::any_peer:
      return "no peer is live: cannot tell whether the other end has another key";
    case Missing::live_peer:
      return to_string(peer) + " is not live under CKN " + to_string(successor);
    case Missing::sak:
      return "no SAK was distributed under CKN " + to_string(successor) + " yet";
    case Missing::foreign_sak:
      return to_string(peer) + " still distributes its key under CKN " + to_string(key);
    case Missing::own_use:
      return "the SAK of CKN " + to_string(successor) + " is not in use here yet";
    case Missing::peers_use:
      return to_string(peer) + " does not use the SAK of CKN " + to_string(successor) + " yet";
    case Missing::old_sak:
      return "a SAK of CKN " + to_string(key) + " is still installed";
    case Missing::time:
      return "all peers use CKN " + to_string(successor) + ", but not for 6 s yet";
    case Missing::nothing:
      return {};
  }
  return {};
}

KeyEvidence look_for_evidence(const Participant& key, std::span<const Participant> participants, const Cp& cp,
                              std::optional<Sci> key_server, Time now,
                              const std::function<bool(const Participant&)>& may_succeed) {
  KeyEvidence best{.key = key.ckn()};
  for (const Participant& other : participants) {
    if (&other == &key || !other.active || !may_succeed(other)) continue;
    if (precedence(other.role) < precedence(key.role)) continue;
    const KeyEvidence seen = look_at(key, other, cp, key_server, now);
    if (seen.missing > best.missing || best.missing == Missing::successor) best = seen;
  }
  return best;
}

}  // namespace macsec::core
