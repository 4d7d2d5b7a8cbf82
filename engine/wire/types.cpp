// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/wire/types.hpp"

#include "engine/base/text.hpp"

#include <algorithm>

namespace macsec {
namespace {

/// GCM-AES-128 as 802.1AE-2006 misprinted it; Linux and hostap keep it.
constexpr std::uint64_t misprinted_gcm_aes_128 = 0x0080020001000001U;
constexpr std::uint64_t first_cipher_suite_id = 0x0080c20001000001U;

std::size_t hash_of(Bytes octets) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a
  for (const std::uint8_t octet : octets) hash = (hash ^ octet) * 0x100000001b3U;
  return hash;
}

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::array<std::uint8_t, 16> KeyId::octets() const noexcept {
  std::array<std::uint8_t, 16> out{};
  Writer writer{out};
  writer.put(server.octets);
  writer.u32(number);
  return out;
}

KeyId KeyId::from_octets(std::span<const std::uint8_t, 16> octets) noexcept {
  Reader reader{octets};
  KeyId key;
  key.server.octets = reader.array<12>();
  key.number = reader.u32();
  return key;
}

std::optional<Ckn> Ckn::from(Bytes octets) noexcept {
  if (octets.empty() || octets.size() > max_size) return std::nullopt;
  Ckn ckn;
  std::copy(octets.begin(), octets.end(), ckn.octets_.begin());
  ckn.size_ = static_cast<std::uint8_t>(octets.size());
  return ckn;
}

std::optional<Ckn> Ckn::from_hex(std::string_view digits) noexcept {
  std::array<std::uint8_t, max_size> octets{};
  const std::optional<std::size_t> size = macsec::from_hex(digits, octets);
  if (!size) return std::nullopt;
  return from(Bytes{octets}.first(*size));
}

Ckn Ckn::padded() const noexcept {
  Ckn ckn = *this;
  ckn.size_ = max_size;
  return ckn;
}

std::uint64_t cipher_suite_id(CipherSuite suite) noexcept {
  return first_cipher_suite_id + static_cast<std::uint64_t>(suite);
}

std::optional<CipherSuite> cipher_suite_from_id(std::uint64_t id) noexcept {
  if (id == misprinted_gcm_aes_128) return CipherSuite::gcm_aes_128;
  const std::uint64_t index = id - first_cipher_suite_id;
  if (index >= all_cipher_suites.size()) return std::nullopt;
  return all_cipher_suites[index];
}

std::optional<CipherSuite> cipher_suite_from_string(std::string_view name) noexcept {
  for (const CipherSuite suite : all_cipher_suites)
    if (std::ranges::equal(name, to_string(suite), {}, lower, lower)) return suite;
  return std::nullopt;
}

std::string to_string(const MacAddress& mac) {
  std::string out;
  for (std::size_t i = 0; i < mac.octets.size(); ++i) {
    if (i > 0) out += ':';
    out += to_hex(Bytes{mac.octets}.subspan(i, 1));
  }
  return out;
}

std::optional<MacAddress> mac_from_string(std::string_view text) noexcept {
  constexpr std::size_t text_size = 17;
  MacAddress mac;
  if (text.size() != text_size || (text[2] != ':' && text[2] != '-')) return std::nullopt;
  for (std::size_t i = 0; i < mac.octets.size(); ++i) {
    if (i > 0 && text[3 * i - 1] != text[2]) return std::nullopt;
    if (!from_hex(text.substr(3 * i, 2), MutableBytes{mac.octets}.subspan(i, 1))) return std::nullopt;
  }
  return mac;
}

std::string to_string(const Sci& sci) { return to_hex(sci.octets); }
std::string to_string(const MemberId& mi) { return to_hex(mi.octets); }
std::string to_string(const KeyId& key) { return to_string(key.server) + '/' + std::to_string(key.number); }
std::string to_string(const Ckn& ckn) { return to_hex(ckn.octets()); }

}  // namespace macsec

std::size_t std::hash<macsec::Ckn>::operator()(const macsec::Ckn& ckn) const noexcept {
  return macsec::hash_of(ckn.octets());
}
std::size_t std::hash<macsec::Sci>::operator()(const macsec::Sci& sci) const noexcept {
  return macsec::hash_of(sci.octets);
}
