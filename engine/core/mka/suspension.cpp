// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/mka/suspension.hpp"

namespace macsec::core {

void Suspension::begin(Duration span, Duration notice, Duration patience, Time now) noexcept {
  span_ = span;
  deadlines_.set(Timer::notice, now + notice);
  deadlines_.set(Timer::busy, now + notice + patience);
  deadlines_.set(Timer::end, now + notice + span);
}

void Suspension::end() noexcept { deadlines_.stop_all(); }

bool Suspension::step(bool busy, Time now) noexcept {
  static_cast<void>(deadlines_.take_expired(Timer::notice, now));
  const bool noticed = !deadlines_.is_set(Timer::notice);
  if (deadlines_.is_expired(Timer::busy, now) || (noticed && !busy)) deadlines_.stop(Timer::busy);
  return deadlines_.take_expired(Timer::end, now);
}

std::uint8_t Suspension::seconds_told() const noexcept {
  // A fraction is a whole one: told as none, peers would not wait for it.
  const auto told = std::chrono::ceil<std::chrono::seconds>(span_).count();
  return suspended() ? static_cast<std::uint8_t>(told) : std::uint8_t{0};
}

}  // namespace macsec::core
