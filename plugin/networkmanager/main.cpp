// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/bus/connection.hpp"
#include "plugin/networkmanager/enable.hpp"
#include "plugin/networkmanager/front/held_bus.hpp"
#include "plugin/networkmanager/front/supplicant.hpp"
#include "plugin/networkmanager/glib_loop.hpp"
#include "plugin/networkmanager/log.hpp"
#include "plugin/networkmanager/names.hpp"
#include "plugin/networkmanager/options.hpp"
#include "plugin/networkmanager/profiles/listing.hpp"

#include <csignal>
#include <cstdlib>
#include <sys/socket.h>
#include <vector>

namespace macsec::nm {
namespace {

int complain(const Error& error) {
  log_line(SD_ERR, "macsec-nm: {}", error.message);
  return 1;
}

/// What an earlier process left with the service manager.
struct Kept {
  FileDescriptor bus;
  FileDescriptor state;
};

constexpr const char* bus_fd = "bus";
constexpr const char* state_fd = "state";
/// Of what is written there: another build's is not read, and NetworkManager activates its connections anew.
constexpr std::uint64_t state_version = 1;

Kept take_kept() {
  Kept kept;
  char** names = nullptr;
  const int count = sd_listen_fds_with_names(1, &names);
  for (int i = 0; i < count; ++i) {
    FileDescriptor fd{SD_LISTEN_FDS_START + i};
    if (std::string_view{names[i]} == bus_fd)
      kept.bus = std::move(fd);
    else if (std::string_view{names[i]} == state_fd)
      kept.state = std::move(fd);
    std::free(names[i]);  // NOLINT(cppcoreguidelines-no-malloc): sd-daemon's
  }
  std::free(static_cast<void*>(names));  // NOLINT(cppcoreguidelines-no-malloc)
  return kept;
}

void keep(const char* name, int fd) {
  sd_pid_notify_with_fds(0, 0, fmt::format("FDSTORE=1\nFDNAME={}", name).c_str(), &fd, 1);
}

/// Ends a connection that nobody can go on with, and with it its name: the service manager has it, too.
void drop(const char* name, FileDescriptor bus) {
  ::shutdown(bus.get(), SHUT_RDWR);
  sd_notify(0, fmt::format("FDSTOREREMOVE=1\nFDNAME={}", name).c_str());
}

/// Where the system bus is; empty where it is no socket of a file.
std::string system_bus_path() {
  constexpr std::string_view prefix = "unix:path=";
  const std::string address = bus::system_bus_address();
  if (!address.starts_with(prefix) || address.find_first_of(",;") != std::string::npos) return {};
  return address.substr(prefix.size());
}

/// Everything wired together.
class Service {
 public:
  explicit Service(GlibLoop& loop) : loop_{loop} {}

  [[nodiscard]] Result<void> start(const Options& options) {
    std::vector<std::uint8_t> before;
    if (auto done = connect(before); !done) return done;
    RunsOptions runs_options;
    runs_options.moved = [this] {
      if (listing_) listing_->update();
    };
    runs_options.given_up = [this](const std::string& profile) {
      if (listing_) listing_->take_over(profile);
    };
    auto runs = Runs::start(loop_.event(), std::move(runs_options), [this](const std::string& device) {
      if (supplicant_) supplicant_->changed(device);
    });
    if (!runs) return std::unexpected{runs.error()};
    runs_ = std::move(*runs);
    listing_.emplace(
        loop_.event(), *runs_, [this] { return connections_.all(); },
        [this](std::set<std::string> devices) { connections_.manage(std::move(devices)); });
    connections_.on_changed([this] { listing_->update(); });
    auto proxy = Proxy::start(loop_.event(), front(), {.address = options.supplicant_bus, .unit = supplicant_unit});
    if (!proxy) return std::unexpected{proxy.error()};
    proxy_ = std::move(*proxy);
    SupplicantOptions supplicant_options;
    supplicant_options.dirty = [this] { save(); };
    supplicant_ = std::make_unique<Supplicant>(loop_.event(), front(), *runs_, *proxy_, connections_,
                                               std::move(supplicant_options));
    auto watch = LinkWatch::open(loop_.event(), [this](unsigned ifindex) { supplicant_->device_gone(ifindex); });
    if (!watch) return std::unexpected{watch.error()};
    watch_ = std::move(*watch);
    sd_bus_slot* slot = nullptr;
    if (const int r = sd_bus_add_filter(front(), &slot, on_front, this); r < 0)
      return std::unexpected{bus::bus_failure(r, "watch the bus")};
    filter_.reset(slot);
    RecordReader reader{before};
    if (read_name(reader)) supplicant_->restore(reader);
    wipe(before);
    return supplicant_->start([this](const std::string& why) {
      log_line(SD_ERR, "macsec-nm: cannot serve fi.w1.wpa_supplicant1: {}", why);
      loop_.exit(1);
    });
  }

