// SPDX-License-Identifier: LGPL-2.1-or-later
// What goes into MKPDUs and when they leave. No class of its own: it has no state but reads that of every object the Kay
// is composed of, and would be handed all of them.
#include "engine/core/mka/kay.hpp"

#include <algorithm>

namespace macsec::core {

SakUseKey Kay::report(const std::optional<SakSlot>& slot, const Participant& participant, Time now) const {
  if (!slot || slot->ckn != participant.ckn()) return {};
  SakUseKey out;
  out.an = slot->an;
  out.key = slot->id;
  out.receiving = slot->receiving;
  out.transmitting = slot->transmitting;
  out.lowest_pn = pn_watch_.lowest(*slot, now);
  return out;
}

Announcement Kay::announcement(const Participant& participant, Time now) const {
  Announcement what;
  what.key_server = principal_.is(participant)
                        ? is_key_server()
                        : participant.elect(context_.profile->mka.priority, context_.link.sci).self;
  if (cp_.latest() || cp_.old()) {
    SakUseSet use;
    use.latest = report(cp_.latest(), participant, now);
    use.old = report(cp_.old(), participant, now);
    use.delay_protect = delay_protect();
    const bool clear = context_.policy() == Policy::should_secure && !cp_.transmitting();
    use.plain_tx = clear;
    use.plain_rx = clear;
    what.sak_use = use;
    what.xpn = cp_.latest() && is_xpn(cp_.latest()->cipher_suite);
  }
  server_.fill(what, participant, participants_);
  what.cipher_suites = announced_;
  what.suspension_seconds = suspension_.seconds_told();
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
  for (Participant& participant : participants_) participant.hush(suspension_.silent(), now);
  if (!context_.link.present || !context_.link.carrier || suspension_.silent() || device_unread()) return;
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

}  // namespace macsec::core
