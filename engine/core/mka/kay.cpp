// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/mka/kay.hpp"

#include "engine/core/mka/reports.hpp"
#include "engine/core/mka/session_cas.hpp"

#include <algorithm>
#include <cerrno>

namespace macsec::core {

void Kay::set_keys(Time now) {
  std::vector<Participant> kept;
  // Whom the process before knew under the keys it had is not known. Keys of a key source can be had again.
  const bool first = participants_.empty();
  for (const PreSharedKey& key : context_.profile->keys) {
    const auto same = std::ranges::find_if(participants_, [&](const Participant& participant) {
      return participant.ckn() == key.ckn && participant.cak() == key.cak;
    });
    if (same != participants_.end()) {
      same->role = key.role;
      if (same->not_after != key.not_after) same->retired = false;  // its time is another one now
      same->not_before = key.not_before;
      same->not_after = key.not_after;
      if (std::exchange(same->leaving, false)) same->draining_until.reset();
      kept.push_back(std::move(*same));
      participants_.erase(same);
      continue;
    }
    auto made = Participant::create(AssociationKey::of(key), context_.random);
    if (made) {
      made->had_peer = first && key.origin.key_source.empty();
      kept.push_back(std::move(*made));
    } else {
      context_.emit(Event::Kind::secy_error, now,
                    "cannot derive keys for CKN " + to_string(key.ckn) + ": " + made.error().message);
    }
  }
  for (Participant& participant : participants_)
    if (participant.role == KeyRole::session) kept.push_back(std::move(participant));
  // What was removed goes once the peers had the time to move to another key.
  for (Participant& gone : participants_)
    if (gone.role != KeyRole::session && gone.active && gone.peers().any_live() && !kept.empty() &&
        core::find(kept, gone.ckn()) == nullptr) {
      if (!gone.leaving) chain_.drop(gone, now);
      kept.push_back(std::move(gone));
    }
  participants_ = std::move(kept);
  follow_lifetimes(now);
  // A better suite takes effect with a new SAK, not with a new link. What must change is watched all the time.
  const Participant* chosen = principal();
  if (is_key_server() && chosen != nullptr && cp_.latest() &&
      server_.choose_cipher(*chosen) != cp_.latest()->cipher_suite)
    server_.want(Want::profile_changed, now);
}

Result<void> Kay::add_session_key(AssociationKey key, Time now) {
  auto made = Participant::create(std::move(key), context_.random);
  if (!made) return std::unexpected{std::move(made.error())};
  participants_.push_back(std::move(*made));
  ++revision_;
  follow_lifetimes(now);
  return {};
}

void Kay::drop_session_keys(Time now) {
  while (const Participant* newest = newest_session(participants_)) drop_session_key(Ckn{newest->ckn()}, now);
}

void Kay::drop_session_key(const Ckn& ckn, Time now) {
  context_.trace.record({now, "KaY", {}, "session key dropped", to_string(ckn)});
  std::erase_if(participants_, [&ckn](const Participant& participant) {
    return participant.role == KeyRole::session && participant.ckn() == ckn;
  });
  ++revision_;
  follow_lifetimes(now);
}

void Kay::set_wall_clock(Time epoch, Time now, bool synchronised) {
  chain_.set_wall_clock(epoch, synchronised);
  follow_lifetimes(now);
}

void Kay::set_enabled(bool enabled, Time now) {
  enabled_ = enabled;
  follow_lifetimes(now);
}

void Kay::on_link_up(Time now) {
  for (Participant& participant : participants_) {
    participant.start_hello(now);
    participant.new_info = true;
  }
}

Participant* Kay::find(const Ckn& ckn) noexcept {
  const auto at = std::ranges::find(participants_, ckn, &Participant::ckn);
  return at == participants_.end() ? nullptr : &*at;
}

const Participant* Kay::principal() const noexcept {
  return principal_.ckn() ? core::find(participants_, *principal_.ckn()) : nullptr;
}

void Kay::follow_lifetimes(Time now) {
  chain_.set_foreign_server(is_key_server() ? std::nullopt : key_server());
  if (chain_.follow(participants_, enabled_, now)) ++revision_;
  std::erase_if(participants_, [](const Participant& key) { return key.leaving && key.retired; });
}

void Kay::expire_peers(Time now) {
  for (Participant& participant : participants_) {
    const auto next = participant.peers().next_expiry();
    if (!next || now < *next) continue;
    for (const Sci& sci : participant.peers().expire(now)) {
      ++context_.counters.peers_lost;
      context_.emit(Event::Kind::peer_lost, now, "peer " + named(sci) + " lost: nothing was heard of it for 6 s", sci);
      ++revision_;
      // Its receive SAs stay as long as the SAK is in use: the key server may not have missed it, and a channel opened
      // again would accept replays.
      if (context_.profile->mka.rekey_on_peer_loss && is_key_server() && principal_.is(participant))
        server_.want(Want::peer_lost, now);
      participant.new_info = true;
    }
  }
}

void Kay::choose_principal(Time now) {
  if (!principal_.choose(participants_, cp_.latest(), now) || !principal_.ckn()) return;
  const std::string role{principal() == nullptr ? "" : " (" + std::string{to_string(principal()->role)} + ")"};
  context_.emit(Event::Kind::principal_changed, now, "uses key " + to_string(*principal_.ckn()) + role,
                *principal_.ckn());
  if (cp_.latest() && cp_.latest()->ckn != *principal_.ckn()) server_.want(Want::principal_changed, now);
}

void Kay::tell_key_server(Time now) {
  const Sci server = *key_server();
  const Peer* const peer = principal() == nullptr ? nullptr : principal()->peers().find_live(server);
  const std::string priority = peer == nullptr ? "" : ", priority " + std::to_string(peer->priority);
  context_.emit(Event::Kind::key_server_changed, now,
                is_key_server() ? "this end is key server" : "key server is " + named(server) + priority, server);
}

void Kay::elect(Time now) {
  Participant* chosen = principal_.ckn() ? find(*principal_.ckn()) : nullptr;
  const Principal::Election election = principal_.elect(chosen);
  if (election.became_self && !(cp_.latest() && cp_.latest()->id.server == chosen->mi()))
    server_.want(Want::elected, now);
  if (election.became_self) pn_watch_.ask_again();
  if (election.moved) {
    if (key_server()) tell_key_server(now);
    if (chosen != nullptr) chosen->new_info = true;
  }
  if (chosen == nullptr) return;
  if (is_key_server() && chosen->grew) server_.want(Want::new_peer, now);
  chosen->grew = false;
  if (!is_key_server()) server_.lose_role();
}

Connect Kay::connect() const {
  if (!enabled_) return Connect::pending;
  if (principal_.ckn()) return Connect::secure;
  return context_.policy() == Policy::should_secure ? Connect::unauthenticated : Connect::pending;
}

Cp::Inputs Kay::cp_inputs() const {
  Cp::Inputs in{.connect = connect(), .elected_self = is_key_server()};
  in.hurry = server_.wanted();
  const std::optional<SakSlot>& latest = cp_.latest();
  if (!latest) return in;
  const Participant* owner = core::find(participants_, latest->ckn);
  if (owner == nullptr) return in;
  const Reports said = reports_of(*latest, owner->peers());
  // Where a peer joined, or came back, while the key was under way, or the CA was left as another one reaches more, the next
  // key takes the place of this one, which would leave somebody out.
  const bool under_way = is_key_server() && !latest->transmitting;
  const bool left = under_way && !principal_.is(*owner);
  in.all_receiving = said.all_receiving && !left && !(said.outsiders && under_way);
  in.some_receiving = said.any_receiving && !left && server_.offers(latest->id);
  in.all_transmitting = said.all_transmitting;
  in.server_transmitting = said.any_transmitting;  // one that transmits already has seen the key server do so
  return in;
}

void Kay::drop_unused_key(Time now) {
  const SakSlot* key = cp_.in_use();
  const Participant* owner = key != nullptr ? core::find(participants_, key->ckn) : nullptr;
  const auto reported = key != nullptr && owner != nullptr ? reports_of(*key, owner->peers()).in_use : std::nullopt;
  if (key == nullptr || reported) {
    reported_until_ = reported.value_or(now);
    return deadlines_.stop(Timer::unused);
  }
  // A life time after the last report: a peer that is lost was silent for as long already. Members of a CA
  // that is left are not heard there any more, and may still be about to change over.
  const bool heard = owner != nullptr && owner->peers().any_live();
  deadlines_.set_sooner(Timer::unused,
                        heard ? std::max(reported_until_, now + sak_retire_time) : now + life_time + sak_retire_time);
  if (!deadlines_.take_expired(Timer::unused, now)) return;
  if (cp_.latest() && cp_.latest()->transmitting) server_.forget_offer();
  cp_.give_up(now);
  ++revision_;
  tell_all();
}

std::optional<Time> Kay::next_rekey() const noexcept { return is_key_server() ? server_.next_rekey() : std::nullopt; }

bool Kay::is_unheard(const Peer& peer) const noexcept {
  const SakSlot* key = cp_.in_use();
  const PeerKeyUse* use = key != nullptr ? peer.use_of(key->id) : nullptr;
  const std::optional<Pn> next = key != nullptr ? pn_watch_.received(peer.sci, key->id) : std::nullopt;
  return pn_watch_.tells_lowest() && use != nullptr && use->transmitting && next && *next <= 1;
}

Result<void> Kay::rekey(Time now) {
  if (!cp_.transmitting()) return fail(EAGAIN, "nothing is secured yet");
  if (!is_key_server())
    return fail(EPERM, "the key server is " + (key_server() ? named(*key_server()) : std::string{"not known"}) +
                           "; only it can make a new SAK: rekey there");
  if (const Participant* chosen = principal(); chosen != nullptr && !server_.choose_cipher(*chosen))
    return fail(EOPNOTSUPP, "no cipher suite of this profile is announced by every live peer");
  server_.want(Want::request, now);
  context_.emit(Event::Kind::rekey_started, now, "another SAK was asked for by command");
  return {};
}

Result<void> Kay::suspend(Duration span, Time now) {
  if (span < Duration{0} || span > max_suspension) return fail(EINVAL, "a suspension lasts 0 to 120 s");
  if (span == Duration{0}) {
    suspension_.end();
    on_link_up(now);
    return {};
  }
  if (!cp_.transmitting()) return fail(EAGAIN, "nothing is secured that could be suspended");
  for (const Participant& participant : participants_)
    for (const Peer& peer : participant.peers().all())
      if (peer.live && peer.version < 2)
        return fail(ENOTSUP, "peer " + to_string(peer.sci) + " speaks MKA version " + std::to_string(peer.version) +
                                 ", which knows no suspension");
  // Nobody could replace the key meanwhile.
  if (auto lasts = pn_watch_.must_last(*cp_.latest(), span + bounded_hello_time + life_time, now); !lasts) return lasts;
  ++context_.counters.own_suspensions;
  suspension_.begin(span, bounded_hello_time, life_time, now);
  for (Participant& participant : participants_) participant.ramp_up(now);
  return {};
}

bool Kay::turn_once(Time now) {
  choose_principal(now);
  elect(now);
  if (is_key_server()) server_.watch(participants_, now);
  drop_unused_key(now);
  const bool stepped = cp_.step(cp_inputs(), now);
  if (stepped) {
    ++revision_;
    tell_all();
  }
  if (is_key_server()) server_.follow_refusals(now);
  server_.end_offer_when_done(participants_);
  // While suspended nobody would hear of a SAK.
  if (!is_key_server() || suspension_.suspended() || interrupted()) return stepped;
  Participant* chosen = find(*principal_.ckn());
  if (chosen == nullptr || !server_.serve(*chosen, participants_, now)) return stepped;
  ++revision_;
  return true;
}

void Kay::turn(Time now) {
  // Each round may open the way for the next: a key retired, then another made, then put to use.
  for (int rounds = 0; rounds < 8; ++rounds)
    if (!turn_once(now)) return;
}

void Kay::step(Time now) {
  pn_watch_.follow_speed();
  server_.pass(now);
  if (suspension_.step(cp_.key_under_way(), now)) on_link_up(now);
  follow_lifetimes(now);
  expire_peers(now);
  if (deadlines_.is_expired(Timer::read_again, now)) on_device_found(now);
  if (std::vector<CipherSuite> suites = cp_.cipher_suites(); suites != announced_) {
    announced_ = std::move(suites);
    tell_all();
  }
  if (context_.link.present && !device_unread()) turn(now);
  if (leave_older_sessions(participants_, cp_)) ++revision_;
  if (answer_where_heard(participants_, now)) ++revision_;
  speak(now);
}

std::optional<Time> Kay::next_timeout() const {
  std::optional<Time> next = sooner(cp_.next_timeout(), deadlines_.next());
  next = sooner(next, chain_.next());
  next = sooner(next, principal_.next());
  next = sooner(next, suspension_.next());
  if (is_key_server()) next = sooner(next, server_.next());
  const bool may_speak = context_.link.present && context_.link.carrier && !device_unread() && !suspension_.silent();
  for (const Participant& participant : participants_) {
    next = sooner(next, participant.peers().next_expiry());
    if (participant.active && !participant.quiet && may_speak) next = sooner(next, participant.next_transmit());
  }
  return next;
}

Snapshot Kay::snapshot() const {
  const SecyTraits traits = context_.secy.traits();
  const bool rewinds = traits.pn_rewinds_with_carrier || traits.pn_rewinds_with_device;
  // Without carrier a device that is set down and up again is counted by nobody.
  const bool untold = traits.pn_rewinds_with_device && !context_.link.carrier;
  Snapshot out{.sci = context_.link.sci,
               .last_kn = server_.last_kn(),
               // Else of no use, and older programs know no such line.
               .interruptions = untold    ? Snapshot::interrupted
                                : rewinds ? context_.link.interruptions
                                          : 0,
               .participants = {},
               .latest = {},
               .old = {},
               .used = {}};
  for (const Participant& participant : participants_)
    if (participant.active && participant.peers().any_live()) out.participants.push_back(participant.snapshot());
  const auto keep = [](const std::optional<SakSlot>& slot) -> std::optional<Snapshot::Key> {
    if (!slot) return std::nullopt;
    Snapshot::Key key{slot->id, slot->an, slot->cipher_suite, slot->encrypt, slot->ckn, {}};
    key.members = slot->receiving_from;
    return key;
  };
  out.latest = keep(cp_.latest());
  out.old = keep(cp_.old());
  out.used = used_.last(Snapshot::most_used);
  return out;
}

void Kay::on_sample(const SecyState& sample, Time now) {
  pn_watch_.follow(context_.secy.traits());
  if (!cp_.latest()) return;
  if (!cp_.confirm(sample, now)) {
    context_.emit(Event::Kind::secy_error, now, "the SecY no longer holds the keys it was given");
    ++context_.counters.secy_failures;
    cp_.clear(now);
    server_.forget_offer();
    ++revision_;
    tell_all();
    return;
  }
  const SakSlot& slot = cp_.latest()->transmitting || !cp_.old() ? *cp_.latest() : *cp_.old();
  if (!pn_watch_.sample(sample, slot, now) || slot.id != cp_.latest()->id) return;
  if (is_key_server()) server_.listen(participants_, now);
  // Peers may not know, or not say, how far they are: what came from them does.
  const Pn ours = pn_watch_.next_pn();
  const Pn theirs = is_key_server() ? pn_watch_.highest_received(slot) : 0;
  if (!pn_watch_.running_out(std::max(ours, theirs), slot)) return;
  if (is_key_server())
    server_.want(ours < theirs ? Want::members_packet_numbers : Want::packet_numbers, now);
  else
    tell_all();
}

}  // namespace macsec::core
