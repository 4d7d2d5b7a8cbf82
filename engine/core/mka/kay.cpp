// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/mka/kay.hpp"

#include <algorithm>

namespace macsec::core {

namespace {

using namespace std::chrono_literals;

/// Octets on the wire of the shortest frame: 64 and 20 of preamble and gap.
constexpr std::uint64_t shortest_frame_bits = 84 * 8;
constexpr Duration longest_sample_interval = 10s;
/// A member that cannot use a SAK is offered another after this long at the most.
constexpr Duration longest_patience = 60s;
/// How long the principal reaches fewer members than a CA of lower rank before that one takes over.
constexpr Duration outreached_patience = 2s;

/// In which this share of the packet numbers of 32 bits could be used up by the shortest frames at full speed.
Duration shortest_span(unsigned percent, std::uint64_t speed) noexcept {
  const std::uint64_t bits = (std::uint64_t{1} << 32U) / 100 * percent * shortest_frame_bits;
  return Duration{static_cast<std::int64_t>(static_cast<double>(bits) / static_cast<double>(speed) * 1e6)};
}

}  // namespace

void Kay::set_keys(Time now) {
  std::vector<Participant> kept;
  for (const PreSharedKey& key : context_.profile->keys) {
    const auto same = std::ranges::find_if(participants_, [&](const Participant& participant) {
      return participant.ckn() == key.ckn && participant.cak() == key.cak;
    });
    if (same != participants_.end()) {
      same->role = key.role;
      same->not_before = key.not_before;
      same->not_after = key.not_after;
      kept.push_back(std::move(*same));
      participants_.erase(same);
      continue;
    }
    auto made = Participant::create(key, context_.random);
    if (made)
      kept.push_back(std::move(*made));
    else
      context_.emit(Event::Kind::secy_error, now,
                    "cannot derive keys for CKN " + to_string(key.ckn) + ": " + made.error().message);
  }
  participants_ = std::move(kept);
  announced_ = cipher_preferences(*context_.profile, context_.link.speed);
  follow_lifetimes(now);
  // A changed list or Encrypt= takes effect with a new SAK, not with a new link.
  const Participant* chosen = principal();
  if (elected_self_ && chosen != nullptr && cp_.latest() &&
      (choose_cipher(*chosen) != cp_.latest()->cipher_suite ||
       cp_.latest()->encrypt != context_.profile->macsec.encrypt))
    want_sak(now, "profile changed");
}

void Kay::set_wall_clock(Time epoch, Time now) {
  epoch_ = epoch;
  follow_lifetimes(now);
}

void Kay::set_enabled(bool enabled, Time now) {
  enabled_ = enabled;
  follow_lifetimes(now);
}

void Kay::on_link_up(Time now) {
  announced_ = cipher_preferences(*context_.profile, context_.link.speed);
  for (Participant& participant : participants_) {
    participant.start_hello(now);
    participant.new_info = true;
  }
}

void Kay::on_device_lost(Time now) {
  distribution_.reset();
  read_again_.reset();
  pn_key_ = {};
  receive_pns_.clear();
  cp_.forget(now);
}

Participant* Kay::find(const Ckn& ckn) noexcept {
  const auto at = std::ranges::find(participants_, ckn, &Participant::ckn);
  return at == participants_.end() ? nullptr : &*at;
}

const Participant* Kay::principal() const noexcept {
  if (!principal_) return nullptr;
  const auto at = std::ranges::find(participants_, *principal_, &Participant::ckn);
  return at == participants_.end() ? nullptr : &*at;
}

bool Kay::any_active() const noexcept {
  return std::ranges::any_of(participants_, [](const Participant& participant) { return participant.active; });
}

void Kay::follow_lifetimes(Time now) {
  for (Participant& participant : participants_) {
    const bool bounded = participant.not_before || participant.not_after;
    bool active = enabled_ && (!bounded || epoch_);
    if (active && participant.not_before) active = now >= *epoch_ + std::chrono::seconds{*participant.not_before};
    if (active && participant.not_after) active = now < *epoch_ + std::chrono::seconds{*participant.not_after};
    if (active == participant.active) continue;
    participant.active = active;
    context_.trace.record({now, "Participant", active ? "inactive" : "active", active ? "active" : "inactive", {}});
    if (active) {
      participant.start_hello(now);
    } else {
      // Its peers are heard no more; a later activation is a new member.
      participant.renew(context_.random);
    }
  }
}

void Kay::expire_peers(Time now) {
  for (Participant& participant : participants_) {
    const auto next = participant.peers().next_expiry();
    if (!next || now < *next) continue;
    for (const Sci& sci : participant.peers().expire(now)) {
      ++context_.counters.peers_lost;
      context_.emit(Event::Kind::peer_lost, now, to_string(sci));
      ++revision_;
      // Its receive SAs stay as long as the SAK is in use: the key server may not have missed it, and a channel opened
      // again would accept replays.
      if (context_.profile->mka.rekey_on_peer_loss && elected_self_ && principal_ == participant.ckn())
        want_sak(now, "peer lost");
      participant.new_info = true;
    }
  }
}

void Kay::choose_principal(Time now) {
  // The same order on every member: the CA that reaches most of us first, so that a key replaced on one member after the
  // other leaves nobody behind; then primary keys, then the key that came into force last, then the greater CKN.
  const auto rank = [](const Participant& participant) {
    return std::tuple{participant.role == KeyRole::primary,
                      participant.not_before.value_or(std::numeric_limits<std::int64_t>::min()), participant.ckn()};
  };
  const auto reach = [](const Participant& participant) {
    return std::ranges::count_if(participant.peers().all(), &Peer::live);
  };
  const auto usable = [&](const Participant& participant) {
    return participant.active && participant.peers().any_live() &&
           participant.elect(context_.profile->mka.priority, context_.link.sci);
  };
  const Participant* best = nullptr;
  for (const Participant& participant : participants_)
    if (usable(participant) &&
        (best == nullptr || std::pair{reach(participant), rank(participant)} > std::pair{reach(*best), rank(*best)}))
      best = &participant;
  // A peer that leaves is missed in one CA a moment before the other: no reason to fall back.
  const Participant* current = principal();
  if (best != nullptr && current != nullptr && usable(*current) && rank(*best) < rank(*current)) {
    if (!outreached_since_) outreached_since_ = now;
    if (now < *outreached_since_ + outreached_patience) best = current;
  } else {
    outreached_since_.reset();
  }
  if (best != nullptr && cp_.latest() && cp_.latest()->ckn != best->ckn() &&
      !best->elect(context_.profile->mka.priority, context_.link.sci).self) {
    // The key server decides; we follow the CA it distributed its last SAK in.
    const Participant* used = find(cp_.latest()->ckn);
    if (used != nullptr && used->active && used->peers().any_live()) best = used;
  }
  const std::optional<Ckn> chosen = best != nullptr ? std::optional{best->ckn()} : std::nullopt;
  if (chosen == principal_) return;
  principal_ = chosen;
  if (!chosen) return;
  context_.emit(Event::Kind::principal_changed, now, to_string(*chosen));
  if (cp_.latest() && cp_.latest()->ckn != *chosen) want_sak(now, "principal changed");
}

void Kay::elect(Time now) {
  Participant* chosen = principal_ ? find(*principal_) : nullptr;
  const Participant::Elected elected =
      chosen != nullptr ? chosen->elect(context_.profile->mka.priority, context_.link.sci) : Participant::Elected{};
  const std::optional<Sci> server = elected.self              ? std::optional{context_.link.sci}
                                    : elected.peer != nullptr ? std::optional{elected.peer->sci}
                                                              : std::nullopt;
  if (elected.self && !elected_self_ && !(cp_.latest() && cp_.latest()->id.server == chosen->mi()))
    want_sak(now, "elected key server");
  elected_self_ = elected.self;
  if (server != key_server_) {
    key_server_ = server;
    if (server) context_.emit(Event::Kind::key_server_changed, now, to_string(*server));
    if (chosen != nullptr) chosen->new_info = true;
  }
  if (chosen == nullptr) return;
  if (elected_self_ && chosen->grew) want_sak(now, "new live peer");
  chosen->grew = false;
  if (!elected_self_) {
    sak_wanted_.reset();
    distribution_.reset();
  }
}

Connect Kay::connect() const {
  if (!enabled_) return Connect::pending;
  if (principal_) return Connect::secure;
  return context_.profile->macsec.policy == Policy::should_secure ? Connect::unauthenticated : Connect::pending;
}

Cp::Inputs Kay::cp_inputs() const {
  Cp::Inputs in{.connect = connect(), .elected_self = elected_self_};
  in.hurry = sak_wanted_.has_value();
  const std::optional<SakSlot>& latest = cp_.latest();
  if (!latest) return in;
  const auto owner = std::ranges::find(participants_, latest->ckn, &Participant::ckn);
  if (owner == participants_.end()) return in;
  bool any = false;
  in.all_receiving = in.all_transmitting = true;
  for (const Peer& peer : owner->peers().all()) {
    if (!peer.live) continue;
    if (std::ranges::find(latest->members, peer.sci, &SakMember::sci) == latest->members.end()) {
      // It joined, or came back, while the key was under way: the next key, for all, takes the place of this one.
      if (elected_self_ && !latest->transmitting) in.all_receiving = false;
      continue;
    }
    any = true;
    const PeerKeyUse* use = peer.use_of(latest->id);
    in.all_receiving = in.all_receiving && use != nullptr && use->receiving;
    in.all_transmitting = in.all_transmitting && use != nullptr && use->transmitting;
    // Whoever transmits already has seen the key server do so.
    in.server_transmitting = in.server_transmitting || (use != nullptr && use->transmitting);
  }
  in.all_receiving = in.all_receiving && any;
  in.all_transmitting = in.all_transmitting && any;
  return in;
}

void Kay::watch_members(Time now) {
  if (!elected_self_) return;
  const std::optional<SakSlot>& latest = cp_.latest();
  if (cp_.has_pending_sak()) return;  // about to take the place of the latest
  if (!latest) return want_sak(now, "no SAK");
  if (!latest->transmitting && (!distribution_ || distribution_is_stale()))
    want_sak(now, "a member left before it had the key");
  if (const auto rekey_at = next_rekey(); rekey_at && now >= *rekey_at) want_sak(now, "rekey time");
  Participant* owner = find(latest->ckn);
  if (owner == nullptr) return;
  for (Peer& peer : owner->peers().all()) {
    if (!peer.live) continue;
    const PeerKeyUse* use = peer.use_of(latest->id);
    if (use != nullptr && use->receiving) {
      peer.unkeyed_since.reset();
      peer.patience = life_time;
      continue;
    }
    if (!peer.unkeyed_since) peer.unkeyed_since = now;
    // A member that had the key and lost it is helped at once, one that never took it is given time. What it said in
    // the first moments of a key may have been said before it knew.
    const bool lost_it = !distribution_ && peer.patience == life_time && peer.last_heard >= latest->since + 1s;
    if (!lost_it && now < *peer.unkeyed_since + peer.patience) continue;
    peer.unkeyed_since = now;
    peer.patience = std::min(peer.patience * 2, longest_patience);
    want_sak(now, "member without the key");
  }
}

void Kay::want_sak(Time now, std::string_view why) {
  if (sak_wanted_) return;
  sak_wanted_ = now;
  context_.trace.record({now, "KaY", {}, "SAK wanted", why});
}

std::uint64_t Kay::speed() const noexcept {
  constexpr std::uint64_t assumed = 100'000'000'000;
  return context_.link.speed != 0 ? context_.link.speed : assumed;
}

std::optional<Time> Kay::next_rekey() const noexcept {
  if (!elected_self_ || !cp_.latest()) return std::nullopt;
  const SakSlot& latest = *cp_.latest();
  std::optional<Time> at;
  if (context_.profile->mka.rekey != Duration{0}) at = latest.since + context_.profile->mka.rekey;
  if (!offloaded_ || is_xpn(latest.cipher_suite)) return at;
  // Packet numbers nobody sees rise are taken to rise as fast as they can. How old a resumed SAK is, nobody knows.
  const bool resumed = latest.sak.empty();
  const Duration span = resumed ? Duration{0} : shortest_span(context_.profile->mka.rekey_pn_percent, fastest_);
  return std::min(at.value_or(Time::max()), latest.since + span);
}

Result<void> Kay::rekey(Time now) {
  if (!cp_.transmitting()) return fail(EAGAIN, "nothing is secured yet");
  if (!elected_self_)
    return fail(EPERM, "the key server is " + (key_server_ ? to_string(*key_server_) : std::string{"not known"}) +
                           "; only it can make a new SAK");
  want_sak(now, "operator");
  context_.emit(Event::Kind::rekey_started, now, "operator");
  return {};
}

Result<void> Kay::suspend(Duration span, Time now) {
  if (span < Duration{0} || span > 120s) return fail(EINVAL, "a suspension lasts 0 to 120 s");
  if (span == Duration{0}) {
    suspend_at_.reset();
    suspended_until_.reset();
    on_link_up(now);
    return {};
  }
  if (!cp_.transmitting()) return fail(EAGAIN, "nothing is secured that could be suspended");
  for (const Participant& participant : participants_)
    for (const Peer& peer : participant.peers().all())
      if (peer.live && peer.version < 3)
        return fail(ENOTSUP, "peer " + to_string(peer.sci) + " speaks MKA version " + std::to_string(peer.version) +
                                 ", which knows no suspension");
  suspend_span_ = span;
  suspend_at_ = now + bounded_hello_time;
  suspended_until_ = *suspend_at_ + span;
  for (Participant& participant : participants_) participant.ramp_up(now);
  return {};
}

void Kay::step(Time now) {
  if (context_.link.carrier) fastest_ = std::max(fastest_, speed());
  if (suspended_until_ && now >= *suspended_until_) {
    suspend_at_.reset();
    suspended_until_.reset();
    on_link_up(now);
  }
  follow_lifetimes(now);
  expire_peers(now);
  if (read_again_ && now >= *read_again_) on_device_found(now);
  if (context_.link.present && !read_again_) {
    // Each round may open the way for the next: a key retired, then another made, then put to use.
    for (int rounds = 0; rounds < 8; ++rounds) {
      choose_principal(now);
      elect(now);
      watch_members(now);
      const bool stepped = cp_.step(cp_inputs(), now);
      if (stepped) {
        ++revision_;
        tell_all();
      }
      if (elected_self_ && cp_.abandoned() && refused_key_ != cp_.abandoned()) {
        refused_key_ = cp_.abandoned();
        want_sak(now, "the SecY refused the last");
        generate_after_ = now + generate_retry;
      }
      end_distribution_when_done();
      if (!serve(now) && !stepped) break;
    }
  }
  speak(now);
}

std::optional<Time> Kay::next_timeout() const {
  std::optional<Time> next = cp_.next_timeout();
  const auto consider = [&](const std::optional<Time>& at) {
    if (at && (!next || *at < *next)) next = at;
  };
  const bool may_speak = context_.link.present && context_.link.carrier && !read_again_;
  const bool silent = suspended_until_ && suspend_at_ && next_is_silent_;
  for (const Participant& participant : participants_) {
    consider(participant.peers().next_expiry());
    if (participant.active && may_speak && !silent) consider(participant.next_transmit());
    if (!epoch_) continue;
    // Of both bounds only the one ahead changes anything.
    if (!participant.active && participant.not_before && enabled_) {
      const Time start = *epoch_ + std::chrono::seconds{*participant.not_before};
      if (start > last_step_) consider(start);
    }
    if (participant.active && participant.not_after) consider(*epoch_ + std::chrono::seconds{*participant.not_after});
  }
  consider(read_again_);
  if (!sak_wanted_) consider(next_rekey());
  if (outreached_since_ && *outreached_since_ + outreached_patience > last_step_)
    consider(*outreached_since_ + outreached_patience);
  consider(suspend_at_ && !next_is_silent_ ? suspend_at_ : suspended_until_);
  if (elected_self_ && sak_wanted_) {
    if (generate_after_ && *generate_after_ > last_step_) consider(generate_after_);
    for (const Duration pause : {introduction_time, gather_time})
      if (*sak_wanted_ + pause > last_step_) consider(*sak_wanted_ + pause);
    if (cp_.latest() && cp_.latest()->since + life_time > last_step_) consider(cp_.latest()->since + life_time);
  }
  if (elected_self_ && cp_.latest()) {
    const auto owner = std::ranges::find(participants_, cp_.latest()->ckn, &Participant::ckn);
    if (owner != participants_.end())
      for (const Peer& peer : owner->peers().all())
        if (peer.live && peer.unkeyed_since) consider(*peer.unkeyed_since + peer.patience);
  }
  return next;
}

std::optional<Duration> Kay::sample_interval() const {
  const std::optional<SakSlot>& latest = cp_.latest();
  if (!latest) return std::nullopt;
  if (context_.profile->mka.delay_protect) return bounded_hello_time;
  if (is_xpn(latest->cipher_suite)) return longest_sample_interval;
  // Three looks before the rest of the PN space could be used up.
  const Duration left = shortest_span(100U - context_.profile->mka.rekey_pn_percent, speed());
  return std::clamp<Duration>(left / 3, 100ms, longest_sample_interval);
}

Snapshot Kay::snapshot() const {
  Snapshot out{.sci = context_.link.sci, .last_kn = last_kn_, .participants = {}, .latest = {}, .old = {}};
  for (const Participant& participant : participants_)
    if (participant.active && participant.peers().any_live()) out.participants.push_back(participant.snapshot());
  const auto keep = [](const std::optional<SakSlot>& slot) -> std::optional<Snapshot::Key> {
    if (!slot) return std::nullopt;
    Snapshot::Key key{slot->id, slot->an, slot->cipher_suite, slot->encrypt, slot->ckn, {}};
    for (const SakMember& member : slot->members) key.members.push_back(member.sci);
    return key;
  };
  out.latest = keep(cp_.latest());
  out.old = keep(cp_.old());
  return out;
}

}  // namespace macsec::core
