// SPDX-License-Identifier: LGPL-2.1-or-later
// What must be seen before a key may go, a rule a test.
#include "engine/core/mka/key_evidence.hpp"
#include "tests/unit/core/bench.hpp"

namespace macsec::core {
namespace {

using Missing = KeyEvidence::Missing;

/// A key that is to go and one that is to take its place, in this order; peers join as a test says.
struct Rollover : Bench {
  explicit Rollover(KeyRole role = KeyRole::primary)
      : Bench{[role](Profile& profile) { profile.keys.push_back(sim::psk("beef", 0x22, 16, role)); }} {}

  Participant& going() { return participants[0]; }
  Participant& coming() { return participants[1]; }
  Peer& join(std::uint8_t host, std::size_t participant) {
    Peer& peer = meet(host, participant);
    participants[participant].had_peer = true;
    return peer;
  }
  /// `host` says that it uses the SAK `id`.
  void report(std::uint8_t host, const KeyId& id, bool receiving, bool transmitting) {
    coming().peers().find(mi_of(host))->latest = {id, An{0}, receiving, transmitting, 1};
  }
  void distribute(const Participant& under, bool in_use = true) {
    SakSlot slot = slot_of(sak);
    slot.ckn = under.ckn();
    slot.receiving = slot.transmitting = in_use;
    cp.resume(std::move(slot), {}, start);
  }
  [[nodiscard]] KeyEvidence look(std::optional<Sci> key_server = {}) {
    return look_for_evidence(going(), participants, cp, key_server, start, [](const Participant&) { return true; });
  }

  Cp cp{context};
  KeyId sak{mi_of(1), 7};
};

TEST(KeyEvidence, NeedsAnotherKey) {
  Rollover alone;
  alone.coming().active = false;
  EXPECT_EQ(alone.look().missing, Missing::successor);
  Rollover weaker{KeyRole::fallback};
  EXPECT_EQ(weaker.look().missing, Missing::successor) << "a fallback key is no successor of a primary one";
  Rollover unfit;
  EXPECT_EQ(look_for_evidence(unfit.going(), unfit.participants, unfit.cp, {}, start, [](const auto&) { return false; })
                .missing,
            Missing::successor);
}

TEST(KeyEvidence, IsNotToBeHadWhereNobodyIsLive) {
  Rollover rollover;
  EXPECT_TRUE(rollover.look().holds()) << "never in use";
  rollover.going().had_peer = true;
  EXPECT_EQ(rollover.look().missing, Missing::any_peer);
}

TEST(KeyEvidence, NamesThePeerThatWouldBeLost) {
  Rollover rollover;
  rollover.join(2, 0);
  rollover.join(3, 0);
  rollover.join(2, 1);
  rollover.distribute(rollover.coming());
  EXPECT_EQ(rollover.look().missing, Missing::live_peer);
  EXPECT_EQ(rollover.look().peer, sci_of(3));
  EXPECT_TRUE(rollover.look().words().contains(to_string(sci_of(3))));
  EXPECT_FALSE(rollover.look().may_come());
  rollover.join(3, 1).live = false;
  EXPECT_EQ(rollover.look().missing, Missing::live_peer) << "that it is heard is not enough";
}

TEST(KeyEvidence, CountsWhoIsOnlyHeardUnderTheKey) {
  Rollover rollover;
  rollover.join(2, 0);
  rollover.join(2, 1);
  rollover.join(3, 0).live = false;
  rollover.going().note_unproved(mi_of(3), start);
  EXPECT_EQ(rollover.look().missing, Missing::live_peer);
  EXPECT_EQ(rollover.look().peer, sci_of(3));
}

TEST(KeyEvidence, CountsNobodyForLongWhoOnlySpeaks) {
  Rollover rollover;
  rollover.join(2, 0);
  rollover.join(2, 1);
  rollover.join(3, 0).live = false;
  rollover.going().note_unproved(mi_of(3), start - life_time);
  rollover.going().note_unproved(mi_of(3), start);
  EXPECT_EQ(rollover.look().missing, Missing::sak);
}

TEST(KeyEvidence, NeedsASakOfTheSuccessor) {
  Rollover rollover;
  rollover.join(2, 0);
  rollover.join(2, 1);
  EXPECT_EQ(rollover.look().missing, Missing::sak);
  rollover.distribute(rollover.going());
  EXPECT_EQ(rollover.look().missing, Missing::sak);
  EXPECT_EQ(rollover.look(sci_of(2)).missing, Missing::foreign_sak);
  EXPECT_EQ(rollover.look(sci_of(2)).peer, sci_of(2));
  EXPECT_TRUE(rollover.look().may_come());
}

TEST(KeyEvidence, NeedsThatSakInUseEverywhere) {
  Rollover rollover;
  rollover.join(2, 0);
  rollover.join(2, 1);
  rollover.distribute(rollover.coming(), false);
  EXPECT_EQ(rollover.look().missing, Missing::own_use);
  rollover.distribute(rollover.coming());
  EXPECT_EQ(rollover.look().missing, Missing::peers_use);
  rollover.report(2, rollover.sak, true, false);
  EXPECT_EQ(rollover.look().missing, Missing::peers_use);
  EXPECT_EQ(rollover.look().peer, sci_of(2));
  rollover.report(2, rollover.sak, true, true);
  EXPECT_TRUE(rollover.look().holds());
  EXPECT_EQ(rollover.look().words(), "");
}

TEST(KeyEvidence, NeedsTheOldSakGone) {
  Rollover rollover;
  rollover.join(2, 0);
  rollover.join(2, 1);
  rollover.report(2, rollover.sak, true, true);
  SakSlot latest = slot_of(rollover.sak);
  latest.ckn = rollover.coming().ckn();
  latest.receiving = true;
  SakSlot old = slot_of({mi_of(1), 6}, An{1});
  old.ckn = rollover.going().ckn();
  rollover.cp.resume(std::move(latest), std::move(old), start);
  EXPECT_EQ(rollover.look().missing, Missing::old_sak);
}

TEST(KeyEvidence, IsOfTheSuccessorThatIsFurthest) {
  Bench bench{[](Profile& profile) {
    profile.keys.push_back(sim::psk("beef", 0x22));
    profile.keys.push_back(sim::psk("cafe", 0x33));
  }};
  const Cp cp{bench.context};
  bench.meet(2, 0);
  bench.meet(2, 2);
  const KeyEvidence seen = look_for_evidence(bench.participants[0], bench.participants, cp, {}, start,
                                             [](const Participant&) { return true; });
  EXPECT_EQ(seen.successor, bench.participants[2].ckn());
  EXPECT_EQ(seen.missing, Missing::sak);
}

}  // namespace
}  // namespace macsec::core
