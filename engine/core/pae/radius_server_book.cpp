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
    events_.push_back(
        {.kind = RadiusEvent::Kind::server_alive,
         .place = at,
         .server = entry.server->address,
         .text = "RADIUS server " + to_endpoint(entry.server->address, entry.server->port) + " answers again"});
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
  entry.probe_at = now + trial_gap;
  entry.trial_at = now + trial_gap;
  events_.push_back({.kind = RadiusEvent::Kind::server_dead,
                     .place = at,
                     .server = entry.server->address,
                     .text = "RADIUS server " + to_endpoint(entry.server->address, entry.server->port) +
                             " is taken for dead: " + entry.words});
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
                   .state = entry.state,
                   .current = out.size() == current(),
                   .last_answer = entry.last_answer,
                   .words = entry.words,
                   .counters = entry.counters});
  return out;
}

}  // namespace macsec::core
