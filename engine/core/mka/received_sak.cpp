// SPDX-License-Identifier: LGPL-2.1-or-later
// The key server's duties, and what a member does with the SAK it is given (802.1X-2020 9.7, 9.8, 9.9).
#include "engine/base/text.hpp"
#include "engine/core/mka/kay.hpp"

#include <algorithm>
#include <cerrno>

namespace macsec::core {

namespace {

using namespace std::chrono_literals;

/// How long a SAK waits for members that the key server knows and we do not.
constexpr Duration incomplete_wait = 2s;
constexpr std::size_t max_used_servers = 256;

/// Numbers the members by descending SCI, from 1 (802.1X-2020 9.10 with 802.1AE 10.7.13).
void number_members(std::vector<SakMember>& others, const Sci& own, Ssci& own_ssci) {
  std::ranges::sort(others, std::greater{}, &SakMember::sci);
  Ssci next = 1;
  own_ssci = 0;
  for (SakMember& member : others) {
    if (own_ssci == 0 && own > member.sci) own_ssci = next++;
    member.ssci = next++;
  }
  if (own_ssci == 0) own_ssci = next;
}

}  // namespace

bool Kay::serve(Time now) {
  if (!elected_self_ || !sak_wanted_ || !may_generate(now)) return false;
  Participant* participant = principal_ ? find(*principal_) : nullptr;
  if (participant == nullptr) return false;
  generate(*participant, now);
  return cp_.has_pending_sak();
}

bool Kay::may_generate(Time now) const {
  // While suspended nobody would hear of it.
  if (cp_.has_pending_sak() || suspended_until_) return false;
  if (generate_after_ && now < *generate_after_) return false;
  const Participant* participant = principal();
  if (participant == nullptr) return false;
  // Members that are about to become live are worth a moment: one SAK for all instead of one after the other.
  if (now < *sak_wanted_ + gather_time && (participant->peers().any_potential() || participant->peers().any_stranger()))
    return false;
  // A version-1 peer in a group receives only from those that were live to it when it took the SAK: let them speak first.
  if (now < *sak_wanted_ + introduction_time && participant->needs_introduction()) return false;
  const std::optional<SakSlot>& latest = cp_.latest();
  if (!latest) return true;
  // What can never be taken by all it was made for gives way at once.
  if (!latest->transmitting && (!distribution_ || distribution_is_stale())) return true;
  // 9.8: the SAK before is in use everywhere, or its time to become so is over; and there is room for two keys only.
  if (!latest->transmitting || cp_.old()) return false;
  return cp_.settled_since() || now >= latest->since + life_time;
}

std::optional<CipherSuite> Kay::choose_cipher(const Participant& participant) const {
  const std::vector<CipherSuite> wanted = cipher_preferences(*context_.profile, context_.link.speed);
  const auto all = [&](auto&& supports) {
    return std::ranges::find_if(wanted, [&](CipherSuite suite) {
      return std::ranges::all_of(participant.peers().all(),
                                 [&](const Peer& peer) { return !peer.live || supports(peer, suite); });
    });
  };
  if (const auto at = all([](const Peer& peer, CipherSuite suite) { return peer.supports(suite); }); at != wanted.end())
    return *at;
  // Who announces nothing may know more than the mandatory suite: switches often do not announce.
  const auto at = all([](const Peer& peer, CipherSuite suite) { return !peer.announces || peer.supports(suite); });
  if (at == wanted.end()) return std::nullopt;
  return *at;
}

Result<SakSlot> Kay::make_sak(Participant& participant, CipherSuite suite, std::span<const Peer* const> members,
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
    slot.members.push_back({peer->sci, 0});
  }
  if (is_xpn(suite)) number_members(slot.members, context_.link.sci, slot.own_ssci);
  Secret<32> nonce;
  context_.random.fill(nonce.allocate(sak_size(suite)));
  auto sak = crypto::derive_sak(participant.cak(), nonce.expose(), ids, slot.id.number, sak_size(suite));
  if (!sak) return std::unexpected{sak.error()};
  slot.sak = std::move(*sak);
  return slot;
}

