// SPDX-License-Identifier: LGPL-2.1-or-later
/// The values of IEEE 802.1X and 802.1AE as strong types.
#pragma once

#include "engine/base/bytes.hpp"

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace macsec {

namespace detail {

/// std::array's own comparison of octets is a call of memcmp; this one is a few instructions.
template <std::size_t N>
constexpr bool equal(const std::array<std::uint8_t, N>& left, const std::array<std::uint8_t, N>& right) noexcept {
  if consteval {
    return left == right;
  } else {
    constexpr std::size_t word = N < sizeof(std::uint64_t) ? sizeof(std::uint32_t) : sizeof(std::uint64_t);
    static_assert(N >= word);
    using Word = std::conditional_t<word == sizeof(std::uint32_t), std::uint32_t, std::uint64_t>;
    Word difference = 0;
    // The last word may overlap the one before it.
    for (std::size_t at = 0; at < N; at += word) {
      const std::size_t from = std::min(at, N - word);
      Word one;
      Word other;
      std::memcpy(&one, left.data() + from, word);
      std::memcpy(&other, right.data() + from, word);
      difference |= one ^ other;
    }
    return difference == 0;
  }
}

}  // namespace detail

struct MacAddress {
  std::array<std::uint8_t, 6> octets{};
  friend constexpr bool operator==(const MacAddress& left, const MacAddress& right) noexcept {
    return detail::equal(left.octets, right.octets);
  }
  friend constexpr auto operator<=>(const MacAddress&, const MacAddress&) = default;
};

/// The PAE group address 01-80-C2-00-00-03 (802.1X-2020 Table 11-1), the default destination of MKPDUs.
inline constexpr MacAddress pae_group_address{{0x01, 0x80, 0xc2, 0x00, 0x00, 0x03}};

/// Secure Channel Identifier: MAC address and port, ordered as the number it is (802.1AE 9.9).
struct Sci {
  std::array<std::uint8_t, 8> octets{};

  [[nodiscard]] static constexpr Sci of(const MacAddress& mac, std::uint16_t port) noexcept {
    Sci sci;
    for (std::size_t i = 0; i < 6; ++i) sci.octets[i] = mac.octets[i];
    sci.octets[6] = static_cast<std::uint8_t>(port >> 8U);
    sci.octets[7] = static_cast<std::uint8_t>(port & 0xffU);
    return sci;
  }
  [[nodiscard]] constexpr MacAddress mac() const noexcept {
    MacAddress mac;
    for (std::size_t i = 0; i < 6; ++i) mac.octets[i] = octets[i];
    return mac;
  }
  [[nodiscard]] constexpr std::uint16_t port() const noexcept {
    return static_cast<std::uint16_t>(octets[6] << 8U | octets[7]);
  }
  friend constexpr bool operator==(const Sci& left, const Sci& right) noexcept {
    return detail::equal(left.octets, right.octets);
  }
  friend constexpr auto operator<=>(const Sci&, const Sci&) = default;
};

/// Member Identifier: 96 random bits, new for each participation in a CA (802.1X 9.4.2).
struct MemberId {
  std::array<std::uint8_t, 12> octets{};
  friend constexpr bool operator==(const MemberId& left, const MemberId& right) noexcept {
    return detail::equal(left.octets, right.octets);
  }
  friend constexpr auto operator<=>(const MemberId&, const MemberId&) = default;
  [[nodiscard]] constexpr bool is_zero() const noexcept { return *this == MemberId{}; }
};

using MessageNumber = std::uint32_t;  ///< MN, 1 and up; 0 is never sent (802.1X 9.4.2)
using KeyNumber = std::uint32_t;      ///< KN, 1 and up (802.1X 9.8)

/// Key Identifier: the key server's MI and a KN (802.1X 9.8). The kernel's KEYID holds exactly these 16 octets.
struct KeyId {
  MemberId server{};
  KeyNumber number = 0;
  friend constexpr auto operator<=>(const KeyId&, const KeyId&) = default;
  /// MI then KN, big endian.
  [[nodiscard]] std::array<std::uint8_t, 16> octets() const noexcept;
  [[nodiscard]] static KeyId from_octets(std::span<const std::uint8_t, 16> octets) noexcept;
};

/// Association Number, 0 to 3.
class An {
 public:
  constexpr An() noexcept = default;
  constexpr explicit An(unsigned value) noexcept : value_{static_cast<std::uint8_t>(value & 3U)} {}
  [[nodiscard]] constexpr std::uint8_t value() const noexcept { return value_; }
  [[nodiscard]] constexpr An next() const noexcept { return An{value_ + 1U}; }
  friend constexpr auto operator<=>(const An&, const An&) = default;

 private:
  std::uint8_t value_ = 0;
};

using Pn = std::uint64_t;    ///< packet number; 32 bits without XPN
using Ssci = std::uint32_t;  ///< short SCI of XPN, 1 and up; 0 where there is none

/// Secure Connectivity Association Key Name: 1 to 32 octets (802.1X 5.11).
class Ckn {
 public:
  static constexpr std::size_t max_size = 32;
  constexpr Ckn() noexcept = default;
  /// Nothing when `octets` is empty or longer than 32.
  [[nodiscard]] static std::optional<Ckn> from(Bytes octets) noexcept;
  /// Hexadecimal, two digits an octet.
  [[nodiscard]] static std::optional<Ckn> from_hex(std::string_view digits) noexcept;
  [[nodiscard]] Bytes octets() const noexcept { return Bytes{octets_}.first(size_); }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// The same name right-padded with zeros to 32 octets, as NX-OS and clouds send it.
  [[nodiscard]] Ckn padded() const noexcept;
  friend constexpr bool operator==(const Ckn& left, const Ckn& right) noexcept {
    return left.size_ == right.size_ && detail::equal(left.octets_, right.octets_);
  }
  friend constexpr auto operator<=>(const Ckn&, const Ckn&) = default;

 private:
  std::array<std::uint8_t, max_size> octets_{};
  std::uint8_t size_ = 0;
};

/// The cipher suites of 802.1AE-2018 clause 14; all provide integrity, and confidentiality with offset 0.
enum class CipherSuite : std::uint8_t { gcm_aes_128, gcm_aes_256, gcm_aes_xpn_128, gcm_aes_xpn_256 };
/// What there is to know of each, a row a suite in the order of their identifiers.
struct CipherSuiteRow {
  CipherSuite suite;
  std::string_view name;
  std::size_t sak_size;  ///< octets
  bool xpn;              ///< extended packet numbers
};
inline constexpr std::array cipher_suite_rows{
    CipherSuiteRow{CipherSuite::gcm_aes_128, "GCM-AES-128", 16, false},
    CipherSuiteRow{CipherSuite::gcm_aes_256, "GCM-AES-256", 32, false},
    CipherSuiteRow{CipherSuite::gcm_aes_xpn_128, "GCM-AES-XPN-128", 16, true},
    CipherSuiteRow{CipherSuite::gcm_aes_xpn_256, "GCM-AES-XPN-256", 32, true},
};
inline constexpr auto all_cipher_suites = [] {
  std::array<CipherSuite, cipher_suite_rows.size()> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = cipher_suite_rows[i].suite;
  return all;
}();
[[nodiscard]] constexpr const CipherSuiteRow& row_of(CipherSuite suite) noexcept {
  return cipher_suite_rows[static_cast<std::size_t>(suite)];
}

/// Some of them, or all.
class CipherSuiteSet {
 public:
  constexpr CipherSuiteSet() noexcept = default;
  [[nodiscard]] static constexpr CipherSuiteSet all() noexcept {
    CipherSuiteSet out;
    for (const CipherSuite suite : all_cipher_suites) out.add(suite);
    return out;
  }
  constexpr void add(CipherSuite suite) noexcept { bits_ = static_cast<std::uint8_t>(bits_ | bit(suite)); }
  constexpr void remove(CipherSuite suite) noexcept { bits_ = static_cast<std::uint8_t>(bits_ & ~bit(suite)); }
  [[nodiscard]] constexpr bool has(CipherSuite suite) const noexcept { return (bits_ & bit(suite)) != 0; }
  friend constexpr bool operator==(CipherSuiteSet, CipherSuiteSet) noexcept = default;

 private:
  [[nodiscard]] static constexpr unsigned bit(CipherSuite suite) noexcept { return 1U << static_cast<unsigned>(suite); }
  std::uint8_t bits_ = 0;
};

/// The 64-bit identifier of Table 14-1.
[[nodiscard]] std::uint64_t cipher_suite_id(CipherSuite suite) noexcept;
/// Accepts the four identifiers and 0080020001000001, which Linux and hostap use for GCM-AES-128.
[[nodiscard]] std::optional<CipherSuite> cipher_suite_from_id(std::uint64_t id) noexcept;
[[nodiscard]] constexpr bool is_xpn(CipherSuite suite) noexcept { return row_of(suite).xpn; }
/// Octets of a SAK: 16 or 32.
[[nodiscard]] constexpr std::size_t sak_size(CipherSuite suite) noexcept { return row_of(suite).sak_size; }
/// The name in its row.
[[nodiscard]] constexpr std::string_view to_string(CipherSuite suite) noexcept { return row_of(suite).name; }
/// By that name, in any case.
[[nodiscard]] std::optional<CipherSuite> cipher_suite_from_string(std::string_view name) noexcept;

/// MACsec Capability of the Basic parameter set (802.1X Table 11-6).
enum class MacsecCapability : std::uint8_t { none = 0, integrity = 1, confidentiality = 2, confidentiality_offset = 3 };

[[nodiscard]] std::string to_string(const MacAddress& mac);                               ///< "02:00:00:00:00:01"
[[nodiscard]] std::optional<MacAddress> mac_from_string(std::string_view text) noexcept;  ///< colons or hyphens
[[nodiscard]] std::string to_string(const Sci& sci);      ///< "0200000000010001", as `ip macsec` prints it
[[nodiscard]] std::string to_string(const MemberId& mi);  ///< 24 hexadecimal digits
[[nodiscard]] std::string to_string(const KeyId& key);    ///< MI, "/", KN in decimal
[[nodiscard]] std::string to_string(const Ckn& ckn);      ///< hexadecimal digits

}  // namespace macsec

template <>
struct std::hash<macsec::Ckn> {
  std::size_t operator()(const macsec::Ckn& ckn) const noexcept;
};
template <>
struct std::hash<macsec::Sci> {
  std::size_t operator()(const macsec::Sci& sci) const noexcept;
};
