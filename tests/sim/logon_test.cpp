// SPDX-License-Identifier: LGPL-2.1-or-later
// What becomes of the keys of an authentication: reauthentication, MKA that does not follow, carrier, operators, other keys.
#include "tests/sim/site.hpp"

namespace macsec::sim {
namespace {

using core::PortState;
using core::Reason;
using core::SupplicantState;
using namespace std::chrono_literals;

// ---- restart ---------------------------------------------------------------------------------------------------------

TEST(Restart, GoesOnWithTheKeyOfTheSessionWhetherTheServerAnswersOrNot) {
  for (const bool answers : {false, true}) {
    Site site;
    site.secure();
    const Ckn before = site.ckn();
    site.flood();
    site.port.answers = answers;
    site.host.crash();
    site.lan.run_for(300 * millisecond);
    site.host.start();
    site.lan.run_for(60 * second);
    EXPECT_TRUE(site.lan.secured()) << site.lan.why_unsecured();
    EXPECT_EQ(site.ckn() != before, answers) << "it authenticates at once, and moves over";
    EXPECT_EQ(site.host.status().counters.peers_lost, 0U);
  }
}

TEST(Restart, InTheMiddleOfAReauthenticationLosesNothing) {
  for (unsigned command = 1; command <= 4; ++command) {
    Site site;
    site.secure();
    site.flood();
    ASSERT_TRUE(site.host.reauthenticate());
    site.lan.run_for(command * (millisecond / 2));
    site.host.crash();
    site.lan.run_for(200 * millisecond);
    site.host.start();
    site.lan.run_for(30 * second);
    EXPECT_TRUE(site.lan.secured()) << command << site.lan.why_unsecured();
  }
}

TEST(Restart, WithoutTheKeyAuthenticatesAtOnce) {
  Site site;
  site.secure();
  site.host.crash();
  site.host.start(Host::Memory::lost);
  EXPECT_TRUE(site.secures_within(10 * second));
}

TEST(Restart, AKeyThatReachesNobodyIsKeptAsLongAsTheCacheSays) {
  Site site{[](Profile& profile) { profile.pae->cache = 20s; }};
  site.secure();
  site.host.crash();
  site.plug(false);
  site.host.start();
  site.lan.run_for(15 * second);
  EXPECT_EQ(site.host.port().kept_session().keys.size(), 1U);
  EXPECT_TRUE(site.supplicant().cached_until);
  site.lan.run_for(20 * second);
  EXPECT_TRUE(site.host.port().kept_session().keys.empty());
}

// A process that crashes again and again would else keep it for ever.
TEST(Restart, DoesNotLengthenTheTimeOfAKeyThatReachesNobody) {
  Site site{[](Profile& profile) { profile.pae->cache = 20s; }};
  site.secure();
  site.plug(false);
  site.lan.run_for(15 * second);
  EXPECT_TRUE(site.supplicant().cached_until);
  for (int i = 0; i < 3; ++i) {
    site.host.crash();
    site.host.start();
    site.lan.run_for(second);
    EXPECT_EQ(site.host.port().kept_session().keys.size(), 1U);
  }
  site.host.crash();
  site.lan.run_for(20 * second);
  site.host.start();
  EXPECT_TRUE(site.host.port().kept_session().keys.empty()) << "its time went on while nothing ran";
}

TEST(Restart, OfALinkInUseGivesItsKeyTheTimeOfAWholeCacheAgain) {
  Site site{[](Profile& profile) { profile.pae->cache = 20s; }};
  site.secure();
  for (int i = 0; i < 3; ++i) {
    site.host.crash();
    site.host.start();
    site.lan.run_for(30 * second);
    EXPECT_EQ(site.host.state(), PortState::secured);
  }
}

// ---- reauthentication ------------------------------------------------------------------------------------------------

TEST(Reauthentication, MovesToTheNewKeyWithoutALostFrame) {
  for (const bool ours : {false, true}) {
    Site site;
    site.secure();
    const Ckn before = site.ckn();
    site.flood();
    if (ours) {
      ASSERT_TRUE(site.host.reauthenticate());
    } else {
      site.port.ask_identity();
    }
    site.lan.run_for(20 * second);
    EXPECT_NE(site.ckn(), before);
    EXPECT_EQ(site.host.status().participants.size(), 1U) << "the old CA is left";
    EXPECT_EQ(site.supplicant().counters.reauthentications, 1U);
    EXPECT_TRUE(site.supplicant().reauthenticated_at);
    EXPECT_EQ(site.host.events(core::Event::Kind::reauthenticated), 1U);
    EXPECT_EQ(site.host.status().reason, Reason::none);
  }
}

TEST(Reauthentication, KeepsTheOldKeyWhereTheOtherEndDoesNotFollow) {
  Site site;
  site.secure();
  const Ckn before = site.ckn();
  site.flood();
  site.port.speaks_mka = false;
  site.port.ask_identity();
  site.lan.run_for(5 * second);
  EXPECT_EQ(site.host.status().participants.size(), 2U);
  site.lan.run_for(60 * second);
  EXPECT_EQ(site.ckn(), before);
  EXPECT_EQ(site.host.status().participants.size(), 1U) << "the new CA is left";
  EXPECT_EQ(site.host.state(), PortState::secured);
  EXPECT_EQ(site.host.status().reason, Reason::mka_silent);
  EXPECT_EQ(site.port.successes(), 2U) << "authenticating again would change nothing";
  site.port.speaks_mka = true;
  site.port.ask_identity();
  site.lan.run_for(20 * second);
  EXPECT_NE(site.ckn(), before);
  EXPECT_EQ(site.host.status().reason, Reason::none);
}

TEST(Reauthentication, ComesAfterTheTimeOfTheProfile) {
  Site site{[](Profile& profile) { profile.pae->reauthenticate = 40s; }};
  site.secure();
  site.flood();
  site.lan.run_for(25 * second);
  EXPECT_EQ(site.port.successes(), 1U);
  site.lan.run_for(60 * second);
  EXPECT_EQ(site.port.successes(), 3U);
}

TEST(Reauthentication, QuestionWhetherWeAreThereChangesNothing) {
  Site site;
  site.secure();
  site.flood();
  for (int i = 0; i < 60; ++i) {
    site.port.ask_whether_there();
    site.lan.run_for(second);
    ASSERT_EQ(site.supplicant().state, SupplicantState::authenticated);
  }
  EXPECT_EQ(site.port.identities(), 61U);
  EXPECT_EQ(site.port.starts(), 1U);
  EXPECT_EQ(site.port.successes(), 1U);
  site.port.ask_identity();
  site.lan.run_for(20 * second);
  EXPECT_EQ(site.port.successes(), 2U);
}

TEST(Reauthentication, FailureIsToldAndTheLinkStays) {
  Site site;
  site.secure();
  const Ckn before = site.ckn();
  site.flood();
  site.port.accepts = false;
  site.port.ask_identity();
  site.lan.run_for(30 * second);
  EXPECT_EQ(site.host.state(), PortState::secured);
  EXPECT_EQ(site.host.status().reason, Reason::authentication_failed);
  EXPECT_EQ(site.host.status().reason_text, "refused");
  EXPECT_EQ(site.ckn(), before);
  // After 0, 1, 3, 7 and 15 s.
  EXPECT_EQ(site.supplicant().counters.failures_inner, 5U);
  site.port.accepts = true;
  site.lan.run_for(40 * second);
  EXPECT_EQ(site.host.status().reason, Reason::none);
  EXPECT_NE(site.ckn(), before);
}

// ---- MKA after the success -------------------------------------------------------------------------------------------

TEST(MkaSilent, IsToldAndAuthenticatedAgainEverLater) {
  Site site;
  site.port.speaks_mka = false;
  site.plug();
  site.lan.run_for(5 * second);
  EXPECT_NE(site.host.status().reason, Reason::mka_silent);
  site.lan.run_for(2 * second);
  EXPECT_EQ(site.host.status().reason, Reason::mka_silent);
  EXPECT_EQ(site.supplicant().state, SupplicantState::authenticated);
  EXPECT_EQ(site.host.state(), PortState::pending);
  site.lan.run_for(300 * second);
  const std::vector<Instant>& at = site.port.start_times();
  ASSERT_GE(at.size(), 6U);
  const std::array gaps{6, 12, 24, 48, 60};
  for (std::size_t i = 0; i < gaps.size(); ++i) {
    EXPECT_GE(at[i + 1] - at[i], (gaps[i] + 6) * second);  // a life time is waited for MKA
    EXPECT_LE(at[i + 1] - at[i], (gaps[i] + 6) * second + 100 * millisecond);
  }
  EXPECT_EQ(site.host.status().participants.size(), 1U) << "keys that nobody speaks are not kept";
  site.port.speaks_mka = true;
  EXPECT_TRUE(site.secures_within(70 * second));
  EXPECT_EQ(site.host.status().reason, Reason::none);
}

TEST(Session, EndedByMkaIsAuthenticatedAgainAtOnce) {
  Site site;
  site.secure();
  const Ckn before = site.ckn();
  site.port.end_session();
  EXPECT_TRUE(site.lan.run_until([&] { return site.port.starts() == 2; }, 10 * second));
  EXPECT_EQ(site.host.events(core::Event::Kind::authentication_lost), 1U);
  EXPECT_TRUE(site.secures_within(second));
  EXPECT_NE(site.ckn(), before);
}

TEST(CakLength, AutoListensForTheLongKey) {
  for (const std::size_t size : {16U, 32U}) {
    Site site{[](Profile& profile) { profile.pae->cak_length = CakLength::automatic; }};
    site.port.cak_size = size;
    site.plug();
    EXPECT_TRUE(site.secures_within(3 * second)) << size;
    site.lan.run_for(10 * second);
    EXPECT_EQ(site.host.status().participants.size(), 1U);
    EXPECT_EQ(site.supplicant().cak_bits, size * 8);
    EXPECT_EQ(site.host.status().reason, Reason::none);
    const Ckn before = site.ckn();
    site.flood();
    site.port.ask_identity();
    site.lan.run_for(20 * second);
    EXPECT_NE(site.ckn(), before);
    EXPECT_EQ(site.host.status().participants.size(), 1U);
    EXPECT_EQ(site.host.status().reason, Reason::none);
  }
}

TEST(CakLength, OtherThanTheSwitchsIsMkaSilent) {
  Site site{[](Profile& profile) { profile.pae->cak_length = CakLength::bits_256; }};
  site.plug();
  site.lan.run_for(8 * second);
  EXPECT_EQ(site.host.status().reason, Reason::mka_silent);
}

// ---- carrier ---------------------------------------------------------------------------------------------------------

TEST(Carrier, AwayForAMomentChangesNothing) {
  Site site;
  site.secure();
  const Ckn before = site.ckn();
  site.plug(false);
  site.lan.run_for(3 * second);
  site.plug();
  site.lan.run_for(10 * second);
  EXPECT_EQ(site.port.starts(), 1U);
  EXPECT_EQ(site.ckn(), before);
  EXPECT_EQ(site.supplicant().state, SupplicantState::authenticated);
  EXPECT_EQ(site.host.state(), PortState::secured);
}

TEST(Carrier, CachedKeySecuresTheLinkBeforeAnyAuthentication) {
  Site site;
  site.secure();
  const Ckn before = site.ckn();
  site.plug(false);
  site.lan.run_for(30 * second);
  EXPECT_EQ(site.supplicant().state, SupplicantState::waiting);
  ASSERT_TRUE(site.supplicant().cached_until);
  site.port.answers = false;
  site.port.forget_starts();
  site.plug();
  EXPECT_TRUE(site.secures_within(second));
  EXPECT_EQ(site.ckn(), before);
  EXPECT_EQ(site.port.starts(), 1U);
  EXPECT_FALSE(site.supplicant().cached_until) << "a key in use is no cached one";
  site.lan.run_for(20 * second);
  EXPECT_EQ(site.host.status().reason, Reason::no_authenticator);
  EXPECT_EQ(site.host.state(), PortState::secured);
}

TEST(Carrier, CachedKeyIsDroppedInTime) {
  for (const int seconds : {0, 60}) {
    Site site{[&](Profile& profile) { profile.pae->cache = std::chrono::seconds{seconds}; }};
    site.secure();
    site.plug(false);
    site.lan.run_for((seconds > 0 ? seconds - 1 : 5) * second);
    EXPECT_EQ(site.host.status().participants.size(), 1U);
    site.lan.run_for(3 * second);
    EXPECT_TRUE(site.host.status().participants.empty());
    site.plug();
    EXPECT_TRUE(site.secures_within(second)) << "by an authentication";
  }
}

// ---- operators -------------------------------------------------------------------------------------------------------

TEST(Operator, LogoffEndsTheSessionUntilAskedOtherwise) {
  const auto resume = [](Site& site, int how) {
    if (how == 0) {
      EXPECT_TRUE(site.host.reauthenticate());
    }
    if (how == 1) site.host.set_enabled(true);
    if (how == 2) {
      site.plug(false);
      site.plug();
    }
  };
  for (const int how : {0, 1, 2}) {
    Site site;
    site.secure();
    ASSERT_TRUE(site.host.log_off());
    EXPECT_EQ(site.supplicant().state, SupplicantState::held);
    EXPECT_EQ(site.host.status().reason, Reason::disabled);
    EXPECT_TRUE(site.host.status().participants.empty());
    EXPECT_NE(site.host.state(), PortState::secured);
    site.lan.run_for(10 * second);
    EXPECT_EQ(site.port.logoffs(), 1U);
    site.port.ask_identity();
    site.lan.run_for(100 * second);
    EXPECT_EQ(site.port.identities(), 1U);
    EXPECT_EQ(site.port.starts(), 1U);
    resume(site, how);
    EXPECT_TRUE(site.secures_within(2 * second)) << how;
  }
}

TEST(Operator, DownLogsOffAndUpAuthenticates) {
  Site site;
  site.secure();
  site.host.set_enabled(false);
  site.lan.run_for(10 * second);
  EXPECT_EQ(site.port.logoffs(), 1U);
  EXPECT_EQ(site.supplicant().state, SupplicantState::disabled);
  EXPECT_FALSE(site.host.reauthenticate());
  site.plug(false);
  site.plug();
  site.lan.run_for(10 * second);
  EXPECT_EQ(site.port.starts(), 1U);
  site.host.set_enabled(true);
  EXPECT_TRUE(site.secures_within(2 * second));
}

TEST(Operator, DownLogsOffAlsoWhereTheDeviceIsGoneAlready) {
  Site site;
  site.secure();
  site.host.remove_device();
  site.host.set_enabled(false);
  site.lan.run_for(second);
  EXPECT_EQ(site.port.logoffs(), 1U);
}

TEST(Operator, ChangedCredentialsAreUsedWithoutALostFrame) {
  Site site;
  site.secure();
  site.flood();
  site.host.reconfigure(eap_profile([](Profile& profile) { profile.pae->held = 30s; }));
  site.lan.run_for(20 * second);
  EXPECT_EQ(site.port.successes(), 1U) << "what only timers say needs no authentication";
  site.host.reconfigure(eap_profile([](Profile& profile) { profile.pae->eap.identity = "other"; }));
  site.lan.run_for(20 * second);
  EXPECT_EQ(site.port.successes(), 2U);
}

TEST(Operator, SectionThatIsTakenOutLeavesTheLinkToTheKeysOfTheProfile) {
  Site site{[](Profile& profile) {
              with_fallback(profile);
              profile.pae->cak_length = CakLength::automatic;
            },
            with_fallback};
  site.plug();
  EXPECT_TRUE(site.secures_within(second));
  site.lan.run_for(second);  // whether the key of 256 bits is spoken is not clear yet
  site.host.reconfigure(make_profile([](Profile& profile) {
    profile.keys.clear();
    with_fallback(profile);
  }));
  site.lan.run_for(20 * second);
  EXPECT_FALSE(site.host.status().supplicant);
  EXPECT_EQ(principal(site.host.status()).role, KeyRole::fallback);
  EXPECT_EQ(site.host.status().participants.size(), 1U);
}

// ---- other keys ------------------------------------------------------------------------------------------------------

TEST(Fallback, CarriesTheLinkWhileNobodyIsAuthenticated) {
  Site site{with_fallback, with_fallback};
  site.port.accepts = false;
  site.plug();
  EXPECT_TRUE(site.secures_within(second));
  site.lan.run_for(10 * second);
  EXPECT_EQ(site.host.status().reason, Reason::authentication_failed);
  EXPECT_EQ(principal(site.host.status()).role, KeyRole::fallback);
  site.flood();
  site.port.accepts = true;
  site.lan.run_for(60 * second);
  EXPECT_EQ(principal(site.host.status()).role, KeyRole::session);
  EXPECT_EQ(site.host.status().reason, Reason::none);
}

TEST(UseEap, NeverLeavesItToOtherKeys) {
  Site site{[](Profile& profile) {
              with_fallback(profile);
              profile.pae->use_eap = UseEap::never;
            },
            with_fallback};
  site.plug();
  EXPECT_TRUE(site.secures_within(second));
  site.port.ask_identity();
  site.lan.run_for(60 * second);
  EXPECT_EQ(site.port.starts(), 0U);
  EXPECT_EQ(site.port.identities(), 0U);
  EXPECT_EQ(site.supplicant().state, SupplicantState::disabled);
  EXPECT_FALSE(site.host.reauthenticate());
}

TEST(UseEap, MkaFailAuthenticatesOnceNoKeyReachesAnybody) {
  const auto profile = [](Profile& of) {
    with_fallback(of);
    of.pae->use_eap = UseEap::mka_fail;
  };
  Site answered{profile, with_fallback};
  answered.plug();
  answered.lan.run_for(60 * second);
  EXPECT_EQ(answered.port.starts(), 0U);

  Site alone{profile};
  alone.plug();
  alone.lan.run_for(5 * second);
  EXPECT_EQ(alone.port.starts(), 0U);
  alone.lan.run_for(2 * second);
  EXPECT_EQ(alone.port.starts(), 1U);
  EXPECT_TRUE(alone.secures_within(second));

  Site bare{[](Profile& of) { of.pae->use_eap = UseEap::mka_fail; }};
  bare.plug();
  bare.lan.run_for(100 * millisecond);
  EXPECT_EQ(bare.port.starts(), 1U) << "there is no key to wait for";
}

// ---- what is shown ---------------------------------------------------------------------------------------------------

TEST(Status, RevisionMovesWithWhatIsShown) {
  Site site;
  const auto shown = [&] {
    const core::SupplicantStatus status = site.supplicant();
    return std::tuple{status.state,         status.reason,   status.reason_text,
                      status.authenticator, status.attempts, status.last_failure_text,
                      status.cak_bits,      status.since,    status.cached_until.has_value()};
  };
  auto last = shown();
  std::uint64_t revision = site.host.port().supplicant_revision();
  unsigned changes = 0;
  const auto watch = [&](Instant span) {
    site.lan.run_until(
        [&] {
          const auto now = shown();
          const std::uint64_t moved = site.host.port().supplicant_revision();
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
  site.port.answers = false;
  site.plug();
  watch(10 * second);
  site.port.answers = true;
  site.port.accepts = false;
  watch(10 * second);
  site.port.accepts = true;
  site.port.speaks_mka = false;
  watch(40 * second);
  site.port.speaks_mka = true;
  watch(60 * second);
  site.port.ask_identity();
  watch(20 * second);
  site.plug(false);
  watch(20 * second);
  EXPECT_GT(changes, 15U);
}

}  // namespace
}  // namespace macsec::sim
