// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/mka/cp.hpp"
#include "tests/unit/core/rig.hpp"

namespace macsec::core {
namespace {

KeyId key(KeyNumber number) { return {MemberId{{9}}, number}; }

/// A machine, and what its KaY would tell it.
struct Machine : Rig {
  Cp cp{context};
  Cp::Inputs in{.connect = Connect::secure};

  void step() { static_cast<void>(cp.step(in, now)); }
  void pass(Duration span) {
    now += span;
    step();
  }
  void give(KeyNumber number, An an, std::vector<Sci> members = {sci_of(2)}, bool incomplete = false) {
    SakSlot slot;
    slot.incomplete = incomplete;
    slot.id = key(number);
    slot.an = an;
    slot.ckn = context.profile->keys.front().ckn;
    std::ranges::fill(slot.sak.allocate(16), static_cast<std::uint8_t>(number));
    for (const Sci& sci : members) slot.members.push_back({sci, 0});
    step();  // out of CHANGE, which takes no key
    cp.new_sak(std::move(slot));
    step();
  }
  /// Everybody reports that it uses the latest key.
  void everybody() {
    in.all_receiving = in.server_transmitting = in.all_transmitting = true;
    step();
  }
  void nobody() { in.all_receiving = in.server_transmitting = in.all_transmitting = false; }
};

TEST(Cp, KeepsNoKeyItHasInstalled) {
  Machine machine;
  machine.give(1, An{0});
  EXPECT_TRUE(machine.cp.latest()->sak.empty());
  machine.everybody();
  machine.nobody();
  machine.give(2, An{1});
  EXPECT_TRUE(machine.cp.latest()->sak.empty());
  EXPECT_TRUE(machine.cp.old()->sak.empty());
}

TEST(Cp, AMemberThatIsKnownLateIsTriedAgain) {
  Machine machine;
  machine.give(1, An{0}, {sci_of(2)}, true);
  machine.everybody();
  machine.secy.refused = {"install rx"};
  EXPECT_TRUE(machine.cp.add_member(sci_of(3), false, machine.now));
  EXPECT_FALSE(machine.cp.latest()->receiving) << "the key server is to know";
  EXPECT_TRUE(machine.cp.step(machine.in, machine.now)) << "and is told";
  EXPECT_NE(machine.cp.last_error(), "");
  const unsigned calls = machine.secy.calls;
  for (int i = 0; i < 600; ++i) machine.pass(100ms);
  EXPECT_LE(machine.secy.calls - calls, 30U) << "in a minute";
  machine.secy.refused.clear();
  machine.now = machine.cp.next_timeout().value();
  EXPECT_TRUE(machine.cp.step(machine.in, machine.now));
  EXPECT_TRUE(machine.secy.receives(sci_of(3), key(1)));
  EXPECT_TRUE(machine.cp.latest()->receiving);
  EXPECT_EQ(machine.cp.last_error(), "");
}

TEST(Cp, AMemberThatOnlyAnotherKeyCanHelp) {
  Machine machine;
  machine.give(1, An{0});
  machine.everybody();
  EXPECT_TRUE(machine.cp.add_member(sci_of(2), true, machine.now)) << "has its SA";
  EXPECT_TRUE(machine.cp.add_member(sci_of(3), false, machine.now)) << "another key is on its way for it";
  EXPECT_TRUE(machine.cp.latest()->receiving);
  EXPECT_FALSE(machine.cp.add_member(sci_of(3), true, machine.now)) << "uses a key that cannot be installed any more";
  EXPECT_FALSE(machine.cp.latest()->receiving);
  EXPECT_TRUE(machine.cp.transmitting());
}

TEST(Cp, MembersAreASetWithoutOurselves) {
  Machine machine;
  machine.give(1, An{0}, {sci_of(2), sci_of(2), sci_of(1), sci_of(3), sci_of(2)});
  EXPECT_FALSE(machine.cp.abandoned());
  EXPECT_EQ(machine.cp.latest()->receiving_from, (std::vector{sci_of(2), sci_of(3)}));
}

TEST(Cp, WhatTheSecyKeepsRefusingStaysBounded) {
  Machine machine;
  machine.secy.refused = {"delete tx", "delete rx", "delete sc"};
  KeyNumber number = 0;
  for (int minute = 0; minute < 60; ++minute) {
    const unsigned calls = machine.secy.calls;
    machine.context.events.clear();
    for (int i = 0; i < 4; ++i) {
      ++number;
      machine.nobody();
      machine.give(number, machine.cp.free_an(0));
      machine.everybody();
      for (int tick = 0; tick < 150; ++tick) machine.pass(100ms);
    }
    EXPECT_LE(machine.secy.calls - calls, 200U) << "minute " << minute;
    EXPECT_LE(machine.events(Event::Kind::secy_error), 10U) << "minute " << minute;
  }
  machine.secy.refused.clear();
  machine.pass(8s);
  EXPECT_LE(machine.secy.state.transmit.size(), 2U);
}

// 802.1X-2020 12.4
TEST(Cp, AMemberReceivesBeforeTheServerTransmits) {
  Machine machine;
  machine.give(1, An{0});
  EXPECT_EQ(machine.cp.state(), CpState::ready);
  EXPECT_TRUE(machine.secy.receives(sci_of(2), key(1)));
  EXPECT_TRUE(machine.cp.latest()->receiving);
  EXPECT_FALSE(machine.cp.transmitting());
  EXPECT_EQ(machine.secy.port, ControlledPort::dormant);
  machine.everybody();
  EXPECT_TRUE(machine.cp.secured());
  EXPECT_EQ(machine.secy.port, ControlledPort::up);
}

TEST(Cp, TheServerTransmitsOnceAllReceiveOrALifeTimeIsOver) {
  for (const bool report : {true, false}) {
    Machine machine;
    machine.in.elected_self = true;
    machine.give(1, An{0});
    EXPECT_EQ(machine.cp.state(), CpState::receiving);
    machine.pass(life_time - Duration{1});
    EXPECT_FALSE(machine.cp.transmitting());
    if (report) {
      machine.in.all_receiving = true;
      machine.step();
    } else {
      machine.in.some_receiving = true;
      machine.pass(Duration{1});
    }
    EXPECT_TRUE(machine.cp.transmitting());
  }
}

TEST(Cp, TheServerNeverTransmitsWithAKeyThatNobodyTook) {
  Machine machine;
  machine.in.elected_self = true;
  machine.give(1, An{0});
  machine.pass(10 * life_time);
  EXPECT_FALSE(machine.cp.transmitting());
  EXPECT_EQ(machine.secy.port, ControlledPort::dormant);
}

TEST(Cp, AKeyThatReachesNobodyIsGivenUpAndTheNextOneStays) {
  Machine machine;
  machine.give(1, An{0});
  machine.everybody();
  machine.nobody();
  machine.give(2, An{1});
  ASSERT_TRUE(machine.cp.transmitting());
  machine.cp.give_up(machine.now);
  EXPECT_FALSE(machine.cp.transmitting());
  EXPECT_EQ(machine.secy.port, ControlledPort::dormant);
  EXPECT_FALSE(machine.secy.receives(sci_of(2), key(1)));
  EXPECT_TRUE(machine.secy.receives(sci_of(2), key(2)));
  machine.everybody();
  EXPECT_TRUE(machine.cp.secured());
}

TEST(Cp, TheOldKeyStaysUntilEverybodyHasMoved) {
  Machine machine;
  machine.give(1, An{0});
  machine.everybody();
  machine.nobody();
  machine.give(2, An{1});
  EXPECT_EQ(machine.secy.state.encoding, An{0});
  machine.in.server_transmitting = true;
  machine.step();
  EXPECT_EQ(machine.secy.state.encoding, An{1});
  machine.pass(2s);
  EXPECT_TRUE(machine.cp.old());
  EXPECT_TRUE(machine.secy.receives(sci_of(2), key(1)));
  machine.everybody();
  machine.pass(sak_retire_time);
  EXPECT_FALSE(machine.cp.old());
  EXPECT_FALSE(machine.secy.receives(sci_of(2), key(1)));
}

TEST(Cp, AKeyThatCannotBeInstalledLeavesTheOneBefore) {
  Machine machine;
  machine.give(1, An{0});
  machine.everybody();
  machine.nobody();
  machine.secy.refused = {"install tx"};
  machine.give(2, An{1});
  EXPECT_EQ(machine.cp.abandoned(), key(2));
  ASSERT_TRUE(machine.cp.latest());
  EXPECT_EQ(machine.cp.latest()->id, key(1));
  EXPECT_TRUE(machine.cp.transmitting());
  EXPECT_FALSE(machine.secy.receives(sci_of(2), key(2))) << "nothing of it is left behind";
  EXPECT_NE(machine.cp.last_error(), "");
}

TEST(Cp, TheLastPeerGoneClosesThePortBeforeTheKeysGo) {
  Machine machine;
  machine.give(1, An{0});
  machine.everybody();
  machine.secy.refused = {"delete tx", "delete rx", "delete sc"};
  machine.in.connect = Connect::pending;
  machine.step();
  EXPECT_EQ(machine.secy.port, ControlledPort::dormant);
  EXPECT_FALSE(machine.cp.latest());
  machine.secy.refused.clear();
  machine.pass(10s);
  EXPECT_TRUE(machine.secy.state.transmit.empty());
  EXPECT_TRUE(machine.secy.state.receive.empty());
}

TEST(Cp, AnAssociationNumberThatIsFree) {
  Machine machine;
  EXPECT_EQ(machine.cp.free_an(0), An{0});
  EXPECT_EQ(machine.cp.free_an(0b0011), An{2});
  machine.give(1, An{0});
  EXPECT_EQ(machine.cp.free_an(0), An{1});
  EXPECT_EQ(machine.cp.free_an(0b0110), An{3});
}

TEST(Cp, ClearTextOnlyWhereThePolicyAllowsIt) {
  Machine machine;
  machine.in.connect = Connect::unauthenticated;
  machine.context.profile = profile_with_one_key(Policy::should_secure);
  machine.step();
  EXPECT_EQ(machine.cp.state(), CpState::allowed);
  EXPECT_EQ(machine.secy.port, ControlledPort::up);
  EXPECT_FALSE(machine.secy.state.parameters.protect);
  machine.in.connect = Connect::secure;
  machine.give(1, An{0});
  machine.everybody();
  EXPECT_TRUE(machine.secy.state.parameters.protect);
}

TEST(Cp, NoticesThatTheSecyLostItsKeys) {
  Machine machine;
  machine.give(1, An{0});
  machine.everybody();
  EXPECT_TRUE(machine.cp.confirm(machine.secy.state, machine.now));
  machine.secy.state.receive.clear();
  EXPECT_FALSE(machine.cp.confirm(machine.secy.state, machine.now));
}

}  // namespace
}  // namespace macsec::core
