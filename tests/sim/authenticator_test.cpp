// SPDX-License-Identifier: LGPL-2.1-or-later
// A port as authenticator of 802.1X, frame by frame: when it asks whom, what of an answer goes to a server, and what strangers
// can do.
#include "tests/sim/access_port.hpp"

namespace macsec::sim {
namespace {

using core::AuthenticatorState;
using core::PortState;
using core::Reason;
using namespace std::chrono_literals;
using Counters = core::AuthenticatorCounters;

const MacAddress other_mac{{2, 0, 0, 0, 8, 8}};

void expect_gaps(const std::vector<AccessPort::Sent>& sent, std::size_t first, std::span<const int> seconds) {
  ASSERT_GT(sent.size(), first + seconds.size());
  for (std::size_t i = 0; i < seconds.size(); ++i) {
    const Instant gap = sent[first + i + 1].at - sent[first + i].at;
    EXPECT_NEAR(static_cast<double>(gap), static_cast<double>(seconds[i] * second), 2.0 * millisecond) << i;
  }
}

TEST(Asking, BeginsWithCarrierAndGoesOnUntilSomebodyAnswers) {
  AccessPort site;
  site.lan.run_for(5 * second);
  EXPECT_TRUE(site.sent.empty()) << "without carrier";
  const Instant plugged = site.lan.world.now;
  site.lan.plug(site.port.index(), true);
  site.lan.run_for(60 * second);
  ASSERT_FALSE(site.sent.empty());
  EXPECT_LE(site.sent[0].at - plugged, millisecond);
  expect_gaps(site.sent, 0, std::array{1, 2, 4, 10, 10});
  EXPECT_EQ(site.sent[0].packet, site.sent[4].packet) << "a copy";
  EXPECT_EQ(site.authenticator().state, AuthenticatorState::waiting);
  EXPECT_EQ(site.port.status().reason, Reason::authenticating);
}

TEST(Asking, AStartIsAnsweredAtOnceAndAFloodOfThemIsNot) {
  AccessPort site;
  site.lan.plug(site.port.index(), true);
  site.lan.run_for(62 * second);
  const std::size_t before = site.sent.size();
  site.forge(other_mac, EapolType::start);
  site.lan.run_for(millisecond);
  EXPECT_EQ(site.sent.size(), before + 1);
  for (int i = 0; i < 1000; ++i) {
    site.forge(other_mac, EapolType::start);
    site.lan.run_for(millisecond);
  }
  EXPECT_LE(site.sent.size(), before + 12) << "ten a second at the most";
}

TEST(Asking, AnAnswerToAnotherRequestIsNone) {
  AccessPort site;
  site.lan.plug(site.port.index(), true);
  site.lan.run_for(millisecond);
  const std::uint8_t asked = site.sent.at(0).packet[1];
  for (unsigned i = 0; i < 256; ++i)
    if (i != asked) site.forge(other_mac, EapCode::response, static_cast<std::uint8_t>(i), EapType::identity);
  site.forge(other_mac, EapCode::response, asked, EapType::nak);
  site.forge(other_mac, EapCode::request, asked, EapType::identity);
  site.lan.run_for(100 * millisecond);
  EXPECT_EQ(site.radius.requests(), 0U);
  EXPECT_EQ(site.count(&Counters::eap_ignored), 256U);
  EXPECT_EQ(site.count(&Counters::eap_invalid), 1U);
  site.forge(other_mac, EapCode::response, asked, EapType::identity);
  site.lan.run_for(100 * millisecond);
  EXPECT_EQ(site.radius.requests(), 1U);
  EXPECT_EQ(site.authenticator().host, other_mac);
}

TEST(Asking, AnIdentityThatFitsNoUserNameOrComesFromAGroupIsNone) {
  AccessPort site;
  site.lan.plug(site.port.index(), true);
  site.lan.run_for(millisecond);
  const std::uint8_t asked = site.sent.at(0).packet[1];
  site.forge(other_mac, EapCode::response, asked, EapType::identity, std::vector<std::uint8_t>(254, 'a'));
  site.forge(pae_group_address, EapCode::response, asked, EapType::identity);
  site.forge(site.port.mac(), EapCode::response, asked, EapType::identity);
  site.lan.run_for(millisecond);
  EXPECT_EQ(site.radius.requests(), 0U);
  EXPECT_EQ(site.authenticator().state, AuthenticatorState::waiting);
}

TEST(Asking, IdentityIsShownWithoutWhatCannotBePrinted) {
  AccessPort site;
  Stranger stranger{site};
  stranger.plug();
  site.lan.run_for(second);
  EXPECT_EQ(site.authenticator().identity, "alice\\x00");
  EXPECT_EQ(site.radius.last_request().user_name, std::string("alice\0", 6)) << "the server gets it as it is";
}

// ---- the conversation ------------------------------------------------------------------------------------------------

TEST(Conversation, AnswersThatComeTwiceGoToTheServerOnce) {
  AccessPort site;
  site.lan.path(site.host.index(), site.port.index()).duplicate = 100;
  site.plug();
  EXPECT_TRUE(site.secures_within(second));
  EXPECT_EQ(site.radius.requests(), 1U + method_rounds);
  EXPECT_EQ(site.count(&Counters::eap_ignored), 1U + method_rounds);
}

TEST(Conversation, RequestIsRepeatedAndTheHostGivenUp) {
  for (const int seconds : {0, 60}) {
    AccessPort site;
    if (seconds > 0) site.radius.host_time = std::chrono::seconds{seconds};
    Stranger stranger{site};
    stranger.plug();
    site.lan.run_until([&] { return site.radius.requests() == 1; }, second);
    stranger.answers = false;
    site.lan.run_for((seconds > 0 ? seconds : 30) * second - 100 * millisecond);
    EXPECT_EQ(site.authenticator().state, AuthenticatorState::authenticating);
    expect_gaps(site.sent, 1, std::array{1, 2, 4, 8});
    EXPECT_EQ(site.count(&Counters::host_timeouts), 0U);
    site.lan.run_for(second);
    EXPECT_EQ(site.count(&Counters::host_timeouts), 1U);
    EXPECT_EQ(site.authenticator().state, AuthenticatorState::waiting);
    EXPECT_EQ(site.port.status().reason, Reason::authentication_failed);
    EXPECT_FALSE(site.authenticator().host) << "anybody may have the port";
    EXPECT_EQ(site.radius.ends(), 1U);
    stranger.answers = true;
    site.lan.run_for(12 * second);
    EXPECT_EQ(site.authenticator().state, AuthenticatorState::authenticated);
  }
}

TEST(Conversation, AHostThatRestartsInTheMiddleIsAskedAgainBeforeItsTimeIsOver) {
  AccessPort site;
  Stranger stranger{site};
  stranger.plug();
  site.lan.run_until([&] { return site.radius.requests() == 1; }, second);
  stranger.answers = false;
  site.lan.run_for(500 * millisecond);
  stranger.answers = true;
  site.forge(stranger.mac, EapolType::start);
  site.lan.run_for(100 * millisecond);
  EXPECT_EQ(site.radius.conversations(), 1U) << "it may be about to answer";
  // What the one before was asked means nothing to it.
  stranger.answers = false;
  site.lan.run_until([&] { return site.sent.back().packet[4] == 1; }, 20 * second);
  EXPECT_LE(site.lan.world.now, 9 * second);
}

TEST(Conversation, AChallengeThatIsNoRequestIsNoAnswer) {
  AccessPort site;
  Stranger stranger{site};
  site.radius.mute = true;
  stranger.plug();
  site.lan.run_for(100 * millisecond);
  for (const std::vector<std::uint8_t>& packet :
       {std::vector<std::uint8_t>{}, std::vector<std::uint8_t>{3, 1, 0, 4},
        eap_packet(EapCode::request, 1, EapType::tls, std::vector<std::uint8_t>(1600))}) {
    const std::uint64_t before = site.count(&Counters::server_timeouts);
    core::RadiusReport report;
    report.conversation = site.radius.last_request().conversation;
    report.packet = packet;
    site.port.report(std::move(report));
    EXPECT_EQ(site.count(&Counters::server_timeouts), before + 1);
    EXPECT_EQ(site.port.status().reason, Reason::no_radius_server);
    EXPECT_EQ(site.authenticator().state, AuthenticatorState::held);
    site.lan.run_for(20 * second);
  }
}

TEST(Conversation, LateAndUnaskedReportsAreIgnored) {
  AccessPort site;
  site.secure();
  const Ckn before = site.ckn();
  const core::RadiusConversation last = site.radius.last_request().conversation;
  for (const core::RadiusConversation conversation : {last - 1, last, last + 1}) {
    for (const auto kind :
         {core::RadiusReport::Kind::accept, core::RadiusReport::Kind::reject, core::RadiusReport::Kind::failed}) {
      core::RadiusReport report;
      report.kind = kind;
      report.conversation = conversation;
      report.keys = method_keys(99);
      site.port.report(std::move(report));
    }
  }
  site.lan.run_for(10 * second);
  EXPECT_EQ(site.port.state(), PortState::secured);
  EXPECT_EQ(site.ckn(), before);
}

// ---- servers ---------------------------------------------------------------------------------------------------------

TEST(Servers, DeadOnesAreAskedEverLessOftenUntilOneIsBack) {
  AccessPort site;
  site.radius.answers = false;
  site.radius.patience = millisecond;  // a port that is closed
  site.plug();
  site.lan.run_for(2 * second);
  EXPECT_EQ(site.port.status().reason, Reason::no_radius_server);
  EXPECT_EQ(site.port.status().reason_text, "no answer from 192.0.2.1:1812");
  EXPECT_GT(site.sent_of(EapCode::failure), 0U);
  site.lan.run_for(600 * second);
  EXPECT_LE(site.radius.requests(), 20U);
  EXPECT_TRUE(site.port.status().participants.empty());
  site.radius.answers = true;
  EXPECT_TRUE(site.secures_within(125 * second));
  EXPECT_EQ(site.port.status().reason, Reason::none);
}

TEST(Servers, AClientThatSaysNothingIsGivenUp) {
  AccessPort site;
  site.radius.mute = true;
  site.plug();
  site.lan.run_for(34 * second);
  EXPECT_EQ(site.authenticator().state, AuthenticatorState::authenticating);
  site.lan.run_for(2 * second);
  EXPECT_EQ(site.port.status().reason, Reason::no_radius_server);
  site.radius.mute = false;
  EXPECT_TRUE(site.secures_within(70 * second));
}

TEST(Servers, AnAcceptWithoutKeysIsARejectThatSaysWhy) {
  AccessPort site;
  site.radius.verdict = RadiusScript::Verdict::unusable;
  site.plug();
  site.lan.run_for(second);
  EXPECT_EQ(site.port.status().reason, Reason::authentication_failed);
  EXPECT_NE(site.port.status().reason_text.find("sends no EAP-Key-Name"), std::string::npos);
  EXPECT_EQ(site.authenticator().state, AuthenticatorState::held);
  EXPECT_GT(site.authenticator().next_attempt.value() - site.port.now(), 58s) << "QuietSec=";
  EXPECT_EQ(site.count(&Counters::accepts_unusable), 1U);
  EXPECT_TRUE(site.authenticator().keyless);
  EXPECT_EQ(site.sent_of(EapCode::success), 0U);
  EXPECT_TRUE(site.port.status().participants.empty());
}

TEST(Servers, ARejectSaysWhoAndWhy) {
  AccessPort site;
  Stranger stranger{site};
  site.radius.verdict = RadiusScript::Verdict::reject;
  stranger.plug();
  site.lan.run_for(second);
  EXPECT_EQ(site.port.status().reason_text,
            "RADIUS server 192.0.2.1 rejects 02:00:00:00:09:09 (\"alice\\x00\"): compte ferm\u00e9");
  EXPECT_EQ(site.authenticator().last_failure_text, site.port.status().reason_text);
  EXPECT_EQ(site.sent_of(EapCode::failure), 1U);
  const Time until = site.authenticator().next_attempt.value();
  EXPECT_GT(until - site.port.now(), 58s);
  ASSERT_TRUE(site.port.reauthenticate()) << "an operator need not wait";
  site.lan.run_for(second);
  EXPECT_EQ(site.radius.conversations(), 2U);
}

// ---- strangers -------------------------------------------------------------------------------------------------------

TEST(Attack, ForgedFramesEachSecondEndNothing) {
  AccessPort site;
  site.secure();
  site.flood(10 * millisecond);
  std::uint8_t identifier = 0;
  for (int i = 0; i < 120; ++i) {
    for (const MacAddress& source : {site.host.mac(), other_mac}) {
      ++identifier;
      site.forge(source, EapolType::start);
      site.forge(source, EapolType::logoff);
      site.forge(source, EapCode::failure, identifier);
      site.forge(source, EapCode::success, identifier);
      site.forge(source, EapCode::request, identifier, EapType::identity);
      site.forge(source, EapCode::response, identifier, EapType::identity);
    }
    site.lan.run_for(second);
    ASSERT_EQ(site.port.state(), PortState::secured) << "second " << i;
    ASSERT_EQ(site.host.state(), PortState::secured) << "second " << i;
  }
  EXPECT_EQ(site.count(&Counters::logoff_ignored), 120U);
  EXPECT_EQ(site.count(&Counters::other_hosts), 6U * 120U);
  EXPECT_EQ(site.authenticator().other_host, other_mac);
  EXPECT_LE(site.radius.conversations(), 14U) << "Starts get an authentication each ten seconds at the most";
  EXPECT_EQ(site.lost_sessions(), 0U);
}

TEST(Attack, AnotherSourceDoesNotHarmAConversation) {
  AccessPort site;
  site.radius.delay = 300 * millisecond;
  site.plug();
  const auto disturb = [&] {
    for (unsigned i = 0; i < 256; ++i)
      site.forge(other_mac, EapCode::response, static_cast<std::uint8_t>(i), EapType::tls);
    site.forge(other_mac, EapolType::start);
    site.forge(other_mac, EapolType::logoff);
  };
  site.lan.run_until([&] { return site.radius.requests() == 1; }, second);
  for (int i = 0; i < 100; ++i) {
    disturb();
    site.lan.run_for(10 * millisecond);
  }
  EXPECT_EQ(site.radius.requests(), 1U + method_rounds);
  EXPECT_EQ(site.radius.conversations(), 1U);
  EXPECT_TRUE(site.lan.secured()) << site.lan.why_unsecured();
}

TEST(Attack, StartsInTheNameOfTheHostDoNotHarmAConversation) {
  AccessPort site;
  site.radius.delay = 700 * millisecond;
  site.plug();
  site.lan.run_until([&] { return site.radius.requests() == 1; }, second);
  for (int i = 0; i < 30; ++i) {
    site.forge(site.host.mac(), EapolType::start);
    site.forge(site.host.mac(), EapolType::logoff);
    site.lan.run_for(100 * millisecond);
  }
  EXPECT_EQ(site.radius.conversations(), 1U);
  EXPECT_TRUE(site.lan.secured()) << site.lan.why_unsecured();
}

// Who hears the request can be quicker than the host, and have the server reject it.
TEST(Attack, ARejectOfWhatAnotherStationAnsweredEndsNoSession) {
  for (const Instant delay : {20 * millisecond, millisecond, Instant{0}}) {
    SCOPED_TRACE(delay);
    AccessPort site;
    site.secure();
    site.flood();
    site.radius.delay = delay;
    bool quick = true;
    site.on_eap = [&](const EapPacket& packet) {
      if (!quick || packet.type != EapType::tls) return;
      site.lan.after(100, [&site, identifier = packet.identifier] {
        site.forge(site.host.mac(), EapCode::response, identifier, EapType::nak);
      });
    };
    ASSERT_TRUE(site.port.reauthenticate());
    site.lan.run_for(2 * second);
    EXPECT_EQ(site.count(&Counters::rejects), 1U);
    EXPECT_EQ(site.port.state(), PortState::secured);
    EXPECT_EQ(site.port.status().reason, Reason::authentication_failed);
    site.lan.run_for(18 * second);
    EXPECT_EQ(site.lost_sessions(), 0U) << "the host's own answer came each time";
    quick = false;
    site.lan.run_for(60 * second);
    EXPECT_EQ(site.count(&Counters::reauthentications), 1U);
    EXPECT_EQ(site.port.status().reason, Reason::none);
    EXPECT_EQ(site.lost_sessions(), 0U);
  }
}

TEST(Attack, AHostCannotKeepItsSessionByDisputingItsAnswers) {
  AccessPort site;
  site.secure();
  site.radius.verdict = RadiusScript::Verdict::reject;
  site.radius.delay = 20 * millisecond;
  site.on_eap = [&](const EapPacket& packet) {
    if (packet.code != EapCode::request) return;
    site.lan.after(5 * millisecond, [&site, identifier = packet.identifier] {
      site.forge(site.host.mac(), EapCode::response, identifier, EapType::nak);
    });
  };
  ASSERT_TRUE(site.port.reauthenticate());
  site.lan.run_for(140 * second);
  EXPECT_EQ(site.lost_sessions(), 0U);
  site.lan.run_for(20 * second);
  EXPECT_EQ(site.lost_sessions(), 1U);
}

TEST(Attack, OfTwoHostsOneHasThePortUntilItLeaves) {
  AccessPort site;
  Host& second_host = site.attach(eap_profile());
  FakeWorker second_worker{site.lan, second_host};
  second_host.start();
  site.plug();
  const std::array first{site.port.index(), site.host.index()};
  const std::array second_pair{site.port.index(), second_host.index()};
  site.lan.run_for(2 * second);
  EXPECT_TRUE(site.lan.secured(first)) << site.lan.why_unsecured(first);
  site.lan.plug(second_host.index(), true);
  site.lan.run_for(60 * second);
  EXPECT_TRUE(site.lan.secured(first));
  EXPECT_EQ(site.authenticator().other_host, second_host.mac());
  EXPECT_GT(site.count(&Counters::other_hosts), 3U);
  EXPECT_EQ(site.radius.conversations(), 1U);
  site.lan.plug(site.host.index(), false);
  site.lan.run_for(40 * second);
  EXPECT_TRUE(site.lan.secured(second_pair)) << site.lan.why_unsecured(second_pair);
  EXPECT_EQ(site.authenticator().host, second_host.mac());
}

TEST(Attack, ALogoffEndsASessionThatMkaDoesNotHold) {
  AccessPort site{[](Profile& profile) { profile.macsec.policy = Policy::should_secure; }};
  Stranger stranger{site};
  stranger.plug();
  site.lan.run_for(second);
  EXPECT_EQ(site.port.secy().controlled_port(), ControlledPort::up) << "a host without MACsec, as the policy allows";
  EXPECT_EQ(site.port.state(), PortState::unsecured);
  stranger.answers = false;
  site.forge(other_mac, EapolType::logoff);
  site.lan.run_for(millisecond);
  EXPECT_EQ(site.lost_sessions(), 0U);
  site.forge(stranger.mac, EapolType::logoff);
  site.lan.run_for(millisecond);
  EXPECT_EQ(site.lost_sessions(), 1U);
  EXPECT_EQ(site.port.secy().controlled_port(), ControlledPort::dormant);
}

TEST(Attack, ALogoffAfterEachSuccessDoesNotKeepTheServersBusy) {
  AccessPort site;
  Stranger stranger{site};
  site.on_eap = [&, inner = site.on_eap](const EapPacket& packet) {
    inner(packet);
    if (packet.code != EapCode::success) return;
    site.lan.after(millisecond, [&] {
      site.forge(stranger.mac, EapolType::logoff);
      site.forge(stranger.mac, EapolType::start);
    });
  };
  stranger.plug();
  site.lan.run_for(60 * second);
  EXPECT_GE(site.radius.conversations(), 5U);
  EXPECT_LE(site.radius.conversations(), 7U);
}

TEST(Stranger, WhoNamesItselfInTheNameOfTheHostIsNotShownAsItsSession) {
  AccessPort site;
  site.secure();
  const std::string before = site.authenticator().identity;
  const std::array<std::uint8_t, 3> name{'e', 'v', 'e'};
  site.radius.answers = false;
  ASSERT_TRUE(site.port.reauthenticate());
  site.forge(site.host.mac(), EapCode::response, site.sent.back().packet[1], EapType::identity, name);
  site.lan.run_for(second);
  EXPECT_EQ(site.authenticator().state, AuthenticatorState::authenticating);
  EXPECT_EQ(site.authenticator().identity, before);
  // Nothing comes of it.
  site.lan.run_for(100 * second);
  EXPECT_EQ(site.port.status().reason, Reason::no_radius_server);
  EXPECT_EQ(site.authenticator().identity, before);
  // What a server accepts is shown.
  site.radius.answers = true;
  ASSERT_TRUE(site.port.reauthenticate());
  site.forge(site.host.mac(), EapCode::response, site.sent.back().packet[1], EapType::identity, name);
  site.lan.run_for(5 * second);
  EXPECT_EQ(site.authenticator().identity, "eve");
}

}  // namespace
}  // namespace macsec::sim
