// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/networkd/service.hpp"

#include "dbus/bus/callback.hpp"
#include "dbus/bus/connection.hpp"
#include "dbus/bus/names.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <fmt/format.h>
#include <sys/signalfd.h>
#include <syslog.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>

namespace macsec::networkd {
namespace {

using namespace std::chrono_literals;

constexpr auto settle_time = 200ms;  ///< editors write a file in several steps
constexpr auto retry_time = 5s;

void log(int priority, const std::string& text, const std::string& file = {}, unsigned line = 0) {
  const std::string place = file.empty() ? text : fmt::format("{}:{}: {}", file, line, text);
  if (std::getenv("JOURNAL_STREAM") == nullptr)
    fmt::print(stderr, "macsec-networkd: {}\n", line == 0 && !file.empty() ? file + ": " + text : place);
  else if (file.empty())
    sd_journal_send("MESSAGE=%s", text.c_str(), "PRIORITY=%d", priority, nullptr);
  else
    sd_journal_send("MESSAGE=%s", line == 0 ? (file + ": " + text).c_str() : place.c_str(), "PRIORITY=%d", priority,
                    "CONFIG_FILE=%s", file.c_str(), "CONFIG_LINE=%u", line, nullptr);
}

/// The name of an interface as the name of a profile, which may hold fewer characters.
std::string profile_name(std::string name) {
  const auto fits = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view{"._-@:+"}.contains(c);
  };
  std::ranges::replace_if(name, [&fits](char c) { return !fits(c); }, '_');
  if (name.starts_with('.')) name.front() = '_';
  return name;
}

std::string fingerprint(const Netdev& netdev, const std::string& parent) {
  std::string out = netdev.path + '\n' + netdev.description + '\n' + parent;
  for (const Section& section : netdev.sections) {
    out += "\n[" + section.name + ']';
    for (const Setting& setting : section.settings) out += '\n' + setting.key + '=' + setting.value;
  }
  return out;
}

std::string fingerprint(const std::vector<bus::Problem>& problems) {
  std::string out;
  for (const bus::Problem& one : problems)
    out += fmt::format("\n{} {}:{} {} {}", one.error, one.file, one.line, one.setting, one.text);
  return out;
}

bool has_error(const std::vector<bus::Problem>& problems) {
  return std::ranges::any_of(problems, [](const bus::Problem& one) { return one.error; });
}

}  // namespace

Result<std::unique_ptr<Service>> Service::open(ServiceOptions options) {
  std::unique_ptr<Service> service{new Service{std::move(options)}};
  if (auto started = service->start(); !started) return std::unexpected{started.error()};
  return service;
}

Result<void> Service::start() {
  sd_event* event = nullptr;
  if (const int r = sd_event_new(&event); r < 0) return std::unexpected{bus::bus_failure(r, "make an event loop")};
  event_.reset(event);
  if (auto done = add_sources(); !done) return done;

  auto links = Links::open(event, [this] { reconcile(); });
  if (!links) return std::unexpected{links.error()};
  links_ = std::move(*links);
  auto watcher = Watcher::open(event, [this](bool files) {
    force_ = force_ || files;
    arm(settled_, settle_time);
  });
  if (!watcher) return std::unexpected{watcher.error()};
  watcher_ = std::move(*watcher);

  bus::ClientOptions client_options;
  client_options.address = options_.bus_address;
  client_options.interactive = false;
  auto client = bus::Client::start(event, std::move(client_options));
  if (!client) return std::unexpected{client.error()};
  client_ = std::move(*client);
  // The service manager starts it again; the daemon keeps what it was told.
  sd_bus_set_exit_on_disconnect(client_->bus(), 1);
  networkd_ =
      client_->subscribe(fmt::format("type='signal',sender='{0}',path='{1}',interface='{0}',member='NameOwnerChanged',"
                                     "arg0='org.freedesktop.network1'",
                                     bus::bus_service, bus::bus_path),
                         [this](sd_bus_message*) { arm(settled_, settle_time); });
  reload(false);
  mirror_ = std::make_unique<bus::Mirror>(
      *client_, bus::Mirror::Callbacks{.changed = [this](const bus::Change& change) { daemon_changed(change); }});
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
    if (r >= 0) r = sd_event_add_signal(event_.get(), &source, signal, bus::callback<&Service::on_signal>, this);
    signals_.emplace_back(source);
  }
  const auto timer = [&r, this](Source& into, sd_event_time_handler_t handler) {
    sd_event_source* source = nullptr;
    if (r >= 0) r = sd_event_add_time(event_.get(), &source, CLOCK_MONOTONIC, 0, 0, handler, this);
    into.reset(source);
    if (r >= 0) r = sd_event_source_set_enabled(source, SD_EVENT_OFF);
  };
  timer(settled_, bus::callback<&Service::on_settled>);
  timer(retry_, bus::callback<&Service::reconcile>);
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

