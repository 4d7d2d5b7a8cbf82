// SPDX-License-Identifier: LGPL-2.1-or-later
/// Findings about the keys of a profile: their lifetimes against the clock.
#pragma once

#include "engine/doctor/doctor.hpp"

namespace macsec::doctor {

/// Why no key is valid, where none is.
[[nodiscard]] std::vector<Finding> key_findings(const Facts& facts);

/// What will end a link that works, or keeps its keys from changing in time.
[[nodiscard]] std::vector<Finding> lifetime_findings(const Facts& facts);

}  // namespace macsec::doctor
