// SPDX-License-Identifier: LGPL-2.1-or-later
/// The daemon's end of macsec-eap on a socket of its own, with what it was told.
#pragma once

#include "engine/adapters/eap_worker.hpp"
#include "tests/temporary_directory.hpp"

#include <gtest/gtest.h>

namespace macsec::os {

class WorkerLink : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = EapWorker::open(
        loop_,
        {.report = [this](core::EapReport&& report) { reports_.push_back(std::move(report)); },
         .loaded = [this](std::uint32_t number, const EapVerdict& verdict) { loaded_.emplace_back(number, verdict); },
         .stream =
             [this](const EapWorker::StreamReport& report) {
               if (on_stream_) on_stream_(report);
               streams_.push_back(
                   {report.kind, report.stream, {report.octets.begin(), report.octets.end()}, report.words});
             },
         .lost = [this] { ++lost_; },
         .drained =
             [this] {
               ++drained_;
               if (on_drained_) on_drained_();
             }},
        path());
    ASSERT_TRUE(opened) << opened.error().message;
    worker_ = std::move(*opened);
  }
  [[nodiscard]] std::string path() const { return (directory_.path() / "eap").string(); }
  /// Turns the loop until `done`; false where that takes twenty seconds.
  template <typename Done>
  bool wait(Done done) {
    const Time end = boot_time() + std::chrono::seconds{20};
    bool reached = done();
    for (; !reached && boot_time() < end; reached = done())
      static_cast<void>(loop_.run_once(std::min(end, boot_time() + std::chrono::milliseconds{20})));
    return reached;
  }

  test::TemporaryDirectory directory_;
  EventLoop loop_ = std::move(*EventLoop::open());
  std::vector<core::EapReport> reports_;
  std::vector<std::pair<std::uint32_t, EapVerdict>> loaded_;
  struct StreamSaid {
    WorkerKind kind;
    core::EapConversation stream;
    std::vector<std::uint8_t> octets;
    std::string words;
  };
  std::vector<StreamSaid> streams_;
  unsigned lost_ = 0;
  unsigned drained_ = 0;
  std::function<void()> on_drained_;
  std::function<void(const EapWorker::StreamReport&)> on_stream_;
  std::unique_ptr<EapWorker> worker_;
};

}  // namespace macsec::os
