// SPDX-License-Identifier: LGPL-2.1-or-later
// A link comes up: who becomes key server, with which key, how fast, and what is said where it cannot.
#include "tests/sim/lab.hpp"

#include <cerrno>

namespace macsec::sim {
namespace {

using core::PortState;
using core::Reason;

// 802.1X-2020 9.4.3, 12.4
TEST(Link, TwoMembersSecureAtOnce) {
  Lab lab;
  lab.add();
  lab.add();
  EXPECT_LE(lab.time_to_secure(), 20 * millisecond);
  lab.flood();
  lab.lan.run_for(30 * second);
  EXPECT_EQ(lab.lan.traffic().lost(), 0U);
}

TEST(Link, SecondMemberIsAnsweredAtOnce) {
  for (const Instant later : {50 * millisecond, 300 * millisecond, 1900 * millisecond, 61 * second}) {
    Lab lab{static_cast<std::uint64_t>(later)};
    lab.add();
    lab.lan.run_for(later);
    lab.add();
    EXPECT_LE(lab.time_to_secure(), 20 * millisecond) << later;
  }
}

class EverySuite : public testing::TestWithParam<std::tuple<CipherSuite, std::size_t>> {};
TEST_P(EverySuite, Secures) {
  const auto [suite, members] = GetParam();
  for (const bool encrypt : {true, false}) {
    Lab lab;
    const auto profile = make_profile([&](Profile& p) {
      p.macsec.cipher_suites = {suite};
      p.macsec.encrypt = encrypt;
      p.keys.clear();
      p.keys.push_back(psk("00112233445566778899aabbccddeeff0011", 0x42, 32));
    });
    for (std::size_t i = 0; i < members; ++i) lab.add(profile);
    EXPECT_LE(lab.time_to_secure(), 500 * millisecond);
    lab.flood(5 * millisecond);
    lab.lan.run_for(7 * second);
    for (Index i = 0; i < lab.lan.size(); ++i) {
      auto& host = dynamic_cast<Host&>(lab.lan.station(i));
      EXPECT_EQ(host.status().cipher_suite, suite);
      EXPECT_EQ(host.status().encrypting, encrypt);
      EXPECT_EQ(host.secy().suite(), suite);
      EXPECT_EQ(host.secy().receive_sc_count(), members - 1);
      EXPECT_EQ(host.secy().association_count(), members) << "one transmit, one receive for each other";
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Link, EverySuite,
                         testing::Combine(testing::ValuesIn(all_cipher_suites), testing::Values(2U, 3U, 4U, 8U)));

class ThirdMember : public testing::TestWithParam<std::tuple<Instant, bool>> {};
TEST_P(ThirdMember, IsSecuredWithinASecondAndCostsNothing) {
  const auto [later, as_key_server] = GetParam();
  Lab lab;
  lab.add();
  lab.add();
  ASSERT_TRUE(lab.secures_within(second));
  lab.lan.run_for(later);
  lab.lan.set_traffic(millisecond);
  lab.add(make_profile([&](Profile& p) { p.mka.priority = as_key_server ? 1 : 200; }));
  EXPECT_LT(lab.time_to_secure(), second);
  EXPECT_EQ(lab.lan.traffic(0).lost() + lab.lan.traffic(1).lost(), 0U);
}
INSTANTIATE_TEST_SUITE_P(Link, ThirdMember,
                         testing::Combine(testing::Values(Instant{0}, second, 3 * second, 60 * second),
                                          testing::Bool()));

TEST(Link, ThirdMemberIsWaitedForUntilItIsLiveAndNoLonger) {
  for (Instant slow = millisecond; slow <= 60 * millisecond; slow += millisecond) {
    Lab lab;
    for (int i = 0; i < 2; ++i) lab.add();
    ASSERT_TRUE(lab.secures_within(second));
    lab.lan.run_for(7 * second);
    lab.attach();
    lab.lan.set_paths({.latency = 2 * millisecond});
    lab.lan.path(0, 2).latency = lab.lan.path(2, 0).latency = slow;
    lab.lan.plug(2, true);
    dynamic_cast<Host&>(lab.lan.station(2)).start();
    EXPECT_LE(lab.time_to_secure(), 10 * slow + 100 * millisecond) << slow;
  }
}

// 802.1X-2020 9.5
TEST(Election, LowestPriorityThenLowestSci) {
  Lab lab;
  lab.add(make_profile([](Profile& p) { p.mka.priority = 50; }));
  Host& best = lab.add(make_profile([](Profile& p) { p.mka.priority = 7; }));
  lab.add(make_profile([](Profile& p) { p.mka.priority = 7; }));
  ASSERT_TRUE(lab.secures_within(second));
  for (Index i = 0; i < 3; ++i) {
    const auto status = dynamic_cast<Host&>(lab.lan.station(i)).status();
    EXPECT_EQ(status.key_server, best.sci());
    EXPECT_EQ(status.is_key_server, i == best.index());
  }
}

TEST(Election, NobodyWith255) {
  Lab lab;
  Host& never = lab.add(make_profile([](Profile& p) { p.mka.priority = 255; }));
  Host& other = lab.add(make_profile([](Profile& p) { p.mka.priority = 254; }));
  ASSERT_TRUE(lab.secures_within(second));
  EXPECT_TRUE(other.status().is_key_server);
  EXPECT_FALSE(never.status().is_key_server);
}

TEST(Election, SaysWhenNobodyMayServe) {
  Lab lab;
  for (int i = 0; i < 2; ++i) lab.add(make_profile([](Profile& p) { p.mka.priority = 255; }));
  EXPECT_FALSE(lab.secures_within(10 * second));
  EXPECT_EQ(dynamic_cast<Host&>(lab.lan.station(0)).status().reason, Reason::no_key_server);
}

// 802.1X-2020 9.5, 9.9
TEST(Election, BetterServerTakesOverWithoutLoss) {
  for (const Instant later : {Instant{0}, 500 * millisecond, 4 * second, 20 * second}) {
    Lab lab;
    lab.add(make_profile([](Profile& p) { p.mka.priority = 100; }));
    lab.add(make_profile([](Profile& p) { p.mka.priority = 100; }));
    ASSERT_TRUE(lab.secures_within(second));
    lab.lan.run_for(later);
    lab.lan.set_traffic(millisecond);
    Host& better = lab.add(make_profile([](Profile& p) { p.mka.priority = 1; }));
    ASSERT_TRUE(lab.secures_within(second)) << later;
    EXPECT_TRUE(better.status().is_key_server);
    lab.lan.run_for(10 * second);
    EXPECT_EQ(
        lab.lan.traffic(0).lost() + lab.lan.traffic(1).lost() + lab.lan.traffic(0).unsent + lab.lan.traffic(1).unsent,
        0U)
        << later;
  }
}

TEST(Election, ServerLeavesAndTheOthersGoOn) {
  Lab lab;
  Host& server = lab.add(make_profile([](Profile& p) { p.mka.priority = 1; }));
  lab.add();
  lab.add();
  ASSERT_TRUE(lab.secures_within(second));
  server.crash();
  lab.lan.plug(server.index(), false);
  lab.lan.set_traffic(millisecond);
  lab.lan.run_for(20 * second);
  const std::array<Index, 2> left{1, 2};
  EXPECT_TRUE(lab.lan.secured(left));
  EXPECT_EQ(lab.lan.traffic().lost() + lab.lan.traffic().unsent, 0U);
  EXPECT_TRUE(dynamic_cast<Host&>(lab.lan.station(1)).status().is_key_server);
}

TEST(Events, AreSentencesThatTellThemApart) {
  using Kind = core::Event::Kind;
  Lab lab;
  Host& one = lab.add(make_profile([](Profile& p) { p.mka.priority = 1; }));
  EXPECT_EQ(one.said(Kind::state_changed), "pending: no peer heard on " + one.profile().link.parent);
  Host& two = lab.add(make_profile([](Profile& p) { p.mka.priority = 2; }));
  ASSERT_TRUE(lab.secures_within(second));
  lab.lan.run_for(7 * second);
  const auto named = [](const Host& host) {
    return to_string(host.sci().mac()) + " (SCI " + to_string(host.sci()) + ")";
  };
  EXPECT_EQ(one.said(Kind::peer_live), "peer " + named(two) + " joined");
  EXPECT_EQ(one.said(Kind::key_server_changed), "this end is key server");
  EXPECT_EQ(two.said(Kind::key_server_changed), "key server is " + named(one) + ", priority 1");
  EXPECT_EQ(one.said(Kind::principal_changed), "uses key abcd (primary)");
  EXPECT_TRUE(one.said(Kind::sak_installed).starts_with("SAK 1 in use: GCM-AES-128, AN 0, key identifier "));
  EXPECT_EQ(one.said(Kind::state_changed), "secured");
  lab.lan.plug(two.index(), false);
  lab.lan.run_for(8 * second);
  EXPECT_EQ(one.said(Kind::peer_lost), "peer " + named(two) + " lost: nothing was heard of it for 6 s");
  const std::string why = "peer " + named(two) + " was lost, and no other is heard on " + one.profile().link.parent;
  EXPECT_EQ(one.said(Kind::state_changed), "pending: " + why);
  EXPECT_EQ(one.status().reason_text, why);
  one.set_obstacle("a bridge takes them");
  EXPECT_EQ(one.status().reason_text, why + ": a bridge takes them");
  one.set_enabled(false);
  one.set_enabled(true);
  EXPECT_EQ(one.status().reason, Reason::no_peer);
  EXPECT_TRUE(one.status().reason_text.starts_with("no peer heard on ")) << one.status().reason_text;
}

TEST(Events, SayWhereFramesPassInClear) {
  Lab lab;
  Host& one = lab.add(make_profile([](Profile& p) { p.macsec.policy = Policy::should_secure; }));
  EXPECT_TRUE(one.said(core::Event::Kind::state_changed)
                  .starts_with("unsecured, frames pass in clear text: no peer heard on "));
}

// 802.1X-2020 9.3
TEST(Mismatch, OfTheName) {
  Lab lab;
  Host& one = lab.add();
  lab.add(make_profile([](Profile& p) {
    p.keys.clear();
    p.keys.push_back(psk("beef", 0x11));
  }));
  EXPECT_FALSE(lab.secures_within(20 * second));
  EXPECT_EQ(one.status().reason, Reason::ckn_mismatch);
  EXPECT_EQ(one.status().reason_text,
            to_string(lab.lan.station(1).sci().mac()) + " uses another CKN: beef; set the same Ckn= at both ends");
  ASSERT_EQ(one.status().foreign_ckns.size(), 1U);
  EXPECT_EQ(to_string(one.status().foreign_ckns[0]), "beef");
  EXPECT_GE(one.events(core::Event::Kind::unknown_ckn), 5U) << "with each frame of it, at most once a second";
  EXPECT_LE(one.events(core::Event::Kind::unknown_ckn), 20U);
  EXPECT_EQ(one.secy().controlled_port(), ControlledPort::dormant);
}

// 802.1X-2020 9.4.1
TEST(Mismatch, OfTheKey) {
  Lab lab;
  Host& one = lab.add();
  lab.add(make_profile([](Profile& p) {
    p.keys.clear();
    p.keys.push_back(psk("abcd", 0x12));
  }));
  EXPECT_FALSE(lab.secures_within(20 * second));
  EXPECT_EQ(one.status().reason, Reason::cak_mismatch);
  EXPECT_TRUE(one.status().reason_text.starts_with(to_string(lab.lan.station(1).sci().mac()) +
                                                   " uses our CKN, but its CAK differs"));
  EXPECT_GT(one.status().counters.rx_icv_failures, 0U);
  EXPECT_EQ(one.events(core::Event::Kind::key_mismatch), 1U) << "told once";
}

TEST(Mismatch, OfTheCipherSuite) {
  Lab lab;
  Host& server = lab.add(make_profile([](Profile& p) {
    p.mka.priority = 1;
    p.macsec.cipher_suites = {CipherSuite::gcm_aes_256};
  }));
  Host& client = lab.add();
  EXPECT_FALSE(lab.secures_within(20 * second));
  for (const Host* host : {&server, &client}) {
    const core::PortStatus status = host->status();
    EXPECT_EQ(status.state, PortState::failed);
    EXPECT_EQ(status.reason, Reason::cipher_mismatch);
    for (const char* each : {"GCM-AES-128", "GCM-AES-256"})
      EXPECT_NE(status.reason_text.find(each), std::string::npos) << status.reason_text;
  }
}

TEST(Mismatch, OfTheCipherSuiteIsOverOnceOneIsShared) {
  Lab lab;
  lab.add(make_profile([](Profile& p) {
    p.mka.priority = 1;
    p.macsec.cipher_suites = {CipherSuite::gcm_aes_256};
  }));
  Host& client = lab.add();
  ASSERT_TRUE(lab.lan.run_until([&] { return client.status().reason == Reason::cipher_mismatch; }, second));
  client.reconfigure(make_profile([](Profile& p) { p.macsec.cipher_suites = {CipherSuite::gcm_aes_256}; }));
  EXPECT_TRUE(lab.secures_within(5 * second));
}

TEST(CipherSuites, BestCommonOneIsTaken) {
  Lab lab;
  Host& server = lab.add(make_profile([](Profile& p) {
    p.mka.priority = 1;
    p.macsec.cipher_suites = {CipherSuite::gcm_aes_xpn_256, CipherSuite::gcm_aes_256, CipherSuite::gcm_aes_128};
  }));
  lab.add(
      make_profile([](Profile& p) { p.macsec.cipher_suites = {CipherSuite::gcm_aes_128, CipherSuite::gcm_aes_256}; }));
  ASSERT_TRUE(lab.secures_within(second));
  EXPECT_EQ(server.status().cipher_suite, CipherSuite::gcm_aes_256);
}

TEST(Keys, NamesOfEveryLengthAndPadding) {
  for (const char* name : {"010203", "01020304", "00112233445566778899aabbccddeeff",
                           "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"}) {
    Lab lab;
    for (int i = 0; i < 2; ++i)
      lab.add(make_profile([&](Profile& p) {
        p.keys.clear();
        p.keys.push_back(psk(name, 0x55, 32));
      }));
    EXPECT_TRUE(lab.secures_within(second)) << name;
  }
}

// 802.1AE-2018 9.9
TEST(Ports, OneAndTheLast) {
  Lab lab;
  lab.add(make_profile([](Profile& p) { p.link.port = 65534; }));
  lab.add(make_profile([](Profile& p) { p.link.port = 1; }));
  EXPECT_TRUE(lab.secures_within(second));
}

// 802.1X-2020 12.3
TEST(ShouldSecure, CarriesClearTextUntilAPeerIsThereAndBack) {
  Lab lab;
  const auto profile = make_profile([](Profile& p) {
    p.macsec.policy = Policy::should_secure;
    p.macsec.validate = Validate::check;
  });
  Host& one = lab.add(profile);
  EXPECT_EQ(one.state(), PortState::unsecured);
  EXPECT_EQ(one.secy().controlled_port(), ControlledPort::up);
  EXPECT_FALSE(one.secy().parameters().protect);
  Host& other = lab.add(profile);
  ASSERT_TRUE(lab.secures_within(second));
  EXPECT_TRUE(one.secy().parameters().protect);
  lab.flood();
  lab.lan.run_for(5 * second);
  lab.lan.set_lossless(false);
  lab.lan.plug(other.index(), false);
  EXPECT_TRUE(lab.lan.run_until([&] { return one.state() == PortState::unsecured; }, 10 * second));
  EXPECT_FALSE(one.secy().parameters().protect);
  EXPECT_EQ(one.secy().controlled_port(), ControlledPort::up);
  lab.lan.plug(other.index(), true);
  EXPECT_TRUE(lab.secures_within(2 * second));
}

TEST(Operator, DownDeletesKeysAndUpSecuresAgain) {
  Lab lab;
  Host& one = lab.add();
  lab.add();
  ASSERT_TRUE(lab.secures_within(second));
  one.set_enabled(false);
  EXPECT_EQ(one.status().reason, Reason::disabled);
  EXPECT_EQ(one.secy().association_count(), 0U);
  EXPECT_EQ(one.secy().controlled_port(), ControlledPort::dormant);
  lab.lan.run_for(3 * second);
  one.set_enabled(true);
  EXPECT_TRUE(lab.secures_within(second));
}

TEST(Storm, MessagesPerSecondStayUnderALimit) {
  for (const unsigned members : {2U, 5U, 8U}) {
    Lab lab;
    std::vector<Host*> hosts;
    for (unsigned i = 0; i < members; ++i) hosts.push_back(&lab.add());
    ASSERT_TRUE(lab.secures_within(2 * second));
    lab.lan.run_for(10 * second);
    for (Host* host : hosts) EXPECT_LE(host->take_busiest_second(), 20 + 8 * members) << members;
    const std::uint64_t before = hosts[0]->mkpdus_sent();
    lab.lan.run_for(100 * second);
    EXPECT_LE(hosts[0]->mkpdus_sent() - before, 52U) << "one hello in two seconds at rest";
    EXPECT_GE(hosts[0]->mkpdus_sent() - before, 48U);
  }
}

}  // namespace
}  // namespace macsec::sim
