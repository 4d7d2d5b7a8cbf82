// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/mka/reports.hpp"

#include <algorithm>
#include <array>

namespace macsec::core {

Reports reports_of(const SakSlot& slot, const PeerList& peers) noexcept {
  Reports out{.all_receiving = true, .all_transmitting = true};
  bool any = false;
  for (const Peer& peer : peers.all()) {
    if (!peer.live) continue;
    const PeerKeyUse* use = peer.use_of(slot.id);
    const bool receiving = use != nullptr && use->receiving;
    const bool transmitting = use != nullptr && use->transmitting;
    if (receiving || transmitting) out.in_use = std::max(out.in_use.value_or(peer.expires), peer.expires);
    if (std::ranges::find(slot.members, peer.sci, &SakMember::sci) == slot.members.end()) {
      out.outsiders = true;
      continue;
    }
    if (!peer.macsec_capable) continue;
    any = true;
    out.any_receiving = out.any_receiving || receiving;
    out.all_receiving = out.all_receiving && receiving;
    out.any_transmitting = out.any_transmitting || transmitting;
    out.all_transmitting = out.all_transmitting && transmitting;
  }
  out.all_receiving = out.all_receiving && any;
  out.all_transmitting = out.all_transmitting && any;
  return out;
}

bool is_ahead(const Peer& peer, const Cp& cp) noexcept {
  const auto ours = [&cp](const KeyId& key) {
    return (cp.latest() && cp.latest()->id == key) || (cp.old() && cp.old()->id == key);
  };
  const auto sends = [](const PeerKeyUse& use) { return use.transmitting; };
  const std::array uses{peer.latest, peer.old};
  return std::ranges::any_of(uses, sends) &&
         std::ranges::none_of(uses, [&](const PeerKeyUse& use) { return sends(use) && ours(use.key); });
}

}  // namespace macsec::core
