// SPDX-License-Identifier: LGPL-2.1-or-later
/// Findings about an access port: its RADIUS servers and the host that wants in.
#pragma once

#include "engine/doctor/doctor.hpp"

namespace macsec::doctor {

/// Why no host is let in, as far as servers or the host's MKA are the cause; empty: something else is, or the link is no access port.
[[nodiscard]] std::vector<Finding> admission_findings(const Facts& facts);

/// What is wrong while the port works: a server that is dead, a second host.
[[nodiscard]] std::vector<Finding> access_warnings(const Facts& facts);

}  // namespace macsec::doctor
