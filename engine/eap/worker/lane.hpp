// SPDX-License-Identifier: LGPL-2.1-or-later
/// Threads for work that may wait for a token, and the way of their results back into the loop. Nothing else in macsec-eap
/// knows threads.
#pragma once

#include "engine/base/handle.hpp"
#include "engine/base/result.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace macsec::eap {

/// What threads hand to the loop.
class Mailbox {
 public:
  using Letter = std::move_only_function<void()>;
  [[nodiscard]] static Result<std::shared_ptr<Mailbox>> open();

  /// Readable while letters wait.
  [[nodiscard]] int fd() const noexcept { return event_.get(); }
  /// From any thread.
  void put(Letter letter);
  /// In the loop: runs the letters that came, in their order.
  void deliver();

 private:
  explicit Mailbox(FileDescriptor event) noexcept : event_{std::move(event)} {}

  FileDescriptor event_;
  std::mutex mutex_;
  std::vector<Letter> letters_;
};

/// The threads that use one token.
class LaneGroup {
 public:
  /// Half of all: a token that hangs leaves threads for those that work.
  static constexpr unsigned most = 128;
  /// So many that still work though their lane is gone, and the token counts as hung: one more would only hang as well.
  static constexpr unsigned most_hanging = 8;

  [[nodiscard]] bool hangs() const noexcept { return hanging_ >= most_hanging; }

 private:
  friend class Lane;
  std::atomic<unsigned> running_{0};
  std::atomic<unsigned> hanging_{0};
};

/// A thread that does what it is given one after the other. Destroying the lane does not wait for it: a token may hang for
/// ever. What was not begun by then is dropped.
class Lane {
 public:
  /// Runs on the thread; what it returns runs in the loop.
  using Work = std::move_only_function<Mailbox::Letter()>;
  /// Threads of the process, those that hang without a lane included.
  static constexpr std::size_t most_threads = 256;
  static constexpr std::size_t most_waiting = 16;

  /// Errors: too many threads, of the group or of all.
  [[nodiscard]] static Result<std::unique_ptr<Lane>> start(const std::shared_ptr<Mailbox>& mailbox,
                                                           const std::shared_ptr<LaneGroup>& group);
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;
  ~Lane();

  /// False where `most_waiting` wait already.
  [[nodiscard]] bool add(Work work);
  /// Whether work waits or is done now. Where not, what the work shares may be used by the loop.
  [[nodiscard]] bool busy() const;
  [[nodiscard]] static std::size_t threads() noexcept;

 private:
  struct State;
  explicit Lane(std::shared_ptr<State> state) noexcept : state_{std::move(state)} {}
  static void run(const std::shared_ptr<State>& state, Mailbox& mailbox);

  std::shared_ptr<State> state_;
};

}  // namespace macsec::eap
