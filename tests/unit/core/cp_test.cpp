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
  void give(KeyNumber number, An an, std::vector<Sci> members = {sci_of(2)}) {
    SakSlot slot;
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
      machine.pass(Duration{1});
    }
    EXPECT_TRUE(machine.cp.transmitting());
  }
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
