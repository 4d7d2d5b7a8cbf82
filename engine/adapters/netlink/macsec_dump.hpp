// SPDX-License-Identifier: LGPL-2.1-or-later
/// The kernel's dump of all SecYs, message by message.
#pragma once

#include "engine/adapters/netlink/netlink_message.hpp"
#include "engine/adapters/netlink/secy_counters.hpp"
#include "engine/ports/secy.hpp"

#include <utility>
#include <vector>

namespace macsec::os {

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
