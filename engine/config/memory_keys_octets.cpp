// SPDX-License-Identifier: LGPL-2.1-or-later
// How keys from memory are handed to the next process: the second half of memory_keys.hpp, which knows octets only.
#include "engine/config/memory_keys.hpp"

#include <algorithm>

namespace macsec {
namespace {

constexpr std::array<std::uint8_t, 8> magic{'m', 'k', 'a', 'k', 'e', 'y', 's', 1};
// What a key has.
constexpr std::uint8_t is_fallback = 1;
constexpr std::uint8_t has_begin = 2;
constexpr std::uint8_t has_end = 4;

void add_octet(WipedBuffer& out, std::size_t value) {
  const std::array octets{static_cast<std::uint8_t>(value)};
  out.add(Bytes{octets});
}

void add_number(WipedBuffer& out, std::int64_t value) {
  std::array<std::uint8_t, 8> octets{};
  Writer writer{octets};
  writer.u64(static_cast<std::uint64_t>(value));
  out.add(Bytes{octets});
}

/// One octet of length, then the octets.
void add_counted(WipedBuffer& out, Bytes octets) {
  add_octet(out, octets.size());
  out.add(octets);
}

void add_text(WipedBuffer& out, const std::string& text) {
  add_counted(out, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

std::string read_text(Reader& reader) {
  const Bytes text = reader.take(reader.u8());
  return {text.begin(), text.end()};
}

std::int64_t read_number(Reader& reader) { return static_cast<std::int64_t>(reader.u64()); }

void add_key(WipedBuffer& out, const PreSharedKey& key) {
  add_counted(out, key.ckn.octets());
  add_counted(out, key.cak.expose());
  add_octet(out, (key.role == KeyRole::fallback ? is_fallback : 0U) | (key.not_before ? has_begin : 0U) |
                     (key.not_after ? has_end : 0U));
  if (key.not_before) add_number(out, *key.not_before);
  if (key.not_after) add_number(out, *key.not_after);
  add_text(out, key.origin.key_source);
}

std::optional<PreSharedKey> read_key(Reader& reader) {
  PreSharedKey key;
  const auto ckn = Ckn::from(reader.take(reader.u8()));
  const Bytes cak = reader.take(reader.u8());
  const std::uint8_t flags = reader.u8();
  if ((flags & has_begin) != 0) key.not_before = read_number(reader);
  if ((flags & has_end) != 0) key.not_after = read_number(reader);
  key.origin = {.memory = true, .key_source = read_text(reader)};
  if (!reader.ok() || !ckn || (cak.size() != 16 && cak.size() != 32)) return std::nullopt;
  key.ckn = *ckn;
  key.cak = Secret<32>{cak};
  if ((flags & is_fallback) != 0) key.role = KeyRole::fallback;
  return key;
}

}  // namespace

WipedBuffer write_memory_keys(const MemoryKeys& keys) {
  WipedBuffer out;
  out.add(Bytes{magic});
  add_text(out, keys.profile);
  add_octet(out, keys.keys.size());
  for (const PreSharedKey& key : keys.keys) add_key(out, key);
  add_octet(out, keys.retired.size());
  for (const RetiredKey& key : keys.retired) {
    add_counted(out, key.ckn.octets());
    add_number(out, key.at);
  }
  return out;
}

std::optional<MemoryKeys> read_memory_keys(Bytes octets) {
  Reader reader{octets};
  if (!std::ranges::equal(reader.take(magic.size()), magic)) return std::nullopt;
  MemoryKeys out;
  out.profile = read_text(reader);
  const std::size_t keys = reader.u8();
  if (!reader.ok() || !is_profile_name(out.profile) || keys > most_memory_keys) return std::nullopt;
  for (std::size_t i = 0; i < keys; ++i) {
    std::optional<PreSharedKey> key = read_key(reader);
    if (!key) return std::nullopt;
    out.keys.push_back(std::move(*key));
  }
  const std::size_t retired = reader.u8();
  if (!reader.ok() || retired > most_retired_keys) return std::nullopt;
  for (std::size_t i = 0; i < retired; ++i) {
    const auto ckn = Ckn::from(reader.take(reader.u8()));
    const std::int64_t at = read_number(reader);
    if (!reader.ok() || !ckn) return std::nullopt;
    out.retired.push_back({.ckn = *ckn, .at = at, .memory = true});
  }
  if (reader.remaining() != 0) return std::nullopt;
  return out;
}

}  // namespace macsec
