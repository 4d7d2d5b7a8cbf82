// SPDX-License-Identifier: LGPL-2.1-or-later
/// macsec devices as interfaces: finding, making, changing and deleting them over rtnetlink.
#pragma once

#include "engine/adapters/netlink/link_message.hpp"
#include "engine/adapters/netlink/macsec_kernel.hpp"

#include <optional>
#include <string>
#include <vector>

namespace macsec::os {

/// A device to make: dormant and down, everything else in force from the first moment.
struct MacsecLinkRequest {
  std::string name;
  unsigned parent = 0;  ///< ifindex
  MacAddress mac;
  Sci sci;
  CipherSuite cipher_suite = CipherSuite::gcm_aes_128;
  SecyParameters parameters;
  /// Software: not 0, so that a first SA at 0 is not used before it is told to be. Nothing with hardware: drivers take an
  /// encoding AN without an SA for a SecY that is not to work.
  std::optional<An> encoding = An{3};
  OffloadMode offload = OffloadMode::off;
  unsigned mtu = 0;     ///< 0: of the parent, less MACsec's own octets
  unsigned master = 0;  ///< bridge or bond to join
};

/// MACSEC_OFFLOAD_*.
[[nodiscard]] std::uint8_t offload_type(OffloadMode mode) noexcept;
/// Nothing where there is no such interface. Alternative names count.
[[nodiscard]] Result<std::optional<Link>> find_link(MacsecKernel& kernel, const std::string& name);
[[nodiscard]] Result<std::optional<Link>> find_link(MacsecKernel& kernel, unsigned ifindex);
[[nodiscard]] Result<std::vector<Link>> macsec_links(MacsecKernel& kernel);

/// What create_link() asks the kernel for.
void put_creation(NetlinkMessage& message, const MacsecLinkRequest& request);
[[nodiscard]] Result<void> create_link(MacsecKernel& kernel, const MacsecLinkRequest& request);
[[nodiscard]] Result<void> delete_link(MacsecKernel& kernel, unsigned ifindex, const std::string& name);
/// All parameters in one message: there is no moment in between.
[[nodiscard]] Result<void> change_parameters(MacsecKernel& kernel, unsigned ifindex, const SecyParameters& parameters,
                                             std::string_view doing);
[[nodiscard]] Result<void> change_encoding(MacsecKernel& kernel, unsigned ifindex, An an, std::string_view doing);
/// What goes with the operational state.
enum class Also : std::uint8_t {
  nothing,
  up_flag,  ///< IFF_UP
};
[[nodiscard]] Result<void> change_operational(MacsecKernel& kernel, unsigned ifindex, ControlledPort state, Also also,
                                              std::string_view doing);
/// Sets or clears IFF_UP.
[[nodiscard]] Result<void> set_up(MacsecKernel& kernel, unsigned ifindex, bool up, std::string_view doing);
/// The last step of making a device: up, marked as ours, and its MTU where it is not the default (0).
[[nodiscard]] Result<void> start_link(MacsecKernel& kernel, unsigned ifindex, unsigned mtu, std::string_view doing);
/// Every device of the namespace that is on `parent` and is no macsec device.
[[nodiscard]] Result<std::vector<Link>> other_links_on(MacsecKernel& kernel, unsigned parent);

}  // namespace macsec::os
