// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/system/timer_queue.hpp"

#include <utility>

namespace macsec::os {

void TimerQueue::set(Entry& entry, std::optional<Time> deadline) {
  if (entry.queue_ == nullptr) {
    if (!deadline) return;
    heap_.push_back(&entry);
    entry.queue_ = this;
    entry.deadline_ = *deadline;
    place(&entry, heap_.size() - 1);
    rise(entry.place_);
    return;
  }
  const std::size_t at = entry.place_;
  if (!deadline) {
    Entry* last = heap_.back();
    heap_.pop_back();
    entry.queue_ = nullptr;
    if (last == &entry) return;
    place(last, at);
  } else {
    if (entry.deadline_ == *deadline) return;
    entry.deadline_ = *deadline;
  }
  rise(at);
  sink(at);
}

std::optional<Time> TimerQueue::next() const noexcept {
  if (heap_.empty()) return std::nullopt;
  return heap_.front()->deadline_;
}

TimerQueue::Entry* TimerQueue::pop_due(Time now) {
  if (heap_.empty() || heap_.front()->deadline_ > now) return nullptr;
  Entry* entry = heap_.front();
  set(*entry, std::nullopt);
  return entry;
}

void TimerQueue::place(Entry* entry, std::size_t at) noexcept {
  heap_[at] = entry;
  entry->place_ = at;
}

void TimerQueue::rise(std::size_t at) noexcept {
  while (at > 0) {
    const std::size_t parent = (at - 1) / 2;
    if (heap_[parent]->deadline_ <= heap_[at]->deadline_) return;
    Entry* const up = heap_[at];
    place(heap_[parent], at);
    place(up, parent);
    at = parent;
  }
}

void TimerQueue::sink(std::size_t at) noexcept {
  for (;;) {
    std::size_t least = at;
    for (const std::size_t child : {2 * at + 1, 2 * at + 2})
      if (child < heap_.size() && heap_[child]->deadline_ < heap_[least]->deadline_) least = child;
    if (least == at) return;
    Entry* const down = heap_[at];
    place(heap_[least], at);
    place(down, least);
    at = least;
  }
}

}  // namespace macsec::os
