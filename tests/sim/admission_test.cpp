// SPDX-License-Identifier: LGPL-2.1-or-later
// A port as authenticator of 802.1X, with our own supplicant as its host and scripted RADIUS servers: who may use it and how
// long.
#include "tests/sim/access_port.hpp"

namespace macsec::sim {
namespace {

using core::AuthenticatorState;
using core::PortState;
using core::Reason;
using namespace std::chrono_literals;
using Counters = core::AuthenticatorCounters;

TEST(Admission, SecuresTheLinkWithTheKeyOfTheAuthentication) {
  AccessPort site;
  site.plug();
  EXPECT_TRUE(site.secures_within(second)) << site.lan.why_unsecured();
  EXPECT_TRUE(site.port.status().is_key_server);
  const core::AuthenticatorStatus status = site.authenticator();
  EXPECT_EQ(status.state, AuthenticatorState::authenticated);
  EXPECT_EQ(status.reason, Reason::none);
  EXPECT_EQ(status.host, site.host.mac());
  EXPECT_EQ(status.server, "192.0.2.1");
  EXPECT_EQ(status.cak_bits, 128);
  EXPECT_EQ(status.ignored_attributes.size(), 1U);
  EXPECT_EQ(status.counters.authentications, 1U);
  EXPECT_EQ(status.counters.reauthentications, 0U);
  EXPECT_EQ(site.port.events(core::Event::Kind::authenticated), 1U);
  EXPECT_EQ(site.radius.conversations(), 1U);
  EXPECT_EQ(site.radius.last_request().host, site.host.mac());
  EXPECT_EQ(site.radius.last_request().port, site.port.mac());
}

TEST(Admission, RejectedHostGetsNoKeyAndIsAskedAgainAfterQuiet) {
  AccessPort site{[](Profile& profile) { profile.pae->quiet = 20s; }};
  site.radius.verdict = RadiusScript::Verdict::reject;
  site.plug();
  site.lan.run_for(second);
  EXPECT_EQ(site.authenticator().state, AuthenticatorState::held);
  EXPECT_EQ(site.port.status().reason, Reason::authentication_failed);
  EXPECT_TRUE(site.authenticator().next_attempt);
  EXPECT_TRUE(site.port.status().participants.empty());
  site.lan.run_for(17 * second);
  EXPECT_EQ(site.radius.conversations(), 1U) << "whatever the host sends";
  EXPECT_GT(site.count(&Counters::start_rx), 2U);
  site.radius.verdict = RadiusScript::Verdict::accept;
  EXPECT_TRUE(site.secures_within(60 * second));
}

TEST(Admission, ReauthenticationByTheProfileGivesANewKeyAndCostsNoFrame) {
  AccessPort site{[](Profile& profile) { profile.pae->reauthenticate = 20s; }};
  site.secure();
  Ckn before = site.ckn();
  site.flood();
  for (int i = 0; i < 4; ++i) {
    site.lan.run_for(20 * second);
    EXPECT_NE(site.ckn(), before);
    before = site.ckn();
  }
  EXPECT_EQ(site.count(&Counters::reauthentications), 4U);
  EXPECT_EQ(site.lost_sessions(), 0U);
}

TEST(Admission, RestartGoesOnWithTheSession) {
  AccessPort site{[](Profile& profile) { profile.pae->reauthenticate = 60s; }};
  site.secure();
  const Ckn before = site.ckn();
  site.flood();
  site.port.crash();
  site.lan.run_for(300 * millisecond);
  site.port.start();
  site.lan.run_for(30 * second);
  EXPECT_EQ(site.ckn(), before);
  EXPECT_EQ(site.radius.conversations(), 1U);
  EXPECT_EQ(site.authenticator().host, site.host.mac());
  site.lan.run_for(30 * second);
  EXPECT_EQ(site.radius.conversations(), 2U) << "the reauthentication comes at its time";
  EXPECT_NE(site.ckn(), before);
}

TEST(Admission, PortWithoutAnAuthenticatedHostPassesNoClearText) {
  AccessPort site{[](Profile& profile) { profile.macsec.policy = Policy::should_secure; }};
  site.radius.verdict = RadiusScript::Verdict::reject;
  site.plug();
  site.lan.run_for(5 * second);
  EXPECT_EQ(site.port.secy().controlled_port(), ControlledPort::dormant);
  EXPECT_EQ(site.port.state(), PortState::pending);
}

// ---- a lossy cable ---------------------------------------------------------------------------------------------------

TEST(Cable, LossDuplicationAndReorderingDelayAnAuthenticationOnly) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    AccessPort site{[](Profile& profile) { profile.pae->reauthenticate = 20s; }, {}, seed};
    const Path bad{.latency = 500, .jitter = 20 * millisecond, .loss = 30, .duplicate = 30};
    site.lan.path(site.port.index(), site.host.index()) = bad;
    site.lan.path(site.host.index(), site.port.index()) = bad;
    site.plug();
    EXPECT_TRUE(site.secures_within(90 * second)) << "seed " << seed << ": " << site.lan.why_unsecured();
    site.lan.run_for(200 * second);
    site.lan.set_paths({});
    site.lan.run_for(75 * second);
    EXPECT_TRUE(site.lan.secured()) << "seed " << seed << ": " << site.lan.why_unsecured();
    EXPECT_LE(site.port.status().participants.size(), 2U) << "keys pile up";
  }
}

