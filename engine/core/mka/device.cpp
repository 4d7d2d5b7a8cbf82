// SPDX-License-Identifier: LGPL-2.1-or-later
// What becomes of keys as the device under a Kay comes, goes and is interrupted. No class of its own: it has no state but
// moves that of every object the Kay is composed of.
#include "engine/core/mka/kay.hpp"

#include <algorithm>

namespace macsec::core {

namespace {

/// A device that could not be read is read again this much later.
constexpr Duration read_gap = std::chrono::seconds{1};

}  // namespace

void Kay::on_device_lost(Time now) {
  server_.forget_offer();
  deadlines_.stop(Timer::read_again);
  pn_watch_.clear();
  cp_.forget(now);
}

bool Kay::interrupted() const {
  const SecyTraits traits = context_.secy.traits();
  return (traits.pn_rewinds_with_carrier && !context_.link.carrier) ||
         (traits.pn_rewinds_with_device && !context_.link.device_up);
}

void Kay::on_interruption(const LinkState& before, Time now) {
  const LinkState& link = context_.link;
  const SecyTraits traits = context_.secy.traits();
  const bool carrier = (before.carrier && !link.carrier) || before.carrier_losses != link.carrier_losses;
  const bool device = before.device_downs != link.device_downs;
  const bool rewinds = traits.pn_rewinds_with_carrier || traits.pn_rewinds_with_device;
  if (rewinds && (before.interruptions != link.interruptions || before.carrier != link.carrier)) ++revision_;
  if (!(carrier && traits.pn_rewinds_with_carrier) && !(device && traits.pn_rewinds_with_device)) return;
  if (!cp_.latest() && !cp_.old() && !cp_.has_pending_sak()) return;
  context_.trace.record({now, "KaY", {}, "keys end", "the hardware may send with old packet numbers again"});
  cp_.clear(now);
  server_.forget_offer();
  // To others this is another member: their key server makes another SAK for it.
  if (!is_key_server())
    for (Participant& participant : participants_) participant.renew(context_.random);
  ++revision_;
  tell_all();
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
    if (!device_unread()) context_.emit(Event::Kind::secy_error, now, held.error().message);
    deadlines_.set(Timer::read_again, now + read_gap);
    return refusal_.set(Reason::secy_error, held.error().message);
  }
  if (device_unread()) refusal_.clear();
  deadlines_.stop(Timer::read_again);
  pn_watch_.follow(context_.secy.traits());
  std::vector<Ckn> ckns;
  for (const Participant& participant : participants_) ckns.push_back(participant.ckn());
  // A key that was used while nobody looked, and whose frames hardware may have counted from the beginning since, ends here.
  const SecyTraits traits = context_.secy.traits();
  if (resume_ && (traits.pn_rewinds_with_carrier || traits.pn_rewinds_with_device) &&
      resume_->interruptions != context_.link.interruptions) {
    resume_->latest.reset();
    resume_->old.reset();
  }
  TakenOver taken = take_over(resume_, *held, context_.link.sci, ckns);
  for (const SakDigest& sak : taken.used_saks) used_.note(sak, now);
  for (const KeyId& key : taken.used) used_.note_found(key);
  server_.continue_after(taken.last_kn);
  for (const Leftover& what : taken.leftovers) cp_.leftovers().remove(what, now);
  if (taken.latest) resume_keys(taken, now);
  resume_.reset();
  ++revision_;
}

void Kay::resume_keys(TakenOver& taken, Time now) {
  for (const Snapshot::Participant& was : resume_->participants) {
    Participant* participant = find(was.ckn);
    if (participant == nullptr) continue;
    participant->resume(was, now);
    participant->grew = false;
  }
  // Until they speak again its members are taken to report what they must have reported for it to be in use. Of one that is not
  // in use yet nobody knows who receives with it.
  const SakSlot& latest = *taken.latest;
  Participant* owner = find(latest.ckn);
  for (Peer& peer : owner->peers().all())
    if (std::ranges::find(latest.members, peer.sci, &SakMember::sci) != latest.members.end())
      peer.latest = {latest.id, latest.an, latest.transmitting, latest.transmitting, 1};
  cp_.resume(std::move(taken.latest), std::move(taken.old), now);
  principal_.resume(*owner);
}

}  // namespace macsec::core
