// SPDX-License-Identifier: LGPL-2.1-or-later
// The daemon's end of macsec-eap, against a socket that plays it: what is sent, what is told, and what a broken connection costs.
#include "tests/unit/other_end.hpp"
#include "tests/unit/worker_link.hpp"

#include <cerrno>

namespace macsec::os {
namespace {

using namespace std::chrono_literals;
using Kind = core::EapReport::Kind;
using Buffer = std::vector<std::uint8_t>;

EapProfile profile(std::string identity) {
  EapProfile out;
  out.methods = {EapType::tls};
  out.identity = std::move(identity);
  return out;
}

class EapWorkerLink : public WorkerLink {
 protected:
  /// A connection with profile 1 that has its verdict.
  void establish() {
    worker_->set_profile(1, profile("host1"));
    ASSERT_TRUE(other_.accept());
    ASSERT_TRUE(other_.take());
    other_.send_verdict(WorkerKind::loaded, 1, 0, EapProblem::none);
    ASSERT_TRUE(wait([this] { return !loaded_.empty(); }));
    loaded_.clear();
  }

  OtherEnd other_{path()};
};

TEST_F(EapWorkerLink, ConnectsWithTheFirstProfileAndEndsWithTheLast) {
  EXPECT_FALSE(other_.accept());
  worker_->set_profile(7, profile("host1"));
  ASSERT_TRUE(other_.accept());
  const std::optional<Got> got = other_.take();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->message.kind, WorkerKind::profile);
  EXPECT_EQ(got->message.profile, 7U);
  EXPECT_FALSE(got->message.more);
  EXPECT_EQ(read_eap_profile(got->body), profile("host1"));
  worker_->drop_profile(7);
  const std::optional<Got> forget = other_.take();
  ASSERT_TRUE(forget);
  EXPECT_TRUE(forget->body.empty());
  ASSERT_TRUE(wait([this] { return other_.hung_up(); }));
  EXPECT_FALSE(worker_->connected());
  EXPECT_EQ(lost_, 0U);
}

TEST_F(EapWorkerLink, ABigProfileGoesInParts) {
  EapProfile big = profile("host1");
  std::string text(300'000, 'x');
  text[200'000] = 'y';
  big.ca_certificates.push_back({EapSource::Kind::octets, {}, WipedText{text}});
  worker_->set_profile(1, big);
  ASSERT_TRUE(other_.accept());
  Buffer whole;
  bool more = true;
  ASSERT_TRUE(wait([&] {
    while (const std::optional<Got> got = other_.take()) {
      whole.insert(whole.end(), got->body.begin(), got->body.end());
      more = got->message.more;
    }
    return !more;
  }));
  EXPECT_EQ(read_eap_profile(whole), big);
}

TEST_F(EapWorkerLink, AConversationToItsSuccess) {
  establish();
  worker_->begin(1, 40, 1400);
  worker_->request(40, Buffer{1, 5, 0, 5, 1});
  const std::optional<Got> begin = other_.take();
  ASSERT_TRUE(begin);
  EXPECT_EQ(begin->message.kind, WorkerKind::begin);
  EXPECT_EQ(begin->message.profile, 1U);
  EXPECT_EQ(begin->message.conversation, 40U);
  const std::optional<WorkerBegin> read = read_worker_begin(begin->body);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->mtu, 1400);
  const std::optional<Got> request = other_.take();
  ASSERT_TRUE(request);
  EXPECT_EQ(request->body, (Buffer{1, 5, 0, 5, 1}));

  other_.send({.kind = WorkerKind::response, .conversation = 40, .body = Buffer{2, 5, 0, 6, 1, 'x'}});
  WorkerSuccess success;
  success.keys = {Secret<64>{Buffer(64, 0x17)}, {13, 1, 2}};
  success.verdict.stage = EapStage::success;
  const WipedBuffer body = write_worker_success(success);
  other_.send({.kind = WorkerKind::success, .conversation = 40, .body = body.octets()});
  // A late answer, and one of a conversation that never was.
  other_.send_verdict(WorkerKind::failure, 1, 40, EapProblem::timeout);
  other_.send_verdict(WorkerKind::failure, 1, 41, EapProblem::timeout);
  other_.send_verdict(WorkerKind::loaded, 1, 0, EapProblem::none);
  ASSERT_TRUE(wait([this] { return !loaded_.empty(); }));
  ASSERT_EQ(reports_.size(), 2U);
  EXPECT_EQ(reports_[0].kind, Kind::response);
  EXPECT_EQ(reports_[0].packet, (Buffer{2, 5, 0, 6, 1, 'x'}));
  EXPECT_EQ(reports_[1].kind, Kind::success);
  EXPECT_EQ(reports_[1].conversation, 40U);
  ASSERT_TRUE(reports_[1].keys);
  EXPECT_EQ(reports_[1].keys->msk, success.keys.msk);
  EXPECT_EQ(reports_[1].keys->session_id, success.keys.session_id);
  // It is over: nothing more is sent of it.
  worker_->request(40, Buffer{3, 5, 0, 4});
  EXPECT_FALSE(other_.take());
}

TEST_F(EapWorkerLink, AnEndIsAnsweredWithWhatIsKnown) {
  establish();
  worker_->begin(1, 40, 1400);
  worker_->end(40);
  ASSERT_TRUE(other_.take());
  const std::optional<Got> end = other_.take();
  ASSERT_TRUE(end);
  EXPECT_EQ(end->message.kind, WorkerKind::end);
  other_.send_verdict(WorkerKind::failure, 1, 40, EapProblem::timeout);
  ASSERT_TRUE(wait([this] { return !reports_.empty(); }));
  EXPECT_EQ(reports_[0].kind, Kind::failure);
  EXPECT_EQ(reports_[0].verdict.problem, EapProblem::timeout);
}

TEST_F(EapWorkerLink, ABrokenConnectionIsToldToEachConversationAndRemade) {
  establish();
  worker_->set_profile(2, profile("host2"));
  ASSERT_TRUE(other_.take());
  worker_->begin(1, 40, 1400);
  worker_->begin(2, 41, 1400);
  other_.hang_up();
  ASSERT_TRUE(wait([this] { return lost_ == 1; }));
  ASSERT_EQ(reports_.size(), 2U);
  EXPECT_EQ(reports_[0].kind, Kind::lost);
  EXPECT_EQ(reports_[0].conversation, 40U);
  EXPECT_EQ(reports_[1].kind, Kind::lost);
  EXPECT_EQ(reports_[1].conversation, 41U);
  ASSERT_TRUE(wait([this] { return other_.accept(); }));
  for (const std::uint32_t number : {1U, 2U}) {
    const std::optional<Got> again = other_.take();
    ASSERT_TRUE(again);
    EXPECT_EQ(again->message.profile, number);
  }
  worker_->begin(1, 42, 1400);
  const std::optional<Got> begin = other_.take();
  ASSERT_TRUE(begin);
  EXPECT_EQ(begin->message.conversation, 42U);
}

TEST_F(EapWorkerLink, WhereNobodyListensConversationsAreLostAndItIsTriedAgain) {
  other_.stop_listening();
  worker_->set_profile(1, profile("host1"));
  worker_->begin(1, 40, 1400);
  EXPECT_TRUE(reports_.empty()) << "told from inside the call";
  ASSERT_TRUE(wait([this] { return lost_ > 0; }));
  ASSERT_EQ(reports_.size(), 1U);
  EXPECT_EQ(reports_[0].kind, Kind::lost);
  EXPECT_EQ(reports_[0].conversation, 40U);
  other_.listen();
  EXPECT_TRUE(wait([this] { return other_.accept(); }));
}

TEST_F(EapWorkerLink, WhatIsNoMessageOfAWorkerEndsTheConnection) {
  const auto broken_by = [this](const std::function<void()>& send) {
    const unsigned before = lost_;
    send();
    ASSERT_TRUE(wait([&] { return lost_ == before + 1; }));
    ASSERT_TRUE(wait([&] { return other_.accept(); }));
  };
  establish();
  broken_by([this] { other_.send(Buffer{9, 9, 9}); });
  broken_by([this] { other_.send({.kind = WorkerKind::begin, .conversation = 1, .body = Buffer{1, 2}}); });
  broken_by([this] { other_.send({.kind = WorkerKind::success, .conversation = 1, .body = Buffer{1, 2}}); });
  broken_by([this] { other_.send({.kind = WorkerKind::loaded, .profile = 1, .body = Buffer{}}); });
  EXPECT_TRUE(reports_.empty());
}

TEST_F(EapWorkerLink, AWorkerThatDoesNotReadIsWaitedForWithinABound) {
  establish();
  worker_->begin(1, 40, 1400);
  const Buffer packet(1400, 0x01);
  std::size_t sent = 0;
  // More than any socket buffer, less than the bound.
  for (; sent < EapWorker::most_waiting / 2; sent += packet.size()) worker_->request(40, packet);
  ASSERT_TRUE(worker_->connected());
  std::size_t taken = 0;
  ASSERT_TRUE(wait([&] {
    while (const std::optional<Got> got = other_.take())
      taken += got->message.kind == WorkerKind::request ? got->body.size() : 0;
    return taken == sent;
  })) << taken
      << " of " << sent;
  // Beyond it the worker counts as hung.
  for (sent = 0; worker_->connected() && sent < 2 * EapWorker::most_waiting; sent += packet.size())
    worker_->request(40, packet);
  EXPECT_FALSE(worker_->connected());
  ASSERT_TRUE(wait([this] { return lost_ == 1; }));
  ASSERT_EQ(reports_.size(), 1U);
  EXPECT_EQ(reports_[0].kind, Kind::lost);
}

TEST_F(EapWorkerLink, WhoSendsMuchHasToStopUntilThereIsRoom) {
  establish();
  worker_->open_stream(1, 50);
  const Buffer records(16384);
  std::size_t sent = 0;
  for (; worker_->has_room() && sent < EapWorker::most_waiting; sent += records.size())
    worker_->carry(WorkerKind::records, 50, records);
  EXPECT_LT(sent, EapWorker::most_waiting / 4);
  for (int turn = 0; turn < 20; ++turn) static_cast<void>(loop_.run_once(boot_time()));
  EXPECT_EQ(drained_, 0U) << "nothing was read";
  std::size_t got = 0;
  ASSERT_TRUE(wait([&] {
    while (const std::optional<Got> one = other_.take()) got += one->body.size();
    return got == sent;
  }));
  ASSERT_TRUE(wait([this] { return drained_ > 0; }));
  EXPECT_EQ(drained_, 1U);
  EXPECT_TRUE(worker_->has_room());
  EXPECT_EQ(lost_, 0U);
}

TEST_F(EapWorkerLink, ACallbackMayDropTheProfile) {
  establish();
  worker_->begin(1, 40, 1400);
  worker_ = nullptr;
  auto opened =
      EapWorker::open(loop_,
                      {.report = {},
                       .loaded = [this](std::uint32_t number, const EapVerdict&) { worker_->drop_profile(number); },
                       .lost = {}},
                      path());
  ASSERT_TRUE(opened);
  worker_ = std::move(*opened);
  worker_->set_profile(3, profile("host3"));
  ASSERT_TRUE(other_.accept());
  ASSERT_TRUE(other_.take());
  other_.send_verdict(WorkerKind::loaded, 3, 0, EapProblem::profile);
  EXPECT_TRUE(wait([this] { return !worker_->connected(); }));
}

}  // namespace
}  // namespace macsec::os
