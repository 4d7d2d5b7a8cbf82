// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/system/wall_clock.hpp"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <limits>
#include <sys/timerfd.h>
#include <unistd.h>

namespace macsec::os {

Result<void> WallClock::watch(EventLoop& loop, std::function<void(const Result<void>& watched)> set) {
  timer_ = FileDescriptor{::timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC)};
  if (const auto armed = arm(); !armed) return armed;
  auto source = loop.on_readable(timer_.get(), [this, set = std::move(set)] {
    std::uint64_t ticks = 0;
    static_cast<void>(!::read(timer_.get(), &ticks, sizeof ticks));
    set(arm());
  });
  if (!source) return std::unexpected{source.error()};
  source_ = std::move(*source);
  return {};
}

/// A timer that never fires, and is cancelled by a clock that is set.
Result<void> WallClock::arm() {
  itimerspec never{};
  never.it_value.tv_sec = std::numeric_limits<decltype(never.it_value.tv_sec)>::max() / 2;
  if (timer_ && ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, nullptr) == 0)
    return {};
  return fail(errno, std::string{"cannot watch the wall clock: "} + std::strerror(errno));
}

}  // namespace macsec::os
