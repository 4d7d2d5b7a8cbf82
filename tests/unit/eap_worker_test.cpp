// SPDX-License-Identifier: LGPL-2.1-or-later
// What goes between the daemon and macsec-eap: each message and profile as it was, and nothing that is not one.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/config/eap_profile.hpp"
#include "engine/wire/eap_worker.hpp"

namespace macsec {
namespace {

using Buffer = std::vector<std::uint8_t>;

Buffer copy(const WipedBuffer& from) { return {from.octets().begin(), from.octets().end()}; }

EapVerdict verdict() {
  EapVerdict out;
  out.stage = EapStage::server_certificate;
  out.problem = EapProblem::server_name;
  out.method = EapType::peap;
  out.inner = "mschapv2";
  out.words = "the server is mail.example.org; the profile asks for radius.example.org";
  out.hold = true;
  out.server = {.subject = "CN=mail.example.org",
                .issuer = "CN=Lab CA",
                .names = {"DNS:mail.example.org", "EMAIL:x@example.org"},
                .not_before = -1,
                .not_after = 1798761600};
  out.server.sha256.fill(0x5a);
  out.client_key = "file";
  out.tls = {.version = "TLSv1.3", .cipher = "TLS_AES_256_GCM_SHA384", .group = "X25519", .resumed = true};
  return out;
}

EapProfile profile() {
  EapProfile out;
  out.methods = {EapType::peap, EapType::ttls};
  out.identity = "alice";
  out.anonymous_identity = "anonymous@example.org";
  out.inner = EapInner::eap_gtc;
  out.password = {EapSource::Kind::octets, {}, WipedText{"wonder"}};
  out.ca_certificates.push_back({EapSource::Kind::file, "/etc/ssl/lab.pem", {}});
  out.ca_certificates.push_back({EapSource::Kind::system, {}, {}});
  out.server_names = {"radius.example.org"};
  out.server_fingerprints = {std::string(64, 'a')};
  out.revocation = Revocation::crl_leaf;
  out.client_certificate = {EapSource::Kind::credential, "host.p12", {}};
  out.minimum_tls = TlsVersion::tls_1_0;
  out.crypto_binding = CryptoBinding::required;
  out.fragment_size = 300;
  return out;
}

TEST(EapWorker, MessagesReadAsTheyWereWritten) {
  const Buffer body{1, 2, 3};
  const Buffer octets = copy(write_worker_message({WorkerKind::profile, true, 7, 0x0102030405060708, body}));
  ASSERT_EQ(octets.size(), worker_header_size + 3);
  const std::optional<WorkerMessage> read = read_worker_message(octets);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->kind, WorkerKind::profile);
  EXPECT_TRUE(read->more);
  EXPECT_EQ(read->profile, 7U);
  EXPECT_EQ(read->conversation, 0x0102030405060708U);
  EXPECT_TRUE(std::ranges::equal(read->body, body));
}

TEST(EapWorker, RefusesWhatIsNoMessage) {
  const Buffer good = copy(write_worker_message({.kind = WorkerKind::request}));
  EXPECT_TRUE(read_worker_message(good));
  for (const auto& [at, value] : std::initializer_list<std::pair<std::size_t, std::uint8_t>>{
           {0, 2}, {1, 0}, {1, 8}, {1, 16}, {1, 24}, {2, 1}, {3, 2}}) {
    Buffer bad = good;
    bad[at] = value;
    EXPECT_FALSE(read_worker_message(bad)) << at << ' ' << int{value};
  }
  for (std::size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(read_worker_message(Bytes{good}.first(size)));
  EXPECT_FALSE(read_worker_message(Buffer(max_worker_message + 1, 1)));
}

TEST(EapWorker, VerdictsReadAsTheyWereWritten) {
  const Buffer octets = copy(write_eap_verdict(verdict()));
  EXPECT_EQ(read_eap_verdict(octets), verdict());
  for (std::size_t size = 0; size < octets.size(); ++size) EXPECT_FALSE(read_eap_verdict(Bytes{octets}.first(size)));
  Buffer longer = octets;
  longer.push_back(0);
  EXPECT_FALSE(read_eap_verdict(longer));
}

// The process at the other end may be taken over; its words go to journal, terminals and the bus.
TEST(EapWorker, TextsOfAVerdictCanBeShown) {
  EapVerdict bad = verdict();
  const std::string text = "a\xff\xef\xbf\xbe\x1b[2J\n\xc2\x9bz";
  for (std::string* one : {&bad.words, &bad.inner, &bad.server.subject, &bad.server.issuer, &bad.client.subject,
                           &bad.client_key, &bad.tls.version, &bad.tls.cipher, &bad.tls.group})
    *one = text;
  bad.server.names.assign(1000, text);
  const std::string shown = "a\\xff\\xef\\xbf\\xbe\\x1b[2J\\x0a\\xc2\\x9bz";
  const auto expect_shown = [&](const EapVerdict& read) {
    for (const std::string& one : {read.words, read.inner, read.server.subject, read.server.issuer, read.client.subject,
                                   read.client_key, read.tls.version, read.tls.cipher, read.tls.group})
      EXPECT_EQ(one, shown);
    EXPECT_EQ(read.server.names, std::vector<std::string>(32, shown));
  };
  expect_shown(*read_eap_verdict(copy(write_eap_verdict(bad))));
  expect_shown(
      read_worker_success(copy(write_worker_success({{Secret<64>{Buffer(64, 9)}, Buffer(65, 13)}, bad})))->verdict);
  bad.words.assign(20000, 'x');
  EXPECT_EQ(read_eap_verdict(copy(write_eap_verdict(bad)))->words.size(), 8192U);
}

TEST(EapWorker, SuccessCarriesTheKeys) {
  WorkerSuccess success{{Secret<64>{Buffer(64, 9)}, Buffer(65, 13)}, verdict()};
  const Buffer octets = copy(write_worker_success(success));
  const std::optional<WorkerSuccess> again = read_worker_success(octets);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->keys.msk == success.keys.msk);
  EXPECT_EQ(again->keys.session_id, success.keys.session_id);
  EXPECT_EQ(again->verdict, success.verdict);
  success.keys.session_id.clear();
  EXPECT_FALSE(read_worker_success(copy(write_worker_success(success))));
}

TEST(EapWorker, ProfilesReadAsTheyWereWritten) {
  const WipedBuffer octets = write_eap_profile(profile());
  const std::optional<EapProfile> read = read_eap_profile(octets.octets());
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, profile());
  EXPECT_EQ(read->password.content.view(), "wonder");
  for (std::size_t size = 0; size < octets.octets().size(); ++size)
    EXPECT_FALSE(read_eap_profile(octets.octets().first(size)));
  EapProfile other = profile();
  other.password.content = WipedText{"wander"};
  EXPECT_FALSE(other == profile());
}

TEST(EapWorker, EveryStageAndProblemHasAName) {
  for (unsigned i = 0; i <= static_cast<unsigned>(EapStage::success); ++i)
    EXPECT_FALSE(to_string(static_cast<EapStage>(i)).empty());
  for (unsigned i = 0; i <= static_cast<unsigned>(EapProblem::internal); ++i)
    EXPECT_FALSE(to_string(static_cast<EapProblem>(i)).empty());
  for (const EapType method : {EapType::tls, EapType::peap, EapType::ttls})
    EXPECT_EQ(eap_method_from_name(eap_method_name(method)), method);
  EXPECT_TRUE(eap_method_name(EapType::md5).empty());
  EXPECT_FALSE(eap_method_from_name("md5"));
}

}  // namespace
}  // namespace macsec
