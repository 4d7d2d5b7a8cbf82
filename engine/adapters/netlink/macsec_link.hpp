// SPDX-License-Identifier: LGPL-2.1-or-later
/// macsec devices as interfaces: finding, making, changing and deleting them over rtnetlink.
#pragma once

#include "engine/adapters/netlink/link_message.hpp"
#include "engine/adapters/netlink/macsec_kernel.hpp"

#include <optional>
#include <string>
#include <vector>

namespace macsec::os {

/// The alias of devices made here. It lives as long as the device, so a later run knows its own.
inline constexpr std::string_view device_mark = "macsecd";

/// A device to make: dormant and down, everything else in force from the first moment.
struct MacsecLinkRequest {
  std::string name;
  unsigned parent = 0;  ///< ifindex
  MacAddress mac;
  Sci sci;
  CipherSuite cipher_suite = CipherSuite::gcm_aes_128;
  SecyParameters parameters;
  An encoding{3};       ///< not 0: a first SA at 0 is not used before it is told to be
  unsigned mtu = 0;     ///< 0: of the parent, less MACsec's own octets
  unsigned master = 0;  ///< bridge or bond to join
};

/// Nothing where there is no such interface.
[[nodiscard]] Result<std::optional<Link>> find_link(MacsecKernel& kernel, const std::string& name);
[[nodiscard]] Result<std::optional<Link>> find_link(MacsecKernel& kernel, unsigned ifindex);
[[nodiscard]] Result<std::vector<Link>> macsec_links(MacsecKernel& kernel);

[[nodiscard]] Result<void> create_link(MacsecKernel& kernel, const MacsecLinkRequest& request);
[[nodiscard]] Result<void> delete_link(MacsecKernel& kernel, unsigned ifindex, const std::string& name);
/// All parameters in one message: there is no moment in between.
[[nodiscard]] Result<void> change_parameters(MacsecKernel& kernel, unsigned ifindex, const SecyParameters& parameters,
                                             std::string_view doing);
[[nodiscard]] Result<void> change_encoding(MacsecKernel& kernel, unsigned ifindex, An an, std::string_view doing);
[[nodiscard]] Result<void> change_operational(MacsecKernel& kernel, unsigned ifindex, ControlledPort state,
                                              std::string_view doing);
/// Sets or clears IFF_UP.
[[nodiscard]] Result<void> set_up(MacsecKernel& kernel, unsigned ifindex, bool up, std::string_view doing);
/// The last step of making a device: up, marked as ours, and its MTU where it is not the default (0).
[[nodiscard]] Result<void> start_link(MacsecKernel& kernel, unsigned ifindex, unsigned mtu, std::string_view doing);

}  // namespace macsec::os
