// SPDX-License-Identifier: LGPL-2.1-or-later
// Ends that disagree, from the start, after a reload and after a restart: secured means that frames pass.
#include "tests/sim/lab.hpp"
#include "tests/sim/other.hpp"

namespace macsec::sim {
namespace {

using core::PortState;
using core::Reason;
using Memory = Host::Memory;
using enum CipherSuite;

ProfilePointer encrypting(bool encrypt, Policy policy = Policy::must_secure) {
  return make_profile([&](Profile& p) {
    p.macsec.encrypt = encrypt;
    p.macsec.policy = policy;
  });
}

ProfilePointer suites(std::vector<CipherSuite> list) {
  return make_profile([&](Profile& p) { p.macsec.cipher_suites = std::move(list); });
}

/// A key server (m0) and a member (m1), secured with `profile` and at rest.
struct Pair : Lab {
  explicit Pair(const ProfilePointer& profile) {
    const auto both = secured(2, profile);
    server = both[0];
    member = both[1];
  }
  void restart_with(const ProfilePointer& profile) {
    for (Host* host : {server, member}) {
      host->crash();
      host->edit_profile(profile);
      lan.run_for(second / 10);
      host->start(Memory::kept);
    }
  }
  Host* server = nullptr;
  Host* member = nullptr;
};

// 802.1X-2020 12.4
TEST(Secured, NeedsAPeerThatTookTheKey) {
  for (const Policy policy : {Policy::must_secure, Policy::should_secure}) {
    Lab lab;
    Host& server = lab.add(encrypting(false, policy));
    Host& member = lab.add(encrypting(true, policy));
    for (int look = 0; look < 300; ++look) {
      lab.lan.run_for(second);
      EXPECT_NE(server.state(), PortState::secured) << look;
      EXPECT_NE(member.state(), PortState::secured) << look;
    }
    EXPECT_EQ(server.status().reason, Reason::awaiting_sak);
    EXPECT_EQ(member.status().reason, Reason::confidentiality_mismatch);
    if (policy == Policy::must_secure) {
      EXPECT_EQ(server.secy().controlled_port(), ControlledPort::dormant);
      EXPECT_EQ(member.secy().controlled_port(), ControlledPort::dormant);
    }
    EXPECT_LE(server.status().counters.sak_generated, 12U) << "tried again, and less and less often";
    member.reconfigure(encrypting(false, policy));
    EXPECT_TRUE(lab.secures_within(3 * second));
  }
}

TEST(Secured, OutlastsASakThatIsRefusedWhereTheOneBeforeWorks) {
  Pair pair{encrypting(true)};
  pair.flood(10 * millisecond);
  pair.server->reconfigure(encrypting(false));
  pair.lan.run_for(600 * second);
  EXPECT_EQ(pair.member->state(), PortState::secured);
  EXPECT_EQ(pair.member->status().reason, Reason::confidentiality_mismatch);
  EXPECT_EQ(pair.server->state(), PortState::secured);
  EXPECT_EQ(pair.server->status().reason, Reason::awaiting_sak);
  EXPECT_TRUE(pair.server->status().encrypting);
  pair.server->reconfigure(encrypting(true));
  pair.lan.run_for(30 * second);
  EXPECT_TRUE(pair.lan.secured());
  for (const Host* host : {pair.server, pair.member}) EXPECT_EQ(host->status().reason, Reason::none);
}

/// A key server of other make, which sends with its SAK whether or not it was taken.
TEST(Secured, EndsWhenTheKeyServerSendsWithASakThatWasRefused) {
  Lab lab;
  lab.lan.world.insider = true;
  Host& member = lab.add(encrypting(true));
  Other server{lab, 0};
  const auto talk = [&](int seconds) {
    for (int i = 0; i < seconds; ++i) {
      server.say(member);
      lab.lan.run_for(second);
    }
  };
  server.offer(7, 1);
  talk(2);
  server.use({server.content.basic.mi, 7}, An{3});
  talk(10);
  ASSERT_EQ(member.state(), PortState::secured);
  server.offer(8, 0);
  server.use({server.content.basic.mi, 7}, An{3});
  server.say(member);
  EXPECT_EQ(member.state(), PortState::secured) << "the key before still works";
  EXPECT_EQ(member.status().reason, Reason::confidentiality_mismatch);
  server.use({server.content.basic.mi, 8}, An{0});
  server.say(member);
  EXPECT_EQ(member.state(), PortState::failed);
  EXPECT_EQ(member.status().reason, Reason::confidentiality_mismatch);
  talk(7);
  EXPECT_EQ(member.secy().controlled_port(), ControlledPort::dormant);
  EXPECT_EQ(member.state(), PortState::failed);
}

TEST(Secured, EndsWhenNoLivePeerReportsTheKeyAnyMore) {
  Lab lab;
  lab.lan.world.insider = true;
  Host& member = lab.add();
  Other server{lab, 0};
  server.offer(7, 1);
  for (int i = 0; i < 8; ++i) {
    server.say(member);
    server.use({server.content.basic.mi, 7}, An{3});
    lab.lan.run_for(second);
  }
  ASSERT_EQ(member.state(), PortState::secured);
  server.content.distributed_sak.reset();
  server.content.sak_use.reset();
  for (int i = 0; i < 7; ++i) {
    server.say(member);
    lab.lan.run_for(second);
  }
  EXPECT_EQ(member.state(), PortState::pending);
  EXPECT_EQ(member.secy().controlled_port(), ControlledPort::dormant);
}

// The sentence is due a life time after the first such word, not with the next word of that peer.
TEST(Secured, NamesWhoSendsWithAnotherKeyInTime) {
  Lab lab;
  lab.lan.world.insider = true;
  Host& member = lab.add();
  Other server{lab, 0};
  Other third{lab, 200};
  third.mac = MacAddress{{2, 0, 0, 0, 9, 8}};
  third.content.basic.sci = Sci::of(third.mac, 1);
  third.content.basic.mi = MemberId{{8, 8, 8}};
  server.live = {{.mi = third.content.basic.mi, .mn = 1}};
  server.offer(7, 1);
  const auto talk = [&](int seconds) {
    for (int i = 0; i < seconds; ++i) {
      third.say(member);
      server.say(member);
      server.use({server.content.basic.mi, 7}, An{3});
      lab.lan.run_for(960 * millisecond);
    }
  };
  third.use({server.content.basic.mi, 7}, An{3});
  talk(10);
  ASSERT_EQ(member.state(), PortState::secured);
  ASSERT_EQ(member.status().reason, Reason::none);
  // Its own words, every two seconds, have it look at its peers, too.
  const std::uint64_t said = member.mkpdus_sent();
  ASSERT_TRUE(lab.lan.run_until([&] { return member.mkpdus_sent() > said; }, 3 * second));
  lab.lan.run_for(second);
  const Instant began = lab.lan.world.now;
  third.use({third.content.basic.mi, 1}, An{1});
  talk(5);
  EXPECT_EQ(member.status().reason, Reason::none);
  lab.lan.run_for(began + 6 * second + 10 * millisecond - lab.lan.world.now);
  EXPECT_EQ(member.status().reason, Reason::awaiting_sak);
}

TEST(Profile, OfARestartAppliesToTheKeyThatIsResumed) {
  Pair pair{encrypting(false)};
  pair.restart_with(encrypting(true));
  pair.lan.run_for(10 * second);
  EXPECT_TRUE(pair.lan.secured()) << pair.lan.why_unsecured();
  for (Host* host : {pair.server, pair.member}) {
    EXPECT_TRUE(host->status().encrypting);
    EXPECT_TRUE(host->secy().parameters().encrypt);
    EXPECT_EQ(host->status().reason, Reason::none);
  }
}

TEST(Profile, OfARestartAppliesToTheSuiteThatIsResumed) {
  Pair pair{suites({gcm_aes_128})};
  pair.restart_with(suites({gcm_aes_256}));
  pair.lan.run_for(10 * second);
  EXPECT_TRUE(pair.lan.secured()) << pair.lan.why_unsecured();
  for (const Host* host : {pair.server, pair.member}) EXPECT_EQ(host->status().cipher_suite, gcm_aes_256);
}

TEST(Profile, OfARestartThatChangesNothingOfTheKeyKeepsIt) {
  Pair pair{suites({gcm_aes_256, gcm_aes_128})};
  pair.flood(10 * millisecond);
  const KeyId key = key_in_use(*pair.member);
  pair.restart_with(suites({gcm_aes_256}));
  pair.lan.run_for(20 * second);
  EXPECT_EQ(key_in_use(*pair.member), key);
}

TEST(Profile, OfOneMemberThatWantsToEncryptShowsAtOnceAndCutsNothing) {
  Pair pair{encrypting(false)};
  pair.flood(10 * millisecond);
  pair.member->reconfigure(encrypting(true));
  EXPECT_EQ(pair.member->state(), PortState::failed);
  EXPECT_EQ(pair.member->status().reason, Reason::confidentiality_mismatch);
  EXPECT_NE(pair.member->status().reason_text.find("key server"), std::string::npos);
  pair.lan.run_for(60 * second);
  EXPECT_EQ(pair.member->state(), PortState::failed);
  pair.server->reconfigure(encrypting(true));
  pair.lan.run_for(10 * second);
  EXPECT_TRUE(pair.lan.secured());
  EXPECT_TRUE(pair.member->status().encrypting);
  EXPECT_EQ(pair.member->status().reason, Reason::none);
}

TEST(Profile, OfTheKeyServerWithoutACommonSuiteSaysSoAtBothEnds) {
  Pair pair{suites({gcm_aes_128})};
  pair.flood(10 * millisecond);
  pair.server->reconfigure(suites({gcm_aes_256}));
  pair.lan.run_for(10 * second);
  EXPECT_EQ(pair.server->state(), PortState::failed);
  for (const Host* host : {pair.server, pair.member}) {
    EXPECT_EQ(host->status().reason, Reason::cipher_mismatch);
    EXPECT_NE(host->status().reason_text.find("GCM-AES-256"), std::string::npos) << host->status().reason_text;
  }
  EXPECT_FALSE(pair.server->rekey()) << "nothing would come of it";
  pair.lan.run_for(600 * second);
  EXPECT_EQ(pair.server->state(), PortState::failed);
  pair.lan.set_lossless(false);
  pair.member->reconfigure(suites({gcm_aes_256}));
  EXPECT_TRUE(pair.secures_within(3 * second));
  EXPECT_EQ(pair.server->status().cipher_suite, gcm_aes_256);
}

TEST(Profile, ThatIsCnsa2TakesNoSakOf128BitAndSaysSo) {
  const auto with_long_key = [](const std::function<void(Profile&)>& change) {
    return make_profile([&](Profile& p) {
      p.keys.clear();
      p.keys.push_back(psk("abcd", 0x11, 32));
      change(p);
    });
  };
  const auto strong = with_long_key([](Profile& p) {
    p.mka.strength = Strength::cnsa2;
    p.macsec.cipher_suites.clear();
  });
  const auto weak = with_long_key([](Profile& p) { p.macsec.cipher_suites = {gcm_aes_128}; });
  for (const bool serves : {true, false}) {
    Lab lab;
    Host& one = lab.add(serves ? strong : weak);
    Host& other = lab.add(serves ? weak : strong);
    lab.lan.run_for(20 * second);
    const Host& refuses = serves ? one : other;
    EXPECT_NE(refuses.state(), PortState::secured);
    EXPECT_EQ(refuses.secy().encoding_key(), no_key);
    EXPECT_EQ(refuses.status().reason, Reason::cipher_mismatch);
    for (const char* word : {"GCM-AES-XPN-256", "GCM-AES-128"})
      EXPECT_NE(refuses.status().reason_text.find(word), std::string::npos) << refuses.status().reason_text;
  }
  // Of version 1, it knows no other suite.
  Lab lab;
  Host& host = lab.add(strong);
  lab.add_v1(0, psk("abcd", 0x11, 32));
  lab.lan.run_for(20 * second);
  EXPECT_NE(host.state(), PortState::secured);
  EXPECT_EQ(host.secy().encoding_key(), no_key);
  EXPECT_EQ(host.status().reason, Reason::cipher_mismatch);
  // A CAK of 128 bit under the same name.
  Lab mixed;
  Host& here = mixed.add(strong);
  mixed.add(make_profile());
  mixed.lan.run_for(20 * second);
  EXPECT_EQ(here.status().reason, Reason::cak_mismatch);
}

TEST(Profile, OfAMemberThatLeavesOutTheSuiteInUseMovesTheGroup) {
  Pair pair{suites({gcm_aes_128, gcm_aes_256})};
  pair.member->reconfigure(suites({gcm_aes_256}));
  EXPECT_TRUE(pair.lan.run_until([&] { return pair.member->status().cipher_suite == gcm_aes_256; }, 8 * second));
  EXPECT_TRUE(pair.secures_within(second));
  EXPECT_EQ(pair.server->status().cipher_suite, gcm_aes_256);
}

TEST(Device, WithASuiteOfItsOwnIsNotSecuredWithAnother) {
  Lab lab;
  Host& server = lab.add(suites({gcm_aes_128, gcm_aes_256}));
  Host& member = lab.attach(suites({gcm_aes_128, gcm_aes_256}));
  member.secy().adopt(gcm_aes_128);
  lab.lan.plug(1, true);
  member.start();
  ASSERT_TRUE(lab.secures_within(second));
  lab.lan.run_for(7 * second);
  server.reconfigure(suites({gcm_aes_256}));
  lab.lan.run_for(10 * second);
  for (const Host* host : {&server, &member}) {
    EXPECT_NE(host->state(), PortState::secured);
    EXPECT_NE(host->status().reason, Reason::none);
    EXPECT_EQ(host->secy().controlled_port(), ControlledPort::dormant);
  }
  // What the device cannot have is announced no more: the key server goes back to what both can.
  server.reconfigure(suites({gcm_aes_256, gcm_aes_128}));
  EXPECT_TRUE(lab.secures_within(10 * second)) << lab.lan.why_unsecured();
  EXPECT_EQ(member.status().cipher_suite, gcm_aes_128);
  // Once that is known, the next such profile cuts nothing, and each end says what it cannot have.
  server.reconfigure(suites({gcm_aes_256}));
  lab.lan.run_for(10 * second);
  for (const Host* host : {&server, &member}) EXPECT_EQ(host->status().reason, Reason::cipher_mismatch);
  EXPECT_EQ(server.state(), PortState::failed);
  EXPECT_NE(member.status().reason_text.find("the device GCM-AES-128"), std::string::npos)
      << member.status().reason_text;
}

TEST(Device, OfTheKeyServerThatTheProfileLeavesOutIsAFailure) {
  Lab lab;
  Host& server = lab.attach(suites({gcm_aes_256, gcm_aes_128}));
  Host& member = lab.add(suites({gcm_aes_256, gcm_aes_128}));
  server.secy().adopt(gcm_aes_128);
  lab.lan.plug(0, true);
  server.start();
  ASSERT_TRUE(lab.secures_within(10 * second)) << lab.lan.why_unsecured();
  lab.lan.run_for(7 * second);
  server.reconfigure(suites({gcm_aes_256}));
  lab.lan.run_for(2 * second);
  for (int look = 0; look < 60; ++look) {
    lab.lan.run_for(second);
    EXPECT_EQ(server.state(), PortState::failed) << look;
    EXPECT_EQ(server.status().reason, Reason::cipher_mismatch);
  }
  EXPECT_EQ(member.state(), PortState::secured) << "the key from before still works";
  EXPECT_EQ(member.status().cipher_suite, gcm_aes_128);
}

// Nothing tells it from a peer that has nothing to send: no other suite is tried for it, which would cost the latter its frames.
TEST(Device, ThatConfirmsWhatItCannotUseIsShownAsUnheard) {
  Lab lab;
  lab.lan.world.insider = true;
  Host& server = lab.add(suites({gcm_aes_128, gcm_aes_256}));
  Other peer{lab, 200};
  for (int i = 0; i < 30; ++i) {
    peer.say(server);
    if (const auto latest = server.status().latest) peer.use(latest->key, latest->an);
    lab.lan.run_for(second);
  }
  const core::PortStatus status = server.status();
  EXPECT_EQ(status.state, PortState::secured);
  ASSERT_EQ(status.participants.front().peers.size(), 1U);
  EXPECT_TRUE(status.participants.front().peers.front().unheard);
  EXPECT_EQ(status.counters.sak_generated, 1U);
}

TEST(Device, WhoseFramesComeIsNotShownAsUnheard) {
  Pair pair{suites({gcm_aes_128})};
  pair.flood(10 * millisecond);
  pair.lan.run_for(12 * second);
  for (const Host* host : {pair.server, pair.member})
    EXPECT_FALSE(host->status().participants.front().peers.front().unheard);
}

TEST(Device, WithASuiteOfItsOwnDecidesWhatTheGroupUses) {
  for (const bool serves : {true, false}) {
    Lab lab;
    for (const bool adopted : {serves, !serves}) {
      Host& host = lab.attach(suites({gcm_aes_256, gcm_aes_128}));
      if (adopted) host.secy().adopt(gcm_aes_128);
    }
    for (Index i = 0; i < 2; ++i) {
      lab.lan.plug(i, true);
      dynamic_cast<Host&>(lab.lan.station(i)).start();
    }
    EXPECT_TRUE(lab.secures_within(10 * second)) << serves << lab.lan.why_unsecured();
  }
}

}  // namespace
}  // namespace macsec::sim
