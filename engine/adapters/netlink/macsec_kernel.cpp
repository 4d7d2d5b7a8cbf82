// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/netlink/macsec_kernel.hpp"

#include "engine/adapters/netlink/ethtool.hpp"

#include <cerrno>
#include <cstring>
#include <linux/genetlink.h>
#include <linux/if_macsec.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace macsec::os {
namespace {

/// Whether the running kernel is at least `major`.`minor`.
bool kernel_at_least(unsigned long major, unsigned long minor) {
  utsname name{};
  if (::uname(&name) != 0) return false;
  char* rest = name.release;
  const unsigned long have_major = std::strtoul(rest, &rest, 10);
  const unsigned long have_minor = *rest == '.' ? std::strtoul(rest + 1, nullptr, 10) : 0;
  return have_major > major || (have_major == major && have_minor >= minor);
}

}  // namespace

MacsecKernel::MacsecKernel(NetlinkSocket route, NetlinkSocket generic, std::uint16_t family)
    : route_{std::move(route)}, generic_{std::move(generic)}, family_{family} {}

Result<std::unique_ptr<MacsecKernel>> MacsecKernel::open() {
  auto route = NetlinkSocket::open(NETLINK_ROUTE);
  if (!route) return std::unexpected{std::move(route.error())};
  auto generic = NetlinkSocket::open(NETLINK_GENERIC);
  if (!generic) return std::unexpected{std::move(generic.error())};
  const auto family = resolve_family(*generic, MACSEC_GENL_NAME);
  if (!family) {
    if (family.error().code != ENOENT) return std::unexpected{family.error()};
    return fail(ENOENT, "this kernel has no MACsec: neither built in nor as the module macsec");
  }
  return std::unique_ptr<MacsecKernel>{new MacsecKernel{std::move(*route), std::move(*generic), *family}};
}

Result<std::vector<SecyDump>> MacsecKernel::dump() {
  const genlmsghdr header{.cmd = MACSEC_CMD_GET_TXSC, .version = MACSEC_GENL_VERSION, .reserved = 0};
  NetlinkMessage message{family_, NLM_F_DUMP, std::as_bytes(std::span{&header, 1})};
  SecyDumpParser parser;
  const auto visit = [&parser](const nlmsghdr& answer) { parser.add(answer); };
  if (auto asked =
          generic_.query(message, "read the state of all macsec devices", visit, [&parser] { parser.clear(); });
      !asked)
    return std::unexpected{std::move(asked.error())};
  return parser.take();
}

Result<SecyDump> MacsecKernel::read(unsigned ifindex, std::chrono::milliseconds max_age) {
  const auto now = std::chrono::steady_clock::now();
  auto known = known_.find(ifindex);
  if (known == known_.end() || now - known->second.at > max_age) {
    auto all = dump();
    if (!all) return std::unexpected{std::move(all.error())};
    known_.clear();
    for (SecyDump& one : *all) known_.insert_or_assign(one.ifindex, Known{std::move(one), now});
    known = known_.find(ifindex);
  }
  if (known == known_.end()) return missing(ifindex);
  return known->second.dump;
}

std::unexpected<Error> MacsecKernel::missing(unsigned ifindex) {
  ifinfomsg info{};
  info.ifi_index = static_cast<int>(ifindex);
  NetlinkMessage message{RTM_GETLINK, 0, std::as_bytes(std::span{&info, 1})};
  const std::string name = "interface " + std::to_string(ifindex);
  if (!route_.request(message, "look up " + name))
    return fail(ENODEV, name + " is not among the kernel's macsec devices");
  return fail(EMSGSIZE, "the kernel leaves " + name +
                            " out of its list of macsec devices: it, or one before it, has too many receive channels");
}

Result<void> MacsecKernel::change(NetlinkMessage& message, unsigned ifindex, std::string_view doing) {
  known_.erase(ifindex);
  return generic_.request(message, doing);
}

Result<void> MacsecKernel::change_link(NetlinkMessage& message, unsigned ifindex, std::string_view doing) {
  known_.erase(ifindex);
  return route_.request(message, doing);
}

void MacsecKernel::learn(SecyDump dump) {
  known_.insert_or_assign(dump.ifindex, Known{std::move(dump), std::chrono::steady_clock::now()});
}

MacsecCapabilities MacsecKernel::capabilities(const std::string& parent) {
  MacsecCapabilities out;
  out.mac_offload = has_feature(parent, "macsec-hw-offload");
  if (::access(("/sys/class/net/" + parent + "/phydev").c_str(), F_OK) == 0) {
    const std::optional<bool> known = trials_.known(::if_nametoindex(parent.c_str()), OffloadMode::phy);
    out.phy_offload = !known ? PhyOffload::untried : *known ? PhyOffload::yes : PhyOffload::no;
  }
  out.xpn = kernel_at_least(5, 7);
  for (const CipherSuite suite : all_cipher_suites)
    if (out.xpn || !is_xpn(suite)) out.cipher_suites.push_back(suite);
  return out;
}

}  // namespace macsec::os
