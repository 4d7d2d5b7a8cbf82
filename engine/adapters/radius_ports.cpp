// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/radius_ports.hpp"

#include "engine/base/deadlines.hpp"
#include "engine/base/text.hpp"

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

/// Seconds since 1970-01-01 UTC.
std::int64_t wall_seconds(Time now) {
  return std::chrono::duration_cast<std::chrono::seconds>(now - wall_clock_epoch()).count();
}

/// Whether a server keeps the books of both.
bool share_books(const Profile& left, const Profile& right) {
  if (left.pae->nas_identifier != right.pae->nas_identifier) return false;
  return std::ranges::any_of(left.pae->servers, [&](const RadiusServer& one) {
    return std::ranges::any_of(right.pae->servers, [&](const RadiusServer& other) {
      return one.address == other.address && one.accounting_port == other.accounting_port;
    });
  });
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
  auto timer = loop_.timer([this] { on_timer(); });
  if (!timer) return std::unexpected{timer.error()};
  tell_ = std::move(*source);
  timer_ = std::move(*timer);
  return {};
}

void RadiusPorts::on_timer() {
  const Time now = boot_time();
  std::erase_if(leaving_, [now](const auto& each) { return each.first <= now || !each.second->has_records(); });
  for (auto& [name, entry] : entries_) account(name, entry);
  if (done_ && (now >= finish_by_ || !is_delivering())) return std::exchange(done_, {})();
  arm();
}

bool RadiusPorts::is_delivering() const {
  return std::ranges::any_of(leaving_, [](const auto& each) { return each.second->is_delivering(); });
}

void RadiusPorts::finish(std::function<void()> done) {
  if (!is_delivering()) return done();
  done_ = std::move(done);
  finish_by_ = boot_time() + farewell;
  arm();
}

std::shared_ptr<RadiusLink> RadiusPorts::link_for(const ProfilePointer& profile) {
  for (const auto& [name, entry] : entries_)
    if (entry.link && same_servers(*entry.profile, *profile)) return entry.link;
  auto opened = RadiusLink::open(
      loop_, streams_,
      {.report = [this](core::RadiusOwner owner, core::RadiusReport&& report) { on_report(owner, std::move(report)); },
       .event = [this](const core::RadiusEvent& event) { on_event(event); },
       .settled =
           [this] {
             if (!leaving_.empty()) arm();
           }},
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
    drop(profile->name, true);
    return nullptr;
  }
  if (const auto started = start(); !started) journal_.write(LogLevel::error, started.error().message);
  const auto [at, added] = entries_.try_emplace(profile->name, Entry{.ledger = core::SessionLedger{random_}});
  Entry& entry = at->second;
  if (added) entry.owner = ++last_owner_;
  hear(true);
  if (entry.link && !same_servers(*entry.profile, *profile)) {
    leave(entry);
    disappoint(profile->name, entry, "the profile names other RADIUS servers now");
  }
  const bool opens = !entry.link;
  if (opens) entry.link = link_for(profile);
  entry.profile = profile;
  if (opens) tell_of_us(entry, core::RadiusAccounting::Kind::on);
  return entry.link;
}

void RadiusPorts::tell_of_us(const Entry& entry, core::RadiusAccounting::Kind kind) {
  const bool begins = kind == core::RadiusAccounting::Kind::on;
  if (!entry.link || (begins && continued_)) return;
  // Said of all our sessions: while another port may have one in the same books it would end that as well.
  for (const auto& [name, other] : entries_)
    if (&other != &entry && other.profile && share_books(*other.profile, *entry.profile)) return;
  std::array<std::uint8_t, 8> octets{};
  random_.fill(octets);
  entry.link->account({.kind = kind, .session = to_hex(octets), .at = wall_seconds(boot_time())});
}

void RadiusPorts::resume(const std::string& name, core::AccountedSession session) {
  const auto at = entries_.find(name);
  if (at == entries_.end()) return;
  at->second.ledger.resume(std::move(session), boot_time());
}

std::optional<core::AccountedSession> RadiusPorts::account_of(const std::string& name) const {
  const auto at = entries_.find(name);
  return at == entries_.end() ? std::nullopt : at->second.ledger.running();
}

void RadiusPorts::drop(const std::string& name, bool for_good) {
  const auto at = entries_.find(name);
  if (at == entries_.end()) return;
  if (for_good) {
    follow(name, false, core::TerminateCause::port_disabled);
    tell_of_us(at->second, core::RadiusAccounting::Kind::off);
  }
  leave(at->second);
  entries_.erase(at);
  std::erase_if(untold_, [&](const auto& each) { return each.first == name; });
  if (entries_.empty()) hear(false);
}

void RadiusPorts::leave(Entry& entry) {
  if (!entry.link) return;
  entry.link->drop(entry.owner);
  // A server that was silent for a moment, or is reached by a connection, has not got the end of the session yet.
  if (entry.link->has_records()) leaving_.emplace_back(boot_time() + last_words, std::move(entry.link));
  entry.link.reset();
  arm();
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

void RadiusPorts::follow(const std::string& name, bool has_host, core::TerminateCause ended_by) {
  const auto at = entries_.find(name);
  if (at == entries_.end()) return;
  at->second.has_host = has_host;
  at->second.ended_by = ended_by;
  account(name, at->second);
  arm();
}

void RadiusPorts::account(const std::string& name, Entry& entry) {
  const Time now = boot_time();
  if (!entry.link || !entry.ledger.is_due(entry.has_host, now)) return;
  const auto counters = hooks_.counters(name);
  core::SessionLedger::Scene scene{
      .has_host = entry.has_host, .ended_by = entry.ended_by, .now = now, .wall = wall_seconds(now)};
  if (counters) scene.traffic = traffic_of(*counters);
  for (core::RadiusAccounting& record : entry.ledger.step(scene)) entry.link->account(std::move(record));
}

void RadiusPorts::arm() {
  std::optional<Time> first;
  for (const auto& [until, link] : leaving_) first = sooner(first, link->has_records() ? until : boot_time());
  if (done_) first = sooner(first, is_delivering() ? finish_by_ : boot_time());
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