void Kay::generate(Participant& participant, Time now) {
  const std::optional<CipherSuite> suite = choose_cipher(participant);
  if (!suite) {
    generate_after_ = now + generate_retry;
    return refuse(Reason::none, {});  // what everybody announces speaks for itself
  }
  if (const auto ready = cp_.select_cipher_suite(*suite, now); !ready) {
    generate_after_ = now + generate_retry;
    return refuse(Reason::secy_error, ready.error().message);
  }
  std::vector<const Peer*> members;
  for (const Peer& peer : participant.peers().all())
    if (peer.live) members.push_back(&peer);
  auto slot = make_sak(participant, *suite, members, now);
  Distribution made;
  const std::size_t wrapped_size = sak_size(*suite) + 8;
  if (slot) {
    const auto wrapped = crypto::wrap_sak(participant.kek(), slot->sak, MutableBytes{made.wrapped}.first(wrapped_size));
    if (!wrapped) {
      ++context_.counters.sak_wrap_failures;
      slot = std::unexpected{wrapped.error()};
    }
  }
  if (!slot) {
    ++context_.counters.sak_generation_failures;
    generate_after_ = now + generate_retry;
    return refuse(Reason::secy_error, slot.error().message);
  }
  made.key = slot->id;
  made.ckn = participant.ckn();
  made.set = {.an = slot->an,
              .confidentiality_offset = static_cast<std::uint8_t>(slot->encrypt ? 1 : 0),
              .number = slot->id.number,
              .cipher_suite_id = cipher_suite_id(*suite),
              .wrapped = {}};
  for (const Peer* peer : members) {
    made.members.push_back(peer->mi);
    made.scis.push_back(peer->sci);
  }
  if (cp_.latest()) {
    ++context_.counters.sak_rekeys;
    context_.emit(Event::Kind::rekey_started, now, to_string(slot->id));
  }
  ++context_.counters.sak_generated;
  note_used(slot->id);
  distribution_ = std::move(made);
  cp_.new_sak(std::move(*slot));
  fastest_ = speed();
  sak_wanted_.reset();
  generate_after_ = now + 10ms;
  refuse(Reason::none, {});
  ++revision_;
  participant.ramp_up(now);
}

bool Kay::distribution_is_stale() const {
  if (!distribution_ || !cp_.latest() || distribution_->key != cp_.latest()->id) return false;
  const auto owner = std::ranges::find(participants_, distribution_->ckn, &Participant::ckn);
  if (owner == participants_.end()) return true;
  const auto cipher = cipher_suite_from_id(distribution_->set.cipher_suite_id);
  for (std::size_t i = 0; i < distribution_->members.size(); ++i) {
    const Peer* peer = owner->peers().find(distribution_->members[i]);
    if (peer != nullptr && peer->live) continue;
    // Gone: the others would number the members differently from those that took it before. Or restarted under another
    // MI: it is waited for, and will never take a SAK made for its earlier self.
    if (cipher && is_xpn(*cipher)) return true;
    if (owner->peers().find_live(distribution_->scis[i]) != nullptr) return true;
  }
  // Somebody joined, or came back, before anybody sent with it: it would be left out for as long as the key is new.
  return !cp_.latest()->transmitting && std::ranges::any_of(owner->peers().all(), [this](const Peer& peer) {
    return peer.live && std::ranges::find(distribution_->members, peer.mi) == distribution_->members.end();
  });
}

void Kay::end_distribution_when_done() {
  if (!distribution_) return;
  const auto owner = std::ranges::find(participants_, distribution_->ckn, &Participant::ckn);
  const bool current = cp_.has_pending_sak() || (cp_.latest() && cp_.latest()->id == distribution_->key);
  if (owner == participants_.end() || !current) return distribution_.reset();
  for (const MemberId& mi : distribution_->members) {
    const Peer* peer = owner->peers().find(mi);
    if (peer == nullptr || !peer->live) continue;
    const PeerKeyUse* use = peer->use_of(distribution_->key);
    if (use == nullptr || !use->receiving) return;
  }
  distribution_.reset();
}

void Kay::receive(Participant& participant, const Mkpdu& pdu, Time now) {
  if (read_again_) {
    // Who we are is not known yet.
    ++context_.counters.rx_not_ready;
    return;
  }
  const Participant::Received got = participant.receive(pdu, now);
  switch (got.what) {
    case Participant::Reception::accepted:
      break;
    case Participant::Reception::replayed:
      ++context_.counters.rx_replayed;
      return;
    case Participant::Reception::no_room:
      ++context_.counters.rx_too_many_peers;
      return;
    case Participant::Reception::mi_collision:
      ++context_.counters.rx_mi_collisions;
      participant.renew(context_.random);
      participant.start_hello(now);
      ++revision_;
      return;
  }
  ++context_.counters.mkpdu_rx;
  if (got.stale_list) {
    // It has not heard of us lately, perhaps because it restarted: a word from us helps.
    ++context_.counters.rx_stale_peer_list;
    participant.new_info = true;
  }
  if (got.became_live) {
    context_.emit(Event::Kind::peer_live, now, to_string(got.peer->sci));
    cp_.add_member(got.peer->sci, now);
    ++revision_;
  }
  if (!got.hears_us) return;
  choose_principal(now);
  elect(now);
  const Participant::Elected elected = participant.elect(context_.profile->mka.priority, context_.link.sci);
  if (pdu.distributed_sak && elected.peer == got.peer) take_sak(participant, *got.peer, pdu, now);
  if (pdu.sak_use && pdu.sak_use->macsec) check_reports(*got.peer, *pdu.sak_use);
  if (got.peer->delay_protect) follow_lowest_pn(*got.peer, now);
  if (elected_self_ && cp_.latest() && pn_rekeyed_ != cp_.latest()->id)
    if (const PeerKeyUse* use = got.peer->use_of(cp_.latest()->id); use != nullptr && pn_exhausted(use->lowest_pn)) {
      pn_rekeyed_ = cp_.latest()->id;
      want_sak(now, "a member's packet numbers");
    }
}

