// SPDX-License-Identifier: LGPL-2.1-or-later
// Things break: paths, processes, kernels. The link says so and comes back by itself.
#include "tests/sim/lab.hpp"

#include <cerrno>

namespace macsec::sim {
namespace {

using core::PortState;
using core::Reason;
using Memory = Host::Memory;

class Members : public testing::TestWithParam<unsigned> {};

TEST_P(Members, RestartWithSnapshotLosesNothing) {
  for (const Instant away : {10 * millisecond, second, 4 * second}) {
    for (const Index victim : {0U, 1U}) {
      Lab lab;
      std::vector<Host*> hosts;
      for (unsigned i = 0; i < GetParam(); ++i) hosts.push_back(&lab.add());
      ASSERT_TRUE(lab.secures_within(second));
      lab.lan.run_for(7 * second);
      lab.flood();
      const MemberId mi = principal(hosts[victim]->status()).mi;
      const KeyId key = key_in_use(*hosts[victim]);
      hosts[victim]->crash();
      lab.lan.run_for(away);
      hosts[victim]->start(Memory::kept);
      lab.lan.run_for(10 * second);
      EXPECT_TRUE(lab.lan.secured()) << "away " << away << " victim " << victim;
      EXPECT_EQ(principal(hosts[victim]->status()).mi, mi);
      EXPECT_EQ(key_in_use(*hosts[victim]), key);
      ASSERT_TRUE(hosts[0]->rekey()) << "the key server still serves";
      lab.lan.run_for(10 * second);
      EXPECT_NE(key_in_use(*hosts[victim]), key);
    }
  }
}

TEST_P(Members, RestartWithoutSnapshotIsShort) {
  for (const Index victim : {0U, 1U}) {
    Lab lab;
    std::vector<Host*> hosts;
    for (unsigned i = 0; i < GetParam(); ++i) hosts.push_back(&lab.add());
    ASSERT_TRUE(lab.secures_within(second));
    lab.lan.run_for(7 * second);
    lab.lan.set_traffic(millisecond);
    hosts[victim]->crash();
    lab.lan.run_for(50 * millisecond);
    lab.lan.reset_traffic();
    hosts[victim]->start(Memory::lost);
    EXPECT_LE(lab.time_to_secure(), 500 * millisecond) << "victim " << victim;
    lab.lan.run_for(10 * second);
    EXPECT_TRUE(lab.lan.secured());
    for (Index other = 0; other < lab.lan.size(); ++other)
      if (other != victim) {
        EXPECT_LE(lab.lan.longest_gap(victim, other), 500 * millisecond);
      }
  }
}

TEST_P(Members, RebootComesBackAtOnce) {
  for (const Index victim : {0U, 1U}) {
    Lab lab;
    std::vector<Host*> hosts;
    for (unsigned i = 0; i < GetParam(); ++i) hosts.push_back(&lab.add());
    ASSERT_TRUE(lab.secures_within(second));
    lab.lan.run_for(7 * second);
    hosts[victim]->reboot();
    lab.lan.plug(victim, false);
    lab.lan.run_for(second);
    lab.lan.plug(victim, true);
    hosts[victim]->start(Memory::lost);
    EXPECT_LE(lab.time_to_secure(), second) << "victim " << victim;
  }
}

TEST_P(Members, LongAbsenceWithSnapshot) {
  for (const Index victim : {0U, 1U}) {
    Lab lab;
    std::vector<Host*> hosts;
    for (unsigned i = 0; i < GetParam(); ++i) hosts.push_back(&lab.add());
    ASSERT_TRUE(lab.secures_within(second));
    lab.lan.run_for(7 * second);
    hosts[victim]->crash();
    lab.lan.run_for(60 * second);
    hosts[victim]->start(Memory::kept);
    EXPECT_LE(lab.time_to_secure(), second) << "victim " << victim;
  }
}

TEST_P(Members, CrashBeforeTheSnapshotIsWritten) {
  for (const Index victim : {0U, 1U}) {
    Lab lab;
    std::vector<Host*> hosts;
    for (unsigned i = 0; i < GetParam(); ++i) hosts.push_back(&lab.add());
    ASSERT_TRUE(lab.secures_within(second));
    lab.lan.run_for(7 * second);
    hosts[victim]->crash_before_saving();
    if (hosts[0]->running()) static_cast<void>(hosts[0]->rekey());
    lab.lan.run_for(100 * millisecond);
    ASSERT_FALSE(hosts[victim]->running());
    hosts[victim]->start(Memory::kept);
    EXPECT_LE(lab.time_to_secure(), 7 * second) << "victim " << victim;
    lab.lan.run_for(10 * second);
    EXPECT_TRUE(lab.lan.secured());
  }
}

TEST_P(Members, CarrierOffAndOn) {
  for (const Instant away : {2 * second, 8 * second}) {
    Lab lab;
    for (unsigned i = 0; i < GetParam(); ++i) lab.add();
    ASSERT_TRUE(lab.secures_within(second));
    lab.lan.run_for(7 * second);
    lab.lan.plug(1, false);
    EXPECT_EQ(dynamic_cast<Host&>(lab.lan.station(1)).status().reason, Reason::no_carrier);
    lab.lan.run_for(away);
    lab.lan.plug(1, true);
    EXPECT_LE(lab.time_to_secure(), 500 * millisecond) << away;
  }
}

TEST_P(Members, PartitionHeals) {
  for (const Instant span : {3 * second, 30 * second}) {
    Lab lab;
    for (unsigned i = 0; i < GetParam(); ++i) lab.add();
    ASSERT_TRUE(lab.secures_within(second));
    lab.lan.run_for(7 * second);
    for (Index other = 1; other < lab.lan.size(); ++other) lab.lan.cut(0, other, true);
    lab.lan.run_for(span);
    for (Index other = 1; other < lab.lan.size(); ++other) lab.lan.cut(0, other, false);
    EXPECT_LE(lab.time_to_secure(), 3 * second) << span;
    lab.lan.run_for(10 * second);
    EXPECT_TRUE(lab.lan.secured());
  }
}

INSTANTIATE_TEST_SUITE_P(Faults, Members, testing::Values(2U, 3U, 5U));

TEST(Faults, OneWayLossTakesBothDownAlike) {
  for (const bool reverse : {false, true}) {
    Lab lab;
    Host& one = lab.add();
    Host& other = lab.add();
    ASSERT_TRUE(lab.secures_within(second));
    lab.lan.run_for(7 * second);
    lab.lan.path(reverse, !reverse).cut = true;
    lab.lan.run_for(14 * second);
    EXPECT_NE(one.state(), PortState::secured);
    EXPECT_NE(other.state(), PortState::secured);
    EXPECT_EQ(one.secy().controlled_port(), ControlledPort::dormant);
    EXPECT_EQ(other.secy().controlled_port(), ControlledPort::dormant);
    lab.lan.path(reverse, !reverse).cut = false;
    EXPECT_TRUE(lab.secures_within(3 * second));
  }
}

// 802.1X-2020 Table 9-3
TEST(Faults, DeadPeerIsNoticedWithinItsLife) {
  Lab lab;
  Host& one = lab.add();
  Host& other = lab.add();
  ASSERT_TRUE(lab.secures_within(second));
  lab.lan.run_for(7 * second);
  other.crash();
  lab.lan.plug(1, false);
  const Instant began = lab.lan.world.now;
  ASSERT_TRUE(lab.lan.run_until([&] { return one.state() != PortState::secured; }, 10 * second));
  EXPECT_LE(lab.lan.world.now - began, 6 * second + 100 * millisecond);
  EXPECT_EQ(one.status().reason, Reason::no_peer);
}

TEST(Faults, ClocksThatDriftApartAreNoFault) {
  Lab lab;
  Host& one = lab.add();
  Host& other = lab.add();
  ASSERT_TRUE(lab.secures_within(second));
  lab.flood(100 * millisecond);
  lab.lan.run_for(4 * 3600 * second);
  EXPECT_EQ(one.status().counters.peers_lost + other.status().counters.peers_lost, 0U);
}

struct Refusal {
  SecyCall call;
  const char* name;
  core::Counter counter;
};
class Refusals : public testing::TestWithParam<Refusal> {};

TEST_P(Refusals, BecomeStateWithWordsAndPass) {
  Lab lab;
  Host& one = lab.attach();
  Host& other = lab.attach();
  one.secy().fail_calls(GetParam().call, ENOMEM, 1'000'000);
  lab.lan.plug(0, true);
  lab.lan.plug(1, true);
  one.start();
  other.start();
  lab.lan.run_for(5 * second);
  EXPECT_NE(one.state(), PortState::secured);
  EXPECT_EQ(one.state(), PortState::failed);
  EXPECT_EQ(one.status().reason, Reason::secy_error);
  EXPECT_NE(one.status().last_error.find("Cannot allocate memory"), std::string::npos) << one.status().last_error;
  EXPECT_NE(one.said(core::Event::Kind::secy_error).find("Cannot allocate memory"), std::string::npos);
  const core::PortCounters counters = one.status().counters;
  for (const core::Counter counter :
       {&core::PortCounters::cipher_suite_failures, &core::PortCounters::receive_sc_failures,
        &core::PortCounters::receive_sa_failures, &core::PortCounters::transmit_sa_failures,
        &core::PortCounters::secy_failures})
    EXPECT_EQ(counters.*counter > 0, counter == GetParam().counter);
  EXPECT_EQ(one.secy().controlled_port(), ControlledPort::dormant);
  one.secy().forgive();
  EXPECT_TRUE(lab.secures_within(60 * second));
  EXPECT_EQ(one.status().last_error, "");
}

TEST_P(Refusals, OnceAreMadeGood) {
  for (unsigned after = 0; after < 3; ++after) {
    Lab lab{after + 1};
    Host& one = lab.add();
    lab.add();
    ASSERT_TRUE(lab.secures_within(second));
    lab.lan.run_for(5 * second);
    one.secy().fail_calls(GetParam().call, EBUSY, 1, after);
    for (int i = 0; i < 4; ++i) {
      static_cast<void>(one.rekey());
      lab.lan.run_for(15 * second);
    }
    EXPECT_TRUE(lab.lan.secured()) << after;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Faults, Refusals,
    testing::Values(
        Refusal{SecyCall::select_cipher_suite, "SelectCipherSuite", &core::PortCounters::cipher_suite_failures},
        Refusal{SecyCall::create_receive_sc, "CreateReceiveSc", &core::PortCounters::receive_sc_failures},
        Refusal{SecyCall::install_receive_sa, "InstallReceiveSa", &core::PortCounters::receive_sa_failures},
        Refusal{SecyCall::install_transmit_sa, "InstallTransmitSa", &core::PortCounters::transmit_sa_failures},
        Refusal{SecyCall::transmit_with, "TransmitWith", &core::PortCounters::transmit_sa_failures}),
    [](const auto& each) { return each.param.name; });

TEST(Faults, LeftoverDeletionsThatFailOnceAreRepeated) {
  for (const SecyCall call : {SecyCall::delete_receive_sa, SecyCall::delete_transmit_sa, SecyCall::delete_receive_sc}) {
    Lab lab;
    Host& one = lab.add();
    lab.add();
    ASSERT_TRUE(lab.secures_within(second));
    lab.lan.run_for(5 * second);
    one.secy().fail_calls(call, EBUSY, 1);
    for (int i = 0; i < 8; ++i) {
      EXPECT_TRUE(one.rekey());
      lab.lan.run_for(10 * second);
    }
    EXPECT_TRUE(lab.lan.secured());
  }
}

TEST(Faults, KeysThatCannotBeDeletedAreNotBuiltOver) {
  for (const SecyCall call : {SecyCall::delete_receive_sa, SecyCall::delete_transmit_sa, SecyCall::delete_receive_sc}) {
    for (const bool serves : {true, false}) {
      Lab lab;
      Host& server = lab.add();
      Host& other = lab.add();
      Host& broken = serves ? server : other;
      ASSERT_TRUE(lab.secures_within(second));
      lab.lan.run_for(5 * second);
      broken.secy().fail_always(call, EBUSY);
      for (int i = 0; i < 8; ++i) {
        static_cast<void>(server.rekey());
        lab.lan.run_for(10 * second);
      }
      EXPECT_EQ(broken.state(), PortState::secured) << "with the last key that had a place";
      broken.secy().forgive();
      EXPECT_TRUE(lab.secures_within(60 * second));
      const KeyId before = key_in_use(server);
      EXPECT_TRUE(server.rekey());
      lab.lan.run_for(10 * second);
      EXPECT_NE(key_in_use(server), before);
      EXPECT_TRUE(lab.lan.secured());
      EXPECT_LE(broken.secy().association_count(), 4U);
    }
  }
}

TEST(Faults, AKeyHalfDeletedIsNotGoneOnWith) {
  Lab lab;
  lab.add();
  Host& one = lab.add();
  ASSERT_TRUE(lab.secures_within(second));
  lab.lan.run_for(7 * second);
  const core::Snapshot before = one.saved();
  one.secy().fail_always(SecyCall::delete_transmit_sa, EBUSY);
  one.set_enabled(false);
  one.crash();
  one.secy().forgive();
  one.saved() = before;
  one.start(Memory::kept);
  EXPECT_TRUE(lab.secures_within(7 * second));
}

TEST(Faults, WithoutItsSettingsAKeySecuresNothing) {
  for (const SecyCall call : {SecyCall::configure, SecyCall::set_controlled_port})
    for (const Policy policy : {Policy::must_secure, Policy::should_secure}) {
      Lab lab;
      const auto profile = make_profile([&](Profile& p) { p.macsec.policy = policy; });
      Host& broken = lab.attach(profile);
      broken.secy().fail_always(call, EOPNOTSUPP);
      lab.lan.plug(0, true);
      broken.start();
      lab.add(profile);
      lab.lan.run_for(5 * second);
      EXPECT_EQ(broken.state(), PortState::failed);
      EXPECT_EQ(broken.status().reason, Reason::secy_error);
      broken.secy().forgive();
      EXPECT_TRUE(lab.secures_within(2 * second));
      EXPECT_EQ(broken.status().reason, Reason::none);
      EXPECT_EQ(broken.status().last_error, "");
    }
}

TEST(Faults, AKeyThatCouldNotBeSentWithAsksForNoTimeoutThatIsOver) {
  Lab lab;
  Host& server = lab.add();
  Host& other = lab.add();
  ASSERT_TRUE(lab.secures_within(second));
  lab.lan.run_for(5 * second);
  other.secy().fail_calls(SecyCall::transmit_with, EBUSY);
  EXPECT_TRUE(server.rekey());
  lab.lan.run_for(50 * millisecond);
  // Whoever sent with the key is another member now, and has no key to offer.
  server.crash();
  server.secy().fail_always(SecyCall::install_receive_sa, ENOMEM);
  server.start(Memory::lost);
  lab.lan.run_for(5 * second);
  server.secy().forgive();
  EXPECT_TRUE(lab.secures_within(7 * second));
}

TEST(Faults, AMemberThatComesBackIsNotLeftOutOfTheKeyUnderWay) {
  for (Instant away = 5 * second; away <= 6 * second; away += 100 * millisecond) {
    Lab lab;
    for (int i = 0; i < 2; ++i) lab.add(make_profile([](Profile& p) { p.mka.rekey_on_peer_loss = true; }));
    lab.add(make_profile([](Profile& p) { p.mka.hello = std::chrono::milliseconds{610}; }));
    ASSERT_TRUE(lab.secures_within(second));
    lab.lan.run_for(5 * second);
    lab.lan.path(0, 1).latency = lab.lan.path(1, 0).latency = 150 * millisecond;
    lab.lan.path(2, 0).cut = true;
    lab.lan.run_for(away);
    lab.lan.path(2, 0).cut = false;
    lab.lan.run_for(10 * second);
    EXPECT_TRUE(lab.lan.secured()) << away;
  }
}

TEST(Faults, ADeviceWithAnotherSuiteSaysSo) {
  Lab lab;
  Host& one = lab.attach(make_profile([](Profile& p) { p.macsec.cipher_suites = {CipherSuite::gcm_aes_256}; }));
  one.secy().adopt(CipherSuite::gcm_aes_128);
  lab.lan.plug(0, true);
  one.start();
  lab.add(make_profile([](Profile& p) { p.macsec.cipher_suites = {CipherSuite::gcm_aes_256}; }));
  lab.lan.run_for(5 * second);
  EXPECT_EQ(one.state(), PortState::failed);
  EXPECT_NE(one.status().last_error.find("GCM-AES-256"), std::string::npos) << one.status().last_error;
}

TEST(Faults, SlowKernelSecuresAndLosesNothing) {
  Lab lab;
  for (int i = 0; i < 3; ++i) lab.add().secy().set_cost(15 * millisecond);
  ASSERT_TRUE(lab.secures_within(5 * second));
  lab.lan.run_for(5 * second);
  lab.flood();
  for (int i = 0; i < 5; ++i) {
    static_cast<void>(dynamic_cast<Host&>(lab.lan.station(0)).rekey());
    lab.lan.run_for(10 * second);
  }
  EXPECT_TRUE(lab.lan.secured());
}

TEST(Faults, PacketNumbersThatAreUsedUpAreSaidAtBothEnds) {
  for (const Index which : {0U, 1U}) {
    Lab lab;
    Host& host = *lab.secured(2)[which];
    lab.lan.set_traffic(millisecond);
    lab.lan.warp_pn(which, UINT32_MAX - 2);
    ASSERT_TRUE(lab.lan.run_until([&] { return host.secy().encoding_key() == no_key; }, second));
    const auto seen = host.secy().read();
    ASSERT_TRUE(seen);
    host.port().on_sample(*seen, host.now());
    EXPECT_EQ(host.state(), PortState::pending);
    EXPECT_EQ(host.status().reason_text, "no packet number is left to send with, and the next SAK is not in use yet");
  }
}

TEST(Faults, ExhaustedTransmitKeyIsReplaced) {
  Lab lab;
  Host& one = lab.add();
  lab.add();
  ASSERT_TRUE(lab.secures_within(second));
  lab.lan.run_for(5 * second);
  lab.lan.set_traffic(millisecond);
  const KeyId before = key_in_use(one);
  lab.lan.warp_pn(0, UINT32_MAX - 2);
  lab.lan.run_until([&] { return one.secy().encoding_key() == no_key; }, second);
  const auto seen = one.secy().read();
  ASSERT_TRUE(seen);
  one.port().on_sample(*seen, one.now());
  EXPECT_EQ(one.state(), PortState::pending) << "nothing can be sent until the next key";
  lab.lan.run_for(8 * second);
  EXPECT_NE(key_in_use(one), before);
  EXPECT_TRUE(lab.lan.secured());
}

// Hardware at its last packet number, or another program: the kernel's count stands still meanwhile.
TEST(Faults, AnAssociationThatIsSwitchedOffSecuresNothing) {
  for (const bool transmit : {true, false}) {
    for (const Index which : {0U, 1U}) {
      Lab lab;
      const auto hosts = lab.secured(2);
      Host& host = *hosts[which];
      const KeyId before = key_in_use(host);
      transmit ? host.secy().switch_off_transmit() : host.secy().switch_off_receive();
      const auto seen = host.secy().read();
      ASSERT_TRUE(seen);
      host.port().on_sample(*seen, host.now());
      EXPECT_NE(host.state(), PortState::secured);
      lab.lan.run_for(12 * second);
      EXPECT_NE(key_in_use(host), before);
      EXPECT_TRUE(lab.lan.secured());
    }
  }
}

// 802.1X-2020 9.18
TEST(Suspension, PeersHoldStillAndTheMemberResumes) {
  Lab lab;
  Host& server = lab.add();
  Host& one = lab.add();
  ASSERT_TRUE(lab.secures_within(second));
  lab.lan.run_for(5 * second);
  lab.flood();
  ASSERT_TRUE(server.suspend(std::chrono::seconds{40}));
  lab.lan.run_for(second);
  EXPECT_EQ(server.state(), PortState::suspended);
  server.crash();
  lab.lan.run_for(30 * second);
  EXPECT_EQ(one.state(), PortState::secured);
  server.start(Memory::kept);
  lab.lan.run_for(30 * second);
  EXPECT_TRUE(lab.lan.secured());
}

TEST(Suspension, IsKnownToAPeerThatRestartsMeanwhile) {
  for (const Index which : {0U, 1U}) {
    Lab lab;
    const auto hosts = lab.secured(2);
    Host& silent = *hosts[which];
    Host& other = *hosts[1 - which];
    lab.flood();
    ASSERT_TRUE(silent.suspend(std::chrono::seconds{60}));
    lab.lan.run_for(10 * second);
    ASSERT_EQ(silent.state(), PortState::suspended);
    for (int restart = 0; restart < 2; ++restart) {
      other.crash();
      lab.lan.run_for(second);
      other.start(Memory::kept);
      lab.lan.run_for(20 * second);
      EXPECT_EQ(other.state(), PortState::secured);
    }
    lab.lan.run_for(30 * second);
    EXPECT_TRUE(lab.lan.secured());
    EXPECT_EQ(other.status().counters.peers_lost, 0U);
  }
}

TEST(Suspension, EndsByItself) {
  Lab lab;
  Host& one = lab.add();
  Host& other = lab.add();
  ASSERT_TRUE(lab.secures_within(second));
  lab.lan.run_for(5 * second);
  ASSERT_TRUE(one.suspend(std::chrono::seconds{10}));
  lab.lan.run_for(5 * second);
  EXPECT_EQ(one.state(), PortState::suspended);
  EXPECT_EQ(other.state(), PortState::secured);
  EXPECT_TRUE(lab.secures_within(20 * second));
  EXPECT_FALSE(one.suspend(std::chrono::seconds{121}));
}

}  // namespace
}  // namespace macsec::sim
