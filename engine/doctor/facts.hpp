// SPDX-License-Identifier: LGPL-2.1-or-later
/// What is known of one link when it is examined: its profile, its port, and the host around it. Plain values, no secrets.
#pragma once

#include "engine/config/port_pattern.hpp"
#include "engine/core/status.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace macsec::doctor {

/// A network interface, as far as a finding may depend on it.
struct Interface {
  std::string name;
  std::string kind;  ///< "bridge", "bond", "vlan", "macsec", ...; empty for hardware
  bool up = false;   ///< by the administrator
  bool carrier = false;
  unsigned mtu = 0;  ///< octets
};

/// Frames as the kernel's MACsec counts them (802.1AE 10.7), since the device exists.
struct Frames {
  std::uint64_t received = 0;      ///< validated
  std::uint64_t late = 0;          ///< below the replay window
  std::uint64_t not_valid = 0;     ///< wrong ICV
  std::uint64_t not_using_sa = 0;  ///< protected with a key that is not here
};

struct Facts {
  ProfilePointer profile;  ///< never null
  core::PortStatus status;
  OffloadMode offload = OffloadMode::off;
  std::string offload_text;  ///< what was tried and why it is so

  std::optional<Interface> parent;      ///< nothing: there is none of the profile's name
  std::optional<Interface> master;      ///< bridge or bond that the parent is a port of
  std::optional<Interface> device;      ///< the macsec device
  std::vector<Interface> above;         ///< on the macsec device: VLANs and the like
  std::vector<std::string> interfaces;  ///< names of all
  std::size_t listeners = 0;            ///< packet sockets of other programs for MKA's EtherType on the parent
  bool attached = false;                ///< a device of the profile is there and in use
  std::string obstacle;                 ///< what keeps every frame of key agreement from the port; empty: nothing
  std::optional<Frames> frames;         ///< nothing: the kernel does not tell
  std::int64_t wall_clock = 0;          ///< seconds since 1970-01-01 UTC
};

/// What to type to change the link's profile.
[[nodiscard]] inline std::string edit_profile(const Facts& facts) {
  return "macsecctl profile edit " + configured_name(*facts.profile);
}

}  // namespace macsec::doctor
