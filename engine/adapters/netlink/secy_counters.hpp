// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the kernel counts for one SecY: a member and a row a counter, in one order for bus and CLI.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <linux/if_macsec.h>
#include <span>
#include <string_view>

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

/// Where a dump has counters; the number names the nest.
namespace nest {
constexpr std::size_t secy = MACSEC_ATTR_SECY_STATS;
constexpr std::size_t transmit = MACSEC_ATTR_TXSC_STATS;
constexpr std::size_t receive = MACSEC_RXSC_ATTR_STATS;
static_assert(secy != receive && transmit != receive);
}  // namespace nest

/// One of them: how the bus calls it, and what the kernel has it as.
struct SecyCounter {
  std::string_view group;  ///< "Transmit", "Receive"
  std::string_view name;   ///< "Untagged"
  std::uint64_t SecyCounters::* member;
  std::size_t nest;       ///< of a SecY, of its transmit SC or of each receive SC: MACSEC_ATTR_TXSC_STATS
  std::size_t attribute;  ///< in the nest
};
/// All, in order.
// clang-format off
inline constexpr std::array secy_counter_table{
    SecyCounter{"Transmit", "Untagged", &SecyCounters::out_untagged, nest::secy, MACSEC_SECY_STATS_ATTR_OUT_PKTS_UNTAGGED},
    SecyCounter{"Transmit", "TooLong", &SecyCounters::out_too_long, nest::secy, MACSEC_SECY_STATS_ATTR_OUT_PKTS_TOO_LONG},
    SecyCounter{"Transmit", "Protected", &SecyCounters::out_protected, nest::transmit, MACSEC_TXSC_STATS_ATTR_OUT_PKTS_PROTECTED},
    SecyCounter{"Transmit", "Encrypted", &SecyCounters::out_encrypted, nest::transmit, MACSEC_TXSC_STATS_ATTR_OUT_PKTS_ENCRYPTED},
    SecyCounter{"Transmit", "OctetsProtected", &SecyCounters::out_octets_protected, nest::transmit, MACSEC_TXSC_STATS_ATTR_OUT_OCTETS_PROTECTED},
    SecyCounter{"Transmit", "OctetsEncrypted", &SecyCounters::out_octets_encrypted, nest::transmit, MACSEC_TXSC_STATS_ATTR_OUT_OCTETS_ENCRYPTED},
    SecyCounter{"Receive", "Untagged", &SecyCounters::in_untagged, nest::secy, MACSEC_SECY_STATS_ATTR_IN_PKTS_UNTAGGED},
    SecyCounter{"Receive", "NoTag", &SecyCounters::in_no_tag, nest::secy, MACSEC_SECY_STATS_ATTR_IN_PKTS_NO_TAG},
    SecyCounter{"Receive", "BadTag", &SecyCounters::in_bad_tag, nest::secy, MACSEC_SECY_STATS_ATTR_IN_PKTS_BAD_TAG},
    SecyCounter{"Receive", "UnknownSci", &SecyCounters::in_unknown_sci, nest::secy, MACSEC_SECY_STATS_ATTR_IN_PKTS_UNKNOWN_SCI},
    SecyCounter{"Receive", "NoSci", &SecyCounters::in_no_sci, nest::secy, MACSEC_SECY_STATS_ATTR_IN_PKTS_NO_SCI},
    SecyCounter{"Receive", "Overrun", &SecyCounters::in_overrun, nest::secy, MACSEC_SECY_STATS_ATTR_IN_PKTS_OVERRUN},
    SecyCounter{"Receive", "Ok", &SecyCounters::in_ok, nest::receive, MACSEC_RXSC_STATS_ATTR_IN_PKTS_OK},
    SecyCounter{"Receive", "Unchecked", &SecyCounters::in_unchecked, nest::receive, MACSEC_RXSC_STATS_ATTR_IN_PKTS_UNCHECKED},
    SecyCounter{"Receive", "Delayed", &SecyCounters::in_delayed, nest::receive, MACSEC_RXSC_STATS_ATTR_IN_PKTS_DELAYED},
    SecyCounter{"Receive", "Late", &SecyCounters::in_late, nest::receive, MACSEC_RXSC_STATS_ATTR_IN_PKTS_LATE},
    SecyCounter{"Receive", "Invalid", &SecyCounters::in_invalid, nest::receive, MACSEC_RXSC_STATS_ATTR_IN_PKTS_INVALID},
    SecyCounter{"Receive", "NotValid", &SecyCounters::in_not_valid, nest::receive, MACSEC_RXSC_STATS_ATTR_IN_PKTS_NOT_VALID},
    SecyCounter{"Receive", "NotUsingSa", &SecyCounters::in_not_using_sa, nest::receive, MACSEC_RXSC_STATS_ATTR_IN_PKTS_NOT_USING_SA},
    SecyCounter{"Receive", "UnusedSa", &SecyCounters::in_unused_sa, nest::receive, MACSEC_RXSC_STATS_ATTR_IN_PKTS_UNUSED_SA},
    SecyCounter{"Receive", "OctetsValidated", &SecyCounters::in_octets_validated, nest::receive, MACSEC_RXSC_STATS_ATTR_IN_OCTETS_VALIDATED},
    SecyCounter{"Receive", "OctetsDecrypted", &SecyCounters::in_octets_decrypted, nest::receive, MACSEC_RXSC_STATS_ATTR_IN_OCTETS_DECRYPTED},
};
// clang-format on

[[nodiscard]] constexpr std::span<const SecyCounter> secy_counters() noexcept { return secy_counter_table; }

}  // namespace macsec::os
