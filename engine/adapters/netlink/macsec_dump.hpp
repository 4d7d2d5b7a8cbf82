// SPDX-License-Identifier: LGPL-2.1-or-later
/// The kernel's dump of all SecYs, message by message.
#pragma once

#include "engine/adapters/netlink/netlink_message.hpp"
#include "engine/ports/secy.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
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

/// One of them: how the bus calls it, and what the kernel has it as.
struct SecyCounter {
  std::string_view group;  ///< "Transmit", "Receive"
  std::string_view name;   ///< "Untagged"
  std::uint64_t SecyCounters::* member;
  std::size_t nest;       ///< of a SecY, of its transmit SC or of each receive SC: MACSEC_ATTR_TXSC_STATS
  std::size_t attribute;  ///< in the nest
};
/// All, in order.
[[nodiscard]] std::span<const SecyCounter> secy_counters() noexcept;

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

}  // namespace macsec::os
