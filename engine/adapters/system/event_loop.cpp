// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/system/event_loop.hpp"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <ctime>
#include <sys/epoll.h>
#include <unistd.h>

namespace macsec::os {
namespace {

std::int64_t read_clock(clockid_t clock) noexcept {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000;
}

using Callback = std::function<void()>;

void call(void* data) noexcept { (*static_cast<Callback*>(data))(); }

int on_io(sd_event_source* /*source*/, int /*fd*/, std::uint32_t /*events*/, void* data) noexcept {
  call(data);
  return 0;
}
int on_time(sd_event_source* /*source*/, std::uint64_t /*when*/, void* data) noexcept {
  call(data);
  return 0;
}
int on_signal_info(sd_event_source* /*source*/, const signalfd_siginfo* /*info*/, void* data) noexcept {
  call(data);
  return 0;
}
int on_defer(sd_event_source* /*source*/, void* data) noexcept {
  call(data);
  return 0;
}

std::unexpected<Error> failure(int code, std::string what) {
  return fail(-code, std::move(what) + ": " + std::strerror(-code));
}

}  // namespace

Time boot_time() noexcept { return Time{Duration{read_clock(CLOCK_BOOTTIME)}}; }

Time wall_clock_epoch() noexcept { return Time{Duration{read_clock(CLOCK_BOOTTIME) - read_clock(CLOCK_REALTIME)}}; }

bool wall_clock_synchronised() noexcept {
  // The kernel's own flag is out of reach: ProtectClock= of the service denies adjtimex(2).
  return ::access("/run/systemd/timesync", F_OK) != 0 || ::access("/run/systemd/timesync/synchronized", F_OK) == 0;
}

void EventSource::arm(Time when) noexcept {
  if (!source_) return;
  const auto microseconds = std::max<std::int64_t>(when.time_since_epoch().count(), 1);
  sd_event_source_set_time(source_.get(), static_cast<std::uint64_t>(microseconds));
  sd_event_source_set_enabled(source_.get(), SD_EVENT_ONESHOT);
}

void EventSource::schedule() noexcept {
  if (source_) sd_event_source_set_enabled(source_.get(), SD_EVENT_ONESHOT);
}

void EventSource::disarm() noexcept {
  if (source_) sd_event_source_set_enabled(source_.get(), SD_EVENT_OFF);
}

Result<EventLoop> EventLoop::open() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  if (::sigprocmask(SIG_BLOCK, &signals, nullptr) < 0) return failure(-errno, "cannot block signals");

  sd_event* event = nullptr;
  if (const int r = sd_event_new(&event); r < 0) return failure(r, "cannot create the event loop");
  EventLoop loop;
  loop.event_.reset(event);
  return loop;
}

Result<EventSource> EventLoop::on_readable(int fd, std::function<void()> callback) {
  EventSource made;
  made.callback_ = std::make_unique<Callback>(std::move(callback));
  sd_event_source* source = nullptr;
  if (const int r = sd_event_add_io(event_.get(), &source, fd, EPOLLIN, on_io, made.callback_.get()); r < 0)
    return failure(r, "cannot watch a descriptor");
  made.source_.reset(source);
  return made;
}

Result<EventSource> EventLoop::on_writable(int fd, std::function<void()> callback) {
  EventSource made;
  made.callback_ = std::make_unique<Callback>(std::move(callback));
  sd_event_source* source = nullptr;
  if (const int r = sd_event_add_io(event_.get(), &source, fd, EPOLLOUT, on_io, made.callback_.get()); r < 0)
    return failure(r, "cannot watch a descriptor");
  made.source_.reset(source);
  made.disarm();
  return made;
}

Result<EventSource> EventLoop::on_signal(int signal, std::function<void()> callback) {
  EventSource made;
  made.callback_ = std::make_unique<Callback>(std::move(callback));
  sd_event_source* source = nullptr;
  if (const int r = sd_event_add_signal(event_.get(), &source, signal, on_signal_info, made.callback_.get()); r < 0)
    return failure(r, std::string{"cannot watch for "} + ::strsignal(signal));
  made.source_.reset(source);
  return made;
}

Result<EventSource> EventLoop::timer(std::function<void()> callback) {
  EventSource made;
  made.callback_ = std::make_unique<Callback>(std::move(callback));
  sd_event_source* source = nullptr;
  // An accuracy of 0 would mean 250 ms.
  if (const int r = sd_event_add_time(event_.get(), &source, CLOCK_BOOTTIME, 1, 1, on_time, made.callback_.get());
      r < 0)
    return failure(r, "cannot create a timer");
  made.source_.reset(source);
  made.disarm();
  return made;
}

Result<EventSource> EventLoop::deferred(std::function<void()> callback) {
  EventSource made;
  made.callback_ = std::make_unique<Callback>(std::move(callback));
  sd_event_source* source = nullptr;
  if (const int r = sd_event_add_defer(event_.get(), &source, on_defer, made.callback_.get()); r < 0)
    return failure(r, "cannot create deferred work");
  made.source_.reset(source);
  // At normal priority sd-event serves first what became ready first: this runs after what is ready when it is
  // scheduled, and a flood of frames cannot starve it.
  made.disarm();
  return made;
}

Result<void> EventLoop::enable_watchdog() {
  if (const int r = sd_event_set_watchdog(event_.get(), 1); r < 0) return failure(r, "cannot answer the watchdog");
  return {};
}

bool EventLoop::run_once(Time deadline) {
  const Duration left = std::max(deadline - boot_time(), Duration{0});
  return sd_event_run(event_.get(), static_cast<std::uint64_t>(left.count())) >= 0 &&
         sd_event_get_exit_code(event_.get(), nullptr) < 0;
}

Result<int> EventLoop::run() {
  const int code = sd_event_loop(event_.get());
  if (code < 0) return failure(code, "the event loop failed");
  return code;
}

void EventLoop::exit(int code) noexcept { sd_event_exit(event_.get(), code); }

}  // namespace macsec::os
