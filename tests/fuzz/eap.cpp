// SPDX-License-Identifier: LGPL-2.1-or-later
/// Reads an EAPOL-Announcement, and an EAP packet and its data as each method's: what was read and can be written must read the same again.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "engine/wire/announcement.hpp"
#include "engine/wire/eap.hpp"
#include "engine/wire/eap_tls.hpp"
#include "engine/wire/mschapv2.hpp"
#include "engine/wire/peap_tlv.hpp"
#include "engine/wire/ttls_avp.hpp"

namespace {

using namespace macsec;

void require(bool holds) {
  if (!holds) std::abort();
}

bool same(Bytes one, Bytes other) { return std::ranges::equal(one, other); }

void as_tls(Bytes data) {
  const std::optional<TlsFragment> fragment = read_tls_fragment(data);
  if (!fragment) return;
  std::vector<std::uint8_t> buffer(data.size());
  Writer writer{buffer};
  write_tls_fragment(writer, *fragment);
  require(writer.ok() && writer.size() == data.size() && same(writer.written().subspan(1), data.subspan(1)));
}

void as_pairs(Bytes data) {
  AvpReader reader{data};
  std::vector<std::uint8_t> buffer(data.size() + 16);
  Writer writer{buffer};
  while (const std::optional<Avp> pair = reader.next()) {
    const std::size_t before = writer.size();
    write_avp(writer, *pair);
    require(writer.ok() && writer.size() - before == avp_size(*pair));
    AvpReader again{writer.written().subspan(before)};
    const std::optional<Avp> read = again.next();
    require(read && read->code == pair->code && read->vendor == pair->vendor && same(read->data, pair->data));
  }
}

void as_tlvs(Bytes data) {
  const std::optional<PeapTlvs> tlvs = read_peap_tlvs(data);
  if (!tlvs || !tlvs->binding) return;
  std::array<std::uint8_t, peap_binding_size> buffer{};
  Writer writer{buffer};
  write_peap_binding(writer, *tlvs->binding);
  const std::optional<PeapTlvs> again = read_peap_tlvs(writer.written());
  require(again && again->binding && again->binding->mac == tlvs->binding->mac &&
          again->binding->nonce == tlvs->binding->nonce);
}

void as_mschapv2(Bytes data) {
  const std::optional<Mschapv2Packet> packet = read_mschapv2(data);
  if (!packet) return;
  require(packet->value.size() <= data.size());
  static_cast<void>(read_mschapv2_challenge(packet->value));
  static_cast<void>(read_mschapv2_success(packet->value));
  require(read_mschapv2_failure(packet->value).error <= 0xffff);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A name that is not there changes nothing.
  require(read_access_status(Bytes{data, size}, {}) == read_access_status(Bytes{data, size}, std::string(101, 'x')));
  const std::optional<EapPacket> packet = read_eap(Bytes{data, size});
  if (!packet) return 0;
  std::vector<std::uint8_t> buffer(size);
  Writer writer{buffer};
  if (packet->type == EapType::none)
    write_eap_end(writer, packet->code, packet->identifier);
  else
    write_eap(writer, packet->code, packet->identifier, packet->type, packet->data);
  // A Request whose type is 0 is written as one without.
  require(writer.ok() && (packet->type == EapType::none || same(writer.written(), Bytes{data, writer.size()})));
  const IdentityPrompt prompt = read_identity_prompt(packet->data);
  require(prompt.text.size() + prompt.options.size() <= packet->data.size());
  as_tls(packet->data);
  as_pairs(packet->data);
  as_tlvs(packet->data);
  as_mschapv2(packet->data);
  return 0;
}
