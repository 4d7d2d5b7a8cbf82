// SPDX-License-Identifier: LGPL-2.1-or-later
/// A one-shot timer on an sd-event loop.
#pragma once

#include "dbus/bus/callback.hpp"
#include "engine/base/handle.hpp"

#include <chrono>
#include <ctime>
#include <functional>
#include <systemd/sd-event.h>

namespace macsec::nm {

class Timer {
 public:
  explicit Timer(std::function<void()> fire) : fire_{std::move(fire)} {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  /// Fires once, `span` from now; a former span no longer counts.
  void arm(sd_event* event, std::chrono::microseconds span) {
    sd_event_source* source = nullptr;
    const int r = sd_event_add_time_relative(event, &source, CLOCK_BOOTTIME, static_cast<std::uint64_t>(span.count()),
                                             accuracy, bus::callback<&Timer::on_time>, this);
    source_.reset(r < 0 ? nullptr : source);
  }
  void disarm() noexcept { source_.reset(); }
  [[nodiscard]] bool armed() const noexcept { return source_ != nullptr; }

 private:
  static constexpr std::uint64_t accuracy = 1000;  ///< microseconds; sd-event's own is a quarter of a second

  void on_time() {
    source_.reset();
    const auto fire = fire_;  // it may end the timer
    fire();
  }

  std::function<void()> fire_;
  std::unique_ptr<sd_event_source, Releases<sd_event_source_disable_unref>> source_;
};

}  // namespace macsec::nm
