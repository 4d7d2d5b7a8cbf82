// SPDX-License-Identifier: LGPL-2.1-or-later
// A stranger on the cable of a supplicant, who says what anybody can say in EAP: what it cannot bring about.
#include "tests/sim/site.hpp"

namespace macsec::sim {
namespace {

using core::PortState;
using core::Reason;
using core::SupplicantState;
using namespace std::chrono_literals;

constexpr MacAddress stranger{{2, 0, 0, 0, 9, 9}};

/// A host whose conversation with a stranger ends as `refusal` says, beside the session that it has.
struct HeldSite : Site {
  explicit HeldSite(EapStage stage, EapProblem problem) : Site{[](Profile& profile) { profile.pae->held = 1h; }} {
    secure();
    worker.refusal.stage = stage;
    worker.refusal.problem = problem;
    worker.refusal.hold = true;
    forge(EapCode::request, 200, EapType::tls);
    lan.run_for(10 * millisecond);
    forge(EapCode::failure, 200);
    lan.run_for(10 * millisecond);
    EXPECT_EQ(supplicant().state, SupplicantState::held);
  }
};

TEST(Held, ByAStrangersCertificateItAnswersTheAuthenticatorOfItsSession) {
  HeldSite site{EapStage::server_certificate, EapProblem::certificate_issuer};
  site.flood();
  const unsigned starts = site.port.starts();
  site.lan.run_for(100 * second);
  EXPECT_EQ(site.port.starts(), starts) << "of its own it begins nothing";
  EXPECT_EQ(site.supplicant().state, SupplicantState::held);
  site.port.ask_identity();
  site.lan.run_for(20 * second);
  EXPECT_EQ(site.count(&core::SupplicantCounters::reauthentications), 1U);
  EXPECT_EQ(site.supplicant().state, SupplicantState::authenticated);
  EXPECT_EQ(site.host.status().reason, Reason::none);
}

TEST(Held, ForRefusedCredentialsItAnswersNobody) {
  const std::array refusals{std::pair{EapStage::inner, EapProblem::password},
                            std::pair{EapStage::inner, EapProblem::account},
                            std::pair{EapStage::client_certificate, EapProblem::client_certificate}};
  for (const auto& [stage, problem] : refusals) {
    HeldSite site{stage, problem};
    const unsigned before = site.worker.conversations();
    for (int i = 0; i < 20; ++i) {
      site.port.ask_identity();
      site.lan.run_for(second);
    }
    EXPECT_EQ(site.worker.conversations(), before);
    EXPECT_EQ(site.host.state(), PortState::secured);
  }
}

TEST(Held, WithoutASessionItAnswersNobody) {
  Site site{[](Profile& profile) { profile.pae->held = 1h; }};
  site.port.accepts = false;
  site.worker.refusal.stage = EapStage::server_certificate;
  site.worker.refusal.problem = EapProblem::certificate_issuer;
  site.worker.refusal.hold = true;
  site.plug();
  site.lan.run_for(second);
  ASSERT_EQ(site.supplicant().state, SupplicantState::held);
  for (int i = 0; i < 20; ++i) {
    site.port.ask_identity();
    site.lan.run_for(second);
  }
  EXPECT_EQ(site.worker.conversations(), 1U);
}

// Each may cost a handshake.
TEST(Held, AFloodOfMethodsReachesTheWorkerOnceASecond) {
  HeldSite site{EapStage::server_certificate, EapProblem::certificate_issuer};
  const unsigned before = site.worker.conversations();
  for (unsigned i = 0; i < 1000; ++i) {
    site.forge(EapCode::request, static_cast<std::uint8_t>(i), EapType::tls);
    site.lan.run_for(5 * millisecond);
    site.forge(EapCode::failure, static_cast<std::uint8_t>(i));
    site.lan.run_for(5 * millisecond);
  }
  EXPECT_LE(site.worker.conversations() - before, 15U);
  EXPECT_EQ(site.host.state(), PortState::secured);
}

// The CAK is made of the address of who authenticated us, and not of who has us repeat our last answer.
TEST(Authenticator, IsNotWhoAsksUnderTheIdentifierAnsweredLast) {
  Site site;
  unsigned answers = 0;
  site.lan.tap = [&](Index from, Bytes octets) {
    const auto frame = read_eapol(octets);
    if (from != site.host.index() || frame->type != static_cast<std::uint8_t>(EapolType::eap)) return;
    const auto packet = read_eap(frame->body);
    // After the last answer of the method, before its Success comes.
    if (++answers == 1 + method_rounds)
      site.lan.after(100, [&, identifier = packet->identifier] {
        site.lan.inject(site.host.index(), eap_frame(pae_group_address, stranger, EapCode::request, identifier,
                                                     EapType::tls, std::array<std::uint8_t, 1>{0}));
      });
  };
  site.plug();
  EXPECT_TRUE(site.secures_within(2 * second)) << site.lan.why_unsecured();
  EXPECT_EQ(site.supplicant().authenticator, site.port.mac());
}

// ---- before there is a session ---------------------------------------------------------------------------------------

/// A host that nobody but the stranger says anything to.
struct WaitingSite : Site {
  WaitingSite() {
    port.answers = false;
    plug();
    lan.run_for(100 * millisecond);
  }
  void ask(EapType type) {
    lan.inject(host.index(), eap_frame(pae_group_address, stranger, EapCode::request, ++identifier_, type, {}));
  }

