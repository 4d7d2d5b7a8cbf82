// SPDX-License-Identifier: LGPL-2.1-or-later
// TLS as a client: certificates and keys as they are read, what of a server is believed, and the keys that come out.
#include <gtest/gtest.h>

#include <algorithm>
#include <openssl/ocsp.h>

#include "engine/base/text.hpp"
#include "engine/crypto/tls_channel.hpp"
#include "tests/eap/tls_server.hpp"

namespace macsec::crypto {
namespace {

using test::Buffer;
using test::day;
using test::issue;
using test::Issued;
using test::lab;
using test::material;
using test::test_now;
using test::TlsServer;
using test::TlsServerContext;

constexpr TlsClock clock_now{test_now, false};

TlsTrustSettings lab_trust() {
  TlsTrustSettings out;
  out.authorities.push_back(material("CaCertificate=lab", lab().authority.certificate_pem()));
  out.names.exact = {"radius.example.org"};
  return out;
}

Result<TlsContext> context_with(TlsTrustSettings settings, const TlsLimits& limits = {},
                                const TlsIdentity* identity = nullptr) {
  Result<TlsTrust> trust = TlsTrust::load(std::move(settings));
  if (!trust) return std::unexpected{trust.error()};
  return TlsContext::create(identity, std::move(*trust), limits);
}

/// Both ends until nobody has anything to say.
void talk(TlsChannel& client, TlsServer& server) {
  for (int i = 0; i < 10; ++i) {
    const WipedBuffer ours = client.take_output();
    server.feed(ours.octets());
    const Buffer theirs = server.take_output();
    if (ours.octets().empty() && theirs.empty()) return;
    client.feed(theirs);
  }
}

struct Outcome {
  TlsChannel::State state;
  EapProblem problem;
  std::string words;
  CertificateReport report;
  bool server_failed;
};

Outcome meet(TlsTrustSettings settings, const test::TlsServerSettings& server_settings, TlsClock clock = clock_now) {
  const Result<TlsContext> context = context_with(std::move(settings));
  EXPECT_TRUE(context) << context.error().message;
  const TlsServerContext server_context{server_settings};
  TlsServer server{server_context};
  Result<TlsChannel> client = TlsChannel::connect(*context, clock, std::nullopt);
  talk(*client, server);
  return {client->state(), client->problem(), client->words(), client->server(), server.failed()};
}

// --- identity ---

TEST(TlsIdentity, ReadsEveryForm) {
  const Issued& client = lab().client;
  const std::string both = client.certificate_pem() + lab().authority.certificate_pem() + client.key_pem();
  const Result<TlsIdentity> pem = TlsIdentity::load(material("pem", both), nullptr, "");
  ASSERT_TRUE(pem) << pem.error().message;
  EXPECT_EQ(pem->chain().size(), 2U);
  EXPECT_EQ(pem->owner(), "host1.example.org");
  const test::Lab& all = lab();
  const Result<TlsIdentity> store =
      TlsIdentity::load(material("p12", client.pkcs12("open", all.authority.certificate.get())), nullptr, "open");
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_EQ(store->chain().size(), 2U);
  const TlsMaterial key = material("key", client.key_pem("pass"));
  EXPECT_TRUE(TlsIdentity::load(material("pem", client.certificate_pem()), &key, "pass"));
}

TEST(TlsIdentity, SaysWhichMaterialIsUnusableAndWhy) {
  const Issued& client = lab().client;
  const auto error = [&](std::string_view certificate, std::string_view key, std::string_view password) {
    const TlsMaterial key_material = material("PrivateKey=k", key);
    const Result<TlsIdentity> read = TlsIdentity::load(material("ClientCertificate=c", certificate),
                                                       key.empty() ? nullptr : &key_material, password);
    return read ? std::string{} : read.error().message;
  };
  const std::string pem = client.certificate_pem();
  EXPECT_EQ(error("nothing", client.key_pem(), ""), "ClientCertificate=c holds no certificate (PEM or DER)");
  EXPECT_EQ(error(pem, "nothing", ""), "PrivateKey=k holds no private key (PEM, DER or PKCS#12)");
  EXPECT_EQ(error(pem, "", ""), "ClientCertificate=c holds no private key (PEM, DER or PKCS#12)");
  EXPECT_EQ(error(pem, client.key_pem("pass"), ""), "PrivateKey=k is encrypted: PrivateKeyPassword= is required");
  EXPECT_EQ(error(pem, client.key_pem("pass"), "wrong"), "PrivateKey=k: PrivateKeyPassword= does not open it");
  EXPECT_EQ(error(pem, lab().server.key_pem(), ""),
            "PrivateKey=k is not the key of the certificate of \"host1.example.org\"");
  EXPECT_EQ(error(client.pkcs12("open"), "", "shut"), "ClientCertificate=c: PrivateKeyPassword= does not open it");
  EXPECT_EQ(error(client.pkcs12("open"), "", ""), "ClientCertificate=c is encrypted: PrivateKeyPassword= is required");
  EXPECT_TRUE(error("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "", "")
                  .starts_with("ClientCertificate=c holds a certificate that cannot be read"));
}

// --- trust ---

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

// --- channel ---

class Versions : public testing::TestWithParam<int> {};

TEST_P(Versions, KeysAreTheServersAndCertificatesGoBothWays) {
  const Result<TlsIdentity> identity =
      TlsIdentity::load(material("client", lab().client.certificate_pem() + lab().client.key_pem()), nullptr, "");
  const Result<TlsContext> context = context_with(lab_trust(), {}, &*identity);
  const TlsServerContext server_context{{.identity = &lab().server,
                                         .client_authority = lab().authority.certificate.get(),
                                         .minimum = GetParam(),
                                         .maximum = GetParam()}};
  TlsServer server{server_context};
  Result<TlsChannel> client = TlsChannel::connect(*context, clock_now, std::nullopt);
  talk(*client, server);
  ASSERT_EQ(client->state(), TlsChannel::State::established) << client->words();
  ASSERT_TRUE(server.established());
  EXPECT_TRUE(client->sent_certificate());
  for (const auto& [type, label] :
       std::initializer_list<std::pair<EapType, std::string_view>>{{EapType::tls, "client EAP encryption"},
                                                                   {EapType::peap, "client EAP encryption"},
                                                                   {EapType::ttls, "ttls keying material"}}) {
    const Result<Secret<128>> keys = client->export_keys(type);
    ASSERT_TRUE(keys);
    EXPECT_TRUE(std::ranges::equal(keys->expose(), server.keys(static_cast<std::uint8_t>(type), label)));
    EXPECT_EQ(client->session_id(type)->size(), 65U);
    EXPECT_EQ(client->session_id(type)->front(), static_cast<std::uint8_t>(type));
  }
  EXPECT_EQ(client->report().version, GetParam() == TLS1_3_VERSION ? "TLSv1.3" : "TLSv1.2");
  const Buffer text{1, 2, 3};
  ASSERT_TRUE(client->write(text));
  server.write(text);
  talk(*client, server);
  EXPECT_EQ(server.take_received(), text);
  EXPECT_TRUE(std::ranges::equal(client->take_received().octets(), text));
}

TEST_P(Versions, SessionsAreResumedOnceEachAndKeepWhatWasBelieved) {
  const Result<TlsContext> context = context_with(lab_trust());
  const TlsServerContext server_context{{.identity = &lab().server, .minimum = GetParam(), .maximum = GetParam()}};
  TlsSessions sessions;
  for (const bool expected : {false, true, true}) {
    TlsServer server{server_context};
    Result<TlsChannel> client = TlsChannel::connect(*context, clock_now, sessions.take(clock_now));
    talk(*client, server);
    ASSERT_EQ(client->state(), TlsChannel::State::established) << client->words();
    EXPECT_EQ(client->resumed(), expected);
    EXPECT_EQ(client->report().resumed, expected);
    EXPECT_TRUE(client->server().verified);
    for (TlsSession& session : client->take_sessions()) sessions.keep(std::move(session));
  }
  // A session ends with the certificate it stands for.
  EXPECT_FALSE(sessions.take({test_now + 31 * day, false}));
}

INSTANTIATE_TEST_SUITE_P(All, Versions, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION));

TEST_P(Versions, OurChainGoesWithoutItsRoot) {
  const Issued between = issue({.common_name = "Between", .authority = true}, &lab().authority);
  const Issued client = issue({.common_name = "host3", .use = "clientAuth"}, &between);
  TlsTrustSettings trust = lab_trust();
  trust.authorities.push_back(material("CaCertificate=between", between.certificate_pem()));
  const std::string own = client.certificate_pem() + client.key_pem();
  const Result<TlsIdentity> identity = TlsIdentity::load(material("client", own), nullptr, "");
  const Result<TlsContext> context = context_with(std::move(trust), {}, &*identity);
  const TlsServerContext server_context{{.identity = &lab().server,
                                         .client_authority = lab().authority.certificate.get(),
                                         .minimum = GetParam(),
                                         .maximum = GetParam()}};
  TlsServer server{server_context};
  Result<TlsChannel> channel = TlsChannel::connect(*context, clock_now, std::nullopt);
  talk(*channel, server);
  ASSERT_EQ(channel->state(), TlsChannel::State::established) << channel->words();
  const STACK_OF(X509)* const sent = SSL_get_peer_cert_chain(server.get());
  ASSERT_EQ(sk_X509_num(sent), 1) << "behind our own";
  EXPECT_EQ(X509_cmp(sk_X509_value(sent, 0), between.certificate.get()), 0);
}

TEST(TlsChannel, ARefusedClientCertificateIsToldAsSuch) {
  const Issued other = issue({.common_name = "Other CA", .authority = true});
  const Issued stranger = issue({.common_name = "host2"}, &other);
  const Result<TlsIdentity> identity =
      TlsIdentity::load(material("client", stranger.certificate_pem() + stranger.key_pem()), nullptr, "");
  const Result<TlsContext> context = context_with(lab_trust(), {}, &*identity);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const TlsServerContext server_context{{.identity = &lab().server,
                                           .client_authority = lab().authority.certificate.get(),
                                           .minimum = version,
                                           .maximum = version}};
    TlsServer server{server_context};
    Result<TlsChannel> client = TlsChannel::connect(*context, clock_now, std::nullopt);
    talk(*client, server);
    EXPECT_EQ(client->state(), TlsChannel::State::failed);
    EXPECT_EQ(client->problem(), EapProblem::client_certificate);
    EXPECT_EQ(client->stage(), EapStage::client_certificate);
    EXPECT_EQ(client->words(), "the server refused our certificate: unknown CA");
  }
}

TEST(TlsChannel, NoVersionInCommon) {
  const Result<TlsContext> context = context_with(lab_trust(), {.maximum = TlsVersion::tls_1_2, .ciphers = {}});
  const TlsServerContext server_context{{.identity = &lab().server, .minimum = TLS1_3_VERSION}};
  TlsServer server{server_context};
  Result<TlsChannel> client = TlsChannel::connect(*context, clock_now, std::nullopt);
  talk(*client, server);
  EXPECT_EQ(client->problem(), EapProblem::tls_version);
  EXPECT_EQ(client->stage(), EapStage::handshake);
}

TEST(TlsChannel, SettingsThatTheLibraryDoesNotKnowAreNamed) {
  EXPECT_TRUE(context_with(lab_trust(), {.ciphers = "NOPE"}).error().message.starts_with("TlsCiphers=NOPE"));
  EXPECT_TRUE(
      context_with(lab_trust(), {.ciphers = {}, .groups = "NOPE"}).error().message.starts_with("KeyExchange=NOPE"));
  const Result<TlsContext> quantum =
      context_with(lab_trust(), {.maximum = TlsVersion::tls_1_2, .ciphers = {}, .groups = "post-quantum"});
  ASSERT_FALSE(quantum);
}

TEST(TlsChannel, GarbageFromTheServerEndsIt) {
  const Result<TlsContext> context = context_with(lab_trust());
  Result<TlsChannel> client = TlsChannel::connect(*context, clock_now, std::nullopt);
  EXPECT_EQ(client->feed(Buffer(100, 0x41)), TlsChannel::State::failed);
  EXPECT_EQ(client->problem(), EapProblem::tls);
  EXPECT_FALSE(client->export_keys(EapType::tls));
  EXPECT_FALSE(client->write(Buffer{1}));
  EXPECT_EQ(client->feed(Buffer{1}), TlsChannel::State::failed);
}

}  // namespace
}  // namespace macsec::crypto
