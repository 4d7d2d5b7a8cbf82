// SPDX-License-Identifier: LGPL-2.1-or-later
/// Findings about what a link stands on and what stands on it.
#pragma once

#include "engine/doctor/doctor.hpp"

namespace macsec::doctor {

/// Why nothing can run: the link is switched off, its parent or device is missing, down or refused.
[[nodiscard]] std::vector<Finding> interface_findings(const Facts& facts);

/// Another program that agrees on keys, too: a fault where keys that were agreed on do not last, a warning elsewhere.
[[nodiscard]] std::vector<Finding> rival_findings(const Facts& facts);

/// What may be wrong beside the keys: MTUs, bridges, offload, frames that are refused.
[[nodiscard]] std::vector<Finding> surrounding_findings(const Facts& facts);

}  // namespace macsec::doctor
