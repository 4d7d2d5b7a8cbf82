// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/netlink/link_message.hpp"

#include "engine/adapters/netlink/netlink_message.hpp"

#include <algorithm>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>

namespace macsec::os {
namespace {

constexpr unsigned lower_up = 1U << 16U;  // IFF_LOWER_UP: linux/if.h cannot be included together with net/if.h

OffloadMode offload_mode(std::uint64_t value) {
  if (value == MACSEC_OFFLOAD_MAC) return OffloadMode::mac;
  if (value == MACSEC_OFFLOAD_PHY) return OffloadMode::phy;
  return OffloadMode::off;
}

Validate validate(std::uint64_t value) {
  if (value == MACSEC_VALIDATE_DISABLED) return Validate::disabled;
  if (value == MACSEC_VALIDATE_CHECK) return Validate::check;
  return Validate::strict;
}

MacsecLink parse_macsec(const Attributes<IFLA_MACSEC_OFFLOAD>& data) {
  MacsecLink out;
  if (const Bytes sci = data[IFLA_MACSEC_SCI]; sci.size() == out.sci.octets.size())
    std::copy(sci.begin(), sci.end(), out.sci.octets.begin());
  out.cipher_suite = cipher_suite_from_id(data.number(IFLA_MACSEC_CIPHER_SUITE));
  out.encoding = An{static_cast<unsigned>(data.number(IFLA_MACSEC_ENCODING_SA))};
  out.parameters.protect = data.number(IFLA_MACSEC_PROTECT) != 0;
  out.parameters.encrypt = data.number(IFLA_MACSEC_ENCRYPT) != 0;
  out.parameters.validate = validate(data.number(IFLA_MACSEC_VALIDATION));
  out.parameters.replay_protect = data.number(IFLA_MACSEC_REPLAY_PROTECT) != 0;
  out.parameters.replay_window = static_cast<std::uint32_t>(data.number(IFLA_MACSEC_WINDOW));
  out.parameters.include_sci = data.number(IFLA_MACSEC_INC_SCI) != 0;
  out.parameters.end_station = data.number(IFLA_MACSEC_ES) != 0;
  out.parameters.single_copy_broadcast = data.number(IFLA_MACSEC_SCB) != 0;
  out.offload = offload_mode(data.number(IFLA_MACSEC_OFFLOAD));
  if (const Bytes icv = data[IFLA_MACSEC_ICV_LEN]; !icv.empty()) out.icv_octets = icv[0];
  return out;
}

std::vector<std::string> alternative_names(Bytes properties) {
  std::vector<std::string> out;
  each_attribute(properties, [&out](const Attribute& one) {
    if (one.type != IFLA_ALT_IFNAME) return;
    const std::string_view text{reinterpret_cast<const char*>(one.data.data()), one.data.size()};
    out.emplace_back(text.substr(0, text.find('\0')));
  });
  return out;
}

}  // namespace

bool Link::is_called(std::string_view any_name) const noexcept {
  return name == any_name || std::ranges::find(alternative_names, any_name) != alternative_names.end();
}

bool parse_link(const nlmsghdr& message, Link& out) {
  const auto* const header = header_of<ifinfomsg>(message);
  if (message.nlmsg_type != RTM_NEWLINK || header == nullptr) return false;
  const ifinfomsg& info = *header;
  const Attributes<IFLA_PROP_LIST> attributes{attributes_of<ifinfomsg>(message)};
  // Bridge ports and wireless drivers send messages of the same type that tell of something else.
  if (info.ifi_family != AF_UNSPEC || info.ifi_index <= 0 || !attributes.has(IFLA_IFNAME) ||
      attributes.has(IFLA_WIRELESS))
    return false;
  out = Link{};
  out.ifindex = static_cast<unsigned>(info.ifi_index);
  out.name = attributes.text(IFLA_IFNAME);
  if (const Bytes mac = attributes[IFLA_ADDRESS]; mac.size() == out.mac.octets.size())
    std::copy(mac.begin(), mac.end(), out.mac.octets.begin());
  out.ethernet = info.ifi_type == ARPHRD_ETHER;
  out.up = (info.ifi_flags & IFF_UP) != 0;
  out.carrier = out.up && (info.ifi_flags & lower_up) != 0;
  out.carrier_losses = static_cast<std::uint32_t>(attributes.number(IFLA_CARRIER_DOWN_COUNT));
  out.operstate = static_cast<std::uint8_t>(attributes.number(IFLA_OPERSTATE));
  out.dormant = attributes.number(IFLA_LINKMODE) == 1;
  out.mtu = static_cast<unsigned>(attributes.number(IFLA_MTU));
  out.parent = static_cast<unsigned>(attributes.number(IFLA_LINK));
  if (attributes.has(IFLA_LINK_NETNSID))
    out.parent_netns = static_cast<int>(static_cast<std::uint32_t>(attributes.number(IFLA_LINK_NETNSID)));
  out.master = static_cast<unsigned>(attributes.number(IFLA_MASTER));
  out.alias = attributes.text(IFLA_IFALIAS);
  out.alternative_names = os::alternative_names(attributes[IFLA_PROP_LIST]);
  if (attributes.has(IFLA_LINKINFO)) {
    const Attributes<IFLA_INFO_DATA> linkinfo{attributes[IFLA_LINKINFO]};
    out.kind = linkinfo.text(IFLA_INFO_KIND);
    if (out.kind == "macsec" && linkinfo.has(IFLA_INFO_DATA))
      out.macsec = parse_macsec(Attributes<IFLA_MACSEC_OFFLOAD>{linkinfo[IFLA_INFO_DATA]});
    if (out.kind == "bridge")
      out.forwarded_groups = static_cast<std::uint16_t>(
          Attributes<IFLA_BR_GROUP_FWD_MASK>{linkinfo[IFLA_INFO_DATA]}.number(IFLA_BR_GROUP_FWD_MASK));
  }
  return true;
}

}  // namespace macsec::os
