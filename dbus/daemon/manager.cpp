// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/daemon/manager.hpp"

#include "engine/adapters/examination.hpp"

#include <array>
#include <cerrno>
#include <fmt/format.h>

namespace macsec::daemon {
namespace {

std::unexpected<Error> no_session(const std::string& interface) {
  return fail(ENOENT, fmt::format("no profile runs {}", interface));
}

std::vector<Profiles::Obstacle> to_obstacles(const std::vector<os::Driver::Problem>& problems) {
  std::vector<Profiles::Obstacle> out;
  for (const os::Driver::Problem& problem : problems) out.push_back({problem.profile, problem.text, problem.error});
  return out;
}

}  // namespace

Manager::Manager(os::Driver& driver, os::Journal& journal, ProfileStore store)
    : driver_{driver},
      journal_{journal},
      profiles_{
          std::move(store),
          {.run = [this](const auto& wanted, const auto& spare, const auto& idle) { return run(wanted, spare, idle); },
           .bad_file =
               [&journal](const Diagnostic& diagnostic) {
                 const bool error = diagnostic.severity == Severity::error;
                 const std::array fields{os::Journal::Field{"MACSEC_FILE", diagnostic.file}};
                 journal.write(error ? os::LogLevel::error : os::LogLevel::warning, to_string(diagnostic),
                               os::message_id::bad_profile, fields);
               },
           .obstacle =
               [&journal](const Profiles::Obstacle& obstacle) {
                 const std::array fields{os::Journal::Field{"MACSEC_PROFILE", obstacle.profile}};
                 journal.write(obstacle.error ? os::LogLevel::error : os::LogLevel::warning,
                               fmt::format("profile {}: {}", obstacle.profile, obstacle.text),
                               os::message_id::bad_profile, fields);
               },
           .changed =
               [this](const std::string& profile) {
                 if (profile_changed_) profile_changed_(profile);
               }}} {}

std::vector<Profiles::Obstacle> Manager::run(const std::vector<ProfilePointer>& wanted,
                                             const std::vector<ProfilePointer>& spare,
                                             const std::vector<IdleProfile>& idle) {
  return to_obstacles(driver_.reconcile(wanted, spare, idle));
}

void Manager::set_problems(const std::vector<os::Driver::Problem>& problems) {
  profiles_.set_obstacles(to_obstacles(problems));
}

// ---- keys -----------------------------------------------------------------------------------------------------------

Result<bus::KeyAdded> Manager::add_key(const std::string& profile, const PreSharedKey& key) {
  auto done = profiles_.add_key(profile, key);
  if (done == bus::KeyAdded::added) {
    const std::string by = key.origin.key_source.empty() ? "" : " by key source " + key.origin.key_source;
    tell(os::LogLevel::notice, os::message_id::key_added, profile,
         fmt::format("key {} was added{}", to_string(key.ckn), by));
  }
  return done;
}

void Manager::tell(os::LogLevel level, std::string_view id, const std::string& profile, std::string_view text) {
  const std::array fields{os::Journal::Field{"MACSEC_PROFILE", profile}};
  journal_.write(level, fmt::format("profile {}: {}", profile, text), id, fields);
}

Result<void> Manager::retire_key(const std::string& profile, const Ckn& ckn, core::Retirement how, Duration timeout) {
  auto done = begin_retirement(profile, ckn, how, timeout);
  if (!done && (done.error().code == EBUSY || done.error().code == ENODATA))
    tell(os::LogLevel::notice, os::message_id::key_retire_refused, profile,
         fmt::format("key {} is not retired: {}", to_string(ckn), done.error().message));
  return done;
}

Result<void> Manager::begin_retirement(const std::string& profile, const Ckn& ckn, core::Retirement how,
                                       Duration timeout) {
  if (auto may = profiles_.store().may_retire(profile, ckn); !may) return may;
  const ProfilePointer settings = profiles_.store().state(profile).profile;
  const bool hidden = std::ranges::find(settings->keys, ckn, &PreSharedKey::ckn) == settings->keys.end();
  if (hidden) return retire_unused(profile, ckn);
  if (how == core::Retirement::forced) return retire_at_once(profile, ckn);
  const std::vector<os::Session*> sessions = find_all(profile);
  if (sessions.empty()) return fail(EBUSY, "the link does not run: cannot tell whether the other end has another key");
  return drain(profile, sessions, ckn, how, timeout);
}

Result<void> Manager::retire_unused(const std::string& profile, const Ckn& ckn) {
  auto done = profiles_.retire_key(profile, ckn);
  if (done)
    tell(os::LogLevel::notice, os::message_id::key_retired, profile,
         fmt::format("key {} is out of use: it was not used", to_string(ckn)));
  return done;
}

/// What cannot be written is not done either: the next process would use the key again.
Result<void> Manager::retire_at_once(const std::string& profile, const Ckn& ckn) {
  if (auto done = profiles_.retire_key(profile, ckn); !done) return done;
  bool told = false;
  for (os::Session* session : find_all(profile))
    if (!session->static_keys() && driver_.retire_key(*session, ckn, core::Retirement::forced, {})) told = true;
  if (!told)
    tell(os::LogLevel::warning, os::message_id::key_retired, profile,
         fmt::format("key {} is out of use: without evidence", to_string(ckn)));
  return {};
}

/// The ports of a profile that have the key, in use or not.
std::vector<bus::KeyPort> Manager::ports_of(std::span<os::Session* const> sessions, const Ckn& ckn) {
  std::vector<bus::KeyPort> out;
  for (const os::Session* session : sessions) {
    core::PortStatus status = session->status();
    const auto key = std::ranges::find(status.participants, ckn, &core::ParticipantStatus::ckn);
    bus::KeyPort& port = out.emplace_back();
    if (!session->profile().pattern.empty()) port.name = session->profile().link.interface;
    port.carrier = status.carrier;
    if (key != status.participants.end())
      port.key = std::move(*key);
    else
      port.key.state = core::KeyState::retired;
  }
  return out;
}

Result<void> Manager::drain(const std::string& profile, const std::vector<os::Session*>& sessions, const Ckn& ckn,
                            core::Retirement how, Duration timeout) {
  const std::vector<bus::KeyPort> ports = ports_of(sessions, ckn);
  const auto begun = bus::begin_everywhere(
      ports, how,
      {.retire = [&](std::size_t port) { return driver_.retire_key(*sessions[port], ckn, how, timeout); },
       .keep = [&](std::size_t port) { static_cast<void>(driver_.keep_key(*sessions[port], ckn)); }});
  if (!begun) return std::unexpected{begun.error()};
  std::set<std::string> left_out;
  for (const bus::KeyPort& port : ports)
    if (bus::is_left_out(port, ports, how)) left_out.insert(port.name);
  left_out_.insert_or_assign({profile, ckn}, std::move(left_out));
  return *begun == 0 ? write_off(profile, ckn) : Result<void>{};
}

/// Writes that the key is out of use, and names the ports of which nobody could tell.
Result<void> Manager::write_off(const std::string& profile, const Ckn& ckn) {
  if (auto done = profiles_.retire_key(profile, ckn); !done) return done;
  const auto left_out = left_out_.extract({profile, ckn});
  if (left_out.empty() || left_out.mapped().empty()) return {};
  tell(os::LogLevel::warning, os::message_id::key_retired, profile,
       fmt::format("key {} is out of use without evidence from {}: no carrier", to_string(ckn),
                   fmt::join(left_out.mapped(), ", ")));
  return {};
}

Result<void> Manager::keep_key(const std::string& profile, const Ckn& ckn) {
  Result<void> kept = fail(ENOENT, "the link does not run");
  bool any = false;
  for (os::Session* session : find_all(profile)) {
    kept = driver_.keep_key(*session, ckn);
    any = any || kept;
  }
  return any ? Result<void>{} : kept;
}

/// Whether a port speaks with the key, or would, and is not one of which nothing has to be told.
bool Manager::uses(const std::string& profile, const Ckn& ckn) const {
  const std::vector<bus::KeyPort> ports = ports_of(find_all(profile), ckn);
  const auto left_out = left_out_.find({profile, ckn});
  return std::ranges::any_of(ports, [&](const bus::KeyPort& port) {
    const bool is_out = left_out != left_out_.end() && left_out->second.contains(port.name) &&
                        bus::is_left_out(port, ports, core::Retirement::when_proved);
    return !port.retired() && !is_out;
  });
}

void Manager::finish_retirements() {
  // Each port of a profile tells of the key.
  auto ended = std::exchange(retired_, {});
  std::ranges::sort(ended);
  const auto again = std::ranges::unique(ended);
  ended.erase(again.begin(), again.end());
  for (const auto& [profile, ckn] : ended) {
    if (uses(profile, ckn)) continue;  // the last of its ports takes it out of the profile
    // What is gone from the profile needs no word.
    const auto done = write_off(profile, ckn);
    if (done || done.error().code == ENOENT) continue;
    tell(os::LogLevel::error, os::message_id::bad_profile, profile,
         fmt::format("key {} is out of use until the next start only: {}", to_string(ckn), done.error().message));
  }
}

// ---- sessions -------------------------------------------------------------------------------------------------------

std::vector<std::string> Manager::sessions_of(const std::string& profile) const {
  std::vector<std::string> out;
  for (const os::Session* session : find_all(profile)) out.push_back(session->profile().link.interface);
  std::ranges::sort(out);
  return out;
}

/// The session of a profile, or those of a pattern, whose names begin with its name.
std::vector<os::Session*> Manager::find_all(const std::string& profile) const {
  std::vector<os::Session*> out;
  if (os::Session* const one = driver_.find(profile); one != nullptr && configured_name(one->profile()) == profile)
    out.push_back(one);
  const std::string ports = profile + "@";
  const auto& all = driver_.sessions();
  for (auto at = all.lower_bound(ports); at != all.end() && at->first.starts_with(ports); ++at)
    if (at->second->profile().pattern == profile) out.push_back(at->second.get());
  return out;
}

os::Session* Manager::find(const std::string& interface) const { return driver_.find_interface(interface); }

std::vector<std::string> Manager::sessions() const {
  std::vector<std::string> out;
  for (const auto& [name, session] : driver_.sessions()) out.push_back(session->profile().link.interface);
  std::ranges::sort(out);
  return out;
}

bool Manager::has_session(const std::string& interface) const {
  const os::Session* session = find(interface);
  return session != nullptr && session->profile().link.interface == interface;
}

bus::SessionState Manager::session(const std::string& interface) const {
  const os::Session* session = find(interface);
  if (session == nullptr) return {};
  return {.interface = session->profile().link.interface,
          .profile = configured_name(session->profile()),
          .parent = session->profile().link.parent,
          .ifindex = static_cast<int>(session->ifindex()),
          .parent_ifindex = static_cast<int>(session->parent_ifindex()),
          .policy = session->profile().macsec.policy,
          .static_keys = session->static_keys(),
          .offload = session->offload().mode,
          .offload_text = session->offload().text,
          .clear_frames = session->ifindex() == 0                                        ? ""
                          : session->offload().clear_frames == os::ClearFrames::hardware ? "hardware"
                                                                                         : "kernel",
          .status = session->status()};
}

Result<void> Manager::rekey(const std::string& interface) {
  os::Session* session = find(interface);
  return session == nullptr ? no_session(interface) : driver_.rekey(*session);
}

Result<void> Manager::suspend(const std::string& interface, Duration span) {
  os::Session* session = find(interface);
  return session == nullptr ? no_session(interface) : driver_.suspend(*session, span);
}

Result<void> Manager::reauthenticate(const std::string& interface) {
  os::Session* session = find(interface);
  return session == nullptr ? no_session(interface) : driver_.reauthenticate(*session);
}

Result<void> Manager::log_off(const std::string& interface) {
  os::Session* session = find(interface);
  return session == nullptr ? no_session(interface) : driver_.log_off(*session);
}

Result<void> Manager::terminate(const std::string& interface) {
  os::Session* session = find(interface);
  return session == nullptr ? no_session(interface) : driver_.terminate(*session);
}

Result<void> Manager::set_session_enabled(const std::string& interface, bool enabled) {
  os::Session* session = find(interface);
  if (session == nullptr) return no_session(interface);
  driver_.set_enabled(*session, enabled);
  return {};
}

bus::Statistics Manager::statistics(const std::string& interface) {
  const os::Session* session = find(interface);
  // Of hardware that does not tell, the kernel has zeros.
  if (session == nullptr || !session->offload().counted) return {};
  const auto counters = driver_.counters(*session);
  if (!counters) return {};
  bus::Statistics out;
  for (const os::SecyCounter& each : os::secy_counters())
    out[std::string{each.group}].emplace(each.name, (*counters).*each.member);
  return out;
}

std::vector<doctor::Finding> Manager::diagnose(const std::string& interface) {
  const os::Session* session = find(interface);
  if (session == nullptr) return {};
  return doctor::examine(os::facts_about(driver_, *session));
}

Result<bus::LinkCapabilities> Manager::link_capabilities(const std::string& name) {
  const os::Link* link = driver_.links().find(name);
  if (link == nullptr) return fail(ENOENT, fmt::format("there is no interface {}", name));
  const std::uint64_t speed = driver_.links().speed(link->ifindex);
  const os::MacsecCapabilities found = driver_.capabilities(name);
  bus::LinkCapabilities out{.ifindex = static_cast<int>(link->ifindex),
                            .mac = link->mac,
                            .carrier = link->carrier,
                            .speed = speed,
                            .mtu = link->mtu,
                            .offload = {OffloadMode::off},
                            .offload_untried = {},
                            .cipher_suites = found.cipher_suites,
                            .default_cipher_suites = cipher_preferences({}, speed)};
  if (found.mac_offload) out.offload.push_back(OffloadMode::mac);
  if (found.phy_offload == os::PhyOffload::yes) out.offload.push_back(OffloadMode::phy);
  if (found.phy_offload == os::PhyOffload::untried) out.offload_untried.push_back(OffloadMode::phy);
  return out;
}

std::string Manager::inventory() const {
  const auto counted = [](std::size_t count, std::string_view what) {
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
  };
  const std::vector<std::string> names = profiles();
  const auto broken = static_cast<std::size_t>(std::ranges::count_if(names, [this](const std::string& name) {
    return std::ranges::any_of(profile(name).problems, &bus::Problem::error);
  }));
  return counted(names.size(), "profile") + ", " + counted(driver_.sessions().size(), "link") +
         (broken == 0 ? "" : ", " + counted(broken, "profile") + " with errors (macsecctl profile check)");
}

std::string Manager::summary() const {
  std::map<core::PortState, std::size_t> states;
  for (const auto& [name, session] : driver_.sessions()) ++states[session->status().state];
  const std::size_t links = driver_.sessions().size();
  std::string out = fmt::format("{} link{}", links, links == 1 ? "" : "s");
  const char* separator = ": ";
  for (const auto state : {core::PortState::secured, core::PortState::unsecured, core::PortState::pending,
                           core::PortState::suspended, core::PortState::failed, core::PortState::down})
    if (const auto at = states.find(state); at != states.end()) {
      fmt::format_to(std::back_inserter(out), "{}{} {}", separator, at->second, to_string(state));
      separator = ", ";
    }
  return out;
}

}  // namespace macsec::daemon
