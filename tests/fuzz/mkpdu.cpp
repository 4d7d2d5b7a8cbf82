// SPDX-License-Identifier: LGPL-2.1-or-later
/// Reads an Ethernet frame as an MKPDU. What was read and can be written must read the same again.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "engine/wire/eapol.hpp"
#include "engine/wire/mkpdu.hpp"

namespace {

using namespace macsec;

void require(bool holds) {
  if (!holds) std::abort();
}

std::vector<PeerEntry> entries(const std::optional<PeerListView>& list) {
  std::vector<PeerEntry> out;
  for (std::size_t i = 0; list && i < list->size(); ++i) {
    out.push_back((*list)[i]);
    require(list->find(out.back().mi).has_value());
  }
  return out;
}

/// The cipher suites announced, those we know.
std::vector<CipherSuite> announced(const Mkpdu& pdu) {
  std::vector<CipherSuite> out;
  for (std::size_t i = 0; pdu.announcement && i < pdu.announcement->size(); ++i)
    if (const auto suite = cipher_suite_from_id(pdu.announcement->cipher_suite_id(i))) out.push_back(*suite);
  return out;
}

bool same(const BasicSet& one, const BasicSet& other) {
  return one.version == other.version && one.priority == other.priority && one.key_server == other.key_server &&
         one.macsec_desired == other.macsec_desired && one.capability == other.capability && one.sci == other.sci &&
         one.mi == other.mi && one.mn == other.mn && one.agility == other.agility && one.ckn == other.ckn;
}

bool same(const SakUseKey& one, const SakUseKey& other) {
  return one.an == other.an && one.transmitting == other.transmitting && one.receiving == other.receiving &&
         one.key == other.key && one.lowest_pn == other.lowest_pn;
}

bool same(const SakUseSet& one, const SakUseSet& other) {
  if (!one.macsec || !other.macsec) return one.macsec == other.macsec;
  return same(one.latest, other.latest) && same(one.old, other.old) && one.plain_tx == other.plain_tx &&
         one.plain_rx == other.plain_rx && one.delay_protect == other.delay_protect;
}

bool same(const DistributedSakSet& one, const DistributedSakSet& other) {
  if (!one.macsec || !other.macsec) return one.macsec == other.macsec;
  // GCM-AES-128 has two identifiers.
  const bool same_suite = one.cipher_suite_id == other.cipher_suite_id ||
                          cipher_suite_from_id(one.cipher_suite_id) == cipher_suite_from_id(other.cipher_suite_id);
  return same_suite && one.an == other.an && one.confidentiality_offset == other.confidentiality_offset &&
         one.number == other.number && std::ranges::equal(one.wrapped, other.wrapped);
}

bool same(const XpnSet& one, const XpnSet& other) {
  return one.suspension_time == other.suspension_time && one.latest_upper == other.latest_upper &&
         one.old_upper == other.old_upper;
}

template <typename Set>
bool same(const std::optional<Set>& one, const std::optional<Set>& other) {
  return one.has_value() == other.has_value() && (!one || same(*one, *other));
}

void write_and_read(const Mkpdu& pdu) {
  const std::vector<PeerEntry> live = entries(pdu.live);
  const std::vector<PeerEntry> potential = entries(pdu.potential);
  const std::vector<CipherSuite> suites = announced(pdu);
  const MkpduContent content{.basic = pdu.basic,
                             .live = live,
                             .potential = potential,
                             .live_ssci = pdu.live_ssci,
                             .sak_use = pdu.sak_use,
                             .distributed_sak = pdu.distributed_sak,
                             .announced = suites,
                             .xpn = pdu.xpn,
                             .icv_indicator = pdu.icv[0] % 2 == 0};
  std::array<std::uint8_t, max_mkpdu_size> buffer;
  Writer writer{buffer};
  write_mkpdu(writer, content);
  if (!writer.ok()) return;
  writer.put(pdu.icv);
  require(writer.ok() && writer.size() == mkpdu_size(content));
  const std::expected<Mkpdu, MkpduError> again = read_mkpdu(writer.written());
  require(again.has_value());
  require(same(pdu.basic, again->basic) && live == entries(again->live) && potential == entries(again->potential));
  require(live.empty() || pdu.live_ssci == again->live_ssci);
  require(same(pdu.sak_use, again->sak_use) && same(pdu.distributed_sak, again->distributed_sak));
  require(same(pdu.xpn, again->xpn) && suites == announced(*again));
  require(std::ranges::equal(pdu.icv, again->icv));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::optional<EapolFrame> frame = read_eapol(Bytes{data, size});
  if (!frame) return 0;
  require(frame->authenticated.size() == ethernet_header_size + eapol_header_size + frame->body.size());
  const std::expected<BasicSet, MkpduError> basic = read_basic_set(frame->body);
  const std::expected<Mkpdu, MkpduError> pdu = read_mkpdu(frame->body);
  if (!basic) {
    require(!pdu && pdu.error() == basic.error());
    return 0;
  }
  if (!pdu) {
    require(pdu.error() == MkpduError::bad_parameter_set);
    return 0;
  }
  require(same(*basic, pdu->basic));
  require(pdu->icv.size() == icv_size && pdu->icv.data() + icv_size == frame->body.data() + frame->body.size());
  write_and_read(*pdu);
  return 0;
}
