// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/mka/reports.hpp"

#include <algorithm>

namespace macsec::core {

Reports reports_of(const SakSlot& slot, const PeerList& peers) noexcept {
  Reports out{.all_receiving = true, .all_transmitting = true};
  bool any = false;
  for (const Peer& peer : peers.all()) {
    if (!peer.live) continue;
    const PeerKeyUse* use = peer.use_of(slot.id);
    const bool receiving = use != nullptr && use->receiving;
    const bool transmitting = use != nullptr && use->transmitting;
    out.in_use = out.in_use || receiving || transmitting;
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

}  // namespace macsec::core
