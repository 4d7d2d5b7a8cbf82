// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the live peers of a CA report of one SAK (802.1X-2020 9.9, MACsec SAK Use).
#pragma once

#include "engine/core/mka/cp.hpp"
#include "engine/core/mka/peer_list.hpp"

namespace macsec::core {

struct Reports {
  bool any_receiving = false;     ///< a live member
  bool all_receiving = false;     ///< every live member, and there is one
  bool any_transmitting = false;  ///< a live member
  bool all_transmitting = false;  ///< every live member, and there is one
  bool outsiders = false;         ///< a live peer is no member: it joined, or came back, after the SAK was made
  /// A live peer, member or not, receives or transmits with it, and is heard until then at least.
  std::optional<Time> in_use = std::nullopt;
};

/// It sends, and with no SAK that is installed here: nothing of it arrives.
[[nodiscard]] bool is_ahead(const Peer& peer, const Cp& cp) noexcept;

[[nodiscard]] Reports reports_of(const SakSlot& slot, const PeerList& peers) noexcept;

}  // namespace macsec::core
