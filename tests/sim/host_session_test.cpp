// SPDX-License-Identifier: LGPL-2.1-or-later
// The session of a host on an access port: what the server says of MACsec, what MKA says of the host, restarts and operators.
#include "tests/sim/access_port.hpp"

namespace macsec::sim {
namespace {

using core::AuthenticatorState;
using core::PortState;
using core::Reason;
using namespace std::chrono_literals;
using Counters = core::AuthenticatorCounters;

// ---- what the server says of MACsec ----------------------------------------------------------------------------------

TEST(LinksecPolicy, MustSecureTakesTheClearTextThatTheProfileAllows) {
  for (const bool must : {false, true}) {
    AccessPort site{[](Profile& profile) { profile.macsec.policy = Policy::should_secure; }};
    if (must) site.radius.linksec = core::LinksecPolicy::must_secure;
    Stranger stranger{site};
    stranger.plug();
    site.lan.run_for(second);
    EXPECT_EQ(site.authenticator().state, AuthenticatorState::authenticated);
    EXPECT_EQ(site.port.secy().controlled_port(), must ? ControlledPort::dormant : ControlledPort::up);
    EXPECT_EQ(site.authenticator().linksec_policy, must ? "must-secure" : "");
  }
}

TEST(LinksecPolicy, MustSecureOutlivesARestart) {
  AccessPort site{[](Profile& profile) { profile.macsec.policy = Policy::should_secure; }};
  site.radius.linksec = core::LinksecPolicy::must_secure;
  site.secure();
  site.port.crash();
  site.port.start();
  site.lan.run_for(second);
  EXPECT_EQ(site.authenticator().linksec_policy, "must-secure");
  EXPECT_TRUE(site.port.port().kept_session().keys.at(0).host->must_secure);
}

TEST(LinksecPolicy, MustNotSecureIsARejectWhereThePolicyIsMustSecure) {
  AccessPort site;
  site.radius.linksec = core::LinksecPolicy::must_not_secure;
  site.plug();
  site.lan.run_for(second);
  EXPECT_EQ(site.authenticator().state, AuthenticatorState::held);
  EXPECT_EQ(site.port.status().reason, Reason::authentication_failed);
  EXPECT_EQ(site.sent_of(EapCode::success), 0U);
  EXPECT_TRUE(site.port.status().participants.empty());
}

// ---- MKA -------------------------------------------------------------------------------------------------------------

TEST(Mka, HostThatLeavesItEndsTheSessionAndIsAskedAgain) {
  AccessPort site;
  site.secure();
  site.host.crash();
  site.lan.run_for(5 * second);
  EXPECT_EQ(site.lost_sessions(), 0U);
  site.sent.clear();
  site.lan.run_for(3 * second);
  EXPECT_EQ(site.lost_sessions(), 1U);
  EXPECT_GE(site.sent_of(EapCode::request), 1U);
  EXPECT_FALSE(site.authenticator().host);
  site.host.start(Host::Memory::lost);
  EXPECT_TRUE(site.secures_within(12 * second));
}

TEST(Mka, HostThatRestartsWithoutAMemoryIsSecuredAtOnce) {
  AccessPort site;
  site.secure();
  site.host.crash();
  site.host.start(Host::Memory::lost);
  EXPECT_TRUE(site.secures_within(3 * second)) << "its Start begins a reauthentication";
  EXPECT_EQ(site.lost_sessions(), 0U);
}

TEST(Mka, PeerThatIsMissedWhileItsHostAuthenticatesAgainDisturbsNothing) {
  AccessPort site;
  site.secure();
  site.radius.delay = 3 * second;
  site.host.crash();
  site.host.start(Host::Memory::lost);
  EXPECT_TRUE(site.secures_within(12 * second));
  EXPECT_EQ(site.lost_sessions(), 1U) << "the one before, in the middle of the conversation";
  EXPECT_EQ(site.radius.conversations(), 2U);
}

TEST(Mka, SilentHostIsAuthenticatedAgainEverLessOften) {
  AccessPort site;
  Stranger stranger{site};
  stranger.plug();
  site.lan.run_for(5 * second);
  EXPECT_EQ(site.port.status().reason, Reason::no_peer);
  site.lan.run_for(2 * second);
  EXPECT_EQ(site.port.status().reason, Reason::mka_silent);
  EXPECT_EQ(site.port.state(), PortState::pending);
  EXPECT_EQ(site.radius.conversations(), 1U);
  site.lan.run_for(6 * second);
  EXPECT_EQ(site.radius.conversations(), 2U);
  EXPECT_EQ(site.port.status().reason, Reason::mka_silent);
  site.lan.run_for(20 * second);
  EXPECT_EQ(site.radius.conversations(), 3U);
  site.lan.run_for(3600 * second);
  EXPECT_LE(site.radius.conversations(), 15U);
  EXPECT_LE(site.port.status().participants.size(), 1U);
}

// ---- reload and address ----------------------------------------------------------------------------------------------

TEST(Reload, MovesTheTimeThatTheProfileSaysAndLeavesTheServers) {
  for (const bool by_server : {false, true}) {
    AccessPort site;
    if (by_server) site.radius.session_timeout = 1h;
    site.radius.reauthenticate = by_server;
    site.secure();
    site.port.reconfigure(port_profile([](Profile& profile) { profile.pae->reauthenticate = 30s; }));
    site.lan.run_for(40 * second);
    EXPECT_EQ(site.radius.accepts(), by_server ? 1U : 2U);
    site.port.reconfigure(port_profile([](Profile& profile) { profile.pae->reauthenticate = 20s; }));
    site.lan.run_for(15 * second);
    EXPECT_EQ(site.radius.accepts(), by_server ? 1U : 3U);
    site.port.reconfigure(port_profile());
    site.lan.run_for(100 * second);
    EXPECT_EQ(site.radius.accepts(), by_server ? 1U : 3U);
    EXPECT_EQ(site.lost_sessions(), 0U);
  }
}

TEST(Reload, MovesTheEndOfASessionThatOutlivesItsServers) {
  AccessPort site;
  site.secure();
  site.radius.answers = false;
  ASSERT_TRUE(site.port.reauthenticate());
  site.lan.run_for(10 * second);
  site.port.reconfigure(port_profile([](Profile& profile) { profile.pae->server_dead = 20s; }));
  site.lan.run_for(5 * second);
  EXPECT_EQ(site.lost_sessions(), 0U);
  site.lan.run_for(10 * second);
  EXPECT_EQ(site.lost_sessions(), 1U);
}

TEST(Address, AnotherOneThatTheParentGetsWhileItIsDownEndsTheSession) {
  AccessPort site;
  site.secure();
  const Ckn before = site.ckn();
  site.lan.plug(site.port.index(), false);
  site.lan.run_for(second);
  EXPECT_EQ(site.lost_sessions(), 0U);
  site.port.take_address({{2, 0, 0, 0, 7, 7}});
  site.lan.plug(site.port.index(), true);
  EXPECT_EQ(site.lost_sessions(), 1U);
  EXPECT_TRUE(site.secures_within(10 * second)) << site.lan.why_unsecured();
  EXPECT_NE(site.ckn(), before);
}

// ---- restart ---------------------------------------------------------------------------------------------------------

TEST(Restart, InTheMiddleOfAReauthenticationLosesNothing) {
  for (int step = 1; step <= 12; ++step) {
    AccessPort site;
    site.secure();
    site.flood();
    ASSERT_TRUE(site.port.reauthenticate());
    site.lan.run_for(step * millisecond);
    site.port.crash();
    site.lan.run_for(200 * millisecond);
    site.port.start();
    site.lan.run_for(30 * second);
    EXPECT_TRUE(site.lan.secured()) << step << site.lan.why_unsecured();
    EXPECT_EQ(site.lost_sessions(), 0U) << step;
  }
}

TEST(Restart, WithoutTheKeysAuthenticatesAtOnce) {
  AccessPort site;
  site.secure();
  site.port.crash();
  site.port.start(Host::Memory::lost);
  EXPECT_TRUE(site.secures_within(10 * second));
  EXPECT_EQ(site.radius.conversations(), 2U);
}

TEST(Restart, AHostThatLeftMeanwhileHoldsNothing) {
  AccessPort site;
  site.secure();
  site.port.crash();
  site.host.crash();
  site.port.start();
  site.lan.run_for(14 * second);
  EXPECT_EQ(site.authenticator().state, AuthenticatorState::waiting);
  EXPECT_TRUE(site.port.port().kept_session().keys.empty());
  site.host.start(Host::Memory::lost);
  EXPECT_TRUE(site.secures_within(12 * second));
}

// A life time long nothing is known of the host, which is no reason to believe others.
TEST(Restart, NothingUnprotectedEndsTheSessionBeforeMkaIsHeard) {
  for (const bool flickers : {false, true}) {
    AccessPort site;
    site.secure();
    site.flood();
    site.port.crash();
    site.lan.run_for(100 * millisecond);
    site.lan.path(site.host.index(), site.port.index()).cut = true;
    site.port.start();
    site.lan.run_for(millisecond);
    if (flickers) {
      site.plug(false);
      site.lan.run_for(100 * millisecond);
      site.plug();
    } else {
      site.forge(site.host.mac(), EapolType::logoff);
    }
    site.lan.run_for(100 * millisecond);
    site.lan.path(site.host.index(), site.port.index()).cut = false;
    site.lan.run_for(10 * second);
    EXPECT_EQ(site.lost_sessions(), 0U) << flickers;
    EXPECT_EQ(site.radius.conversations(), 1U);
    EXPECT_TRUE(site.lan.secured()) << site.lan.why_unsecured();
  }
}

TEST(Restart, TimesOfTheSessionThatAreOverAreObeyed) {
  AccessPort site;
  site.radius.session_timeout = 30s;
  site.secure();
  site.port.crash();
  site.lan.run_for(2 * second);
  site.port.start();
  EXPECT_TRUE(site.authenticator().session_ends);
  site.lan.run_for(30 * second);
  EXPECT_EQ(site.lost_sessions(), 1U);
}

// ---- operators -------------------------------------------------------------------------------------------------------

TEST(Operator, TerminatedHostMayBeginAgain) {
  AccessPort site;
  site.secure();
  ASSERT_TRUE(site.port.terminate());
  EXPECT_TRUE(site.port.status().participants.empty());
  EXPECT_NE(site.port.state(), PortState::secured);
  EXPECT_FALSE(site.port.terminate());
  EXPECT_EQ(site.lost_sessions(), 1U);
  EXPECT_TRUE(site.secures_within(30 * second)) << "once the host noticed, and sent a Start";
}

TEST(Operator, DownEndsTheSessionAndUpAsksAgain) {
  AccessPort site;
  site.secure();
  site.sent.clear();
  site.port.set_enabled(false);
  EXPECT_EQ(site.sent_of(EapCode::failure), 1U);
  EXPECT_EQ(site.sent.size(), 1U);
  EXPECT_EQ(site.authenticator().state, AuthenticatorState::disabled);
  EXPECT_TRUE(site.port.status().participants.empty());
  site.sent.clear();
  site.lan.run_for(100 * second);
  EXPECT_TRUE(site.sent.empty());
  EXPECT_EQ(site.radius.conversations(), 1U);
  EXPECT_FALSE(site.port.reauthenticate());
  site.port.set_enabled(true);
  EXPECT_TRUE(site.secures_within(60 * second));
}

TEST(Operator, APortThatTakesTheOtherRoleGivesUpItsSession) {
  AccessPort site;
  site.secure();
  site.port.reconfigure(eap_profile());
  site.lan.run_for(20 * second);
  EXPECT_FALSE(site.port.status().authenticator);
  EXPECT_TRUE(site.port.status().supplicant);
  EXPECT_TRUE(site.port.status().participants.empty());
  site.port.reconfigure(port_profile());
  EXPECT_TRUE(site.secures_within(60 * second));
}

TEST(Operator, ASectionThatIsTakenOutLeavesTheLinkToTheKeysOfTheProfile) {
  AccessPort site{with_fallback, with_fallback};
  site.secure();
  EXPECT_EQ(principal(site.port.status()).role, KeyRole::session);
  site.port.reconfigure(make_profile([](Profile& profile) {
    profile.keys.clear();
    with_fallback(profile);
  }));
  site.lan.run_for(20 * second);
  EXPECT_TRUE(site.lan.secured()) << site.lan.why_unsecured();
  EXPECT_FALSE(site.port.status().authenticator);
  EXPECT_EQ(site.port.status().participants.size(), 1U);
}

TEST(Fallback, CarriesTheLinkWhileNoServerAnswers) {
  AccessPort site{with_fallback, with_fallback};
  site.radius.answers = false;
  site.plug();
  EXPECT_TRUE(site.secures_within(second));
  site.lan.run_for(10 * second);
  EXPECT_EQ(site.port.status().reason, Reason::no_radius_server);
  EXPECT_EQ(principal(site.port.status()).role, KeyRole::fallback);
  site.flood();
  site.radius.answers = true;
  site.lan.run_for(130 * second);
  EXPECT_EQ(principal(site.port.status()).role, KeyRole::session);
}

TEST(Status, RevisionMovesWithWhatIsShown) {
  AccessPort site{[](Profile& profile) { profile.pae->quiet = 10s; }};
  const auto shown = [&] {
    const core::AuthenticatorStatus status = site.authenticator();
    return std::tuple{status.state,          status.reason,
                      status.reason_text,    status.host,
                      status.other_host,     status.identity,
                      status.cak_bits,       status.last_failure_text,
                      status.linksec_policy, status.reply_message,
                      status.since,          status.next_attempt,
                      status.session_ends,   status.next_reauthentication};
  };
  auto last = shown();
  std::uint64_t revision = site.port.port().authenticator_revision();
  unsigned changes = 0;
  const auto watch = [&](Instant span) {
    site.lan.run_until(
        [&] {
          const auto now = shown();
          const std::uint64_t moved = site.port.port().authenticator_revision();
          if (now != last) {
            ++changes;
            EXPECT_NE(moved, revision) << "change " << changes;
          }
          last = now;
          revision = moved;
          return false;
        },
        span);
  };
  site.plug();
  watch(5 * second);
  site.forge(MacAddress{{2, 0, 0, 0, 8, 8}}, EapolType::start);
  watch(second);
  site.radius.answers = false;
  ASSERT_TRUE(site.port.reauthenticate());
  watch(80 * second);
  site.radius.answers = true;
  site.radius.session_timeout = 20s;
  site.radius.linksec = core::LinksecPolicy::must_secure;
  watch(100 * second);
  site.radius.verdict = RadiusScript::Verdict::reject;
  watch(40 * second);
  site.radius.verdict = RadiusScript::Verdict::accept;
  watch(20 * second);
  site.worker.answers = false;
  ASSERT_TRUE(site.port.reauthenticate());
  watch(40 * second);
  site.plug(false);
  watch(20 * second);
  EXPECT_GT(changes, 20U);
}

}  // namespace
}  // namespace macsec::sim
