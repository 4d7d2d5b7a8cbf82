// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/pae/radius_server_book.hpp"

#include "engine/base/deadlines.hpp"
#include "engine/base/text.hpp"
#include "engine/core/pae/radius_access.hpp"

#include <algorithm>

namespace macsec::core {
namespace {

using namespace std::chrono_literals;

constexpr unsigned enough_unanswered = 3;
constexpr Duration trial_gap = 60s;
constexpr Duration doubt_gap = 1s;

std::string name_of(const RadiusServer& server) {
  return "RADIUS server " + to_endpoint(server.address, server.port) +
         (server.transport == RadiusTransport::tls ? " (TLS)" : "");
}

}  // namespace

RadiusServerBook::RadiusServerBook(const std::vector<RadiusServer>& servers) {
  for (const RadiusServer& server : servers) entries_.push_back({.server = &server});
}

std::optional<std::size_t> RadiusServerBook::choose(const std::vector<bool>& tried, Time now) {
  std::optional<std::size_t> dead;
  for (std::size_t at = 0; at < entries_.size(); ++at) {
    Entry& entry = entries_[at];
    if (at < tried.size() && tried[at]) continue;
    if (entry.state != RadiusServerState::dead) return at;
    if (!entry.answers_status && entry.trial_at && now >= *entry.trial_at) {
      entry.trial_at = now + trial_gap;
      return at;
    }
    if (!dead) dead = at;
  }
  return dead;
}

void RadiusServerBook::on_answer(std::size_t at, bool to_probe, Time now) {
  Entry& entry = entries_[at];
  if (entry.state == RadiusServerState::dead)
    events_.push_back({.kind = RadiusEvent::Kind::server_alive,
                       .place = at,
                       .server = entry.server->address,
                       .text = name_of(*entry.server) + " answers again"});
  entry.state = RadiusServerState::alive;
  entry.unanswered = 0;
  entry.answers_status = entry.answers_status || to_probe;
  entry.probe_at.reset();
  entry.trial_at.reset();
  entry.last_answer = now;
  entry.words.clear();
}

void RadiusServerBook::on_unanswered(std::size_t at, std::string words, Time now) {
  Entry& entry = entries_[at];
  entry.words = std::move(words);
  ++entry.unanswered;
  if (entry.state == RadiusServerState::dead || entry.unanswered < enough_unanswered) return;
  entry.state = RadiusServerState::dead;
  if (!entry.is_over_tls()) entry.probe_at = entry.trial_at = now + trial_gap;
  events_.push_back({.kind = RadiusEvent::Kind::server_dead,
                     .place = at,
                     .server = entry.server->address,
                     .text = name_of(*entry.server) + " is taken for dead: " + entry.words});
}

void RadiusServerBook::on_connected(std::size_t at, std::string version, Time now) {
  Entry& entry = entries_[at];
  entry.tls_version = std::move(version);
  if (entry.state == RadiusServerState::dead) entry.trial_at = now;  // it may not know Status-Server
}

void RadiusServerBook::on_disconnected(std::size_t at) {
  entries_[at].tls_version.clear();
  entries_[at].trial_at.reset();
}

bool RadiusServerBook::has_living(const std::vector<bool>& tried) const noexcept {
  for (std::size_t at = 0; at < entries_.size(); ++at)
    if (!tried[at] && !is_dead(at)) return true;
  return false;
}

std::optional<std::size_t> RadiusServerBook::take_due_probe(Time now) {
  for (std::size_t at = 0; at < entries_.size(); ++at) {
    Entry& entry = entries_[at];
    if (!entry.probe_at || now < *entry.probe_at) continue;
    entry.probe_at = now + trial_gap;
    return at;
  }
  return std::nullopt;
}

std::optional<Time> RadiusServerBook::next() const noexcept {
  std::optional<Time> first;
  for (const Entry& entry : entries_) first = sooner(first, entry.probe_at);
  return first;
}

bool RadiusServerBook::take_probe(std::size_t at, Time now) noexcept {
  Entry& entry = entries_[at];
  if (entry.probed_at && now - *entry.probed_at < doubt_gap) return false;
  entry.probed_at = now;
  return true;
}

bool RadiusServerBook::answered_since(std::size_t at, Time time) const noexcept {
  return entries_[at].last_answer && *entries_[at].last_answer > time;
}

bool RadiusServerBook::answered_since(Time time) const noexcept {
  return std::ranges::any_of(entries_, [time](const Entry& one) { return one.last_answer && *one.last_answer > time; });
}

std::optional<RadiusEvent> RadiusServerBook::poll_event() {
  if (events_.empty()) return std::nullopt;
  RadiusEvent event = std::move(events_.front());
  events_.pop_front();
  return event;
}

std::size_t RadiusServerBook::current() const noexcept {
  const auto at = std::ranges::find_if(entries_, [](const Entry& one) { return one.state != RadiusServerState::dead; });
  return at == entries_.end() ? 0 : static_cast<std::size_t>(at - entries_.begin());
}

std::vector<RadiusServerStatus> RadiusServerBook::status() const {
  std::vector<RadiusServerStatus> out;
  for (const Entry& entry : entries_)
    out.push_back({.address = entry.server->address,
                   .port = entry.server->port,
                   .transport = entry.server->transport,
                   .tls_version = entry.tls_version,
                   .state = entry.state,
                   .current = out.size() == current(),
                   .last_answer = entry.last_answer,
                   .words = entry.words,
                   .counters = entry.counters});
  return out;
}

}  // namespace macsec::core
