// SPDX-License-Identifier: LGPL-2.1-or-later
/// Deadlines of many objects under one timer: a binary heap whose entries know their place, so that moving a deadline
/// costs O(log n) and no memory.
#pragma once

#include "engine/base/time.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace macsec::os {

class TimerQueue {
 public:
  /// A place in at most one queue; derive from it. Leaves the queue when it is destroyed.
  class Entry {
   public:
    Entry() noexcept = default;
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    ~Entry() {
      if (queue_ != nullptr) queue_->set(*this, std::nullopt);
    }
    [[nodiscard]] std::optional<Time> deadline() const noexcept {
      return queue_ == nullptr ? std::nullopt : std::optional{deadline_};
    }

   private:
    friend class TimerQueue;
    TimerQueue* queue_ = nullptr;
    Time deadline_;
    std::size_t place_ = 0;
  };

  TimerQueue() = default;
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;
  ~TimerQueue() {
    for (Entry* entry : heap_) entry->queue_ = nullptr;
  }

  /// Sets, moves or, with nothing, removes the deadline of `entry`.
  void set(Entry& entry, std::optional<Time> deadline);
  [[nodiscard]] std::optional<Time> next() const noexcept;
  /// Takes out the entry with the earliest deadline if that is not after `now`; nullptr otherwise.
  [[nodiscard]] Entry* pop_due(Time now);
  [[nodiscard]] std::size_t size() const noexcept { return heap_.size(); }

 private:
  void place(Entry* entry, std::size_t at) noexcept;
  void rise(std::size_t at) noexcept;
  void sink(std::size_t at) noexcept;

  std::vector<Entry*> heap_;
};

}  // namespace macsec::os