TEST(Cable, CarrierThatIsAwayForAMomentChangesNothing) {
  AccessPort site;
  site.secure();
  const Ckn before = site.ckn();
  for (int i = 0; i < 20; ++i) {
    site.plug(false);
    site.lan.run_for(site.lan.random.between(1, 3000) * millisecond);
    site.plug();
    site.lan.run_for(site.lan.random.between(2000, 5000) * millisecond);
  }
  EXPECT_TRUE(site.lan.secured()) << site.lan.why_unsecured();
  EXPECT_EQ(site.lost_sessions(), 0U);
  EXPECT_EQ(site.ckn(), before);
}

TEST(Cable, CarrierThatIsAwayForLongEndsTheSession) {
  AccessPort site;
  site.secure();
  site.plug(false);
  site.lan.run_for(5 * second);
  EXPECT_EQ(site.lost_sessions(), 0U);
  site.lan.run_for(2 * second);
  EXPECT_EQ(site.lost_sessions(), 1U);
  EXPECT_TRUE(site.port.status().participants.empty());
  EXPECT_TRUE(site.port.port().kept_session().keys.empty());
  site.plug();
  EXPECT_TRUE(site.secures_within(2 * second));
  EXPECT_EQ(site.radius.conversations(), 2U);
}

TEST(Cable, WithoutMkaASessionDoesNotOutliveTheCarrier) {
  AccessPort site{[](Profile& profile) { profile.macsec.policy = Policy::should_secure; }};
  Stranger stranger{site};
  stranger.plug();
  site.lan.run_for(second);
  ASSERT_EQ(site.port.state(), PortState::unsecured);
  stranger.answers = false;
  site.lan.plug(site.port.index(), false);
  site.lan.run_for(100 * millisecond);
  site.lan.plug(site.port.index(), true);
  site.lan.run_for(10 * millisecond);
  EXPECT_EQ(site.lost_sessions(), 1U);
  EXPECT_EQ(site.port.secy().controlled_port(), ControlledPort::dormant) << "it may be another host";
}

// ---- reauthentication ------------------------------------------------------------------------------------------------

TEST(Reauthentication, ComesWhenTheServerSaysSoAndNotWhenTheProfileDoes) {
  AccessPort site{[](Profile& profile) { profile.pae->reauthenticate = 20s; }};
  site.radius.session_timeout = 50s;
  site.radius.reauthenticate = true;
  site.secure();
  site.flood();
  site.lan.run_for(38 * second);
  EXPECT_EQ(site.radius.conversations(), 1U);
  EXPECT_FALSE(site.authenticator().session_ends);
  site.lan.run_for(4 * second);
  EXPECT_EQ(site.radius.conversations(), 2U);
  EXPECT_EQ(site.count(&Counters::reauthentications), 1U);
  EXPECT_EQ(site.port.events(core::Event::Kind::reauthenticated), 1U);
}

