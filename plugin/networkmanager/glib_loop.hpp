// SPDX-License-Identifier: LGPL-2.1-or-later
/// One thread for two loops: GLib's, which libnm needs, with an sd-event loop as one of its sources.
#pragma once

#include "engine/base/handle.hpp"
#include "engine/base/result.hpp"

#include <glib.h>
#include <systemd/sd-event.h>

namespace macsec::nm {

class GlibLoop {
 public:
  [[nodiscard]] static Result<std::unique_ptr<GlibLoop>> open();
  GlibLoop(const GlibLoop&) = delete;
  GlibLoop& operator=(const GlibLoop&) = delete;
  ~GlibLoop();

  [[nodiscard]] sd_event* event() const noexcept { return event_.get(); }
  /// Until exit(); the code given there.
  int run();
  void exit(int code) noexcept;
  void end() { exit(0); }

 private:
  struct Source;
  GlibLoop() = default;

  std::unique_ptr<sd_event, Releases<sd_event_unref>> event_;
  std::unique_ptr<GMainLoop, Releases<g_main_loop_unref>> loop_;
  GSource* source_ = nullptr;
  int code_ = 0;
};

}  // namespace macsec::nm
