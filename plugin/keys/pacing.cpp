// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/keys/pacing.hpp"

#include <algorithm>

namespace macsec::keys {
namespace {

/// Two keys that became live within this time have no order that both ends agree on.
constexpr Duration same_moment = std::chrono::seconds{3};

}  // namespace

Pacing::Pacing(const PacingSettings& settings, const ServerState& server, std::uint32_t seed, Time now)
    : settings_{settings}, server_{server}, random_{seed}, next_new_{now}, silent_since_{now}, tokens_at_{now} {}

bool Pacing::any_live() const {
  return std::ranges::any_of(keys_, [](const auto& one) { return one.second.live; });
}

bool Pacing::in_progress(const Key& key, Time now) const {
  return !key.live && !key.dropping && now < key.silent_since + patience;
}

bool Pacing::has_room() const { return keys_.size() + looking_up_.size() + (asking_ ? 1U : 0U) < most_keys; }

bool Pacing::initiates(Time now) const {
  switch (settings_.initiator) {
    case Initiator::yes:
      return true;
    case Initiator::no:
      return false;
    case Initiator::automatic:
      return settings_.is_first || (!any_live() && now >= silent_since_ + take_over);
  }
  return false;
}

// --- what happens ---

void Pacing::on_link(bool usable, Time now) {
  if (usable == usable_) return;
  usable_ = usable;
  if (!usable) return;
  // Nobody could be heard until now.
  silent_since_ = now;
  for (auto& [ckn, key] : keys_)
    if (!key.live) key.silent_since = now;
}

void Pacing::went_live(Key& key, Time since, Time now) {
  key.live = true;
  key.ever_live = true;
  key.live_since = since;
  failures_ = 0;
  const std::int64_t tenth = settings_.every.count() / 10;
  const Duration spread{std::uniform_int_distribution<std::int64_t>{-tenth, tenth}(random_)};
  next_new_ = std::max(now, since + settings_.every + spread);
}

void Pacing::on_keys(std::span<const HeldKey> keys, Time now) {
  const bool were_live = any_live();
  for (auto at = keys_.begin(); at != keys_.end();) {
    if (std::ranges::find(keys, at->first, &HeldKey::ckn) != keys.end()) {
      ++at;
      continue;
    }
    // The other end may speak under it for a while.
    refuse(at->first, now + refused_for);
    at = keys_.erase(at);
  }
  for (const HeldKey& held : keys) {
    const auto [at, fresh] = keys_.try_emplace(held.ckn);
    Key& key = at->second;
    if (fresh) {
      key.silent_since = now;
      key.heard = looking_up_.contains(held.ckn);
    }
    key.ever_live = key.ever_live || held.had_peer;
    if (held.live && key.live_since == Time{})
      // Of a key from before our time the daemon knows how old it is.
      went_live(key, known_ ? now : std::min(held.since, now), now);
    if (key.live && !held.live) key.silent_since = now;
    if (key.draining && !held.draining) {
      // The daemon kept it: it takes the place of another one until it is asked to go again.
      key.retire_at = std::max(key.retire_at, now + retire_again);
      key.dropping = false;
    }
    key.live = held.live;
    key.draining = held.draining;
  }
  known_ = true;
  if (were_live && !any_live()) silent_since_ = now;
}

void Pacing::on_unknown_ckn(const Ckn& ckn, Time now) {
  if (!usable_ || !known_ || (settings_.id_octets != 0 && ckn.size() != settings_.id_octets)) return;
  if (keys_.contains(ckn) || looking_up_.contains(ckn) || now < server_.ready_at() || !has_room()) return;
  if (const auto tried = tried_.find(ckn); tried != tried_.end() && now < tried->second.again_at) return;
  if (take_token(now)) looking_up_.emplace(ckn, true);
}

bool Pacing::take_token(Time now) {
  const double seconds = std::chrono::duration<double>(now - tokens_at_).count();
  tokens_ = std::min(look_up_burst, tokens_ + seconds * look_ups_per_second);
  tokens_at_ = now;
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

void Pacing::on_no_key() { asking_ = false; }

void Pacing::refuse(const Ckn& ckn, Time until) {
  const auto [at, fresh] = tried_.try_emplace(ckn);
  at->second.again_at = until;
  if (!fresh) return;
  tried_order_.push_back(ckn);
  if (tried_order_.size() <= most_refused) return;
  tried_.erase(tried_order_.front());
  tried_order_.pop_front();
}

void Pacing::on_no_such_key(const Ckn& ckn, const Refusal& refusal, Time now) {
  looking_up_.erase(ckn);
  if (refusal.kind == Refusal::Kind::unreachable || refusal.kind == Refusal::Kind::untrusted) return;
  // What was answered once is not answered again.
  if (refusal.kind == Refusal::Kind::malformed) return refuse(ckn, now + refused_for);
  refuse(ckn, now + try_again);
  Tried& tried = tried_.at(ckn);
  if (tried.tries == 0 || now > tried.first + refused_for)
    tried = {.tries = 0, .first = now, .again_at = tried.again_at};
  if (++tried.tries >= most_tries) tried.again_at = now + refused_for;
}

void Pacing::plan_after_failure(Time now) {
  ++failures_;
  next_new_ = now + back_off(failures_, random_);
}

void Pacing::on_added(const Ckn& ckn, Added outcome, Time now) {
  const bool looked_up = looking_up_.erase(ckn) != 0;
  if (!looked_up) asking_ = false;
  if (outcome == Added::yes) {
    give_up(now);
    // Another one where this one gets no live peer.
    if (!looked_up && !any_live()) plan_after_failure(now);
    return;
  }
  if (looked_up)
    refuse(ckn, now + (outcome == Added::known ? refused_for : try_again));
  else
    plan_after_failure(now);
}

/// A new key is there: what never worked before it has had its time.
void Pacing::give_up(Time now) {
  for (auto& [ckn, key] : keys_)
    if (!key.ever_live && !in_progress(key, now)) key.silent_since = Time::min();
}

void Pacing::on_kept(const Ckn& ckn, Time now) {
  if (const auto found = keys_.find(ckn); found != keys_.end()) {
    found->second.retire_at = now + retire_again;
    found->second.dropping = false;
  }
}

// --- what is to be done ---

std::map<Ckn, Pacing::Key>::iterator Pacing::newest_live() {
  Time newest = Time::min();
  for (const auto& [ckn, key] : keys_)
    if (key.live) newest = std::max(newest, key.live_since);
  auto best = keys_.end();
  // Of several of the same moment the greatest name stays: the other end finds the same.
  for (auto at = keys_.begin(); at != keys_.end(); ++at)
    if (at->second.live && at->second.live_since >= newest - same_moment) best = at;
  return best;
}

/// A key that nobody was ever live under goes where another works, and where a new one takes its place. Else it is spoken on:
/// the other end may still come.
std::optional<Action> Pacing::drop_one(Time now) {
  for (auto& [ckn, key] : keys_) {
    if (key.ever_live || key.dropping || in_progress(key, now) || now < key.retire_at) continue;
    if (!any_live() && key.silent_since != Time::min()) continue;
    key.dropping = true;
    if (!std::exchange(key.given_up, true)) {
      if (key.heard) ++mismatches_;
      if (any_live()) plan_after_failure(now);
    }
    return Action{Action::Kind::drop, ckn, key.heard};
  }
  return std::nullopt;
}

std::optional<Action> Pacing::retire_one(Time now) {
  const auto kept = newest_live();
  if (kept == keys_.end()) return std::nullopt;
  for (auto at = keys_.begin(); at != keys_.end(); ++at) {
    Key& key = at->second;
    if (at == kept || !key.ever_live || key.draining || now < key.retire_at) continue;
    key.retire_at = now + retire_again;
    return Action{Action::Kind::retire, at->first};
  }
  return std::nullopt;
}

bool Pacing::wants_new(Time now) const {
  const bool progress = std::ranges::any_of(keys_, [&](const auto& one) { return in_progress(one.second, now); });
  return !asking_ && !progress && has_room() && initiates(now) && now >= next_new_ && now >= server_.ready_at();
}

std::optional<Action> Pacing::poll_action(Time now) {
  if (!usable_ || !known_) return std::nullopt;
  if (auto action = drop_one(now)) return action;
  if (auto action = retire_one(now)) return action;
  for (auto& [ckn, waits] : looking_up_)
    if (std::exchange(waits, false)) return Action{Action::Kind::look_up, ckn};
  if (!wants_new(now)) return std::nullopt;
  asking_ = true;
  return Action{Action::Kind::ask_new, {}};
}

std::optional<Time> Pacing::next_timeout(Time now) const {
  if (!usable_ || !known_) return std::nullopt;
  std::optional<Time> next;
  // What is due already waits for something else to happen.
  const auto at = [&](Time time) {
    if (time > now) next = next ? std::min(*next, time) : time;
  };
  for (const auto& [ckn, key] : keys_) {
    if (!key.live) at(key.silent_since + patience);
    at(key.retire_at);
  }
  at(next_new_);
  at(server_.ready_at());
  at(silent_since_ + take_over);
  return next;
}

}  // namespace macsec::keys
