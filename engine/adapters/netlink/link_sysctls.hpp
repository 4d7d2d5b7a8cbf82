// SPDX-License-Identifier: LGPL-2.1-or-later
/// The settings of one interface below /proc/sys/net, of an interface that is deleted and created again.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace macsec::os {

class LinkSysctls {
 public:
  /// Those of IPv4, IPv6 and their neighbour tables that can be read.
  [[nodiscard]] static LinkSysctls save(const std::string& interface);
  /// Writes those that the interface of that name has differently now. Those that could not be written, as sysctl(8)
  /// names them: "net.ipv6.conf.macsec0.accept_ra=0".
  [[nodiscard]] std::vector<std::string> restore() const;

 private:
  struct Folder {
    std::string path;  ///< below /proc/sys/net
    std::vector<std::pair<std::string, std::string>> values{};
  };
  std::vector<Folder> folders_;
};

}  // namespace macsec::os
