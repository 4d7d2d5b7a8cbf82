// SPDX-License-Identifier: LGPL-2.1-or-later
// A key server among peers that announce no cipher suite and know one alone.
#include "tests/sim/lab.hpp"

namespace macsec::sim {
namespace {

using core::Event;
using core::PortState;
using core::Reason;
using Memory = Host::Memory;
using Others = V1Peer::Others;
using enum CipherSuite;

ProfilePointer allowing(std::vector<CipherSuite> list, Policy policy = Policy::must_secure) {
  return make_profile([&](Profile& p) {
    p.macsec.cipher_suites = std::move(list);
    p.macsec.policy = policy;
    p.mka.priority = 10;
  });
}

/// Our host is key server, and `others` have devices of `suite`.
struct Site : Lab {
  explicit Site(const ProfilePointer& profile, CipherSuite suite, Others others = Others::ignored, unsigned count = 1)
      : ours{add(profile)} {
    for (unsigned i = 0; i < count; ++i) {
      peers.push_back(&add_v1(static_cast<std::uint8_t>(100 + i)));
      peers.back()->make_device(suite, others);
    }
  }
  /// For `seconds` our host has something to say each half second, and nobody answers.
  void speak(int seconds) {
    for (int i = 0; i < 2 * seconds; ++i) {
      lan.offer_data(ours.index());
      lan.run_for(second / 2);
    }
  }
  [[nodiscard]] std::uint64_t saks() const { return ours.status().counters.sak_generated; }
  Host& ours;
  std::vector<V1Peer*> peers;
};

TEST(Untaken, TheNextSuiteIsTriedAndSaid) {
  Site site{allowing({gcm_aes_128, gcm_aes_256}), gcm_aes_256};
  site.lan.run_for(5 * second);
  EXPECT_EQ(site.ours.state(), PortState::pending);
  EXPECT_TRUE(site.lan.run_until(
      [&] {
        const std::string text = site.ours.status().reason_text;
        return text.find("GCM-AES-256 is tried, GCM-AES-128 did not work") != std::string::npos;
      },
      4 * second));
  EXPECT_EQ(site.ours.events(Event::Kind::rekey_started), 1U);
  EXPECT_TRUE(site.secures_within(3 * second)) << site.lan.why_unsecured();
  EXPECT_EQ(site.ours.status().cipher_suite, gcm_aes_256);
  EXPECT_EQ(site.saks(), 2U);
}

TEST(Untaken, WhatWasFoundOutOutlastsRekeysReloadsAndRestarts) {
  Site site{allowing({gcm_aes_128, gcm_aes_256}), gcm_aes_256};
  ASSERT_TRUE(site.secures_within(12 * second));
  site.lan.run_for(10 * second);
  site.flood(5 * millisecond);
  EXPECT_TRUE(site.ours.rekey());
  site.lan.run_for(20 * second);
  site.ours.reconfigure(allowing({gcm_aes_128, gcm_aes_xpn_128, gcm_aes_256}));
  site.lan.run_for(20 * second);
  site.ours.crash();
  site.lan.run_for(second / 10);
  site.ours.start(Memory::kept);
  site.lan.run_for(20 * second);
  site.ours.reconfigure(allowing({gcm_aes_128, gcm_aes_256}));
  site.lan.run_for(20 * second);
  EXPECT_TRUE(site.ours.rekey());
  site.lan.run_for(20 * second);
  EXPECT_EQ(site.ours.status().cipher_suite, gcm_aes_256);
  EXPECT_TRUE(site.lan.secured());
}

TEST(Untaken, EachSuiteHasALifeTimeWhoeverDoesNotTakeIt) {
  Site site{allowing({gcm_aes_xpn_128, gcm_aes_128, gcm_aes_256}), gcm_aes_256, Others::ignored, 3};
  EXPECT_TRUE(site.secures_within(25 * second)) << site.lan.why_unsecured();
  EXPECT_EQ(site.ours.status().cipher_suite, gcm_aes_256);
}

TEST(Untaken, APeerThatTakesNoneIsTriedLessAndLessOften) {
  Site site{allowing({gcm_aes_128, gcm_aes_256}), gcm_aes_xpn_128};
  std::uint64_t first = 0;
  for (int look = 0; look < 3600; ++look) {
    site.lan.run_for(second);
    ASSERT_NE(site.ours.state(), PortState::secured) << look;
    if (look == 59) first = site.saks();
  }
  EXPECT_LE(first, 8U);
  EXPECT_GE(first, 4U);
  EXPECT_LE(site.saks(), 75U);
  EXPECT_EQ(site.ours.secy().controlled_port(), ControlledPort::dormant);
  site.peers[0]->make_device(gcm_aes_128);
  EXPECT_TRUE(site.secures_within(130 * second)) << "one that can after all is not forgotten";
}

TEST(Untaken, ALateJoinerThatCannotCostsAWorkingGroupNothing) {
  Site site{allowing({gcm_aes_128, gcm_aes_256}), gcm_aes_256, Others::ignored, 2};
  ASSERT_TRUE(site.secures_within(15 * second)) << site.lan.why_unsecured();
  site.lan.run_for(10 * second);
  V1Peer& late = site.add_v1(200);
  late.make_device(gcm_aes_128);
  site.lan.set_traffic(10 * millisecond);
  site.lan.run_for(second / 10);
  site.lan.reset_traffic();
  const std::array<Index, 3> group{0, 1, 2};
  for (int look = 0; look < 300; ++look) {
    site.lan.run_for(second);
    ASSERT_EQ(site.ours.status().cipher_suite, gcm_aes_256) << look;
  }
  EXPECT_TRUE(site.lan.secured(group)) << site.lan.why_unsecured(group);
  for (const Index from : group)
    for (const Index to : group)
      EXPECT_TRUE(from == to || site.lan.longest_gap(from, to) <= second) << from << " to " << to;
  EXPECT_EQ(site.ours.status().reason, Reason::awaiting_sak);
  EXPECT_NE(site.ours.status().reason_text.find(to_string(late.sci())), std::string::npos)
      << site.ours.status().reason_text;
}

TEST(Untaken, ARestartInBetweenStartsOverAndArrives) {
  for (Instant when = second; when < 12 * second; when += second) {
    Site site{allowing({gcm_aes_128, gcm_aes_256}), gcm_aes_256};
    site.lan.run_for(when);
    site.ours.crash();
    site.lan.run_for(second / 10);
    site.ours.start(Memory::kept);
    EXPECT_TRUE(site.secures_within(20 * second)) << when << " " << site.lan.why_unsecured();
  }
}

TEST(Unheard, APeerThatConfirmsWhatItCannotUseGetsTheNextSuite) {
  for (const Policy policy : {Policy::must_secure, Policy::should_secure}) {
    Site site{allowing({}, policy), gcm_aes_256, Others::confirmed};
    site.lan.set_traffic(100 * millisecond);
    ASSERT_TRUE(site.secures_within(40 * second)) << site.lan.why_unsecured();
    site.lan.run_for(10 * second);
    site.lan.set_lossless(true);
    site.lan.run_for(600 * second);
    EXPECT_EQ(site.ours.status().cipher_suite, gcm_aes_256);
    EXPECT_EQ(site.saks(), 2U);
  }
}

TEST(Unheard, APeerWhoseFramesComeKeepsItsSuite) {
  Site site{allowing({}), gcm_aes_128};
  ASSERT_TRUE(site.secures_within(10 * second));
  site.flood(50 * millisecond);
  site.lan.run_for(30 * second);
  site.lan.set_lossless(false);
  site.lan.set_traffic(0);
  site.speak(300);
  EXPECT_EQ(site.saks(), 1U) << "it was heard once: it may have nothing to say now";
}

TEST(Unheard, NothingIsTriedWhereNobodyHasAnythingToSay) {
  Site site{allowing({}), gcm_aes_256, Others::confirmed};
  site.lan.run_for(600 * second);
  EXPECT_EQ(site.saks(), 1U);
}

TEST(Unheard, APeerThatOnlyListensIsInterruptedByOneRoundAtTheMost) {
  for (const Others others : {Others::ignored, Others::confirmed}) {
    Site site{allowing({}), gcm_aes_128, others};
    site.speak(120);
    EXPECT_EQ(site.ours.status().cipher_suite, gcm_aes_128);
    EXPECT_LE(site.saks(), 3U) << "no suite is tried that came after version 1";
    const std::uint64_t before = site.saks();
    site.lan.reset_traffic();
    site.speak(600);
    EXPECT_EQ(site.saks(), before);
    EXPECT_LE(site.lan.longest_gap(0, 1), second);
    // The same process of the peer is back: nothing is tried for it that was tried before.
    site.lan.plug(1, false);
    site.lan.run_for(10 * second);
    site.lan.plug(1, true);
    site.lan.run_for(10 * second);
    EXPECT_LE(site.saks(), before + 2);
    site.lan.reset_traffic();
    site.speak(120);
    EXPECT_LE(site.lan.longest_gap(0, 1), second);
  }
}

TEST(Unheard, ASilentPeerBesideOneThatIsHeardCostsTheGroupNothing) {
  Site site{allowing({}), gcm_aes_128};
  V1Peer& mute = site.add_v1(200);
  mute.make_device(gcm_aes_256, Others::confirmed);
  site.lan.set_traffic(100 * millisecond);
  site.lan.run_for(120 * second);
  EXPECT_EQ(site.ours.status().cipher_suite, gcm_aes_128);
  EXPECT_LE(site.saks(), 3U);
  const std::array<Index, 2> pair{0, 1};
  EXPECT_TRUE(site.lan.secured(pair));
}

}  // namespace
}  // namespace macsec::sim
