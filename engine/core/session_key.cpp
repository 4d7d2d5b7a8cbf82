// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/session_key.hpp"

#include <algorithm>
#include <array>

namespace macsec::core {
namespace {

constexpr std::array<std::uint8_t, 8> magic{'m', 'k', 'a', 'k', 'e', 'p', 't', 1};
constexpr std::size_t longest_name = 64;

void add_number(WipedBuffer& out, std::uint64_t value) {
  std::array<std::uint8_t, 8> octets{};
  Writer writer{octets};
  writer.u64(value);
  out.add(Bytes{octets});
}

/// One octet of length, then the octets.
void add_counted(WipedBuffer& out, Bytes octets) {
  const std::array size{static_cast<std::uint8_t>(octets.size())};
  out.add(Bytes{size}).add(octets);
}

std::optional<SessionKey> read_key(Reader& reader) {
  SessionKey key;
  key.sequence = reader.u64();
  const auto ckn = Ckn::from(reader.take(reader.u8()));
  const Bytes cak = reader.take(reader.u8());
  if (!reader.ok() || !ckn || (cak.size() != 16 && cak.size() != 32)) return std::nullopt;
  key.ckn = *ckn;
  key.cak = crypto::Cak{cak};
  return key;
}

}  // namespace

WipedBuffer write_kept_session(const KeptSession& session) {
  WipedBuffer out;
  out.add(Bytes{magic});
  for (const std::string& name : {session.profile, session.parent})
    add_counted(out, {reinterpret_cast<const std::uint8_t*>(name.data()), name.size()});
  const std::array count{static_cast<std::uint8_t>(session.keys.size())};
  out.add(Bytes{count});
  for (const SessionKey& key : session.keys) {
    add_number(out, key.sequence);
    add_counted(out, key.ckn.octets());
    add_counted(out, key.cak.expose());
  }
  return out;
}

std::optional<KeptSession> read_kept_session(Bytes octets) {
  Reader reader{octets};
  if (!std::ranges::equal(reader.take(magic.size()), magic)) return std::nullopt;
  KeptSession session;
  const Bytes name = reader.take(reader.u8());
  session.profile.assign(name.begin(), name.end());
  const Bytes parent = reader.take(reader.u8());
  session.parent.assign(parent.begin(), parent.end());
  const std::size_t count = reader.u8();
  if (!reader.ok() || name.empty() || name.size() > longest_name || count == 0 || count > most_kept_keys)
    return std::nullopt;
  for (std::size_t i = 0; i < count; ++i) {
    auto key = read_key(reader);
    if (!key || (!session.keys.empty() && key->sequence <= session.keys.back().sequence)) return std::nullopt;
    session.keys.push_back(std::move(*key));
  }
  if (reader.remaining() != 0) return std::nullopt;
  return session;
}

}  // namespace macsec::core
