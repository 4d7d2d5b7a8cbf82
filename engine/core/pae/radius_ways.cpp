// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/pae/radius_ways.hpp"

#include "engine/base/deadlines.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace macsec::core {
namespace {

using namespace std::chrono_literals;

constexpr Duration first_pause = 1s;
constexpr Duration longest_pause = 30s;

/// Up to a tenth less, so that the switches of a building do not come back in one moment.
Duration jittered(Duration span, Random& random) {
  std::array<std::uint8_t, 1> octet{};
  random.fill(octet);
  return span - span * octet[0] / 2560;
}

}  // namespace

void RadiusWays::want(RadiusWay way) { ways_.try_emplace(way); }

void RadiusWays::on_open(RadiusWay way, Time now) {
  Way& of = ways_[way];
  of.state = State::open;
  of.heard = false;
  of.due = now + watch_gap;
}

bool RadiusWays::on_closed(RadiusWay way, Time now) {
  Way& of = ways_[way];
  const bool heard = std::exchange(of.heard, false);
  of.state = State::waiting;
  of.due = heard ? now : now + jittered(of.pause = std::clamp(2 * of.pause, first_pause, longest_pause), random_);
  return heard;
}

void RadiusWays::on_heard(RadiusWay way, Time now) {
  const auto at = ways_.find(way);
  if (at == ways_.end() || !is_open(way)) return;
  at->second = {.state = State::open, .due = now + watch_gap, .heard = true};
}

void RadiusWays::on_asked(RadiusWay way, Time now) {
  const auto at = ways_.find(way);
  if (at == ways_.end() || at->second.state != State::open) return;
  at->second.state = State::asked;
  at->second.due = now + watch_patience;
}

bool RadiusWays::is_open(RadiusWay way) const noexcept {
  const auto at = ways_.find(way);
  return at != ways_.end() && (at->second.state == State::open || at->second.state == State::asked);
}

bool RadiusWays::is_heard(RadiusWay way) const noexcept {
  const auto at = ways_.find(way);
  return at != ways_.end() && at->second.heard;
}

std::optional<RadiusWay> RadiusWays::find(Time now, std::initializer_list<State> states) const noexcept {
  const auto at = std::ranges::find_if(ways_, [&](const auto& each) {
    return each.second.due <= now && std::ranges::find(states, each.second.state) != states.end();
  });
  return at == ways_.end() ? std::nullopt : std::optional{at->first};
}

std::optional<RadiusWay> RadiusWays::take_due(Time now) {
  const auto way = find(now, {State::waiting});
  if (!way) return std::nullopt;
  Way& of = ways_.at(*way);
  of.state = State::connecting;
  of.due = now + connect_patience;
  return way;
}

std::optional<RadiusWay> RadiusWays::find_silent(Time now) const noexcept { return find(now, {State::open}); }

std::optional<RadiusWay> RadiusWays::find_broken(Time now) const noexcept {
  return find(now, {State::connecting, State::asked});
}

std::optional<Time> RadiusWays::next() const noexcept {
  std::optional<Time> first;
  for (const auto& [way, of] : ways_) first = sooner(first, of.due);
  return first;
}

}  // namespace macsec::core
