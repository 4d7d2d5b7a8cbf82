// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/mka/leftovers.hpp"

#include "engine/core/mka/retry_gap.hpp"

#include <algorithm>
#include <cerrno>

namespace macsec::core {

Result<void> Leftovers::try_to_remove(const Leftover& what) {
  Result<void> done;
  if (!what.sci)
    done = context_.secy.delete_transmit_sa(*what.an);
  else if (what.an)
    done = context_.secy.delete_receive_sa(*what.sci, *what.an);
  else
    done = context_.secy.delete_receive_sc(*what.sci);
  if (!done) ++context_.counters.secy_failures;
  return done;
}

void Leftovers::remove(const Leftover& what, Time now) {
  if (std::ranges::find(all_, what) != all_.end()) return;  // its time comes
  const auto done = try_to_remove(what);
  if (done) return;
  context_.emit(Event::Kind::secy_error, now, done.error().message);
  all_.push_back(what);
  if (when_) return;
  gap_ = retry_gap;
  when_ = now + gap_;
}

void Leftovers::retry(Time now) {
  std::vector<Sci> gone;
  std::erase_if(all_, [&](const Leftover& what) {
    const bool done = try_to_remove(what).has_value();
    if (done && what.sci && !what.an) gone.push_back(*what.sci);
    return done;
  });
  // A channel takes its associations with it.
  std::erase_if(all_,
                [&](const Leftover& what) { return what.sci && std::ranges::find(gone, *what.sci) != gone.end(); });
  when_.reset();
  if (all_.empty()) return;
  gap_ = longer(gap_);
  when_ = now + gap_;
}

void Leftovers::step(Time now) {
  if (when_ && now >= *when_) retry(now);
}

void Leftovers::keep_channel(const Sci& sci) {
  std::erase_if(all_, [&](const Leftover& what) { return what.sci == sci && !what.an; });
}

void Leftovers::forget() noexcept {
  all_.clear();
  when_.reset();
}

Result<void> Leftovers::vacant(const std::optional<Sci>& sci, An an) const {
  const bool held = std::ranges::any_of(all_, [&](const Leftover& what) { return what.sci == sci && what.an == an; });
  if (!held) return {};
  return fail(EBUSY, "cannot use AN " + std::to_string(an.value()) + ": the key before could not be deleted");
}

std::uint8_t Leftovers::ans() const noexcept {
  unsigned ans = 0;
  for (const Leftover& what : all_)
    if (what.an) ans |= 1U << what.an->value();
  return static_cast<std::uint8_t>(ans);
}

}  // namespace macsec::core
