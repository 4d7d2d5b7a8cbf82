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

TEST(Admission, TerminatedHostMayBeginAgain) {
  AccessPort site;
  site.secure();
  ASSERT_TRUE(site.port.terminate());
  EXPECT_TRUE(site.port.status().participants.empty());
  EXPECT_NE(site.port.state(), PortState::secured);
  EXPECT_FALSE(site.port.terminate());
  EXPECT_EQ(site.lost_sessions(), 1U);
  EXPECT_TRUE(site.secures_within(30 * second)) << "once the host noticed, and sent a Start";
}

}  // namespace
}  // namespace macsec::sim