TEST(Reauthentication, SessionTimeoutWithoutAnActionEndsTheSession) {
  AccessPort site;
  site.radius.session_timeout = 30s;
  site.secure();
  EXPECT_TRUE(site.authenticator().session_ends);
  site.lan.run_for(18 * second);
  EXPECT_EQ(site.lost_sessions(), 0U);
  site.radius.verdict = RadiusScript::Verdict::reject;
  site.lan.run_for(3 * second);
  EXPECT_EQ(site.lost_sessions(), 1U);
  EXPECT_TRUE(site.port.status().participants.empty());
  EXPECT_EQ(site.port.secy().controlled_port(), ControlledPort::dormant);
  EXPECT_EQ(site.radius.conversations(), 2U) << "and the host is asked again";
}

TEST(Reauthentication, SessionTimeoutOfNothingIsNoLoop) {
  for (const bool reauthenticate : {false, true}) {
    AccessPort site;
    site.radius.session_timeout = 0s;
    site.radius.reauthenticate = reauthenticate;
    site.plug();
    site.lan.run_for(60 * second);
    EXPECT_GE(site.radius.conversations(), 5U);
    EXPECT_LE(site.radius.conversations(), 7U);
  }
}

// Of the first one it is not known whether the host was heard.
TEST(Reauthentication, SecondRejectInARowEndsTheSession) {
  AccessPort site{[](Profile& profile) { profile.pae->reauthenticate = 20s; }};
  site.secure();
  site.radius.verdict = RadiusScript::Verdict::reject;
  site.lan.run_for(12 * second);
  EXPECT_EQ(site.count(&Counters::rejects), 1U);
  EXPECT_EQ(site.port.events(core::Event::Kind::authentication_failed), 1U);
  EXPECT_EQ(site.port.state(), PortState::secured);
  EXPECT_EQ(site.sent_of(EapCode::failure), 0U);
  site.lan.run_for(3 * second);
  EXPECT_EQ(site.count(&Counters::rejects), 2U);
  EXPECT_EQ(site.lost_sessions(), 1U);
  EXPECT_EQ(site.authenticator().state, AuthenticatorState::held);
  EXPECT_TRUE(site.port.status().participants.empty());
  EXPECT_EQ(site.port.secy().association_count(), 0U);
  EXPECT_EQ(site.port.status().reason, Reason::authentication_failed);
}

TEST(Reauthentication, OfAnOperatorGivesANewKey) {
  AccessPort site;
  EXPECT_FALSE(site.port.reauthenticate()) << "without carrier";
  site.secure();
  const Ckn before = site.ckn();
  site.flood();
  ASSERT_TRUE(site.port.reauthenticate());
  site.lan.run_for(5 * second);
  EXPECT_NE(site.ckn(), before);
  ASSERT_TRUE(site.host.reauthenticate()) << "of the host's operator";
  site.lan.run_for(30 * second);
  EXPECT_EQ(site.count(&Counters::reauthentications), 2U);
}

TEST(Reauthentication, KeepsTheOldKeyWhereTheHostDoesNotFollow) {
  AccessPort site;
  site.secure();
  const Ckn before = site.ckn();
  site.flood();
  site.worker.spoils = true;
  ASSERT_TRUE(site.port.reauthenticate());
  site.lan.run_for(3 * second);
  EXPECT_EQ(site.port.status().participants.size(), 2U);
  site.lan.run_for(10 * second);
  EXPECT_EQ(site.ckn(), before);
  EXPECT_EQ(site.port.status().participants.size(), 1U);
  EXPECT_EQ(site.port.state(), PortState::secured);
  EXPECT_EQ(site.port.status().reason, Reason::mka_silent);
  site.worker.spoils = false;
  ASSERT_TRUE(site.port.reauthenticate());
  site.lan.run_for(20 * second);
  EXPECT_NE(site.ckn(), before);
  EXPECT_EQ(site.port.status().reason, Reason::none);
}

TEST(Reauthentication, AHostThatNeverAnswersLosesItsSessionInTheEnd) {
  AccessPort site;
  site.secure();
  site.worker.answers = false;
  ASSERT_TRUE(site.port.reauthenticate());
  site.lan.run_for(35 * second);
  EXPECT_EQ(site.port.state(), PortState::secured);
  EXPECT_EQ(site.port.status().reason, Reason::authentication_failed);
  site.lan.run_for(140 * second);
  EXPECT_EQ(site.lost_sessions(), 0U);
  site.lan.run_for(60 * second);
  EXPECT_EQ(site.lost_sessions(), 1U);
  EXPECT_EQ(site.port.secy().controlled_port(), ControlledPort::dormant);
}

