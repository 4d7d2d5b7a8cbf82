// SPDX-License-Identifier: LGPL-2.1-or-later
/// What of the time before a restart is still true: the snapshot held against what the SecY says it holds.
#pragma once

#include "engine/core/mka/cp.hpp"

namespace macsec::core {

/// What a port takes over from the time before, and what it only has to know of it.
struct TakenOver {
  /// Keys that are in the SecY and can be continued; `old` only beside `latest`.
  std::optional<SakSlot> latest;
  std::optional<SakSlot> old;
  /// In use before, whether or not they can be continued; the SecY may know of later ones than the snapshot.
  std::vector<KeyId> used;
  std::vector<SakDigest> used_saks;
  KeyNumber last_kn = 0;  ///< highest given out as key server
  /// In the SecY, and of no use.
  std::vector<Leftover> leftovers;
};

/// Compares `held` with `before`, where there is one, for the member `own` with the keys named in `ckns`.
[[nodiscard]] TakenOver take_over(const std::optional<Snapshot>& before, const SecyState& held, const Sci& own,
                                  std::span<const Ckn> ckns);

}  // namespace macsec::core