 private:
  [[nodiscard]] sd_bus* front() const noexcept { return held_ ? held_->bus() : front_.get(); }

  static bool read_name(RecordReader& reader, HeldName* name = nullptr) {
    static_cast<void>(reader.number());  // the size
    const bool ours = reader.number() == state_version;
    HeldName read;
    read.unique_name = reader.text();
    read.generation = reader.as<std::uint32_t>();
    if (name != nullptr && reader.ok()) *name = read;
    return ours && reader.ok() && !read.unique_name.empty();
  }

  /// Takes up the connection an earlier process left, or makes one; `before` is what that process knew.
  [[nodiscard]] Result<void> connect(std::vector<std::uint8_t>& before) {
    Kept kept = take_kept();
    const std::string path = system_bus_path();
    if (path.empty() || ::secure_getenv("NOTIFY_SOCKET") == nullptr) {
      auto front = bus::start_connection(loop_.event(), bus::system_bus_address(), "front");
      if (!front) return std::unexpected{front.error()};
      front_ = std::move(*front);
      return {};
    }
    auto memory = Memory::open(std::move(kept.state));
    if (!memory) return std::unexpected{memory.error()};
    memory_.emplace(std::move(*memory));
    HeldName name;
    if (kept.bus) {
      before = memory_->read();
      RecordReader reader{before};
      if (before.size() < 8 || RecordReader{before}.number() + 8 != before.size() || !read_name(reader, &name)) {
        wipe(before);
        before.clear();
        name = {};
        drop(bus_fd, std::exchange(kept.bus, {}));
      }
    }
    auto held = HeldBus::open(loop_.event(), path, std::move(kept.bus), std::move(name));
    if (!held) return std::unexpected{held.error()};
    held_ = std::move(*held);
    held_->on_name([this] {
      keep(bus_fd, held_->socket());
      keep(state_fd, memory_->file());
      save();
    });
    return {};
  }

  void save() {
    if (!held_ || held_->name().unique_name.empty() || !supplicant_) return;
    Record record;
    record.number(state_version);
    record.text(held_->name().unique_name);
    record.number(held_->name().generation);
    supplicant_->save(record);
    if (const auto written = memory_->write(record.all()); !written)
      log_line(SD_WARNING, "{}", written.error().message);
  }

  static int on_front(sd_bus_message* message, void* userdata, sd_bus_error*) noexcept {
    if (sd_bus_message_is_signal(message, "org.freedesktop.DBus.Local", "Disconnected") > 0) {
      log_line(SD_ERR, "macsec-nm: the system bus is gone");
      static_cast<Service*>(userdata)->loop_.exit(1);
    }
    return 0;
  }

  GlibLoop& loop_;
  Connections connections_;
  std::optional<Memory> memory_;
  std::unique_ptr<HeldBus> held_;
  bus::BusPointer front_;
  std::unique_ptr<Runs> runs_;
  std::optional<Listing> listing_;
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
