// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/keys/service.hpp"

#include "dbus/bus/callback.hpp"
#include "dbus/bus/connection.hpp"
#include "plugin/keys/log.hpp"

#include <csignal>
#include <ctime>
#include <fmt/format.h>
#include <random>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <syslog.h>
#include <systemd/sd-daemon.h>

namespace macsec::keys {
namespace {

std::uint32_t seed() { return std::random_device{}(); }

/// Of Time, whose clock has no now(), as seconds since 1970.
std::int64_t wall_time_of(Time time, Time now) {
  return ::time(nullptr) - std::chrono::duration_cast<std::chrono::seconds>(now - time).count();
}

}  // namespace

Result<std::unique_ptr<Service>> Service::open(ServiceOptions options) {
  // Keys live in this process: no core file, not even by a pipe, no debugger of the same user.
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  std::unique_ptr<Service> service{new Service{std::move(options)}};
  if (auto started = service->start(); !started) return std::unexpected{started.error()};
  return service;
}

Result<void> Service::start() {
  sd_event* event = nullptr;
  if (const int r = sd_event_new(&event); r < 0) return std::unexpected{bus::bus_failure(r, "make an event loop")};
  event_.reset(event);
  if (auto done = add_sources(); !done) return done;
  auto resolver = Resolver::open(event);
  if (!resolver) return std::unexpected{resolver.error()};
  resolver_ = std::move(*resolver);

  bus::ClientOptions client_options;
  client_options.address = options_.bus_address;
  client_options.interactive = false;
  auto client = bus::Client::start(event, std::move(client_options));
  if (!client) return std::unexpected{client.error()};
  client_ = std::move(*client);
  // The service manager starts it again; the daemon keeps the keys.
  sd_bus_set_exit_on_disconnect(client_->bus(), 1);
  auto object = SourcesObject::publish(client_->bus(), [this] { return rows(); });
  if (!object) return std::unexpected{object.error()};
  object_ = std::move(*object);

  around_servers_.emplace(Server::Surroundings{.event = event, .resolver = *resolver_, .changed = [this] { wake(); }});
  mirror_ = std::make_unique<bus::Mirror>(
      *client_, bus::Mirror::Callbacks{.changed = [this](const bus::Change& change) { daemon_changed(change); },
                                       .event = {},
                                       .unknown_ckn = [this](const std::string& session, const std::string& ckn,
                                                             const std::string&) { unknown_ckn(session, ckn); },
                                       .key_event = {}});
  around_links_.emplace(Link::Surroundings{
      .client = *client_,
      .mirror = *mirror_,
      .wake = [this] { wake(); },
      .tell = [](const std::string& profile, std::string_view kind,
                 const std::string& text) { log(LOG_WARNING, kind, fmt::format("{}: {}", profile, text)); }});
  reload();
  return {};
}

Result<void> Service::add_sources() {
  sigset_t set{};
  ::sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&set, signal);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  int r = 0;
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
    sd_event_source* source = nullptr;
    if (r >= 0) r = sd_event_add_signal(event_.get(), &source, signal, bus::callback<&Service::signalled>, this);
    signals_.emplace_back(source);
  }
  sd_event_source* source = nullptr;
  if (r >= 0)
    r = sd_event_add_time(event_.get(), &source, CLOCK_BOOTTIME, 0, 10'000, bus::callback<&Service::tick>, this);
  timer_.reset(source);
  if (r >= 0) r = sd_event_source_set_enabled(source, SD_EVENT_OFF);
  if (r >= 0) r = sd_event_set_watchdog(event_.get(), 1);
  if (r < 0) return std::unexpected{bus::bus_failure(r, "set up the event loop")};
  return {};
}

Result<void> Service::run() {
  sd_notify(0, "READY=1");
  tell_status();
  if (const int r = sd_event_loop(event_.get()); r < 0)
    return std::unexpected{bus::bus_failure(r, "run the event loop")};
  return {};
}

Time Service::now() const {
  std::uint64_t usec = 0;
  sd_event_now(event_.get(), CLOCK_BOOTTIME, &usec);
  return Time{Duration{static_cast<std::int64_t>(usec)}};
}

void Service::arm(Time when) {
  if (when >= due_) return;
  due_ = when;
  sd_event_source_set_time(timer_.get(), static_cast<std::uint64_t>(when.time_since_epoch().count()));
  sd_event_source_set_enabled(timer_.get(), SD_EVENT_ONESHOT);
}

int Service::signalled(const signalfd_siginfo& info) {
  if (info.ssi_signo != SIGHUP) {
    sd_notify(0, "STOPPING=1");
    return sd_event_exit(event_.get(), 0);
  }
  // The service manager matches the answer to its request by this time (sd_notify(3)).
  timespec at{};
  ::clock_gettime(CLOCK_MONOTONIC, &at);
  sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld", static_cast<long long>(at.tv_sec) * 1'000'000 + at.tv_nsec / 1'000);
  reload();
  sd_notify(0, "READY=1");
  return 0;
}

/// Reads the files again. A file that is broken now leaves its server as it was.
void Service::reload() {
  SourceListing listing = read_sources(options_.directory);
  for (const Diagnostic& one : listing.diagnostics)
    log(one.severity == Severity::error ? LOG_ERR : LOG_WARNING, {}, to_string(one));
  complaints_.clear();
  for (auto& [path, link] : links_) brought_[path] = link->take_keys();
  links_.clear();
  std::erase_if(servers_, [this, &listing](const auto& one) {
    const std::string& path = one.second->source().path;
    return std::ranges::none_of(listing.sources, [&path](const Source& other) { return other.path == path; }) &&
           std::ranges::none_of(listing.diagnostics, [this, &path](const Diagnostic& other) {
             return other.file == path ||
                    other.file == options_.directory;  // where no file could be read, none is gone
           });
  });
  for (Source& source : listing.sources) {
    std::unique_ptr<Server>& server = servers_[source.name];
    server = std::make_unique<Server>(std::move(source), *around_servers_, seed());
    if (!server->broken().empty()) log(LOG_ERR, {}, fmt::format("{}: {}", server->source().path, server->broken()));
  }
  reconcile();
}

