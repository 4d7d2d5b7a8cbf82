// SPDX-License-Identifier: LGPL-2.1-or-later
/// Points of the calendar, for key lifetimes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace macsec {

/// Seconds since 1970-01-01 UTC of "2026-01-31", "2026-01-31 12:30", "2026-01-31T12:30:15", each followed by nothing,
/// "Z" or " UTC" (all UTC) or an offset as "+01:00"; or of "@SECONDS". Years 1970 to 9999. Nothing for anything else.
[[nodiscard]] std::optional<std::int64_t> parse_instant(std::string_view text) noexcept;

/// "2026-01-31T12:30:15Z"
[[nodiscard]] std::string format_instant(std::int64_t seconds);

}  // namespace macsec
