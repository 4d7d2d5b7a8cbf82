// SPDX-License-Identifier: LGPL-2.1-or-later
// What waits for a token waits alone: other profiles and conversations of macsec-eap go on, and an end does not wait.
#include "engine/adapters/system/event_loop.hpp"
#include "engine/adapters/system/os_random.hpp"
#include "engine/eap/worker/worker.hpp"
#include "tests/eap/pki.hpp"
#include "tests/temporary_directory.hpp"

#include <algorithm>
#include <condition_variable>
#include <fstream>
#include <gtest/gtest.h>

namespace macsec::eap {
namespace {

using namespace std::chrono_literals;
using Buffer = std::vector<std::uint8_t>;

/// A token that answers when it is let.
class Token {
 public:
  void wait() {
    std::unique_lock lock{mutex_};
    most_ = std::max(most_, ++waiting_);
    changed_.wait(lock, [this] { return released_; });
    --waiting_;
  }
  /// So many at a time waited at most.
  [[nodiscard]] unsigned most() {
    const std::lock_guard lock{mutex_};
    return most_;
  }
  void release() {
    const std::lock_guard lock{mutex_};
    released_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool released_ = false;
  unsigned waiting_ = 0;
  unsigned most_ = 0;
};

struct Told {
  WorkerKind kind;
  std::uint32_t profile;
  std::uint64_t conversation;
  Buffer body;
};

std::string words_of(const Told& told) {
  const std::optional<EapVerdict> verdict = read_eap_verdict(told.body);
  return verdict ? verdict->words : std::string{};
}

class Lanes : public testing::Test {
 protected:
  void SetUp() override {
    auto letters = loop_.on_readable(mailbox_->fd(), [this] { mailbox_->deliver(); });
    ASSERT_TRUE(letters);
    letters_ = std::move(*letters);
  }
  void TearDown() override {
    token_->release();
    EXPECT_TRUE(wait([] { return Lane::threads() == 0; })) << "a thread goes on";
  }
  template <typename Done>
  bool wait(Done done) {
    const Time end = os::boot_time() + 10s;
    bool reached = done();
    for (; !reached && os::boot_time() < end; reached = done())
      static_cast<void>(loop_.run_once(std::min(end, os::boot_time() + 10ms)));
    return reached;
  }
  static Loaded open(EapProfile profile, Token& token) {
    if (uses_token(profile)) token.wait();
    profile.private_key = {EapSource::Kind::octets, {}, WipedText{test::lab().client.key_pem()}};
    return load_profile(std::move(profile), {});
  }
  void profile(std::uint32_t number, bool token, std::string uri = "pkcs11:token=lab", std::string authority = {}) {
    EapProfile out;
    out.methods = {EapType::tls};
    out.server_names = {"radius.example.org"};
    out.ca_certificates.push_back({EapSource::Kind::octets, {}, WipedText{test::lab().authority.certificate_pem()}});
    if (!authority.empty()) out.ca_certificates.front() = {EapSource::Kind::file, std::move(authority), {}};
    out.client_certificate = {EapSource::Kind::octets, {}, WipedText{test::lab().client.certificate_pem()}};
    if (token) out.private_key = {EapSource::Kind::uri, std::move(uri), {}};
    const WipedBuffer body = write_eap_profile(out);
    EXPECT_TRUE(worker_.take({.kind = WorkerKind::profile, .profile = number, .body = body.octets()}));
  }
  void begin(std::uint32_t number, std::uint64_t conversation) {
    const WipedBuffer body = write_worker_begin({});
    EXPECT_TRUE(worker_.take(
        {.kind = WorkerKind::begin, .profile = number, .conversation = conversation, .body = body.octets()}));
  }
  void ask(std::uint64_t conversation) {
    EXPECT_TRUE(
        worker_.take({.kind = WorkerKind::request, .conversation = conversation, .body = Buffer{1, 7, 0, 5, 1}}));
  }
  void end(std::uint64_t conversation) {
    EXPECT_TRUE(worker_.take({.kind = WorkerKind::end, .conversation = conversation, .body = {}}));
  }

