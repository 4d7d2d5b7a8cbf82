// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/daemon/service.hpp"

#include "engine/crypto/mka_keys.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>
#include <utility>

namespace macsec::daemon {
namespace {

using namespace std::chrono_literals;

constexpr Duration status_pause = 1s;   ///< between two status texts for the service manager
constexpr Duration name_patience = 1s;  ///< links do not wait longer for the bus

/// The first of the directories the service manager made ($RUNTIME_DIRECTORY may list several).
std::string directory_from(const char* variable, std::string_view below, std::string_view fallback) {
  const char* const value = std::getenv(variable);
  if (value == nullptr || *value == '\0') return std::string{fallback};
  const std::string_view list{value};
  return fmt::format("{}{}", list.substr(0, list.find(':')), below);
}

os::StateStore state_store(const Options& options) {
  if (!options.state_dir.empty()) return {options.state_dir, options.state_dir};
  return {directory_from("RUNTIME_DIRECTORY", "/state", "/run/macsecd/state"),
          directory_from("STATE_DIRECTORY", "", "/var/lib/macsecd")};
}

/// Keys live in this process: no core file, no debugger of the same user.
void keep_memory_private() noexcept {
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  constexpr rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
}

}  // namespace

Service::Service(const Options& options)
    : options_{options}, journal_{options.log_level}, state_{state_store(options)} {}

Result<std::unique_ptr<Service>> Service::open(const Options& options) {
  keep_memory_private();
  std::unique_ptr<Service> service{new Service{options}};
  // Before there is a link that would wait for it.
  if (const auto ready = crypto::prepare(); !ready)
    service->journal_.write(os::LogLevel::warning, ready.error().message);
  if (auto started = service->start(); !started) return std::unexpected{started.error()};
  return service;
}

Result<void> Service::start() {
  auto loop = os::EventLoop::open();
  if (!loop) return std::unexpected{loop.error()};
  loop_ = std::move(*loop);

  const auto take = [](os::EventSource& into, Result<os::EventSource> made) -> Result<void> {
    if (!made) return std::unexpected{made.error()};
    into = std::move(*made);
    return {};
  };
  if (auto done = take(sigterm_, loop_.on_signal(SIGTERM, [this] { stop(os::Driver::Farewell::leave); })); !done)
    return done;
  if (auto done = take(sigint_, loop_.on_signal(SIGINT, [this] { stop(os::Driver::Farewell::take_down); })); !done)
    return done;
  if (auto done = take(sighup_, loop_.on_signal(SIGHUP, [this] { reload(); })); !done) return done;
  if (auto done = take(ending_, loop_.deferred([this] {
        // Where another program has the name, it also has the links.
        stop(ended_by_->code == EADDRINUSE ? os::Driver::Farewell::leave : os::Driver::Farewell::take_down);
      }));
      !done)
    return done;
  if (auto done = take(status_timer_, loop_.timer([this] {
        status_due_ = false;
        if (const std::string now = manager_->summary(); now != status_) {
          status_ = now;
          sd_notifyf(0, "STATUS=%s", status_.c_str());
        }
      }));
      !done)
    return done;

  if (auto done = take(retirements_, loop_.deferred([this] { manager_->finish_retirements(); })); !done) return done;

  std::vector<os::KeptFile> inherited = os::inherited_files();
  auto driver = os::Driver::open(loop_, journal_, state_, inherited);
  if (!driver) return std::unexpected{driver.error()};
  driver_ = std::move(*driver);
  memory_.emplace(inherited);
  MemoryKeyring keys{memory_->take(), [this](const MemoryKeys& each) { return memory_->keep(each); }, os::boot_time()};
  manager_ = std::make_unique<Manager>(
      *driver_, journal_, ProfileStore{options_.config_dirs, ProfileContext::from_environment(), std::move(keys)});
  if (options_.bus)
    if (auto done = start_bus(); !done) return done;
  const auto changed = [this](const os::Session& session) {
    status_changed();
    if (server_) server_->published().session_changed(session.profile().link.interface);
  };
  // A profile tells which session runs it.
  const auto came_or_went = [this, changed](const os::Session& session) {
    changed(session);
    if (server_) server_->published().profile_changed(configured_name(session.profile()));
  };
  driver_->observe({.added = came_or_went,
                    .changed = changed,
                    .removed = came_or_went,
                    .event = [this](const os::Session& session, const core::Event& event) { on_event(session, event); },
                    .spare = [this](const std::string& profile,
                                    const std::string& problem) { manager_->set_spare_problem(profile, problem); },
                    .problems = [this](const auto& problems) { manager_->set_problems(problems); }});
  return loop_.enable_watchdog();
}

/// Only begins to connect: links do not wait for the bus, and go on without it.
Result<void> Service::start_bus() {
  bus::ServerOptions options;
  options.authority.trusted.insert(0);
  options.authority.trusted.insert(::geteuid());
  options.profiles = ProfileContext::from_environment();
  options.report = [this](const std::string& text) { journal_.write(os::LogLevel::warning, text); };
  options.refused = [this](const std::string& why, bool taken) {
    ended_by_ = Error{taken ? EADDRINUSE : EADDRNOTAVAIL, why};
    ending_.schedule();
  };
  server_ = std::make_unique<bus::Server>(loop_.get(), *manager_, std::move(options));
  manager_->observe([this](const std::string& profile) { server_->published().profile_changed(profile); });
  return server_->start();
}

bool Service::settle_name() {
  const Time deadline = os::boot_time() + name_patience;
  while (server_ && server_->asks_for_name() && os::boot_time() < deadline)
    if (!loop_.run_once(deadline)) return false;
  return !ended_by_;
}

Result<void> Service::run() {
  // Before any link is touched: another macsecd may have them, and one without its name is of no use to anybody.
  if (!settle_name()) return ended_by_ ? Result<void>{std::unexpected{*ended_by_}} : Result<void>{};
  static_cast<void>(manager_->reload());  // what is wrong with a file is in the journal; the others run
  journal_.write(os::LogLevel::notice, "macsecd " MACSECD_VERSION " runs: " + manager_->inventory());
  status_ = manager_->summary();
  sd_notifyf(0, "READY=1\nSTATUS=%s", status_.c_str());
  const auto code = loop_.run();
  if (!code) return std::unexpected{code.error()};
  if (ended_by_) return std::unexpected{*ended_by_};
  return {};
}

void Service::reload() {
  // The service manager matches the answer to its request by this time (sd_notify(3)).
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
             static_cast<long long>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1'000);
  static_cast<void>(manager_->reload());  // what is wrong with a file is in the journal
  sd_notify(0, "READY=1");
}

void Service::stop(os::Driver::Farewell farewell) {
  if (std::exchange(stopping_, true)) return loop_.exit(0);  // who asks twice waits for nothing
  sd_notify(0, "STOPPING=1");
  journal_.write(os::LogLevel::notice, farewell == os::Driver::Farewell::leave
                                           ? "macsecd stops: links keep their keys for the next start"
                                           : "macsecd stops: links are taken down");
  driver_->observe({});
  if (server_) server_->stop();  // before the sessions go: clients learn of an end, not of links torn down
  driver_->stop(farewell);
  driver_->finish([this] { loop_.exit(0); });
}

void Service::on_event(const os::Session& session, const core::Event& event) {
  if (server_) server_->published().session_event(session.profile().link.interface, event);
  switch (event.kind) {
    case core::Event::Kind::key_retired:
      manager_->key_retired(configured_name(session.profile()), event.ckn.value());
      retirements_.schedule();
      [[fallthrough]];
    case core::Event::Kind::peer_live:
    case core::Event::Kind::peer_lost:
    case core::Event::Kind::sak_installed:
    case core::Event::Kind::principal_changed:
    case core::Event::Kind::key_active:
    case core::Event::Kind::key_draining:
    case core::Event::Kind::key_kept:
    case core::Event::Kind::key_overdue:
      // A profile tells how its keys do.
      if (server_) server_->published().profile_changed(configured_name(session.profile()));
      break;
    case core::Event::Kind::state_changed:
    case core::Event::Kind::rekey_started:
    case core::Event::Kind::key_server_changed:
    case core::Event::Kind::key_expiring:
    case core::Event::Kind::key_mismatch:
    case core::Event::Kind::identity_conflict:
    case core::Event::Kind::clock_untrusted:
    case core::Event::Kind::unknown_ckn:
    case core::Event::Kind::authenticated:
    case core::Event::Kind::authentication_failed:
    case core::Event::Kind::reauthenticated:
    case core::Event::Kind::authentication_lost:
    case core::Event::Kind::certificate_expires:
    case core::Event::Kind::insecure:
    case core::Event::Kind::other_host:
    case core::Event::Kind::secy_error:
    case core::Event::Kind::snapshot_changed:
      break;
  }
}

void Service::status_changed() {
  if (status_due_) return;
  status_due_ = true;
  status_timer_.arm(os::boot_time() + status_pause);
}

ExitCode check_profiles(const std::vector<std::string>& paths) {
  const ProfileContext context = ProfileContext::from_environment().as_of_now();
  bool good = true;
  const auto tell = [&good](const std::vector<Diagnostic>& diagnostics) {
    for (const Diagnostic& diagnostic : diagnostics)
      fmt::print("{}: {}\n", to_string(diagnostic.severity), to_string(diagnostic));
    good = good && !has_error(diagnostics);
  };
  const auto judge = [&](const ProfileFile& file) {
    tell(file.diagnostics);
    good = good && file.profile != nullptr;
    if (file.profile) fmt::print("{}: {} on {}\n", file.path, file.profile->link.interface, file.profile->link.parent);
  };
  for (const std::string& path : paths) {
    std::error_code error;
    if (!std::filesystem::is_directory(path, error)) {
      judge(load_profile(path, context));
      continue;
    }
    const std::string_view directory{path};
    std::vector<Diagnostic> unread;
    const auto files = load_profiles({&directory, 1}, context, &unread);
    tell(unread);
    if (files.empty() && unread.empty()) fmt::print("{}: no profiles\n", path);
    for (const ProfileFile& file : files) judge(file);
  }
  return good ? ExitCode::success : ExitCode::bad_profile;
}

}  // namespace macsec::daemon
