// SPDX-License-Identifier: LGPL-2.1-or-later
// What becomes of what is heard. No class of its own: it has no state but moves that of every object the Kay is composed of.
#include "engine/core/mka/kay.hpp"

#include "engine/core/mka/reports.hpp"

#include <algorithm>
#include <utility>

namespace macsec::core {

namespace {

/// The SAK came through this CA, and was made for the peer: an SCI is only what its sender says.
bool is_member(const Participant& participant, const Peer& peer, const SakSlot& slot) {
  return slot.ckn == participant.ckn() &&
         std::ranges::find(slot.members, peer.sci, &SakMember::sci) != slot.members.end();
}

}  // namespace

bool Kay::count(Participant& participant, const Participant::Received& got, Time now) {
  switch (got.what) {
    case Participant::Reception::accepted:
      ++context_.counters.mkpdu_rx;
      return true;
    case Participant::Reception::replayed:
      ++context_.counters.rx_replayed;
      return false;
    case Participant::Reception::no_room:
      ++context_.counters.rx_too_many_peers;
      return false;
    case Participant::Reception::mi_collision:
      ++context_.counters.rx_mi_collisions;
      participant.rename(context_.random);
      participant.start_hello(now);
      ++revision_;
      return false;
    case Participant::Reception::sci_conflict:
      ++context_.counters.rx_sci_conflicts;
      if (!std::exchange(got.peer->conflict_told, true))
        context_.emit(Event::Kind::identity_conflict, now,
                      "two stations speak as " + named(got.peer->sci) + ": only one of them is heard", got.peer->sci);
      return false;
    case Participant::Reception::rewound:
      on_rewound(now);
      return false;
  }
  return false;
}

void Kay::on_rewound(Time now) {
  ++context_.counters.rx_mi_collisions;
  context_.emit(
      Event::Kind::identity_conflict, now,
      "another station speaks as this one: it was copied, or this one was set back to an earlier state; keys end");
  // What was sent since with the keys that are here is not known.
  cp_.clear(now);
  server_.forget_offer();
  for (Participant& participant : participants_) {
    participant.renew(context_.random);
    participant.start_hello(now);
  }
  ++revision_;
  tell_all();
}

void Kay::receive(Participant& participant, const Mkpdu& pdu, Time now) {
  if (device_unread()) {
    // Who we are is not known yet.
    ++context_.counters.rx_not_ready;
    return;
  }
  const Participant::Received got = participant.receive(pdu, now);
  if (!count(participant, got, now)) return;
  if (got.stale_list) {
    // It has not heard of us lately, perhaps because it restarted: a word from us helps.
    ++context_.counters.rx_stale_peer_list;
    participant.new_info = true;
  }
  if (got.became_live) {
    context_.emit(Event::Kind::peer_live, now, "peer " + named(got.peer->sci) + " joined", got.peer->sci);
    ++revision_;
  }
  if (!got.hears_us) return;
  if (got.suspends) ++context_.counters.peer_suspensions;
  if (got.suspends || got.resumes) ++revision_;
  // Who holds another key says nothing that counts of a SAK of this one.
  const bool of_latest = cp_.latest() && cp_.latest()->ckn == participant.ckn();
  const PeerKeyUse* latest_use = of_latest ? got.peer->use_of(cp_.latest()->id) : nullptr;
  if (of_latest && !cp_.add_member(got.peer->sci, latest_use != nullptr && latest_use->receiving, now) &&
      is_key_server())
    server_.want(Want::member_without_key, now);
  choose_principal(now);
  elect(now);
  const Participant::Elected elected = participant.elect(context_.profile->mka.priority, context_.link.sci);
  if (pdu.distributed_sak && elected.peer == got.peer) {
    if (principal_.may_distribute(participant, participants_))
      take_sak(participant, *got.peer, pdu, now);
    else
      ++context_.counters.sak_role_refused;
  } else if (elected.peer == got.peer) {
    if (receiver_.is_withdrawn(participant, *got.peer)) {
      refusal_.clear();
      cp_.forget_abandoned();
    }
  }
  if (of_latest && pdu.sak_use && pdu.sak_use->macsec) check_reports(*got.peer, *pdu.sak_use);
  if (!is_ahead(*got.peer, cp_))
    got.peer->ahead_since.reset();
  else if (!got.peer->ahead_since)
    got.peer->ahead_since = now;
  if (got.peer->delay_protect) follow_lowest_pn(participant, *got.peer, now);
  if (is_key_server() && cp_.latest() && is_member(participant, *got.peer, *cp_.latest()))
    if (const PeerKeyUse* use = got.peer->use_of(cp_.latest()->id);
        use != nullptr && pn_watch_.running_out(use->lowest_pn, *cp_.latest()))
      server_.want(Want::members_packet_numbers, now);
}

void Kay::take_sak(Participant& participant, const Peer& server, const Mkpdu& pdu, Time now) {
  const KeyId key{server.mi, pdu.distributed_sak->number};
  if ((cp_.latest() && cp_.latest()->id == key) || (cp_.old() && cp_.old()->id == key)) {
    // It is still being offered: our report did not arrive.
    participant.new_info = true;
    return;
  }
  if (interrupted()) return;
  std::optional<SakSlot> slot = receiver_.take(participant, server, pdu, now);
  if (!slot) return;
  if (const auto ready = cp_.select_cipher_suite(slot->cipher_suite, now); !ready)
    return refusal_.set(Reason::secy_error, ready.error().message);
  ++context_.counters.sak_received;
  if (cp_.latest()) ++context_.counters.sak_rekeys;
  refusal_.clear();
  ++revision_;
  const SakDigest digest = slot->digest;
  cp_.new_sak(std::move(*slot));
  static_cast<void>(cp_.step(cp_inputs(), now));
  if (cp_.abandoned() == key) {
    receiver_.retry_at(now + generate_retry);  // never used by us: the SecY may have recovered by then
  } else {
    used_.note(key, now);
    used_.note(digest, now);
    receiver_.taken(now);
    pn_watch_.forget_speed();
    server_.served();
  }
  tell_all();
}

void Kay::check_reports(const Peer& peer, const SakUseSet& use) {
  const std::optional<SakSlot>& latest = cp_.latest();
  if (!latest || !use.latest.used() || latest->ckn.size() == 0) return;
  if (use.latest.key.server != latest->id.server)
    ++context_.counters.sak_use_mi_mismatch;
  else if (use.latest.key.number != latest->id.number)
    ++context_.counters.sak_use_kn_mismatch;
  else if (use.latest.an != latest->an)
    ++context_.counters.sak_use_an_mismatch;
  else if (!use.latest.receiving)
    ++(peer.mi == latest->id.server ? context_.counters.sak_use_server_rx_not_set
                                    : context_.counters.sak_use_rx_not_set);
  else if (!use.latest.transmitting && peer.mi == latest->id.server && cp_.transmitting())
    ++context_.counters.sak_use_server_tx_not_set;
}

void Kay::follow_lowest_pn(const Participant& participant, const Peer& peer, Time now) {
  if (!context_.secy.traits().lowest_pn_raisable) return;
  const std::uint32_t window = context_.profile->macsec.replay_protect ? context_.profile->macsec.replay_window : 0;
  for (const std::optional<SakSlot>* slot : {&cp_.latest(), &cp_.old()}) {
    if (!*slot || !context_.profile->macsec.replay_protect || !is_member(participant, peer, **slot)) continue;
    const PeerKeyUse* use = peer.use_of((*slot)->id);
    if (use == nullptr || use->lowest_pn <= 1) continue;
    const std::optional<Pn> known = pn_watch_.received(peer.sci, (*slot)->id);
    // Only where the SecY would still take older frames: its own count is normally ahead.
    if (known && *known >= use->lowest_pn + window) continue;
    if (const auto raised = context_.secy.raise_lowest_pn(peer.sci, (*slot)->an, use->lowest_pn); !raised) {
      ++context_.counters.receive_sa_failures;
      context_.emit(Event::Kind::secy_error, now, raised.error().message);
    }
  }
}

}  // namespace macsec::core