TEST(Reauthentication, OfSixtyFourPortsInOneSecondCostsNoFrame) {
  Lab lab;
  RadiusScript radius{lab.lan};
  struct Pair {
    Host* port;
    Host* host;
    std::unique_ptr<FakeWorker> worker;
  };
  std::vector<Pair> pairs;
  for (int i = 0; i < 64; ++i) {
    Host& port = lab.attach(port_profile());
    Host& host = lab.attach(eap_profile());
    radius.serve(port);
    pairs.push_back({&port, &host, std::make_unique<FakeWorker>(lab.lan, host)});
  }
  for (Index one = 0; one < lab.lan.size(); ++one)
    for (Index other = 0; other < lab.lan.size(); ++other)
      if (one / 2 != other / 2) lab.lan.path(one, other).cut = true;
  for (const Pair& pair : pairs) {
    pair.host->start();
    pair.port->start();
    lab.lan.plug(pair.port->index(), true);
    lab.lan.plug(pair.host->index(), true);
  }
  const auto expect_secured = [&] {
    for (const Pair& pair : pairs) {
      const std::array both{pair.port->index(), pair.host->index()};
      EXPECT_TRUE(lab.lan.secured(both)) << lab.lan.why_unsecured(both);
    }
  };
  lab.lan.run_for(10 * second);
  expect_secured();
  lab.flood(500 * millisecond);
  for (const Pair& pair : pairs) {
    lab.lan.run_for(15 * millisecond);
    ASSERT_TRUE(pair.port->reauthenticate());
  }
  lab.lan.run_for(10 * second);
  expect_secured();
  for (const Pair& pair : pairs) {
    EXPECT_EQ(pair.port->events(core::Event::Kind::reauthenticated), 1U);
    EXPECT_EQ(pair.port->events(core::Event::Kind::authentication_lost), 0U);
  }
}

TEST(Reauthentication, ARejectBetweenTwoSuccessesIsForgotten) {
  AccessPort site;
  site.secure();
  site.flood();
  for (int i = 0; i < 3; ++i) {
    site.radius.verdict = RadiusScript::Verdict::reject;
    ASSERT_TRUE(site.port.reauthenticate());
    site.lan.run_for(second);
    site.radius.verdict = RadiusScript::Verdict::accept;
    site.lan.run_for(10 * second);
  }
  EXPECT_EQ(site.count(&Counters::rejects), 3U);
  EXPECT_EQ(site.count(&Counters::reauthentications), 3U);
  EXPECT_EQ(site.lost_sessions(), 0U);
}

// A host must not keep its session by what its server drops, or takes without a key.
TEST(Reauthentication, WithoutAUsableAnswerOfServersThatAnswerTheSessionEnds) {
  for (const bool drops : {true, false}) {
    AccessPort site;
    site.secure();
    site.radius.answers = !drops;
    site.radius.others_hear = true;
    site.radius.verdict = RadiusScript::Verdict::unusable;
    ASSERT_TRUE(site.port.reauthenticate());
    site.lan.run_for(145 * second);
    EXPECT_EQ(site.port.state(), PortState::secured);
    EXPECT_EQ(site.port.status().reason, drops ? Reason::no_radius_server : Reason::authentication_failed);
    EXPECT_EQ(site.sent_of(EapCode::failure), 0U) << "it is not over";
    site.lan.run_for(15 * second);
    EXPECT_EQ(site.lost_sessions(), 1U);
    EXPECT_EQ(site.port.secy().controlled_port(), ControlledPort::dormant);
  }
}

// ---- servers that do not answer --------------------------------------------------------------------------------------

