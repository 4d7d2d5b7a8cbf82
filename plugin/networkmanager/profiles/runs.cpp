// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/networkmanager/profiles/runs.hpp"

#include "dbus/bus/names.hpp"
#include "plugin/networkmanager/log.hpp"

#include <algorithm>
#include <array>

namespace macsec::nm {
namespace {

/// Reasons of a session that time does not mend: the other end is there, and this host is not what it wants.
constexpr std::array<std::string_view, 4> refusals{"cak-mismatch", "ckn-mismatch", "authentication-failed",
                                                   "eap-unavailable"};

/// Whether NetworkManager is known to give the device other addresses and routes than it had.
bool other_configuration(const Wanted& before, const Wanted& after) {
  return before.connection && after.connection &&
         (before.connection->uuid != after.connection->uuid ||
          before.connection->addressing != after.connection->addressing);
}

}  // namespace

Runs::Run::Run(Runs& runs, Wanted what, std::string profile_name)
    : wanted{std::move(what)},
      name{std::move(profile_name)},
      turn{++runs.turns_},
      parking{[&runs, device = wanted.device.name] { runs.remove(device); }} {}

Runs::Runs(sd_event* event, RunsOptions options, std::function<void(const std::string&)> changed)
    : event_{event}, options_{std::move(options)}, changed_{std::move(changed)} {}

Result<std::unique_ptr<Runs>> Runs::start(sd_event* event, RunsOptions options,
                                          std::function<void(const std::string&)> changed) {
  std::unique_ptr<Runs> runs{new Runs{event, std::move(options), std::move(changed)}};
  bus::ClientOptions client_options;
  client_options.address = runs->options_.address;
  client_options.interactive = false;
  auto client = bus::Client::start(event, client_options);
  if (!client) return std::unexpected{client.error()};
  runs->client_ = std::move(*client);
  bus::Mirror::Callbacks callbacks{.changed = [self = runs.get()](const bus::Change& change) { self->hear(change); }};
  runs->mirror_ = std::make_unique<bus::Mirror>(*runs->client_, std::move(callbacks), bus::Mirror::Activate::yes);
  return runs;
}

void Runs::run(Wanted wanted, Answer answer) {
  const std::string device = wanted.device.name;
  std::string name = profile_name(wanted);
  if (const auto before = runs_.find(device); before != runs_.end()) {
    settle(*before->second, "replaced by another network");
    // What NetworkManager is to set up is another configuration: the old one must not stay beside it.
    if (before->second->parking.armed() && other_configuration(before->second->wanted, wanted))
      keep_configuration(*before->second, KeepConfiguration::no);
    // Another connection's profile for the same device would be in the way.
    if (before->second->name != name) withdraw(*before->second);
  }
  for (const auto& [other, run] : runs_)
    if (other != device && run->name == name) name += "@" + device;
  if (wanted.connection) failures_.erase(wanted.connection->uuid);
  auto& run = runs_[device] = std::make_unique<Run>(*this, std::move(wanted), std::move(name));
  run->answer = std::move(answer);
  options_.moved();
  if (mirror_->ready()) return add(*run);
  log_line(SD_NOTICE, "{}: macsecd does not answer yet; waiting for it", device);
  settle(*run, std::nullopt);
}

void Runs::add(Run& run) {
  bus::Settings settings = make_settings(run.wanted);
  bus::ProfileOptions options;
  options.lifetime = bus::Lifetime::parked;
  options.grace = options_.grace;
  options.source = ProfileSource::networkmanager;
  options.origin = is_public(run.wanted) ? run.wanted.connection->uuid : run.wanted.device.name;
  options.description = is_public(run.wanted) ? run.wanted.connection->id : "";
  options.problems = run.wanted.extras.problems;
  options.replace = true;
  if (!run.added)  // told once, not each time a setting changes
    for (const bus::Problem& problem : run.wanted.extras.problems)
      log_line(problem.error ? SD_ERR : SD_WARNING, "{}: {}", run.name, problem.text);
  if (!run.wanted.extras.usable()) {
    settings.clear();  // shown, not run
    run.error = bus::errors_in(run.wanted.extras.problems);
  }
  client_->send<bus::ObjectPath>(client_->add_profile(run.name, settings, options),
                                 [this, device = run.wanted.device.name, turn = run.turn](
                                     const bus::Outcome<bus::ObjectPath>& outcome) { added(device, turn, outcome); });
}

void Runs::added(const std::string& device, std::uint64_t turn, const bus::Outcome<bus::ObjectPath>& outcome) {
  const auto found = runs_.find(device);
  if (found == runs_.end() || found->second->turn != turn) return;
  Run& run = *found->second;
  if (!outcome && outcome.error().name == bus::error::profile_exists && !run.name.ends_with("@" + device)) {
    run.name = run.name.substr(0, 64 - device.size() - 1) + "@" + device;
    return add(run);
  }
  if (outcome) {
    run.added = true;
    if (!run.error.empty()) note_failure(device);
    settle(run, run.error.empty() ? std::nullopt : std::optional{run.error});
  } else if (outcome.error().kind == bus::CallError::Kind::unreachable ||
             outcome.error().kind == bus::CallError::Kind::timeout) {
    settle(run, std::nullopt);  // added again when it is back
  } else {
    run.error = outcome.error().text;
    log_line(SD_ERR, "{}: macsecd refuses {}: {}", device, run.name, run.error);
    note_failure(device);
    settle(run, run.error);
  }
  changed_(device);
}

void Runs::settle(Run& run, const std::optional<std::string>& error) {
  const Answer answer = std::exchange(run.answer, nullptr);
  if (answer) answer(error);
}

void Runs::park(const std::string& device) {
  const auto found = runs_.find(device);
  if (found == runs_.end()) return;
  settle(*found->second, "NetworkManager released it");
  if (found->second->parking.armed()) return;
  found->second->parking.arm(event_, options_.grace);
  if (found->second->wanted.device.cipher_suite == own_cipher_suite) keep(device);
}

void Runs::keep(const std::string& device) {
  const auto found = runs_.find(device);
  if (found == runs_.end() || !found->second->parking.armed()) return;
  if (found->second->wanted.keep != KeepConfiguration::yes) keep_configuration(*found->second, KeepConfiguration::yes);
}

void Runs::keep_configuration(Run& run, KeepConfiguration how) {
  run.wanted.keep = how;
  if (run.added && run.error.empty()) add(run);
}

void Runs::give_up(const Run& run) {
  if (options_.given_up)
    options_.given_up(run.name);
  else
    withdraw(run);
}

void Runs::withdraw(const Run& run) {
  client_->send<bus::Nothing>(client_->remove_profile(bus::Client::profile_path(run.name)),
                              [](const bus::Outcome<bus::Nothing>&) {});
}

void Runs::remove(const std::string& device) {
  const auto found = runs_.find(device);
  if (found == runs_.end()) return;
  settle(*found->second, "the device is gone");
  const std::unique_ptr<Run> run = std::move(found->second);
  runs_.erase(found);
  give_up(*run);
  changed_(device);
  options_.moved();
}

bool Runs::has_connection(const std::string& uuid) const {
  return std::ranges::any_of(runs_, [&uuid](const auto& each) {
    const auto& connection = each.second->wanted.connection;
    return connection && connection->uuid == uuid;
  });
}

bool Runs::has_profile(const std::string& name) const {
  return std::ranges::any_of(runs_, [&name](const auto& each) { return each.second->name == name; });
}

bool Runs::is_parked(const std::string& profile) const {
  const auto found = mirror_->profile(bus::Client::profile_path(profile));
  return found && found->enabled && found->parked_until;
}

void Runs::device_gone(unsigned ifindex) {
  std::vector<std::string> gone;
  for (const auto& [device, run] : runs_)
    if (run->wanted.device.ifindex == ifindex || (ifindex == 0 && interface_index(device) == 0)) gone.push_back(device);
  for (const std::string& device : gone) remove(device);
}

void Runs::hear(const bus::Change& change) {
  using enum bus::Change::Kind;
  if (change.kind == ready)
    for (const auto& [device, run] : runs_) add(*run);
  if (change.kind == gone)
    for (const auto& [device, run] : runs_) run->added = false;
  if (change.kind == ready || change.kind == gone || change.kind == removed) options_.moved();
  std::vector<std::string> devices;
  for (const auto& [device, run] : runs_)
    if (change.path.empty() || change.path == bus::Client::session_path(device)) devices.push_back(device);
  for (const std::string& device : devices) changed_(device);
}

std::optional<bus::SessionInfo> Runs::session(const Run& run) const {
  if (!run.added || !run.error.empty()) return std::nullopt;
  auto found = mirror_->session(bus::Client::session_path(run.wanted.device.name));
  if (found && found->profile_name != run.name) return std::nullopt;
  return found;
}

void Runs::note_failure(const std::string& device) {
  constexpr std::size_t most = 64;
  const auto found = runs_.find(device);
  if (found == runs_.end() || !is_public(found->second->wanted)) return;
  if (failures_.size() == most) failures_.erase(failures_.begin());
  failures_.insert_or_assign(found->second->wanted.connection->uuid, reason(device));
}

std::string Runs::failure(const std::string& uuid) const {
  const auto found = failures_.find(uuid);
  return found == failures_.end() ? std::string{} : found->second;
}

Progress Runs::progress(const std::string& device) const {
  const auto found = runs_.find(device);
  if (found == runs_.end()) return Progress::unknown;
  if (!found->second->error.empty()) return Progress::failed;
  const auto now = session(*found->second);
  if (!now) return Progress::unknown;
  if (now->state == "secured") return Progress::secured;
  if (std::ranges::find(refusals, now->reason) != refusals.end()) return Progress::refused;
  return now->state == "failed" ? Progress::failed : Progress::waiting;
}

std::string Runs::reason(const std::string& device) const {
  const auto found = runs_.find(device);
  if (found == runs_.end()) return {};
  if (!found->second->error.empty()) return found->second->error;
  const auto now = session(*found->second);
  if (!now) return mirror_->ready() ? "macsecd does not run it yet" : "macsecd does not answer";
  return now->reason_text;
}

}  // namespace macsec::nm
