// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/netlink/link_qdiscs.hpp"

#include <algorithm>
#include <array>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

namespace macsec::os {
namespace {

tcmsg tc_header(unsigned ifindex, std::uint32_t parent = 0) {
  tcmsg out{};
  out.tcm_family = AF_UNSPEC;
  out.tcm_ifindex = static_cast<int>(ifindex);
  out.tcm_parent = parent;
  return out;
}

NetlinkMessage request(std::uint16_t type, int flags, const tcmsg& head) {
  return NetlinkMessage{type, flags, std::as_bytes(std::span{&head, 1})};
}

}  // namespace

Result<bool> LinkQdiscs::any(NetlinkSocket& route, std::uint16_t type, unsigned ifindex, std::uint32_t parent) {
  const std::uint16_t answer = type == RTM_GETTFILTER ? RTM_NEWTFILTER : RTM_NEWTCLASS;
  auto message = request(type, NLM_F_DUMP, tc_header(ifindex, parent));
  bool found = false;
  const auto visit = [&](const nlmsghdr& one) {
    const auto* const head = header_of<tcmsg>(one);
    found = found || (one.nlmsg_type == answer && head != nullptr && head->tcm_ifindex == static_cast<int>(ifindex));
  };
  if (auto asked = route.query(message, "list classes and filters", visit); !asked)
    return std::unexpected{asked.error()};
  return found;
}

Result<LinkQdiscs> LinkQdiscs::save(NetlinkSocket& route, unsigned ifindex) {
  LinkQdiscs out;
  auto message = request(RTM_GETQDISC, NLM_F_DUMP, tc_header(ifindex));
  const auto visit = [&](const nlmsghdr& answer) {
    const auto* const head = header_of<tcmsg>(answer);
    // What the kernel attaches by itself has no handle.
    if (answer.nlmsg_type != RTM_NEWQDISC || head == nullptr || head->tcm_ifindex != static_cast<int>(ifindex) ||
        head->tcm_handle == 0)
      return;
    const Attributes<TCA_OPTIONS> attributes{attributes_of<tcmsg>(answer)};
    const Bytes options = attributes[TCA_OPTIONS];
    out.qdiscs_.push_back({.handle = head->tcm_handle,
                           .parent = head->tcm_parent,
                           .kind = std::string{attributes.text(TCA_KIND)},
                           .options = {options.begin(), options.end()}});
  };
  if (auto asked = route.query(message, "list queueing disciplines", visit, [&out] { out.qdiscs_.clear(); }); !asked)
    return std::unexpected{asked.error()};
  constexpr std::array with_classes{"drr", "ets", "hfsc", "htb", "qfq"};
  for (const Qdisc& qdisc : out.qdiscs_) {
    std::vector<std::uint32_t> parents{qdisc.handle};
    if (qdisc.parent == TC_H_INGRESS)
      parents = {TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS), TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS)};
    for (const std::uint32_t parent : parents) {
      const auto filters = any(route, RTM_GETTFILTER, ifindex, parent);
      out.filters_ = out.filters_ || (filters && *filters);  // one that cannot be asked has none
    }
    if (std::ranges::find(with_classes, qdisc.kind) == with_classes.end()) continue;
    const auto classes = any(route, RTM_GETTCLASS, ifindex, 0);
    out.classes_ = out.classes_ || (classes && *classes);
  }
  return out;
}

std::vector<std::string> LinkQdiscs::restore(NetlinkSocket& route, unsigned ifindex) const {
  std::vector<std::string> lost;
  for (const Qdisc& qdisc : qdiscs_) {
    tcmsg head = tc_header(ifindex, qdisc.parent);
    head.tcm_handle = qdisc.handle;
    auto message = request(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, head);
    message.put_string(TCA_KIND, qdisc.kind);
    if (!qdisc.options.empty()) message.put(TCA_OPTIONS, qdisc.options);
    if (!route.request(message, "restore the queueing discipline")) lost.push_back("qdisc " + qdisc.kind);
  }
  if (classes_) lost.emplace_back("tc classes");
  if (filters_) lost.emplace_back("tc filters");
  return lost;
}

}  // namespace macsec::os
