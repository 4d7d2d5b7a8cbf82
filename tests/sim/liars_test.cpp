// SPDX-License-Identifier: LGPL-2.1-or-later
// Members that lie, holders of other keys, and stations that are copies of one another.
#include "tests/sim/other.hpp"

namespace macsec::sim {
namespace {

using core::PortState;
using std::chrono::seconds;

ProfilePointer with_fallback(const std::function<void(Profile&)>& change = {}) {
  return make_profile([&](Profile& p) {
    p.keys.clear();
    p.keys.push_back(psk("abcd", 0x11));
    p.keys.push_back(psk("ff", 0x22, 16, KeyRole::fallback));
    if (change) change(p);
  });
}

/// Holds the fallback key only.
struct Stranger : Other {
  explicit Stranger(Lab& into, std::uint8_t priority = 255) : Other{into, priority} {
    forger = Forger{psk("ff", 0x22)};
    content.basic.ckn = forger.ckn();
  }
  /// Says of the key in use at `host` whatever it likes.
  void claim(Host& host, Pn lowest_pn) {
    const core::PortStatus status = host.status();
    use(status.latest.value().key, status.latest->an);
    content.sak_use->latest.lowest_pn = lowest_pn & 0xffffffffU;
    content.sak_use->delay_protect = true;
    content.xpn =
        XpnSet{.suspension_time = 0, .latest_upper = static_cast<std::uint32_t>(lowest_pn >> 32U), .old_upper = 0};
    say(host);
  }
};

TEST(Trust, AHolderOfAnotherKeySilencesNobody) {
  for (const CipherSuite suite : {CipherSuite::gcm_aes_128, CipherSuite::gcm_aes_xpn_128}) {
    Lab lab;
    const auto hosts = lab.secured(2, with_fallback([suite](Profile& p) {
                                     p.macsec.cipher_suites = {suite};
                                     p.mka.delay_protect = true;
                                   }));
    lab.flood();
    Stranger stranger{lab};
    stranger.content.basic.sci = hosts[1]->sci();
    stranger.content.basic.version = 3;
    for (int i = 0; i < 20; ++i) {
      stranger.claim(*hosts[0], is_xpn(suite) ? ~Pn{0} : Pn{0xffffffff});
      lab.lan.run_for(second / 2);
    }
    EXPECT_LT(hosts[0]->secy().lowest_pn(hosts[1]->sci(), hosts[1]->secy().encoding_key()), 1'000'000U);
    EXPECT_TRUE(lab.lan.secured());
  }
}

TEST(Trust, AHolderOfAnotherKeyAsksForNothing) {
  for (const CipherSuite suite : {CipherSuite::gcm_aes_128, CipherSuite::gcm_aes_xpn_128}) {
    for (const Index victim : {0U, 1U}) {
      Lab lab;
      const auto hosts = lab.secured(2, with_fallback([suite](Profile& p) { p.macsec.cipher_suites = {suite}; }));
      lab.flood();
      const KeyId key = key_in_use(*hosts[0]);
      Stranger stranger{lab};
      stranger.content.basic.version = 3;
      for (int i = 0; i < 20; ++i) {
        stranger.claim(*hosts[victim], is_xpn(suite) ? ~Pn{0} : Pn{0xffffffff});
        lab.lan.run_for(second / 2);
      }
      EXPECT_EQ(key_in_use(*hosts[0]), key);
      EXPECT_EQ(hosts[victim]->secy().receive_sc_count(), 1U);
      EXPECT_TRUE(hosts[victim]->status().latest->receiving);
      EXPECT_TRUE(lab.lan.secured());
    }
  }
}

/// A key server played by hand whose first SAK is in use at `host`.
struct Served {
  explicit Served(const ProfilePointer& profile = make_profile())
      : host{(lab.lan.world.insider = true, lab.add(profile))} {
    for (int i = 0; i < 3; ++i) server.say(host);
    offer(1, 1);
  }
  /// SAK `number`, and time for it to come into use.
  void offer(KeyNumber number, std::uint8_t confidentiality_offset) {
    server.offer(number, confidentiality_offset);
    talk(8);
  }
  /// Offers nothing, and sends with `number`.
  void withdraw(KeyNumber number) {
    server.content.distributed_sak.reset();
    server.use({server.content.basic.mi, number}, An{number & 3U});
    for (int i = 0; i < 4; ++i) {
      server.say(host);
      lab.lan.run_for(second);
    }
  }
  void talk(int times) {
    for (int i = 0; i < times; ++i) {
      server.say(host);
      if (const auto latest = host.status().latest) server.use(latest->key, latest->an);
      lab.lan.run_for(second / 2);
    }
  }
  Lab lab;
  Host& host;
  Other server{lab, 0};
};

TEST(Trust, AHolderOfAnotherKeyWithdrawsNoRefusal) {
  Served served{with_fallback()};
  served.offer(2, 0);
  ASSERT_EQ(served.host.status().reason, core::Reason::confidentiality_mismatch);
  Stranger stranger{served.lab, 0};
  stranger.content.basic.sci = Sci::of({{2, 0, 0, 0, 9, 8}}, 1);
  for (int i = 0; i < 4; ++i) stranger.claim(served.host, 1);
  EXPECT_EQ(served.host.status().reason, core::Reason::confidentiality_mismatch);
  served.withdraw(1);
  EXPECT_EQ(served.host.status().reason, core::Reason::none);
}

TEST(Trust, WhatTheDeviceRefusedIsOverOnceItIsWithdrawn) {
  Served served;
  ASSERT_EQ(served.host.state(), PortState::secured);
  served.host.secy().fail_always(SecyCall::install_receive_sa, EIO);
  served.offer(2, 1);
  ASSERT_EQ(served.host.status().reason, core::Reason::secy_error);
  served.host.secy().forgive();
  served.withdraw(1);
  EXPECT_EQ(served.host.state(), PortState::secured);
  EXPECT_EQ(served.host.status().reason, core::Reason::none);
  EXPECT_EQ(served.host.status().last_error, "");
}

TEST(Trust, AKeyNumberAboveAllOthersBarsNobody) {
  Served served;
  served.offer(0xffffffff, 1);
  served.offer(2, 1);
  EXPECT_EQ(key_in_use(served.host).number, 2U);
  served.offer(1, 1);
  EXPECT_EQ(key_in_use(served.host).number, 2U) << "used before";
}

TEST(Trust, SaksWithoutEndAreTakenOneASecond) {
  Served served;
  const std::uint64_t before = served.host.status().counters.sak_received;
  for (KeyNumber number = 2; number < 200; ++number) {
    served.server.offer(number, 1);
    served.server.say(served.host);
    served.server.use({served.server.content.basic.mi, number}, An{number & 3U});
    served.server.say(served.host);
    served.lab.lan.run_for(second / 10);
  }
  EXPECT_LE(served.host.status().counters.sak_received - before, 40U) << "in 28 s";
  EXPECT_GE(served.host.status().counters.sak_received - before, 20U);
}

// A virtual machine that was set back to what it was: the others have heard more of it than it has said.
TEST(Copies, AStationThatWasSetBackBecomesAnotherMember) {
  Lab lab;
  lab.lan.world.insider = true;
  Host& host = lab.add();
  Other other{lab, 255};
  const auto talk = [&](int times) {
    for (int i = 0; i < times; ++i) {
      other.say(host);
      if (const auto latest = host.status().latest) other.use(latest->key, latest->an);
      lab.lan.run_for(second / 2);
    }
  };
  talk(10);
  ASSERT_EQ(host.state(), PortState::secured);
  const MemberId mi = principal(host.status()).mi;
  const KeyIndex key = host.secy().encoding_key();
  other.ahead = 50;
  other.say(host);
  other.ahead = 0;
  EXPECT_NE(host.status().participants.front().mi, mi);
  EXPECT_NE(host.secy().encoding_key(), key);
  EXPECT_EQ(host.events(core::Event::Kind::identity_conflict), 1U);
  talk(10);
  EXPECT_EQ(host.state(), PortState::secured);
  EXPECT_NE(host.secy().encoding_key(), key);
}

TEST(Copies, WhatWeHaveNotSaidYetIsOfACopy) {
  Lab lab;
  const auto hosts = lab.secured(2);
  Other copy{lab, 128};
  copy.content.basic.sci = hosts[0]->sci();
  const auto speak = [&](MessageNumber mn, std::uint8_t cak) {
    copy.content.basic.mi = principal(hosts[0]->status()).mi;
    copy.content.basic.mn = mn;
    lab.lan.inject(0, Forger{psk("abcd", cak)}.frame(hosts[0]->mac(), copy.content));
    lab.lan.run_for(20 * millisecond);
  };
  const MessageNumber now = principal(hosts[0]->status()).mn;
  speak(now - 1, 0x11);
  speak(now + 100, 0x99);
  EXPECT_EQ(hosts[0]->events(core::Event::Kind::identity_conflict), 0U) << "a loop, and one without the key";
  const MemberId before = principal(hosts[0]->status()).mi;
  speak(now + 100, 0x11);
  EXPECT_EQ(hosts[0]->events(core::Event::Kind::identity_conflict), 1U);
  EXPECT_NE(hosts[0]->status().participants.front().mi, before);
  EXPECT_TRUE(lab.secures_within(10 * second));
}

// A virtual machine that was cloned from disk, with its MAC address: two members of one SCI, both of which hear everything.
TEST(Copies, TwoStationsWithOneSciDoNotTakeTurns) {
  Lab lab;
  lab.lan.world.insider = true;
  Host& host = lab.add();
  Other one{lab, 255};
  Other two{lab, 255};
  two.content.basic.mi = MemberId{{8, 8, 8}};
  const auto talk = [&](int times, std::initializer_list<Other*> who) {
    for (int i = 0; i < times; ++i) {
      for (Other* other : who) {
        other->say(host);
        if (const auto latest = host.status().latest) other->use(latest->key, latest->an);
      }
      lab.lan.run_for(second);
    }
  };
  talk(8, {&one});
  ASSERT_EQ(host.state(), PortState::secured);
  const std::uint64_t joined = host.events(core::Event::Kind::peer_live);
  talk(30, {&one, &two});
  EXPECT_EQ(host.events(core::Event::Kind::peer_live), joined + 1) << "the newcomer, once";
  EXPECT_EQ(host.events(core::Event::Kind::identity_conflict), 1U);
  EXPECT_GE(host.status().counters.rx_sci_conflicts, 29U);
  EXPECT_EQ(host.state(), PortState::secured);
  talk(10, {&one});
  EXPECT_EQ(host.state(), PortState::secured) << "the other one is gone";
}

}  // namespace
}  // namespace macsec::sim
