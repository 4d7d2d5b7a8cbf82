// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/base/text.hpp"
#include "engine/crypto/mka_keys.hpp"

#include <gtest/gtest.h>
#include <numeric>
#include <openssl/evp.h>
#include <vector>

namespace macsec::crypto {
namespace {

std::vector<std::uint8_t> octets_of(std::string_view hex) {
  std::vector<std::uint8_t> out(hex.size() / 2);
  EXPECT_TRUE(from_hex(hex, out));
  return out;
}

Secret<32> key_of(std::string_view hex) { return Secret<32>{octets_of(hex)}; }

TEST(MkaKeys, TheLibraryOfThisMachineHasWhatTheyTake) {
  const Result<void> ready = prepare();
  EXPECT_TRUE(ready) << ready.error().message;
}

TEST(IcvKey, SameKeyForManyFrames) {
  const Result<IcvKey> key = IcvKey::from(key_of("2b7e151628aed2a6abf7158809cf4f3c"));
  ASSERT_TRUE(key);
  const std::vector<std::uint8_t> frame(200, 0x42);
  const auto icv = key->compute(frame);
  ASSERT_TRUE(icv);
  EXPECT_NE(*key->compute(Bytes{frame}.first(199)), *icv);
  EXPECT_EQ(*key->compute(frame), *icv);
  EXPECT_TRUE(key->verify(frame, *icv));
  EXPECT_FALSE(key->verify(Bytes{frame}.first(199), *icv));
  EXPECT_FALSE(key->verify(frame, Bytes{*icv}.first(15)));
  EXPECT_FALSE(key->verify(frame, {}));
  for (std::size_t bit = 0; bit < 128; ++bit) {
    auto changed = *icv;
    changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ 1U << bit % 8);
    EXPECT_FALSE(key->verify(frame, changed));
  }
}

// 802.1X-2020 9.4.1; RFC 4493
TEST(IcvKey, EqualsTheLibrarysCmacAtEveryLength) {
  std::vector<std::uint8_t> octets(IcvKey::max_data + 1);
  std::iota(octets.begin(), octets.end(), std::uint8_t{0});
  for (const std::size_t key_size : {16U, 32U}) {
    const Bytes raw = Bytes{octets}.subspan(77, key_size);
    const Result<IcvKey> key = IcvKey::from(Secret<32>{raw});
    ASSERT_TRUE(key);
    for (std::size_t size = 0; size < 300; ++size) {
      const Bytes data = Bytes{octets}.first(size);
      std::array<std::uint8_t, 16> expected{};
      std::size_t written = 0;
      ASSERT_TRUE(EVP_Q_mac(nullptr, "CMAC", nullptr, key_size == 16 ? "AES-128-CBC" : "AES-256-CBC", nullptr,
                            raw.data(), raw.size(), data.data(), data.size(), expected.data(), expected.size(),
                            &written));
      ASSERT_EQ(*key->compute(data), expected) << size;
    }
    EXPECT_TRUE(key->compute(Bytes{octets}.first(IcvKey::max_data)));
    EXPECT_FALSE(key->compute(octets));
  }
}

TEST(IcvKey, WithoutKey) {
  const IcvKey key;
  EXPECT_FALSE(key.compute(std::array<std::uint8_t, 1>{}));
  EXPECT_FALSE(key.verify(std::array<std::uint8_t, 1>{}, std::array<std::uint8_t, 16>{}));
  EXPECT_FALSE(IcvKey::from(key_of("2b7e151628aed2a6abf7158809cf4f")));
  EXPECT_FALSE(IcvKey::from(Secret<32>{}));
}

TEST(IcvKey, Moves) {
  Result<IcvKey> key = IcvKey::from(key_of("2b7e151628aed2a6abf7158809cf4f3c"));
  ASSERT_TRUE(key);
  const std::array<std::uint8_t, 3> data{1, 2, 3};
  const auto icv = key->compute(data);
  IcvKey other = std::move(*key);
  EXPECT_TRUE(other.verify(data, *icv));
  EXPECT_FALSE(key->verify(data, *icv));
}

// 802.1X-2020 9.8.1; RFC 3394
TEST(KeyWrap, RoundTripAndRefusal) {
  for (const std::size_t kek_size : {16U, 32U})
    for (const std::size_t sak_size : {16U, 32U}) {
      std::vector<std::uint8_t> octets(64);
      std::iota(octets.begin(), octets.end(), std::uint8_t{0});
      const Secret<32> kek{Bytes{octets}.first(kek_size)};
      const Sak sak{Bytes{octets}.subspan(32, sak_size)};
      std::vector<std::uint8_t> wrapped(sak_size + 8);
      ASSERT_TRUE(wrap_sak(kek, sak, wrapped));
      const Result<Sak> unwrapped = unwrap_sak(kek, wrapped);
      ASSERT_TRUE(unwrapped);
      EXPECT_EQ(*unwrapped, sak);
      wrapped[3] ^= 1U;
      EXPECT_FALSE(unwrap_sak(kek, wrapped));
      wrapped[3] ^= 1U;
      const Secret<32> other{Bytes{octets}.subspan(1, kek_size)};
      EXPECT_FALSE(unwrap_sak(other, wrapped));
      EXPECT_FALSE(unwrap_sak(kek, Bytes{wrapped}.first(16)));
      EXPECT_FALSE(wrap_sak(kek, sak, MutableBytes{wrapped}.first(sak_size)));
    }
}

TEST(Derivation, RefusesWrongLengths) {
  const Cak cak = key_of("135bd758b0ee5c11c55ff6ab19fdb199");
  const Cak odd = key_of("135bd758b0ee5c11c55ff6ab19fdb1");
  const Ckn ckn = *Ckn::from_hex("01");
  EXPECT_FALSE(derive_kek(odd, ckn));
  EXPECT_FALSE(derive_ick(Cak{}, ckn));
  EXPECT_FALSE(derive_sak(cak, octets_of("0102"), {}, 1, 16));
  std::array<std::uint8_t, 65> long_output{};
  EXPECT_FALSE(kdf(cak.expose(), "x", {}, long_output));
}

// 802.1X-2020 9.3
TEST(Derivation, OnlySixteenOctetsOfTheCknCount) {
  const Cak cak = key_of("135bd758b0ee5c11c55ff6ab19fdb199");
  const Ckn sixteen = *Ckn::from_hex("96437a93ccf10d9dfe347846cce52c7d");
  EXPECT_EQ(*derive_kek(cak, sixteen), *derive_kek(cak, sixteen.padded()));
  EXPECT_EQ(*derive_ick(cak, *Ckn::from_hex("01")), *derive_ick(cak, *Ckn::from_hex("0100")));
}

// 802.1X-2020 9.8.1, 10.7.8
TEST(XpnSalt, MixesTheKeyNumberIn) {
  const KeyId key{{{0xcd, 0x42, 0x1c, 0xf8, 0x6b, 0xa4, 0x57, 0x93, 0x86, 0x57, 0x67, 0x5b}}, 0x01020304};
  EXPECT_EQ(to_hex(xpn_salt(key)), "ce461dfa6ba457938657675b");
}

}  // namespace
}  // namespace macsec::crypto
