// SPDX-License-Identifier: LGPL-2.1-or-later
// TLS as a client: certificates and keys as they are read, and the keys that come out.
#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "engine/crypto/token_key.hpp"
#include "tests/temporary_directory.hpp"
#include "tests/unit/tls_meeting.hpp"

namespace macsec::crypto {
namespace {

using test::Buffer;
using test::clock_now;
using test::context_with;
using test::day;
using test::issue;
using test::Issued;
using test::lab;
using test::lab_trust;
using test::material;
using test::talk;
using test::TemporaryDirectory;
using test::test_now;
using test::TlsServer;
using test::TlsServerContext;

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

// --- tokens ---

// A card locks itself after a few of these.
TEST(TokenKey, ARefusedPinIsNotTriedAgain) {
  const TemporaryDirectory directory;
  const std::string folder = directory.path().string();
  std::ofstream{folder + "/softhsm.conf"} << "directories.tokendir = " << folder << "\n";
  std::ofstream{folder + "/key.pem"} << lab().client.key_pem();
  ::setenv("SOFTHSM2_CONF", (folder + "/softhsm.conf").c_str(), 1);
  const auto run = [](const std::string& words) {
    return std::system(("softhsm2-util --pin 1234 " + words + " > /dev/null 2>&1").c_str()) == 0;
  };
  if (!run("--init-token --free --label lab --so-pin 5678") ||
      !run("--import " + folder + "/key.pem --token lab --label host1 --id 01"))
    GTEST_SKIP() << "softhsm2-util is missing";
  const auto open = [](std::string_view pin) {
    return open_token_key("k", "pkcs11:token=lab;object=host1;type=private", pin);
  };
  const Result<PrivateKey> first = open("9999");
  ASSERT_FALSE(first);
  if (first.error().message.contains("OpenSSL has no PKCS#11")) GTEST_SKIP() << first.error().message;
  EXPECT_TRUE(first.error().message.ends_with("PIN incorrect")) << first.error().message;
  const Result<PrivateKey> again = open("9999");
  ASSERT_FALSE(again);
  EXPECT_TRUE(again.error().message.starts_with("k: the token refused this PIN")) << again.error().message;
  const Result<PrivateKey> good = open("1234");
  EXPECT_TRUE(good) << good.error().message;
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
