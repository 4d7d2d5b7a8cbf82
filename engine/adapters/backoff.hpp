// SPDX-License-Identifier: LGPL-2.1-or-later
/// Limits to how often something is tried or answered.
#pragma once

#include "engine/base/time.hpp"

#include <algorithm>
#include <optional>

namespace macsec::os {

/// The pause between attempts that fail. It counts for everybody who wants an attempt: what an attempt itself causes, such
/// as link messages of a device that was created and refused, then cannot cause the next one.
class Backoff {
 public:
  static constexpr Duration first_pause = std::chrono::milliseconds{100};
  static constexpr Duration longest_pause = std::chrono::seconds{30};

  /// Whether an attempt may be made now.
  [[nodiscard]] bool may_try(Time now) const noexcept { return !next_ || *next_ <= now; }
  /// When the next attempt is due; nothing where none has failed.
  [[nodiscard]] std::optional<Time> next() const noexcept { return next_; }

  /// The attempt failed: each pause is twice the one before, up to `longest_pause`.
  void failed(Time now) noexcept {
    pause_ = std::clamp(pause_ * 2, first_pause, longest_pause);
    last_ = now;
    next_ = now + pause_;
  }
  /// Something else changed that may have been the cause: the next attempt need not wait out the pause, but attempts are
  /// never closer than `first_pause`.
  void cause_changed() noexcept {
    if (next_) next_ = std::min(*next_, last_ + first_pause);
  }
  /// An attempt succeeded, or another thing is wanted now.
  void reset() noexcept { *this = {}; }

 private:
  Duration pause_{0};
  Time last_;
  std::optional<Time> next_;
};

/// How often something may be answered that another program does again and again: at once for a while, then once a second.
class Pace {
 public:
  static constexpr unsigned most_at_once = 20;
  static constexpr Duration span = std::chrono::minutes{1};
  static constexpr Duration slow = std::chrono::seconds{1};

  [[nodiscard]] Time next(Time now) const noexcept { return limited(now) ? last_ + slow : now; }
  /// One more answer; true where it is the one with which the pace becomes slow.
  bool answered(Time now) noexcept {
    if (now - since_ > span) {
      count_ = 0;
      since_ = now;
    }
    last_ = now;
    return ++count_ == most_at_once;
  }

 private:
  [[nodiscard]] bool limited(Time now) const noexcept { return count_ >= most_at_once && now - since_ <= span; }

  unsigned count_ = 0;
  Time since_;
  Time last_;
};

}  // namespace macsec::os
