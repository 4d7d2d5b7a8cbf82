// SPDX-License-Identifier: LGPL-2.1-or-later
// A profile that trusts otherwise than the one that a session was authenticated by: what becomes of the session's keys.
#include "engine/wire/mkpdu.hpp"
#include "tests/sim/site.hpp"

namespace macsec::sim {
namespace {

using core::PortState;
using core::Reason;
using Lost = core::Event::Kind;
using namespace std::chrono_literals;

ProfilePointer trusting(const std::string& server, const Change& change = {}) {
  return eap_profile([&](Profile& profile) {
    profile.pae->eap.server_names = {server};
    if (change) change(profile);
  });
}

/// Secured by an authentication under the profile as it is, which trusts any server.
struct TrustSite : Site {
  explicit TrustSite(const Change& change = {}) : Site{change} {
    secure();
    first = ckn();
  }
  [[nodiscard]] bool speaks(const Ckn& key) const {
    const core::PortStatus status = host.status();
    return std::ranges::any_of(status.participants, [&](const auto& each) { return each.ckn == key; });
  }
  [[nodiscard]] std::uint64_t lost() const { return host.events(Lost::authentication_lost); }
  Ckn first;
};

TEST(Trust, ChangedLosesNoFrameWhereTheServerIsOneOfThoseTrustedNow) {
  TrustSite site;
  site.flood();
  site.host.reconfigure(trusting("radius.example.org"));
  site.lan.run_for(100 * second);
  EXPECT_EQ(site.port.successes(), 2U);
  EXPECT_FALSE(site.speaks(site.first));
  EXPECT_EQ(site.host.state(), PortState::secured);
  EXPECT_EQ(site.lost(), 0U);
}

TEST(Trust, ChangedEndsTheSessionWithTheFirstAuthenticationThatFails) {
  TrustSite site;
  site.port.accepts = false;
  site.host.reconfigure(trusting("radius.example.org"));
  site.lan.run_for(second);
  EXPECT_NE(site.host.state(), PortState::secured);
  EXPECT_FALSE(site.speaks(site.first));
  EXPECT_EQ(site.lost(), 1U);
  EXPECT_EQ(site.host.status().reason, Reason::authentication_failed);
  EXPECT_TRUE(site.host.port().kept_session().keys.empty());
  site.port.accepts = true;
  EXPECT_TRUE(site.secures_within(5 * second));
  site.lan.run_for(100 * second);
  EXPECT_EQ(site.host.state(), PortState::secured) << "what it authenticated is not doubted";
}

// Who is trusted is the same.
TEST(Trust, IsNotWhatAPasswordOrACertificateOfOursIs) {
  TrustSite site;
  site.flood();
  site.port.accepts = false;
  site.host.reconfigure(eap_profile([](Profile& profile) {
    profile.pae->eap.password = {.kind = EapSource::Kind::file, .name = "/another", .content = {}};
    profile.pae->eap.client_certificate = {.kind = EapSource::Kind::file, .name = "/certificate", .content = {}};
  }));
  site.lan.run_for(100 * second);
  EXPECT_EQ(site.host.status().reason, Reason::authentication_failed);
  EXPECT_EQ(site.host.state(), PortState::secured);
  EXPECT_EQ(site.ckn(), site.first);
}

TEST(Trust, ChangedEndsTheSessionAfterAMinuteWhereNobodyAuthenticates) {
  TrustSite site;
  site.port.answers = false;
  site.host.reconfigure(trusting("radius.example.org"));
  site.lan.run_for(55 * second);
  EXPECT_EQ(site.host.state(), PortState::secured);
  site.lan.run_for(6 * second);
  EXPECT_NE(site.host.state(), PortState::secured);
  EXPECT_FALSE(site.speaks(site.first));
  EXPECT_EQ(site.lost(), 1U);
}

TEST(Trust, ChangedEndsTheSessionWhereTheOtherEndStaysWithItsKey) {
  TrustSite site;
  site.port.speaks_mka = false;
  site.host.reconfigure(trusting("radius.example.org"));
  site.lan.run_for(8 * second);
  EXPECT_GE(site.port.successes(), 2U);
  EXPECT_FALSE(site.speaks(site.first));
  EXPECT_NE(site.host.state(), PortState::secured);
  site.port.speaks_mka = true;
  EXPECT_TRUE(site.secures_within(30 * second));
}

TEST(Trust, ChangedDropsACachedKeyAtOnce) {
  TrustSite site;
  site.plug(false);
  site.lan.run_for(30 * second);
  ASSERT_TRUE(site.speaks(site.first));
  site.host.reconfigure(trusting("radius.example.org"));
  EXPECT_FALSE(site.speaks(site.first));
  EXPECT_FALSE(site.supplicant().cached_until);
  site.port.accepts = false;
  site.plug();
  site.lan.run_for(20 * second);
  EXPECT_NE(site.host.state(), PortState::secured);
}

TEST(Trust, ChangedWithoutCarrierCachesNothing) {
  TrustSite site;
  site.plug(false);
  site.lan.run_for(second);
  site.host.reconfigure(trusting("radius.example.org"));
  site.lan.run_for(10 * second);
  EXPECT_FALSE(site.speaks(site.first));
}

TEST(Trust, ChangedWhileNothingRanLosesNoFrameWhereTheServerIsTrusted) {
  TrustSite site;
  site.flood();
  site.host.crash();
  site.host.edit_profile(trusting("radius.example.org"));
  site.lan.run_for(300 * millisecond);
  site.host.start();
  site.lan.run_for(100 * second);
  EXPECT_FALSE(site.speaks(site.first));
  EXPECT_EQ(site.host.state(), PortState::secured);
}

TEST(Trust, ChangedWhileNothingRanEndsTheSessionWithTheFirstAuthenticationThatFails) {
  TrustSite site;
  site.host.crash();
  site.host.edit_profile(trusting("radius.example.org"));
  site.port.accepts = false;
  site.host.start();
  site.lan.run_for(5 * second);
  EXPECT_FALSE(site.speaks(site.first));
  EXPECT_NE(site.host.state(), PortState::secured);
}

TEST(Trust, ChangedWhileNothingRanDropsACachedKey) {
  TrustSite site;
  site.plug(false);
  site.lan.run_for(30 * second);
  ASSERT_TRUE(site.speaks(site.first));
  site.host.crash();
  site.host.edit_profile(trusting("radius.example.org"));
  site.host.start();
  EXPECT_FALSE(site.speaks(site.first));
}

// The process after that has the profile that trusts otherwise, as the one before had.
TEST(Trust, ThatIsNotKnownOfAKeyIsNotKnownAfterARestartEither) {
  TrustSite site;
  site.port.answers = false;
  site.host.reconfigure(trusting("radius.example.org"));
  site.lan.run_for(5 * second);
  ASSERT_TRUE(site.speaks(site.first));
  site.host.crash();
  site.host.start();
  site.lan.run_for(5 * second);
  EXPECT_EQ(site.host.state(), PortState::secured);
  site.lan.run_for(60 * second);
  EXPECT_FALSE(site.speaks(site.first));
  EXPECT_NE(site.host.state(), PortState::secured);
}

TEST(Trust, ChangedIsAuthenticatedWhereAKeyThatReachesAPeerIsEnoughOtherwise) {
  const auto profile = [](Profile& of) { of.pae->use_eap = UseEap::mka_fail; };
  TrustSite site{profile};
  site.host.crash();
  site.host.start();
  site.lan.run_for(10 * second);
  ASSERT_EQ(site.port.successes(), 1U);
  site.flood();
  site.host.reconfigure(trusting("radius.example.org", profile));
  site.lan.run_for(20 * second);
  EXPECT_EQ(site.port.successes(), 2U);
  EXPECT_FALSE(site.speaks(site.first));
}

// ---- what else a reload changes --------------------------------------------------------------------------------------

TEST(Reload, OfAnotherPeriodCountsFromTheLastAuthentication) {
  const auto with_period = [](std::chrono::seconds period) {
    return eap_profile([=](Profile& profile) { profile.pae->reauthenticate = period; });
  };
  Site site;
  site.secure();  // 10 s
  site.flood();
  site.host.reconfigure(with_period(60s));
  site.lan.run_for(45 * second);
  EXPECT_EQ(site.port.successes(), 1U);
  site.lan.run_for(10 * second);
  EXPECT_EQ(site.port.successes(), 2U);
  site.lan.run_for(40 * second);
  site.host.reconfigure(with_period(30s));
  site.lan.run_for(second);
  EXPECT_EQ(site.port.successes(), 3U) << "its time is over";
  site.host.reconfigure(with_period(0s));
  site.lan.run_for(300 * second);
  EXPECT_EQ(site.port.successes(), 3U);
  EXPECT_FALSE(site.supplicant().next_attempt);
}

TEST(Reload, OfAnotherLengthOfTheCakMovesTheLinkToSuchAKey) {
  Site site;
  site.secure();
  site.flood();
  site.port.cak_size = 32;
  site.host.reconfigure(eap_profile([](Profile& profile) { profile.pae->cak_length = CakLength::bits_256; }));
  site.lan.run_for(20 * second);
  EXPECT_EQ(site.supplicant().cak_bits, 256);
  EXPECT_EQ(site.host.status().participants.size(), 1U);
  EXPECT_EQ(site.port.successes(), 2U);
}

TEST(Reload, OfAnotherNetworkAsksForIt) {
  Site site;
  site.secure();
  site.flood();
  std::vector<std::uint8_t> asked;
  site.lan.tap = [&](Index from, Bytes octets) {
    const auto frame = read_eapol(octets);
    if (from == site.host.index() && frame->type == static_cast<std::uint8_t>(EapolType::start))
      asked.assign(frame->body.begin(), frame->body.end());
  };
  site.host.reconfigure(eap_profile([](Profile& profile) { profile.pae->nid = "lab"; }));
  site.lan.run_for(20 * second);
  EXPECT_EQ(asked, (std::vector<std::uint8_t>{0, 114 << 1, 3, 'l', 'a', 'b'}));
  EXPECT_EQ(site.port.successes(), 2U);
}

TEST(Reload, OfMendedCredentialsEndsAHold) {
  Site site{[](Profile& profile) { profile.pae->held = 1h; }};
  site.port.accepts = false;
  site.worker.refusal.problem = EapProblem::password;
  site.worker.refusal.hold = true;
  site.plug();
  site.lan.run_for(second);
  ASSERT_EQ(site.supplicant().state, core::SupplicantState::held);
  site.port.accepts = true;
  EapVerdict verdict;
  site.host.take_credentials(verdict);
  site.lan.run_for(5 * second);
  EXPECT_EQ(site.port.starts(), 1U) << "a process of macsec-eap that starts opens them as well";
  verdict.problem = EapProblem::profile;
  site.host.take_credentials(verdict, true);
  site.lan.run_for(5 * second);
  EXPECT_EQ(site.port.starts(), 1U) << "they are not mended";
  verdict.problem = EapProblem::none;
  site.host.take_credentials(verdict, true);
  EXPECT_TRUE(site.secures_within(second));
  EXPECT_EQ(site.host.status().reason, Reason::none);
  site.host.take_credentials(verdict, true);
  site.lan.run_for(5 * second);
  EXPECT_EQ(site.port.starts(), 2U) << "nothing is held";
  ASSERT_TRUE(site.host.log_off());
  site.host.take_credentials(verdict, true);
  site.lan.run_for(5 * second);
  EXPECT_EQ(site.port.starts(), 2U) << "a logoff is no hold";
}

// ---- a restart -------------------------------------------------------------------------------------------------------

// Who has not heard of that length is not to hear a key that he does not know.
TEST(Restart, LeavesAKeySilentThatIsOnlyListenedTo) {
  Site site{[](Profile& profile) { profile.pae->cak_length = CakLength::automatic; }};
  site.plug();
  site.lan.run_for(second);
  const core::KeptSession kept = site.host.port().kept_session();
  const auto silent = std::ranges::find(kept.keys, std::size_t{32}, [](const auto& key) { return key.cak.size(); });
  ASSERT_NE(silent, kept.keys.end());
  unsigned spoken = 0;
  unsigned others = 0;
  site.lan.tap = [&](Index from, Bytes octets) {
    const auto frame = read_eapol(octets);
    if (from != site.host.index() || frame->type != static_cast<std::uint8_t>(EapolType::mka)) return;
    if (const auto basic = read_basic_set(frame->body)) ++(basic->ckn == silent->ckn ? spoken : others);
  };
  site.port.answers = false;
  site.host.crash();
  site.host.start();
  site.lan.run_for(20 * second);
  EXPECT_EQ(spoken, 0U);
  EXPECT_GT(others, 5U);
}

}  // namespace
}  // namespace macsec::sim
