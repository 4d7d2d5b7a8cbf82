// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/mka/principal.hpp"

#include <algorithm>

namespace macsec::core {

namespace {

/// How long the principal reaches fewer members than a CA of lower rank before that one takes over.
constexpr Duration outreached_patience = std::chrono::seconds{2};

/// Keys in their time before those that are being retired, and these before those that are not.
unsigned standing(KeyState state) noexcept {
  switch (state) {
    case KeyState::active:
      return 3;
    case KeyState::draining:
      return 2;
    case KeyState::early:
    case KeyState::late:
      return 1;
    case KeyState::waiting:
    case KeyState::overdue:
    case KeyState::retired:
      return 0;
  }
  return 0;
}

/// By role, then those in their time, then the key that came into force last, or from the last authentication, then the
/// greater CKN.
auto rank(const Participant& participant) {
  return std::tuple{precedence(participant.role), standing(participant.state),
                    participant.not_before.value_or(std::numeric_limits<std::int64_t>::min()), participant.sequence(),
                    participant.ckn()};
}

/// A fallback key is shared more widely than primary ones and is used only while no primary one reaches anybody. Among
/// keys of one role the CA that reaches most of us comes first, so that a key replaced on one member after the other
/// leaves nobody behind.
auto order(const Participant& participant) {
  return std::tuple{precedence(participant.role), std::ranges::count_if(participant.peers().all(), &Peer::live),
                    rank(participant)};
}

}  // namespace

Participant::Elected Principal::elect_in(const Participant& participant) const noexcept {
  return participant.elect(context_.profile->mka.priority, context_.link.sci);
}

bool Principal::usable(const Participant& participant) const noexcept {
  return participant.active && participant.peers().any_live() && elect_in(participant);
}

const Participant* Principal::patiently(const Participant* best, const Participant* current, bool in_use, Time now) {
  // A peer that leaves is missed in one CA a moment before the other: no reason to fall back. One that is missed before the
  // SAK of the CA is in use would be left out by it.
  if (best == nullptr || current == nullptr || !in_use || !usable(*current) || rank(*best) >= rank(*current)) {
    outreached_ = false;
    deadlines_.stop(Timer::outreached);
    return best;
  }
  if (!outreached_) deadlines_.set(Timer::outreached, now + outreached_patience);
  outreached_ = true;
  if (deadlines_.is_running(Timer::outreached, now)) return current;
  deadlines_.stop(Timer::outreached);
  return best;
}

bool Principal::choose(std::span<const Participant> participants, const std::optional<SakSlot>& latest, Time now) {
  const Participant* best = nullptr;
  for (const Participant& participant : participants)
    if (usable(participant) && (best == nullptr || order(participant) > order(*best))) best = &participant;
  const bool in_use = latest && ckn_ == latest->ckn && latest->transmitting;
  best = patiently(best, ckn_ ? find(participants, *ckn_) : nullptr, in_use, now);
  if (best != nullptr && latest && latest->ckn != best->ckn() && !elect_in(*best).self) {
    // Among keys of one role the key server decides; we follow the CA it distributed its last SAK in.
    const Participant* used = find(participants, latest->ckn);
    if (used != nullptr && used->role == best->role && used->active && used->peers().any_live()) best = used;
  }
  const std::optional<Ckn> chosen = best != nullptr ? std::optional{best->ckn()} : std::nullopt;
  if (chosen == ckn_) return false;
  ckn_ = chosen;
  return true;
}

bool Principal::may_distribute(const Participant& participant,
                               std::span<const Participant> participants) const noexcept {
  const Participant* chosen = ckn_ ? find(participants, *ckn_) : nullptr;
  return chosen != nullptr && participant.role == chosen->role;
}

Principal::Election Principal::elect(const Participant* chosen) {
  const Participant::Elected elected = chosen != nullptr ? elect_in(*chosen) : Participant::Elected{};
  const std::optional<Sci> server = elected.self              ? std::optional{context_.link.sci}
                                    : elected.peer != nullptr ? std::optional{elected.peer->sci}
                                                              : std::nullopt;
  const Election result{.became_self = elected.self && !self_, .moved = server != key_server_};
  self_ = elected.self;
  key_server_ = server;
  return result;
}

void Principal::resume(const Participant& chosen) {
  ckn_ = chosen.ckn();
  static_cast<void>(elect(&chosen));
}

}  // namespace macsec::core
