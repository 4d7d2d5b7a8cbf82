// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/daemon/manager.hpp"

#include <array>
#include <cerrno>
#include <fmt/format.h>
#include <set>

namespace macsec::daemon {
namespace {

std::unexpected<Error> no_session(const std::string& interface) {
  return fail(ENOENT, fmt::format("no profile runs {}", interface));
}

}  // namespace

Manager::Manager(os::Driver& driver, os::Journal& journal, ProfileStore store)
    : driver_{driver}, journal_{journal}, store_{std::move(store)} {}

void Manager::changed(const std::string& profile) {
  if (profile_changed_) profile_changed_(profile);
}

void Manager::reconcile() {
  Problems problems;
  for (os::Driver::Problem& problem : driver_.reconcile(store_.wanted(), store_.spare())) {
    tell(running_problems_, problem.profile, problem.text);
    problems.emplace(std::move(problem.profile), std::move(problem.text));
  }
  running_problems_ = std::move(problems);
  publish_problems();
}

void Manager::set_spare_problem(const std::string& profile, const std::string& problem) {
  if (problem.empty()) {
    spare_problems_.erase(profile);
  } else {
    tell(spare_problems_, profile, problem);
    spare_problems_.insert_or_assign(profile, problem);
  }
  publish_problems();
  changed(profile);
}

void Manager::tell(const Problems& known, const std::string& profile, const std::string& problem) {
  if (const auto before = known.find(profile); before != known.end() && before->second == problem) return;
  const std::array fields{os::Journal::Field{"MACSEC_PROFILE", profile}};
  journal_.write(os::LogLevel::error, fmt::format("profile {}: {}", profile, problem), os::message_id::bad_profile,
                 fields);
}

void Manager::publish_problems() {
  Problems all = spare_problems_;
  for (const auto& [profile, problem] : running_problems_) all.insert_or_assign(profile, problem);
  store_.set_running_problems(std::move(all));
}

Result<void> Manager::reload() {
  std::vector<std::string> before = store_.names();
  store_.load([this](const Diagnostic& diagnostic) {
    const os::LogLevel level = diagnostic.severity == Severity::error ? os::LogLevel::error : os::LogLevel::warning;
    const std::array fields{os::Journal::Field{"MACSEC_FILE", diagnostic.file}};
    journal_.write(level, to_string(diagnostic), os::message_id::bad_profile, fields);
  });
  reconcile();
  std::set<std::string> names{before.begin(), before.end()};
  for (std::string& name : store_.names()) names.insert(std::move(name));
  for (const std::string& name : names) changed(name);
  return {};
}

Result<void> Manager::put_profile(ProfilePointer profile) {
  const std::string name = profile->name;
  if (auto done = store_.put(std::move(profile)); !done) return done;
  reconcile();
  changed(name);
  return {};
}

Result<void> Manager::put_broken_profile(bus::ProfileState state) {
  const std::string name = state.name;
  if (auto done = store_.put_broken(std::move(state)); !done) return done;
  reconcile();
  changed(name);
  return {};
}

Result<void> Manager::store_profile(const Profile& profile) {
  if (auto done = store_.write(profile); !done) return done;
  return reload();
}

Result<void> Manager::remove_profile(const std::string& name) {
  const bool file = store_.has(name) && store_.state(name).source == ProfileSource::file;
  if (auto done = store_.remove(name); !done) return done;
  // A file in another directory may come to light. What a program kept in memory hides no file.
  if (file) return reload();
  reconcile();
  changed(name);
  return {};
}

Result<void> Manager::set_profile_enabled(const std::string& name, bool enabled) {
  if (auto done = store_.set_enabled(name, enabled); !done) return done;
  reconcile();
  changed(name);
  return {};
}

// ---- sessions -------------------------------------------------------------------------------------------------------

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
          .profile = session->profile().name,
          .parent = session->profile().link.parent,
          .ifindex = static_cast<int>(session->ifindex()),
          .parent_ifindex = static_cast<int>(session->parent_ifindex()),
          .policy = session->profile().macsec.policy,
          .static_keys = session->static_keys(),
          .offload = session->offload().mode,
          .offload_text = session->offload().text,
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

Result<void> Manager::set_session_enabled(const std::string& interface, bool enabled) {
  os::Session* session = find(interface);
  if (session == nullptr) return no_session(interface);
  driver_.set_enabled(*session, enabled);
  return {};
}

bus::Statistics Manager::statistics(const std::string& interface) {
  const os::Session* session = find(interface);
  if (session == nullptr) return {};
  const auto counters = driver_.counters(*session);
  if (!counters) return {};
  const os::SecyCounters& c = *counters;
  return {{"Transmit",
           {{"Untagged", c.out_untagged},
            {"TooLong", c.out_too_long},
            {"Protected", c.out_protected},
            {"Encrypted", c.out_encrypted},
            {"OctetsProtected", c.out_octets_protected},
            {"OctetsEncrypted", c.out_octets_encrypted}}},
          {"Receive",
           {{"Untagged", c.in_untagged},
            {"NoTag", c.in_no_tag},
            {"BadTag", c.in_bad_tag},
            {"UnknownSci", c.in_unknown_sci},
            {"NoSci", c.in_no_sci},
            {"Overrun", c.in_overrun},
            {"Ok", c.in_ok},
            {"Unchecked", c.in_unchecked},
            {"Delayed", c.in_delayed},
            {"Late", c.in_late},
            {"Invalid", c.in_invalid},
            {"NotValid", c.in_not_valid},
            {"NotUsingSa", c.in_not_using_sa},
            {"UnusedSa", c.in_unused_sa},
            {"OctetsValidated", c.in_octets_validated},
            {"OctetsDecrypted", c.in_octets_decrypted}}}};
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
                            .cipher_suites = found.cipher_suites,
                            .default_cipher_suites = cipher_preferences({}, speed)};
  if (found.mac_offload) out.offload.push_back(OffloadMode::mac);
  if (found.phy_offload) out.offload.push_back(OffloadMode::phy);
  return out;
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
