// SPDX-License-Identifier: LGPL-2.1-or-later
/// What drivers say of themselves by ethtool's ioctl.
#pragma once

#include <string>
#include <string_view>

namespace macsec::os {

/// Whether the driver of `interface` has `feature` and has it on.
[[nodiscard]] bool has_feature(const std::string& interface, std::string_view feature);
/// "mlx5_core"; empty where there is no such interface, or its driver has no name.
[[nodiscard]] std::string driver_name(const std::string& interface);
/// Of the PHY that the kernel has at `interface`: "NXP C45 TJA1103"; empty where there is none.
[[nodiscard]] std::string phy_driver_name(const std::string& interface);

}  // namespace macsec::os