 private:
  std::uint8_t identifier_ = 0;
};

TEST(Waiting, NotificationsKeepNoStartFromLeaving) {
  WaitingSite site;
  for (int i = 0; i < 20; ++i) {
    site.ask(EapType::notification);
    site.lan.run_for(3 * second);
  }
  EXPECT_EQ(site.count(&core::SupplicantCounters::eap_tx), 20U) << "each has its answer";
  EXPECT_GE(site.port.starts(), 6U);
  EXPECT_EQ(site.host.status().reason, Reason::no_authenticator);
  site.port.answers = true;
  EXPECT_TRUE(site.secures_within(35 * second));
}

TEST(Waiting, QuestionsForTheIdentityKeepNoStartFromLeaving) {
  WaitingSite site;
  for (int i = 0; i < 12; ++i) {
    site.ask(EapType::identity);
    site.lan.run_for(25 * second);
  }
  EXPECT_GE(site.port.starts(), 6U);
  EXPECT_NE(site.host.status().reason, Reason::authenticating);
  EXPECT_GE(site.count(&core::SupplicantCounters::failures_timeout), 5U);
  site.port.answers = true;
  EXPECT_TRUE(site.secures_within(60 * second));
}

TEST(Waiting, NorDoQuestionsInTheMiddleOfAMethod) {
  Site site;
  site.plug();
  site.lan.run_for(millisecond);  // Start and Identity are under way
  site.port.answers = false;
  site.lan.run_for(second);
  for (int i = 0; i < 4; ++i) {
    site.forge(EapCode::request, static_cast<std::uint8_t>(100 + i), EapType::identity);
    site.lan.run_for(9 * second);
  }
  EXPECT_EQ(site.count(&core::SupplicantCounters::failures_timeout), 1U);
  EXPECT_GE(site.port.starts(), 2U);
}

// Fragments of an octet would do for 65,536.
TEST(Waiting, AMethodWithoutAnEndIsGivenUp) {
  WaitingSite site;
  site.ask(EapType::identity);
  site.lan.run_for(10 * millisecond);
  unsigned answered = 0;
  for (unsigned i = 0; i < 150; ++i) {
    const std::uint64_t before = site.count(&core::SupplicantCounters::eap_tx);
    const std::array<std::uint8_t, 3> data{0x20, 1, 1};
    site.lan.inject(site.host.index(), eap_frame(pae_group_address, stranger, EapCode::request,
                                                 static_cast<std::uint8_t>(10 + i), EapType::tls, data));
    site.lan.run_for(2 * millisecond);
    answered += site.count(&core::SupplicantCounters::eap_tx) > before ? 1U : 0U;
  }
  EXPECT_EQ(answered, 100U);
  EXPECT_EQ(site.supplicant().state, SupplicantState::held);
  EXPECT_EQ(site.host.status().reason, Reason::authentication_failed);
  EXPECT_EQ(site.host.status().reason_text, "the other end came to no end in 100 requests");
  site.port.answers = true;
  EXPECT_TRUE(site.secures_within(2 * second)) << "the next conversation is counted for itself";
}

}  // namespace
}  // namespace macsec::sim
