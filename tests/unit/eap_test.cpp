// SPDX-License-Identifier: LGPL-2.1-or-later
// The EAP peer against a server of its own: each method with both versions of TLS, and what must not be a success.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tests/eap/eap_server.hpp"
#include "tests/temporary_directory.hpp"

namespace macsec::eap {
namespace {

using test::Buffer;
using test::EapServer;
using test::EapServerSettings;
using test::lab;
using test::TlsServerContext;

struct CountingRandom final : Random {
  void fill(MutableBytes out) override {
    for (std::uint8_t& octet : out) octet = ++next;
  }
  std::uint8_t next = 0;
};

EapSource said(std::string_view content) { return {EapSource::Kind::octets, {}, WipedText{content}}; }

EapProfile profile_for(EapType method) {
  EapProfile out;
  out.methods = {method};
  out.ca_certificates.push_back(said(lab().authority.certificate_pem()));
  out.server_names = {"radius.example.org"};
  out.identity = method == EapType::tls ? "" : "alice";
  out.inner = method == EapType::ttls ? EapInner::pap : EapInner::mschapv2;
  out.password = said("wonder");
  if (method == EapType::tls) out.client_certificate = said(lab().client.certificate_pem() + lab().client.key_pem());
  return out;
}

std::shared_ptr<LoadedProfile> load(EapProfile profile) {
  auto loaded = load_profile(std::move(profile), {});
  EXPECT_TRUE(loaded) << loaded.error().words;
  return loaded ? *loaded : nullptr;
}

struct Meeting {
  std::shared_ptr<LoadedProfile> loaded;
  CountingRandom random{};

