// SPDX-License-Identifier: LGPL-2.1-or-later
/// The kernel's MACsec driver: sockets and one dump for all SecYs of the network namespace.
#pragma once

#include "engine/adapters/netlink/macsec_dump.hpp"
#include "engine/adapters/netlink/made_devices.hpp"
#include "engine/adapters/netlink/netlink_socket.hpp"
#include "engine/adapters/netlink/offload_trials.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace macsec::os {

/// What is known of a PHY's offload: drivers do not say, and only an attempt tells.
enum class PhyOffload : std::uint8_t { no, untried, yes };

/// What one link offers and what its kernel takes.
struct MacsecCapabilities {
  bool mac_offload = false;  ///< the driver has the feature macsec-hw-offload
  PhyOffload phy_offload = PhyOffload::no;
  bool xpn = false;
  std::vector<CipherSuite> cipher_suites;  ///< software, and therefore always possible
};

class MacsecKernel {
 public:
  /// ENOENT where the kernel has no MACsec.
  [[nodiscard]] static Result<std::unique_ptr<MacsecKernel>> open();

  /// Every SecY of the namespace, in one dump. Expensive: once an interval for all ports.
  [[nodiscard]] Result<std::vector<SecyDump>> dump();
  /// One SecY, out of a dump that is not older than `max_age` and than the last change through this object.
  /// ENODEV where there is no such device. EMSGSIZE where the kernel does not list it: the answer about one SecY must fit
  /// into one buffer of 32 KiB, else it and all devices behind it are left out (more than 120 receive SCs).
  [[nodiscard]] Result<SecyDump> read(unsigned ifindex, std::chrono::milliseconds max_age);
  /// What offload the parent offers, and the cipher suites of the kernel.
  [[nodiscard]] MacsecCapabilities capabilities(const std::string& parent);

  /// For NetlinkSecy: a request to the macsec family or to rtnetlink that changes `ifindex` (0: none in particular).
  [[nodiscard]] Result<void> change(NetlinkMessage& message, unsigned ifindex, std::string_view doing);
  [[nodiscard]] Result<void> change_link(NetlinkMessage& message, unsigned ifindex, std::string_view doing);
  [[nodiscard]] NetlinkSocket& route() noexcept { return route_; }
  [[nodiscard]] std::uint16_t family() const noexcept { return family_; }
  [[nodiscard]] MadeDevices& made() noexcept { return made_; }
  [[nodiscard]] OffloadTrials& trials() noexcept { return trials_; }
  /// What is known without asking: the state of a device just made.
  void learn(SecyDump dump);

 private:
  [[nodiscard]] std::unexpected<Error> missing(unsigned ifindex);

  MacsecKernel(NetlinkSocket route, NetlinkSocket generic, std::uint16_t family);

  NetlinkSocket route_;
  NetlinkSocket generic_;
  std::uint16_t family_;
  MadeDevices made_;
  OffloadTrials trials_;
  struct Known {
    SecyDump dump;
    std::chrono::steady_clock::time_point at;
  };
  std::map<unsigned, Known> known_;  ///< not changed through this object since
};

}  // namespace macsec::os
