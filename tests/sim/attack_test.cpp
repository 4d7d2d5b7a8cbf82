// SPDX-License-Identifier: LGPL-2.1-or-later
// Frames that come back, come late, or come from somebody who should not say that.
#include "engine/base/text.hpp"
#include "tests/sim/lab.hpp"

namespace macsec::sim {
namespace {

using core::PortState;

/// Everything sent on the LAN, to be sent again.
struct Recorder {
  explicit Recorder(VirtualLan& lan) {
    lan.tap = [this](Index from, Bytes frame) {
      frames.emplace_back(from, std::vector<std::uint8_t>{frame.begin(), frame.end()});
    };
  }
  std::vector<std::pair<Index, std::vector<std::uint8_t>>> frames;
};

// 802.1X-2020 9.4.2
TEST(Attack, ReflectionChangesNothing) {
  Lab lab;
  Host& one = lab.add();
  lab.add();
  ASSERT_TRUE(lab.secures_within(second));
  lab.flood();
  const KeyId key = key_in_use(one);
  lab.lan.set_reflection(true);
  lab.lan.run_for(60 * second);
  EXPECT_EQ(key_in_use(one), key);
  EXPECT_GT(one.status().counters.rx_reflected, 10U);
  EXPECT_EQ(one.status().counters.peers_lost, 0U);
  EXPECT_EQ(principal(one.status()).peers.size(), 1U);
}

TEST(Attack, ReflectionFromTheStartIsNoHindrance) {
  Lab lab;
  lab.lan.set_reflection(true);
  lab.add();
  lab.add();
  EXPECT_TRUE(lab.secures_within(second));
}

// 802.1X-2020 9.4.2
TEST(Attack, ReplayOfTheRunningSessionChangesNothing) {
  Lab lab;
  Recorder recorder{lab.lan};
  Host& one = lab.add();
  Host& other = lab.add();
  ASSERT_TRUE(lab.secures_within(second));
  lab.lan.run_for(20 * second);
  lab.flood();
  const auto captured = recorder.frames;
  const KeyId key = key_in_use(one);
  for (int round = 0; round < 3; ++round)
    for (const auto& [from, frame] : captured) {
      lab.lan.inject(1 - from, frame);
      lab.lan.run_for(50 * millisecond);
    }
  EXPECT_EQ(key_in_use(one), key);
  EXPECT_GT(one.status().counters.rx_replayed, 10U);
  EXPECT_EQ(one.status().counters.peers_lost + other.status().counters.peers_lost, 0U);
  EXPECT_TRUE(lab.lan.secured());
}

TEST(Attack, ReplayOfAnOlderSessionShortensNoLife) {
  for (const Index victim : {0U, 1U}) {
    Lab lab;
    Recorder recorder{lab.lan};
    Host& one = lab.add();
    Host& other = lab.add();
    ASSERT_TRUE(lab.secures_within(second));
    lab.lan.run_for(10 * second);
    const auto captured = recorder.frames;
    Host& restarted = victim == 0 ? one : other;
    restarted.crash();
    restarted.start(Host::Memory::lost);
    ASSERT_TRUE(lab.secures_within(10 * second));
    lab.lan.run_for(10 * second);
    lab.flood();
    const KeyId key = key_in_use(one);
    for (const auto& [from, frame] : captured) {
      lab.lan.inject(1 - from, frame);
      lab.lan.run_for(100 * millisecond);
    }
    lab.lan.run_for(10 * second);
    EXPECT_EQ(key_in_use(one), key) << victim;
    EXPECT_TRUE(lab.lan.secured());
  }
}

/// An insider who holds the CAK and takes part as a third member that lies.
struct Insider {
  Forger forger{psk("abcd", 0x11)};
  MacAddress mac{{2, 0, 0, 0, 9, 9}};
  MemberId mi{{9, 9, 9}};
  MessageNumber mn = 0;
  MkpduContent content() {
    MkpduContent out;
    out.basic.version = 3;
    out.basic.priority = 255;
    out.basic.macsec_desired = true;
    out.basic.capability = MacsecCapability::confidentiality;
    out.basic.sci = Sci::of(mac, 1);
    out.basic.mi = mi;
    out.basic.mn = ++mn;
    out.basic.ckn = forger.ckn();
    return out;
  }
};

TEST(Attack, ThirdPartyListsDoNotMoveAnybodysMessageNumber) {
  Lab lab;
  Host& one = lab.add();
  Host& other = lab.add();
  ASSERT_TRUE(lab.secures_within(second));
  lab.lan.run_for(5 * second);
  lab.flood();
  Insider insider;
  const PeerEntry lie{.mi = principal(other.status()).mi, .mn = 0xfffffffe};
  for (int i = 0; i < 30; ++i) {
    auto content = insider.content();
    content.live = {&lie, 1};
    lab.lan.inject(0, insider.forger.frame(insider.mac, content));
    lab.lan.run_for(500 * millisecond);
  }
  EXPECT_EQ(one.status().counters.peers_lost, 0U);
  EXPECT_TRUE(lab.lan.secured());
  EXPECT_EQ(one.state(), PortState::secured);
}

TEST(Attack, OurMiFromSomebodyElseMakesANewOneAndCostsNoFrame) {
  for (const Index victim : {0U, 1U, 2U}) {
    Lab lab;
    const auto hosts = lab.secured(3);
    lab.flood();
    Insider insider;
    insider.mi = principal(hosts[victim]->status()).mi;
    lab.lan.inject(victim, insider.forger.frame(insider.mac, insider.content()));
    lab.lan.run_for(20 * millisecond);
    EXPECT_NE(principal(hosts[victim]->status()).mi, insider.mi);
    EXPECT_EQ(hosts[victim]->status().counters.rx_mi_collisions, 1U);
    lab.lan.run_for(20 * second);
    EXPECT_TRUE(lab.lan.secured());
  }
}

// 802.1X-2020 9.7
TEST(Attack, ASakOfAPeerThatIsNotTheServerIsIgnored) {
  Lab lab;
  Host& server = lab.add(make_profile([](Profile& p) { p.mka.priority = 1; }));
  Host& client = lab.add();
  ASSERT_TRUE(lab.secures_within(second));
  lab.lan.run_for(5 * second);
  lab.flood();
  const KeyId key = key_in_use(client);
  Insider insider;
  Secret<32> sak;
  std::ranges::fill(sak.allocate(16), std::uint8_t{0x77});
  std::array<std::uint8_t, 24> wrapped{};
  ASSERT_TRUE(crypto::wrap_sak(insider.forger.kek(), sak, wrapped));
  for (int i = 0; i < 20; ++i) {
    const PeerEntry me{.mi = principal(client.status()).mi, .mn = principal(client.status()).mn};
    auto content = insider.content();
    content.basic.key_server = true;
    content.live = {&me, 1};
    content.distributed_sak = DistributedSakSet{};
    content.distributed_sak->an = An{2};
    content.distributed_sak->confidentiality_offset = 1;
    content.distributed_sak->number = 7;
    content.distributed_sak->cipher_suite_id = cipher_suite_id(CipherSuite::gcm_aes_128);
    content.distributed_sak->wrapped = wrapped;
    lab.lan.inject(client.index(), insider.forger.frame(insider.mac, content));
    lab.lan.run_for(500 * millisecond);
  }
  EXPECT_EQ(key_in_use(client), key);
  EXPECT_EQ(client.status().key_server, server.sci());
}

// 802.1X-2020 9.4.1
TEST(Attack, GarbageAndWrongSignaturesChangeNothing) {
  Lab lab;
  Recorder recorder{lab.lan};
  Host& one = lab.add();
  Host& other = lab.add();
  ASSERT_TRUE(lab.secures_within(second));
  lab.lan.run_for(5 * second);
  lab.flood();
  const auto captured = recorder.frames;
  SimRandom random{3};
  const KeyId key = key_in_use(one);
  for (int i = 0; i < 5000; ++i) {
    const auto& [from, original] = captured[random.below(captured.size())];
    auto frame = original;
    frame[random.below(frame.size())] ^= static_cast<std::uint8_t>(1U << random.below(8));
    if (random.chance(10)) frame.resize(random.below(frame.size() + 1));
    lab.lan.inject(1 - from, frame);
    lab.lan.run_for(millisecond);
  }
  EXPECT_EQ(key_in_use(one), key);
  EXPECT_EQ(other.status().counters.peers_lost, 0U);
  EXPECT_TRUE(lab.lan.secured());
}

TEST(Attack, WrongSignaturesUnderTheAddressOfAPeerAreShownThere) {
  Lab lab;
  const auto hosts = lab.secured(3);
  const Forger forger{psk("abcd", 0x99)};
  MkpduContent content;
  content.basic.sci = hosts[1]->sci();
  content.basic.mi = MemberId{{9, 9, 9}};
  content.basic.mn = 1;
  content.basic.ckn = forger.ckn();
  for (int i = 0; i < 3; ++i) lab.lan.inject(0, forger.frame(hosts[1]->mac(), content));
  lab.lan.run_for(second);
  const core::PortStatus status = hosts[0]->status();
  for (const core::PeerStatus& peer : status.participants.front().peers)
    EXPECT_EQ(peer.icv_failures, peer.sci == hosts[1]->sci() ? 3U : 0U);
  EXPECT_TRUE(lab.lan.secured());
}

TEST(Attack, AFloodOfStrangersMakesNoStorm) {
  Lab lab;
  Host& one = lab.add();
  lab.add();
  ASSERT_TRUE(lab.secures_within(second));
  lab.lan.run_for(5 * second);
  lab.flood();
  static_cast<void>(one.take_busiest_second());
  for (unsigned i = 0; i < 20'000; ++i) {
    Insider insider;
    insider.mi = MemberId{{9, static_cast<std::uint8_t>(i >> 8U), static_cast<std::uint8_t>(i & 0xffU)}};
    lab.lan.inject(0, insider.forger.frame(insider.mac, insider.content()));
    lab.lan.run_for(millisecond);
  }
  EXPECT_LE(one.take_busiest_second(), 40U);
  EXPECT_EQ(one.status().counters.peers_lost, 0U);
  EXPECT_LE(principal(one.status()).peers.size(), 200U);
  EXPECT_TRUE(lab.lan.secured());
}

// Each cause of a dropped MKPDU has a counter of its own.

TEST(Attack, InactiveKeysAreToldFromUnknownOnes) {
  Lab lab;
  const Host& one = lab.add(make_profile([](Profile& profile) {
    profile.keys.push_back(psk("ef01", 0x22));
    profile.keys.back().not_before = 4'000'000'000;
  }));
  lab.add();
  ASSERT_TRUE(lab.secures_within(second));
  for (const auto& [ckn, fill] : {std::pair{"ef01", 0x22}, std::pair{"beef", 0x33}}) {
    Insider insider;
    insider.forger = Forger{psk(ckn, static_cast<std::uint8_t>(fill))};
    lab.lan.inject(0, insider.forger.frame(insider.mac, insider.content()));
  }
  lab.lan.run_for(100 * millisecond);
  EXPECT_EQ(one.status().counters.rx_inactive_ckn, 1U);
  EXPECT_EQ(one.status().counters.rx_unknown_ckn, 1U);
}

TEST(Attack, ForgedNamesOfKeysLeaveRoomForThoseOfPeers) {
  Lab lab;
  Host& one = lab.add();
  Host& other = lab.add();
  ASSERT_TRUE(lab.secures_within(second));
  lab.flood();
  const auto tell = [&](Insider& sender, unsigned name) {
    sender.forger = Forger{
        psk(to_hex(std::array{std::uint8_t{9}, static_cast<std::uint8_t>(name >> 8U), static_cast<std::uint8_t>(name)}),
            0x33)};
    lab.lan.inject(0, sender.forger.frame(sender.mac, sender.content()));
  };
  Insider stranger;
  for (unsigned i = 0; i < 9000; ++i) {
    tell(stranger, i);
    lab.lan.run_for(millisecond / 10);
  }
  EXPECT_EQ(one.events(core::Event::Kind::unknown_ckn), 4U) << "in less than a second";
  Insider peer;
  peer.mac = other.sci().mac();
  tell(peer, 10'000);
  tell(peer, 10'000);
  lab.lan.run_for(millisecond);
  EXPECT_EQ(one.events(core::Event::Kind::unknown_ckn), 5U) << "and once of a name";
}

TEST(Attack, PeersBeyondTheLastPlaceAreCounted) {
  Lab lab;
  const Host& one = lab.add();
  lab.add();
  ASSERT_TRUE(lab.secures_within(second));
  lab.lan.run_for(5 * second);
  for (std::uint8_t i = 0; i < 80; ++i) {
    Insider insider;
    insider.mac = MacAddress{{2, 0, 0, 0, 9, i}};
    insider.mi = MemberId{{9, 9, i}};
    auto content = insider.content();
    const PeerEntry heard{.mi = principal(one.status()).mi, .mn = principal(one.status()).mn};
    content.live = {&heard, 1};
    lab.lan.inject(0, insider.forger.frame(insider.mac, content));
    lab.lan.run_for(millisecond);
  }
  EXPECT_EQ(one.status().counters.rx_too_many_peers, 80U - 63U);
  EXPECT_EQ(one.status().counters.rx_replayed, 0U);
}

TEST(Attack, WhatComesBeforeTheDeviceIsKnownIsCounted) {
  Lab lab;
  Host& one = lab.attach();
  lab.lan.plug(0, true);
  lab.add();
  one.secy().fail_always(SecyCall::read, EIO);
  one.start();
  lab.lan.run_for(second);
  EXPECT_GT(one.status().counters.rx_not_ready, 0U);
  EXPECT_EQ(one.status().counters.mkpdu_rx, 0U);
  one.secy().forgive();
  EXPECT_TRUE(lab.secures_within(10 * second));
}

TEST(Attack, EachRefusalOfASakIsCounted) {
  const auto refuse = [](core::Counter counter, auto&& change) {
    Lab lab;
    const Host& one = lab.add();
    lab.lan.run_for(second);
    Insider insider;
    for (int i = 0; i < 3; ++i) {
      const PeerEntry me{.mi = one.status().participants.front().mi, .mn = one.status().participants.front().mn};
      auto content = insider.content();
      content.basic.priority = 0;
      content.basic.key_server = true;
      content.live = {&me, 1};
      const std::array<std::uint8_t, 24> wrapped{};
      content.distributed_sak = DistributedSakSet{};
      content.distributed_sak->confidentiality_offset = 1;
      content.distributed_sak->number = 7;
      content.distributed_sak->cipher_suite_id = cipher_suite_id(CipherSuite::gcm_aes_128);
      content.distributed_sak->wrapped = wrapped;
      change(*content.distributed_sak);
      lab.lan.inject(0, insider.forger.frame(insider.mac, content));
      lab.lan.run_for(100 * millisecond);
    }
    const core::PortCounters counters = one.status().counters;
    for (const core::Counter each :
         {&core::PortCounters::sak_offset_refused, &core::PortCounters::sak_integrity_refused,
          &core::PortCounters::sak_macsec_refused, &core::PortCounters::sak_cipher_refused,
          &core::PortCounters::sak_unwrap_failures})
      EXPECT_EQ(counters.*each > 0, each == counter);
  };
  refuse(&core::PortCounters::sak_offset_refused, [](DistributedSakSet& set) { set.confidentiality_offset = 2; });
  refuse(&core::PortCounters::sak_integrity_refused, [](DistributedSakSet& set) { set.confidentiality_offset = 0; });
  refuse(&core::PortCounters::sak_macsec_refused, [](DistributedSakSet& set) { set.macsec = false; });
  refuse(&core::PortCounters::sak_cipher_refused, [](DistributedSakSet& set) { set.cipher_suite_id = 5; });
  refuse(&core::PortCounters::sak_unwrap_failures, [](DistributedSakSet&) {});
}

}  // namespace
}  // namespace macsec::sim
