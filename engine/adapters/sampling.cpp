// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/sampling.hpp"

#include "engine/adapters/system/event_loop.hpp"

namespace macsec::os {

void Sampling::set(Session& session, std::optional<Duration> interval) {
  if (session.sampled_ && (!interval || **session.sampled_ != *interval)) {
    intervals_.erase(*session.sampled_);
    session.sampled_.reset();
  }
  if (!interval || session.sampled_) return;
  if (intervals_.empty()) last_ = boot_time();
  session.sampled_ = intervals_.insert(*interval);
}

std::optional<Time> Sampling::next() const {
  if (intervals_.empty()) return std::nullopt;
  return last_ + *intervals_.begin();
}

bool Sampling::take_due(Time now) {
  const auto at = next();
  if (!at || *at > now) return false;
  last_ = now;
  return true;
}

}  // namespace macsec::os
