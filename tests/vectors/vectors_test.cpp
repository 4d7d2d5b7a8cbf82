// SPDX-License-Identifier: LGPL-2.1-or-later
// The published test vectors of what MKA is built from.
#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "engine/base/text.hpp"
#include "engine/crypto/mka_keys.hpp"

namespace macsec::crypto {
namespace {

std::vector<std::uint8_t> octets_of(std::string_view hex) {
  std::vector<std::uint8_t> out(hex.size() / 2);
  EXPECT_TRUE(from_hex(hex, out));
  return out;
}

Secret<32> key_of(std::string_view hex) { return Secret<32>{octets_of(hex)}; }

std::string hex_of(const Result<Secret<32>>& key) { return key ? to_hex(key->expose()) : key.error().message; }

// --- RFC 4493 section 4 ----------------------------------------------------------------------------------------------

TEST(Rfc4493, AesCmac) {
  const Result<IcvKey> key = IcvKey::from(key_of("2b7e151628aed2a6abf7158809cf4f3c"));
  ASSERT_TRUE(key);
  const std::vector<std::uint8_t> message = octets_of(
      "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
      "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710");
  const auto icv = [&](std::size_t size) { return to_hex(*key->compute(Bytes{message}.first(size))); };
  EXPECT_EQ(icv(0), "bb1d6929e95937287fa37d129b756746");
  EXPECT_EQ(icv(16), "070a16b46b4d4144f79bdd9dd04a287c");
  EXPECT_EQ(icv(40), "dfa66747de9ae63030ca32611497c827");
  EXPECT_EQ(icv(64), "51f0bebf7e3b9d92fc49741779363cfe");
}

// NIST SP 800-38B, appendix D.3.
TEST(Sp80038b, Aes256Cmac) {
  const Result<IcvKey> key = IcvKey::from(key_of("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"));
  ASSERT_TRUE(key);
  const std::vector<std::uint8_t> message = octets_of(
      "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
      "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710");
  const auto icv = [&](std::size_t size) { return to_hex(*key->compute(Bytes{message}.first(size))); };
  EXPECT_EQ(icv(0), "028962f61b7bf89efc6b551f4667d983");
  EXPECT_EQ(icv(16), "28a7023f452e8f82bd4bf28d8c37c35c");
  EXPECT_EQ(icv(40), "aaf3d8f1de5640c232f5b169b9c911e6");
  EXPECT_EQ(icv(64), "e1992190549f6ed5696a2c056c315410");
}

// --- RFC 3394 section 4, those with KEKs of 128 and 256 bits and keys a SAK can have ----------------------------------

void expect_wrap(std::string_view kek, std::string_view plain, std::string_view wrapped) {
  std::vector<std::uint8_t> out(wrapped.size() / 2);
  ASSERT_TRUE(wrap_sak(key_of(kek), key_of(plain), out));
  EXPECT_EQ(to_hex(out), wrapped);
  EXPECT_EQ(hex_of(unwrap_sak(key_of(kek), octets_of(wrapped))), plain);
}

TEST(Rfc3394, AesKeyWrap) {
  constexpr std::string_view data = "00112233445566778899aabbccddeeff";
  expect_wrap("000102030405060708090a0b0c0d0e0f", data, "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5");
  expect_wrap("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", data,
              "64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7");
  expect_wrap("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
              "00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f",
              "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21");
}

// --- IEEE 802.1X-2020 Annex G ----------------------------------------------------------------------------------------

constexpr std::string_view cak_128 = "135bd758b0ee5c11c55ff6ab19fdb199";
constexpr std::string_view cak_256 = "a29efdb63d6fba73c65daab2295340a837a8886e94a905b5c9c7ef1d9dbb297e";
constexpr std::string_view ckn_128 = "96437a93ccf10d9dfe347846cce52c7d";
constexpr std::string_view ckn_256 = "7888f5d48ba8b24e96bb95bd8c7304ec";
const std::vector<MemberId> members{
    {{0xcd, 0x42, 0x1c, 0xf8, 0x6b, 0xa4, 0x57, 0x93, 0x86, 0x57, 0x67, 0x5b}},
    {{0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x0d, 0x1f, 0x36, 0xcf}},
};

TEST(AnnexG, Kdf) {
  const std::vector<std::uint8_t> context = octets_of("01020104");
  std::array<std::uint8_t, 16> short_output{};
  ASSERT_TRUE(kdf(octets_of("1ab9024fa04a03feb9024fa04a03fe11"), "HI THERE", context, short_output));
  EXPECT_EQ(to_hex(short_output), "b57a0b05f43e9600c3c4d15c1e3c26e8");
  std::array<std::uint8_t, 32> long_output{};
  ASSERT_TRUE(kdf(octets_of("3946ec36f59017f1267e914abed2dbf6633f52ae7e20309d3eefdda4073adfad"), "HI THERE", context,
                  long_output));
  EXPECT_EQ(to_hex(long_output), "0efd01e5b03a0951a6df9bbffe419016ee40fdbfc3335ebf92ea03802214a307");
}

TEST(AnnexG, KekAndIck) {
  const Ckn short_name = *Ckn::from_hex(ckn_128);
  EXPECT_EQ(hex_of(derive_kek(key_of(cak_128), short_name)), "8f5a384c15d6ae9302b462e363d03ca6");
  EXPECT_EQ(hex_of(derive_ick(key_of(cak_128), short_name)), "8f1c5cb1c8ed2e5f047906e0473aad4d");
  const Ckn long_name = *Ckn::from_hex(ckn_256);
  EXPECT_EQ(hex_of(derive_kek(key_of(cak_256), long_name)),
            "71340e454c84a1232aa7977d5ed86f78f250f3f9d53584b9337ff0c6dfdc9f96");
  EXPECT_EQ(hex_of(derive_ick(key_of(cak_256), long_name)),
            "98b8544d7390a41e50ef72e25b4a036523c919e812918871949b48123eab526e");
}

TEST(AnnexG, Sak) {
  std::vector<std::uint8_t> nonce(16);
  std::iota(nonce.begin(), nonce.end(), std::uint8_t{1});
  EXPECT_EQ(hex_of(derive_sak(key_of(cak_128), nonce, members, 1, 16)), "045205925831ae59c14550ed59cc003d");
  nonce.resize(32);
  std::iota(nonce.begin(), nonce.end() - 1, std::uint8_t{1});
  EXPECT_EQ(hex_of(derive_sak(key_of(cak_256), nonce, members, 1, 32)),
            "bb692568b287484a5f3f4793b09732270d13dd818373c15b3f2793fdc1948a37");
}

}  // namespace
}  // namespace macsec::crypto