void Service::arm(Source& timer, std::chrono::microseconds after) {
  std::uint64_t now = 0;
  sd_event_now(event_.get(), CLOCK_MONOTONIC, &now);
  sd_event_source_set_time(timer.get(), now + static_cast<std::uint64_t>(after.count()));
  sd_event_source_set_enabled(timer.get(), SD_EVENT_ONESHOT);
}

void Service::on_signal(const signalfd_siginfo& info) {
  if (info.ssi_signo != SIGHUP) {
    sd_notify(0, "STOPPING=1");
    sd_event_exit(event_.get(), 0);
    return;
  }
  // The service manager matches the answer to its request by this time (sd_notify(3)).
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
             static_cast<long long>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1'000);
  reload(true);
  sd_notify(0, "READY=1");
}

void Service::on_settled() { reload(std::exchange(force_, false)); }

void Service::report(const bus::Problem& problem) {
  if (reported_.insert(fingerprint({problem})).second)
    log(problem.error ? LOG_ERR : LOG_WARNING, problem.text, problem.file, problem.line);
}

/// Reads the files again. `force`: what is unchanged is told to the daemon all the same, for the key files' sake.
void Service::reload(bool force) {
  configuration_ = load_configuration(options_.directories);
  std::vector<std::string> directories = directories_of(options_.directories, ".netdev");
  for (std::string& one : directories_of(options_.directories, ".network")) directories.push_back(std::move(one));
  watcher_->watch(directories, configuration_.key_files);

  std::map<std::string, Entry> entries;
  for (Netdev& netdev : configuration_.netdevs) {
    const std::string name = profile_name(netdev.interface);
    const auto known = entries_.find(name);
    Entry& entry = entries[name];
    if (known != entries_.end()) entry = std::move(known->second);
    if (known != entries_.end()) entries_.erase(known);
    // What the daemon has stays in use; so does what a broken file, or one that is out of sight, said before.
    if (const Diagnostic* const unread = configuration_.unread_above(entry.netdev.path))
      entry.netdev.diagnostics.assign(1, *unread);
    else
      entry.netdev = std::move(netdev);
    entry.force = entry.force || force;
  }
  for (auto& [name, entry] : entries_) {
    if (const Diagnostic* const unread = configuration_.unread_above(entry.netdev.path)) {
      entry.netdev.diagnostics.assign(1, *unread);
      entries.emplace(name, std::move(entry));
      continue;
    }
    if (const auto broken = configuration_.broken.find(entry.netdev.path); broken != configuration_.broken.end()) {
      entry.netdev.diagnostics = std::move(broken->second);
      configuration_.broken.erase(broken);
      entries.emplace(name, std::move(entry));
    }
  }
  entries_ = std::move(entries);

  // Each complaint is in the journal once, and again when a person asked for a reload.
  if (force) reported_.clear();
  for (const Diagnostic& one : configuration_.diagnostics) report(to_problem(one));
  for (const auto& [path, diagnostics] : configuration_.broken)
    for (const Diagnostic& one : diagnostics) report(to_problem(one));
  for (const auto& [name, entry] : entries_)
    for (const Diagnostic& one : entry.netdev.diagnostics) report(to_problem(one));
  reconcile();
}

void Service::daemon_changed(const bus::Change& change) {
  using enum bus::Change::Kind;
  if (change.kind == ready || change.kind == gone) {
    ++generation_;
    leaving_.clear();
    for (auto& [name, entry] : entries_) {
      entry.told.clear();
      entry.refused.clear();
      entry.busy = false;
    }
  }
  if (change.kind == changed && change.interface == bus::interface::session) return;
  reconcile();
}

void Service::reconcile() {
  if (mirror_ != nullptr && mirror_->ready()) {
    remove_stale();
    for (auto& [name, entry] : entries_) sync(name, entry);
  }
  tell_status();
}

/// Removes profiles of files that are gone, also those of an earlier run of ours.
void Service::remove_stale() {
  const char* own = nullptr;
  sd_bus_get_unique_name(client_->bus(), &own);
  for (const auto& [path, interfaces] : mirror_->objects()) {
    const auto profile = mirror_->profile(path);
    if (!profile || profile->source != "networkd" || entries_.contains(profile->name)) continue;
    if (configuration_.unread_above(profile->origin) != nullptr || configuration_.broken.contains(profile->origin))
      continue;  // whether it is gone is not known
    if (!profile->owner.empty() && (own == nullptr || profile->owner != own)) continue;
    if (!leaving_.insert(path).second) continue;
    client_->send<bus::Nothing>(client_->remove_profile(path),
                                [this, path = path](const bus::Outcome<bus::Nothing>& outcome) {
                                  leaving_.erase(path);
                                  if (!outcome && outcome.error().kind != bus::CallError::Kind::not_found)
                                    log(LOG_WARNING, fmt::format("cannot remove {}: {}", path, outcome.error().text));
                                });
  }
}