  /// Begins conversations of the profile and ends them, one a turn of the loop, until one is refused.
  void hang(std::uint32_t number) {
    std::uint64_t conversation = 1000;
    ASSERT_TRUE(wait([&] {
      end(conversation);
      told_.clear();
      begin(number, ++conversation);
      return !told_.empty();
    }));
  }

  std::shared_ptr<Token> token_ = std::make_shared<Token>();
  os::EventLoop loop_ = std::move(*os::EventLoop::open());
  os::OsRandom random_;
  std::shared_ptr<Mailbox> mailbox_ = std::move(*Mailbox::open());
  os::EventSource letters_;
  std::vector<Told> told_;
  Time now_{};
  Worker worker_{
      {.mailbox = mailbox_,
       .load = [token = token_](EapProfile profile) { return open(std::move(profile), *token); },
       .send =
           [this](const WorkerMessage& message) {
             told_.push_back(
                 {message.kind, message.profile, message.conversation, {message.body.begin(), message.body.end()}});
           },
       .clock = [] { return tls_clock(test::test_now); },
       .time = [this] { return now_; },
       .random = &random_}};
};

TEST_F(Lanes, OthersGoOnWhileATokenIsWaitedFor) {
  profile(1, true);
  begin(1, 10);
  ask(10);
  profile(2, false);
  begin(2, 20);
  ask(20);
  ASSERT_EQ(told_.size(), 2U);
  EXPECT_EQ(told_[0].kind, WorkerKind::loaded);
  EXPECT_EQ(told_[0].profile, 2U);
  EXPECT_EQ(told_[1].kind, WorkerKind::response);
  EXPECT_EQ(told_[1].conversation, 20U);
  token_->release();
  ASSERT_TRUE(wait([this] { return told_.size() == 4; }));
  const auto& answer = told_[2].kind == WorkerKind::response ? told_[2] : told_[3];
  const auto& loaded = told_[2].kind == WorkerKind::response ? told_[3] : told_[2];
  EXPECT_EQ(answer.conversation, 10U);
  EXPECT_EQ(answer.body, told_[1].body);
  EXPECT_EQ(loaded.kind, WorkerKind::loaded);
  EXPECT_EQ(loaded.profile, 1U);
  end(10);
}

TEST_F(Lanes, AnEndDoesNotWaitForTheToken) {
  profile(1, true);
  begin(1, 10);
  ask(10);
  end(10);
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_[0].kind, WorkerKind::failure);
  const std::optional<EapVerdict> verdict = read_eap_verdict(told_[0].body);
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->problem, EapProblem::timeout);
  token_->release();
  ASSERT_TRUE(wait([this] { return told_.size() == 2; }));
  EXPECT_EQ(told_[1].kind, WorkerKind::loaded) << "the conversation is over: nothing more of it";
}

TEST_F(Lanes, AProfileThatWasReplacedIsNotToldOf) {
  profile(1, true);
  begin(1, 10);
  profile(1, false);
  token_->release();
  ASSERT_TRUE(wait([] { return Lane::threads() <= 1; }));
  ask(10);
  ASSERT_TRUE(wait([this] { return told_.size() == 2; }));
  EXPECT_EQ(told_[0].kind, WorkerKind::loaded);
  EXPECT_EQ(told_[1].conversation, 10U);
  end(10);
}

TEST_F(Lanes, MoreRequestsThanMayWaitAreIgnored) {
  profile(1, true);
  begin(1, 10);
  for (std::size_t i = 0; i < Lane::most_waiting + 2; ++i) ask(10);
  // Its opening waits or is worked on, which the thread decides.
  EXPECT_GE(told_.size(), 2U);
  for (const Told& one : told_) {
    EXPECT_EQ(one.kind, WorkerKind::response);
    EXPECT_TRUE(one.body.empty());
  }
  end(10);
}

TEST_F(Lanes, AProfileWhoseTokenHangsIsRefusedAndOthersWork) {
  profile(1, true);
  hang(1);
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_[0].kind, WorkerKind::failure);
  EXPECT_TRUE(words_of(told_[0]).starts_with("the token that holds the private key does not answer"))
      << words_of(told_[0]);
  profile(2, false);
  begin(2, 30);
  ask(30);
  EXPECT_EQ(told_.back().kind, WorkerKind::response);
  EXPECT_FALSE(worker_.only_hangs()) << "a conversation goes on";
  end(30);
  EXPECT_TRUE(worker_.only_hangs());
  token_->release();
  ASSERT_TRUE(wait([] { return Lane::threads() == 0; }));
  EXPECT_FALSE(worker_.only_hangs());
  told_.clear();
  begin(1, 40);
  ask(40);
  ASSERT_TRUE(wait([this] { return !told_.empty(); }));
  EXPECT_EQ(told_.back().kind, WorkerKind::response) << "a token that answers again is used again";
  end(40);
}

