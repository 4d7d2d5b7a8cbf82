// SPDX-License-Identifier: LGPL-2.1-or-later
/// What keeps a key from being added to a profile that runs.
#pragma once

#include "engine/config/profile.hpp"

namespace macsec {

/// Why `profile` cannot have `key`, whatever else it has; empty: it can.
[[nodiscard]] std::string objection_to(const Profile& profile, const PreSharedKey& key);

/// Why there are too many keys with `key`: 64, 4 that are in their time at `now` (seconds since 1970), or 3 of one key
/// source, two in use and one on its way; empty: there are not.
[[nodiscard]] std::string too_many_with(const Profile& profile, const PreSharedKey& key, std::int64_t now);

}  // namespace macsec
