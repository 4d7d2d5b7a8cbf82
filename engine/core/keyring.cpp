// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/keyring.hpp"

#include "engine/core/mka/session_cas.hpp"
#include "engine/crypto/session_keys.hpp"

#include <algorithm>

namespace macsec::core {

const Participant* Keyring::live() const noexcept {
  const Participant* best = nullptr;
  for (const Participant& participant : kay_.participants())
    if (participant.role == KeyRole::session && participant.active && participant.peers().any_live() &&
        (best == nullptr || participant.sequence() > best->sequence()))
      best = &participant;
  return best;
}

bool Keyring::empty() const noexcept { return newest_session(kay_.participants()) == nullptr; }

std::uint16_t Keyring::newest_bits() const noexcept {
  const Participant* const newest = newest_session(kay_.participants());
  return newest != nullptr ? static_cast<std::uint16_t>(newest->cak().size() * 8) : std::uint16_t{0};
}

bool Keyring::in_use(const Participant& participant) const noexcept {
  const auto of = [&](const std::optional<SakSlot>& slot) { return slot && slot->ckn == participant.ckn(); };
  return participant.peers().any_live() || of(kay_.cp().latest()) || of(kay_.cp().old());
}

void Keyring::add(const MethodKeys& method, const MacAddress& other, std::size_t size, bool quiet, Time now) {
  auto keys = crypto::derive_session_keys(method.msk, method.session_id, context_.link.mac, other, size);
  Result<void> added;
  if (keys) {
    fresh_.push_back({keys->ckn, now + life_time});
    added = kay_.add_session_key({.ckn = keys->ckn,
                                  .cak = std::move(keys->cak),
                                  .role = KeyRole::session,
                                  .rule = rule_,
                                  .sequence = ++sequence_,
                                  .quiet = quiet},
                                 now);
  }
  if (!keys || !added)
    context_.emit(Event::Kind::secy_error, now,
                  "cannot derive the keys of the authentication: " + (keys ? added.error() : keys.error()).message);
}

Keyring::Taken Keyring::take(const MethodKeys& keys, const MacAddress& other, Time now) {
  // What nobody speaks is not spoken to any longer; what is in use stays until the other end has moved.
  drop_unheard(true, now);
  Taken taken;
  if (const Participant* const before = live()) taken.before = before->ckn();
  const CakLength length = context_.profile->pae->cak_length;
  newest_ = sequence_ + 1;
  not_followed_ = false;
  ++revision_;
  // Who derives the other length speaks under another CKN: that one is only listened to until it is heard.
  if (length != CakLength::bits_256) add(keys, other, 16, false, now);
  if (length != CakLength::bits_128) add(keys, other, 32, length == CakLength::automatic, now);
  if (!fresh_.empty()) {
    const auto spoken = length == CakLength::automatic && fresh_.size() > 1 ? fresh_.end() - 2 : fresh_.end() - 1;
    taken.spoken = spoken->ckn;
  }
  return taken;
}

void Keyring::restore(std::span<const SessionKey> keys, Time now) {
  for (const SessionKey& key : keys) {
    sequence_ = std::max(sequence_, key.sequence);
    fresh_.push_back({key.ckn, now + life_time});  // those nobody speaks go once another is live
    // Who cannot derive from it has no use for it either.
    static_cast<void>(kay_.add_session_key({.ckn = key.ckn,
                                            .cak = key.cak.duplicate(),
                                            .role = KeyRole::session,
                                            .rule = rule_,
                                            .sequence = key.sequence,
                                            .quiet = key.quiet},
                                           now));
    if (key.doubtful) doubt();
  }
}

std::vector<SessionKey> Keyring::keys() const {
  std::vector<SessionKey> keys;
  for (const Participant& participant : kay_.participants())
    if (participant.role == KeyRole::session && !participant.retired)
      keys.push_back({.ckn = participant.ckn(),
                      .cak = participant.cak().duplicate(),
                      .sequence = participant.sequence(),
                      .quiet = participant.quiet,
                      .doubtful = is_doubtful(participant)});
  std::ranges::sort(keys, {}, &SessionKey::sequence);
  if (keys.size() > most_kept_keys) keys.erase(keys.begin(), keys.end() - most_kept_keys);
  return keys;
}

/// Now that another session key reaches somebody. The newest among those that go is one that the other end did not follow to.
bool Keyring::drop_unheard_fresh(Time now) {
  const Participant* const reached = live();
  std::vector<Ckn> unheard;
  std::erase_if(fresh_, [&](const Fresh& fresh) {
    const Participant* const participant = kay_.find(fresh.ckn);
    if (participant == nullptr || in_use(*participant)) return true;
    if (now < fresh.until || reached == nullptr) return false;
    unheard.push_back(fresh.ckn);
    return true;
  });
  if (unheard.empty()) return false;
  ++revision_;
  const auto is_sure = [this](const Ckn& ckn) { return !is_doubtful(*kay_.find(ckn)); };
  // Who does not follow to a key of whom the profile accepts is not one of them.
  if (is_doubtful(*reached) && std::ranges::any_of(unheard, is_sure)) return drop_doubtful(false, now);
  not_followed_ = reached->sequence() < newest_;
  for (const Ckn& ckn : unheard) kay_.drop_session_key(ckn, now);
  return true;
}

bool Keyring::drop_unheard(bool spare_installed, Time now) {
  std::vector<Ckn> unheard;
  for (const Participant& participant : kay_.participants())
    if (participant.role == KeyRole::session && !participant.peers().any_live() &&
        !(spare_installed && in_use(participant)))
      unheard.push_back(participant.ckn());
  for (const Ckn& ckn : unheard) kay_.drop_session_key(ckn, now);
  ++revision_;
  return !unheard.empty();
}

bool Keyring::has_doubtful() const noexcept {
  return std::ranges::any_of(kay_.participants(), [this](const Participant& participant) {
    return participant.role == KeyRole::session && is_doubtful(participant);
  });
}

bool Keyring::drop_doubtful(bool spare_used, Time now) {
  std::vector<Ckn> doubtful;
  for (const Participant& participant : kay_.participants())
    if (participant.role == KeyRole::session && is_doubtful(participant) && !(spare_used && in_use(participant)))
      doubtful.push_back(participant.ckn());
  for (const Ckn& ckn : doubtful) kay_.drop_session_key(ckn, now);
  if (!doubtful.empty()) ++revision_;
  return !doubtful.empty();
}

void Keyring::drop_all(Time now) {
  kay_.drop_session_keys(now);
  forget();
}

void Keyring::forget() noexcept {
  fresh_.clear();
  not_followed_ = false;
  ++revision_;
}

std::optional<Time> Keyring::next() const noexcept {
  std::optional<Time> next;
  for (const Fresh& fresh : fresh_) next = sooner(next, fresh.until);
  return next;
}

}  // namespace macsec::core
