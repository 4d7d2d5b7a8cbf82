// SPDX-License-Identifier: LGPL-2.1-or-later
// What a restarted port takes over of what its SecY holds.
#include "tests/unit/core/bench.hpp"

namespace macsec::core {
namespace {

const Ckn ckn = sim::psk("abcd", 0x11).ckn;

/// Host 1 was a member with host 2 under key 7 of AN 1, made by itself.
struct Before {
  KeyId key{mi_of(1), 7};
  Snapshot snapshot{.sci = sci_of(1),
                    .last_kn = 7,
                    .participants = {{.ckn = ckn, .mi = mi_of(1), .mn_limit = 1000, .live = {}}},
                    .latest = Snapshot::Key{key, An{1}, CipherSuite::gcm_aes_128, true, ckn, {sci_of(2)}},
                    .old = {},
                    .used = {{7, 7, 7}}};
  SecyState held;

  Before() {
    held.encoding = An{1};
    held.transmit.push_back({.an = An{1}, .active = true, .key = key, .next_pn = 50, .ssci = 0});
    held.receive.push_back({sci_of(2), {{.an = An{1}, .active = true, .key = key, .next_pn = 60, .ssci = 0}}});
  }
  [[nodiscard]] TakenOver take() const { return take_over(snapshot, held, sci_of(1), std::span{&ckn, 1}); }
};

TEST(Resumption, TakesOverTheKeyBothAgreeOn) {
  const TakenOver taken = Before{}.take();
  ASSERT_TRUE(taken.latest);
  EXPECT_TRUE(taken.latest->transmitting);
  EXPECT_TRUE(taken.latest->resumed);
  EXPECT_EQ(taken.latest->members, (std::vector<SakMember>{{sci_of(2), 0}}));
  EXPECT_TRUE(taken.leftovers.empty());
  EXPECT_EQ(taken.last_kn, 7U);
}

// A peer came back to the key after the snapshot was written, and its SA was installed.
TEST(Resumption, TheReceiveSaOfOneThatCameLateGoesWithTheKey) {
  Before before;
  before.held.receive.push_back(
      {sci_of(3), {{.an = An{1}, .active = true, .key = before.key, .next_pn = 1, .ssci = 0}}});
  const TakenOver taken = before.take();
  ASSERT_TRUE(taken.latest);
  EXPECT_EQ(taken.latest->receiving_from, (std::vector<Sci>{sci_of(2), sci_of(3)}));
  EXPECT_TRUE(taken.leftovers.empty());
}

TEST(Resumption, AKeyOfSomebodyElseIsClearedAwayAndNeverUsedAgain) {
  Before before;
  const KeyId other{mi_of(9), 3};
  before.held.transmit[0].key = other;
  before.held.receive.clear();
  const TakenOver taken = before.take();
  EXPECT_FALSE(taken.latest);
  ASSERT_EQ(taken.leftovers.size(), 1U);
  EXPECT_EQ(taken.leftovers[0].an, An{1});
  EXPECT_NE(std::ranges::find(taken.used, other), taken.used.end());
}

// What was read may be 100 ms old: the key that is sent with counts as used whatever its packet number was then.
TEST(Resumption, TheKeyThatIsSentWithWasUsedAndSoWereThoseOfTheSnapshot) {
  Before before;
  before.held.transmit[0].next_pn = 1;
  before.held.transmit.push_back({.an = An{2}, .active = true, .key = {mi_of(8), 4}, .next_pn = 1, .ssci = 0});
  TakenOver taken = take_over(std::nullopt, before.held, sci_of(1), std::span{&ckn, 1});
  EXPECT_NE(std::ranges::find(taken.used, before.key), taken.used.end());
  EXPECT_EQ(std::ranges::find(taken.used, KeyId{mi_of(8), 4}), taken.used.end()) << "installed only";
  EXPECT_TRUE(taken.used_saks.empty());
  EXPECT_EQ(before.take().used_saks, before.snapshot.used);
}

TEST(Resumption, AKeyThatIsNotReceivedWithIsNotContinued) {
  Before before;
  before.held.receive[0].associations.clear();
  const TakenOver taken = before.take();
  EXPECT_FALSE(taken.latest);
  EXPECT_EQ(taken.leftovers.size(), 2U);
}

TEST(Resumption, AnExhaustedKeyIsNotContinued) {
  Before before;
  before.held.transmit[0].next_pn = 0;
  EXPECT_FALSE(before.take().latest);
}

TEST(Resumption, AnotherDeviceOrAKeyTheProfileLostIsANewStart) {
  const Before before;
  EXPECT_FALSE(take_over(before.snapshot, before.held, sci_of(3), std::span{&ckn, 1}).latest);
  EXPECT_FALSE(take_over(before.snapshot, before.held, sci_of(1), {}).latest);
}

TEST(Resumption, TheSecyMayKnowOfLaterKeyNumbers) {
  Before before;
  before.held.transmit.push_back({.an = An{2}, .active = true, .key = {mi_of(1), 9}, .next_pn = 1, .ssci = 0});
  EXPECT_EQ(before.take().last_kn, 9U);
}

TEST(Resumption, WithoutASnapshotEverythingIsALeftover) {
  const TakenOver taken = take_over(std::nullopt, Before{}.held, sci_of(1), std::span{&ckn, 1});
  EXPECT_FALSE(taken.latest);
  EXPECT_EQ(taken.leftovers.size(), 3U);  // a receive SA, its SC, a transmit SA
}

}  // namespace
}  // namespace macsec::core
