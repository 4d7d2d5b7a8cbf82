// SPDX-License-Identifier: LGPL-2.1-or-later
/// Findings about who is heard.
#pragma once

#include "engine/doctor/doctor.hpp"

namespace macsec::doctor {

/// Why no peer shares keys with us, why those that do do not use them, or what is wrong while they do.
[[nodiscard]] std::vector<Finding> peer_findings(const Facts& facts);

}  // namespace macsec::doctor