// What a profile names may come after it: a credential, a card, a file system.
TEST_F(Lanes, WhatCouldNotBeLoadedIsLoadedAgain) {
  token_->release();
  for (const bool token : {false, true}) {
    const test::TemporaryDirectory directory;
    const std::filesystem::path authority = directory.path() / "ca.pem";
    const std::uint32_t number = token ? 2 : 1;
    std::uint64_t conversation = number * 100;
    told_.clear();
    profile(number, token, "pkcs11:token=lab", authority.string());
    ASSERT_TRUE(wait([this] { return told_.size() == 1; }));
    EXPECT_TRUE(words_of(told_[0]).contains("ca.pem")) << words_of(told_[0]);
    const auto told = [&](WorkerKind kind, std::string_view words) {
      return wait([&] {
        return std::ranges::any_of(told_, [&](const Told& one) {
          const bool ours = kind == WorkerKind::loaded ? one.profile == number : one.conversation == conversation;
          return one.kind == kind && ours && (words.empty() ? words_of(one).empty() : words_of(one).contains(words));
        });
      });
    };
    const auto refused = [&] {
      begin(number, ++conversation);
      return told(WorkerKind::failure, "ca.pem");
    };
    now_ += 10s;
    EXPECT_TRUE(refused()) << "it is not there yet";
    std::ofstream{authority} << test::lab().authority.certificate_pem();
    EXPECT_TRUE(refused()) << "not so soon again";
    now_ += 10s;
    begin(number, ++conversation);
    ask(conversation);
    EXPECT_TRUE(told(WorkerKind::response, ""));
    EXPECT_TRUE(told(WorkerKind::loaded, ""));
    end(conversation);
  }
}

TEST_F(Lanes, OneTokenLoadsManyProfilesOneAfterTheOther) {
  constexpr std::uint32_t many = LaneGroup::most + 4;
  for (std::uint32_t number = 1; number <= many; ++number) profile(number, true);
  token_->release();
  for (std::size_t done = 1; done <= many; ++done) ASSERT_TRUE(wait([&] { return told_.size() >= done; })) << done;
  for (const Told& one : told_) EXPECT_EQ(words_of(one), "") << one.profile;
  EXPECT_EQ(token_->most(), 1U);
}

TEST_F(Lanes, AHungTokenOfManyProfilesLeavesThreadsForAnother) {
  for (std::uint32_t number = 1; number <= 200; ++number) {
    profile(number, true);
    begin(number, number);
  }
  for (std::uint32_t number = 1; number <= 200; ++number) profile(number, true);
  EXPECT_LE(Lane::threads(), LaneGroup::most);
  told_.clear();
  profile(300, true, "pkcs11:token=other");
  begin(300, 300);
  EXPECT_TRUE(told_.empty()) << "one that is refused is told";
  for (std::uint32_t number = 1; number <= 300; ++number) end(number);
}

}  // namespace
}  // namespace macsec::eap
