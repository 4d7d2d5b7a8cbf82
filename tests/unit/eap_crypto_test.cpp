// SPDX-License-Identifier: LGPL-2.1-or-later
// Passwords, bindings and RADIUS secrets where no published vector reaches.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "engine/base/text.hpp"
#include "engine/crypto/mschapv2.hpp"
#include "engine/crypto/peap_keys.hpp"
#include "engine/crypto/radius_keys.hpp"
#include "engine/crypto/session_keys.hpp"

namespace macsec::crypto {
namespace {

Bytes text(std::string_view from) { return {reinterpret_cast<const std::uint8_t*>(from.data()), from.size()}; }

std::string hash_of(std::string_view password) {
  const Result<NtHash> hash = nt_password_hash(text(password));
  return hash ? to_hex(hash->expose()) : hash.error().message;
}

// RFC 2759 section 8.3
TEST(NtPasswordHash, EncodesUnicode) {
  EXPECT_EQ(hash_of(""), "31d6cfe0d16ae931b73c59d7e0c089c0");          // MD4 of nothing
  EXPECT_EQ(hash_of("password"), "8846f7eaee8fb117ad06bdd830b7586c");  // the best known one
  EXPECT_NE(hash_of("p\xc3\xa4ssword"), hash_of("password"));
  EXPECT_EQ(hash_of("\xf0\x9f\x94\x91").size(), 32U);  // beyond the first plane: two units
  EXPECT_EQ(hash_of(std::string(256, 'a')).size(), 32U);
}

TEST(NtPasswordHash, RefusesWhatIsNotText) {
  for (const std::string_view wrong :
       {"\x80", "\xc0\xaf", "\xc3", "\xed\xa0\x80", "\xf5\x80\x80\x80", "a\xff", "\xe0\x80\x80", "\xf0\x80\x80\x80"})
    EXPECT_EQ(hash_of(wrong), "the password is not UTF-8, which MSCHAPv2 needs");
  EXPECT_NE(hash_of(std::string(257, 'a')).find("256"), std::string::npos);
}

// RFC 1994: MD5 over identifier, secret, challenge.
TEST(ChapResponse, IsMd5) {
  EXPECT_EQ(to_hex(chap_response('a', text("b"), text("c")).value()),
            "900150983cd24fb0d6963f7d28e17f72");  // MD5("abc")
}

TEST(PeapKeys, WithoutInnerMethodTheTunnelsOwn) {
  std::vector<std::uint8_t> tunnel(128);
  for (std::size_t i = 0; i < tunnel.size(); ++i) tunnel[i] = static_cast<std::uint8_t>(i);
  const Result<PeapCompoundKeys> keys = derive_peap_compound_keys(tunnel, {});
  ASSERT_TRUE(keys);
  EXPECT_TRUE(std::ranges::equal(keys->intermediate.expose(), Bytes{tunnel}.first(40)));
  EXPECT_TRUE(std::ranges::equal(keys->mac.expose(), Bytes{tunnel}.subspan(40, 20)));
  EXPECT_FALSE(derive_peap_compound_keys(Bytes{tunnel}.first(59), {}));
  EXPECT_FALSE(derive_peap_compound_keys(tunnel, Bytes{tunnel}.first(16)));
}

TEST(PeapKeys, MacCoversEachField) {
  const std::vector<std::uint8_t> tunnel(64, 7);
  const PeapCompoundKeys keys = derive_peap_compound_keys(tunnel, std::vector<std::uint8_t>(32, 9)).value();
  PeapBinding binding;
  const auto mac = peap_binding_mac(keys, binding).value();
  binding.mac = mac;
  EXPECT_EQ(peap_binding_mac(keys, binding).value(), mac);  // the MAC itself is not covered
  binding.kind = PeapBinding::Kind::response;
  EXPECT_NE(peap_binding_mac(keys, binding).value(), mac);
}

struct RadiusSecrets : testing::Test {
  std::array<std::uint8_t, max_radius_size> buffer{};
  const RadiusAuthenticator request{9, 8, 7};
  static constexpr std::string_view secret = "xyzzy5461";

  /// An answer with authenticators that are right, or without Message-Authenticator.
  std::vector<std::uint8_t> answer(bool with_message_authenticator) {
    RadiusWriter writer{buffer, RadiusCode::access_reject, 3, request};
    if (with_message_authenticator) writer.add_message_authenticator();
    writer.add(RadiusAttributeType::reply_message, text("no"));
    const RadiusWriter::Finished done = writer.finish();
    if (with_message_authenticator) {
      EXPECT_TRUE(sign_radius_request(done, text(secret)));
    }
    std::vector<std::uint8_t> out(done.packet.begin(), done.packet.end());
    std::vector<std::uint8_t> whole = out;
    whole.insert(whole.end(), secret.begin(), secret.end());
    // MD5 over code, identifier, length, request authenticator, attributes, secret: CHAP's is the same sum.
    const auto sum = chap_response(whole[0], Bytes{whole}.subspan(1), {}).value();
    std::ranges::copy(sum, out.begin() + 4);
    return out;
  }
  RadiusCheck check(const std::vector<std::uint8_t>& octets) {
    return check_radius_answer(read_radius(octets).value(), request, text(secret)).value();
  }
};

// RFC 3579 section 3.2
TEST_F(RadiusSecrets, MessageAuthenticatorIsDemanded) {
  EXPECT_EQ(check(answer(true)), RadiusCheck::good);
  EXPECT_EQ(check(answer(false)), RadiusCheck::no_message_authenticator);
}

TEST_F(RadiusSecrets, ChangedOctetsAreSeen) {
  const std::vector<std::uint8_t> good = answer(true);
  for (std::size_t at = 0; at < good.size(); ++at) {
    if (at == 2 || at == 3 || at == 21 || at == 39) continue;  // lengths: another packet, or none
    std::vector<std::uint8_t> changed = good;
    changed[at] = static_cast<std::uint8_t>(changed[at] ^ 1U);
    EXPECT_EQ(check(changed), RadiusCheck::bad_authenticator) << at;
  }
}

TEST_F(RadiusSecrets, RequestWithoutPlaceForIt) {
  RadiusWriter writer{buffer, RadiusCode::access_request, 3, request};
  EXPECT_FALSE(sign_radius_request(writer.finish(), text(secret)));
}

TEST_F(RadiusSecrets, MskNeedsBothKeys) {
  const std::vector<std::uint8_t> octets = answer(true);
  const Result<Secret<64>> msk = radius_msk(read_radius(octets).value(), request, text(secret));
  ASSERT_FALSE(msk);
  EXPECT_NE(msk.error().message.find("MS-MPPE-Recv-Key"), std::string::npos);
}

TEST(SessionKeys, RefuseWhatCannotBe) {
  const std::vector<std::uint8_t> octets(64, 1);
  EXPECT_FALSE(derive_session_keys(Msk{}, octets, {}, {}, 16));
  EXPECT_FALSE(derive_session_keys(Msk{Bytes{octets}.first(16)}, octets, {}, {}, 32));
  EXPECT_FALSE(derive_session_keys(Msk{octets}, octets, {}, {}, 24));
  EXPECT_FALSE(derive_session_keys(Msk{octets}, {}, {}, {}, 16));
  const SessionKeys keys = derive_session_keys(Msk{octets}, octets, {}, {}, 32).value();
  EXPECT_EQ(keys.cak.size(), 32U);
  EXPECT_EQ(keys.ckn.size(), 16U);
}

}  // namespace
}  // namespace macsec::crypto
