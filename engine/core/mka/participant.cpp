// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/mka/participant.hpp"

#include "engine/base/text.hpp"
#include "engine/core/mka/suspension.hpp"

#include <algorithm>

namespace macsec::core {

namespace {

using namespace std::chrono_literals;

/// Gaps between the first MKPDUs, so that a peer that starts a moment later is met at once.
constexpr std::array<Duration, 4> ramp{100ms, 200ms, 400ms, 800ms};
/// MKPDUs sent because something is new are limited to this many in a burst and this many a second.
constexpr double burst = 20;
constexpr double per_second = 20;
constexpr MessageNumber mn_block = 1000;
constexpr Duration mark_spacing = 500ms;
/// Longer than all that are remembered can count one after the other.
constexpr Duration unproved_memory = PeerList::max_peers * life_time * 2;

PeerKeyUse key_use(const SakUseKey& slot, std::uint32_t upper) noexcept {
  if (!slot.used()) return {};
  return {slot.key, slot.an, slot.receiving, slot.transmitting, Pn{upper} << 32U | (slot.lowest_pn & 0xffffffffU)};
}

/// What is not said again is over after a life time, and at once where the sender became one that announces nothing: it may
/// have restarted with other settings.
void forget_announcement(Peer& peer, Time now) noexcept {
  if (peer.version >= 2 && now < peer.announced_at + life_time) return;
  peer.announces = false;
  peer.announced = 0;
}

void note_announcement(Peer& peer, const AnnouncementSet& set, Time now) noexcept {
  if (set.size() == 0) return;
  peer.announces = true;
  peer.announced_at = now;
  peer.announced = 0;
  for (std::size_t i = 0; i < set.size(); ++i)
    if (const auto suite = cipher_suite_from_id(set.cipher_suite_id(i)))
      peer.announced = static_cast<std::uint8_t>(peer.announced | 1U << static_cast<unsigned>(*suite));
}

void note_sak_use(Peer& peer, const Mkpdu& pdu) noexcept {
  const std::uint32_t latest_upper = pdu.xpn ? pdu.xpn->latest_upper : 0;
  const std::uint32_t old_upper = pdu.xpn ? pdu.xpn->old_upper : 0;
  if (!pdu.sak_use || !pdu.sak_use->macsec) {
    peer.latest = {};
    peer.old = {};
    peer.delay_protect = false;
    return;
  }
  peer.latest = key_use(pdu.sak_use->latest, latest_upper);
  peer.old = key_use(pdu.sak_use->old, old_upper);
  peer.delay_protect = pdu.sak_use->delay_protect;
}

std::uint8_t announced_suspension(const Peer& peer) noexcept {
  if (!peer.suspended_until) return 0;
  return static_cast<std::uint8_t>(
      std::chrono::floor<std::chrono::seconds>(*peer.suspended_until - peer.last_told).count());
}

/// Peers that elect by priority all the same come to the result that the rule demands.
std::uint8_t said_priority(KeyServerRule rule, std::uint8_t configured) noexcept {
  switch (rule) {
    case KeyServerRule::elect:
      return configured;
    case KeyServerRule::always:
      return 0;
    case KeyServerRule::never:
      return 255;
  }
  return configured;
}

}  // namespace

Result<Participant> Participant::create(AssociationKey key, Random& random) {
  Participant made;
  made.ckn_ = key.ckn;
  made.cak_ = std::move(key.cak);
  made.rule_ = key.rule;
  made.sequence_ = key.sequence;
  made.role = key.role;
  made.quiet = key.quiet;
  made.not_before = key.not_before;
  made.not_after = key.not_after;
  auto kek = crypto::derive_kek(made.cak_, made.ckn_);
  if (!kek) return std::unexpected{kek.error()};
  made.kek_ = std::move(*kek);
  const auto ick = crypto::derive_ick(made.cak_, made.ckn_);
  if (!ick) return std::unexpected{ick.error()};
  auto icv_key = crypto::IcvKey::from(*ick);
  if (!icv_key) return std::unexpected{icv_key.error()};
  made.icv_key_ = std::move(*icv_key);
  made.renew(random);
  return made;
}

bool Participant::verify(const EapolFrame& frame) const {
  const std::size_t covered = frame.authenticated.size() - icv_size;
  return icv_key_.verify(frame.authenticated.first(covered), frame.authenticated.subspan(covered));
}

Participant::Received Participant::receive(const Mkpdu& pdu, Time now) {
  const BasicSet& basic = pdu.basic;
  if (basic.mi == mi_) return {.what = Reception::mi_collision};
  Peer* peer = peers_.find(basic.mi);
  // 9.4.3: an MN that is not greater than the last one is a duplicate, late or a replay.
  if (peer != nullptr && basic.mn <= peer->mn) return {.what = Reception::replayed};
  if (basic.mn == 0) return {.what = Reception::replayed};
  if (peer == nullptr) {
    if (Peer* successor = peers_.successor_of(basic.mi)) return {.what = Reception::sci_conflict, .peer = successor};
    peer = peers_.admit(basic.mi, basic.sci);
    if (peer == nullptr) return {.what = Reception::no_room};
    new_info = true;
  }
  peer->mn = basic.mn;
  peer->last_heard = now;

  Received result{.peer = peer};
  std::optional<MessageNumber> listed;
  if (pdu.live) listed = pdu.live->find(mi_);
  if (!listed && pdu.potential) listed = pdu.potential->find(mi_);
  // It must be live: what a stranger lists proves nothing.
  if (peer->live && listed && *listed > mn_) return {.what = Reception::rewound};
  // Proof of a fresh MKPDU is an MN of ours sent lately, and by this process: what was heard before a restart could be
  // sent again by anybody.
  const bool hears_us = listed && *listed > resumed_mn_ && sent_recently(*listed, now);
  result.hears_us = hears_us;
  result.stale_list = listed && !hears_us;
  // Only who hears us stays live, so a link that loses frames one way is down for both ends alike.
  const bool suspended = peer->suspended_until.has_value();
  if (hears_us || !peer->live) believe(*peer, pdu, now);
  result.suspends = !suspended && peer->suspended_until.has_value();
  result.resumes = suspended && !peer->suspended_until;
  if (hears_us && !peer->live) {
    peer->live = true;
    peer->live_since = now;
    result.became_live = true;
    had_peer = true;
    grew = true;
    new_info = true;
    std::erase_if(unproved_, [&](const auto& each) { return each.first == basic.mi; });
    peers_.drop_predecessors(basic.mi);
    peer = peers_.find(basic.mi);
    result.peer = peer;
  }
  if (!peer->live) note_unproved(basic.mi, now);
  if (hears_us) note_sak_use(*peer, pdu);
  peer->hears.clear();
  for (std::size_t i = 0; pdu.live && i < pdu.live->size(); ++i)
    if (const MemberId other = (*pdu.live)[i].mi; other != mi_) peer->hears.push_back(other);
  return result;
}

void Participant::note_unproved(const MemberId& mi, Time now) {
  std::erase_if(unproved_, [now](const auto& each) { return now >= each.second + unproved_memory; });
  const auto at = std::ranges::find(unproved_, mi, &std::pair<MemberId, Time>::first);
  if (at == unproved_.end() && unproved_.size() < PeerList::max_peers) unproved_.emplace_back(mi, now);
}

bool Participant::counts(const MemberId& mi, Time now) const noexcept {
  if (peers_.is_live(mi)) return true;
  const auto at = std::ranges::find(unproved_, mi, &std::pair<MemberId, Time>::first);
  return at != unproved_.end() && now < at->second + life_time;
}

bool Participant::anybody_counts(Time now) const noexcept {
  return std::ranges::any_of(peers_.all(), [&](const Peer& peer) { return counts(peer.mi, now); });
}

void Participant::believe(Peer& peer, const Mkpdu& pdu, Time now) {
  const BasicSet& basic = pdu.basic;
  if (peer.sci != basic.sci) {
    // With another address it sends on another channel: a new member, though it kept its identifier.
    peer.sci = basic.sci;
    peer.live = false;
    peer.latest = {};
    peer.old = {};
    peer.unkeyed_since.reset();
    peer.heard = false;
  }
  peer.remembered = false;
  peer.priority = basic.priority;
  peer.version = basic.version;
  peer.key_server = basic.key_server;
  peer.macsec_capable = basic.capability != MacsecCapability::none;
  forget_announcement(peer, now);
  if (pdu.announcement) note_announcement(peer, *pdu.announcement, now);
  peer.kmd = printable_text(pdu.kmd);
  // Each MKPDU tells its own life: a suspension that is over, or was taken back, is not waited for.
  peer.expires = now + life_time;
  const bool suspended = peer.suspended_until.has_value();
  peer.suspended_until.reset();
  peer.last_told = now;
  if (pdu.xpn && pdu.xpn->suspension_time > 0) {
    const auto span = std::min<Duration>(std::chrono::seconds{pdu.xpn->suspension_time}, max_suspension);
    peer.suspended_until = now + span;
    if (!suspended) peer.suspended_since = now;
    peer.expires += span;
  }
}

void Participant::hush(bool silent, Time now) noexcept {
  if (silent == silent_since_.has_value()) return;
  if (silent) {
    silent_since_ = now;
    return;
  }
  // As if the time in between had not been.
  for (SentMark& mark : marks_) mark.at += now - *silent_since_;
  silent_since_.reset();
}

void Participant::rename(Random& random) {
  do random.fill(mi_.octets);
  while (mi_.is_zero());
  mn_ = 0;
  mn_limit_ = mn_block;
  resumed_mn_ = 0;
  mark_count_ = 0;
}

void Participant::renew(Random& random) {
  rename(random);
  peers_.clear();
}

void Participant::start_hello(Time now) {
  ramp_ = 0;
  next_hello_ = now;
  tokens_ = burst;
  tokens_at_ = now;
}

void Participant::ramp_up(Time now) noexcept {
  ramp_ = 0;
  next_hello_ = std::min(next_hello_, now + ramp.front());
  new_info = true;
}

Participant::Elected Participant::elect(std::uint8_t own_priority, const Sci& own_sci) const noexcept {
  Elected best;
  std::uint8_t priority = 255;
  Sci sci;
  if (rule_ == KeyServerRule::always) return {.self = true};
  if (rule_ == KeyServerRule::elect && own_priority < 255) {
    best.self = true;
    priority = own_priority;
    sci = own_sci;
  }
  for (const Peer& peer : peers_.all()) {
    // 255 means never, but wpa_supplicant acts as key server all the same where no other can: believe its flag. A peer with a lower
    // number is elected before it.
    if (!peer.live || (peer.priority == 255 && !peer.key_server)) continue;
    if (best && std::pair{priority, sci} < std::pair{peer.priority, peer.sci}) continue;
    best = {.self = false, .peer = &peer};
    priority = peer.priority;
    sci = peer.sci;
  }
  return best;
}

bool Participant::due(Time now) const noexcept { return active && !quiet && now >= next_transmit(); }

Time Participant::next_transmit() const noexcept {
  if (!new_info || tokens_ >= 1) return new_info ? std::min(tokens_at_, next_hello_) : next_hello_;
  const auto wait = std::chrono::microseconds{static_cast<std::int64_t>((1 - tokens_) / per_second * 1e6) + 1};
  return std::min(tokens_at_ + wait, next_hello_);
}

std::uint8_t Participant::understood(std::uint8_t configured) const noexcept {
  for (const Peer& peer : peers_.all())
    if (peer.live) configured = std::min(configured, std::max<std::uint8_t>(peer.version, 1));
  return configured;
}

MkpduContent Participant::content(const Context& context, const Announcement& what) const noexcept {
  const Profile& profile = *context.profile;
  MkpduContent content;
  content.basic = {
      .version = profile.mka.version,
      .priority = said_priority(rule_, profile.mka.priority),
      .key_server = what.key_server,
      .macsec_desired = true,
      .capability = profile.macsec.encrypt ? MacsecCapability::confidentiality : MacsecCapability::integrity,
      .sci = context.link.sci,
      .mi = mi_,
      .mn = mn_,
      .agility = default_algorithm_agility,
      .ckn = ckn_};
  live_entries_.clear();
  potential_entries_.clear();
  for (const Peer& peer : peers_.all()) {
    const bool live = peer.live && (what.only_live == nullptr ||
                                    std::ranges::find(*what.only_live, peer.mi) != what.only_live->end());
    (live ? live_entries_ : potential_entries_).push_back({peer.mi, peer.mn});
  }
  content.live = live_entries_;
  content.potential = potential_entries_;
  content.live_ssci = profile.mka.version >= 3 ? what.live_ssci : std::uint8_t{0};
  content.sak_use = what.sak_use;
  content.distributed_sak = what.distributed_sak;
  // Version 1 knows neither set; some of its speakers log an error for each.
  if (understood(profile.mka.version) >= 2) {
    content.announced = what.cipher_suites;
    const bool use = what.sak_use && what.xpn;
    content.xpn = XpnSet{.suspension_time = what.suspension_seconds,
                         .latest_upper = use ? static_cast<std::uint32_t>(what.sak_use->latest.lowest_pn >> 32U) : 0,
                         .old_upper = use ? static_cast<std::uint32_t>(what.sak_use->old.lowest_pn >> 32U) : 0};
    if (!use && what.suspension_seconds == 0) content.xpn.reset();
  }
  content.icv_indicator = profile.mka.icv_indicator;
  return content;
}

Frame Participant::transmit(const Context& context, const Announcement& what, Random& random, Time now,
                            Duration hello) {
  if (mn_ == std::numeric_limits<MessageNumber>::max()) {
    rename(random);  // 9.4.2: a new MI rather than an MN used twice
  }
  ++mn_;
  if (mn_ > mn_limit_) mn_limit_ = mn_ + std::min(mn_block, std::numeric_limits<MessageNumber>::max() - mn_);
  mark_sent(now);
  const MkpduContent pdu = content(context, what);
  const std::size_t body = mkpdu_size(pdu);
  Frame frame(ethernet_header_size + eapol_header_size + body);
  Writer writer{frame};
  write_eapol_header(writer, context.profile->mka.destination, context.link.mac, context.profile->mka.ethertype,
                     EapolType::mka, static_cast<std::uint16_t>(body));
  write_mkpdu(writer, pdu);
  const auto icv = icv_key_.compute(writer.written());
  if (!writer.ok() || body > max_mkpdu_size || !icv) {
    frame.clear();
  } else {
    writer.put(*icv);
    if (!writer.ok()) frame.clear();
  }

  tokens_ = std::min(burst, tokens_ + std::chrono::duration<double>(now - tokens_at_).count() * per_second);
  tokens_ = std::max(0.0, tokens_ - 1);
  tokens_at_ = now;
  new_info = false;
  const Duration gap = ramp_ < ramp.size() ? std::min(ramp[ramp_], hello) : hello;
  if (now >= next_hello_ && ramp_ < ramp.size()) ++ramp_;
  next_hello_ = now + gap;
  return frame;
}

bool Participant::sent_recently(MessageNumber mn, Time now) const noexcept {
  if (mn == 0 || mn > mn_) return false;
  // The newest mark older than a life time: what was sent after it may still be listed.
  for (std::size_t back = 0; back < std::min(mark_count_, marks_.size()); ++back) {
    const SentMark& mark = marks_[(mark_count_ - 1 - back) % marks_.size()];
    if (mn >= mark.mn) return silent_since_.value_or(now) - mark.at <= life_time;
  }
  return false;
}

void Participant::mark_sent(Time now) noexcept {
  if (mark_count_ > 0 && now - marks_[(mark_count_ - 1) % marks_.size()].at < mark_spacing) return;
  marks_[mark_count_ % marks_.size()] = {mn_, now};
  ++mark_count_;
}

Snapshot::Participant Participant::snapshot() const {
  Snapshot::Participant out{.ckn = ckn_, .mi = mi_, .mn_limit = mn_limit_, .live = {}};
  for (const Peer& peer : peers_.all()) {
    if (!peer.live) continue;
    out.live.push_back({.mi = peer.mi,
                        .mn = peer.mn,
                        .sci = peer.sci,
                        .priority = peer.priority,
                        .version = peer.version,
                        .key_server = peer.key_server,
                        .suspended = announced_suspension(peer)});
  }
  return out;
}

void Participant::resume(const Snapshot::Participant& from, Time now) {
  mi_ = from.mi;
  mn_ = from.mn_limit;
  resumed_mn_ = mn_;
  mn_limit_ = mn_ + std::min(mn_block, std::numeric_limits<MessageNumber>::max() - mn_);
  mark_count_ = 0;
  peers_.clear();
  for (const Snapshot::Peer& was : from.live) {
    Peer* peer = peers_.admit(was.mi, was.sci);
    if (peer == nullptr) break;
    peer->mn = was.mn;
    peer->priority = was.priority;
    peer->version = was.version;
    peer->key_server = was.key_server;
    peer->live = true;
    had_peer = true;
    peer->remembered = true;
    peer->last_heard = now;
    peer->expires = now + life_time;
    peer->last_told = now;
    if (was.suspended == 0) continue;
    // How much of it was over is not known: it is waited for as if none were.
    peer->suspended_since = now;
    peer->suspended_until = now + std::chrono::seconds{was.suspended};
    peer->expires += std::chrono::seconds{was.suspended};
  }
}

const Participant* find(std::span<const Participant> participants, const Ckn& ckn) noexcept {
  const auto at = std::ranges::find(participants, ckn, &Participant::ckn);
  return at == participants.end() ? nullptr : &*at;
}

}  // namespace macsec::core
