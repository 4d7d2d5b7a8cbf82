// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/bus/connection.hpp"
#include "plugin/networkmanager/enable.hpp"
#include "plugin/networkmanager/glib_loop.hpp"
#include "plugin/networkmanager/log.hpp"
#include "plugin/networkmanager/options.hpp"
#include "plugin/networkmanager/supplicant.hpp"

#include <csignal>
#include <vector>

namespace macsec::nm {
namespace {

int complain(const Error& error) {
  log_line(SD_ERR, "macsec-nm: {}", error.message);
  return 1;
}

/// Everything wired together.
class Service {
 public:
  explicit Service(GlibLoop& loop) : loop_{loop} {}

  [[nodiscard]] Result<void> start(const Options& options) {
    auto front = bus::start_connection(loop_.event(), bus::system_bus_address(), "front");
    if (!front) return std::unexpected{front.error()};
    front_ = std::move(*front);
    auto runs = Runs::start(loop_.event(), {}, [this](const std::string& device) {
      if (supplicant_) supplicant_->changed(device);
    });
    if (!runs) return std::unexpected{runs.error()};
    runs_ = std::move(*runs);
    auto proxy = Proxy::start(loop_.event(), front_.get(), {.address = options.supplicant_bus});
    if (!proxy) return std::unexpected{proxy.error()};
    proxy_ = std::move(*proxy);
    supplicant_ =
        std::make_unique<Supplicant>(loop_.event(), front_.get(), *runs_, *proxy_, connections_, SupplicantOptions{});
    auto watch = LinkWatch::open(loop_.event(), [this](unsigned ifindex) { supplicant_->device_gone(ifindex); });
    if (!watch) return std::unexpected{watch.error()};
    watch_ = std::move(*watch);
    sd_bus_slot* slot = nullptr;
    if (const int r = sd_bus_add_filter(front_.get(), &slot, on_front, this); r < 0)
      return std::unexpected{bus::bus_failure(r, "watch the bus")};
    filter_.reset(slot);
    return supplicant_->start([this](const std::string& why) {
      log_line(SD_ERR, "macsec-nm: cannot serve fi.w1.wpa_supplicant1: {}", why);
      loop_.exit(1);
    });
  }

 private:
  static int on_front(sd_bus_message* message, void* userdata, sd_bus_error*) noexcept {
    if (sd_bus_message_is_signal(message, "org.freedesktop.DBus.Local", "Disconnected") > 0) {
      log_line(SD_ERR, "macsec-nm: the system bus is gone");
      static_cast<Service*>(userdata)->loop_.exit(1);
    }
    return 0;
  }

  GlibLoop& loop_;
  Connections connections_;
  bus::BusPointer front_;
  std::unique_ptr<Runs> runs_;
  std::unique_ptr<Proxy> proxy_;
  std::unique_ptr<Supplicant> supplicant_;
  std::unique_ptr<LinkWatch> watch_;
  bus::SlotPointer filter_;
};

int serve(const Options& options) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT}) sigaddset(&signals, signal);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  auto loop = GlibLoop::open();
  if (!loop) return complain(loop.error());
  for (const int signal : {SIGTERM, SIGINT}) {
    const auto end = [](sd_event_source*, const signalfd_siginfo*, void* userdata) noexcept {
      static_cast<GlibLoop*>(userdata)->exit(0);
      return 0;
    };
    sd_event_add_signal((*loop)->event(), nullptr, signal, end, loop->get());
  }
  Service service{**loop};
  if (const auto started = service.start(options); !started) return complain(started.error());
  return (*loop)->run();
}

int run(std::span<const std::string_view> arguments) {
  const auto options = parse_options(arguments);
  if (!options) {
    fmt::print(stderr, "macsec-nm: {}\nTry --help.\n", options.error().message);
    return 2;
  }
  switch (options->action) {
    case Options::Action::help:
      fmt::print("{}", help_text());
      return 0;
    case Options::Action::version:
      fmt::print("macsec-nm {}\n", MACSECD_VERSION);
      return 0;
    case Options::Action::enable:
    case Options::Action::disable: {
      const auto done = options->action == Options::Action::enable ? enable(*options) : disable(*options);
      return done ? 0 : complain(done.error());
    }
    case Options::Action::serve:
      return serve(*options);
  }
  return 2;
}

}  // namespace
}  // namespace macsec::nm

int main(int argc, char** argv) {
  const std::vector<std::string_view> arguments{argv + 1, argv + argc};
  return macsec::nm::run(arguments);
}
