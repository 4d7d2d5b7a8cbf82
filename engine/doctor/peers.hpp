// SPDX-License-Identifier: LGPL-2.1-or-later
/// Findings about keys and about who is heard.
#pragma once

#include "engine/doctor/doctor.hpp"

namespace macsec::doctor {

/// Lifetimes against the clock.
[[nodiscard]] std::vector<Finding> key_findings(const Facts& facts);

/// Why no peer shares keys with us, or why those that do do not use them.
[[nodiscard]] std::vector<Finding> peer_findings(const Facts& facts);

}  // namespace macsec::doctor
