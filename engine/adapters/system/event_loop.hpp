// SPDX-License-Identifier: LGPL-2.1-or-later
/// The one loop of a process: descriptors, timers on CLOCK_BOOTTIME, signals, the service watchdog.
#pragma once

#include "engine/base/handle.hpp"
#include "engine/base/result.hpp"
#include "engine/base/time.hpp"

#include <functional>
#include <memory>
#include <systemd/sd-event.h>

namespace macsec::os {

/// CLOCK_BOOTTIME now. The only place that asks.
[[nodiscard]] Time boot_time() noexcept;
/// Boot time at which the wall clock read 1970-01-01 UTC.
[[nodiscard]] Time wall_clock_epoch() noexcept;
/// False where systemd-timesyncd runs and has not set the clock since boot.
[[nodiscard]] bool wall_clock_synchronised() noexcept;

/// Something the loop watches. Destroying it ends the watching; it must not outlive the loop.
class EventSource {
 public:
  EventSource() noexcept = default;

  /// Timers: fires once at `when`, at once when that has passed.
  void arm(Time when) noexcept;
  /// Deferred work: runs once, after what is ready now. Writing: runs once the descriptor takes something. Reading: runs once
  /// there is something, and then not before the next schedule().
  void schedule() noexcept;
  /// Nothing more happens until arm() or schedule().
  void disarm() noexcept;
  [[nodiscard]] explicit operator bool() const noexcept { return source_ != nullptr; }

 private:
  friend class EventLoop;
  using Callback = std::function<void()>;
  std::unique_ptr<Callback> callback_;  ///< at a fixed address for the C callback
  std::unique_ptr<sd_event_source, Releases<sd_event_source_disable_unref>> source_;
};

class EventLoop {
 public:
  /// Signals SIGTERM, SIGINT and SIGHUP are blocked here, so that on_signal() can receive them.
  [[nodiscard]] static Result<EventLoop> open();

  /// For sd-bus and all else that attaches to sd-event.
  [[nodiscard]] sd_event* get() const noexcept { return event_.get(); }

  /// Runs `callback` whenever `fd` is readable. The descriptor stays the caller's and outlives the source.
  [[nodiscard]] Result<EventSource> on_readable(int fd, std::function<void()> callback);
  /// Runs `callback` once after each schedule(), as soon as `fd` can be written to. Not a descriptor that is watched already:
  /// a duplicate.
  [[nodiscard]] Result<EventSource> on_writable(int fd, std::function<void()> callback);
  [[nodiscard]] Result<EventSource> on_signal(int signal, std::function<void()> callback);
  /// A disarmed timer with microsecond accuracy.
  [[nodiscard]] Result<EventSource> timer(std::function<void()> callback);
  /// Work to coalesce: schedule() it any number of times in a turn, it runs once.
  [[nodiscard]] Result<EventSource> deferred(std::function<void()> callback);

  /// Answers the service manager's watchdog from the loop when WATCHDOG_USEC asks for it.
  [[nodiscard]] Result<void> enable_watchdog();

  /// Waits for one thing to happen, until `deadline`, and handles it. False once exit() was called, or where the loop fails.
  [[nodiscard]] bool run_once(Time deadline);
  /// Runs until exit(); the code given there. An error when the loop itself fails.
  [[nodiscard]] Result<int> run();
  void exit(int code) noexcept;

 private:
  std::unique_ptr<sd_event, Releases<sd_event_unref>> event_;
};

}  // namespace macsec::os