  Peer peer() { return Peer{loaded, random, tls_clock(test::test_now), 1496}; }
};

struct Wanted {
  EapType method;
  int version;
};
class Methods : public testing::TestWithParam<Wanted> {
 protected:
  [[nodiscard]] test::TlsServerSettings server() const {
    test::TlsServerSettings out{
        .identity = &lab().server, .minimum = GetParam().version, .maximum = GetParam().version};
    if (GetParam().method == EapType::tls) out.client_authority = lab().authority.certificate.get();
    return out;
  }
};

TEST_P(Methods, TheKeysAreTheServers) {
  for (const std::size_t fragment : {std::size_t{200}, std::size_t{1000}}) {
    EapProfile profile = profile_for(GetParam().method);
    profile.fragment_size = static_cast<std::uint16_t>(fragment);
    Meeting meeting{load(std::move(profile))};
    const TlsServerContext context{server()};
    EapServer other{context, {.method = GetParam().method, .fragment = fragment, .binding = false}};
    Peer peer = meeting.peer();
    const PeerReply end = other.run(peer);
    const auto* const success = std::get_if<PeerSuccess>(&end);
    const auto* const failure = std::get_if<EapVerdict>(&end);
    ASSERT_NE(success, nullptr) << (failure != nullptr ? failure->words : "no end");
    const auto type = static_cast<std::uint8_t>(GetParam().method);
    const std::string_view label =
        GetParam().method == EapType::ttls ? "ttls keying material" : "client EAP encryption";
    EXPECT_TRUE(std::ranges::equal(success->keys.msk.expose(), Bytes{other.tls().keys(type, label)}.first(64)));
    EXPECT_EQ(success->keys.session_id.size(), 65U);
    EXPECT_EQ(success->keys.session_id[0], type);
    EXPECT_EQ(success->verdict.stage, EapStage::success);
    EXPECT_TRUE(success->verdict.server.verified);
    EXPECT_GE(other.packets(), fragment == 200 ? 7U : 3U);
  }
}

TEST_P(Methods, AnIdentityRequestOfAStrangerCostsNoMethod) {
  Meeting meeting{load(profile_for(GetParam().method))};
  const TlsServerContext context{server()};
  std::uint8_t identifier = 100;
  unsigned answered = 0;
  EapServer other{context, {.method = GetParam().method, .binding = false, .stranger = [&](Peer& peer) {
                              const PeerReply reply = peer.on_packet(Buffer{1, ++identifier, 0, 5, 1});
                              if (std::holds_alternative<Octets>(reply)) ++answered;
                            }}};
  Peer peer = meeting.peer();
  const PeerReply end = other.run(peer);
  EXPECT_TRUE(std::holds_alternative<PeerSuccess>(end));
  EXPECT_EQ(100 + answered, unsigned{identifier})
      << "it is answered, as a probe that waits for an answer would have it";
}

TEST_P(Methods, AServerMayBeginAgainInTheMiddle) {
  Meeting meeting{load(profile_for(GetParam().method))};
  const TlsServerContext context{server()};
  Peer peer = meeting.peer();
  std::optional<PeerReply> end;
  EapServer before{context, {.method = GetParam().method, .binding = false, .stranger = [&](Peer& with) {
                               if (end) return;
                               EapServer again{context, {.method = GetParam().method, .binding = false}};
                               end = again.run(with);
                             }}};
  static_cast<void>(before.run(peer));
  ASSERT_TRUE(end);
  EXPECT_TRUE(std::holds_alternative<PeerSuccess>(*end));
}

TEST_P(Methods, TheSecondTimeIsResumed) {
  Meeting meeting{load(profile_for(GetParam().method))};
  const TlsServerContext context{server()};
  std::vector<Buffer> ids;
  for (const bool resumed : {false, true}) {
    EapServer other{context, {.method = GetParam().method, .binding = false}};
    Peer peer = meeting.peer();
    const PeerReply end = other.run(peer);
    const auto* const success = std::get_if<PeerSuccess>(&end);
    ASSERT_NE(success, nullptr);
    EXPECT_EQ(success->verdict.tls.resumed, resumed);
    ids.push_back(success->keys.session_id);
  }
  EXPECT_NE(ids[0], ids[1]);
}

TEST_P(Methods, WhatFailedResumedIsDoneInFull) {
  Meeting meeting{load(profile_for(GetParam().method))};
  const TlsServerContext context{server()};
  std::vector<std::pair<bool, bool>> seen;
  for (const bool refuse : {false, true, false, false}) {
    EapServer other{context, {.method = GetParam().method, .confirm = !refuse, .binding = false, .refuse = refuse}};
    Peer peer = meeting.peer();
    const PeerReply end = other.run(peer);
    const auto* const success = std::get_if<PeerSuccess>(&end);
    const EapVerdict& verdict = success != nullptr ? success->verdict : std::get<EapVerdict>(end);
    seen.emplace_back(success != nullptr, verdict.tls.resumed);
  }
  const std::vector<std::pair<bool, bool>> expected{{true, false}, {false, true}, {true, false}, {true, true}};
  EXPECT_EQ(seen, expected);
}

TEST(EapPeer, AServerThatDoesNotConfirmWhatItResumedIsNotAskedToAgain) {
  Meeting meeting{load(profile_for(EapType::tls))};
  const TlsServerContext context{
      {.identity = &lab().server, .client_authority = lab().authority.certificate.get(), .minimum = TLS1_3_VERSION}};
  for (const bool good : {true, false, true, true}) {
    EapServer other{context, {.method = EapType::tls, .confirm_resumed = false}};  // as hostapd 2.10 does
    Peer peer = meeting.peer();
    const PeerReply end = other.run(peer);
    EXPECT_EQ(std::holds_alternative<PeerSuccess>(end), good);
    const auto* const failure = std::get_if<EapVerdict>(&end);
    EXPECT_EQ(failure != nullptr && failure->problem == EapProblem::no_confirmation, !good);
  }
}

TEST_P(Methods, AnotherServerGetsNothing) {
  const test::Issued authority = test::issue({.common_name = "Other CA", .authority = true});
  const test::Issued impostor =
      test::issue({.alternative_names = "DNS:radius.example.org", .use = "serverAuth"}, &authority);
  Meeting meeting{load(profile_for(GetParam().method))};
  test::TlsServerSettings settings = server();
  settings.identity = &impostor;
  const TlsServerContext context{settings};
  EapServer other{context, {.method = GetParam().method}};
  Peer peer = meeting.peer();
  const PeerReply end = other.run(peer);
  const auto* const failure = std::get_if<EapVerdict>(&end);
  ASSERT_NE(failure, nullptr);
  EXPECT_EQ(failure->stage, EapStage::server_certificate);
  EXPECT_EQ(failure->problem, EapProblem::certificate_issuer);
  EXPECT_TRUE(failure->hold);
}

INSTANTIATE_TEST_SUITE_P(All, Methods,
                         testing::Values(Wanted{EapType::tls, TLS1_2_VERSION}, Wanted{EapType::tls, TLS1_3_VERSION},
                                         Wanted{EapType::peap, TLS1_2_VERSION}, Wanted{EapType::peap, TLS1_3_VERSION},
                                         Wanted{EapType::ttls, TLS1_2_VERSION}, Wanted{EapType::ttls, TLS1_3_VERSION}));

/// The verdict of one conversation that must not succeed.
EapVerdict refused(EapProfile profile, const test::TlsServerSettings& server, EapServerSettings settings) {
  Meeting meeting{load(std::move(profile))};
  const TlsServerContext context{server};
  EapServer other{context, std::move(settings)};
  Peer peer = meeting.peer();
  PeerReply end = other.run(peer);
  auto* const failure = std::get_if<EapVerdict>(&end);
  EXPECT_NE(failure, nullptr);
  return failure != nullptr ? std::move(*failure) : EapVerdict{};
}

TEST(EapPeer, Tls13WithoutProtectedSuccessIsNone) {
  const EapVerdict end =
      refused(profile_for(EapType::tls),
              {.identity = &lab().server, .client_authority = lab().authority.certificate.get(), .tickets = 0},
              {.method = EapType::tls, .confirm = false});
  EXPECT_EQ(end.problem, EapProblem::no_confirmation);
}

TEST(EapPeer, PeapWithoutItsInnerMethodIsRefused) {
  const EapVerdict end = refused(profile_for(EapType::peap), {.identity = &lab().server},
                                 {.method = EapType::peap, .inner = false, .binding = false});
  EXPECT_EQ(end.problem, EapProblem::inner_missing);
}

TEST(EapPeer, PeapBindsTunnelAndInnerMethod) {
  EapProfile profile = profile_for(EapType::peap);
  profile.crypto_binding = CryptoBinding::required;
  Meeting meeting{load(std::move(profile))};
  const TlsServerContext context{{.identity = &lab().server}};
  EapServer good{context, {.method = EapType::peap}};
  Peer peer = meeting.peer();
  EXPECT_TRUE(std::holds_alternative<PeerSuccess>(good.run(peer)));

  EapProfile again = profile_for(EapType::peap);
  again.crypto_binding = CryptoBinding::required;
  EXPECT_EQ(refused(std::move(again), {.identity = &lab().server}, {.method = EapType::peap, .binding = false}).problem,
            EapProblem::binding);
  EXPECT_EQ(
      refused(profile_for(EapType::peap), {.identity = &lab().server}, {.method = EapType::peap, .good_binding = false})
          .problem,
      EapProblem::binding);
}

TEST(EapPeer, WhatPeapRefusedStaysRefused) {
  for (const bool inner : {true, false})
    EXPECT_EQ(refused(profile_for(EapType::peap), {.identity = &lab().server},
                      {.method = EapType::peap, .inner = inner, .good_binding = false, .insist = true})
                  .problem,
              inner ? EapProblem::binding : EapProblem::inner_missing);
}

TEST(EapPeer, AWrongPasswordIsSaid) {
  const EapVerdict peap = refused(profile_for(EapType::peap), {.identity = &lab().server},
                                  {.method = EapType::peap, .binding = false, .password = "other"});
  EXPECT_EQ(peap.words, "user \"alice\" or the password was refused (691)");
  EXPECT_EQ(peap.problem, EapProblem::password);
  EXPECT_TRUE(peap.hold);
  const EapVerdict silent = refused(profile_for(EapType::peap), {.identity = &lab().server},
                                    {.method = EapType::peap, .binding = false, .explain = false, .password = "other"});
  EXPECT_EQ(silent.words, "user \"alice\" or the password was refused");
  EXPECT_EQ(silent.problem, EapProblem::password);
  EXPECT_TRUE(silent.hold);
  const EapVerdict ttls =
      refused(profile_for(EapType::ttls), {.identity = &lab().server}, {.method = EapType::ttls, .password = "other"});
  EXPECT_EQ(ttls.problem, EapProblem::password);
}

TEST(EapPeer, WhatIsWrongWithAnAccountIsSaid) {
  for (const auto& [error, words] : {std::pair{646U, "user \"alice\" may not log in at this time (646)"},
                                     {647U, "the account of user \"alice\" is disabled (647)"},
                                     {648U, "the password of user \"alice\" has expired (648)"},
                                     {649U, "user \"alice\" has no right to dial in (649)"}}) {
    const EapVerdict peap = refused(profile_for(EapType::peap), {.identity = &lab().server},
                                    {.method = EapType::peap, .binding = false, .error = error, .password = "other"});
    EXPECT_EQ(peap.words, words);
    EXPECT_EQ(peap.problem, EapProblem::account);
    EXPECT_TRUE(peap.hold);
  }
}

TEST(EapPeer, AnIdentityThatIsRefusedIsSaid) {
  Meeting meeting{load(profile_for(EapType::peap))};
  Peer peer = meeting.peer();
  static_cast<void>(peer.on_packet(Buffer{1, 9, 0, 5, 1}));
  const PeerReply reply = peer.on_packet(Buffer{4, 9, 0, 4});
  const EapVerdict& verdict = std::get<EapVerdict>(reply);
  EXPECT_EQ(verdict.words, "the server refused identity \"alice\" before any method");
  EXPECT_EQ(verdict.problem, EapProblem::rejected);
  EXPECT_EQ(verdict.stage, EapStage::identity);
}

TEST(EapPeer, ACertificateOfOursThatHasExpiredIsNotTried) {
  Meeting meeting{load(profile_for(EapType::tls))};
  Peer peer{meeting.loaded, meeting.random, tls_clock(test::test_now + 1000 * test::day), 1496};
  static_cast<void>(peer.on_packet(Buffer{1, 9, 0, 5, 1}));
  const PeerReply reply = peer.on_packet(Buffer{1, 10, 0, 6, 13, 0x20});
  const EapVerdict& verdict = std::get<EapVerdict>(reply);
  EXPECT_EQ(verdict.problem, EapProblem::client_certificate_expired);
  EXPECT_TRUE(verdict.words.starts_with("our certificate expired on ") && verdict.words.ends_with("; not tried"))
      << verdict.words;
  EXPECT_TRUE(verdict.hold);
}

TEST(EapPeer, ANotificationInBetweenHidesNoEnd) {
  for (const std::uint8_t end : {std::uint8_t{9}, std::uint8_t{77}}) {
    Meeting meeting{load(profile_for(EapType::peap))};
    Peer peer = meeting.peer();
    static_cast<void>(peer.on_packet(Buffer{1, 9, 0, 5, 1}));
    EXPECT_EQ(std::get<Octets>(peer.on_packet(Buffer{1, 77, 0, 6, 2, 'x'})), (Octets{2, 77, 0, 5, 2}));
    EXPECT_TRUE(std::holds_alternative<std::monostate>(peer.on_packet(Buffer{4, 40, 0, 4})));
    const PeerReply reply = peer.on_packet(Buffer{4, end, 0, 4});
    ASSERT_TRUE(std::holds_alternative<EapVerdict>(reply)) << unsigned{end};
    EXPECT_EQ(std::get<EapVerdict>(reply).problem, EapProblem::rejected);
  }
}

TEST(EapPeer, AMethodThatIsNotAllowedIsDeclined) {
  Meeting meeting{load(profile_for(EapType::peap))};
  Peer peer = meeting.peer();
  PeerReply reply = peer.on_packet(Buffer{1, 9, 0, 6, 4, 0});
  EXPECT_EQ(std::get<Octets>(reply), (Octets{2, 9, 0, 6, 3, 25}));
  reply = peer.on_packet(Buffer{4, 9, 0, 4});
  EXPECT_EQ(std::get<EapVerdict>(reply).words, "the server offers MD5 only; the profile allows peap");
}

TEST(EapPeer, OnlyTheSameRequestGetsTheSameAnswer) {
  Meeting meeting{load(profile_for(EapType::peap))};
  Peer peer = meeting.peer();
  const auto type_of = [&peer](const Buffer& request) {
    const PeerReply reply = peer.on_packet(Bytes{request});
    const auto* const answer = std::get_if<Octets>(&reply);
    return answer == nullptr || answer->size() < 5 ? EapType::none : static_cast<EapType>((*answer)[4]);
  };
  const Buffer md5{1, 7, 0, 6, 4, 0};
  const Buffer start{1, 7, 0, 6, 25, 0x20};
  EXPECT_EQ(type_of({1, 7, 0, 5, 1}), EapType::identity);
  EXPECT_EQ(type_of(md5), EapType::nak);
  EXPECT_EQ(type_of(md5), EapType::nak);
  EXPECT_EQ(type_of(start), EapType::peap);
  const PeerReply first = peer.on_packet(start);
  EXPECT_EQ(std::get<Octets>(peer.on_packet(start)), std::get<Octets>(first));
}

TEST(EapPeer, ASecretInAFileOfEverybodyIsRefused) {
  const test::TemporaryDirectory directory;
  const auto file = [&](const std::string& name, const std::string& text, unsigned mode) {
    const std::filesystem::path path = directory.path() / name;
    std::ofstream{path} << text;
    std::filesystem::permissions(path, static_cast<std::filesystem::perms>(mode));
    return EapSource{EapSource::Kind::file, path.string(), {}};
  };
  const std::string key = lab().client.key_pem();
  const auto words = [&](unsigned password, unsigned private_key, unsigned pin, unsigned both) {
    EapProfile profile = profile_for(EapType::peap);
    profile.password = file("password", "wonder\n", password);
    if (both == 0) {
      profile.client_certificate = file("host.pem", lab().client.certificate_pem(), 0644);
      profile.private_key = file("host.key", lab().client.key_pem("pin"), private_key);
      profile.private_key_password = file("pin", "pin\n", pin);
    } else {
      profile.client_certificate = file("host.pem", lab().client.certificate_pem() + key, both);
    }
    profile.ca_certificates.front() = file("ca.pem", lab().authority.certificate_pem(), 0644);
    const auto loaded = load_profile(std::move(profile), {});
    return loaded ? std::string{} : loaded.error().words;
  };
  EXPECT_EQ(words(0640, 0600, 0440, 0), "");
  EXPECT_EQ(words(0640, 0, 0, 0640), "");
  const auto refusal = [&](const std::string& setting, const std::string& name) {
    return setting + '=' + (directory.path() / name).string() +
           " is open to everybody: give it mode 0640, owner root and group macsecd";
  };
  EXPECT_EQ(words(0644, 0600, 0600, 0), refusal("PasswordFile", "password"));
  EXPECT_EQ(words(0642, 0600, 0600, 0), refusal("PasswordFile", "password"));
  EXPECT_EQ(words(0600, 0644, 0600, 0), refusal("PrivateKey", "host.key"));
  EXPECT_EQ(words(0600, 0600, 0604, 0), refusal("PrivateKeyPasswordFile", "pin"));
  EXPECT_EQ(words(0600, 0, 0, 0644), refusal("ClientCertificate", "host.pem"));
}

TEST(EapPeer, WhatIsOutOfPlaceIsIgnored) {
  Meeting meeting{load(profile_for(EapType::peap))};
  Peer peer = meeting.peer();
  EXPECT_TRUE(std::holds_alternative<std::monostate>(peer.on_packet(Buffer{3, 1, 0, 4})));  // Success before anything
  const PeerReply first = peer.on_packet(Buffer{1, 1, 0, 5, 1});
  EXPECT_EQ(std::get<Octets>(first), (Octets{2, 1, 0, 10, 1, 'a', 'l', 'i', 'c', 'e'}));
  EXPECT_EQ(std::get<Octets>(peer.on_packet(Buffer{1, 1, 0, 5, 1})), std::get<Octets>(first));  // retransmitted
  EXPECT_TRUE(std::holds_alternative<std::monostate>(peer.on_packet(Buffer{4, 7, 0, 4})));      // another identifier
  EXPECT_TRUE(std::holds_alternative<std::monostate>(peer.on_packet(Buffer{2, 1, 0, 5, 1})));   // a response
  EXPECT_TRUE(std::holds_alternative<std::monostate>(peer.on_packet(Buffer{1, 2})));
  EXPECT_EQ(peer.abort().problem, EapProblem::timeout);
}

TEST(TlsFraming, SizesHaveToFit) {
  TlsReassembler in;
  const Buffer data(10, 1);
  EXPECT_FALSE(in.add({.total = 5, .data = data}));
  EXPECT_FALSE(in.add({.total = 11, .data = data}));
  EXPECT_FALSE(in.add({.total = 65537, .data = data}));
  EXPECT_FALSE(in.add({.more = true, .total = 20, .data = {}}));
  ASSERT_TRUE(in.add({.more = true, .total = 20, .data = data}));
  EXPECT_FALSE(in.add({.total = 21, .data = data}));
  ASSERT_TRUE(in.add({.more = true, .total = 20, .data = data}));
  const auto whole = in.add({.total = 20, .data = data});
  ASSERT_TRUE(whole && *whole);
  EXPECT_EQ((*whole)->size(), 20U);
  const auto cue = in.add({.total = 0, .data = {}});
  ASSERT_TRUE(cue && *cue);
  EXPECT_TRUE((*cue)->empty());
}

}  // namespace
}  // namespace macsec::eap
