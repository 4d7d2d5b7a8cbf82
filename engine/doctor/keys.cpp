// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/doctor/keys.hpp"

#include "engine/config/instant.hpp"

#include <algorithm>

namespace macsec::doctor {
namespace {

constexpr std::int64_t week = 7 * 24 * 3600;

bool has_bounds(const Facts& facts) {
  return std::ranges::any_of(facts.profile->keys,
                             [](const PreSharedKey& key) { return key.not_before || key.not_after; });
}

/// The latest end of all keys; nothing where one has none.
std::optional<std::int64_t> last_end(const Facts& facts) {
  std::optional<std::int64_t> last;
  for (const PreSharedKey& key : facts.profile->keys) {
    if (!key.not_after) return std::nullopt;
    last = std::max(last.value_or(*key.not_after), *key.not_after);
  }
  return last;
}

std::optional<std::int64_t> next_begin(const Facts& facts) {
  std::optional<std::int64_t> next;
  for (const PreSharedKey& key : facts.profile->keys)
    if (key.not_before && *key.not_before > facts.wall_clock)
      next = std::min(next.value_or(*key.not_before), *key.not_before);
  return next;
}

bool doubts_clock(const Facts& facts) { return !facts.status.clock_trusted && has_bounds(facts); }

Finding clock(const Facts& facts, Gravity gravity) {
  return {.id = "clock",
          .gravity = gravity,
          .text = "the clock says " + format_instant(facts.wall_clock) +
                  " and is not to be trusted, and keys have lifetimes",
          .remedy = "timedatectl set-ntp yes, or a clock that keeps time"};
}

Finding no_key(const Facts& facts) {
  if (doubts_clock(facts)) return clock(facts, Gravity::fault);
  if (const auto next = next_begin(facts))
    return {.id = "keys-begin-later",
            .text = "no key is valid now: the next begins at " + format_instant(*next) + ", the clock says " +
                    format_instant(facts.wall_clock),
            .remedy = "timedatectl; " + edit_profile(facts)};
  if (const auto last = last_end(facts))
    return {.id = "keys-ended",
            .text = "no key is valid any more: the last ended at " + format_instant(*last) + ", the clock says " +
                    format_instant(facts.wall_clock),
            .remedy = "give both ends a new key: " + edit_profile(facts)};
  if (const auto& from = facts.profile->key_source)
    return {.id = "no-source-key",
            .text = "key source " + from->source + " has brought no key, and there is no fallback key",
            .remedy = "systemctl status macsec-keys"};
  return {.id = "no-key",
          .text = "profile " + configured_name(*facts.profile) + " has no key",
          .remedy = edit_profile(facts)};
}

/// A key server that is down must not be what keeps a link down.
std::optional<Finding> fallback_advice(const Facts& facts) {
  const auto fallback = [](const PreSharedKey& key) { return key.role == KeyRole::fallback; };
  if (!facts.profile->key_source || std::ranges::any_of(facts.profile->keys, fallback)) return std::nullopt;
  return Finding{.id = "no-fallback-key",
                 .gravity = Gravity::warning,
                 .text = "keys come from key source " + facts.profile->key_source->source +
                         " alone: after a cold start without it the link has none",
                 .remedy = "give both ends a [Key] with Role=fallback: " + edit_profile(facts)};
}

}  // namespace

std::vector<Finding> key_findings(const Facts& facts) {
  if (facts.status.reason != core::Reason::no_key) return {};
  return {no_key(facts)};
}

std::vector<Finding> lifetime_findings(const Facts& facts) {
  if (facts.status.reason == core::Reason::no_key) return {};
  std::vector<Finding> findings;
  if (auto advice = fallback_advice(facts)) findings.push_back(std::move(*advice));
  const auto last = last_end(facts);
  if (doubts_clock(facts))
    findings.push_back(clock(facts, Gravity::warning));
  else if (last && *last <= facts.wall_clock + week && facts.status.state == core::PortState::secured)
    findings.push_back({.id = "keys-end-soon",
                        .gravity = Gravity::warning,
                        .text = "the last key " + std::string{*last < facts.wall_clock ? "ended" : "ends"} + " at " +
                                format_instant(*last) + ", and none follows",
                        .remedy = "give both ends the next key: " + edit_profile(facts)});
  return findings;
}

}  // namespace macsec::doctor
