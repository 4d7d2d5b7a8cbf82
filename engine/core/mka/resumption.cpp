// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/mka/resumption.hpp"

#include <algorithm>
#include <utility>

namespace macsec::core {

namespace {

bool made_here(const Snapshot& before, const KeyId& key) {
  return std::ranges::find(before.participants, key.server, &Snapshot::Participant::mi) != before.participants.end();
}

/// The key as it stands in the SecY; nothing where that does not hold it whole.
std::optional<SakSlot> confirmed(const Snapshot::Key& key, const SecyState& held) {
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
  slot.resumed = true;
  slot.receiving = true;
  slot.transmitting = held.encoding == key.an && held.parameters.protect;
  for (const Sci& sci : key.members) {
    // A key that is not received with is one half deleted: nobody would install the other half again.
    const auto sc = std::ranges::find(held.receive, sci, &ReceiveScState::sci);
    if (sc == held.receive.end()) return std::nullopt;
    const auto rx = std::ranges::find(sc->associations, key.an, &SaState::an);
    if (rx == sc->associations.end() || rx->key != key.key || !rx->active) return std::nullopt;
    slot.receiving_from.push_back(sci);
    slot.members.push_back({sci, rx->ssci});
  }
  // One that came after the snapshot was written: its SA goes with the key, too.
  for (const ReceiveScState& sc : held.receive) {
    const auto rx = std::ranges::find(sc.associations, key.an, &SaState::an);
    const bool known = std::ranges::find(key.members, sc.sci) != key.members.end();
    if (known || rx == sc.associations.end() || rx->key != key.key) continue;
    if (!rx->active) return std::nullopt;
    slot.receiving_from.push_back(sc.sci);
    slot.members.push_back({sc.sci, rx->ssci});
  }
  return slot;
}

void find_keys(TakenOver& out, const Snapshot& before, const SecyState& held, std::span<const Ckn> ckns) {
  std::optional<SakSlot> latest;
  std::optional<SakSlot> old;
  if (before.latest) latest = confirmed(*before.latest, held);
  if (before.old) old = confirmed(*before.old, held);
  if (!latest) latest = std::exchange(old, std::nullopt);
  // It cannot be offered to those who missed it, for nobody knows it any more: the next SAK replaces it.
  if (latest && !latest->transmitting && old && made_here(before, latest->id))
    latest = std::exchange(old, std::nullopt);
  // A key that transmits, through a participant that still exists: else this is a new start.
  if (!latest || (!latest->transmitting && !(old && old->transmitting))) return;
  if (std::ranges::find(ckns, latest->ckn) == ckns.end()) return;
  out.latest = std::move(latest);
  out.old = std::move(old);
}

void find_used(TakenOver& out, const std::optional<Snapshot>& before, const SecyState& held) {
  if (before) {
    out.last_kn = before->last_kn;
    for (const SaState& sa : held.transmit)
      if (made_here(*before, sa.key)) out.last_kn = std::max(out.last_kn, sa.key.number);
    if (before->latest) out.used.push_back(before->latest->key);
    if (before->old) out.used.push_back(before->old->key);
    out.used_saks = before->used;
  }
  // What is sent with may have moved on since it was read.
  for (const SaState& sa : held.transmit)
    if (sa.next_pn != 1 || held.offload != OffloadMode::off || (held.parameters.protect && sa.an == held.encoding))
      out.used.push_back(sa.key);
  for (const ReceiveScState& sc : held.receive)
    for (const SaState& sa : sc.associations)
      if (sa.next_pn > 1) out.used.push_back(sa.key);
}

void find_leftovers(TakenOver& out, const SecyState& held) {
  const auto kept = [&out](const SaState& sa) {
    return (out.latest && out.latest->id == sa.key) || (out.old && out.old->id == sa.key);
  };
  for (const ReceiveScState& sc : held.receive) {
    for (const SaState& sa : sc.associations)
      if (!kept(sa)) out.leftovers.push_back({.sci = sc.sci, .an = sa.an});
    if (std::ranges::none_of(sc.associations, kept)) out.leftovers.push_back({.sci = sc.sci, .an = std::nullopt});
  }
  for (const SaState& sa : held.transmit)
    if (!kept(sa)) out.leftovers.push_back({.sci = std::nullopt, .an = sa.an});
}

}  // namespace

TakenOver take_over(const std::optional<Snapshot>& before, const SecyState& held, const Sci& own,
                    std::span<const Ckn> ckns) {
  TakenOver out;
  if (before && before->sci == own) find_keys(out, *before, held, ckns);
  find_used(out, before, held);
  find_leftovers(out, held);
  return out;
}

}  // namespace macsec::core
