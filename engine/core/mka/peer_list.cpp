// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/mka/peer_list.hpp"

#include "engine/core/mka/suspension.hpp"

#include <algorithm>

namespace macsec::core {

const PeerKeyUse* Peer::use_of(const KeyId& key) const noexcept {
  if (latest.key == key) return &latest;
  if (old.key == key) return &old;
  return nullptr;
}

bool Peer::supports(CipherSuite suite) const noexcept {
  // Who announces nothing can do at least what everybody can (802.1AE 14.1: GCM-AES-128 is mandatory).
  if (!announces) return suite == CipherSuite::gcm_aes_128;
  return (announced >> static_cast<unsigned>(suite) & 1U) != 0;
}

Peer* PeerList::find(const MemberId& mi) noexcept {
  const auto at = std::ranges::find(peers_, mi, &Peer::mi);
  return at == peers_.end() ? nullptr : &*at;
}

const Peer* PeerList::find(const MemberId& mi) const noexcept {
  const auto at = std::ranges::find(peers_, mi, &Peer::mi);
  return at == peers_.end() ? nullptr : &*at;
}

const Peer* PeerList::find_live(const Sci& sci) const noexcept {
  const auto at = std::ranges::find_if(peers_, [&](const Peer& peer) { return peer.live && peer.sci == sci; });
  return at == peers_.end() ? nullptr : &*at;
}

void PeerList::note_icv_failure(const Sci& sci) noexcept {
  for (Peer& peer : peers_)
    if (peer.sci == sci) ++peer.icv_failures;
}

Peer* PeerList::admit(const MemberId& mi, const Sci& sci) {
  if (peers_.size() >= max_peers) {
    auto oldest = peers_.end();
    for (auto at = peers_.begin(); at != peers_.end(); ++at)
      if (!at->live && (oldest == peers_.end() || at->last_heard < oldest->last_heard)) oldest = at;
    if (oldest == peers_.end()) return nullptr;
    peers_.erase(oldest);
  }
  Peer& peer = peers_.emplace_back();
  peer.mi = mi;
  peer.sci = sci;
  return &peer;
}

void PeerList::drop_predecessors(const MemberId& keep) {
  Peer* const kept = find(keep);
  if (kept == nullptr) return;
  std::vector<MemberId> replaced = std::move(kept->replaced);
  const Sci sci = kept->sci;
  for (const Peer& peer : peers_) {
    if (peer.sci != sci || peer.mi == keep || !peer.live) continue;
    replaced.insert(replaced.end(), peer.replaced.begin(), peer.replaced.end());
    replaced.push_back(peer.mi);
  }
  if (replaced.size() > max_replaced)
    replaced.erase(replaced.begin(), replaced.end() - static_cast<std::ptrdiff_t>(max_replaced));
  std::erase_if(peers_, [&](const Peer& peer) { return peer.sci == sci && peer.mi != keep; });
  find(keep)->replaced = std::move(replaced);
}

Peer* PeerList::successor_of(const MemberId& mi) noexcept {
  const auto at = std::ranges::find_if(peers_, [&](const Peer& peer) {
    return peer.live && std::ranges::find(peer.replaced, mi) != peer.replaced.end();
  });
  return at == peers_.end() ? nullptr : &*at;
}

std::vector<Sci> PeerList::expire(Time now) {
  std::vector<Sci> lost;
  std::erase_if(peers_, [&](const Peer& peer) {
    if (now < peer.expires) return false;
    if (peer.live) lost.push_back(peer.sci);
    return true;
  });
  return lost;
}

bool PeerList::any_live() const noexcept {
  return std::ranges::any_of(peers_, [](const Peer& peer) { return peer.live; });
}

bool PeerList::any_potential() const noexcept {
  return std::ranges::any_of(peers_, [](const Peer& peer) { return !peer.live; });
}

bool PeerList::is_live(const MemberId& mi) const noexcept {
  const Peer* peer = find(mi);
  return peer != nullptr && peer->live;
}

bool PeerList::any_stranger() const noexcept {
  return std::ranges::any_of(peers_, [this](const Peer& peer) {
    return peer.live && !std::ranges::all_of(peer.hears, [this](const MemberId& mi) { return is_live(mi); });
  });
}

bool PeerList::any_unacquainted() const noexcept {
  return std::ranges::any_of(peers_, [this](const Peer& peer) {
    return peer.live && peer.version < 2 &&
           std::ranges::any_of(
               peers_,
               [&peer](const Peer& other) {
                 return other.live && other.mi != peer.mi &&
                        std::ranges::find(peer.hears, other.mi) == peer.hears.end();
               });
  });
}

bool PeerList::any_suspended(Time now) const noexcept {
  return std::ranges::any_of(peers_, [now](const Peer& peer) {
    return peer.live && peer.suspended_until && now < peer.suspended_since + max_suspension + life_time;
  });
}

std::optional<Time> PeerList::next_expiry() const noexcept {
  const auto at = std::ranges::min_element(peers_, {}, &Peer::expires);
  if (at == peers_.end()) return std::nullopt;
  return at->expires;
}

}  // namespace macsec::core
