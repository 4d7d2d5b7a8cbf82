// SPDX-License-Identifier: LGPL-2.1-or-later
/// How a random life goes: its members start one after the other, then peace and trouble take turns.
#pragma once

#include "tests/sim/host.hpp"

#include <functional>
#include <span>

namespace macsec::sim {

/// What happens to the members.
struct LifeParts {
  std::function<void()> watch;     ///< once, when they start
  std::function<void()> peace;     ///< nothing is wrong
  std::function<void()> disturb;   ///< something is
  std::function<void()> converge;  ///< nothing is any more, and they have to find together
};

/// `span` of protocol time; false where something was violated.
[[nodiscard]] inline bool live(VirtualLan& lan, SimRandom& random, std::span<Host* const> members, Instant span,
                               const LifeParts& parts) {
  const Instant end = lan.world.now + span;
  for (Host* each : members) {
    lan.plug(each->index(), true);
    lan.after(random.between(1, 3 * second), [each] { each->start(); });
  }
  parts.watch();
  lan.run_for(3 * second);
  parts.converge();
  while (lan.world.now < end && lan.world.good()) {
    parts.peace();
    if (!lan.world.good()) break;
    parts.disturb();
    parts.converge();
  }
  return lan.world.good();
}

}  // namespace macsec::sim
