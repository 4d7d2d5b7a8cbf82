// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/mka/secy_errors.hpp"

namespace macsec::core {

bool SecyErrors::check(const Result<void>& result, Counter cause, Time now) {
  if (result) return true;
  ++(context_.counters.*cause);
  // The same words again are no news.
  if (last_ != result.error().message) context_.emit(Event::Kind::secy_error, now, result.error().message);
  last_ = result.error().message;
  at_ = now;
  return false;
}

void SecyErrors::clear() noexcept {
  last_.clear();
  at_.reset();
}

}  // namespace macsec::core
