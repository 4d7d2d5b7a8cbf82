// SPDX-License-Identifier: LGPL-2.1-or-later
/// When the SecY is asked again for what it refused.
#pragma once

#include "engine/base/time.hpp"

#include <algorithm>

namespace macsec::core {

/// Refused settings are tried again this much later.
inline constexpr Duration retry_gap = std::chrono::seconds{1};
/// What stays refused is tried again after twice the time, up to this.
inline constexpr Duration longest_retry_gap = std::chrono::seconds{8};

[[nodiscard]] inline Duration longer(Duration gap) noexcept {
  return std::clamp(gap * 2, retry_gap, longest_retry_gap);
}

}  // namespace macsec::core
