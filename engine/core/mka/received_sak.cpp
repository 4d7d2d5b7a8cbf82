// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/mka/received_sak.hpp"

#include "engine/base/text.hpp"

#include <algorithm>

namespace macsec::core {

namespace {

/// How long a SAK waits for members that the key server knows and we do not.
constexpr Duration incomplete_wait = std::chrono::seconds{2};

}  // namespace

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

bool SakReceiver::follows_policy(const DistributedSakSet& set) {
  if (!set.macsec) {
    if (context_.policy() == Policy::must_secure) {
      ++context_.counters.sak_macsec_refused;
      refusal_.set(Reason::macsec_refused, "the key server wants no MACsec, the policy is must-secure");
    }
    return false;
  }
  if (set.confidentiality_offset > 1) {
    ++context_.counters.sak_offset_refused;
    refusal_.set(Reason::confidentiality_mismatch, "the key server wants confidentiality offset " +
                                                       std::string{set.confidentiality_offset == 2 ? "30" : "50"} +
                                                       ", Linux can only do 0");
    return false;
  }
  return true;
}

bool SakReceiver::obeys_profile(const DistributedSakSet& set) {
  const auto suite = cipher_suite_from_id(set.cipher_suite_id);
  if (!suite) {
    ++context_.counters.sak_cipher_refused;
    std::array<std::uint8_t, 8> id{};
    Writer{id}.u64(set.cipher_suite_id);
    refusal_.set(Reason::cipher_mismatch, cipher_disagreement(cp_.cipher_suites(), "the key server", to_hex(id)));
    return false;
  }
  Refusal against = objection(*context_.profile, *suite, set.confidentiality_offset != 0, "the key server");
  if (against.reason == Reason::none) return true;
  ++(against.reason == Reason::cipher_mismatch ? context_.counters.sak_cipher_refused
                                               : context_.counters.sak_integrity_refused);
  refusal_ = std::move(against);
  return false;
}

bool SakReceiver::acceptable(const DistributedSakSet& set, const KeyId& key, Time now) {
  if (!follows_policy(set) || !obeys_profile(set)) return false;
  if (cp_.abandoned() == key && retry_after_ && now < *retry_after_) return false;
  if (used_.was_used(key)) {
    ++context_.counters.sak_reuse_refused;
    return false;
  }
  if (!used_.has_room(now)) {
    ++context_.counters.sak_reuse_refused;
    refusal_.set(Reason::secy_error, "more SAKs came in four hours than can be remembered: no other is taken yet");
    return false;
  }
  // It is offered again.
  return owed_until_ <= now + (sak_burst - 1) * sak_gap;
}

bool SakReceiver::unwrap(SakSlot& slot, const Participant& participant, Bytes wrapped) {
  auto sak = crypto::unwrap_sak(participant.kek(), wrapped);
  if (!sak || sak->size() != sak_size(slot.cipher_suite)) {
    ++context_.counters.sak_unwrap_failures;
    return false;
  }
  const auto digest = crypto::digest_sak(*sak);
  if (!digest) {
    ++context_.counters.sak_hash_failures;
    return false;
  }
  // A SAK of earlier under another name: its packet numbers would start over.
  if (used_.was_used(*digest)) {
    ++context_.counters.sak_reuse_refused;
    return false;
  }
  slot.sak = std::move(*sak);
  slot.digest = *digest;
  return true;
}

std::optional<Sci> SakReceiver::sci_of(const Participant& participant, const MemberId& mi) const {
  if (const Peer* peer = participant.peers().find(mi)) return peer->sci;
  // Not heard here of late, but the key server hears it: a member of the keys before keeps its channel.
  for (const std::optional<SakSlot>* slot : {&cp_.latest(), &cp_.old()}) {
    if (!*slot || (*slot)->ckn != participant.ckn()) continue;
    const auto at = std::ranges::find((*slot)->members, mi, &SakMember::mi);
    if (at != (*slot)->members.end()) return at->sci;
  }
  return std::nullopt;
}

std::optional<std::vector<SakMember>> SakReceiver::members_of(const Participant& participant, const Peer& server,
                                                              const Mkpdu& pdu, CipherSuite suite, Ssci& own) const {
  std::vector<SakMember> members{{server.sci, 0, server.mi}};
  bool complete = true;
  for (std::size_t i = 0; pdu.live && i < pdu.live->size(); ++i) {
    const MemberId mi = (*pdu.live)[i].mi;
    if (mi == participant.mi() || mi == server.mi) continue;
    const std::optional<Sci> sci = sci_of(participant, mi);
    if (!sci)
      complete = false;
    else if (std::ranges::find(members, *sci, &SakMember::sci) == members.end())
      members.push_back({*sci, 0, mi});
  }
  // Without everybody's SCI no SSCI is right.
  if (!complete && is_xpn(suite)) return std::nullopt;
  if (is_xpn(suite)) number_members(members, context_.link.sci, own);
  if (!complete) return std::vector<SakMember>{};
  return members;
}

bool SakReceiver::find_members(SakSlot& slot, const Participant& participant, const Peer& server, const Mkpdu& pdu,
                               Time now) {
  auto members = members_of(participant, server, pdu, slot.cipher_suite, slot.own_ssci);
  if (!members || members->empty()) {
    if (!incomplete_ || incomplete_->first != slot.id) incomplete_ = {slot.id, now};
    if (!members || now < incomplete_->second + incomplete_wait) return false;
    members = std::vector<SakMember>{};
    slot.incomplete = true;
    for (const Peer& peer : participant.peers().all())
      if (peer.live) members->push_back({peer.sci, 0, peer.mi});
  }
  incomplete_.reset();
  slot.members = std::move(*members);
  return true;
}

bool SakReceiver::is_withdrawn(const Participant& participant, const Peer& server) const {
  const SakSlot* key = cp_.in_use();
  const bool refused = refusal_.reason != Reason::none || cp_.abandoned();
  if (!refused || key == nullptr || key->ckn != participant.ckn()) return false;
  const auto other = [key](const PeerKeyUse& use) { return use.key != KeyId{} && use.key != key->id; };
  const PeerKeyUse* use = server.use_of(key->id);
  return use != nullptr && use->transmitting && !other(server.latest) && !other(server.old);
}

std::optional<SakSlot> SakReceiver::take(const Participant& participant, const Peer& server, const Mkpdu& pdu,
                                         Time now) {
  const DistributedSakSet& set = *pdu.distributed_sak;
  const KeyId key{server.mi, set.number};
  // A SAK made for others only; ours comes.
  if (!pdu.live || !pdu.live->find(participant.mi())) return std::nullopt;
  if (!acceptable(set, key, now)) return std::nullopt;
  SakSlot slot;
  slot.id = key;
  slot.an = set.an;
  slot.cipher_suite = *cipher_suite_from_id(set.cipher_suite_id);
  slot.encrypt = set.confidentiality_offset != 0;
  slot.ckn = participant.ckn();
  if (!unwrap(slot, participant, set.wrapped)) return std::nullopt;
  if (!find_members(slot, participant, server, pdu, now)) return std::nullopt;
  // A peer that the key server does not hear just now may be given the same SAK when it is back.
  if (!is_xpn(slot.cipher_suite))
    slot.incomplete =
        slot.incomplete || std::ranges::any_of(participant.peers().all(), [&slot](const Peer& peer) {
          return peer.live && std::ranges::find(slot.members, peer.sci, &SakMember::sci) == slot.members.end();
        });
  if (Refusal against = shortage(context_.secy.traits(), slot.members.size()); against.reason != Reason::none) {
    refusal_ = std::move(against);
    return std::nullopt;
  }
  return slot;
}

}  // namespace macsec::core
