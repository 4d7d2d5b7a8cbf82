// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/radius_ports.hpp"

#include "engine/base/deadlines.hpp"

#include <algorithm>
#include <unistd.h>

namespace macsec::os {
namespace {

/// NasIdentifier=, else the host's name.
std::string nas_identifier_of(const Profile::Pae& pae) {
  if (!pae.nas_identifier.empty()) return pae.nas_identifier;
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "macsecd";
  return name.data();
}

bool same_servers(const Profile& left, const Profile& right) {
  return left.pae->servers == right.pae->servers && left.pae->nas_identifier == right.pae->nas_identifier;
}

/// Of frames with MACsec: what the kernel delivered, and what it sent.
core::PortTraffic traffic_of(const SecyCounters& counters) {
  return {.octets_in = counters.in_octets_validated + counters.in_octets_decrypted,
          .octets_out = counters.out_octets_protected + counters.out_octets_encrypted,
          .packets_in = counters.in_ok,
          .packets_out = counters.out_protected + counters.out_encrypted};
}

}  // namespace

Result<void> RadiusPorts::start() {
  if (tell_) return {};
  auto source = loop_.deferred([this] { tell(); });
  if (!source) return std::unexpected{source.error()};
  auto timer = loop_.timer([this] {
    for (auto& [name, entry] : entries_) account(name, entry);
    arm();
  });
  if (!timer) return std::unexpected{timer.error()};
  tell_ = std::move(*source);
  timer_ = std::move(*timer);
  return {};
}

std::shared_ptr<RadiusLink> RadiusPorts::link_for(const ProfilePointer& profile) {
  for (const auto& [name, entry] : entries_)
    if (entry.link && same_servers(*entry.profile, *profile)) return entry.link;
  auto opened = RadiusLink::open(
      loop_,
      {.report = [this](core::RadiusOwner owner, core::RadiusReport&& report) { on_report(owner, std::move(report)); },
       .event = [this](const core::RadiusEvent& event) { on_event(event); }},
      profile, nas_identifier_of(*profile->pae), random_);
  if (opened) return std::move(*opened);
  journal_.write(LogLevel::error, opened.error().message);
  return nullptr;
}

void RadiusPorts::hear(bool on) {
  if (const Result<void> done = hooks_.hear(on); !done) journal_.write(LogLevel::warning, done.error().message);
}

std::shared_ptr<const RadiusLink> RadiusPorts::set(const ProfilePointer& profile) {
  const auto& pae = profile->pae;
  if (!pae || pae->role != PaeRole::authenticator) {
    drop(profile->name);
    return nullptr;
  }
  if (const auto started = start(); !started) journal_.write(LogLevel::error, started.error().message);
  const auto [at, added] = entries_.try_emplace(profile->name, Entry{.ledger = core::SessionLedger{random_}});
  Entry& entry = at->second;
  if (added) entry.owner = ++last_owner_;
  hear(true);
  if (entry.link && !same_servers(*entry.profile, *profile)) {
    entry.link->drop(entry.owner);
    entry.link.reset();
    disappoint(profile->name, entry, "the profile names other RADIUS servers now");
  }
  if (!entry.link) entry.link = link_for(profile);
  entry.profile = profile;
  return entry.link;
}

void RadiusPorts::drop(const std::string& name) {
  const auto at = entries_.find(name);
  if (at == entries_.end()) return;
  follow(name, false);
  if (at->second.link) at->second.link->drop(at->second.owner);
  entries_.erase(at);
  std::erase_if(untold_, [&](const auto& each) { return each.first == name; });
  if (entries_.empty()) hear(false);
}

void RadiusPorts::ask(const std::string& name, core::RadiusCommand command) {
  const auto at = entries_.find(name);
  if (at == entries_.end()) return;
  Entry& entry = at->second;
  if (command.kind == core::RadiusCommand::Kind::request) {
    entry.waiting = command.conversation;
    entry.ledger.note_request(command);
  } else if (entry.waiting == command.conversation) {
    entry.waiting.reset();
  }
  if (entry.link)
    entry.link->command(entry.owner, std::move(command));
  else
    disappoint(name, entry, "no RADIUS client: the journal says why");
}

void RadiusPorts::follow(const std::string& name, bool has_host) {
  const auto at = entries_.find(name);
  if (at == entries_.end()) return;
  at->second.has_host = has_host;
  account(name, at->second);
  arm();
}

void RadiusPorts::account(const std::string& name, Entry& entry) {
  const Time now = boot_time();
  if (!entry.link || !entry.ledger.is_due(entry.has_host, now)) return;
  const auto counters = hooks_.counters(name);
  const auto wall = std::chrono::duration_cast<std::chrono::seconds>(now - wall_clock_epoch()).count();
  for (core::RadiusAccounting& record :
       entry.ledger.step(entry.has_host, counters ? std::optional{traffic_of(*counters)} : std::nullopt, now, wall))
    entry.link->account(std::move(record));
}

void RadiusPorts::arm() {
  std::optional<Time> first;
  for (const auto& [name, entry] : entries_)
    if (entry.link) first = sooner(first, entry.ledger.next());
  if (first)
    timer_.arm(*first);
  else
    timer_.disarm();
}

void RadiusPorts::disappoint(const std::string& name, Entry& entry, std::string words) {
  const auto waiting = std::exchange(entry.waiting, std::nullopt);
  if (!waiting) return;
  untold_.emplace_back(name, core::RadiusReport{.kind = core::RadiusReport::Kind::failed,
                                                .conversation = *waiting,
                                                .problem = core::RadiusProblem::internal,
                                                .words = std::move(words)});
  if (tell_) tell_.schedule();
}

void RadiusPorts::tell() {
  for (auto& [name, report] : std::exchange(untold_, {})) hooks_.report(name, std::move(report));
}

void RadiusPorts::on_report(core::RadiusOwner owner, core::RadiusReport report) {
  const auto at = std::ranges::find_if(entries_, [owner](const auto& each) { return each.second.owner == owner; });
  if (at == entries_.end()) return;
  if (at->second.waiting == report.conversation) at->second.waiting.reset();
  if (report.kind == core::RadiusReport::Kind::accept) at->second.ledger.note_accept(report);
  hooks_.report(at->first, std::move(report));
}

void RadiusPorts::on_event(const core::RadiusEvent& event) {
  const bool dead = event.kind == core::RadiusEvent::Kind::server_dead;
  const std::array fields{Journal::Field{"MACSEC_SERVER", event.server}};
  journal_.write(dead ? LogLevel::warning : LogLevel::notice, event.text,
                 dead ? message_id::server_dead : message_id::server_alive, fields);
  for (const auto& [name, entry] : entries_) hooks_.changed(name);  // a port with other servers hears nothing new
}

}  // namespace macsec::os
