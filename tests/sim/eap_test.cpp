// SPDX-License-Identifier: LGPL-2.1-or-later
// A port as supplicant of 802.1X against a scripted switch port: what starts an authentication, what ends it, and what does not.
#include "tests/sim/site.hpp"

namespace macsec::sim {
namespace {

using core::PortState;
using core::Reason;
using core::SupplicantState;
using namespace std::chrono_literals;

/// Within 10 % and a little for the way.
void expect_about(Instant measured, Instant wanted) {
  EXPECT_GE(measured, wanted - wanted / 10 - millisecond);
  EXPECT_LE(measured, wanted + wanted / 10 + millisecond);
}

TEST(Supplicant, StartsInTheStepThatSeesCarrierAndThenEverLater) {
  Site site;
  site.port.answers = false;
  site.lan.run_for(5 * second);
  EXPECT_EQ(site.port.starts(), 0U) << "without carrier";
  const Instant plugged = site.lan.world.now;
  site.plug();
  site.lan.run_for(200 * second);
  const std::vector<Instant>& at = site.port.start_times();
  ASSERT_GE(at.size(), 8U);
  EXPECT_LE(at[0] - plugged, millisecond);
  const std::array gaps{1, 2, 4, 8, 16, 30, 30};
  for (std::size_t i = 0; i < gaps.size(); ++i) expect_about(at[i + 1] - at[i], gaps[i] * second);
}

TEST(Supplicant, SaysThatNobodyAnswersAfterThreeStarts) {
  Site site;
  site.port.answers = false;
  site.plug();
  site.lan.run_for(5 * second);
  EXPECT_EQ(site.host.status().reason, Reason::authenticating);
  site.lan.run_for(3 * second);
  EXPECT_EQ(site.host.status().reason, Reason::no_authenticator);
  EXPECT_EQ(site.host.state(), PortState::pending);
  EXPECT_EQ(site.supplicant().state, SupplicantState::waiting);
  site.port.answers = true;
  EXPECT_TRUE(site.secures_within(18 * second));
}

TEST(Supplicant, PolicyDecidesAboutClearTextWhileNobodyAnswers) {
  Site site{[](Profile& profile) { profile.macsec.policy = Policy::should_secure; }};
  site.port.answers = false;
  site.plug();
  site.lan.run_for(10 * second);
  EXPECT_EQ(site.host.state(), PortState::unsecured);
  EXPECT_EQ(site.host.status().reason, Reason::no_authenticator);
}

TEST(Supplicant, SecuresTheLinkWithTheKeyOfTheAuthentication) {
  Site site;
  site.plug();
  EXPECT_TRUE(site.secures_within(second));
  EXPECT_EQ(site.port.starts(), 1U);
  EXPECT_TRUE(site.port.is_key_server());
  const core::SupplicantStatus status = site.supplicant();
  EXPECT_EQ(status.state, SupplicantState::authenticated);
  EXPECT_EQ(status.reason, Reason::none);
  EXPECT_EQ(status.authenticator, site.port.mac());
  EXPECT_EQ(status.cak_bits, 128);
  EXPECT_EQ(status.verdict->method, EapType::tls);
  EXPECT_EQ(status.counters.authentications, 1U);
  EXPECT_EQ(status.counters.reauthentications, 0U);
  EXPECT_EQ(site.host.events(core::Event::Kind::authenticated), 1U);
  EXPECT_EQ(site.host.events(core::Event::Kind::insecure), 0U);
}

TEST(Supplicant, TellsEachAuthenticationThatCheckedNobody) {
  Site site;
  site.worker.validated = false;
  site.secure();
  EXPECT_EQ(site.host.events(core::Event::Kind::insecure), 1U);
}

TEST(Supplicant, TakesFramesToItsOwnAddress) {
  Site site;
  site.port.answers = false;
  site.plug();
  site.lan.run_for(100 * millisecond);
  const auto heard = [&](const MacAddress& to) {
    const std::uint64_t before = site.count(&core::SupplicantCounters::identity_rx);
    site.lan.inject(site.host.index(), eap_frame(to, site.port.mac(), EapCode::request, 9, EapType::identity, {}));
    site.lan.run_for(10 * millisecond);
    return site.count(&core::SupplicantCounters::identity_rx) > before;
  };
  EXPECT_TRUE(heard(site.host.mac()));
  EXPECT_FALSE(heard(MacAddress{{0x02, 9, 9, 9, 9, 9}}));
}

TEST(Supplicant, AProbeKeepsNoConversationOpen) {
  Site site;
  site.secure();
  const unsigned before = site.worker.conversations();
  for (std::uint8_t i = 0; i < 3; ++i) {
    site.lan.run_for(second);
    site.forge(EapCode::request, static_cast<std::uint8_t>(100 + i), EapType::identity);
  }
  site.lan.run_for(second);
  EXPECT_EQ(site.worker.conversations() - before, 3U) << "each with the clock of its day";
  EXPECT_EQ(site.supplicant().state, SupplicantState::authenticated);
}

TEST(Supplicant, NotificationsAreToldOnceASecondAtMost) {
  Site site;
  site.secure();
  std::string told;
  unsigned changes = 0;
  for (std::uint8_t i = 0; i < 100; ++i) {
    const std::array text{std::uint8_t{'a'}, static_cast<std::uint8_t>('0' + i % 10)};
    site.lan.inject(site.host.index(),
                    eap_frame(pae_group_address, site.port.mac(), EapCode::request, i, EapType::notification, text));
    site.lan.run_for(10 * millisecond);
    if (site.supplicant().notification != told) ++changes;
    told = site.supplicant().notification;
  }
  EXPECT_GE(changes, 1U);
  EXPECT_LE(changes, 2U);
  EXPECT_EQ(site.count(&core::SupplicantCounters::notification_rx), 100U);
}

TEST(Supplicant, AnnouncementsAreShownAndObeyedInNothing) {
  Site site;
  site.port.answers = false;
  const auto announce = [&](std::uint8_t status) {
    const std::array<std::uint8_t, 4> body{0xde, 2, status, 0};
    site.lan.inject(site.host.index(), eapol_frame(site.port.mac(), EapolType::announcement, body));
    site.lan.run_for(10 * millisecond);
    return site.supplicant().access;
  };
  EXPECT_EQ(announce(3), std::nullopt) << "without carrier";
  site.plug();
  site.lan.run_for(100 * millisecond);
  const std::uint64_t before = site.count(&core::SupplicantCounters::announcements_rx);
  EXPECT_EQ(announce(3), AccessStatus::expected) << "though nobody has authenticated anything";
  EXPECT_EQ(site.host.state(), PortState::pending);
  site.port.answers = true;
  ASSERT_TRUE(site.secures_within(10 * second));
  EXPECT_EQ(announce(0), AccessStatus::no_access);
  EXPECT_EQ(site.host.state(), PortState::secured);
  for (std::uint8_t i = 0; i < 50; ++i) EXPECT_EQ(announce(i % 3), AccessStatus::no_access) << "once a second at most";
  site.lan.run_for(second);
  EXPECT_EQ(site.supplicant().access, AccessStatus::remedial) << "the last one is shown";
  EXPECT_EQ(announce(2), AccessStatus::remedial) << "for a second at least";
  site.lan.run_for(second);
  EXPECT_EQ(site.supplicant().access, AccessStatus::restricted);
  EXPECT_EQ(site.count(&core::SupplicantCounters::announcements_rx) - before, 53U);
  EXPECT_EQ(site.host.state(), PortState::secured);
}

TEST(Supplicant, PortWithoutTheSectionIgnoresEap) {
  Lab lab;
  Host& host = lab.add();
  unsigned commands = 0;
  host.on_eap_command = [&](const core::EapCommand&) { ++commands; };
  lab.lan.run_for(second);
  const std::uint64_t sent = host.mkpdus_sent();
  lab.lan.inject(host.index(), eap_frame(pae_group_address, MacAddress{{2, 0, 0, 0, 9, 9}}, EapCode::request, 1,
                                         EapType::identity, {}));
  lab.lan.run_for(millisecond);
  EXPECT_EQ(commands, 0U);
  EXPECT_EQ(host.mkpdus_sent(), sent);
  EXPECT_FALSE(host.status().supplicant);
  EXPECT_FALSE(host.reauthenticate());
  EXPECT_FALSE(host.log_off());
}

// ---- what comes unprotected ------------------------------------------------------------------------------------------

TEST(Attack, ForgedPacketsEachSecondEndNothing) {
  Site site;
  site.secure();
  site.flood(10 * millisecond);
  std::vector<std::uint8_t> logoff(18);
  Writer writer{logoff};
  write_eapol_header(writer, pae_group_address, site.port.mac(), eapol_ethertype, EapolType::logoff, 0);
  std::uint8_t identifier = 0;
  const auto forge_for = [&](int seconds, EapType request) {
    for (int i = 0; i < seconds; ++i) {
      ++identifier;
      site.forge(EapCode::request, identifier, request);
      site.lan.run_for(100 * millisecond);
      site.forge(EapCode::success, identifier);
      site.lan.run_for(100 * millisecond);
      site.forge(EapCode::failure, identifier);
      site.lan.inject(site.host.index(), logoff);
      site.lan.run_for(800 * millisecond);
      ASSERT_EQ(site.host.state(), PortState::secured) << "second " << i;
    }
  };
  forge_for(100, EapType::identity);
  EXPECT_EQ(site.count(&core::SupplicantCounters::logoff_ignored), 100U);
  EXPECT_EQ(site.count(&core::SupplicantCounters::failure_ignored), 100U);
  EXPECT_EQ(site.port.starts(), 1U);
  EXPECT_EQ(site.host.status().reason, Reason::none);
  // Who forges the method, too, gets a few attempts out of us, with longer and longer pauses.
  forge_for(200, EapType::tls);
  EXPECT_GT(site.port.starts(), 3U);
  EXPECT_LE(site.port.starts(), 12U);
  site.lan.run_for(200 * second);
  EXPECT_EQ(site.host.status().reason, Reason::none);
}

TEST(Attack, SuccessBeforeTheMethodIsDoneGivesNoKey) {
  Site site;
  site.port.answers = false;
  site.plug();
  site.forge(EapCode::request, 1, EapType::identity);
  site.lan.run_for(100 * millisecond);
  site.forge(EapCode::success, 1);
  site.lan.run_for(100 * millisecond);
  EXPECT_TRUE(site.host.status().participants.empty());
  EXPECT_EQ(site.supplicant().state, SupplicantState::authenticating);
}

// The CAK is made of the address of who authenticated us, and not of whoever spoke last.
TEST(Attack, ANotificationOfAnotherStationDoesNotSpoilTheKey) {
  Site site;
  constexpr MacAddress other{{2, 0, 0, 0, 9, 9}};
  unsigned answers = 0;
  site.lan.tap = [&](Index from, Bytes octets) {
    const auto frame = read_eapol(octets);
    if (from != site.host.index() || frame->type != static_cast<std::uint8_t>(EapolType::eap)) return;
    // After the last answer of the method, before its Success comes.
    if (++answers == 1 + method_rounds)
      site.lan.after(100, [&] {
        site.lan.inject(site.host.index(),
                        eap_frame(pae_group_address, other, EapCode::request, 77, EapType::notification, {}));
      });
  };
  site.plug();
  EXPECT_TRUE(site.secures_within(2 * second)) << site.lan.why_unsecured();
  EXPECT_EQ(site.supplicant().authenticator, site.port.mac());
  EXPECT_EQ(site.count(&core::SupplicantCounters::notification_rx), 1U);
}

TEST(Failure, OfAMethodWithoutKeysMakesNoParticipant) {
  Site site;
  site.worker.keyless = true;
  site.plug();
  site.lan.run_for(500 * millisecond);
  EXPECT_TRUE(site.host.status().participants.empty());
  EXPECT_EQ(site.supplicant().reason, Reason::authentication_failed);
  EXPECT_EQ(site.supplicant().last_failure_text, "the method gives no keys for MACsec");
}

TEST(Attack, FloodOfRequestsDoesNotReachTheWorker) {
  Site site;
  site.port.answers = false;
  site.plug();
  site.lan.run_for(100 * millisecond);
  site.worker.answers = false;
  const unsigned before = site.worker.commands();
  for (unsigned i = 0; i < 200; ++i) site.forge(EapCode::request, static_cast<std::uint8_t>(i), EapType::identity);
  site.lan.run_for(millisecond);
  EXPECT_LE(site.worker.commands() - before, 5U);
  EXPECT_GE(site.count(&core::SupplicantCounters::eap_ignored), 190U);
}

// As fast as macsec-eap answers, for hours: the process is for authentications.
TEST(Attack, QuestionsAndFailuresInTurnReachTheWorkerOnceASecond) {
  Site site;
  site.secure();
  const unsigned before = site.worker.commands();
  for (unsigned i = 0; i < 1000; ++i) {
    site.forge(EapCode::request, static_cast<std::uint8_t>(i), EapType::identity);
    site.lan.run_for(5 * millisecond);
    site.forge(i % 2 == 0 ? EapCode::failure : EapCode::success, static_cast<std::uint8_t>(i));
    site.lan.run_for(5 * millisecond);
  }
  EXPECT_LE(site.worker.commands() - before, 50U);
  EXPECT_EQ(site.host.state(), PortState::secured);
  site.lan.run_for(5 * second);
  site.port.ask_identity();
  site.lan.run_for(2 * second);
  EXPECT_EQ(site.count(&core::SupplicantCounters::reauthentications), 1U);
}

// ---- macsec-eap ------------------------------------------------------------------------------------------------------

TEST(Worker, LostAtAnyMessageIsTriedAgain) {
  // begin, identity, two of the method, success.
  for (unsigned message = 1; message <= 5; ++message) {
    Site site;
    site.worker.die_at(message);
    site.plug();
    site.lan.run_for(500 * millisecond);
    EXPECT_EQ(site.host.status().reason, Reason::eap_unavailable) << message;
    EXPECT_TRUE(site.host.status().participants.empty()) << message;
    EXPECT_TRUE(site.secures_within(3 * second)) << message;
    EXPECT_EQ(site.count(&core::SupplicantCounters::worker_restarts), 1U);
    EXPECT_EQ(site.host.status().reason, Reason::none);
  }
}

TEST(Worker, LostInAReauthenticationCostsNoFrame) {
  for (unsigned message = 1; message <= 5; ++message) {
    Site site;
    site.secure();
    site.flood();
    site.worker.die_at(message);
    site.port.ask_identity();
    site.lan.run_for(20 * second);
    EXPECT_EQ(site.host.state(), PortState::secured);
    EXPECT_EQ(site.count(&core::SupplicantCounters::reauthentications), message > 2 ? 1U : 0U) << message;
  }
}

TEST(Worker, SilentOneIsGivenUp) {
  Site site;
  site.worker.answers = false;
  site.plug();
  site.lan.run_for(29 * second);
  EXPECT_EQ(site.supplicant().state, SupplicantState::authenticating);
  site.lan.run_for(2 * second);
  EXPECT_EQ(site.host.status().reason, Reason::eap_unavailable);
  EXPECT_EQ(site.count(&core::SupplicantCounters::failures_timeout), 1U);
  site.worker.answers = true;
  EXPECT_TRUE(site.secures_within(35 * second));
}

TEST(Worker, MoreQuestionsDoNotKeepASilentOneAlive) {
  Site site;
  site.worker.answers = false;
  site.plug();
  for (std::uint8_t i = 0; i < 31; ++i) {
    site.lan.run_for(second);
    site.forge(EapCode::request, static_cast<std::uint8_t>(100 + i), EapType::identity);
  }
  EXPECT_EQ(site.count(&core::SupplicantCounters::failures_timeout), 1U);
}

// Who keeps the Failure from us would else have us lock the account.
TEST(Failure, ARefusedPasswordIsNotSaidAgainAtOnceThoughItsFailureNeverCame) {
  Site site;
  site.port.answers = false;
  site.worker.refusal.hold = true;
  site.plug();
  site.lan.run_for(100 * millisecond);
  site.forge(EapCode::request, 1, EapType::identity);
  site.lan.run_for(31 * second);
  EXPECT_EQ(site.supplicant().state, SupplicantState::held);
  EXPECT_EQ(site.supplicant().last_failure_text, "refused");
  const unsigned starts = site.port.starts();
  site.lan.run_for(50 * second);
  EXPECT_EQ(site.port.starts(), starts);
  site.lan.run_for(20 * second);
  EXPECT_GT(site.port.starts(), starts);
}

TEST(Worker, RequestsThatComeTwiceAreAnsweredOnce) {
  Site site;
  site.lan.path(site.port.index(), site.host.index()).duplicate = 100;
  site.secure();
  EXPECT_EQ(site.port.successes(), 1U);
  EXPECT_GT(site.count(&core::SupplicantCounters::eap_retransmitted), 0U);
  EXPECT_EQ(site.supplicant().state, SupplicantState::authenticated);
}

// ---- failures --------------------------------------------------------------------------------------------------------

TEST(Failure, IsTriedAgainEverLater) {
  Site site{[](Profile& profile) { profile.pae->held = 10s; }};
  site.port.accepts = false;
  site.plug();
  site.lan.run_for(50 * second);
  const std::vector<Instant>& at = site.port.start_times();
  ASSERT_GE(at.size(), 7U);
  const std::array gaps{1, 2, 4, 8, 10, 10};
  for (std::size_t i = 0; i < gaps.size(); ++i) {
    EXPECT_GE(at[i + 1] - at[i], gaps[i] * second);
    EXPECT_LE(at[i + 1] - at[i], gaps[i] * second + 50 * millisecond);
  }
  EXPECT_EQ(site.host.status().reason, Reason::authentication_failed);
  EXPECT_EQ(site.host.state(), PortState::pending);
  EXPECT_TRUE(site.host.status().participants.empty());
}

TEST(Failure, OfAPasswordIsNotRepeatedHoweverOftenTheSwitchAsks) {
  Site site;
  site.port.accepts = false;
  site.worker.refusal.problem = EapProblem::password;
  site.worker.refusal.hold = true;
  site.plug();
  site.lan.run_for(second);
  EXPECT_EQ(site.supplicant().state, SupplicantState::held);
  ASSERT_TRUE(site.supplicant().next_attempt);
  expect_about((*site.supplicant().next_attempt - site.host.now()).count(), 59 * second);
  for (int i = 0; i < 50; ++i) {
    site.port.ask_identity();
    site.lan.run_for(second);
  }
  EXPECT_EQ(site.worker.conversations(), 1U);
  EXPECT_EQ(site.count(&core::SupplicantCounters::eap_ignored), 50U);
  site.lan.run_for(15 * second);
  EXPECT_EQ(site.worker.conversations(), 2U);
}

TEST(Failure, SilenceInTheMiddleStartsAgain) {
  Site site;
  site.plug();
  site.lan.run_for(millisecond);  // Start and Identity are under way
  site.port.answers = false;
  site.lan.run_for(28 * second);
  EXPECT_EQ(site.supplicant().state, SupplicantState::authenticating);
  EXPECT_EQ(site.port.starts(), 1U);
  site.lan.run_for(3 * second);
  EXPECT_GE(site.port.starts(), 2U);
  EXPECT_EQ(site.count(&core::SupplicantCounters::failures_timeout), 1U);
  EXPECT_EQ(site.host.status().reason, Reason::authentication_failed);
}

// ---- our certificate -------------------------------------------------------------------------------------------------

TEST(Certificate, ItsEndIsToldInTimeAndOnceEach) {
  constexpr std::int64_t today = 1'800'000'000;
  constexpr std::int64_t day = 86'400;
  Site site;
  site.secure();
  const auto told = [&] { return site.host.events(core::Event::Kind::certificate_expires); };
  EapVerdict verdict;
  verdict.client.subject = "CN=host1";
  verdict.client.not_after = today + 20 * day;
  verdict.client_key = "file";
  site.host.take_credentials(verdict);
  site.lan.run_for(second);
  EXPECT_EQ(told(), 0U) << "the clock is not set";
  site.host.set_wall_clock(today);
  site.lan.run_for(second);
  EXPECT_EQ(told(), 1U) << "20 days are within 30";
  EXPECT_EQ(site.supplicant().certificate.subject, "CN=host1");
  // Its own timer, from there on.
  const std::array left{14, 3, 1};
  for (unsigned i = 0; i < left.size(); ++i) {
    site.host.set_wall_clock(today + (20 - left[i]) * day - 10);
    site.lan.run_for(5 * second);
    EXPECT_EQ(told(), 1 + i);
    site.lan.run_for(10 * second);
    EXPECT_EQ(told(), 2 + i) << left[i] << " days before";
  }
  site.host.set_wall_clock(today + 19 * day + 100);
  site.lan.run_for(10 * second);
  EXPECT_EQ(told(), 4U);
  // Renewed, and renewed for a day only.
  verdict.client.not_after = today + 400 * day;
  site.host.take_credentials(verdict);
  EXPECT_EQ(told(), 4U);
  verdict.client.not_after = today + 20 * day - 1;
  site.host.take_credentials(verdict);
  site.lan.run_for(second);
  EXPECT_EQ(told(), 5U);
  EXPECT_EQ(site.host.state(), PortState::secured);
}

}  // namespace
}  // namespace macsec::sim
