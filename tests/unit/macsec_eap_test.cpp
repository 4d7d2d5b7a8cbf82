// SPDX-License-Identifier: LGPL-2.1-or-later
// The real macsec-eap behind the daemon's end of it: profiles, conversations, refusals, and its end.
#include "tests/eap/pki.hpp"
#include "tests/eap/worker_process.hpp"
#include "tests/unit/worker_link.hpp"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>

namespace macsec::os {
namespace {

using namespace std::chrono_literals;
using Kind = core::EapReport::Kind;
using Buffer = std::vector<std::uint8_t>;

EapSource octets(const std::string& text) { return {EapSource::Kind::octets, {}, WipedText{text}}; }

EapProfile good_profile() {
  EapProfile out;
  out.methods = {EapType::tls};
  out.ca_certificates.push_back(octets(test::lab().authority.certificate_pem()));
  out.server_names = {"radius.example.org"};
  out.client_certificate = octets(test::lab().client.certificate_pem());
  out.private_key = octets(test::lab().client.key_pem());
  return out;
}

const Buffer identity_request{1, 7, 0, 5, 1};
const Buffer tls_start{1, 8, 0, 6, 13, 0x20};

class MacsecEap : public WorkerLink {
 protected:
  void SetUp() override {
    process_.start();
    WorkerLink::SetUp();
  }
  void load(std::uint32_t number, const EapProfile& profile) {
    loaded_.clear();
    worker_->set_profile(number, profile);
    ASSERT_TRUE(wait([this] { return !loaded_.empty(); }));
  }
  void converse(core::EapConversation conversation) {
    reports_.clear();
    worker_->begin(1, conversation, 1400);
    worker_->request(conversation, identity_request);
    worker_->request(conversation, tls_start);
    ASSERT_TRUE(wait([this] { return reports_.size() == 2; }));
  }