bool Kay::acceptable(const DistributedSakSet& set, const KeyId& key, Time now) {
  if (!set.macsec) {
    if (context_.profile->macsec.policy == Policy::must_secure) {
      ++context_.counters.sak_macsec_refused;
      refuse(Reason::macsec_refused, "the key server wants no MACsec, the policy is must-secure");
    }
    return false;
  }
  if (set.confidentiality_offset > 1) {
    ++context_.counters.sak_offset_refused;
    refuse(Reason::confidentiality_mismatch, "the key server wants confidentiality offset " +
                                                 std::string{set.confidentiality_offset == 2 ? "30" : "50"} +
                                                 ", Linux can only do 0");
    return false;
  }
  if (set.confidentiality_offset == 0 && context_.profile->macsec.encrypt) {
    ++context_.counters.sak_integrity_refused;
    refuse(Reason::confidentiality_mismatch, "the key server wants integrity only, the profile says Encrypt=yes");
    return false;
  }
  const auto suite = cipher_suite_from_id(set.cipher_suite_id);
  const std::vector<CipherSuite> accepted = cipher_preferences(*context_.profile, context_.link.speed);
  if (!suite || std::ranges::find(accepted, *suite) == accepted.end()) {
    ++context_.counters.sak_cipher_refused;
    std::array<std::uint8_t, 8> id{};
    Writer{id}.u64(set.cipher_suite_id);
    std::string allowed;
    for (const CipherSuite each : accepted) allowed.append(" ").append(to_string(each));
    refuse(Reason::cipher_mismatch, "peers disagree on the cipher suite: this profile allows" + allowed +
                                        ", the key server chose " +
                                        (suite ? std::string{to_string(*suite)} : to_hex(id)));
    return false;
  }
  if (cp_.abandoned() == key && retry_after_ && now < *retry_after_) return false;
  if (was_used(key)) {
    ++context_.counters.sak_reuse_refused;
    return false;
  }
  return true;
}

std::optional<std::vector<SakMember>> Kay::members_of(const Participant& participant, const Peer& server,
                                                      const Mkpdu& pdu, CipherSuite suite, Ssci& own) const {
  std::vector<SakMember> members{{server.sci, 0}};
  bool complete = true;
  for (std::size_t i = 0; pdu.live && i < pdu.live->size(); ++i) {
    const MemberId mi = (*pdu.live)[i].mi;
    if (mi == participant.mi()) continue;
    if (const Peer* peer = participant.peers().find(mi))
      members.push_back({peer->sci, 0});
    else
      complete = false;
  }
  // Without everybody's SCI no SSCI is right.
  if (!complete && is_xpn(suite)) return std::nullopt;
  if (is_xpn(suite)) number_members(members, context_.link.sci, own);
  if (!complete) return std::vector<SakMember>{};
  return members;
}

void Kay::take_sak(Participant& participant, const Peer& server, const Mkpdu& pdu, Time now) {
  const DistributedSakSet& set = *pdu.distributed_sak;
  const KeyId key{server.mi, set.number};
  if ((cp_.latest() && cp_.latest()->id == key) || (cp_.old() && cp_.old()->id == key)) {
    // It is still being offered: our report did not arrive.
    participant.new_info = true;
    return;
  }
  // A SAK made for others only; ours comes.
  if (!pdu.live || !pdu.live->find(participant.mi())) return;
  if (!acceptable(set, key, now)) return;
  const CipherSuite suite = *cipher_suite_from_id(set.cipher_suite_id);
  auto sak = crypto::unwrap_sak(participant.kek(), set.wrapped);
  if (!sak || sak->size() != sak_size(suite)) {
    ++context_.counters.sak_unwrap_failures;
    return;
  }
  SakSlot slot;
  auto members = members_of(participant, server, pdu, suite, slot.own_ssci);
  if (!members || members->empty()) {
    if (!incomplete_ || incomplete_->first != key) incomplete_ = {key, now};
    if (!members || now < incomplete_->second + incomplete_wait) return;
    members = std::vector<SakMember>{};
    slot.incomplete = true;
    for (const Peer& peer : participant.peers().all())
      if (peer.live) members->push_back({peer.sci, 0});
  }
  incomplete_.reset();
  if (const auto ready = cp_.select_cipher_suite(suite, now); !ready)
    return refuse(Reason::secy_error, ready.error().message);
  slot.id = key;
  slot.an = set.an;
  slot.cipher_suite = suite;
  slot.encrypt = set.confidentiality_offset != 0;
  slot.ckn = participant.ckn();
  slot.sak = std::move(*sak);
  slot.members = std::move(*members);
  ++context_.counters.sak_received;
  if (cp_.latest()) ++context_.counters.sak_rekeys;
  refuse(Reason::none, {});
  ++revision_;
  cp_.new_sak(std::move(slot));
  static_cast<void>(cp_.step(cp_inputs(), now));
  if (cp_.abandoned() == key) {
    // Never used by us: the same key may be tried again once the SecY may have recovered.
    retry_after_ = now + generate_retry;
  } else {
    note_used(key);
  }
  tell_all();
}

