// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/networkmanager/glib_loop.hpp"

namespace macsec::nm {

struct GlibLoop::Source {
  GSource base;
  sd_event* event;
  GPollFD poll;
};

namespace {

template <typename T>
T* as(GSource* source) noexcept {
  return reinterpret_cast<T*>(source);  // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
}

}  // namespace

Result<std::unique_ptr<GlibLoop>> GlibLoop::open() {
  static GSourceFuncs functions{
      .prepare = [](GSource* source, gint* timeout) noexcept -> gboolean {
        *timeout = -1;
        // sd-event's own timers make its descriptor readable.
        return sd_event_prepare(as<Source>(source)->event) > 0;
      },
      .check = [](GSource* source) noexcept -> gboolean { return sd_event_wait(as<Source>(source)->event, 0) > 0; },
      .dispatch = [](GSource* source, GSourceFunc, gpointer) noexcept -> gboolean {
        return sd_event_dispatch(as<Source>(source)->event) > 0 ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
      },
      .finalize = nullptr,
      .closure_callback = nullptr,
      .closure_marshal = nullptr,
  };
  std::unique_ptr<GlibLoop> self{new GlibLoop};
  sd_event* event = nullptr;
  if (const int r = sd_event_new(&event); r < 0) return fail(-r, "cannot make an event loop");
  self->event_.reset(event);
  self->loop_.reset(g_main_loop_new(nullptr, FALSE));
  self->source_ = g_source_new(&functions, sizeof(Source));
  auto* source = as<Source>(self->source_);
  source->event = event;
  source->poll.fd = sd_event_get_fd(event);
  source->poll.events = G_IO_IN | G_IO_HUP | G_IO_ERR;
  source->poll.revents = 0;
  g_source_add_poll(self->source_, &source->poll);
  g_source_attach(self->source_, nullptr);
  return self;
}

GlibLoop::~GlibLoop() {
  if (source_ == nullptr) return;
  g_source_destroy(source_);
  g_source_unref(source_);
}

int GlibLoop::run() {
  g_main_loop_run(loop_.get());
  return code_;
}

void GlibLoop::exit(int code) noexcept {
  code_ = code;
  g_main_loop_quit(loop_.get());
}

}  // namespace macsec::nm
