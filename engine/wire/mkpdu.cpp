// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/wire/mkpdu.hpp"

#include <algorithm>

namespace macsec {
namespace {

/// Parameter set types (Table 11-6). The Basic set has none: its first octet is the version.
enum class SetType : std::uint8_t {
  live_list = 1,
  potential_list = 2,
  sak_use = 3,
  distributed_sak = 4,
  distributed_cak = 5,
  kmd = 6,
  announcement = 7,
  xpn = 8,
  icv_indicator = 255,
};

constexpr std::size_t set_header_size = 4;
constexpr std::size_t min_mkpdu_size = 32;
constexpr std::size_t max_set_body = 0xfff;
constexpr std::size_t basic_fixed_size = 28;  // SCI, MI, MN, algorithm agility
constexpr std::size_t sak_use_size = 40;
constexpr std::size_t short_sak_size = 28;  // KN and a wrapped 128-bit SAK
constexpr std::size_t long_sak_min_size = 36;
constexpr std::size_t long_sak_fixed_size = 12;  // KN and cipher suite identifier
constexpr std::size_t xpn_size = 8;
constexpr std::size_t wrap_overhead = 8;
constexpr std::size_t tlv_header_size = 2;
constexpr std::size_t cipher_suite_entry_size = 10;
constexpr unsigned cipher_suites_tlv = 112;

constexpr std::size_t padding(std::size_t size) noexcept { return (4U - size % 4U) % 4U; }
constexpr std::size_t padded(std::size_t size) noexcept { return size + padding(size); }
constexpr std::size_t set_size(std::size_t body) noexcept { return set_header_size + padded(body); }

/// The octets common to all parameter sets. What `second` and `flags` mean depends on the type.
struct SetHeader {
  std::uint8_t type = 0;
  std::uint8_t second = 0;
  std::uint8_t flags = 0;  ///< the upper four bits of octet 3, in place
  std::size_t length = 0;  ///< of the body, without padding
};

SetHeader read_header(Reader& reader) noexcept {
  SetHeader header;
  header.type = reader.u8();
  header.second = reader.u8();
  const std::uint16_t rest = reader.u16();
  header.flags = static_cast<std::uint8_t>(rest >> 8U & 0xf0U);
  header.length = rest & max_set_body;
  return header;
}

void write_header(Writer& writer, std::uint8_t first, unsigned second, unsigned flags, std::size_t length) noexcept {
  writer.u8(first);
  writer.u8(static_cast<std::uint8_t>(second));
  writer.u16(static_cast<std::uint16_t>(flags << 8U | length));
}

void write_header(Writer& writer, SetType type, unsigned second, unsigned flags, std::size_t length) noexcept {
  write_header(writer, static_cast<std::uint8_t>(type), second, flags, length);
}

PeerEntry read_entry(Bytes octets) noexcept {
  Reader reader{octets};
  PeerEntry entry;
  entry.mi.octets = reader.array<12>();
  entry.mn = reader.u32();
  return entry;
}

KeyId read_key_id(Reader& reader) noexcept {
  KeyId key;
  key.server.octets = reader.array<12>();
  key.number = reader.u32();
  return key;
}

bool read_list(const SetHeader& header, Bytes body, std::optional<PeerListView>& out) noexcept {
  if (header.length % PeerListView::entry_size != 0) return false;
  out.emplace(body);
  return true;
}

// Octets beyond those a set is known to have are left to later versions of the protocol (11.11.4).
bool read_sak_use(const SetHeader& header, Bytes body, std::optional<SakUseSet>& out) noexcept {
  SakUseSet& set = out.emplace();
  if (header.length == 0) {
    set.macsec = false;
    return true;
  }
  Reader reader{body};
  set.latest.an = An{header.second >> 6U & 3U};
  set.latest.transmitting = (header.second & 0x20U) != 0;
  set.latest.receiving = (header.second & 0x10U) != 0;
  set.old.an = An{header.second >> 2U & 3U};
  set.old.transmitting = (header.second & 0x02U) != 0;
  set.old.receiving = (header.second & 0x01U) != 0;
  set.plain_tx = (header.flags & 0x80U) != 0;
  set.plain_rx = (header.flags & 0x40U) != 0;
  set.delay_protect = (header.flags & 0x10U) != 0;
  set.latest.key = read_key_id(reader);
  set.latest.lowest_pn = reader.u32();
  set.old.key = read_key_id(reader);
  set.old.lowest_pn = reader.u32();
  return reader.ok();
}

bool read_distributed_sak(const SetHeader& header, Bytes body, std::optional<DistributedSakSet>& out) noexcept {
  DistributedSakSet& set = out.emplace();
  set.an = An{header.second >> 6U & 3U};
  set.confidentiality_offset = header.second >> 4U & 3U;
  if (header.length == 0) {
    set.macsec = false;
    return true;
  }
  if (header.length != short_sak_size && header.length < long_sak_min_size) return false;
  Reader reader{body};
  set.number = reader.u32();
  if (header.length == short_sak_size) {
    set.cipher_suite_id = cipher_suite_id(CipherSuite::gcm_aes_128);
    set.wrapped = reader.take(reader.remaining());
    return true;
  }
  set.cipher_suite_id = reader.u64();
  const std::optional<CipherSuite> suite = cipher_suite_from_id(set.cipher_suite_id);
  set.wrapped = reader.take(suite ? sak_size(*suite) + wrap_overhead : reader.remaining());
  return reader.ok();
}

/// Announcements are advice: one with TLVs that make no sense counts as one that says nothing.
void read_announcement(Bytes body, std::optional<AnnouncementSet>& out) noexcept {
  AnnouncementSet& set = out.emplace();
  Reader reader{body};
  while (reader.remaining() >= tlv_header_size) {
    const unsigned header = reader.u16();
    const Bytes value = reader.take(header & 0x1ffU);
    if (!reader.ok()) return;
    if (header >> 9U == cipher_suites_tlv && value.size() % cipher_suite_entry_size == 0) {
      set.cipher_suites = value;
      return;
    }
  }
}

bool read_xpn(const SetHeader& header, Bytes body, std::optional<XpnSet>& out) noexcept {
  XpnSet& set = out.emplace();
  Reader reader{body};
  set.suspension_time = header.second;
  set.latest_upper = reader.u32();
  set.old_upper = reader.u32();
  return reader.ok();
}

/// One set that is no ICV indicator; false when its length is none its type allows.
bool read_set(const SetHeader& header, Bytes body, Mkpdu& out) noexcept {
  switch (static_cast<SetType>(header.type)) {
    case SetType::live_list:
      out.live_ssci = header.second;
      return read_list(header, body, out.live);
    case SetType::potential_list:
      return read_list(header, body, out.potential);
    case SetType::sak_use:
      return read_sak_use(header, body, out.sak_use);
    case SetType::distributed_sak:
      return read_distributed_sak(header, body, out.distributed_sak);
    case SetType::distributed_cak:
      out.distributed_cak = true;
      return true;
    case SetType::announcement:
      read_announcement(body, out.announcement);
      return true;
    case SetType::xpn:
      return read_xpn(header, body, out.xpn);
    case SetType::kmd:
      out.kmd = body;
      return true;
    case SetType::icv_indicator:
      return true;
  }
  return true;
}

/// Reads the Basic set into `out` and leaves `reader` behind its padding.
std::optional<MkpduError> read_basic(Reader& reader, BasicSet& out) noexcept {
  if (reader.remaining() < min_mkpdu_size) return MkpduError::too_short;
  if (reader.remaining() % 4 != 0) return MkpduError::not_multiple_of_four;
  const SetHeader header = read_header(reader);
  if (header.length <= basic_fixed_size || header.length > basic_fixed_size + Ckn::max_size ||
      padded(header.length) + icv_size > reader.remaining())
    return MkpduError::bad_ckn_length;
  out.version = header.type;
  out.priority = header.second;
  out.key_server = (header.flags & 0x80U) != 0;
  out.macsec_desired = (header.flags & 0x40U) != 0;
  out.capability = static_cast<MacsecCapability>(header.flags >> 4U & 3U);
  out.sci.octets = reader.array<8>();
  out.mi.octets = reader.array<12>();
  out.mn = reader.u32();
  out.agility = reader.u32();
  out.ckn = *Ckn::from(reader.take(header.length - basic_fixed_size));
  reader.skip(padding(header.length));
  if (out.agility != default_algorithm_agility) return MkpduError::unknown_agility;
  return std::nullopt;
}

// --- writing ---------------------------------------------------------------------------------------------------------

void write_basic(Writer& writer, const BasicSet& set) noexcept {
  const std::size_t length = basic_fixed_size + set.ckn.size();
  const unsigned flags =
      (set.key_server ? 0x80U : 0U) | (set.macsec_desired ? 0x40U : 0U) | static_cast<unsigned>(set.capability) << 4U;
  write_header(writer, set.version, set.priority, flags, length);
  writer.put(set.sci.octets);
  writer.put(set.mi.octets);
  writer.u32(set.mn);
  writer.u32(set.agility);
  writer.put(set.ckn.octets());
  writer.zeros(padding(length));
}

void write_list(Writer& writer, SetType type, unsigned second, std::span<const PeerEntry> peers) noexcept {
  if (peers.empty()) return;
  const std::size_t length = peers.size() * PeerListView::entry_size;
  if (length > max_set_body) {
    writer.fail();
    return;
  }
  write_header(writer, type, second, 0, length);
  for (const PeerEntry& peer : peers) {
    writer.put(peer.mi.octets);
    writer.u32(peer.mn);
  }
}

void write_sak_use(Writer& writer, const SakUseSet& set) noexcept {
  if (!set.macsec) {
    write_header(writer, SetType::sak_use, 0, 0, 0);
    return;
  }
  const unsigned second = static_cast<unsigned>(set.latest.an.value()) << 6U | (set.latest.transmitting ? 0x20U : 0U) |
                          (set.latest.receiving ? 0x10U : 0U) | static_cast<unsigned>(set.old.an.value()) << 2U |
                          (set.old.transmitting ? 0x02U : 0U) | (set.old.receiving ? 0x01U : 0U);
  const unsigned flags = (set.plain_tx ? 0x80U : 0U) | (set.plain_rx ? 0x40U : 0U) | (set.delay_protect ? 0x10U : 0U);
  write_header(writer, SetType::sak_use, second, flags, sak_use_size);
  for (const SakUseKey* key : {&set.latest, &set.old}) {
    writer.put(key->key.server.octets);
    writer.u32(key->key.number);
    writer.u32(static_cast<std::uint32_t>(key->lowest_pn & 0xffffffffU));
  }
}

bool in_short_form(const DistributedSakSet& set) noexcept {
  return cipher_suite_from_id(set.cipher_suite_id) == CipherSuite::gcm_aes_128;
}

std::size_t distributed_sak_size(const DistributedSakSet& set) noexcept {
  if (!set.macsec) return 0;
  return (in_short_form(set) ? sizeof set.number : long_sak_fixed_size) + set.wrapped.size();
}

void write_distributed_sak(Writer& writer, const DistributedSakSet& set) noexcept {
  if (!set.macsec) {
    write_header(writer, SetType::distributed_sak, 0, 0, 0);
    return;
  }
  const std::size_t length = distributed_sak_size(set);
  const unsigned second = static_cast<unsigned>(set.an.value()) << 6U | (set.confidentiality_offset & 3U) << 4U;
  if (length > max_set_body) {
    writer.fail();
    return;
  }
  write_header(writer, SetType::distributed_sak, second, 0, length);
  writer.u32(set.number);
  if (!in_short_form(set)) writer.u64(set.cipher_suite_id);
  writer.put(set.wrapped);
  writer.zeros(padding(length));
}

std::size_t announcement_size(std::span<const CipherSuite> suites) noexcept {
  return tlv_header_size + suites.size() * cipher_suite_entry_size;
}

void write_announcement(Writer& writer, std::span<const CipherSuite> suites) noexcept {
  if (suites.empty()) return;
  const std::size_t length = announcement_size(suites);
  if (length - tlv_header_size > 0x1ff) {  // the TLV's length has nine bits
    writer.fail();
    return;
  }
  write_header(writer, SetType::announcement, 0, 0, length);
  writer.u16(static_cast<std::uint16_t>(cipher_suites_tlv << 9U | (length - tlv_header_size)));
  for (const CipherSuite suite : suites) {
    writer.u16(static_cast<std::uint16_t>(MacsecCapability::confidentiality));
    writer.u64(cipher_suite_id(suite));
  }
  writer.zeros(padding(length));
}

}  // namespace

PeerEntry PeerListView::operator[](std::size_t index) const noexcept {
  return read_entry(octets_.subspan(index * entry_size, entry_size));
}

std::optional<MessageNumber> PeerListView::find(const MemberId& mi) const noexcept {
  for (std::size_t at = 0; at < octets_.size(); at += entry_size) {
    const Bytes entry = octets_.subspan(at, entry_size);
    if (std::memcmp(entry.data(), mi.octets.data(), mi.octets.size()) == 0) return read_entry(entry).mn;
  }
  return std::nullopt;
}

std::uint64_t AnnouncementSet::cipher_suite_id(std::size_t index) const noexcept {
  Reader reader{cipher_suites.subspan(index * cipher_suite_entry_size, cipher_suite_entry_size)};
  reader.skip(2);
  return reader.u64();
}

std::string_view to_string(MkpduError error) noexcept {
  switch (error) {
    case MkpduError::too_short:
      return "shorter than 32 octets";
    case MkpduError::not_multiple_of_four:
      return "length is not a multiple of 4";
    case MkpduError::bad_ckn_length:
      return "CKN is empty, longer than 32 octets or does not fit";
    case MkpduError::unknown_agility:
      return "unknown algorithm agility";
    case MkpduError::bad_parameter_set:
      return "malformed parameter set";
  }
  return "?";
}

std::expected<BasicSet, MkpduError> read_basic_set(Bytes body) noexcept {
  Reader reader{body};
  std::expected<BasicSet, MkpduError> out;
  if (const std::optional<MkpduError> error = read_basic(reader, *out)) out = std::unexpected{*error};
  return out;
}

std::expected<Mkpdu, MkpduError> read_mkpdu(Bytes body) noexcept {
  const std::expected<BasicSet, MkpduError> basic = read_basic_set(body);
  if (!basic) return std::unexpected{basic.error()};
  return read_mkpdu(body, *basic);
}

std::expected<Mkpdu, MkpduError> read_mkpdu(Bytes body, const BasicSet& basic) noexcept {
  Reader reader{body};
  reader.skip(set_size(basic_fixed_size + basic.ckn.size()));
  std::expected<Mkpdu, MkpduError> out;
  out->basic = basic;
  unsigned seen = 0;
  while (reader.remaining() > icv_size) {
    const SetHeader header = read_header(reader);
    if (padded(header.length) + icv_size > reader.remaining()) {
      // Only the ICV Indicator set may reach into the last 16 octets: it holds them.
      if (header.type == static_cast<std::uint8_t>(SetType::icv_indicator) && header.length == icv_size &&
          reader.remaining() == icv_size)
        break;
      return std::unexpected{MkpduError::bad_parameter_set};
    }
    const Bytes set_body = reader.take(header.length);
    reader.skip(padding(header.length));
    if (header.type == static_cast<std::uint8_t>(SetType::icv_indicator))
      return std::unexpected{MkpduError::bad_parameter_set};  // not the last set
    if (header.type <= static_cast<std::uint8_t>(SetType::xpn)) {
      const unsigned bit = 1U << header.type;
      if ((seen & bit) != 0 || !read_set(header, set_body, *out)) return std::unexpected{MkpduError::bad_parameter_set};
      seen |= bit;
    }
  }
  out->icv = body.last(icv_size);
  return out;
}

void write_mkpdu(Writer& writer, const MkpduContent& content) noexcept {
  if (content.basic.ckn.size() == 0 || mkpdu_size(content) > max_mkpdu_size) {
    writer.fail();
    return;
  }
  write_basic(writer, content.basic);
  write_list(writer, SetType::live_list, content.live_ssci, content.live);
  write_list(writer, SetType::potential_list, 0, content.potential);
  if (content.sak_use) write_sak_use(writer, *content.sak_use);
  if (content.distributed_sak) write_distributed_sak(writer, *content.distributed_sak);
  write_announcement(writer, content.announced);
  if (content.xpn) {
    write_header(writer, SetType::xpn, content.xpn->suspension_time, 0, xpn_size);
    writer.u32(content.xpn->latest_upper);
    writer.u32(content.xpn->old_upper);
  }
  if (content.icv_indicator) write_header(writer, SetType::icv_indicator, 0, 0, icv_size);
}

std::size_t mkpdu_size(const MkpduContent& content) noexcept {
  std::size_t size = set_size(basic_fixed_size + content.basic.ckn.size());
  for (const std::span<const PeerEntry> peers : {content.live, content.potential})
    if (!peers.empty()) size += set_size(peers.size() * PeerListView::entry_size);
  if (content.sak_use) size += set_size(content.sak_use->macsec ? sak_use_size : 0);
  if (content.distributed_sak) size += set_size(distributed_sak_size(*content.distributed_sak));
  if (!content.announced.empty()) size += set_size(announcement_size(content.announced));
  if (content.xpn) size += set_size(xpn_size);
  if (content.icv_indicator) size += set_header_size;
  return size + icv_size;
}

}  // namespace macsec
