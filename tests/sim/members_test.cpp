// SPDX-License-Identifier: LGPL-2.1-or-later
// Members that are silent on purpose, speak an older version, move, repeat themselves or are known late.
#include "tests/sim/lab.hpp"
#include "tests/sim/other.hpp"

#include <cerrno>

namespace macsec::sim {
namespace {

using core::PortState;
using Memory = Host::Memory;
using namespace std::chrono_literals;

/// Every MKPDU, with who sent it.
struct Heard {
  explicit Heard(VirtualLan& lan) {
    lan.tap = [this](Index from, Bytes frame) {
      frames.emplace_back(from, std::vector<std::uint8_t>{frame.begin(), frame.end()});
    };
  }
  /// What `from` announced last; 0 where it announced no suspension.
  [[nodiscard]] unsigned longest_suspension() const {
    unsigned longest = 0;
    for (const auto& [from, frame] : frames)
      if (const auto pdu = read_mkpdu(read_eapol(frame).value().body); pdu && pdu->xpn)
        longest = std::max<unsigned>(longest, pdu->xpn->suspension_time);
    return longest;
  }
  [[nodiscard]] unsigned version_of(Index who) const {
    unsigned version = 0;
    for (const auto& [from, frame] : frames)
      if (from == who) version = read_basic_set(read_eapol(frame).value().body)->version;
    return version;
  }
  /// Whether the last MKPDU of `who` had an Announcement.
  [[nodiscard]] bool announces(Index who) const {
    bool last = false;
    for (const auto& [from, frame] : frames)
      if (from == who) last = read_mkpdu(read_eapol(frame).value().body)->announcement.has_value();
    return last;
  }
  std::vector<std::pair<Index, std::vector<std::uint8_t>>> frames;
};

// 802.1X-2020 9.18
class Suspended : public testing::TestWithParam<std::tuple<int, bool>> {};
TEST_P(Suspended, LosesNoKeyAndNoFrame) {
  const auto [span, serves] = GetParam();
  Lab lab;
  const auto hosts = lab.secured(2);
  lab.flood(10 * millisecond);
  const KeyId key = key_in_use(*hosts[0]);
  Host& silent = *hosts[serves ? 0 : 1];
  ASSERT_TRUE(silent.suspend(std::chrono::seconds{span}));
  lab.lan.run_for(span * second);
  EXPECT_EQ(silent.state(), PortState::suspended);
  lab.lan.run_for(20 * second);
  EXPECT_TRUE(lab.lan.secured());
  EXPECT_EQ(key_in_use(*hosts[1]), key);
  for (const Host* host : hosts) EXPECT_EQ(host->status().counters.peers_lost, 0U);
}
INSTANTIATE_TEST_SUITE_P(Members, Suspended, testing::Combine(testing::Values(1, 12, 60, 120), testing::Bool()));

TEST(Suspension, InAGroupNobodyIsLost) {
  Lab lab;
  const auto hosts = lab.secured(3);
  lab.flood(10 * millisecond);
  ASSERT_TRUE(hosts[1]->suspend(std::chrono::seconds{100}));
  ASSERT_TRUE(hosts[2]->suspend(std::chrono::seconds{120}));
  lab.lan.run_for(140 * second);
  EXPECT_TRUE(lab.lan.secured());
  for (const Host* host : hosts) EXPECT_EQ(host->status().counters.peers_lost, 0U);
}

// Found as a gap of 20 s: the key server made four SAKs that the silent member could not take.
TEST(Suspension, WaitsWithEverySakUntilItIsOver) {
  Lab lab;
  const auto hosts = lab.secured(3);
  lab.flood(10 * millisecond);
  const KeyId key = key_in_use(*hosts[0]);
  ASSERT_TRUE(hosts[1]->suspend(60s));
  lab.lan.run_for(5 * second);
  EXPECT_TRUE(hosts[0]->rekey());
  lab.lan.run_for(5 * second);
  lab.lan.set_lossless(false);
  Host& newcomer = lab.add();
  lab.lan.run_for(48 * second);
  EXPECT_EQ(key_in_use(*hosts[0]), key);
  EXPECT_NE(newcomer.state(), PortState::secured);
  ASSERT_TRUE(lab.secures_within(10 * second));
  EXPECT_NE(key_in_use(*hosts[0]), key) << "what was asked for is not forgotten";
  EXPECT_EQ(hosts[0]->status().counters.sak_generated, 2U);
}

TEST(Suspension, IsAnnouncedInWholeSecondsAndNeverAsNone) {
  for (const auto& [span, announced] : {std::pair{100ms, 1U}, std::pair{1000ms, 1U}, std::pair{1500ms, 2U}}) {
    Lab lab;
    const Heard heard{lab.lan};
    const auto hosts = lab.secured(2);
    ASSERT_TRUE(hosts[1]->suspend(span));
    lab.lan.run_for(5 * second);
    EXPECT_EQ(heard.longest_suspension(), announced) << span.count();
  }
}

TEST(Suspension, TakenBackOrOverLeavesAPlainLife) {
  for (const bool back : {true, false}) {
    Lab lab;
    const auto hosts = lab.secured(2);
    ASSERT_TRUE(hosts[1]->suspend(std::chrono::seconds{back ? 120 : 10}));
    lab.lan.run_for(back ? 2 * second : 12 * second);
    if (back) {
      ASSERT_TRUE(hosts[1]->suspend(Duration{0}));
    }
    lab.lan.run_for(second);
    hosts[1]->crash();
    lab.lan.plug(1, false);
    lab.lan.run_for(6 * second + 100 * millisecond);
    EXPECT_NE(hosts[0]->state(), PortState::secured) << back;
  }
}

ProfilePointer best_suites() {
  return make_profile(
      [](Profile& p) { p.macsec.cipher_suites = {CipherSuite::gcm_aes_xpn_256, CipherSuite::gcm_aes_128}; });
}

/// An MKPDU of a version-1 device, as somebody may have recorded it.
std::vector<std::uint8_t> old_frame() {
  const Forger forger{psk("abcd", 0x11)};
  MkpduContent content;
  content.basic.version = 1;
  content.basic.sci = Sci::of({{2, 0, 0, 0, 9, 9}}, 1);
  content.basic.mi = MemberId{{9, 9, 9}};
  content.basic.mn = 7;
  content.basic.ckn = forger.ckn();
  return forger.frame({{2, 0, 0, 0, 9, 9}}, content);
}

TEST(Versions, OneReplayedFrameOfAnOlderSessionLowersNothing) {
  Lab lab;
  const Heard heard{lab.lan};
  auto hosts = lab.secured(2, best_suites());
  for (Index to : {0U, 1U}) lab.lan.inject(to, old_frame());
  lab.lan.run_for(second);
  EXPECT_TRUE(hosts[0]->suspend(std::chrono::seconds{1}));
  lab.lan.run_for(3600 * second);
  for (Index from : {0U, 1U}) EXPECT_EQ(heard.version_of(from), 3U);
  for (Index to : {0U, 1U}) lab.lan.inject(to, old_frame());
  hosts.push_back(&lab.add(best_suites()));
  lab.lan.inject(2, old_frame());
  ASSERT_TRUE(lab.secures_within(2 * second));
  lab.lan.run_for(10 * second);
  for (const Host* host : hosts) EXPECT_EQ(host->status().cipher_suite, CipherSuite::gcm_aes_xpn_256);
}

TEST(Versions, AnOldDeviceThatLeftIsForgotten) {
  Lab lab;
  const Heard heard{lab.lan};
  lab.secured(2);
  V1Peer& old = lab.add_v1(200);
  lab.lan.run_for(20 * second);
  ASSERT_TRUE(lab.lan.secured());
  for (Index from : {0U, 1U}) EXPECT_FALSE(heard.announces(from)) << "while it is there";
  lab.add();
  lab.lan.run_for(20 * second);
  lab.lan.plug(old.index(), false);
  lab.lan.run_for(20 * second);
  for (Index from : {0U, 1U, 3U}) {
    EXPECT_EQ(heard.version_of(from), 3U);
    EXPECT_TRUE(heard.announces(from));
  }
}

// 802.1X-2020 11.11.2
TEST(Destination, AnIndividualAddressIsNone) {
  Lab lab;
  Host& one = lab.add();
  lab.lan.run_for(100 * millisecond);
  const Forger forger{psk("abcd", 0x11)};
  MkpduContent content;
  content.basic.sci = Sci::of({{2, 0, 0, 0, 9, 9}}, 1);
  content.basic.mi = MemberId{{9, 9, 9}};
  content.basic.mn = 1;
  content.basic.ckn = forger.ckn();
  lab.lan.inject(0, forger.frame({{2, 0, 0, 0, 9, 9}}, content, one.mac()));
  lab.lan.run_for(10 * millisecond);
  EXPECT_EQ(one.status().counters.rx_wrong_destination, 1U);
  EXPECT_EQ(one.status().counters.mkpdu_rx, 0U);
}

TEST(Identity, AMemberThatMovesToAnotherChannelIsReceivedFrom) {
  Lab lab;
  lab.lan.world.insider = true;
  Host& host = lab.add();
  Other other{lab, 255};
  const auto talk = [&](int times) {
    for (int i = 0; i < times; ++i) {
      other.say(host);
      if (const auto latest = host.status().latest) other.use(latest->key, latest->an);
      lab.lan.run_for(second);
    }
  };
  talk(6);
  ASSERT_EQ(host.state(), PortState::secured);
  ASSERT_TRUE(host.secy().receives(other.content.basic.sci, host.secy().encoding_key()));
  other.content.basic.sci = Sci::of({{2, 0, 0, 0, 8, 8}}, 1);
  talk(10);
  EXPECT_EQ(host.state(), PortState::secured);
  EXPECT_TRUE(host.secy().receives(other.content.basic.sci, host.secy().encoding_key()));
}

TEST(Identity, AListThatRepeatsItselfAndNamesItsSenderIsTakenAsASet) {
  Lab lab;
  lab.lan.world.insider = true;
  Host& host = lab.add();
  Other other{lab, 0};
  const PeerEntry itself{.mi = other.content.basic.mi, .mn = 1};
  other.live = {itself, itself};
  for (int i = 0; i < 3; ++i) other.say(host);
  other.offer(7, 1);
  for (int i = 0; i < 4; ++i) {
    other.say(host);
    other.use({other.content.basic.mi, 7}, An{3});
  }
  EXPECT_EQ(key_in_use(host), (KeyId{other.content.basic.mi, 7}));
  EXPECT_EQ(host.secy().receive_sc_count(), 1U);
  EXPECT_EQ(host.state(), PortState::secured);
}

// A key server whose random numbers repeat, or one that lies: the packet numbers of the SAK would start over.
TEST(Identity, ASakIsTakenOnceWhateverItsNumber) {
  Lab lab;
  lab.lan.world.insider = true;
  Host& host = lab.add();
  Other other{lab, 0};
  for (int i = 0; i < 3; ++i) other.say(host);
  std::array<std::uint8_t, 24> wrapped{};
  const auto offer = [&](KeyNumber number, std::uint8_t octet) {
    Secret<32> sak;
    std::ranges::fill(sak.allocate(16), octet);
    EXPECT_TRUE(crypto::wrap_sak(other.forger.kek(), sak, wrapped));
    other.content.distributed_sak = DistributedSakSet{};
    other.content.distributed_sak->an = An{number % 4U};
    other.content.distributed_sak->confidentiality_offset = 1;
    other.content.distributed_sak->number = number;
    other.content.distributed_sak->cipher_suite_id = cipher_suite_id(CipherSuite::gcm_aes_128);
    other.content.distributed_sak->wrapped = wrapped;
    for (int i = 0; i < 8; ++i) {
      other.say(host);
      if (const auto latest = host.status().latest) other.use(latest->key, latest->an);
      lab.lan.run_for(second);
    }
    return key_in_use(host).number;
  };
  EXPECT_EQ(offer(7, 0x77), 7U);
  EXPECT_EQ(offer(8, 0x77), 7U);
  EXPECT_GT(host.status().counters.sak_reuse_refused, 0U);
  EXPECT_EQ(offer(9, 0x78), 9U);
  host.crash();
  host.start(Memory::kept);
  EXPECT_EQ(offer(10, 0x77), 9U) << "remembered across a restart";
  EXPECT_EQ(offer(11, 0x79), 11U);
}

// What one member said of itself is known from the key in use.
TEST(Groups, MembersThatDoNotHearEachOtherForAWhileStayInTheGroup) {
  for (const CipherSuite suite : {CipherSuite::gcm_aes_xpn_128, CipherSuite::gcm_aes_128}) {
    Lab lab;
    const auto hosts = lab.secured(3, make_profile([&](Profile& p) { p.macsec.cipher_suites = {suite}; }));
    lab.flood(10 * millisecond);
    lab.lan.cut(1, 2, true);
    lab.lan.run_for(10 * second);
    for (int i = 0; i < 3; ++i) {
      const KeyId before = key_in_use(*hosts[0]);
      ASSERT_TRUE(hosts[0]->rekey());
      lab.lan.run_for(15 * second);
      EXPECT_NE(key_in_use(*hosts[0]), before);
      EXPECT_EQ(key_in_use(*hosts[1]), key_in_use(*hosts[0]));
      EXPECT_EQ(key_in_use(*hosts[2]), key_in_use(*hosts[0]));
    }
    lab.lan.cut(1, 2, false);
    lab.lan.run_for(10 * second);
    EXPECT_TRUE(lab.lan.secured()) << lab.lan.why_unsecured();
  }
}

// The members could not hear that it is in use, nor report that they receive with it.
TEST(Suspension, WaitsForAKeyThatIsBeingPutToUse) {
  for (const bool serves : {true, false}) {
    Lab lab;
    const auto hosts = lab.secured(2);
    lab.flood(10 * millisecond);
    const KeyId before = key_in_use(*hosts[0]);
    lab.lan.path(1, 0).cut = true;
    ASSERT_TRUE(hosts[0]->rekey());
    ASSERT_TRUE(hosts[serves ? 0 : 1]->suspend(std::chrono::seconds{30}));
    lab.lan.run_for(1500 * millisecond);
    lab.lan.path(1, 0).cut = false;
    lab.lan.run_for(60 * second);
    EXPECT_TRUE(lab.lan.secured()) << lab.lan.why_unsecured();
    EXPECT_NE(key_in_use(*hosts[0]), before);
    EXPECT_EQ(hosts[serves ? 0 : 1]->status().counters.own_suspensions, 1U);
    EXPECT_EQ(hosts[serves ? 1 : 0]->status().counters.peer_suspensions, 1U);
  }
}

TEST(Suspension, IsRefusedWherePacketNumbersWouldNotLast) {
  for (const CipherSuite suite : {CipherSuite::gcm_aes_128, CipherSuite::gcm_aes_xpn_128}) {
    Lab lab;
    HostOptions fast;
    fast.speed = 100'000'000'000;
    const auto profile = make_profile([&](Profile& p) { p.macsec.cipher_suites = {suite}; });
    Host& one = lab.add(profile, fast);
    lab.add(profile, fast);
    ASSERT_TRUE(lab.secures_within(second));
    lab.lan.run_for(7 * second);
    const auto long_one = one.suspend(std::chrono::seconds{120});
    EXPECT_EQ(long_one.has_value(), is_xpn(suite));
    if (!long_one) {
      EXPECT_EQ(long_one.error().code, ERANGE);
      EXPECT_EQ(one.status().counters.own_suspensions, 0U);
    }
    EXPECT_TRUE(one.suspend(std::chrono::seconds{10}));
  }
}

/// Members 1 and 2 of three do not hear each other when the key is made.
struct LateKnown {
  Lab lab;
  std::vector<Host*> hosts;
  LateKnown() {
    for (int i = 0; i < 3; ++i) hosts.push_back(&lab.attach());
    lab.lan.cut(1, 2, true);
    for (Host* host : hosts) {
      lab.lan.plug(host->index(), true);
      host->start();
    }
    lab.lan.run_for(20 * second);
  }
  void meet() {
    lab.lan.cut(1, 2, false);
    lab.lan.run_for(30 * second);
  }
};

TEST(LateMembers, AreReceivedFromOnceTheSecyTakesThem) {
  LateKnown late;
  late.hosts[1]->secy().fail_calls(SecyCall::install_receive_sa, ENOMEM, 3);
  late.meet();
  EXPECT_TRUE(late.lab.lan.secured()) << late.lab.lan.why_unsecured();
}

TEST(LateMembers, AreReceivedFromAfterARestart) {
  for (const Index restarted : {1U, 2U}) {
    LateKnown late;
    late.hosts[restarted]->crash();
    late.hosts[restarted]->start(Memory::kept);
    late.meet();
    EXPECT_TRUE(late.lab.lan.secured()) << late.lab.lan.why_unsecured();
  }
}

TEST(Restart, WhatWasRecordedBeforeItKeepsNobodyAlive) {
  Lab lab;
  Heard heard{lab.lan};
  const auto hosts = lab.secured(2);
  lab.lan.run_for(600 * second);
  hosts[0]->crash();  // not asked to: its snapshot is old
  hosts[1]->crash();
  lab.lan.plug(1, false);
  hosts[0]->start(Memory::kept);
  const auto recorded = heard.frames;
  for (const auto& [from, frame] : recorded)
    if (from == 1) {
      lab.lan.inject(0, frame);
      lab.lan.run_for(25 * millisecond);
    }
  ASSERT_GT(recorded.size(), 600U);
  EXPECT_NE(hosts[0]->state(), PortState::secured);
  EXPECT_LE(hosts[0]->status().counters.sak_rekeys, 0U);
}

// Where not everybody hears everybody.

TEST(Unused, AKeyEndsALifeTimeAfterItsLastReport) {
  Lab lab;
  Host& server = lab.add();
  Host& member = lab.add();
  ASSERT_TRUE(lab.secures_within(second));
  Host& keyless = lab.attach();
  keyless.secy().fail_always(SecyCall::install_receive_sa, EBUSY);
  lab.lan.plug(keyless.index(), true);
  keyless.start();
  lab.lan.run_for(20 * second);
  ASSERT_EQ(server.state(), PortState::secured);
  member.crash();
  lab.lan.run_for(10 * second);
  EXPECT_NE(server.state(), PortState::secured);
}

// The third hears both of two that do not hear one another, and follows one of them.
TEST(Partial, AKeyServerThatNobodyFollowsIsNotSecured) {
  Lab lab;
  const auto hosts = lab.secured(3);
  lab.lan.cut(hosts[0]->index(), hosts[1]->index(), true);
  ASSERT_TRUE(hosts[0]->rekey());
  lab.lan.run_for(10 * second);
  ASSERT_TRUE(hosts[1]->status().is_key_server);
  EXPECT_EQ(key_in_use(*hosts[2]), key_in_use(*hosts[0]));
  EXPECT_NE(hosts[1]->state(), PortState::secured);
  EXPECT_EQ(hosts[2]->state(), PortState::secured);
}

TEST(Partial, AMemberNamesThoseWhoSendWithAnotherKey) {
  Lab lab;
  const auto hosts = lab.secured(4);
  lab.lan.cut(hosts[0]->index(), hosts[3]->index(), true);
  lab.lan.path(hosts[0]->index(), hosts[1]->index()).cut = true;
  lab.lan.run_for(22 * second);
  const core::PortStatus status = hosts[2]->status();
  EXPECT_EQ(status.state, PortState::secured) << "with the first";
  EXPECT_EQ(status.reason, core::Reason::awaiting_sak);
  for (const Host* ahead : {hosts[1], hosts[3]})
    EXPECT_NE(status.reason_text.find(to_string(ahead->sci())), std::string::npos) << status.reason_text;
  EXPECT_EQ(status.reason_text.find(to_string(hosts[0]->sci())), std::string::npos) << status.reason_text;
}

// The key server misses the third while a SAK for all is under way, offers it to the second alone, and gives it to the third after all.
TEST(Partial, WhoComesBackToASakIsHeardByThoseWhoTookItBefore) {
  Lab lab;
  const auto hosts =
      lab.secured(3, make_profile([](Profile& p) { p.macsec.cipher_suites = {CipherSuite::gcm_aes_128}; }));
  const Index first = hosts[0]->index();
  const Index other = hosts[1]->index();
  const Index third = hosts[2]->index();
  lab.lan.cut(first, third, true);
  lab.lan.run_for(3900 * millisecond);
  lab.lan.path(first, other).cut = true;
  ASSERT_TRUE(hosts[0]->rekey());
  lab.lan.run_until([&] { return hosts[0]->status().counters.peers_lost == 1; }, 4 * second);
  const KeyId key = key_in_use(*hosts[0]);
  lab.lan.path(first, other).cut = false;
  lab.lan.path(other, first).cut = true;
  lab.lan.run_until([&] { return key_in_use(*hosts[1]) == key; }, 3 * second);
  lab.lan.cut(first, third, false);
  lab.lan.run_until([&] { return key_in_use(*hosts[2]) == key; }, 3 * second);
  lab.lan.path(other, first).cut = false;
  lab.flood(10 * millisecond);
  lab.lan.run_for(10 * second);
  EXPECT_TRUE(lab.lan.secured());
}

// Found in the virtual machine: seven SAKs for the hosts of a switch that came together.
TEST(Forming, AGroupThatComesTogetherTakesTwoSaks) {
  Lab lab;
  std::vector<Host*> hosts;
  for (unsigned i = 0; i < 16; ++i) {
    hosts.push_back(&lab.add());
    lab.lan.run_for(20 * millisecond);
  }
  EXPECT_TRUE(lab.secures_within(1200 * millisecond));
  std::uint64_t made = 0;
  for (const Host* host : hosts) made += host->status().counters.sak_generated;
  EXPECT_LE(made, 2U) << "one for the first two, one for all";
}

}  // namespace
}  // namespace macsec::sim
