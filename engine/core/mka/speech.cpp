// SPDX-License-Identifier: LGPL-2.1-or-later
// What goes into MKPDUs and when they leave; and how a port takes over a device with keys in it.
#include "engine/core/mka/kay.hpp"

#include <algorithm>
#include <utility>

namespace macsec::core {

namespace {

using namespace std::chrono_literals;

/// LPN: the lowest PN used for transmission in this time (802.1X-2020 9.10).
constexpr Duration lowest_pn_age = 2s;
/// A device that could not be read is read again this much later.
constexpr Duration read_gap = 1s;

}  // namespace

Pn Kay::lowest_pn(const SakSlot& slot, Time now) const {
  if (slot.id != pn_key_) return 1;
  Pn lowest = 1;
  const std::size_t kept = std::min(pn_sample_count_, pn_samples_.size());
  for (std::size_t back = 0; back < kept; ++back) {
    const PnSample& sample = pn_samples_[(pn_sample_count_ - 1 - back) % pn_samples_.size()];
    if (now - sample.at < lowest_pn_age) continue;
    lowest = sample.next_pn;
    break;
  }
  // A key about to run out is reported at once: the key server must know before the two seconds are over.
  if (pn_exhausted(next_pn_)) lowest = next_pn_;
  return std::max<Pn>(lowest, 1);
}

SakUseKey Kay::report(const std::optional<SakSlot>& slot, const Participant& participant, Time now) const {
  if (!slot || slot->ckn != participant.ckn()) return {};
  SakUseKey out;
  out.an = slot->an;
  out.key = slot->id;
  out.receiving = slot->receiving;
  out.transmitting = slot->transmitting;
  out.lowest_pn = lowest_pn(*slot, now);
  return out;
}

Announcement Kay::announcement(const Participant& participant, Time now) const {
  Announcement what;
  const bool principal = principal_ == participant.ckn();
  what.key_server =
      principal ? elected_self_ : participant.elect(context_.profile->mka.priority, context_.link.sci).self;
  if (cp_.latest() || cp_.old()) {
    SakUseSet use;
    use.latest = report(cp_.latest(), participant, now);
    use.old = report(cp_.old(), participant, now);
    use.delay_protect = context_.profile->mka.delay_protect;
    const bool clear = context_.profile->macsec.policy == Policy::should_secure && !cp_.transmitting();
    use.plain_tx = clear;
    use.plain_rx = clear;
    what.sak_use = use;
    what.xpn = cp_.latest() && is_xpn(cp_.latest()->cipher_suite);
  }
  if (distribution_ && distribution_->ckn == participant.ckn() && !distribution_is_stale()) {
    what.distributed_sak = distribution_->set;
    const auto suite = cipher_suite_from_id(distribution_->set.cipher_suite_id);
    what.distributed_sak->wrapped = Bytes{distribution_->wrapped}.first(sak_size(*suite) + 8);
    what.only_live = &distribution_->members;
    if (is_xpn(*suite) && cp_.latest()) what.live_ssci = static_cast<std::uint8_t>(cp_.latest()->own_ssci);
  }
  what.cipher_suites = announced_;
  if (suspend_at_ && suspended_until_) what.suspension_seconds = static_cast<std::uint8_t>(suspend_span_ / 1s);
  return what;
}

Duration Kay::hello() const noexcept {
  return context_.profile->mka.delay_protect ? std::min(context_.profile->mka.hello, bounded_hello_time)
                                             : context_.profile->mka.hello;
}

void Kay::tell_all() noexcept {
  for (Participant& participant : participants_)
    if (participant.active) participant.new_info = true;
}

void Kay::speak(Time now) {
  last_step_ = now;
  next_is_silent_ = suspend_at_ && now >= *suspend_at_;
  if (!context_.link.present || !context_.link.carrier || next_is_silent_ || read_again_) return;
  for (Participant& participant : participants_) {
    if (!participant.due(now)) continue;
    const MessageNumber limit = participant.mn_limit();
    const MemberId mi = participant.mi();
    Frame frame = participant.transmit(context_, announcement(participant, now), context_.random, now, hello());
    if (participant.mn_limit() != limit || participant.mi() != mi) ++revision_;
    if (frame.empty()) {
      ++context_.counters.mkpdu_tx_failures;
      continue;
    }
    ++context_.counters.mkpdu_tx;
    context_.frames.push_back(std::move(frame));
  }
}

void Kay::on_device_found(Time now) {
  // Under another SCI it is another member. The peers would take the old identifier for a collision, and those remembered
  // here may have changed just the same: waiting for their reports would take a life time.
  if (member_sci_ && *member_sci_ != context_.link.sci)
    for (Participant& participant : participants_) participant.renew(context_.random);
  member_sci_ = context_.link.sci;
  const auto held = context_.secy.read();
  if (!held) {
    // Keys may be in there, ours or a stranger's: nothing is done before that is known.
    ++context_.counters.secy_failures;
    if (!read_again_) context_.emit(Event::Kind::secy_error, now, held.error().message);
    read_again_ = now + read_gap;
    return refuse(Reason::secy_error, held.error().message);
  }
  if (read_again_) refuse(Reason::none, {});
  read_again_.reset();
  offloaded_ = held->offload != OffloadMode::off;
  Resumable keys = resumable(*held);
  remember_used(*held);
  clear_leftovers(*held, keys.latest, keys.old, now);
  if (keys.latest) go_on_with(std::move(keys), now);
  resume_.reset();
  ++revision_;
}

Kay::Resumable Kay::resumable(const SecyState& held) {
  Resumable keys;
  if (!resume_ || resume_->sci != context_.link.sci) return keys;
  if (resume_->latest) keys.latest = confirmed(*resume_->latest, held);
  if (resume_->old) keys.old = confirmed(*resume_->old, held);
  if (!keys.latest) keys.latest = std::exchange(keys.old, std::nullopt);
  // It cannot be offered to those who missed it, for nobody knows it any more: the next SAK replaces it.
  if (keys.latest && !keys.latest->transmitting && keys.old && made_here(keys.latest->id))
    keys.latest = std::exchange(keys.old, std::nullopt);
  // A key that transmits, through a participant that still exists: else this is a new start.
  const bool usable = keys.latest && (keys.latest->transmitting || (keys.old && keys.old->transmitting)) &&
                      find(keys.latest->ckn) != nullptr;
  return usable ? std::move(keys) : Resumable{};
}

void Kay::remember_used(const SecyState& held) {
  if (resume_) {
    last_kn_ = std::max(last_kn_, resume_->last_kn);
    for (const SaState& sa : held.transmit)
      if (made_here(sa.key)) last_kn_ = std::max(last_kn_, sa.key.number);
    if (resume_->latest) note_used(resume_->latest->key);
    if (resume_->old) note_used(resume_->old->key);
  }
  for (const SaState& sa : held.transmit)
    if (sa.next_pn != 1 || held.offload != OffloadMode::off) note_used(sa.key);
  for (const ReceiveScState& sc : held.receive)
    for (const SaState& sa : sc.associations)
      if (sa.next_pn > 1) note_used(sa.key);
}

void Kay::go_on_with(Resumable keys, Time now) {
  for (const Snapshot::Participant& was : resume_->participants) {
    Participant* participant = find(was.ckn);
    if (participant == nullptr) continue;
    participant->resume(was, now);
    participant->grew = false;
  }
  // Until they speak again its members are taken to report what they must have reported for it to be in use.
  const SakSlot& latest = *keys.latest;
  for (Peer& peer : find(latest.ckn)->peers().all())
    if (std::ranges::find(latest.members, peer.sci, &SakMember::sci) != latest.members.end())
      peer.latest = {latest.id, latest.an, true, latest.transmitting, 1};
  principal_ = latest.ckn;
  cp_.resume(std::move(keys.latest), std::move(keys.old), now);
  const Participant* owner = principal();
  const auto elected = owner->elect(context_.profile->mka.priority, context_.link.sci);
  elected_self_ = elected.self;
  key_server_ = elected.self ? context_.link.sci : elected.peer != nullptr ? elected.peer->sci : Sci{};
}

bool Kay::made_here(const KeyId& key) const {
  return std::ranges::any_of(resume_->participants,
                             [&](const Snapshot::Participant& was) { return was.mi == key.server; });
}

std::optional<SakSlot> Kay::confirmed(const Snapshot::Key& key, const SecyState& held) const {
  const auto sa = std::ranges::find(held.transmit, key.an, &SaState::an);
  if (sa == held.transmit.end() || sa->key != key.key || !sa->active || sa->next_pn == 0 ||
      held.cipher_suite != key.cipher_suite)
    return std::nullopt;
  SakSlot slot;
  slot.id = key.key;
  slot.an = key.an;
  slot.cipher_suite = key.cipher_suite;
  slot.encrypt = key.encrypt;
  slot.ckn = key.ckn;
  slot.own_ssci = sa->ssci;
  slot.receiving = true;
  slot.transmitting = held.encoding == key.an && held.parameters.protect;
  for (const Sci& sci : key.members) {
    // A key that is not received with is one half deleted: nobody would install the other half again.
    const auto sc = std::ranges::find(held.receive, sci, &ReceiveScState::sci);
    if (sc == held.receive.end()) return std::nullopt;
    const auto rx = std::ranges::find(sc->associations, key.an, &SaState::an);
    if (rx == sc->associations.end() || rx->key != key.key) return std::nullopt;
    slot.receiving_from.push_back(sci);
    slot.members.push_back({sci, rx->ssci});
  }
  return slot;
}

void Kay::clear_leftovers(const SecyState& held, const std::optional<SakSlot>& latest,
                          const std::optional<SakSlot>& old, Time now) {
  const auto kept = [&](const KeyId& key) { return (latest && latest->id == key) || (old && old->id == key); };
  for (const ReceiveScState& sc : held.receive) {
    const bool any = std::ranges::any_of(sc.associations, [&](const SaState& sa) { return kept(sa.key); });
    if (!any) {
      for (const SaState& sa : sc.associations) cp_.remove({.sci = sc.sci, .an = sa.an}, now);
      cp_.remove({.sci = sc.sci, .an = std::nullopt}, now);
      continue;
    }
    for (const SaState& sa : sc.associations)
      if (!kept(sa.key)) cp_.remove({.sci = sc.sci, .an = sa.an}, now);
  }
  for (const SaState& sa : held.transmit)
    if (!kept(sa.key)) cp_.remove({.sci = std::nullopt, .an = sa.an}, now);
}

}  // namespace macsec::core
