// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/mka/key_chain.hpp"

#include "engine/base/text.hpp"

#include <algorithm>
#include <cerrno>

namespace macsec::core {

namespace {

using std::chrono::seconds;

/// A key that takes another's place is to last for so long.
constexpr Duration successor_lasts = std::chrono::hours{1};

/// By the clock, tolerance included; `overdue` is what is over.
bool in_time(KeyState state) noexcept {
  return state == KeyState::early || state == KeyState::active || state == KeyState::late;
}

bool speaks(KeyState state) noexcept { return state != KeyState::waiting && state != KeyState::retired; }

}  // namespace

void KeyChain::set_wall_clock(Time epoch, bool synchronised) noexcept {
  epoch_ = epoch;
  synchronised_ = synchronised;
}

std::optional<Time> KeyChain::at(const std::optional<std::int64_t>& bound) const noexcept {
  return bound && epoch_ ? std::optional{*epoch_ + seconds{*bound}} : std::nullopt;
}

std::int64_t KeyChain::wall(Time now) const noexcept {
  return std::chrono::floor<seconds>(now - epoch_.value_or(now)).count();
}

bool KeyChain::judge_clock(std::span<const Participant> participants, Time now) const noexcept {
  if (!epoch_ || !synchronised_ || wall(now) < earliest_plausible_clock) return false;
  const Participant* used = cp_.latest() ? find(participants, cp_.latest()->ckn) : nullptr;
  return used == nullptr || by_clock(*used, now) != KeyState::waiting;
}

KeyState KeyChain::by_clock(const Participant& key, Time now) const noexcept {
  if ((key.not_before || key.not_after) && !epoch_) return KeyState::waiting;
  const Duration tolerance = context_.profile->mka.key_tolerance;
  const std::optional<Time> begin = at(key.not_before);
  const std::optional<Time> end = at(key.not_after);
  if (end && now >= *end + tolerance) return KeyState::overdue;
  if (begin && now < *begin - tolerance) return KeyState::waiting;
  if (begin && now < *begin) return KeyState::early;
  if (end && now >= *end) return KeyState::late;
  return KeyState::active;
}

// ---- evidence -------------------------------------------------------------------------------------------------------

/// A key that is over gives way to any that is in its time; one that is taken away only to one that lasts.
KeyEvidence KeyChain::look(const Participant& key, std::span<const Participant> participants, Time now) const {
  const bool over = !in_time(by_clock(key, now));
  return look_for_evidence(key, participants, cp_, foreign_server_, now, [&](const Participant& other) {
    if (over) return in_time(by_clock(other, now));
    const std::optional<Time> end = at(other.not_after);
    return other.state == KeyState::active && (!end || now + successor_lasts <= *end);
  });
}

void KeyChain::weigh(std::span<Participant> participants, Time now) {
  for (Participant& key : participants) {
    key.evidence = look(key, participants, now);
    if (!key.evidence.holds()) {
      key.covered_since.reset();
      continue;
    }
    if (!key.covered_since) key.covered_since = now;
    const Time proved = *key.covered_since + life_time;
    if (now >= proved) continue;
    key.evidence.missing = KeyEvidence::Missing::time;
    deadlines_.set_sooner(Timer::evidence, proved);
  }
}

// ---- retirement -----------------------------------------------------------------------------------------------------

Result<void> KeyChain::retire(std::span<Participant> participants, const Ckn& ckn, Retirement how, Duration timeout,
                              Time now) {
  const auto key = std::ranges::find(participants, ckn, &Participant::ckn);
  if (key == participants.end() || key->retired) return fail(ENOENT, "no key has CKN " + to_string(ckn));
  if (key->role == KeyRole::primary && std::ranges::none_of(participants, [&](const Participant& other) {
        return &other != &*key && other.role == KeyRole::primary && !other.retired;
      }))
    return fail(ENODATA, "CKN " + to_string(ckn) + " is the last primary key: nothing would be left");
  if (how == Retirement::forced) {
    retire_now(*key, "without evidence", now);
    return {};
  }
  weigh(participants, now);
  const KeyEvidence& seen = key->evidence;
  if (how == Retirement::when_proved && !seen.holds() && !seen.may_come()) return fail(EBUSY, seen.words());
  if (key->draining_until) return {};
  key->held_since.reset();
  key->draining_until = now + timeout;
  context_.emit(Event::Kind::key_draining, now, to_string(ckn), ckn);
  return {};
}

void KeyChain::drop(Participant& key, Time now) const noexcept {
  key.leaving = true;
  key.held_since.reset();
  key.draining_until = now + life_time;
}

Result<void> KeyChain::keep(std::span<Participant> participants, const Ckn& ckn, Time now) {
  const auto key = std::ranges::find(participants, ckn, &Participant::ckn);
  if (key == participants.end() || !key->draining_until)
    return fail(ENOENT, "no key with CKN " + to_string(ckn) + " is being retired");
  key->draining_until.reset();
  key->quiet = false;
  context_.emit(Event::Kind::key_kept, now, to_string(ckn) + " stays, as asked", ckn);
  return {};
}

void KeyChain::drain(Participant& key, Time now) {
  const KeyEvidence& seen = key.evidence;
  if (seen.holds()) return retire_now(key, "all peers use CKN " + to_string(seen.successor), now);
  if (now >= *key.draining_until && key.leaving) return retire_now(key, "the profile has it no more", now);
  if (now >= *key.draining_until) {
    key.draining_until.reset();
    key.quiet = false;
    return context_.emit(Event::Kind::key_kept, now, to_string(key.ckn()) + " stays: " + seen.words(), key.ckn());
  }
  deadlines_.set_sooner(Timer::draining, *key.draining_until);
  // The key server of the others goes by whom it hears under a key: who is not heard under this one any more, but under
  // the other, moves it there. What it still distributes is taken meanwhile; what it distributes as it comes back has to be
  // confirmed first.
  if (seen.missing != KeyEvidence::Missing::foreign_sak) return key.held_since.reset();
  if (!key.held_since) {
    key.held_since = now;
    key.quiet = false;
  }
  const Time quiet_from = *key.held_since + life_time;
  if (key.quiet) return;
  if (now >= quiet_from)
    key.quiet = true;
  else
    deadlines_.set_sooner(Timer::draining, quiet_from);
}

void KeyChain::retire_now(Participant& key, std::string_view how, Time now) {
  key.draining_until.reset();
  key.quiet = false;
  key.retired = true;
  context_.emit(Event::Kind::key_retired, now, to_string(key.ckn()) + " is out of use: " + std::string{how}, key.ckn());
}

// ---- states ---------------------------------------------------------------------------------------------------------

void KeyChain::heard(Participant& key, const MemberId& mi, Time now) const {
  if (!enabled_ || key.retired) return;
  const KeyState clock = by_clock(key, now);
  const bool keeps = context_.profile->mka.key_expiry == KeyExpiry::keep;
  if (clock == KeyState::waiting || (clock == KeyState::overdue && keeps && !any_in_time_)) {
    key.note_unproved(mi, now);
    if (key.counts(mi, now)) key.heard_idle = now;
  }
}

/// Whether a key that is out of its time goes on.
bool KeyChain::stays(const Participant& key, KeyState clock, Time now) const noexcept {
  const bool is_over = clock == KeyState::overdue;
  if (is_over && context_.profile->mka.key_expiry == KeyExpiry::cut) return false;
  if (!any_in_time_ && key.active) return true;
  const bool is_heard = key.anybody_counts(now) || (key.heard_idle && now < *key.heard_idle + life_time);
  return is_heard && !(is_over && key.evidence.holds());
}

KeyState KeyChain::due(const Participant& key, Time now) const noexcept {
  if (key.retired) return KeyState::retired;
  const KeyState clock = by_clock(key, now);
  if (in_time(clock)) return key.draining_until ? KeyState::draining : clock;
  if (stays(key, clock, now)) return clock == KeyState::waiting ? KeyState::early : KeyState::overdue;
  return clock == KeyState::waiting ? KeyState::waiting : KeyState::retired;
}

/// The key to speak with where none is in its time and none was in use: as the clock would have it if it were right.
Participant* KeyChain::nearest(std::span<Participant> participants, Time now) const {
  if (!epoch_) return nullptr;
  const std::int64_t clock = trusted_ ? wall(now) : std::max(wall(now), earliest_plausible_clock);
  const bool keeps = context_.profile->mka.key_expiry == KeyExpiry::keep;
  constexpr auto none = std::numeric_limits<std::int64_t>::min();
  const auto worth = [&](const Participant& key) {
    const std::int64_t begin = key.not_before.value_or(none);
    const bool is_over = key.not_after && *key.not_after <= clock;
    if (is_over) return std::tuple{keeps ? 2 : 0, *key.not_after};
    if (begin > clock) return std::tuple{trusted_ ? 0 : 1, -begin};
    return std::tuple{3, begin};
  };
  Participant* best = nullptr;
  for (Participant& key : participants)
    if (!key.retired && std::get<0>(worth(key)) > 0 &&
        (best == nullptr || std::tuple{key.role == KeyRole::primary, worth(key)} >
                                std::tuple{best->role == KeyRole::primary, worth(*best)}))
      best = &key;
  return best;
}

bool KeyChain::is_succeeded(const Participant& key, std::span<const Participant> participants, Time now) const {
  return key.evidence.holds() || std::ranges::any_of(participants, [&](const Participant& other) {
           return &other != &key && other.role == key.role && !other.retired && in_time(by_clock(other, now));
         });
}

bool KeyChain::put(Participant& key, KeyState state, Time now) {
  const KeyState before = key.state;
  key.state = state;
  if (state != before) key.state_since = now;
  const bool active = enabled_ && speaks(state);
  if (active && state != before && state == KeyState::overdue)
    context_.emit(Event::Kind::key_overdue, now, to_string(key.ckn()) + " is past its NotAfter= and still in use",
                  key.ckn());
  if (active && state == KeyState::active && (before == KeyState::waiting || before == KeyState::early))
    context_.emit(Event::Kind::key_active, now, to_string(key.ckn()), key.ckn());
  if (active == key.active) return false;
  key.active = active;
  context_.trace.record({now, "Participant", active ? "inactive" : "active", active ? "active" : "inactive", {}});
  if (active)
    key.start_hello(now);
  else
    key.renew(context_.random);  // its peers are heard no more; a later activation is a new member
  return true;
}

void KeyChain::set_timers(const Participant& key, Time now) {
  const Duration tolerance = context_.profile->mka.key_tolerance;
  const std::optional<Time> begin = at(key.not_before);
  const std::optional<Time> end = at(key.not_after);
  const auto consider = [&](std::optional<Time> when) {
    if (when && now < *when) deadlines_.set_sooner(Timer::bound, *when);
  };
  if (begin) {
    consider(*begin - tolerance);
    consider(begin);
  }
  if (end) {
    consider(end);
    consider(*end + tolerance);
  }
  if (key.heard_idle && now < *key.heard_idle + life_time)
    deadlines_.set_sooner(Timer::silence, *key.heard_idle + life_time);
}

/// Tells once that lifetimes are not judged by the clock, until they are again.
void KeyChain::tell_doubt(std::span<const Participant> participants, Time now) {
  const auto bounded = [](const Participant& key) { return key.not_before || key.not_after; };
  const bool doubt = epoch_ && !trusted_ && enabled_ && std::ranges::any_of(participants, bounded);
  if (doubt && !doubt_told_)
    context_.emit(Event::Kind::clock_untrusted, now,
                  "keys have lifetimes, and the clock is older than they can be or not synchronised");
  doubt_told_ = doubt;
}

/// Tells of the end of a key that is in use and has no successor, once each time one of the marks is reached.
void KeyChain::tell_end(Participant& key, std::span<const Participant> participants, Time now) {
  using std::chrono::hours;
  constexpr std::array<Duration, 3> marks{hours{7 * 24}, hours{24}, hours{1}};
  const std::optional<Time> end = at(key.not_after);
  if (!end || !trusted_ || !key.active || key.state != KeyState::active) return;
  const auto follows = [&](const Participant& other) {
    const std::optional<Time> its = at(other.not_after);
    return &other != &key && !other.retired && !other.draining_until && other.role == key.role && (!its || *its > *end);
  };
  if (std::ranges::any_of(participants, follows)) return;
  const auto reached =
      static_cast<std::size_t>(std::ranges::count_if(marks, [&](Duration mark) { return *end - now <= mark; }));
  if (reached < marks.size()) deadlines_.set_sooner(Timer::bound, *end - marks[reached]);
  if (reached <= key.end_told) return;
  key.end_told = reached;
  context_.emit(Event::Kind::key_expiring, now,
                to_string(key.ckn()) + " ends in " + format_duration(std::chrono::ceil<seconds>(*end - now)) +
                    ", and no key follows",
                key.ckn());
}

bool KeyChain::follow(std::span<Participant> participants, bool enabled, Time now) {
  deadlines_.stop_all();
  enabled_ = enabled;
  trusted_ = judge_clock(participants, now);
  tell_doubt(participants, now);
  weigh(participants, now);
  for (Participant& key : participants)
    if (key.draining_until) drain(key, now);
  any_in_time_ = std::ranges::any_of(
      participants, [&](const Participant& key) { return !key.retired && in_time(by_clock(key, now)); });
  const auto goes_on = [&](const Participant& key) { return speaks(due(key, now)); };
  const Participant* const spare =
      enabled_ && std::ranges::none_of(participants, goes_on) ? nearest(participants, now) : nullptr;
  bool moved = false;
  for (Participant& key : participants) {
    KeyState state = due(key, now);
    if (&key == spare) state = by_clock(key, now) == KeyState::waiting ? KeyState::early : KeyState::overdue;
    // What was in use and gave way to a better key does not come back when the clock steps back.
    if (key.active && enabled_ && state == KeyState::retired && is_succeeded(key, participants, now))
      key.retired = true;
    if (put(key, state, now)) moved = true;
    if (!enabled_) continue;
    set_timers(key, now);
    tell_end(key, participants, now);
  }
  return moved;
}

}  // namespace macsec::core
