// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/netlink/macsec_link.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <linux/if_link.h>
#include <linux/if_macsec.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

namespace macsec::os {
namespace {

constexpr std::uint8_t link_mode_default = 0;  // IF_LINK_MODE_*, linux/if.h
constexpr std::uint8_t link_mode_dormant = 1;
constexpr std::uint8_t oper_dormant = 5;  // IF_OPER_*
constexpr std::uint8_t oper_up = 6;
constexpr std::size_t longest_alternative_name = 128;  // ALTIFNAMSIZ, with its zero

NetlinkMessage link_message(std::uint16_t type, int flags, unsigned ifindex, unsigned set = 0, unsigned mask = 0) {
  ifinfomsg info{};
  info.ifi_family = AF_UNSPEC;
  info.ifi_index = static_cast<int>(ifindex);
  info.ifi_flags = set;
  info.ifi_change = mask;
  return NetlinkMessage{type, flags, std::as_bytes(std::span{&info, 1})};
}

template <typename Fill>
void put_macsec(NetlinkMessage& message, Fill fill) {
  message.nest(IFLA_LINKINFO, [&] {
    message.put_string(IFLA_INFO_KIND, "macsec");
    message.nest(IFLA_INFO_DATA, fill);
  });
}

std::uint8_t validation(Validate validate) {
  switch (validate) {
    case Validate::disabled:
      return MACSEC_VALIDATE_DISABLED;
    case Validate::check:
      return MACSEC_VALIDATE_CHECK;
    case Validate::strict:
      return MACSEC_VALIDATE_STRICT;
  }
  return MACSEC_VALIDATE_STRICT;
}

void put_parameters(NetlinkMessage& message, const SecyParameters& parameters) {
  message.put_u8(IFLA_MACSEC_PROTECT, parameters.protect ? 1 : 0);
  message.put_u8(IFLA_MACSEC_ENCRYPT, parameters.encrypt ? 1 : 0);
  message.put_u8(IFLA_MACSEC_VALIDATION, validation(parameters.validate));
  message.put_u8(IFLA_MACSEC_REPLAY_PROTECT, parameters.replay_protect ? 1 : 0);
  // The kernel refuses protection without a window in the same message.
  if (parameters.replay_protect) message.put_u32(IFLA_MACSEC_WINDOW, parameters.replay_window);
  message.put_u8(IFLA_MACSEC_INC_SCI, parameters.include_sci ? 1 : 0);
  message.put_u8(IFLA_MACSEC_ES, parameters.end_station ? 1 : 0);
  message.put_u8(IFLA_MACSEC_SCB, parameters.single_copy_broadcast ? 1 : 0);
}

Result<std::optional<Link>> ask_link(MacsecKernel& kernel, NetlinkMessage& message, const std::string& doing) {
  std::optional<Link> found;
  const auto visit = [&found](const nlmsghdr& answer) {
    if (Link link; parse_link(answer, link)) found = std::move(link);
  };
  if (auto asked = kernel.route().query(message, doing, visit); !asked) {
    if (asked.error().code == ENODEV) return std::optional<Link>{};
    return std::unexpected{std::move(asked.error())};
  }
  return found;
}

template <typename Wanted>
Result<std::vector<Link>> list_links(MacsecKernel& kernel, NetlinkMessage& message, Wanted wanted) {
  std::vector<Link> found;
  const auto visit = [&](const nlmsghdr& answer) {
    if (Link link; parse_link(answer, link) && wanted(link)) found.push_back(std::move(link));
  };
  if (auto asked = kernel.route().query(message, "list interfaces", visit, [&found] { found.clear(); }); !asked)
    return std::unexpected{std::move(asked.error())};
  return found;
}

}  // namespace

std::uint8_t offload_type(OffloadMode mode) noexcept {
  switch (mode) {
    case OffloadMode::mac:
      return MACSEC_OFFLOAD_MAC;
    case OffloadMode::phy:
      return MACSEC_OFFLOAD_PHY;
    case OffloadMode::off:
      break;
  }
  return MACSEC_OFFLOAD_OFF;
}

Result<std::optional<Link>> find_link(MacsecKernel& kernel, const std::string& name) {
  if (name.empty() || name.size() >= longest_alternative_name) return std::optional<Link>{};
  auto message = link_message(RTM_GETLINK, 0, 0);
  message.put_string(name.size() < IFNAMSIZ ? IFLA_IFNAME : IFLA_ALT_IFNAME, name);
  return ask_link(kernel, message, "look up interface " + name);
}

Result<std::optional<Link>> find_link(MacsecKernel& kernel, unsigned ifindex) {
  auto message = link_message(RTM_GETLINK, 0, ifindex);
  return ask_link(kernel, message, "look up interface " + std::to_string(ifindex));
}

Result<std::vector<Link>> macsec_links(MacsecKernel& kernel) {
  auto message = link_message(RTM_GETLINK, NLM_F_DUMP, 0);
  message.nest(IFLA_LINKINFO, [&message] { message.put_string(IFLA_INFO_KIND, "macsec"); });
  return list_links(kernel, message, [](const Link& link) { return link.macsec.has_value(); });
}

Result<std::vector<Link>> other_links_on(MacsecKernel& kernel, unsigned parent) {
  auto message = link_message(RTM_GETLINK, NLM_F_DUMP, 0);
  return list_links(kernel, message,
                    [parent](const Link& link) { return link.parent == parent && !link.parent_netns && !link.macsec; });
}

void put_creation(NetlinkMessage& message, const MacsecLinkRequest& request) {
  message.put_string(IFLA_IFNAME, request.name);
  message.put_u32(IFLA_LINK, request.parent);
  message.put(IFLA_ADDRESS, request.mac.octets);
  message.put_u8(IFLA_LINKMODE, link_mode_dormant);
  message.put_u8(IFLA_OPERSTATE, oper_dormant);
  if (request.master != 0) message.put_u32(IFLA_MASTER, request.master);
  put_macsec(message, [&] {
    // The kernel refuses an explicit SCI together with frames that do not carry it.
    if (request.sci.mac() == request.mac)
      message.put_u16(IFLA_MACSEC_PORT, htons(request.sci.port()));
    else
      message.put(IFLA_MACSEC_SCI, request.sci.octets);
    message.put_u64(IFLA_MACSEC_CIPHER_SUITE, cipher_suite_id(request.cipher_suite));
    message.put_u8(IFLA_MACSEC_ICV_LEN, macsec_icv_octets);
    if (request.encoding) message.put_u8(IFLA_MACSEC_ENCODING_SA, request.encoding->value());
    put_parameters(message, request.parameters);
    if (request.offload != OffloadMode::off) message.put_u8(IFLA_MACSEC_OFFLOAD, offload_type(request.offload));
  });
}

Result<void> create_link(MacsecKernel& kernel, const MacsecLinkRequest& request) {
  auto message = link_message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
  put_creation(message, request);
  std::string doing = "create " + request.name + " (" + std::string{to_string(request.cipher_suite)} + ")";
  if (request.offload != OffloadMode::off)
    doing = "offload to " + std::string{to_string(request.offload)} + " on " + request.name + " (" +
            std::string{to_string(request.cipher_suite)} + ")";
  return kernel.change_link(message, 0, doing);
}

Result<void> delete_link(MacsecKernel& kernel, unsigned ifindex, const std::string& name) {
  auto message = link_message(RTM_DELLINK, 0, ifindex);
  auto done = kernel.change_link(message, ifindex, "delete " + name);
  if (done) kernel.made().forget(ifindex);
  return done;
}

Result<void> change_parameters(MacsecKernel& kernel, unsigned ifindex, const SecyParameters& parameters,
                               std::string_view doing) {
  auto message = link_message(RTM_NEWLINK, 0, ifindex);
  put_macsec(message, [&] { put_parameters(message, parameters); });
  return kernel.change_link(message, ifindex, doing);
}

Result<void> change_encoding(MacsecKernel& kernel, unsigned ifindex, An an, std::string_view doing) {
  auto message = link_message(RTM_NEWLINK, 0, ifindex);
  put_macsec(message, [&] { message.put_u8(IFLA_MACSEC_ENCODING_SA, an.value()); });
  return kernel.change_link(message, ifindex, doing);
}

Result<void> change_operational(MacsecKernel& kernel, unsigned ifindex, ControlledPort state, Also also,
                                std::string_view doing) {
  const bool up = state == ControlledPort::up;
  const unsigned flag = also == Also::up_flag ? unsigned{IFF_UP} : 0U;
  auto message = link_message(RTM_SETLINK, 0, ifindex, up ? flag : 0U, flag);
  // Mode default while up: when the carrier goes and comes back, the device is up again without anybody's help.
  message.put_u8(IFLA_OPERSTATE, up ? oper_up : oper_dormant);
  message.put_u8(IFLA_LINKMODE, up ? link_mode_default : link_mode_dormant);
  return kernel.change_link(message, 0, doing);
}

Result<void> set_up(MacsecKernel& kernel, unsigned ifindex, bool up, std::string_view doing) {
  auto message = link_message(RTM_SETLINK, 0, ifindex, up ? unsigned{IFF_UP} : 0U, unsigned{IFF_UP});
  return kernel.change_link(message, 0, doing);
}

Result<void> start_link(MacsecKernel& kernel, unsigned ifindex, unsigned mtu, std::string_view doing) {
  auto message = link_message(RTM_SETLINK, 0, ifindex, IFF_UP, IFF_UP);
  message.put(IFLA_IFALIAS, {reinterpret_cast<const std::uint8_t*>(device_mark.data()), device_mark.size()});
  // Not in the creation message, where the kernel overwrites it with the default.
  if (mtu != 0) message.put_u32(IFLA_MTU, mtu);
  return kernel.change_link(message, 0, doing);
}

}  // namespace macsec::os
