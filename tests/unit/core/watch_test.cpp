// SPDX-License-Identifier: LGPL-2.1-or-later
// Deadlines, used keys, the suspension and the watch over packet numbers: one rule a test.
#include "tests/unit/core/bench.hpp"

namespace macsec::core {
namespace {

enum class Timer : std::uint8_t { one, other, count };

TEST(Deadlines, NextIsTheSoonestOfThoseSet) {
  Deadlines<Timer> deadlines;
  EXPECT_FALSE(deadlines.next());
  deadlines.set(Timer::one, start + 2s);
  deadlines.set(Timer::other, start + 1s);
  EXPECT_EQ(deadlines.next(), start + 1s);
  deadlines.stop(Timer::other);
  EXPECT_EQ(deadlines.next(), start + 2s);
}

TEST(Deadlines, IsExpiredFromItsTimeOnAndTakenOnce) {
  Deadlines<Timer> deadlines;
  EXPECT_FALSE(deadlines.is_expired(Timer::one, start));
  deadlines.set(Timer::one, start);
  EXPECT_TRUE(deadlines.is_running(Timer::one, start - 1us));
  EXPECT_TRUE(deadlines.is_expired(Timer::one, start));
  EXPECT_TRUE(deadlines.take_expired(Timer::one, start));
  EXPECT_FALSE(deadlines.take_expired(Timer::one, start + 1s));
}

TEST(Deadlines, SetSoonerNeverMovesOneAway) {
  Deadlines<Timer> deadlines;
  deadlines.set_sooner(Timer::one, start + 2s);
  deadlines.set_sooner(Timer::one, start + 3s);
  EXPECT_EQ(deadlines.at(Timer::one), start + 2s);
  deadlines.set_sooner(Timer::one, start + 1s);
  EXPECT_EQ(deadlines.at(Timer::one), start + 1s);
  deadlines.stop_expired(start + 1s);
  EXPECT_FALSE(deadlines.is_set(Timer::one));
}

TEST(UsedKeys, NumbersUpToTheHighestFoundAtStartWereUsed) {
  UsedKeys used;
  used.note_found(KeyId{mi_of(2), 5});
  used.note_found(KeyId{mi_of(2), 3});
  EXPECT_TRUE(used.was_used({mi_of(2), 5}));
  EXPECT_TRUE(used.was_used({mi_of(2), 1}));
  EXPECT_FALSE(used.was_used({mi_of(2), 6}));
  used.note(KeyId{mi_of(2), 9}, start);
  EXPECT_TRUE(used.was_used({mi_of(2), 9}));
  EXPECT_FALSE(used.was_used({mi_of(2), 8})) << "said, and perhaps by somebody else";
  EXPECT_FALSE(used.was_used({mi_of(3), 1}));
}

SakDigest digest_of(unsigned number) {
  return {1, static_cast<std::uint8_t>(number >> 16U), static_cast<std::uint8_t>(number >> 8U),
          static_cast<std::uint8_t>(number)};
}

TEST(UsedKeys, ASakIsKnownAgainUnderWhateverName) {
  UsedKeys used;
  used.note(digest_of(1), start);
  used.note(digest_of(2), start);
  EXPECT_TRUE(used.was_used(digest_of(1)));
  EXPECT_FALSE(used.was_used(digest_of(3)));
  EXPECT_EQ(used.last(9), (std::vector{digest_of(1), digest_of(2)}));
  EXPECT_EQ(used.last(1), (std::vector{digest_of(2)}));
}

TEST(UsedKeys, NothingIsForgottenTooEarlyHoweverManyComeUp) {
  UsedKeys used{100};
  for (unsigned i = 0; i < 100; ++i) {
    ASSERT_TRUE(used.has_room(start));
    used.note(digest_of(i), start);
  }
  EXPECT_FALSE(used.has_room(start + 3h));
  EXPECT_TRUE(used.was_used(digest_of(0)));
  EXPECT_TRUE(used.has_room(start + 4h));
  used.note(digest_of(100), start + 4h);
  EXPECT_FALSE(used.was_used(digest_of(0)));
  EXPECT_TRUE(used.was_used(digest_of(1)));
}

TEST(UsedKeys, AServerThatIsStillThereIsNotTheOneForgotten) {
  UsedKeys used{3};
  for (std::uint8_t host = 1; host <= 3; ++host) used.note(KeyId{mi_of(host), 1}, start);
  used.note(KeyId{mi_of(1), 2}, start + 1h);
  EXPECT_FALSE(used.has_room(start + 2h));
  used.note(KeyId{mi_of(4), 1}, start + 4h);
  EXPECT_FALSE(used.was_used(KeyId{mi_of(2), 1}));
  EXPECT_TRUE(used.was_used(KeyId{mi_of(1), 2}));
}

TEST(Suspension, IsToldThenSilentThenOver) {
  Suspension suspension;
  suspension.begin(30s, 500ms, 6s, start);
  EXPECT_EQ(suspension.seconds_told(), 30);
  EXPECT_FALSE(suspension.step(false, start));
  EXPECT_FALSE(suspension.silent());
  EXPECT_EQ(suspension.next(), start + 500ms);
  EXPECT_FALSE(suspension.step(false, start + 500ms));
  EXPECT_TRUE(suspension.silent());
  EXPECT_EQ(suspension.next(), start + 30s + 500ms);
  EXPECT_TRUE(suspension.step(false, start + 30s + 500ms));
  EXPECT_FALSE(suspension.suspended());
  EXPECT_EQ(suspension.seconds_told(), 0);
}

TEST(Suspension, IsNotSilentWhileASakIsPutToUseButNotForEver) {
  Suspension suspension;
  suspension.begin(30s, 500ms, 6s, start);
  EXPECT_FALSE(suspension.step(true, start + 500ms));
  EXPECT_FALSE(suspension.silent());
  EXPECT_EQ(suspension.next(), start + 6500ms);
  Suspension other = suspension;
  EXPECT_FALSE(other.step(true, start + 6500ms));
  EXPECT_TRUE(other.silent());
  EXPECT_FALSE(suspension.step(false, start + 700ms));
  EXPECT_TRUE(suspension.silent());
  EXPECT_EQ(suspension.next(), start + 30s + 500ms);
}

TEST(Suspension, TakenBackIsOverAtOnce) {
  Suspension suspension;
  suspension.begin(30s, 500ms, 6s, start);
  suspension.end();
  EXPECT_FALSE(suspension.suspended());
  EXPECT_FALSE(suspension.silent());
  EXPECT_FALSE(suspension.next());
}

SecyState held(const SakSlot& slot, Pn next_pn) {
  SecyState state;
  state.transmit.push_back({.an = slot.an, .active = true, .key = slot.id, .next_pn = next_pn, .ssci = 0});
  return state;
}

TEST(PnWatch, ReportsWhatIsTwoSecondsOld) {
  Bench bench;
  PnWatch watch{bench.context};
  const SakSlot slot = slot_of({mi_of(1), 1});
  EXPECT_TRUE(watch.sample(held(slot, 100), slot, start));
  EXPECT_EQ(watch.lowest(slot, start + 1s), 1U);
  EXPECT_TRUE(watch.sample(held(slot, 900), slot, start + 1s));
  EXPECT_EQ(watch.lowest(slot, start + 2s), 100U);
  EXPECT_EQ(watch.lowest(slot_of({mi_of(1), 2}), start + 2s), 1U);
}

TEST(PnWatch, ReportsAKeyThatRunsOutAtOnceAndAsksOnceForAnother) {
  Bench bench;
  PnWatch watch{bench.context};
  const SakSlot slot = slot_of({mi_of(1), 1});
  EXPECT_TRUE(watch.sample(held(slot, 0xf0000000), slot, start));
  EXPECT_EQ(watch.lowest(slot, start), 0xf0000000U);
  EXPECT_TRUE(watch.running_out(watch.next_pn(), slot));
  EXPECT_FALSE(watch.running_out(watch.next_pn(), slot));
  EXPECT_FALSE(watch.running_out(100, slot_of({mi_of(1), 2})));
}

TEST(PnWatch, HardwareIsTakenToSendAsFastAsItCan) {
  Bench bench;
  PnWatch watch{bench.context};
  SakSlot slot = slot_of({mi_of(1), 1});
  EXPECT_FALSE(watch.rekey_at(slot));
  watch.follow({.transmit_pn_readable = false});
  watch.follow_speed();
  // 75 % of 2^32 frames of 84 octets at 1 Gb/s.
  EXPECT_NEAR(std::chrono::duration<double>(*watch.rekey_at(slot) - start).count(), 2164, 1);
  slot.resumed = true;
  EXPECT_EQ(watch.rekey_at(slot), start);
  slot.cipher_suite = CipherSuite::gcm_aes_xpn_128;
  EXPECT_FALSE(watch.rekey_at(slot));
}

TEST(PnWatch, ReportsWhatIsTwoSecondsOldHoweverOftenItLooks) {
  for (const Duration gap : {10ms, 100ms, 299ms, 300ms, 500ms, 1000ms}) {
    Bench bench;
    PnWatch watch{bench.context};
    const SakSlot slot = slot_of({mi_of(1), 1});
    Pn pn = 1'000'000;
    for (Time now = start; now < start + 10s; now += gap) {
      EXPECT_TRUE(watch.sample(held(slot, pn += 100), slot, now));
      if (now < start + 3s) continue;
      EXPECT_GT(watch.lowest(slot, now), pn - 100 * static_cast<Pn>(4s / gap)) << gap.count();
      EXPECT_LE(watch.lowest(slot, now), pn - 100 * static_cast<Pn>(2s / gap)) << gap.count();
    }
  }
}

TEST(PnWatch, ReportsOfHardwareWhatItCouldHaveSent) {
  Bench bench;
  PnWatch watch{bench.context};
  SakSlot slot = slot_of({mi_of(1), 1});
  watch.follow_speed();
  EXPECT_TRUE(watch.tells_lowest());
  watch.follow({.transmit_pn_readable = false});
  EXPECT_FALSE(watch.tells_lowest());
  EXPECT_EQ(watch.lowest(slot, start), 1U);
  // 1 Gb/s: 1,488,095 frames of 84 octets a second.
  EXPECT_EQ(watch.lowest(slot, start + 10s), 14'880'952U);
  EXPECT_EQ(watch.lowest(slot, start + 3000s), 0xffffffffU);
  slot.resumed = true;
  EXPECT_EQ(watch.lowest(slot, start), 0xffffffffU) << "how old it is, nobody knows";
  slot.cipher_suite = CipherSuite::gcm_aes_xpn_128;
  EXPECT_EQ(watch.lowest(slot, start + 10s), 1U);
}

TEST(PnWatch, KnowsHowLongPacketNumbersLastAtTheLeast) {
  Bench bench;
  PnWatch watch{bench.context};
  SakSlot slot = slot_of({mi_of(1), 1});
  bench.context.link.speed = 100'000'000'000;
  watch.follow_speed();
  const auto lasts = [&](Time now) { return std::chrono::duration<double>(watch.lasts(slot, now).value()).count(); };
  EXPECT_NEAR(lasts(start), 28.9, 0.1);
  EXPECT_NEAR(lasts(start + 20s), 8.9, 0.1) << "nobody looked";
  EXPECT_TRUE(watch.sample(held(slot, 1000), slot, start + 20s));
  EXPECT_NEAR(lasts(start + 20s), 28.9, 0.1);
  EXPECT_NEAR(lasts(start + 21s), 27.9, 0.1);
  EXPECT_TRUE(watch.sample(held(slot, 0), slot, start + 22s));
  EXPECT_NEAR(lasts(start + 22s), 0, 0.1);
  slot.cipher_suite = CipherSuite::gcm_aes_xpn_128;
  EXPECT_FALSE(watch.lasts(slot, start));
  slot.cipher_suite = CipherSuite::gcm_aes_128;
  bench.context.link.speed = 0;
  EXPECT_FALSE(watch.lasts(slot, start)) << "a virtual link";
}

TEST(PnWatch, KnowsTheHighestReceivedOfAKey) {
  Bench bench;
  PnWatch watch{bench.context};
  const SakSlot slot = slot_of({mi_of(1), 1});
  SecyState state = held(slot, 5);
  for (std::uint8_t host = 2; host < 4; ++host)
    state.receive.push_back({sci_of(host), {{.an = slot.an, .active = true, .key = slot.id, .next_pn = host * 10U}}});
  state.receive.push_back({sci_of(4), {{.an = slot.an, .active = true, .key = {mi_of(9), 9}, .next_pn = 700}}});
  EXPECT_TRUE(watch.sample(state, slot, start));
  EXPECT_EQ(watch.highest_received(slot), 30U);
  EXPECT_EQ(watch.received(sci_of(2), slot.id), 20U);
  EXPECT_FALSE(watch.received(sci_of(4), slot.id));
}

TEST(PnWatch, LooksMoreOftenWhereTheLinkIsFaster) {
  Bench bench;
  PnWatch watch{bench.context};
  EXPECT_FALSE(watch.sample_interval(std::nullopt));
  EXPECT_EQ(watch.sample_interval(slot_of({})), Duration{10s});
  bench.context.link.speed = 400'000'000'000;
  EXPECT_LT(watch.sample_interval(slot_of({})), Duration{1s});
}

}  // namespace
}  // namespace macsec::core
