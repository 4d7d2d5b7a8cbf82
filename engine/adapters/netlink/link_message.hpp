// SPDX-License-Identifier: LGPL-2.1-or-later
/// Network interfaces as the kernel describes them.
#pragma once

#include "engine/ports/secy.hpp"

#include <linux/netlink.h>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace macsec::os {

/// Octets of the ICV of a frame, with each cipher suite of 802.1AE.
inline constexpr std::uint8_t macsec_icv_octets = 16;

/// What a link message says about a macsec device.
struct MacsecLink {
  Sci sci;
  std::optional<CipherSuite> cipher_suite;  ///< nothing: one we do not know
  An encoding;
  SecyParameters parameters;
  OffloadMode offload = OffloadMode::off;
  std::uint8_t icv_octets = macsec_icv_octets;
  friend bool operator==(const MacsecLink&, const MacsecLink&) = default;
};

struct Link {
  unsigned ifindex = 0;
  std::string name;
  MacAddress mac;
  bool ethernet = false;             ///< ARPHRD_ETHER
  bool up = false;                   ///< IFF_UP
  bool carrier = false;              ///< IFF_UP and IFF_LOWER_UP
  std::uint32_t carrier_losses = 0;  ///< since it exists; its being set down is one, too
  std::uint8_t operstate = 0;        ///< IF_OPER_*
  bool dormant = false;              ///< link mode dormant
  unsigned mtu = 0;
  std::string kind;                 ///< "macsec", "veth", ...; empty for hardware
  unsigned parent = 0;              ///< ifindex of the lower device, 0: none
  std::optional<int> parent_netns;  ///< the lower device lives in this other namespace (its id); `parent` counts there
  unsigned master = 0;              ///< bridge or bond it belongs to, 0: none
  std::string alias;
  std::vector<std::string> alternative_names{};
  std::uint16_t forwarded_groups = 0;  ///< of a bridge: bit N is set where it hands on 01:80:c2:00:00:0N
  std::optional<MacsecLink> macsec;

  [[nodiscard]] bool is_called(std::string_view any_name) const noexcept;
  friend bool operator==(const Link&, const Link&) = default;
};

/// Fills `out` from an RTM_NEWLINK message; false when it is not one.
[[nodiscard]] bool parse_link(const nlmsghdr& message, Link& out);

}  // namespace macsec::os
