// SPDX-License-Identifier: LGPL-2.1-or-later
/// The kernel's MACsec driver: sockets and one dump for all SecYs of the network namespace.
#pragma once

#include "engine/adapters/netlink/made_devices.hpp"
#include "engine/adapters/netlink/netlink_socket.hpp"
#include "engine/adapters/netlink/offload_trials.hpp"
#include "engine/ports/secy.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace macsec::os {

/// Counters of one SecY (802.1AE 10.7), summed over its channels and associations.
struct SecyCounters {
  std::uint64_t out_untagged = 0;
  std::uint64_t out_too_long = 0;
  std::uint64_t out_protected = 0;
  std::uint64_t out_encrypted = 0;
  std::uint64_t out_octets_protected = 0;
  std::uint64_t out_octets_encrypted = 0;
  std::uint64_t in_untagged = 0;
  std::uint64_t in_no_tag = 0;
  std::uint64_t in_bad_tag = 0;
  std::uint64_t in_unknown_sci = 0;
  std::uint64_t in_no_sci = 0;
  std::uint64_t in_overrun = 0;
  std::uint64_t in_ok = 0;
  std::uint64_t in_unchecked = 0;
  std::uint64_t in_delayed = 0;
  std::uint64_t in_late = 0;
  std::uint64_t in_invalid = 0;
  std::uint64_t in_not_valid = 0;
  std::uint64_t in_not_using_sa = 0;
  std::uint64_t in_unused_sa = 0;
  std::uint64_t in_octets_validated = 0;
  std::uint64_t in_octets_decrypted = 0;
  friend bool operator==(const SecyCounters&, const SecyCounters&) = default;
};

/// One SecY in a dump.
struct SecyDump {
  unsigned ifindex = 0;  ///< of the macsec device
  SecyState state;
  bool operational = false;  ///< the encoding SA exists and is active
  SecyCounters counters;
};

/// Reads the messages of a dump one after the other.
class SecyDumpParser {
 public:
  /// Takes in one message of a MACSEC_CMD_GET_TXSC dump; false when it makes no sense, then nothing is taken.
  bool add(const nlmsghdr& message);
  [[nodiscard]] std::vector<SecyDump> take() noexcept { return std::move(found_); }
  void clear() noexcept { found_.clear(); }

 private:
  std::vector<SecyDump> found_;
};

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