TEST(ServerDead, SessionGoesOnForItsTimeAndIsTriedAgainEachMinute) {
  AccessPort site{[](Profile& profile) {
    profile.pae->reauthenticate = 20s;
    profile.pae->server_dead = 300s;
  }};
  site.secure();
  site.flood();
  site.radius.answers = false;
  site.lan.run_for(300 * second);
  EXPECT_EQ(site.port.state(), PortState::secured);
  EXPECT_EQ(site.port.status().reason, Reason::no_radius_server);
  EXPECT_TRUE(site.authenticator().session_ends);
  EXPECT_EQ(site.radius.requests(), 1U + method_rounds + 5U);
  site.lan.set_lossless(false);
  site.lan.run_for(12 * second);
  EXPECT_EQ(site.lost_sessions(), 1U);
  EXPECT_EQ(site.port.secy().controlled_port(), ControlledPort::dormant);
}

TEST(ServerDead, ServerThatComesBackIsAllThatIsNeeded) {
  AccessPort site{[](Profile& profile) { profile.pae->reauthenticate = 20s; }};
  site.secure();
  const Ckn before = site.ckn();
  site.flood();
  site.radius.answers = false;
  site.lan.run_for(100 * second);
  EXPECT_EQ(site.ckn(), before);
  site.radius.answers = true;
  site.lan.run_for(70 * second);
  EXPECT_NE(site.ckn(), before);
  EXPECT_EQ(site.port.status().reason, Reason::none);
  EXPECT_FALSE(site.authenticator().session_ends);
  EXPECT_EQ(site.lost_sessions(), 0U);
}

TEST(ServerDead, ZeroEndsTheSessionAtOnceAlsoWhereTheClientSaysNothing) {
  AccessPort site{[](Profile& profile) { profile.pae->server_dead = 0s; }};
  site.secure();
  site.radius.mute = true;
  ASSERT_TRUE(site.port.reauthenticate());
  site.lan.run_for(34 * second);
  EXPECT_EQ(site.lost_sessions(), 0U);
  site.lan.run_for(2 * second);
  EXPECT_EQ(site.lost_sessions(), 1U);
}

TEST(ServerDead, ServerThatDiesWithinAConversationIsOutlivedToo) {
  AccessPort site;
  site.secure();
  site.radius.answers = false;
  site.radius.others_hear = true;
  ASSERT_TRUE(site.port.reauthenticate());
  site.lan.run_for(10 * second);
  site.radius.others_hear = false;
  site.lan.run_for(600 * second);
  EXPECT_EQ(site.port.state(), PortState::secured);
  EXPECT_EQ(site.lost_sessions(), 0U);
}

TEST(ServerDead, ZeroEndsTheSessionAtOnce) {
  AccessPort site{[](Profile& profile) {
    profile.pae->reauthenticate = 20s;
    profile.pae->server_dead = 0s;
  }};
  site.secure();
  site.radius.answers = false;
  site.lan.run_for(13 * second);
  EXPECT_EQ(site.lost_sessions(), 0U);
  site.lan.run_for(3 * second);
  EXPECT_EQ(site.lost_sessions(), 1U);
}

TEST(ServerDead, RestartDoesNotLengthenItsTime) {
  AccessPort site{[](Profile& profile) {
    profile.pae->reauthenticate = 20s;
    profile.pae->server_dead = 100s;
  }};
  site.secure();
  site.radius.answers = false;
  site.lan.run_for(60 * second);
  site.port.crash();
  site.port.start();
  site.lan.run_for(45 * second);
  EXPECT_EQ(site.port.state(), PortState::secured);
  site.lan.run_for(10 * second);
  EXPECT_EQ(site.lost_sessions(), 1U);
}

TEST(Admission, AnotherHostIsToldOnce) {
  AccessPort site;
  site.secure();
  const MacAddress first{{2, 0, 0, 0, 0, 0x71}};
  const MacAddress second_one{{2, 0, 0, 0, 0, 0x72}};
  const auto told = [&site] { return site.port.events(core::Event::Kind::other_host); };
  for (int i = 0; i < 20; ++i) {
    site.forge(first, EapolType::start);
    site.lan.run_for(second);
  }
  EXPECT_EQ(told(), 1U);
  site.forge(second_one, EapolType::start);
  site.forge(first, EapolType::start);
  site.forge(second_one, EapolType::start);
  site.lan.run_for(100 * millisecond);
  EXPECT_EQ(told(), 2U) << "once a second at most, however many addresses there are";
  EXPECT_EQ(site.authenticator().other_host, second_one);
  EXPECT_EQ(site.port.state(), PortState::secured);
}

}  // namespace
}  // namespace macsec::sim
