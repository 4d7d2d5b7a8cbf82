// SPDX-License-Identifier: LGPL-2.1-or-later
/// The parts of the CP machine that ask the SecY again: what it did not remove, and the settings it refused.
#include "engine/core/mka/leftovers.hpp"
#include "engine/core/mka/secy_settings.hpp"
#include "tests/unit/core/rig.hpp"

namespace macsec::core {
namespace {

struct LeftoversTest : testing::Test, Rig {
  Leftovers leftovers{context};
  const Leftover channel{.sci = sci_of(2), .an = std::nullopt};
  const Leftover association{.sci = sci_of(2), .an = An{1}};
  const Leftover transmit{.sci = std::nullopt, .an = An{3}};
};

TEST_F(LeftoversTest, WhatIsRemovedIsNone) {
  leftovers.remove(association, now);
  EXPECT_TRUE(leftovers.empty());
  EXPECT_EQ(leftovers.next(), std::nullopt);
  EXPECT_TRUE(leftovers.vacant(sci_of(2), An{1}));
}

TEST_F(LeftoversTest, IsAskedForAgainMoreAndMoreRarely) {
  secy.refused = {"delete tx"};
  leftovers.remove(transmit, now);
  leftovers.remove(transmit, now);
  EXPECT_EQ(secy.calls, 1U) << "its time comes";
  std::vector<Duration> gaps;
  for (int i = 0; i < 5; ++i) {
    gaps.push_back(*leftovers.next() - now);
    now = *leftovers.next();
    leftovers.step(now);
  }
  EXPECT_EQ(gaps, (std::vector<Duration>{1s, 2s, 4s, 8s, 8s}));
  secy.refused.clear();
  leftovers.step(*leftovers.next());
  EXPECT_TRUE(leftovers.empty());
  EXPECT_EQ(leftovers.next(), std::nullopt);
}

TEST_F(LeftoversTest, KeepItsPlaceFromAnotherKey) {
  secy.refused = {"delete tx", "delete rx"};
  leftovers.remove(transmit, now);
  leftovers.remove(association, now);
  EXPECT_EQ(leftovers.ans(), 0b1010U);
  EXPECT_EQ(leftovers.vacant(std::nullopt, An{3}).error().code, EBUSY);
  EXPECT_EQ(leftovers.vacant(sci_of(2), An{1}).error().code, EBUSY);
  EXPECT_TRUE(leftovers.vacant(sci_of(3), An{1})) << "another peer's";
}

TEST_F(LeftoversTest, AChannelTakesItsAssociationsWithIt) {
  secy.refused = {"delete rx", "delete sc"};
  leftovers.remove(association, now);
  leftovers.remove(channel, now);
  secy.refused = {"delete rx"};
  leftovers.retry(now);
  EXPECT_TRUE(leftovers.empty());
}

TEST_F(LeftoversTest, AChannelThatIsUsedAgainStays) {
  secy.refused = {"delete sc"};
  leftovers.remove(channel, now);
  leftovers.keep_channel(sci_of(2));
  EXPECT_TRUE(leftovers.empty());
}

struct SecySettingsTest : testing::Test, Rig {
  SecyErrors errors{context};
  SecySettings settings{context, errors};
  SecyParameters wanted{.protect = true, .encrypt = true};
};

TEST_F(SecySettingsTest, WhatIsAcceptedIsSentOnce) {
  EXPECT_FALSE(settings.apply(wanted, ControlledPort::up, now)) << "nothing was refused before";
  EXPECT_TRUE(settings.is_up());
  const unsigned calls = secy.calls;
  EXPECT_FALSE(settings.apply(wanted, ControlledPort::up, now));
  EXPECT_EQ(secy.calls, calls);
  settings.distrust();
  EXPECT_FALSE(settings.apply(wanted, ControlledPort::up, now));
  EXPECT_EQ(secy.calls, 2 * calls);
}

TEST_F(SecySettingsTest, ThePortIsNotOpenedOverSettingsThatWereRefused) {
  secy.refused = {"configure"};
  EXPECT_FALSE(settings.apply(wanted, ControlledPort::up, now));
  EXPECT_EQ(secy.port, ControlledPort::dormant);
  EXPECT_NE(errors.last(), "");
  EXPECT_EQ(settings.next(), now + 1s);
}

TEST_F(SecySettingsTest, OnlyWhatWasRefusedWaits) {
  secy.refused = {"configure"};
  EXPECT_FALSE(settings.apply(wanted, ControlledPort::up, now));
  const unsigned calls = secy.calls;
  EXPECT_FALSE(settings.apply(wanted, ControlledPort::up, now + 500ms));
  EXPECT_EQ(secy.calls, calls);
  secy.refused.clear();
  wanted.encrypt = false;
  EXPECT_TRUE(settings.apply(wanted, ControlledPort::up, now + 500ms)) << "the refusal is over";
  EXPECT_FALSE(secy.state.parameters.encrypt);
  EXPECT_EQ(settings.next(), std::nullopt);
}

TEST_F(SecySettingsTest, TheSameRefusalIsToldOnce) {
  secy.refused = {"configure"};
  static_cast<void>(settings.apply(wanted, ControlledPort::up, now));
  static_cast<void>(settings.apply(wanted, ControlledPort::up, now + 1s));
  EXPECT_EQ(errors.at(), now + 1s);
  EXPECT_EQ(context.counters.secy_failures, 2U);
  EXPECT_EQ(context.events.size(), 1U);
}

}  // namespace
}  // namespace macsec::core
