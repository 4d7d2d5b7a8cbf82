// SPDX-License-Identifier: LGPL-2.1-or-later
/// Our own silence for an in-service upgrade (802.1X-2020 9.18): announced first, then kept, then over.
#pragma once

#include "engine/base/deadlines.hpp"

namespace macsec::core {

inline constexpr Duration max_suspension = std::chrono::seconds{120};

class Suspension {
 public:
  /// The silence begins after `notice`, in which it is announced, and lasts `span` (up to max_suspension). While a SAK is being
  /// put to use it waits up to `patience` longer: nobody could report, or hear, that it is in use.
  void begin(Duration span, Duration notice, Duration patience, Time now) noexcept;
  void end() noexcept;
  /// Follows the time; `busy`: a SAK is being put to use. True when the suspension ended just now.
  bool step(bool busy, Time now) noexcept;

  [[nodiscard]] bool suspended() const noexcept { return deadlines_.is_set(Timer::end); }
  /// Announced long enough: nothing is sent until the end.
  [[nodiscard]] bool silent() const noexcept {
    return suspended() && !deadlines_.is_set(Timer::notice) && !deadlines_.is_set(Timer::busy);
  }
  [[nodiscard]] std::optional<Time> until() const noexcept { return deadlines_.at(Timer::end); }
  /// What MKPDUs say, in whole seconds; 0: no suspension.
  [[nodiscard]] std::uint8_t seconds_told() const noexcept;
  [[nodiscard]] std::optional<Time> next() const noexcept { return deadlines_.next(); }

 private:
  enum class Timer : std::uint8_t { notice, busy, end, count };
  Deadlines<Timer> deadlines_;
  Duration span_{0};
};

}  // namespace macsec::core
