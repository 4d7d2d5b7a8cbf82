// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/networkmanager/service.hpp"

#include "dbus/bus/callback.hpp"
#include "dbus/bus/connection.hpp"
#include "plugin/networkmanager/log.hpp"
#include "plugin/networkmanager/names.hpp"

#include <csignal>
#include <cstdlib>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

namespace macsec::nm {
namespace {

/// What an earlier process left with the service manager.
struct Kept {
  FileDescriptor bus;
  FileDescriptor state;
};

constexpr const char* bus_fd = "bus";
constexpr const char* state_fd = "state";

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

/// Ends a connection that no process can continue, and with it its name: the service manager holds it, too.
void drop(const char* name, FileDescriptor bus) {
  ::shutdown(bus.get(), SHUT_RDWR);
  sd_notify(0, fmt::format("FDSTOREREMOVE=1\nFDNAME={}", name).c_str());
}

/// Where the system bus is; empty where it is no socket of a file.
std::string system_bus_path() {
  constexpr std::string_view path_prefix = "unix:path=";
  const std::string address = bus::system_bus_address();
  if (!address.starts_with(path_prefix) || address.find_first_of(",;") != std::string::npos) return {};
  return address.substr(path_prefix.size());
}

/// The keys of active connections are in here: no core files, no reading by others of the same user.
void keep_memory_private() noexcept {
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  constexpr rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
}

/// Layout of what follows the name. None where this version does not know it: NetworkManager activates its connections again.
std::optional<Layout> read_name(RecordReader& reader, HeldName* name = nullptr) {
  static_cast<void>(reader.number());  // the size
  const auto layout = reader.as<Layout>();
  HeldName read;
  read.unique_name = reader.text();
  read.generation = reader.as<std::uint32_t>();
  if (name != nullptr && reader.ok()) *name = read;
  const bool known = layout == Layout::keys || layout == Layout::authentication;
  return known && reader.ok() && !read.unique_name.empty() ? std::optional{layout} : std::nullopt;
}

}  // namespace

Result<void> Service::start(const Options& options) {
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
  LinkEvents::Callbacks links;
  links.changed = [](const LinkFacts&) {};
  links.gone = [this](unsigned ifindex) { supplicant_->device_gone(ifindex); };
  links.all = [this](const std::vector<LinkFacts>&) { supplicant_->device_gone(0); };
  auto events = LinkEvents::open(loop_.event(), std::move(links));
  if (!events) return std::unexpected{events.error()};
  link_events_ = std::move(*events);
  if (auto done = watch_front(); !done) return done;
  RecordReader reader{before};
  if (const auto layout = read_name(reader)) supplicant_->restore(reader, *layout);
  wipe(before);
  return supplicant_->start([this](const std::string& why) {
    log_line(SD_ERR, "macsec-nm: cannot serve {}: {}", supplicant_name, why);
    loop_.exit(static_cast<int>(ExitCode::no_name));
  });
}

/// Continues the connection an earlier process left, or makes one; `before` is what that process knew.
Result<void> Service::connect(std::vector<std::uint8_t>& before) {
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

Result<void> Service::watch_front() {
  sd_bus_slot* slot = nullptr;
  if (const int r = sd_bus_add_filter(front(), &slot, bus::callback<&Service::on_front>, this); r < 0)
    return std::unexpected{bus::bus_failure(r, "watch the bus")};
  filter_.reset(slot);
  return {};
}

void Service::save() {
  if (!held_ || held_->name().unique_name.empty() || !supplicant_) return;
  Record record;
  const Layout layout = supplicant_->layout();
  record.number(static_cast<std::uint64_t>(layout));
  record.text(held_->name().unique_name);
  record.number(held_->name().generation);
  supplicant_->save(record, layout);
  if (const auto written = memory_->write(record.all()); !written) log_line(SD_WARNING, "{}", written.error().message);
}

void Service::on_front(sd_bus_message* message) {
  if (sd_bus_message_is_signal(message, "org.freedesktop.DBus.Local", "Disconnected") <= 0) return;
  log_line(SD_ERR, "macsec-nm: the system bus is gone");
  loop_.exit(static_cast<int>(ExitCode::failure));
}

ExitCode serve(const Options& options) {
  keep_memory_private();
  const auto complain = [](const Error& error) {
    log_line(SD_ERR, "macsec-nm: {}", error.message);
    return ExitCode::failure;
  };
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT}) sigaddset(&signals, signal);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  auto loop = GlibLoop::open();
  if (!loop) return complain(loop.error());
  for (const int signal : {SIGTERM, SIGINT})
    sd_event_add_signal((*loop)->event(), nullptr, signal, bus::callback<&GlibLoop::end>, loop->get());
  Service service{**loop};
  if (const auto started = service.start(options); !started) return complain(started.error());
  return static_cast<ExitCode>((*loop)->run());
}

}  // namespace macsec::nm
