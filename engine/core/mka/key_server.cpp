// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/mka/key_server.hpp"

#include "engine/core/mka/received_sak.hpp"
#include "engine/core/mka/reports.hpp"

#include <algorithm>

namespace macsec::core {

namespace {

using namespace std::chrono_literals;

/// A member that cannot use a SAK is offered another after this long at the most.
constexpr Duration longest_patience = 60s;
/// Between two SAKs made here.
constexpr Duration generate_gap = 10ms;
/// The same where members ask for it by what they report: nobody makes a key server rekey without a pause.
constexpr Duration asked_gap = 1s;

std::vector<const Peer*> live_peers(const Participant& participant) {
  std::vector<const Peer*> live;
  for (const Peer& peer : participant.peers().all())
    if (peer.live) live.push_back(&peer);
  return live;
}

/// The first live peer, where no live peer has MACsec.
const Peer* without_macsec(const Participant& participant) {
  const std::vector<const Peer*> live = live_peers(participant);
  return live.empty() || std::ranges::any_of(live, &Peer::macsec_capable) ? nullptr : live.front();
}

}  // namespace

std::string_view to_string(Want want) noexcept {
  switch (want) {
    case Want::no_sak:
      return "no SAK";
    case Want::elected:
      return "elected key server";
    case Want::new_peer:
      return "new live peer";
    case Want::principal_changed:
      return "principal changed";
    case Want::profile_changed:
      return "profile changed";
    case Want::peer_lost:
      return "peer lost";
    case Want::member_left:
      return "a member left before it had the key";
    case Want::member_without_key:
      return "member without the key";
    case Want::rekey_time:
      return "rekey time";
    case Want::packet_numbers:
      return "packet numbers";
    case Want::members_packet_numbers:
      return "a member's packet numbers";
    case Want::request:
      return "operator";
    case Want::refused:
      return "the SecY refused the last";
    case Want::suites_changed:
      return "a member's cipher suites";
    case Want::suite_untaken:
      return "a member does not take the cipher suite";
    case Want::introduced:
      return "members have found one another";
  }
  return {};
}

void KeyServer::want(Want why, Time now) {
  if (!wanted()) {
    deadlines_.set(Timer::gather, now + gather_time);
    context_.trace.record({now, "KaY", {}, "SAK wanted", to_string(why)});
  }
  if (why == Want::new_peer) trials_.start_over();
  wants_ |= 1U << static_cast<unsigned>(why);
}

void KeyServer::lose_role() noexcept {
  constexpr auto bit = [](Want want) { return 1U << static_cast<unsigned>(want); };
  wants_ &= bit(Want::request) | bit(Want::rekey_time) | bit(Want::packet_numbers) | bit(Want::members_packet_numbers) |
            bit(Want::profile_changed);
  offer_.reset();
}

bool KeyServer::is_asked_only() const noexcept {
  constexpr auto bit = [](Want want) { return 1U << static_cast<unsigned>(want); };
  return (wants_ & ~(bit(Want::member_without_key) | bit(Want::members_packet_numbers))) == 0;
}

void KeyServer::watch(std::span<Participant> participants, Time now) {
  deadlines_.stop(Timer::member);
  trials_.follow(cp_.cipher_suites());
  const std::optional<SakSlot>& latest = cp_.latest();
  if (cp_.has_pending_sak()) return;  // about to take the place of the latest
  if (!latest) return want(Want::no_sak, now);
  if (!latest->transmitting && (!offer_ || is_stale(participants))) want(Want::member_left, now);
  if (latest->exhausted) want(Want::packet_numbers, now);
  if (const auto rekey_at = next_rekey(); rekey_at && now >= *rekey_at) want(Want::rekey_time, now);
  const auto owner = std::ranges::find(participants, latest->ckn, &Participant::ckn);
  if (owner == participants.end()) return;
  watch_settings(*owner, *latest, now);
  if (owner->peers().any_unacquainted())
    unacquainted_ = true;
  else if (unacquainted_)
    want(Want::introduced, now);
  // Another suite would cost those who took this one their device and their keys.
  const bool anybody_receives = reports_of(*latest, owner->peers()).any_receiving;
  for (Peer& peer : owner->peers().all())
    if (peer.live && peer.macsec_capable) watch_member(peer, *latest, anybody_receives, now);
}

void KeyServer::watch_settings(const Participant& owner, const SakSlot& latest, Time now) {
  const Profile& profile = *context_.profile;
  if (latest.encrypt != profile.macsec.encrypt ||
      objection(profile, latest.cipher_suite, latest.encrypt, {}).reason != Reason::none)
    want(Want::profile_changed, now);
  const bool announced = std::ranges::all_of(owner.peers().all(), [&](const Peer& peer) {
    return !peer.live || !peer.announces || peer.supports(latest.cipher_suite);
  });
  if (!announced && choose_cipher(owner)) want(Want::suites_changed, now);
}

bool KeyServer::replaces(const Participant& principal, Time now) const {
  if (!choose_cipher(principal)) return false;
  return wanted() || (cp_.latest() && !cp_.latest()->transmitting && !is_untaken(now));
}

bool KeyServer::is_untaken(Time now) const noexcept {
  const std::optional<SakSlot>& latest = cp_.latest();
  return latest && !latest->transmitting && now >= latest->since + life_time;
}

void KeyServer::watch_member(Peer& peer, const SakSlot& latest, bool anybody_receives, Time now) {
  const PeerKeyUse* use = peer.use_of(latest.id);
  if (use != nullptr && use->receiving) {
    peer.unkeyed_since.reset();
    peer.patience = life_time;
    if (!peer.announces) trials_.note_taken(latest.id, latest.cipher_suite, peer);
    return;
  }
  if (!peer.unkeyed_since) {
    peer.unkeyed_since = now;
    peer.another_sak_at = now + peer.patience;
  }
  // A member that had the key and lost it is helped at once, one that never took it is given time. What it said in
  // the first moments of a key may have been said before it knew.
  const bool lost_it = !offer_ && peer.patience == life_time && peer.last_heard >= latest.since + 1s;
  if (lost_it || now >= peer.another_sak_at) {
    const bool untaken = !lost_it && !anybody_receives && !peer.announces;
    if (untaken) want(Want::suite_untaken, now);
    // Each suite has its time before patience grows.
    if (!untaken || !trials_.note_failed(latest.id, latest.cipher_suite, peer, "no SAK is taken by"))
      peer.patience = std::min(peer.patience * 2, longest_patience);
    peer.another_sak_at = now + peer.patience;
    want(Want::member_without_key, now);
  }
  deadlines_.set_sooner(Timer::member, peer.another_sak_at);
  // The state says so from then on.
  if (const Time late = *peer.unkeyed_since + life_time; now < late) deadlines_.set_sooner(Timer::member, late);
}

void KeyServer::listen(std::span<Participant> participants, Time now) {
  const std::optional<SakSlot>& latest = cp_.latest();
  if (!latest || !latest->transmitting) return;
  const auto owner = std::ranges::find(participants, latest->ckn, &Participant::ckn);
  if (owner != participants.end() && trials_.listen(*owner, *latest, pn_watch_, now)) want(Want::suite_untaken, now);
}

std::string KeyServer::trial_words() const {
  if (!cp_.latest()) return {};
  const std::string failed = trials_.failed_words(cp_.latest()->cipher_suite);
  if (failed.empty()) return {};
  return ": " + std::string{to_string(cp_.latest()->cipher_suite)} + " is tried, " + failed + " did not work";
}

bool KeyServer::serve(Participant& principal, std::span<const Participant> participants, Time now) {
  deadlines_.stop(Timer::settle);
  deadlines_.stop(Timer::introduction);
  deadlines_.stop(Timer::forming);
  deadlines_.stop(Timer::asked);
  if (!wanted()) return false;
  if (is_asked_only() && cp_.latest() && now < cp_.latest()->since + asked_gap)
    deadlines_.set(Timer::asked, cp_.latest()->since + asked_gap);
  if (const auto until = forming_until(principal); until && now < *until) deadlines_.set(Timer::forming, *until);
  if (principal.peers().any_unacquainted()) {
    const auto newest = std::ranges::max_element(principal.peers().all(), {}, &Peer::live_since);
    if (const Time until = newest->live_since + introduction_time; now < until)
      deadlines_.set(Timer::introduction, until);
  }
  if (cp_.latest() && now < cp_.latest()->since + life_time)
    deadlines_.set(Timer::settle, cp_.latest()->since + life_time);
  if (!may_generate(principal, participants, now)) return false;
  generate(principal, now);
  return cp_.has_pending_sak();
}

/// A SAK that is wanted so soon after another is wanted for members that came together, and the last of them is seldom here.
std::optional<Time> KeyServer::forming_until(const Participant& principal) const {
  const std::optional<SakSlot>& latest = cp_.latest();
  const std::optional<Time> gathered = deadlines_.at(Timer::gather);
  if (!latest || !gathered || *gathered > latest->since + 2 * gather_time) return std::nullopt;
  const std::vector<const Peer*> live = live_peers(principal);
  if (live.size() < 2) return std::nullopt;
  const Peer* const newest = *std::ranges::max_element(live, {}, &Peer::live_since);
  return std::min(*gathered, newest->live_since + forming_time * std::ssize(live));
}

bool KeyServer::may_generate(const Participant& principal, std::span<const Participant> participants, Time now) const {
  if (cp_.has_pending_sak() || deadlines_.is_running(Timer::retry, now)) return false;
  // What a member of the time before a restart can do is known once it speaks.
  // Who is suspended does not: it is waited for below.
  if (std::ranges::any_of(principal.peers().all(),
                          [](const Peer& peer) { return peer.remembered && !peer.suspended_until; }))
    return false;
  // Members that are about to become live are worth a moment: one SAK for all instead of one after the other.
  if (deadlines_.is_running(Timer::gather, now) &&
      (principal.peers().any_potential() || principal.peers().any_stranger()))
    return false;
  if (deadlines_.is_running(Timer::forming, now) || deadlines_.is_running(Timer::asked, now)) return false;
  // A version-1 peer receives only from those that were live to it when it took the SAK: let them speak first.
  if (deadlines_.is_running(Timer::introduction, now)) return false;
  const std::optional<SakSlot>& latest = cp_.latest();
  if (!latest) return true;
  // 9.18: who is suspended can neither take a SAK nor tell. Only packet numbers do not wait.
  if (principal.peers().any_suspended(now) && !wanted(Want::packet_numbers) && !wanted(Want::members_packet_numbers))
    return false;
  if (!latest->transmitting) {
    // What can never be taken by all it was made for gives way at once, as does one of a CA that was left before it was in
    // use; what nobody took when its time is over.
    const Participant* owner = find(participants, latest->ckn);
    return !offer_ || owner == nullptr || latest->ckn != principal.ckn() || is_stale(participants) ||
           (is_untaken(now) && !reports_of(*latest, owner->peers()).any_receiving);
  }
  // 9.8: the SAK before is in use everywhere, or its time to become so is over; and there is room for two keys only.
  if (cp_.old()) return false;
  return cp_.settled_since() || now >= latest->since + life_time;
}

Result<SakSlot> KeyServer::make_sak(Participant& participant, CipherSuite suite, std::span<const Peer* const> members,
                                    Time now) {
  SakSlot slot;
  slot.id = {participant.mi(), ++last_kn_};
  // A new key server has no keys itself, but its members may still use those of the one before.
  std::uint8_t taken = 0;
  for (const Peer* peer : members)
    for (const PeerKeyUse* use : {&peer->latest, &peer->old})
      if (use->receiving || use->transmitting) taken = static_cast<std::uint8_t>(taken | 1U << use->an.value());
  slot.an = cp_.free_an(taken);
  slot.cipher_suite = suite;
  slot.encrypt = context_.profile->macsec.encrypt;
  slot.ckn = participant.ckn();
  slot.since = now;
  std::vector<MemberId> ids{participant.mi()};
  for (const Peer* peer : members) {
    ids.push_back(peer->mi);
    slot.members.push_back({peer->sci, 0, peer->mi});
  }
  if (is_xpn(suite)) number_members(slot.members, context_.link.sci, slot.own_ssci);
  Secret<32> nonce;
  context_.random.fill(nonce.allocate(sak_size(suite)));
  auto sak = crypto::derive_sak(participant.cak(), nonce.expose(), ids, slot.id.number, sak_size(suite));
  if (!sak) return std::unexpected{sak.error()};
  const auto digest = crypto::digest_sak(*sak);
  if (!digest) {
    ++context_.counters.sak_hash_failures;
    return std::unexpected{digest.error()};
  }
  slot.sak = std::move(*sak);
  slot.digest = *digest;
  return slot;
}

Result<KeyServer::Offer> KeyServer::make_offer(const Participant& participant, const SakSlot& slot,
                                               std::span<const Peer* const> members) const {
  Offer made;
  const std::size_t wrapped_size = sak_size(slot.cipher_suite) + 8;
  const auto wrapped = crypto::wrap_sak(participant.kek(), slot.sak, MutableBytes{made.wrapped}.first(wrapped_size));
  if (!wrapped) {
    ++context_.counters.sak_wrap_failures;
    return std::unexpected{wrapped.error()};
  }
  made.key = slot.id;
  made.ckn = participant.ckn();
  made.set = {.an = slot.an,
              .confidentiality_offset = static_cast<std::uint8_t>(slot.encrypt ? 1 : 0),
              .number = slot.id.number,
              .cipher_suite_id = cipher_suite_id(slot.cipher_suite),
              .wrapped = {}};
  for (const Peer* peer : members) {
    made.members.push_back(peer->mi);
    made.scis.push_back(peer->sci);
  }
  return made;
}

void KeyServer::fail_for_now(Reason reason, std::string text, Time now) {
  deadlines_.set(Timer::retry, now + generate_retry);
  refusal_.set(reason, std::move(text));
}

void KeyServer::generate(Participant& participant, Time now) {
  if (const Peer* peer = without_macsec(participant))
    return fail_for_now(Reason::macsec_refused, "peer " + to_string(peer->sci) + " says that it has no MACsec", now);
  const std::optional<CipherSuite> suite = choose_cipher(participant);
  if (!suite) return fail_for_now(Reason::none, {}, now);  // what everybody announces speaks for itself
  const std::vector<const Peer*> members = live_peers(participant);
  if (Refusal against = shortage(context_.secy.traits(), members.size()); against.reason != Reason::none)
    return fail_for_now(against.reason, std::move(against.text), now);
  const bool replaces = cp_.latest().has_value();  // by then it may be gone with its suite
  const bool tries = replaces && wanted(Want::suite_untaken) && cp_.latest()->cipher_suite != *suite;
  if (const auto ready = cp_.select_cipher_suite(*suite, now); !ready)
    return fail_for_now(Reason::secy_error, ready.error().message, now);
  auto slot = make_sak(participant, *suite, members, now);
  auto made = slot ? make_offer(participant, *slot, members) : std::unexpected{slot.error()};
  if (!made) {
    ++context_.counters.sak_generation_failures;
    return fail_for_now(Reason::secy_error, made.error().message, now);
  }
  if (replaces) {
    ++context_.counters.sak_rekeys;
    const std::string trial = ", with " + std::string{to_string(*suite)} + " since " + trials_.why();
    context_.emit(Event::Kind::rekey_started, now,
                  "SAK " + std::to_string(slot->id.number) + " replaces the one before" + (tries ? trial : "") +
                      ": key identifier " + to_string(slot->id));
  }
  ++context_.counters.sak_generated;
  used_.note(slot->id, now);
  used_.note(slot->digest, now);
  offer_ = std::move(*made);
  cp_.new_sak(std::move(*slot));
  pn_watch_.forget_speed();
  wants_ = 0;
  unacquainted_ = participant.peers().any_unacquainted();
  deadlines_.set(Timer::retry, now + generate_gap);
  refusal_.clear();
  participant.ramp_up(now);
}

void KeyServer::follow_refusals(Time now) {
  if (!cp_.abandoned() || refused_key_ == cp_.abandoned()) return;
  refused_key_ = cp_.abandoned();
  want(Want::refused, now);
  deadlines_.set(Timer::retry, now + generate_retry);
}

bool KeyServer::is_stale(std::span<const Participant> participants) const {
  if (!offer_ || !cp_.latest() || offer_->key != cp_.latest()->id) return false;
  const Participant* owner = find(participants, offer_->ckn);
  if (owner == nullptr) return true;
  // A key of greater precedence reaches somebody again, so nobody may use a SAK of this one any more.
  if (std::ranges::any_of(participants, [owner](const Participant& other) {
        return precedence(other.role) > precedence(owner->role) && other.active && other.peers().any_live();
      }))
    return true;
  const auto cipher = cipher_suite_from_id(offer_->set.cipher_suite_id);
  for (std::size_t i = 0; i < offer_->members.size(); ++i) {
    const Peer* peer = owner->peers().find(offer_->members[i]);
    if (peer != nullptr && peer->live) continue;
    // Gone: the others would number the members differently from those that took it before. Or restarted under another
    // MI: it is waited for, and will never take a SAK made for its earlier self.
    if (cipher && is_xpn(*cipher)) return true;
    if (owner->peers().find_live(offer_->scis[i]) != nullptr) return true;
  }
  // Somebody joined, or came back, before anybody sent with it: it would be left out for as long as the key is new.
  return !cp_.latest()->transmitting && std::ranges::any_of(owner->peers().all(), [this](const Peer& peer) {
    return peer.live && std::ranges::find(offer_->members, peer.mi) == offer_->members.end();
  });
}

void KeyServer::end_offer_when_done(std::span<const Participant> participants) {
  if (!offer_) return;
  const Participant* owner = find(participants, offer_->ckn);
  const bool current = cp_.has_pending_sak() || (cp_.latest() && cp_.latest()->id == offer_->key);
  if (owner == nullptr || !current) return offer_.reset();
  for (const MemberId& mi : offer_->members) {
    const Peer* peer = owner->peers().find(mi);
    if (peer == nullptr || !peer->live || !peer->macsec_capable) continue;
    const PeerKeyUse* use = peer->use_of(offer_->key);
    if (use == nullptr || !use->receiving) return;
  }
  offer_.reset();
}

void KeyServer::fill(Announcement& what, const Participant& participant,
                     std::span<const Participant> participants) const {
  if (!offer_ || offer_->ckn != participant.ckn() || is_stale(participants)) return;
  what.distributed_sak = offer_->set;
  const auto suite = cipher_suite_from_id(offer_->set.cipher_suite_id);
  what.distributed_sak->wrapped = Bytes{offer_->wrapped}.first(sak_size(*suite) + 8);
  what.only_live = &offer_->members;
  if (is_xpn(*suite) && cp_.latest()) what.live_ssci = static_cast<std::uint8_t>(cp_.latest()->own_ssci);
}

std::optional<Time> KeyServer::next_rekey() const noexcept {
  if (!cp_.latest()) return std::nullopt;
  const SakSlot& latest = *cp_.latest();
  std::optional<Time> at;
  if (context_.profile->mka.rekey != Duration{0}) at = latest.since + context_.profile->mka.rekey;
  return sooner(at, pn_watch_.rekey_at(latest));
}

std::optional<Time> KeyServer::next() const noexcept {
  return wanted() ? deadlines_.next() : sooner(deadlines_.at(Timer::member), next_rekey());
}

}  // namespace macsec::core
