// SPDX-License-Identifier: LGPL-2.1-or-later
/// Time as the engine sees it: an argument, never a question.
#pragma once

#include <chrono>
#include <cstdint>

namespace macsec {

using Duration = std::chrono::microseconds;

/// CLOCK_BOOTTIME in microseconds. Deliberately without now(): asking for the time is a compile error in the engine.
struct BootClock {
  using rep = std::int64_t;
  using period = std::micro;
  using duration = Duration;
  using time_point = std::chrono::time_point<BootClock, Duration>;
  static constexpr bool is_steady = true;
};
using Time = BootClock::time_point;

}  // namespace macsec
