// SPDX-License-Identifier: LGPL-2.1-or-later
// What of a server's certificate is believed, and what is told of it.
#include <algorithm>
#include <ctime>
#include <openssl/ocsp.h>

#include "engine/base/text.hpp"
#include "tests/unit/tls_meeting.hpp"

namespace macsec::crypto {
namespace {

using test::clock_now;
using test::context_with;
using test::day;
using test::issue;
using test::Issued;
using test::lab;
using test::lab_trust;
using test::material;
using test::meet;
using test::Outcome;
using test::test_now;

TEST(TlsTrust, NothingToBelieveIsAnError) {
  EXPECT_FALSE(TlsTrust::load({}));
  TlsTrustSettings off;
  off.verify = false;
  EXPECT_TRUE(TlsTrust::load(std::move(off)));
  TlsTrustSettings bad;
  bad.authorities.push_back(material("CaCertificate=/x.pem", "hello"));
  const Result<TlsTrust> read = TlsTrust::load(std::move(bad));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message, "CaCertificate=/x.pem holds no certificate (PEM or DER)");
}

TEST(TlsTrust, TheRightServerIsBelieved) {
  const Outcome out = meet(lab_trust(), {.identity = &lab().server});
  EXPECT_EQ(out.state, TlsChannel::State::established) << out.words;
  EXPECT_TRUE(out.report.verified);
  EXPECT_EQ(out.report.subject, "CN=radius.example.org,O=Lab");
  EXPECT_EQ(out.report.names, std::vector<std::string>{"DNS:radius.example.org"});
  EXPECT_EQ(out.report.not_after, test_now + 30 * day);
}

struct Refusal {
  const char* name;
  test::CertificateWish wish;
  EapProblem problem;
  std::string words;
  bool other_authority = false;
};

class Refused : public testing::TestWithParam<Refusal> {};

TEST_P(Refused, WithItsSentenceAndAnAlert) {
  const Refusal& refusal = GetParam();
  const Issued other = issue({.common_name = "Other CA", .authority = true});
  const Issued server = issue(refusal.wish, refusal.other_authority ? &other : &lab().authority);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const Outcome out = meet(lab_trust(), {.identity = &server, .minimum = version, .maximum = version});
    EXPECT_EQ(out.state, TlsChannel::State::failed);
    EXPECT_EQ(out.problem, refusal.problem);
    EXPECT_EQ(out.words, refusal.words);
    EXPECT_FALSE(out.report.verified);
    EXPECT_TRUE(out.server_failed);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, Refused,
    testing::Values(
        Refusal{"issuer",
                {.common_name = "r", .alternative_names = "DNS:radius.example.org", .use = "serverAuth"},
                EapProblem::certificate_issuer,
                "server certificate of \"radius.example.org\" is signed by \"Other CA\", which CaCertificate= does not "
                "hold",
                true},
        Refusal{"expired",
                {.alternative_names = "DNS:radius.example.org", .use = "serverAuth", .not_after = test_now - day},
                EapProblem::certificate_time,
                "server certificate of \"radius.example.org\" expired on 2026-11-28"},
        Refusal{"early",
                {.alternative_names = "DNS:radius.example.org", .use = "serverAuth", .not_before = test_now + 2 * day},
                EapProblem::certificate_time,
                "server certificate of \"radius.example.org\" is not valid before 2026-12-01"},
        Refusal{"use",
                {.alternative_names = "DNS:radius.example.org", .use = "clientAuth"},
                EapProblem::certificate_use,
                "server certificate of \"radius.example.org\" is not for servers (no serverAuth)"},
        Refusal{"name",
                {.alternative_names = "DNS:mail.example.org", .use = "serverAuth"},
                EapProblem::server_name,
                "the server is mail.example.org; the profile asks for radius.example.org"},
        Refusal{"wildcard",
                {.alternative_names = "DNS:*.example.org", .use = "serverAuth"},
                EapProblem::server_name,
                "the server is *.example.org; the profile asks for radius.example.org"},
        Refusal{"common name only",
                {.common_name = "radius.example.org", .use = "serverAuth"},
                EapProblem::server_name,
                "the server is radius.example.org; the profile asks for radius.example.org"}),
    [](const auto& test) {
      std::string name = test.param.name;
      std::ranges::replace(name, ' ', '_');
      return name;
    });

TEST(TlsTrust, WithoutValidationAnybodyIsTakenAndNotCalledVerified) {
  const Issued stranger = issue({.common_name = "x"});
  TlsTrustSettings off;
  off.verify = false;
  const Outcome out = meet(std::move(off), {.identity = &stranger});
  EXPECT_EQ(out.state, TlsChannel::State::established);
  EXPECT_FALSE(out.report.verified);
}

TEST(TlsTrust, PinsReplaceAuthoritiesAndNames) {
  TlsTrustSettings pinned;
  pinned.pins = {certificate_report(lab().server.certificate.get()).sha256};
  EXPECT_EQ(meet(std::move(pinned), {.identity = &lab().server}).state, TlsChannel::State::established);
  TlsTrustSettings other;
  other.pins = {CertificateDigest{}};
  other.authorities.push_back(material("ca", lab().authority.certificate_pem()));
  const Outcome out = meet(std::move(other), {.identity = &lab().server});
  EXPECT_EQ(out.problem, EapProblem::certificate_issuer);
  EXPECT_EQ(out.words, "server certificate of \"radius.example.org\" is none that ServerFingerprint= names");
}

// The library asks nobody about a server without a certificate, whatever it was told to verify.
TEST(TlsTrust, AServerWithoutACertificateIsNobody) {
  const test::TlsServerSettings anonymous{
      .identity = &lab().server, .minimum = TLS1_VERSION, .maximum = TLS1_2_VERSION, .ciphers = "aNULL:@SECLEVEL=0"};
  for (const TlsLimits& limits :
       {TlsLimits{.ciphers = "ALL:@SECLEVEL=0"}, TlsLimits{.ciphers = "aNULL:HIGH:@SECLEVEL=0"},
        TlsLimits{.minimum = TlsVersion::tls_1_0, .ciphers = "ALL"},
        TlsLimits{.minimum = TlsVersion::tls_1_1, .ciphers = "HIGH"}}) {
    const Outcome out = meet(lab_trust(), anonymous, clock_now, limits);
    EXPECT_EQ(out.state, TlsChannel::State::failed) << limits.ciphers;
    EXPECT_FALSE(out.report.verified);
    // The same list serves with a server that has one.
    EXPECT_EQ(meet(lab_trust(), {.identity = &lab().server, .maximum = TLS1_2_VERSION}, clock_now, limits).state,
              TlsChannel::State::established);
  }
  EXPECT_FALSE(context_with(lab_trust(), {.ciphers = "aNULL:@SECLEVEL=0"}));
}

TEST(TlsTrust, TimeCountsForNothingWhereItIsNotChecked) {
  const Issued old =
      issue({.alternative_names = "DNS:radius.example.org", .use = "serverAuth", .not_after = test_now - day},
            &lab().authority);
  const Issued early =
      issue({.alternative_names = "DNS:radius.example.org", .use = "serverAuth", .not_before = test_now + day},
            &lab().authority);
  const Issued wrong = issue(
      {.alternative_names = "DNS:x.example.org", .use = "serverAuth", .not_after = test_now - day}, &lab().authority);
  const auto timeless = [](const Issued& server, const std::string& list) {
    TlsTrustSettings trust = lab_trust();
    trust.check_time = false;
    if (!list.empty()) {
      trust.revocation = Revocation::crl;
      trust.revocation_lists.push_back(material("RevocationList=l", list));
    }
    return meet(std::move(trust), {.identity = &server});
  };
  EXPECT_EQ(timeless(old, "").state, TlsChannel::State::established) << timeless(old, "").words;
  EXPECT_EQ(timeless(early, "").state, TlsChannel::State::established);
  EXPECT_EQ(timeless(wrong, "").problem, EapProblem::server_name);
  // An old list hides what was revoked since: its age is another matter.
  const Issued& authority = lab().authority;
  EXPECT_EQ(timeless(old, authority.revocation_list_pem({})).state, TlsChannel::State::established);
  EXPECT_TRUE(timeless(old, authority.revocation_list_pem({}, test_now - day)).words.contains("out of date"));
  EXPECT_EQ(timeless(old, authority.revocation_list_pem({old.certificate.get()})).problem,
            EapProblem::certificate_revoked);
}

TEST(TlsTrust, AnIntermediateMayBeAllThatIsBelieved) {
  const Issued middle = issue({.common_name = "Middle CA", .authority = true}, &lab().authority);
  const Issued server = issue({.alternative_names = "DNS:radius.example.org"}, &middle);
  TlsTrustSettings trust;
  trust.authorities.push_back(material("middle", middle.certificate_pem()));
  EXPECT_EQ(meet(std::move(trust), {.identity = &server}).state, TlsChannel::State::established);
  // With the root believed, the server has to send what lies between, and the sentence names what is missing.
  const Outcome missing = meet(lab_trust(), {.identity = &server});
  EXPECT_TRUE(missing.words.contains("is signed by \"Middle CA\"")) << missing.words;
  EXPECT_EQ(meet(lab_trust(), {.identity = &server, .extra = middle.certificate.get()}).state,
            TlsChannel::State::established);
}

TEST(TlsTrust, AClockThatIsNotSetIsSaid) {
  const Issued server =
      issue({.alternative_names = "DNS:radius.example.org", .not_before = test_now + 2 * day}, &lab().authority);
  const Outcome out = meet(lab_trust(), {.identity = &server}, TlsClock{test_now, true});
  EXPECT_EQ(out.problem, EapProblem::certificate_time);
  EXPECT_TRUE(
      out.words.ends_with("the clock of this host is not set, and certificates were checked against 2026-11-29"))
      << out.words;
  EXPECT_TRUE(out.report.clock_unset);
}

TEST(TlsTrust, RevocationLists) {
  const auto with_list = [](const std::string& list) {
    TlsTrustSettings trust = lab_trust();
    trust.revocation = Revocation::crl;
    if (!list.empty()) trust.revocation_lists.push_back(material("RevocationList=l", list));
    return meet(std::move(trust), {.identity = &lab().server});
  };
  const Issued& authority = lab().authority;
  EXPECT_EQ(with_list(authority.revocation_list_pem({})).state, TlsChannel::State::established);
  const Outcome revoked = with_list(authority.revocation_list_pem({lab().server.certificate.get()}));
  EXPECT_EQ(revoked.problem, EapProblem::certificate_revoked);
  EXPECT_EQ(revoked.words, "server certificate of \"radius.example.org\" was revoked, says RevocationList=");
  EXPECT_TRUE(with_list("").words.contains("RevocationList= holds no list of \"Lab CA\""));
  EXPECT_TRUE(with_list(authority.revocation_list_pem({}, test_now - day)).words.contains("out of date"));
}

TEST(TlsTrust, AStapledAnswerWhereItIsDemanded) {
  TlsTrustSettings required = lab_trust();
  required.revocation = Revocation::ocsp_required;
  EXPECT_EQ(meet(std::move(required), {.identity = &lab().server}).problem, EapProblem::certificate_revoked);
  TlsTrustSettings offered = lab_trust();
  offered.revocation = Revocation::ocsp_stapled;
  EXPECT_EQ(meet(std::move(offered), {.identity = &lab().server}).state, TlsChannel::State::established);
  TlsTrustSettings garbage = lab_trust();
  garbage.revocation = Revocation::ocsp_stapled;
  EXPECT_EQ(meet(std::move(garbage), {.identity = &lab().server, .ocsp = {1, 2, 3}}).problem,
            EapProblem::certificate_revoked);
  const Issued strict = issue({.alternative_names = "DNS:radius.example.org", .must_staple = true}, &lab().authority);
  EXPECT_EQ(meet(lab_trust(), {.identity = &strict}).problem, EapProblem::certificate_revoked);
}

// The library compares these times with the clock of the host.
TEST(TlsTrust, AStapledAnswerGetsTooOld) {
  const std::int64_t now = std::time(nullptr);
  const auto valid = [now](test::CertificateWish wish) {
    wish.not_before = now - 30 * day;
    wish.not_after = now + 30 * day;
    return wish;
  };
  const Issued authority = issue(valid({.common_name = "CA", .authority = true}));
  const Issued server = issue(valid({.alternative_names = "DNS:radius.example.org"}), &authority);
  const auto with_answer = [&](std::int64_t from, std::optional<std::int64_t> to) {
    TlsTrustSettings trust;
    trust.authorities.push_back(material("ca", authority.certificate_pem()));
    trust.revocation = Revocation::ocsp_required;
    return meet(std::move(trust),
                {.identity = &server, .ocsp = authority.ocsp_answer(server.certificate.get(), from, to)}, {now, false});
  };
  EXPECT_EQ(with_answer(now - 20 * day, now + day).state, TlsChannel::State::established);
  EXPECT_EQ(with_answer(now - 2 * day, now - day).problem, EapProblem::certificate_revoked);
  EXPECT_EQ(with_answer(now - 6 * day, std::nullopt).state, TlsChannel::State::established);
  EXPECT_EQ(with_answer(now - 8 * day, std::nullopt).problem, EapProblem::certificate_revoked);
}

TEST(TlsNames, EveryNameOfACertificateCounts) {
  std::string names;
  for (int i = 0; i < 40; ++i) names += "DNS:other" + std::to_string(i) + ".example.org,";
  const Issued server =
      issue({.alternative_names = names + "DNS:radius.example.org,email:last@example.org", .use = "serverAuth"},
            &lab().authority);
  const Outcome out = meet(lab_trust(), {.identity = &server});
  EXPECT_EQ(out.state, TlsChannel::State::established) << out.words;
  EXPECT_EQ(out.report.names.size(), 32U);
  EXPECT_FALSE(refuse_name(server.certificate.get(),
                           {.exact = {}, .suffixes = {}, .alternatives = {"EMAIL:last@example.org"}, .subject = {}}));
}

// What a stranger's certificate says is told on a bus that takes UTF-8 without noncharacters only, and on terminals.
TEST(TlsNames, WhatACertificateSaysCanAlwaysBeShown) {
  const auto shown = [](const std::string& name) {
    const Issued one = issue({.common_name = name});
    const CertificateReport report = certificate_report(one.certificate.get());
    for (const std::string& text : {report.subject, report.issuer, display_name(one.certificate.get())}) {
      EXPECT_TRUE(is_utf8(text)) << text;
      EXPECT_FALSE(text.contains("\xc2\x9b"));
    }
    return report.subject;
  };
  EXPECT_TRUE(shown("a\xef\xbf\xbez").contains('z'));  // U+FFFE
  EXPECT_TRUE(shown("a\xef\xb7\x90z").contains('z'));  // U+FDD0
  EXPECT_TRUE(shown("a\xc2\x9b"
                    "31mz")
                  .contains("31mz"));  // CSI of a terminal
  EXPECT_TRUE(shown("\xc3\xbc\xe2\x82\xac").contains("\xc3\xbc\xe2\x82\xac"));
  // Cut at a length, at no place within a character.
  std::string letters;
  for (int i = 0; i < 20; ++i) letters += "\xe2\x82\xac";
  for (const char* before : {"a", "aa", "aaa"}) {
    const Issued one = issue({.units = std::vector<std::string>(10, letters), .common_name = before});
    const std::string subject = subject_of(one.certificate.get());
    EXPECT_TRUE(is_utf8(subject)) << subject;
    EXPECT_GE(subject.size(), 509U);
    EXPECT_LE(subject.size(), 512U);
  }
}

TEST(TlsNames, KindsMustAllHoldAndEachHasAlternatives) {
  const Issued one = issue({.common_name = "Radius One",
                            .alternative_names = "DNS:radius1.net.example.org,email:net@example.org,"
                                                 "URI:https://radius.example.org/"},
                           &lab().authority);
  const auto fits = [&](const TlsNameRules& rules) { return !refuse_name(one.certificate.get(), rules).has_value(); };
  EXPECT_TRUE(fits({.exact = {"x", "RADIUS1.net.example.org"}, .suffixes = {}, .alternatives = {}, .subject = {}}));
  EXPECT_TRUE(fits({.exact = {}, .suffixes = {"example.org"}, .alternatives = {}, .subject = {}}));
  EXPECT_TRUE(fits({.exact = {}, .suffixes = {".net.example.org"}, .alternatives = {}, .subject = {}}));
  EXPECT_FALSE(fits({.exact = {}, .suffixes = {"ample.org"}, .alternatives = {}, .subject = {}}));
  EXPECT_FALSE(fits({.exact = {}, .suffixes = {"."}, .alternatives = {}, .subject = {}}));
  EXPECT_TRUE(fits({.exact = {}, .suffixes = {}, .alternatives = {"EMAIL:net@example.org"}, .subject = {}}));
  EXPECT_FALSE(fits({.exact = {}, .suffixes = {}, .alternatives = {"DNS:net@example.org"}, .subject = {}}));
  EXPECT_TRUE(fits({.exact = {}, .suffixes = {}, .alternatives = {}, .subject = "CN=Radius One"}));
  EXPECT_FALSE(fits({.exact = {}, .suffixes = {"example.org"}, .alternatives = {}, .subject = "CN=Two"}));
  const Issued named = issue({.common_name = "radius.example.org"}, &lab().authority);
  EXPECT_FALSE(refuse_name(
      named.certificate.get(),
      {.exact = {"radius.example.org"}, .suffixes = {}, .alternatives = {}, .subject = {}, .common_name = true}));
}

}  // namespace
}  // namespace macsec::crypto
