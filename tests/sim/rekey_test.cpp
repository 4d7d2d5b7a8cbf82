// SPDX-License-Identifier: LGPL-2.1-or-later
// Keys change under traffic and nothing is lost.
#include "tests/sim/lab.hpp"

namespace macsec::sim {
namespace {

using core::PortState;
using std::chrono::seconds;

// 802.1X-2020 9.8, 9.9, 12.4
TEST(Rekey, ByCommandLosesNothing) {
  for (const unsigned members : {2U, 3U, 5U}) {
    Lab lab;
    std::vector<Host*> hosts;
    for (unsigned i = 0; i < members; ++i) hosts.push_back(&lab.add());
    ASSERT_TRUE(lab.secures_within(second));
    lab.flood();
    for (int i = 0; i < 20; ++i) {
      const KeyId before = key_in_use(*hosts[0]);
      ASSERT_TRUE(hosts[0]->rekey());
      lab.lan.run_for(5 * second);
      EXPECT_NE(key_in_use(*hosts[0]), before);
    }
    EXPECT_TRUE(lab.lan.secured());
    EXPECT_FALSE(hosts[1]->rekey()) << "only the key server can";
  }
}

TEST(Rekey, CommandsInARowAreCoalescedNotLost) {
  Lab lab;
  Host& server = lab.add();
  Host& other = lab.add();
  ASSERT_TRUE(lab.secures_within(second));
  lab.lan.run_for(second);
  lab.flood();
  const KeyNumber before = key_in_use(server).number;
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(server.rekey());
  lab.lan.run_for(20 * second);
  EXPECT_GE(key_in_use(server).number, before + 2) << "a wish during a change is kept";
  EXPECT_EQ(key_in_use(server), key_in_use(other));
  EXPECT_TRUE(lab.lan.secured());
}

TEST(Rekey, ByTime) {
  Lab lab;
  Host& server = lab.add(make_profile([](Profile& p) { p.mka.rekey = seconds{30}; }));
  lab.add();
  ASSERT_TRUE(lab.secures_within(second));
  EXPECT_TRUE(server.status().next_rekey);
  lab.flood(5 * millisecond);
  lab.lan.run_for(305 * second);
  EXPECT_GE(server.status().counters.sak_rekeys, 9U);
  EXPECT_LE(server.status().counters.sak_rekeys, 11U);
}

// 802.1X-2020 9.8
TEST(Rekey, ByPacketNumberOfTheServer) {
  Lab lab;
  Host& server = lab.add();
  lab.add();
  ASSERT_TRUE(lab.secures_within(second));
  lab.flood();
  const KeyId before = key_in_use(server);
  lab.lan.warp_pn(server.index(), 0xc0000001);
  lab.lan.run_for(5 * second);
  EXPECT_NE(key_in_use(server), before);
}

// 802.1X-2020 9.10
TEST(Rekey, ByPacketNumberOfTheOther) {
  Lab lab;
  Host& server = lab.add();
  Host& other = lab.add();
  ASSERT_TRUE(lab.secures_within(second));
  lab.flood();
  const KeyId before = key_in_use(server);
  lab.lan.warp_pn(other.index(), 0xc0000001);
  lab.lan.run_for(5 * second);
  EXPECT_NE(key_in_use(server), before);
}

// A peer that reports 1 for ever: what it sent is seen where it is received.
TEST(Rekey, ByPacketNumberOfAPeerThatDoesNotReportIt) {
  Lab lab;
  Host& server = lab.add();
  V1Peer& other = lab.add_v1(200);
  ASSERT_TRUE(lab.secures_within(5 * second));
  lab.lan.run_for(10 * second);
  const KeyId before = key_in_use(server);
  lab.lan.warp_pn(other.index(), 0xc0000001);
  lab.lan.run_for(15 * second);
  EXPECT_NE(key_in_use(server), before);
}

TEST(Rekey, ByPacketNumberOfXpn) {
  Lab lab;
  const auto profile = make_profile([](Profile& p) { p.macsec.cipher_suites = {CipherSuite::gcm_aes_xpn_256}; });
  Host& server = lab.add(profile);
  Host& other = lab.add(profile);
  ASSERT_TRUE(lab.secures_within(second));
  lab.flood();
  for (Host* host : {&other, &server}) {
    const KeyId before = key_in_use(server);
    lab.lan.warp_pn(host->index(), 0x1'0000'0005);  // no reason to rekey
    lab.lan.run_for(5 * second);
    EXPECT_EQ(key_in_use(server), before);
    lab.lan.warp_pn(host->index(), 0xc000'0000'0000'0001);
    lab.lan.run_for(5 * second);
    EXPECT_NE(key_in_use(server), before);
  }
}

TEST(Rekey, PacketNumberCannotWrapAtLineRate) {
  Lab lab;
  HostOptions fast;
  fast.speed = 100'000'000'000;
  Host& server = lab.add(make_profile(), fast);
  Host& other = lab.add(make_profile(), fast);
  ASSERT_TRUE(lab.secures_within(second));
  ASSERT_TRUE(server.port().sample_interval());
  // 148.8 million frames a second: 2^32 last 28.9 seconds.
  Pn pn = 1;
  KeyIndex key = server.secy().encoding_key();
  lab.flood(5 * millisecond);
  for (int i = 0; i < 1200; ++i) {
    if (server.secy().encoding_key() != key) {
      key = server.secy().encoding_key();
      pn = 1;
    }
    pn += 14'880'000;
    ASSERT_LT(pn, UINT32_MAX);
    lab.lan.warp_pn(server.index(), pn);
    lab.lan.run_for(100 * millisecond);
  }
  EXPECT_GE(server.status().counters.sak_rekeys, 4U);
  EXPECT_TRUE(lab.lan.secured());
  EXPECT_EQ(other.state(), PortState::secured);
}

enum class Offloaded : std::uint8_t { both, other };

class RekeyOfOffload : public testing::Test {
 protected:
  /// Two at 10 Gb/s, 14.88 million frames a second: 2^32 last 288 seconds.
  void secure(CipherSuite suite, Offloaded which = Offloaded::both, bool delay_protect = false) {
    HostOptions fast;
    fast.speed = 10'000'000'000;
    for (Host** host : {&server, &other}) {
      *host = &lab.attach(make_profile([&](Profile& p) {
                            p.macsec.cipher_suites = {suite};
                            p.mka.delay_protect = delay_protect;
                          }),
                          fast);
      if (which == Offloaded::both || host == &other) (*host)->secy().offload();
      lab.lan.plug((*host)->index(), true);
      (*host)->start();
    }
    ASSERT_TRUE(lab.secures_within(second));
    lab.flood(5 * millisecond);
  }

  /// Each before 2^32 frames can have been sent, and not all the time.
  void expect_three_rekeys() {
    for (int i = 0; i < 3; ++i) {
      const KeyId before = key_in_use(*server);
      lab.lan.run_until([&] { return key_in_use(*server) != before; }, 288 * second);
      EXPECT_NE(key_in_use(*server), before);
    }
    EXPECT_EQ(server->status().counters.sak_rekeys, 3U) << "and not all the time";
    lab.lan.run_for(second);
    EXPECT_EQ(key_in_use(*server), key_in_use(*other));
    EXPECT_TRUE(lab.lan.secured());
  }

  Lab lab;
  Host* server = nullptr;
  Host* other = nullptr;
};

TEST_F(RekeyOfOffload, ComesBeforePacketNumbersCanRunOut) {
  secure(CipherSuite::gcm_aes_128);
  expect_three_rekeys();
}

TEST_F(RekeyOfOffload, OfAMemberThatIsNotKeyServerComesInTime) {
  secure(CipherSuite::gcm_aes_128, Offloaded::other);
  expect_three_rekeys();
}

// Its peers would drop what it still sends.
TEST_F(RekeyOfOffload, DoesNotProtectFromDelayWithNumbersNobodyKnows) {
  secure(CipherSuite::gcm_aes_128, Offloaded::other, true);
  lab.lan.run_for(30 * second);
  EXPECT_TRUE(server->status().delay_protect);
  EXPECT_FALSE(other->status().delay_protect);
  EXPECT_TRUE(lab.lan.secured());
}

TEST_F(RekeyOfOffload, RemembersThatTheLinkWasFaster) {
  secure(CipherSuite::gcm_aes_128);
  lab.lan.run_for(200 * second);
  const auto before = server->status().next_rekey;
  ASSERT_TRUE(before);
  server->set_speed(1'000'000'000);
  EXPECT_EQ(server->status().next_rekey, before);
  const KeyId key = key_in_use(*server);
  server->set_speed(100'000'000'000);
  lab.lan.run_for(second);
  EXPECT_NE(key_in_use(*server), key) << "2^32 last 29 seconds now";
}

TEST_F(RekeyOfOffload, IsNotNeededForXpn) {
  secure(CipherSuite::gcm_aes_xpn_128);
  EXPECT_FALSE(server->status().next_rekey);
}

TEST_F(RekeyOfOffload, DoesNotTakeAKeyOfUnknownAgeForNew) {
  secure(CipherSuite::gcm_aes_128);
  lab.lan.run_for(200 * second);
  const KeyId before = key_in_use(*server);
  server->crash();
  lab.lan.run_for(second);
  server->start(Host::Memory::kept);
  lab.lan.run_for(10 * second);
  EXPECT_NE(key_in_use(*server), before);
  EXPECT_EQ(server->status().counters.sak_rekeys, 1U) << "gone on with before, and once is enough";
  EXPECT_TRUE(lab.lan.secured());
}

TEST(Rekey, ByPeerLossWhereAsked) {
  for (const bool asked : {false, true}) {
    Lab lab;
    const auto profile = make_profile([&](Profile& p) { p.mka.rekey_on_peer_loss = asked; });
    Host& server = lab.add(profile);
    lab.add(profile);
    Host& leaver = lab.add(profile);
    ASSERT_TRUE(lab.secures_within(second));
    lab.lan.set_traffic(millisecond);
    lab.lan.run_for(5 * second);
    const KeyId before = key_in_use(server);
    lab.lan.plug(leaver.index(), false);
    lab.lan.run_for(15 * second);
    EXPECT_EQ(key_in_use(server) != before, asked);
    EXPECT_EQ(lab.lan.traffic().lost(), 0U);
    const std::array<Index, 2> left{0, 1};
    EXPECT_TRUE(lab.lan.secured(left));
  }
}

TEST(Rekey, UnderLossOfMkpdusStillLosesNothing) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Lab lab{seed};
    Host& server = lab.add();
    lab.add();
    lab.add();
    ASSERT_TRUE(lab.secures_within(second));
    lab.flood(5 * millisecond);
    for (int i = 0; i < 10; ++i) {
      lab.lan.set_paths({.latency = 200, .jitter = 20 * millisecond, .loss = 50, .duplicate = 10, .cut = false});
      EXPECT_TRUE(server.rekey());
      lab.lan.run_for(2 * second);  // too short for a peer to be given up
      lab.lan.set_paths({});
      lab.lan.run_for(10 * second);
    }
    EXPECT_TRUE(lab.lan.secured());
  }
}

// 802.1X-2020 12.5
TEST(KeyChain, NextKeyTakesOverWithoutLoss) {
  Lab lab;
  const auto profile = make_profile([](Profile& p) {
    p.keys.clear();
    p.keys.push_back(psk("01", 0x11));
    p.keys.back().not_after = 1'000'100;
    p.keys.push_back(psk("02", 0x22));
    p.keys.back().not_before = 1'000'060;
  });
  std::vector<Host*> hosts;
  for (int i = 0; i < 3; ++i) {
    hosts.push_back(&lab.attach(profile));
    hosts.back()->set_wall_clock(1'000'000 + i);  // clocks differ by seconds, as they do
    lab.lan.plug(hosts.back()->index(), true);
    hosts.back()->start();
  }
  ASSERT_TRUE(lab.secures_within(second));
  EXPECT_EQ(to_string(hosts[0]->status().principal.value()), "01");
  lab.flood(2 * millisecond);
  lab.lan.run_for(150 * second);
  EXPECT_TRUE(lab.lan.secured());
  for (Host* host : hosts) EXPECT_EQ(to_string(host->status().principal.value()), "02");
}

TEST(KeyChain, WallClockStepsChangeNothingElse) {
  Lab lab;
  Host& one = lab.add();
  Host& other = lab.add();
  ASSERT_TRUE(lab.secures_within(second));
  lab.flood();
  const KeyId before = key_in_use(one);
  for (const std::int64_t clock : {2'000'000'000, 1, 1'500'000'000, 1'500'000'030}) {
    one.set_wall_clock(clock);
    other.set_wall_clock(clock / 2);
    lab.lan.run_for(10 * second);
  }
  EXPECT_TRUE(lab.lan.secured());
  EXPECT_EQ(key_in_use(one), before);
  EXPECT_EQ(one.status().counters.peers_lost, 0U);
}

ProfilePointer with_fallback(bool primary) {
  return make_profile([&](Profile& p) {
    p.keys.clear();
    p.keys.push_back(psk("aa", primary ? 0x11 : 0x66));
    p.keys.push_back(psk("ff", 0x22, 16, KeyRole::fallback));
  });
}

TEST(Fallback, TakesOverWherePrimariesDiffer) {
  Lab lab;
  Host& one = lab.add(with_fallback(true));
  lab.add(with_fallback(false));
  EXPECT_TRUE(lab.secures_within(10 * second));
  EXPECT_EQ(to_string(one.status().principal.value()), "ff");
}

TEST(Fallback, PrimaryReturnsWithoutLoss) {
  Lab lab;
  Host& one = lab.add(with_fallback(true));
  Host& other = lab.add(with_fallback(false));
  ASSERT_TRUE(lab.secures_within(10 * second));
  lab.lan.run_for(10 * second);
  lab.flood();
  other.reconfigure(with_fallback(true));
  lab.lan.run_for(20 * second);
  EXPECT_EQ(to_string(one.status().principal.value()), "aa");
  EXPECT_EQ(to_string(other.status().principal.value()), "aa");
  EXPECT_TRUE(lab.lan.secured());
}

// Who holds only the fallback key is no member of the primary's CA, whatever its priority and however many there are.
TEST(Fallback, ItsHoldersDecideNothingWhileThePrimaryWorks) {
  Lab lab;
  Host& one = lab.add(with_fallback(true));
  Host& other = lab.add(with_fallback(true));
  ASSERT_TRUE(lab.secures_within(second));
  const KeyId key = key_in_use(one);
  for (int i = 0; i < 3; ++i)
    lab.add(make_profile([&](Profile& p) {
      p.keys.clear();
      p.keys.push_back(psk("ff", 0x22, 16, KeyRole::fallback));
      p.mka.priority = static_cast<std::uint8_t>(i);
    }));
  for (int look = 0; look < 20; ++look) {
    lab.lan.run_for(second);
    EXPECT_EQ(to_string(one.status().principal.value()), "aa");
    EXPECT_EQ(to_string(other.status().principal.value()), "aa");
    EXPECT_EQ(key_in_use(one), key);
  }
  EXPECT_GT(one.status().counters.sak_role_refused, 0U);
}

TEST(Fallback, PrimaryReplacedUnderTrafficLosesNothing) {
  Lab lab;
  Host& one = lab.add(with_fallback(true));
  Host& other = lab.add(with_fallback(true));
  ASSERT_TRUE(lab.secures_within(second));
  EXPECT_EQ(to_string(one.status().principal.value()), "aa");
  lab.lan.run_for(5 * second);
  lab.flood();
  one.reconfigure(with_fallback(false));
  lab.lan.run_for(20 * second);
  EXPECT_TRUE(lab.lan.secured());
  EXPECT_EQ(to_string(one.status().principal.value()), "ff");
  other.reconfigure(with_fallback(false));
  lab.lan.run_for(20 * second);
  EXPECT_TRUE(lab.lan.secured());
  EXPECT_EQ(to_string(one.status().principal.value()), "aa");
}

TEST(Reconfigure, OfWhatPeersDoNotSeeCostsNothing) {
  Lab lab;
  Host& one = lab.add();
  lab.add();
  ASSERT_TRUE(lab.secures_within(second));
  lab.lan.run_for(5 * second);
  lab.flood();
  const KeyId before = key_in_use(one);
  one.reconfigure(make_profile([](Profile& p) {
    p.mka.rekey = seconds{3600};
    p.macsec.replay_window = 128;
  }));
  lab.lan.run_for(10 * second);
  EXPECT_EQ(key_in_use(one), before);
  EXPECT_EQ(one.secy().parameters().replay_window, 128U);
}

// 802.1X-2020 9.4.2
TEST(MessageNumber, WrapsIntoANewMemberIdentifier) {
  Lab lab;
  Host& one = lab.add();
  lab.add();
  ASSERT_TRUE(lab.secures_within(second));
  lab.lan.run_for(5 * second);
  one.crash();
  ASSERT_FALSE(one.saved().participants.empty());
  const MemberId before = one.saved().participants[0].mi;
  one.saved().participants[0].mn_limit = 0xfffffff0;
  one.start();
  EXPECT_EQ(principal(one.status()).mi, before);
  lab.lan.run_for(5 * second);
  lab.flood();
  lab.lan.run_for(120 * second);
  EXPECT_NE(principal(one.status()).mi, before);
  EXPECT_TRUE(lab.lan.secured());
}

// 802.1X-2020 9.10
TEST(DelayProtection, RaisesTheLowestPacketNumber) {
  Lab lab;
  const auto profile = make_profile([](Profile& p) {
    p.mka.delay_protect = true;
    p.macsec.replay_window = 1'000'000;
  });
  Host& one = lab.add(profile);
  Host& other = lab.add(profile);
  ASSERT_TRUE(lab.secures_within(second));
  EXPECT_TRUE(one.status().delay_protect);
  lab.flood();
  lab.lan.run_for(20 * second);
  const KeyIndex key = one.secy().encoding_key();
  EXPECT_GT(other.secy().lowest_pn(one.sci(), key), 10'000U) << "the window alone would leave 1";
  const std::uint64_t before = one.mkpdus_sent();
  lab.lan.run_for(10 * second);
  EXPECT_GE(one.mkpdus_sent() - before, 18U) << "bounded hello";
  EXPECT_TRUE(one.rekey());
  lab.lan.run_for(20 * second);
  EXPECT_TRUE(lab.lan.secured());
}

// Another port of the daemon may be so fast that all are sampled every 100 ms.
TEST(DelayProtection, DoesNotEndWhereTheDaemonSamplesOften) {
  Lab lab;
  const auto profile = make_profile([](Profile& p) {
    p.mka.delay_protect = true;
    p.macsec.replay_window = 1'000'000;
  });
  Host& one = lab.add(profile);
  Host& other = lab.add(profile);
  ASSERT_TRUE(lab.secures_within(second));
  lab.flood();
  for (int i = 0; i < 200; ++i) {
    lab.lan.run_for(100 * millisecond);
    for (Host* host : {&one, &other}) host->port().on_sample(host->secy().read().value(), host->now());
  }
  EXPECT_GT(other.secy().lowest_pn(one.sci(), one.secy().encoding_key()), 10'000U);
}

TEST(DelayProtection, WithOneSlowPathLosesNothing) {
  Lab lab;
  const auto profile = make_profile([](Profile& p) {
    p.mka.delay_protect = true;
    p.macsec.replay_window = 0;
  });
  lab.add(profile);
  lab.add(profile);
  ASSERT_TRUE(lab.secures_within(second));
  lab.lan.path(0, 1).latency = 300 * millisecond;
  lab.lan.run_for(2 * second);
  lab.flood();
  lab.lan.run_for(20 * second);
  EXPECT_TRUE(lab.lan.secured());
}

// The number told when a key runs out must not be above that of frames which are still under way.
TEST(DelayProtection, LosesNothingThatIsUnderWayWhenPacketNumbersRunOut) {
  Lab lab;
  for (const std::uint8_t priority : {std::uint8_t{10}, std::uint8_t{20}})
    lab.add(make_profile([&](Profile& p) {
      p.mka.priority = priority;
      p.mka.delay_protect = true;
      p.macsec.replay_window = 1000;
    }));
  ASSERT_TRUE(lab.secures_within(second));
  lab.lan.path(0, 1).data_jitter = lab.lan.path(1, 0).data_jitter = 100 * millisecond;
  lab.lan.run_for(5 * second);
  lab.flood();
  for (Index from = 0; from < 2; ++from) {
    const KeyIndex before = lab.lan.station(from).secy().encoding_key();
    lab.lan.warp_pn(from, 0xc000'0010);
    EXPECT_TRUE(lab.lan.run_until([&] { return lab.lan.station(from).secy().encoding_key() != before; }, 5 * second));
    lab.lan.run_for(10 * second);
  }
  EXPECT_TRUE(lab.lan.secured());
}

}  // namespace
}  // namespace macsec::sim
