// SPDX-License-Identifier: LGPL-2.1-or-later
/// One object of engine/core/mka on a bench: what it is composed with, without a LAN.
#pragma once

#include "engine/core/mka/kay.hpp"
#include "tests/sim/fake_secy.hpp"
#include "tests/sim/forge.hpp"
#include "tests/sim/sim_random.hpp"

#include <gtest/gtest.h>

namespace macsec::core {

using namespace std::chrono_literals;

inline constexpr Time start{1'000'000s};

inline Sci sci_of(std::uint8_t host) { return Sci::of(MacAddress{{2, 0, 0, 0, 0, host}}, 1); }
inline MemberId mi_of(std::uint8_t host) { return MemberId{{host, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}}; }

/// Host 1, whose link is up.
struct Bench {
  explicit Bench(const std::function<void(Profile&)>& change = {}) {
    context.profile = sim::make_profile(change);
    context.link = {.present = true, .carrier = true, .mac = {}, .sci = sci_of(1), .speed = 1'000'000'000};
    for (const PreSharedKey& key : context.profile->keys) {
      participants.push_back(std::move(Participant::create(AssociationKey::of(key), random).value()));
      participants.back().active = true;
    }
  }
  /// `host` is live in the CA of `participant`.
  Peer& meet(std::uint8_t host, std::size_t participant = 0, std::uint8_t priority = 200) {
    Peer& peer = *participants[participant].peers().admit(mi_of(host), sci_of(host));
    peer.live = true;
    peer.priority = priority;
    peer.version = 3;
    peer.last_heard = start;
    peer.expires = start + life_time;
    return peer;
  }

  sim::World world;
  sim::FakeSecy secy{world, 0, sci_of(1)};
  sim::SimRandom random{1};
  sim::SimTrace trace{world, 0};
  Context context{.secy = secy,
                  .random = random,
                  .trace = trace,
                  .profile = {},
                  .link = {},
                  .counters = {},
                  .frames = {},
                  .events = {}};
  std::vector<Participant> participants;
};

inline SakSlot slot_of(const KeyId& id, An an = An{0}) {
  SakSlot slot;
  slot.id = id;
  slot.an = an;
  slot.since = start;
  slot.transmitting = true;
  return slot;
}

}  // namespace macsec::core
