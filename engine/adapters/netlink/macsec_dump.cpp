// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/netlink/macsec_dump.hpp"

#include <algorithm>
#include <array>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/if_macsec.h>
#include <optional>

namespace macsec::os {
namespace {

using Top = Attributes<MACSEC_ATTR_MAX>;
using Secys = Attributes<MACSEC_SECY_ATTR_MAX>;
using Sas = Attributes<MACSEC_SA_ATTR_MAX>;
using Rxscs = Attributes<MACSEC_RXSC_ATTR_MAX>;

/// Adds what a nest of counters has.
void add_counters(std::size_t place, Bytes counters, SecyCounters& sum) {
  const Attributes<std::max<std::size_t>(
      {MACSEC_SECY_STATS_ATTR_MAX, MACSEC_TXSC_STATS_ATTR_MAX, MACSEC_RXSC_STATS_ATTR_MAX})>
      stats{counters};
  for (const SecyCounter& each : secy_counter_table)
    if (each.nest == place) sum.*each.member += stats.number(each.attribute);
}

Sci parse_sci(Bytes octets) {
  Sci sci;
  if (octets.size() == sci.octets.size()) std::copy(octets.begin(), octets.end(), sci.octets.begin());
  return sci;
}

OffloadMode parse_offload(Bytes nest) {
  switch (Attributes<MACSEC_OFFLOAD_ATTR_TYPE>{nest}.number(MACSEC_OFFLOAD_ATTR_TYPE)) {
    case MACSEC_OFFLOAD_PHY:
      return OffloadMode::phy;
    case MACSEC_OFFLOAD_MAC:
      return OffloadMode::mac;
    default:
      return OffloadMode::off;
  }
}

std::optional<SaState> parse_sa(Bytes nest) {
  const Sas attributes{nest};
  const Bytes key = attributes[MACSEC_SA_ATTR_KEYID];
  if (!attributes.has(MACSEC_SA_ATTR_AN) || key.size() != MACSEC_KEYID_LEN) return std::nullopt;
  SaState sa;
  sa.an = An{static_cast<unsigned>(attributes.number(MACSEC_SA_ATTR_AN))};
  sa.active = attributes.number(MACSEC_SA_ATTR_ACTIVE) != 0;
  sa.key = KeyId::from_octets(key.first<MACSEC_KEYID_LEN>());
  sa.next_pn = attributes.number(MACSEC_SA_ATTR_PN);
  if (Reader ssci{attributes[MACSEC_SA_ATTR_SSCI]}; ssci.remaining() == 4) sa.ssci = ssci.u32();
  return sa;
}

void parse_secy(Bytes nest, SecyDump& out) {
  const Secys attributes{nest};
  SecyState& state = out.state;
  state.sci = parse_sci(attributes[MACSEC_SECY_ATTR_SCI]);
  // A suite of a later kernel is shown as the default one: nothing of ours selects it, and the next select re-creates.
  state.cipher_suite =
      cipher_suite_from_id(attributes.number(MACSEC_SECY_ATTR_CIPHER_SUITE)).value_or(CipherSuite::gcm_aes_128);
  state.encoding = An{static_cast<unsigned>(attributes.number(MACSEC_SECY_ATTR_ENCODING_SA))};
  out.operational = attributes.number(MACSEC_SECY_ATTR_OPER) != 0;
  SecyParameters& parameters = state.parameters;
  parameters.protect = attributes.number(MACSEC_SECY_ATTR_PROTECT) != 0;
  parameters.encrypt = attributes.number(MACSEC_SECY_ATTR_ENCRYPT) != 0;
  parameters.replay_protect = attributes.number(MACSEC_SECY_ATTR_REPLAY) != 0;
  parameters.replay_window = static_cast<std::uint32_t>(attributes.number(MACSEC_SECY_ATTR_WINDOW));
  parameters.include_sci = attributes.number(MACSEC_SECY_ATTR_INC_SCI) != 0;
  parameters.end_station = attributes.number(MACSEC_SECY_ATTR_ES) != 0;
  parameters.single_copy_broadcast = attributes.number(MACSEC_SECY_ATTR_SCB) != 0;
  switch (attributes.number(MACSEC_SECY_ATTR_VALIDATE)) {
    case MACSEC_VALIDATE_DISABLED:
      parameters.validate = Validate::disabled;
      break;
    case MACSEC_VALIDATE_CHECK:
      parameters.validate = Validate::check;
      break;
    default:
      parameters.validate = Validate::strict;
      break;
  }
}

void parse_receive_scs(Bytes list, SecyDump& out) {
  each_attribute(list, [&out](const Attribute& one) {
    const Rxscs attributes{one.data};
    ReceiveScState& sc = out.state.receive.emplace_back();
    sc.sci = parse_sci(attributes[MACSEC_RXSC_ATTR_SCI]);
    each_attribute(attributes[MACSEC_RXSC_ATTR_SA_LIST], [&sc](const Attribute& sa) {
      if (auto parsed = parse_sa(sa.data)) sc.associations.push_back(*parsed);
    });
    add_counters(nest::receive, attributes[nest::receive], out.counters);
  });
}

}  // namespace

bool SecyDumpParser::add(const nlmsghdr& message) {
  const Top top{attributes_of<genlmsghdr>(message)};
  if (!top.has(MACSEC_ATTR_IFINDEX) || !top.has(MACSEC_ATTR_SECY)) return false;
  SecyDump out;
  out.ifindex = static_cast<unsigned>(top.number(MACSEC_ATTR_IFINDEX));
  out.state.offload = parse_offload(top[MACSEC_ATTR_OFFLOAD]);
  parse_secy(top[MACSEC_ATTR_SECY], out);
  each_attribute(top[MACSEC_ATTR_TXSA_LIST], [&out](const Attribute& sa) {
    if (auto parsed = parse_sa(sa.data)) out.state.transmit.push_back(*parsed);
  });
  parse_receive_scs(top[MACSEC_ATTR_RXSC_LIST], out);
  for (const std::size_t place : {nest::transmit, nest::secy}) add_counters(place, top[place], out.counters);
  found_.push_back(std::move(out));
  return true;
}

}  // namespace macsec::os
