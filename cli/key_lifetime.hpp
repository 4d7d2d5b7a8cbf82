// SPDX-License-Identifier: LGPL-2.1-or-later
/// When the keys of a profile begin and end.
#pragma once

#include "dbus/client/info.hpp"

#include <optional>

namespace macsec::cli {

struct KeyLifetime {
  std::string ckn;   ///< as it is sent
  std::string role;  ///< "primary" or "fallback"
  /// Seconds since 1970; nothing: unbounded on that side.
  std::optional<std::int64_t> not_before;
  std::optional<std::int64_t> not_after;
};

/// One for each [Key], in order.
[[nodiscard]] std::vector<KeyLifetime> key_lifetimes(const bus::ProfileInfo& profile);

/// "ends in 34 days", "ended 2026-01-31T00:00:00Z", "begins in 3 days"; empty for a key without an end that is valid.
/// `now` in seconds since 1970.
[[nodiscard]] std::string lifetime_text(const KeyLifetime& key, std::int64_t now);

}  // namespace macsec::cli
