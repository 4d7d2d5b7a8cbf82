// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/session_key.hpp"

#include <algorithm>
#include <array>

namespace macsec::core {
namespace {

constexpr std::array<std::uint8_t, 7> magic{'m', 'k', 'a', 'k', 'e', 'p', 't'};
constexpr std::uint8_t version = 5;
/// Has no digest of what the profile trusts at its end.
constexpr std::uint8_t version_before = 4;
constexpr std::size_t longest_name = 64;
// What a key says of itself and its host.
constexpr std::uint8_t of_host = 1;
constexpr std::uint8_t has_reauthentication = 2;
constexpr std::uint8_t has_end = 4;
constexpr std::uint8_t must_secure = 8;
constexpr std::uint8_t is_doubtful = 16;
constexpr std::uint8_t is_quiet = 32;

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

void add_text(WipedBuffer& out, const std::string& text) {
  add_counted(out, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

std::string read_text(Reader& reader) {
  const Bytes text = reader.take(reader.u8());
  return {text.begin(), text.end()};
}

void add_time(WipedBuffer& out, const std::optional<Time>& time) {
  if (time) add_number(out, static_cast<std::uint64_t>(time->time_since_epoch().count()));
}

std::optional<Time> read_time(Reader& reader) { return Time{Duration{static_cast<std::int64_t>(reader.u64())}}; }

MacAddress read_mac(Reader& reader) {
  MacAddress out;
  const Bytes octets = reader.take(out.octets.size());
  if (reader.ok()) std::ranges::copy(octets, out.octets.begin());
  return out;
}

std::uint8_t flags_of(const SessionKey& key) noexcept {
  unsigned flags = (key.doubtful ? is_doubtful : 0U) | (key.quiet ? is_quiet : 0U);
  if (key.host)
    flags |= of_host | (key.host->reauthentication ? has_reauthentication : 0U) | (key.host->end ? has_end : 0U) |
             (key.host->must_secure ? must_secure : 0U);
  return static_cast<std::uint8_t>(flags);
}

void add_host(WipedBuffer& out, const std::optional<HostSession>& host) {
  if (!host) return;
  out.add(Bytes{host->host.octets});
  add_text(out, host->identity);
  add_time(out, host->reauthentication);
  add_time(out, host->end);
}

/// The reader fails where it is not what add_host() made.
std::optional<HostSession> read_host(Reader& reader, std::uint8_t flags) {
  if ((flags & of_host) == 0) return std::nullopt;
  HostSession host;
  host.host = read_mac(reader);
  host.identity = read_text(reader);
  if ((flags & has_reauthentication) != 0) host.reauthentication = read_time(reader);
  if ((flags & has_end) != 0) host.end = read_time(reader);
  host.must_secure = (flags & must_secure) != 0;
  return host;
}

void add_traffic(WipedBuffer& out, const PortTraffic& traffic) {
  for (const std::uint64_t count : {traffic.octets_in, traffic.octets_out, traffic.packets_in, traffic.packets_out})
    add_number(out, count);
}

PortTraffic read_traffic(Reader& reader) {
  PortTraffic out;
  for (std::uint64_t* count : {&out.octets_in, &out.octets_out, &out.packets_in, &out.packets_out})
    *count = reader.u64();
  return out;
}

/// Without an Acct-Session-Id there is no account.
void add_account(WipedBuffer& out, const std::optional<AccountedSession>& account) {
  add_text(out, account ? account->id : std::string{});
  if (!account) return;
  add_text(out, account->user_name);
  add_text(out, account->port_id);
  out.add(Bytes{account->host.octets}).add(Bytes{account->port.octets});
  add_counted(out, account->class_);
  add_time(out, Time{account->interim.value_or(Duration{0})});
  add_time(out, account->since);
  add_traffic(out, account->counted);
  add_traffic(out, account->last);
}

/// The reader fails where it is not what add_account() made.
std::optional<AccountedSession> read_account(Reader& reader) {
  AccountedSession account{.id = read_text(reader)};
  if (account.id.empty()) return std::nullopt;
  account.user_name = read_text(reader);
  account.port_id = read_text(reader);
  account.host = read_mac(reader);
  account.port = read_mac(reader);
  const Bytes class_ = reader.take(reader.u8());
  account.class_.assign(class_.begin(), class_.end());
  const Duration interim = read_time(reader)->time_since_epoch();
  if (interim > Duration{0}) account.interim = interim;
  account.since = *read_time(reader);
  account.counted = read_traffic(reader);
  account.last = read_traffic(reader);
  return account;
}

bool read_trust(Reader& reader, std::optional<crypto::Sha256>& trust) {
  const Bytes octets = reader.take(reader.u8());
  if (octets.empty()) return true;
  if (octets.size() != std::tuple_size_v<crypto::Sha256>) return false;
  std::ranges::copy(octets, trust.emplace().begin());
  return true;
}

std::optional<SessionKey> read_key(Reader& reader) {
  SessionKey key;
  key.sequence = reader.u64();
  const auto ckn = Ckn::from(reader.take(reader.u8()));
  const Bytes cak = reader.take(reader.u8());
  const std::uint8_t flags = reader.u8();
  key.doubtful = (flags & is_doubtful) != 0;
  key.quiet = (flags & is_quiet) != 0;
  key.host = read_host(reader, flags);
  if (!reader.ok() || !ckn || (cak.size() != 16 && cak.size() != 32)) return std::nullopt;
  key.ckn = *ckn;
  key.cak = crypto::Cak{cak};
  return key;
}

}  // namespace

WipedBuffer write_kept_session(const KeptSession& session) {
  WipedBuffer out;
  out.add(Bytes{magic}).add(Bytes{std::array{version}});
  add_text(out, session.profile);
  add_text(out, session.parent);
  add_number(out, session.until ? static_cast<std::uint64_t>(session.until->time_since_epoch().count()) : 0);
  const std::array count{static_cast<std::uint8_t>(session.keys.size())};
  out.add(Bytes{count});
  for (const SessionKey& key : session.keys) {
    add_number(out, key.sequence);
    add_counted(out, key.ckn.octets());
    add_counted(out, key.cak.expose());
    out.add(Bytes{std::array{flags_of(key)}});
    add_host(out, key.host);
  }
  add_account(out, session.account);
  add_counted(out, session.trust ? Bytes{*session.trust} : Bytes{});
  return out;
}

std::optional<KeptSession> read_kept_session(Bytes octets) {
  Reader reader{octets};
  if (!std::ranges::equal(reader.take(magic.size()), magic)) return std::nullopt;
  const std::uint8_t written = reader.u8();
  if (written != version && written != version_before) return std::nullopt;
  KeptSession session;
  session.profile = read_text(reader);
  session.parent = read_text(reader);
  const std::uint64_t until = reader.u64();
  if (until > static_cast<std::uint64_t>(Duration::max().count())) return std::nullopt;
  if (until != 0) session.until = Time{Duration{static_cast<std::int64_t>(until)}};
  const std::size_t count = reader.u8();
  if (!reader.ok() || session.profile.empty() || session.profile.size() > longest_name || count == 0 ||
      count > most_kept_keys)
    return std::nullopt;
  for (std::size_t i = 0; i < count; ++i) {
    auto key = read_key(reader);
    if (!key || (!session.keys.empty() && key->sequence <= session.keys.back().sequence)) return std::nullopt;
    session.keys.push_back(std::move(*key));
  }
  session.account = read_account(reader);
  if (written != version_before && !read_trust(reader, session.trust)) return std::nullopt;
  if (!reader.ok() || reader.remaining() != 0) return std::nullopt;
  return session;
}

}  // namespace macsec::core
