// SPDX-License-Identifier: LGPL-2.1-or-later
/// MKA key derivation, ICV and key wrap (802.1X-2020 clauses 6.2, 9.3, 9.4 and 9.8; RFC 4493, RFC 3394).
#pragma once

#include "engine/base/result.hpp"
#include "engine/base/secret.hpp"
#include "engine/wire/mkpdu.hpp"

#include <memory>
#include <openssl/types.h>

namespace macsec::crypto {

using Cak = Secret<32>;  ///< 16 or 32 octets
using Sak = Secret<32>;  ///< 16 or 32 octets
using Msk = Secret<64>;  ///< EAP Master Session Key

/// KDF of 6.2.1 with CMAC-AES-128 or -256 by the length of `key` (16 or 32 octets).
/// `out` takes at most 64 octets.
[[nodiscard]] Result<void> kdf(Bytes key, std::string_view label, Bytes context, MutableBytes out);

[[nodiscard]] Result<Secret<32>> derive_kek(const Cak& cak, const Ckn& ckn);
[[nodiscard]] Result<Secret<32>> derive_ick(const Cak& cak, const Ckn& ckn);

/// SAK by 9.8.1 from the key server's nonce (as long as the SAK), the MIs of all live members (the server's first) and KN.
[[nodiscard]] Result<Sak> derive_sak(const Cak& cak, Bytes nonce, std::span<const MemberId> members, KeyNumber number,
                                     std::size_t sak_size);

/// RFC 3394 with the default IV. wrap: 8 octets longer than `sak`; unwrap: an error when the integrity check fails.
[[nodiscard]] Result<void> wrap_sak(const Secret<32>& kek, const Sak& sak, MutableBytes out);
[[nodiscard]] Result<Sak> unwrap_sak(const Secret<32>& kek, Bytes wrapped);

/// AES-CMAC under one key, set up once and used for every frame.
///
/// Composed from AES-CBC (RFC 4493): the library's own CMAC enters the cipher once a block, which costs twice as much
/// on a frame of MKPDU size, and this is the one cost of a received MKPDU that cannot be avoided.
class IcvKey {
 public:
  /// Octets a frame may have: more than any Ethernet frame an MKPDU fits in.
  static constexpr std::size_t max_data = 2032;

  IcvKey() noexcept;
  [[nodiscard]] static Result<IcvKey> from(const Secret<32>& ick);
  IcvKey(IcvKey&&) noexcept;
  IcvKey& operator=(IcvKey&&) noexcept;
  ~IcvKey();

  /// The 16 octets of ICV over `data`.
  [[nodiscard]] Result<std::array<std::uint8_t, icv_size>> compute(Bytes data) const;
  /// Compares in constant time; false also when the library fails.
  [[nodiscard]] bool verify(Bytes data, Bytes icv) const noexcept;

 private:
  using Block = std::array<std::uint8_t, icv_size>;
  struct Free {
    void operator()(EVP_CIPHER_CTX* context) const noexcept;
  };
  [[nodiscard]] bool restart() const noexcept;
  [[nodiscard]] bool encrypt(MutableBytes blocks) const noexcept;
  [[nodiscard]] bool compute_into(Bytes data, Block& out) const noexcept;

  std::unique_ptr<EVP_CIPHER_CTX, Free> context_;
  Secret<icv_size> whole_;    ///< RFC 4493 K1, for a last block that is full
  Secret<icv_size> partial_;  ///< RFC 4493 K2, for one that is padded
  mutable Block chained_{};   ///< the cipher's last block of output: its chaining value for the next
};

/// Has the library set up what it looks up with the first key, so that the first link with a key need not wait for it (20 ms
/// on a slow CPU). An error: it cannot derive or wrap keys, and says why.
[[nodiscard]] Result<void> prepare();

/// Tells one SAK from another across restarts, and nothing about it: 16 octets derived one way from it, for comparison only.
[[nodiscard]] Result<std::array<std::uint8_t, 16>> digest_sak(const Sak& sak);

/// The XPN salt of a SAK (802.1X 9.8.1, 10.7.8): KI's MI, octets 0-1 XOR KN bits 15..0, octets 2-3 XOR KN bits 31..16.
[[nodiscard]] std::array<std::uint8_t, 12> xpn_salt(const KeyId& key) noexcept;

}  // namespace macsec::crypto
