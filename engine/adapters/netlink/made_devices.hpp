// SPDX-License-Identifier: LGPL-2.1-or-later
/// Which macsec devices were created here, by this process or one before it since the system started.
#pragma once

#include "engine/adapters/netlink/link_message.hpp"
#include "engine/base/result.hpp"

#include <functional>
#include <map>
#include <string>

namespace macsec::os {

/// The alias of devices made here, for people to read. It is the administrator's to change.
inline constexpr std::string_view device_mark = "macsecd";

class MadeDevices {
 public:
  /// From now on the file has them, and what it has already counts; `exists` tells which of them are there still. It is
  /// meant for a directory that is emptied when the system starts, as numbers of interfaces are given out again then.
  [[nodiscard]] Result<void> remember_in(std::string path, const std::function<bool(unsigned ifindex)>& exists);

  /// By its number, or by its alias.
  [[nodiscard]] bool has(const Link& link) const;
  void add(unsigned ifindex, unsigned parent);
  void forget(unsigned ifindex);

 private:
  void write() const;

  std::string path_;                      ///< empty: they are remembered as long as the process lives
  std::map<unsigned, unsigned> parents_;  ///< by ifindex
};

}  // namespace macsec::os