std::vector<bus::Problem> Service::problems_of(const Entry& entry) const {
  std::vector<bus::Problem> out;
  for (const Diagnostic& one : entry.netdev.diagnostics) out.push_back(to_problem(one));
  if (entry.parent.empty() && !configuration_.parents.contains(entry.netdev.interface))
    out.push_back(
        {.error = true,
         .file = entry.netdev.path,
         .line = 0,
         .setting = "Link.Parent",
         .text = fmt::format("no .network file says MACsec={} in [Network], so systemd-networkd makes no such link",
                             entry.netdev.interface)});
  // The bus takes no more than this many.
  constexpr std::size_t most = 64;
  if (out.size() > most) out.resize(most);
  return out;
}

void Service::sync(const std::string& name, Entry& entry) {
  if (entry.busy) return;
  if (std::string parent = links_->parent_of(entry.netdev.interface); !parent.empty()) {
    entry.parent = std::move(parent);
  } else if (const auto said = configuration_.parents.find(entry.netdev.interface);
             said != configuration_.parents.end() && !said->second.empty()) {
    entry.parent = said->second;
  }
  std::vector<bus::Problem> problems = problems_of(entry);
  if (entry.parent.empty() && !has_error(problems)) return;  // the link will tell its parent
  const std::string settings = fingerprint(entry.netdev, entry.parent);
  if (entry.refused == settings && !entry.force)
    problems.insert(problems.end(), entry.reasons.begin(), entry.reasons.end());
  const bool usable = !has_error(problems);
  std::string told = (usable ? settings : entry.netdev.path) + fingerprint(problems);
  if (told == entry.told && !entry.force) return;

  const auto there = mirror_->profile(bus::Client::profile_path(name));
  if (there && there->source != "networkd")
    return report({.error = true,
                   .file = entry.netdev.path,
                   .line = 0,
                   .setting = {},
                   .text = fmt::format("there is a profile {} from elsewhere already ({}): [X-MKA] is not used", name,
                                       there->origin)});
  bus::ProfileOptions options;
  options.lifetime = bus::Lifetime::parked;
  options.grace = bus::longest_grace;
  options.source = ProfileSource::networkd;
  options.origin = entry.netdev.path;
  options.description = entry.netdev.description;
  options.problems = std::move(problems);
  options.replace = true;
  entry.busy = true;
  entry.force = false;
  // Without settings, a profile that runs keeps those it has.
  client_->send<bus::ObjectPath>(
      client_->add_profile(name, usable ? to_settings(entry.netdev, entry.parent) : bus::Settings{}, options),
      [this, name, settings, told = std::move(told),
       generation = generation_](const bus::Outcome<bus::ObjectPath>& outcome) {
        if (generation == generation_) answered(name, outcome, settings, told);
      });
}

void Service::answered(const std::string& name, const bus::Outcome<bus::ObjectPath>& outcome,
                       const std::string& settings, const std::string& told) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return reconcile();
  Entry& entry = found->second;
  entry.busy = false;
  if (outcome) {
    entry.told = told;
    return sync(name, entry);
  }
  const bus::CallError& error = outcome.error();
  if (error.kind == bus::CallError::Kind::unreachable) return;
  if (error.name == bus::error::invalid_settings) return explain(name, settings, error.text);
  report({.error = true, .file = entry.netdev.path, .line = 0, .setting = {}, .text = error.text});
  arm(retry_, retry_time);
}

/// Finds out what the daemon does not like, line by line, and shows it.
void Service::explain(const std::string& name, const std::string& settings, const std::string& text) {
  Entry& entry = entries_.at(name);
  entry.busy = true;
  client_->send<bus::ProblemRows>(
      client_->check_profile(name, to_settings(entry.netdev, entry.parent)),
      [this, name, settings, text, generation = generation_](const bus::Outcome<bus::ProblemRows>& rows) {
        const auto found = entries_.find(name);
        if (generation != generation_ || found == entries_.end()) return;
        Entry& refused = found->second;
        refused.busy = false;
        refused.refused = settings;
        refused.reasons.clear();
        if (rows)
          for (const bus::ProblemRow& row : *rows)
            if (auto problem = bus::from_row(row))
              refused.reasons.push_back(locate(refused.netdev, std::move(*problem)));
        if (!has_error(refused.reasons))
          refused.reasons.push_back(
              {.error = true, .file = refused.netdev.path, .line = 0, .setting = {}, .text = text});
        for (const bus::Problem& problem : refused.reasons) report(problem);
        sync(name, refused);
      });
}

void Service::tell_status() {
  const auto wrong = std::ranges::count_if(
      entries_, [](const auto& one) { return !one.second.netdev.usable() || !one.second.reasons.empty(); });
  std::string status = fmt::format("{} link{}", entries_.size(), entries_.size() == 1 ? "" : "s");
  if (wrong != 0) status += fmt::format(", {} with errors", wrong);
  if (mirror_ == nullptr || !mirror_->ready()) status += ", waiting for macsecd";
  if (status == status_) return;
  status_ = status;
  sd_notifyf(0, "STATUS=%s", status_.c_str());
}

}  // namespace macsec::networkd
