// SPDX-License-Identifier: LGPL-2.1-or-later
/// The kernel's MACsec devices, read only.
#pragma once

#include "plugin/links/rtnetlink.hpp"

namespace macsec::nm {

/// All MACsec devices of this network namespace.
[[nodiscard]] Result<std::vector<LinkFacts>> macsec_devices();

/// The index of an interface; 0 where there is none.
[[nodiscard]] unsigned interface_index(const std::string& name) noexcept;

}  // namespace macsec::nm
