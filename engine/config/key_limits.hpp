// SPDX-License-Identifier: LGPL-2.1-or-later
/// What keeps a key from being added to a profile that runs.
#pragma once

#include "engine/config/profile.hpp"

namespace macsec {

/// Why `profile` cannot have `key`, whatever other keys it has; empty: it can.
[[nodiscard]] std::string objection_to(const Profile& profile, const PreSharedKey& key);

/// Whether `profile` has `key`, name and CAK; no: it may have it at `now` (seconds since 1970). ENOTSUP: its keys are static;
/// EINVAL: objection_to(); EEXIST: the name has another CAK, or was retired; E2BIG: it has 64 keys, 4 that are in their time, or 3
/// of the same key source, two in use and one on its way.
[[nodiscard]] Result<bool> has_or_may_have(const Profile& profile, const PreSharedKey& key, std::int64_t now);

}  // namespace macsec