void Kay::refuse(Reason reason, std::string text) {
  refusal_ = reason;
  refusal_text_ = std::move(text);
}

bool Kay::was_used(const KeyId& key) const noexcept {
  const auto at = std::ranges::find(used_, key.server, &UsedKeys::server);
  return at != used_.end() && key.number <= at->highest;
}

void Kay::note_used(const KeyId& key) {
  const auto at = std::ranges::find(used_, key.server, &UsedKeys::server);
  if (at != used_.end()) {
    at->highest = std::max(at->highest, key.number);
    return;
  }
  if (used_.size() >= max_used_servers) used_.erase(used_.begin());
  used_.push_back({key.server, key.number});
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
    ++context_.counters.sak_use_rx_not_set;
  else if (!use.latest.transmitting && peer.mi == latest->id.server && cp_.transmitting())
    ++context_.counters.sak_use_server_tx_not_set;
}

void Kay::follow_lowest_pn(const Peer& peer, Time now) {
  const std::uint32_t window = context_.profile->macsec.replay_protect ? context_.profile->macsec.replay_window : 0;
  for (const std::optional<SakSlot>* slot : {&cp_.latest(), &cp_.old()}) {
    if (!*slot || !context_.profile->macsec.replay_protect) continue;
    const PeerKeyUse* use = peer.use_of((*slot)->id);
    if (use == nullptr || use->lowest_pn <= 1) continue;
    const auto known = std::ranges::find_if(
        receive_pns_, [&](const ReceivePn& pn) { return pn.sci == peer.sci && pn.an == (*slot)->an; });
    // Only where the SecY would still take older frames: its own count is normally ahead.
    if (known != receive_pns_.end() && known->next_pn >= use->lowest_pn + window) continue;
    if (const auto raised = context_.secy.raise_lowest_pn(peer.sci, (*slot)->an, use->lowest_pn); !raised) {
      ++context_.counters.receive_sa_failures;
      context_.emit(Event::Kind::secy_error, now, raised.error().message);
    }
  }
}

bool Kay::pn_exhausted(Pn lowest) const noexcept {
  const std::optional<SakSlot>& latest = cp_.latest();
  if (!latest) return false;
  const Pn hundredth = (is_xpn(latest->cipher_suite) ? ~Pn{0} : Pn{0xffffffff}) / 100;
  return lowest > hundredth * context_.profile->mka.rekey_pn_percent;
}

void Kay::on_sample(const SecyState& sample, Time now) {
  offloaded_ = sample.offload != OffloadMode::off;
  if (!cp_.latest()) return;
  if (!cp_.confirm(sample, now)) {
    context_.emit(Event::Kind::secy_error, now, "the SecY no longer holds the keys it was given");
    ++context_.counters.secy_failures;
    cp_.clear(now);
    distribution_.reset();
    ++revision_;
    tell_all();
    return;
  }
  const SakSlot& slot = cp_.latest()->transmitting || !cp_.old() ? *cp_.latest() : *cp_.old();
  const auto sa = std::ranges::find(sample.transmit, slot.an, &SaState::an);
  if (sa == sample.transmit.end()) return;
  const Pn end = is_xpn(slot.cipher_suite) ? ~Pn{0} : Pn{0xffffffff};
  next_pn_ = sa->next_pn == 0 ? end : sa->next_pn;
  if (pn_key_ != slot.id) {
    pn_key_ = slot.id;
    pn_sample_count_ = 0;
  }
  pn_samples_[pn_sample_count_++ % pn_samples_.size()] = {now, next_pn_};
  receive_pns_.clear();
  for (const ReceiveScState& sc : sample.receive)
    for (const SaState& rx : sc.associations) receive_pns_.push_back({sc.sci, rx.an, rx.next_pn});
  if (!pn_exhausted(next_pn_) || pn_rekeyed_ == slot.id || slot.id != cp_.latest()->id) return;
  pn_rekeyed_ = slot.id;
  if (elected_self_)
    want_sak(now, "packet numbers");
  else
    tell_all();
}

}  // namespace macsec::core