  test::WorkerProcess process_{path()};
};

TEST_F(MacsecEap, LoadsAProfileAndConverses) {
  load(1, good_profile());
  EXPECT_EQ(loaded_[0].first, 1U);
  EXPECT_EQ(loaded_[0].second.problem, EapProblem::none) << loaded_[0].second.words;
  EXPECT_EQ(loaded_[0].second.client.names, std::vector<std::string>{"DNS:host1.example.org"});
  EXPECT_EQ(loaded_[0].second.client_key, "file");
  converse(40);
  ASSERT_EQ(reports_[0].kind, Kind::response);
  const std::string identity{"host1.example.org"};
  Buffer expected{2, 7, 0, static_cast<std::uint8_t>(5 + identity.size()), 1};
  expected.insert(expected.end(), identity.begin(), identity.end());
  EXPECT_EQ(reports_[0].packet, expected);
  const std::optional<EapPacket> hello = read_eap(reports_[1].packet);
  ASSERT_TRUE(hello);
  EXPECT_EQ(hello->type, EapType::tls);
  EXPECT_GT(hello->data.size(), 100U);
  worker_->end(40);
  ASSERT_TRUE(wait([this] { return reports_.size() == 3; }));
  EXPECT_EQ(reports_[2].kind, Kind::failure);
  EXPECT_EQ(reports_[2].verdict.problem, EapProblem::timeout);
  EXPECT_EQ(reports_[2].verdict.stage, EapStage::handshake);
}

TEST_F(MacsecEap, SaysWhatIsWrongWithAProfileAndWithWhoeverUsesIt) {
  EapProfile broken = good_profile();
  broken.client_certificate = {EapSource::Kind::file, "/nonexistent/host.pem", {}};
  load(1, broken);
  EXPECT_EQ(loaded_[0].second.problem, EapProblem::profile);
  EXPECT_NE(loaded_[0].second.words.find("/nonexistent/host.pem"), std::string::npos) << loaded_[0].second.words;
  worker_->begin(1, 40, 1400);
  worker_->begin(2, 41, 1400);
  ASSERT_TRUE(wait([this] { return reports_.size() == 2; }));
  EXPECT_EQ(reports_[0].kind, Kind::failure);
  EXPECT_EQ(reports_[0].verdict, loaded_[0].second);
  EXPECT_EQ(reports_[1].kind, Kind::failure);
  EXPECT_EQ(reports_[1].verdict.problem, EapProblem::profile);
  // The repaired profile works on the same connection.
  load(1, good_profile());
  EXPECT_EQ(loaded_[0].second.problem, EapProblem::none);
  converse(42);
}

TEST_F(MacsecEap, AConversationKeepsTheProfileItBeganWith) {
  load(1, good_profile());
  converse(40);
  worker_->set_profile(2, good_profile());
  worker_->drop_profile(1);
  worker_->request(40, tls_start);  // again, as of a server that did not hear the answer
  ASSERT_TRUE(wait([this] { return reports_.size() == 3; }));
  EXPECT_EQ(reports_[2].packet, reports_[1].packet);
}

TEST_F(MacsecEap, EndsWithItsConnection) {
  load(1, good_profile());
  worker_->drop_profile(1);
  EXPECT_FALSE(worker_->connected());
  static_cast<void>(loop_.run_once(boot_time() + 1s));
  EXPECT_EQ(process_.wait(), 0);
}

TEST_F(MacsecEap, KilledAtAnyMessageItIsReplacedAndConversationsAreToldSo) {
  load(1, good_profile());
  core::EapConversation conversation = 1;
  for (int messages = 0; messages < 4; ++messages) {
    reports_.clear();
    loaded_.clear();
    const unsigned before = lost_;
    worker_->begin(1, ++conversation, 1400);
    if (messages > 0) worker_->request(conversation, identity_request);
    if (messages > 1) worker_->request(conversation, tls_start);
    if (messages > 2) worker_->end(conversation);
    process_.kill(SIGKILL);
    EXPECT_EQ(process_.wait(), -SIGKILL);
    ASSERT_TRUE(wait([&] { return lost_ > before; }));
    ASSERT_FALSE(reports_.empty());
    const bool ended = messages == 3 && reports_.back().kind == Kind::failure;
    EXPECT_TRUE(ended || reports_.back().kind == Kind::lost);
    process_.start();
    ASSERT_TRUE(wait([this] { return !loaded_.empty(); }));
    EXPECT_EQ(loaded_[0].second.problem, EapProblem::none);
    converse(++conversation);
  }
}

// Threads that hang in a token's driver end with the process only.
TEST_F(MacsecEap, EndsWhereOnlyTokensHangAndTheNextOneServes) {
  process_.kill(SIGKILL);
  EXPECT_EQ(process_.wait(), -SIGKILL);
  process_.start_with_hanging_tokens();
  EapProfile in_token = good_profile();
  in_token.private_key = {EapSource::Kind::uri, "pkcs11:token=lab", {}};
  worker_->set_profile(1, in_token);
  core::EapConversation conversation = 1;
  ASSERT_TRUE(wait([&] {
    worker_->end(conversation);
    worker_->begin(1, ++conversation, 1400);
    return lost_ > 0;
  }));
  EXPECT_EQ(process_.wait(), 1);
  loaded_.clear();
  process_.start();
  load(2, good_profile());
  const auto works = [](const auto& each) { return each.first == 2 && each.second.problem == EapProblem::none; };
  EXPECT_TRUE(wait([&] { return std::ranges::any_of(loaded_, works); }));
}

TEST_F(MacsecEap, SaysThatMschapv2NeedsTheLegacyProvider) {
  process_.kill(SIGKILL);
  EXPECT_EQ(process_.wait(), -SIGKILL);
  process_.start_without_providers();
  EapProfile with_password = good_profile();
  with_password.methods = {EapType::peap};
  with_password.identity = "alice";
  with_password.password = {EapSource::Kind::octets, {}, WipedText{"wonder"}};
  worker_->set_profile(1, with_password);
  ASSERT_TRUE(wait([this] { return !loaded_.empty(); }));
  EXPECT_EQ(loaded_[0].second.problem, EapProblem::legacy_provider);
  EXPECT_NE(loaded_[0].second.words.find("legacy"), std::string::npos) << loaded_[0].second.words;
}

TEST_F(MacsecEap, ATerminatedOneGoesQuietly) {
  load(1, good_profile());
  process_.kill(SIGTERM);
  EXPECT_EQ(process_.wait(), 0);
  EXPECT_TRUE(wait([this] { return lost_ == 1; }));
}

TEST_F(MacsecEap, ServesOneConnectionOnly) {
  load(1, good_profile());
  const FileDescriptor second{::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path().data(), path().size());
  ASSERT_EQ(::connect(second.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const WipedBuffer begin = write_worker_message({.kind = WorkerKind::end, .conversation = 1, .body = {}});
  ASSERT_GT(::send(second.get(), begin.octets().data(), begin.octets().size(), MSG_NOSIGNAL), 0);
  converse(40);
  std::uint8_t octet = 0;
  EXPECT_EQ(::recv(second.get(), &octet, 1, MSG_DONTWAIT), -1);
  EXPECT_EQ(errno, EAGAIN);
}

/// A connection of a daemon that is not what it should be.
class Hostile : public testing::Test {
 protected:
  void SetUp() override {
    process_.start();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = (directory_.path() / "eap").string();
    std::memcpy(address.sun_path, path.data(), path.size());
    ASSERT_EQ(::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  void send(Bytes octets) { ASSERT_GT(::send(socket_.get(), octets.data(), octets.size(), MSG_NOSIGNAL), 0); }
  void send(const WorkerMessage& message) { send(write_worker_message(message).octets()); }

  test::TemporaryDirectory directory_;
  test::WorkerProcess process_{(directory_.path() / "eap").string()};
  FileDescriptor socket_{::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)};
};

TEST_F(Hostile, WhatIsNoMessageEndsIt) {
  send(Buffer{1, 2, 3});
  EXPECT_EQ(process_.wait(), 1);
}

TEST_F(Hostile, MoreThanAProfileMayHaveEndsIt) {
  const Buffer part(60'000, 'x');
  for (std::size_t sent = 0; sent <= max_worker_profile; sent += part.size()) {
    const WipedBuffer message =
        write_worker_message({.kind = WorkerKind::profile, .more = true, .profile = 1, .body = part});
    if (::send(socket_.get(), message.octets().data(), message.octets().size(), MSG_NOSIGNAL) < 0) break;
  }
  EXPECT_EQ(process_.wait(), 1);
}

TEST_F(Hostile, PartsOfTwoProfilesAtOnceEndIt) {
  send({.kind = WorkerKind::profile, .more = true, .profile = 1, .body = Buffer{1}});
  send({.kind = WorkerKind::profile, .more = true, .profile = 2, .body = Buffer{1}});
  EXPECT_EQ(process_.wait(), 1);
}

TEST_F(Hostile, AProfileThatIsNoneIsAnsweredWithAProblem) {
  send({.kind = WorkerKind::profile, .profile = 1, .body = Buffer{1, 2, 3}});
  Buffer octets(max_worker_message);
  const ssize_t size = ::recv(socket_.get(), octets.data(), octets.size(), 0);
  ASSERT_GT(size, 0);
  octets.resize(static_cast<std::size_t>(size));
  const std::optional<WorkerMessage> message = read_worker_message(octets);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->kind, WorkerKind::loaded);
  const std::optional<EapVerdict> verdict = read_eap_verdict(message->body);
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->problem, EapProblem::internal);
}

TEST(MacsecEapCheck, SaysDatesAndNames) {
  const WipedBuffer profile = write_eap_profile(good_profile());
  const test::Ran ran = test::run_worker("--check", profile.view());
  EXPECT_EQ(ran.code, 0) << ran.output;
  EXPECT_NE(ran.output.find("client certificate \"host1.example.org\" of \"Lab CA\""), std::string::npos) << ran.output;
  EXPECT_NE(ran.output.find("DNS:host1.example.org"), std::string::npos) << ran.output;
}

TEST(MacsecEapCheck, SaysWhatCannotBeOpened) {
  EapProfile broken = good_profile();
  broken.private_key = {EapSource::Kind::file, "/nonexistent/host.key", {}};
  const WipedBuffer profile = write_eap_profile(broken);
  const test::Ran ran = test::run_worker("--check", profile.view());
  EXPECT_EQ(ran.code, 3);
  EXPECT_TRUE(ran.output.starts_with("error: PrivateKey=/nonexistent/host.key")) << ran.output;
  EXPECT_EQ(test::run_worker("--check", "nonsense").code, 1);
  EXPECT_EQ(test::run_worker("--nonsense", "").code, 2);
}

}  // namespace
}  // namespace macsec::os
