// SPDX-License-Identifier: LGPL-2.1-or-later
/// Which profiles exclude each other: only one can have the name of a device, an SCI on its parent, and the 802.1X of that.
#pragma once

#include "engine/config/port_pattern.hpp"

#include <map>
#include <string>
#include <utility>

namespace macsec {

class Claims {
 public:
  /// Why `profile` cannot run beside those added before, in words about it; empty, and added, where it can.
  /// A pattern claims nothing; the ports that it makes do.
  [[nodiscard]] std::string add(const Profile& profile) {
    if (is_pattern(profile.link.parent)) return {};
    if (const auto at = by_interface_.find(profile.link.interface); at != by_interface_.end())
      return "Interface=" + profile.link.interface + " is taken by profile " + at->second;
    // Both ends of an authentication are ports of the whole parent: EAPOL has no number of a port.
    if (const auto at = by_parent_.find(profile.link.parent); profile.pae && at != by_parent_.end())
      return "[8021X] on Parent=" + profile.link.parent + " is taken by profile " + at->second;
    const std::string owner = profile.origin.empty() ? profile.name : profile.name + " (" + profile.origin + ")";
    // The port of a device that another program creates is not known here.
    if (profile.link.create != CreateChoice::no)
      if (const auto [at, fresh] = by_port_.emplace(std::pair{profile.link.parent, profile.link.port}, owner); !fresh)
        return "Port=" + std::to_string(profile.link.port) + " on Parent=" + profile.link.parent +
               " is taken by profile " + at->second;
    if (profile.pae) by_parent_.emplace(profile.link.parent, owner);
    by_interface_.emplace(profile.link.interface, owner);
    return {};
  }
  [[nodiscard]] bool has_interface(const std::string& name) const { return by_interface_.contains(name); }

 private:
  // The values are words for the profile that has it: its name and where it comes from.
  std::map<std::string, std::string> by_interface_;
  std::map<std::pair<std::string, std::uint16_t>, std::string> by_port_;
  std::map<std::string, std::string> by_parent_;
};

}  // namespace macsec