void Service::daemon_changed(const bus::Change& change) {
  using enum bus::Change::Kind;
  if (change.kind == ready || change.kind == gone) {
    // Another daemon, or none: what this process brought is brought again where it is missing.
    for (auto& [path, link] : links_) brought_[path] = link->take_keys();
    links_.clear();
  }
  reconcile();
}

void Service::reconcile() {
  if (mirror_ != nullptr && mirror_->ready()) {
    const Time at = now();
    std::erase_if(links_, [this](const auto& one) {
      const auto profile = mirror_->profile(one.first);
      return !profile || !one.second->fits(*profile);
    });
    for (const auto& [path, interfaces] : mirror_->objects())
      if (const auto profile = mirror_->profile(path); profile && profile->key_source) reconcile(*profile, at);
    // Those of a profile that a new daemon does not show yet wait for it.
    std::erase_if(brought_, [this](const auto& one) { return mirror_->profile(one.first).has_value(); });
  }
  wake();
}

void Service::reconcile(const bus::ProfileInfo& profile, Time now) {
  if (links_.contains(profile.path)) return;
  const auto complain = [&](const std::string& text) {
    if (complaints_.insert(profile.name + text).second) log(LOG_ERR, {}, fmt::format("{}: {}", profile.name, text));
  };
  const auto server = servers_.find(profile.key_source->source);
  if (server == servers_.end())
    return complain(fmt::format("Source={}: there is no {}/{}.source, or it has errors", profile.key_source->source,
                                options_.directory, profile.key_source->source));
  if (server->second->source().local_id == profile.key_source->remote_id)
    return complain(fmt::format("RemoteId={} is what LocalId= of {} calls this end", profile.key_source->remote_id,
                                server->second->source().path));
  auto& link = links_[profile.path];
  link = std::make_unique<Link>(profile, *server->second, *around_links_, seed(), now);
  auto brought = brought_.extract(profile.path);
  link->begin(brought ? std::move(brought.mapped()) : std::map<Ckn, Secret<32>>{}, now);
}

void Service::unknown_ckn(const std::string& session, const std::string& ckn) {
  const auto info = mirror_->session(session);
  const auto link = info ? links_.find(info->profile) : links_.end();
  const auto name = Ckn::from_hex(ckn);
  if (link == links_.end() || !name) return;
  link->second->on_unknown_ckn(*name, now());
  wake();
}

void Service::tick() {
  const Time at = now();
  due_ = Time::max();
  for (const auto& [path, link] : links_) {
    link->tick(at);
    if (const auto due = link->next_timeout(at)) arm(*due);
  }
  for (const auto& [name, server] : servers_) {
    const auto user =
        std::ranges::find_if(links_, [&](const auto& one) { return &one.second->server() == server.get(); });
    if (user != links_.end()) server->tick(user->second->remote_id(), at);
    if (user != links_.end() && server->status_at() > at) arm(server->status_at());
    tell_server(*server);
  }
  object_->changed();
  tell_status();
}

/// One line when a server fails, and one when it is back.
void Service::tell_server(const Server& server) {
  const std::optional<bool> up = server.state().up();
  if (!up) return;
  const auto [told, fresh] = told_up_.try_emplace(server.source().name, true);
  if (told->second == *up) return;
  told->second = *up;
  const std::string who = fmt::format("key source {} ({})", server.source().name, server.source().url.authority());
  if (*up)
    log(LOG_INFO, "source-back", who + " answers again");
  else
    log(LOG_WARNING, "source-failed",
        fmt::format("{}: {}; links keep the keys they have", who, server.state().last_error()));
}

std::vector<SourceRow> Service::rows() const {
  std::map<std::string, SourceRow> out;
  for (const auto& [name, server] : servers_) out[name].server = server.get();
  if (mirror_ != nullptr)
    for (const auto& [path, interfaces] : mirror_->objects())
      if (const auto profile = mirror_->profile(path); profile && profile->key_source)
        out[profile->key_source->source].profiles.push_back(profile->name);
  for (const auto& [path, link] : links_) out[link->server().source().name].mismatches += link->mismatches();
  std::vector<SourceRow> rows;
  for (auto& [name, row] : out) {
    row.name = name;
    if (row.server != nullptr && row.server->state().last_success())
      row.last_success = wall_time_of(*row.server->state().last_success(), now());
    rows.push_back(std::move(row));
  }
  return rows;
}

void Service::tell_status() {
  std::size_t down = 0;
  for (const auto& [name, server] : servers_)
    if (!server->broken().empty() || server->state().up() == false) ++down;
  std::string status = fmt::format("{} link{}, {} key source{}", links_.size(), links_.size() == 1 ? "" : "s",
                                   servers_.size(), servers_.size() == 1 ? "" : "s");
  if (down != 0) status += fmt::format(", {} of them down", down);
  if (mirror_ == nullptr || !mirror_->ready()) status += ", waiting for macsecd";
  if (status == status_) return;
  status_ = status;
  sd_notifyf(0, "STATUS=%s", status_.c_str());
}

}  // namespace macsec::keys
