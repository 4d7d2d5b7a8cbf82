// SPDX-License-Identifier: LGPL-2.1-or-later
// Keys of EAP methods: RFC 2759, RFC 3079, and what other implementations logged.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "engine/base/text.hpp"
#include "engine/crypto/mschapv2.hpp"
#include "engine/crypto/peap_keys.hpp"
#include "engine/crypto/radius_keys.hpp"
#include "engine/crypto/session_keys.hpp"
#include "tests/vectors/eap_vectors.hpp"

namespace macsec::crypto {
namespace {

using vectors::Buffer;
using vectors::unhex;

template <std::size_t N>
std::array<std::uint8_t, N> array_of(std::string_view hex) {
  const Buffer octets = unhex(hex);
  std::array<std::uint8_t, N> out{};
  EXPECT_EQ(octets.size(), N);
  std::copy_n(octets.begin(), std::min(N, octets.size()), out.begin());
  return out;
}

Bytes text(std::string_view from) { return {reinterpret_cast<const std::uint8_t*>(from.data()), from.size()}; }

// 802.1X-2020 6.2.2, Annex G
TEST(EapVectors, SessionKeys) {
  for (const vectors::MkaVector& v : vectors::mka) {
    const Msk msk{unhex(v.msk)};
    const MacAddress own{array_of<6>(v.own)};
    const MacAddress peer{array_of<6>(v.peer)};
    const Buffer id = unhex(v.session_id);
    for (const Result<SessionKeys>& keys :
         {derive_session_keys(msk, id, own, peer, v.bits / 8), derive_session_keys(msk, id, peer, own, v.bits / 8)}) {
      ASSERT_TRUE(keys) << v.name;
      EXPECT_EQ(to_hex(keys->cak.expose()), v.cak) << v.name;
      EXPECT_EQ(to_string(keys->ckn), v.ckn) << v.name;
      EXPECT_EQ(to_hex(derive_kek(keys->cak, keys->ckn)->expose()), v.kek) << v.name;
      EXPECT_EQ(to_hex(derive_ick(keys->cak, keys->ckn)->expose()), v.ick) << v.name;
    }
  }
}

TEST(EapVectors, PeapBinding) {
  const Result<PeapCompoundKeys> keys =
      derive_peap_compound_keys(unhex(vectors::peap_binding::tunnel_key), unhex(vectors::peap_binding::inner_key));
  ASSERT_TRUE(keys);
  const std::optional<PeapTlvs> tlvs = read_peap_tlvs(unhex(vectors::peap_binding::request_tlvs));
  ASSERT_TRUE(tlvs && tlvs->binding);
  EXPECT_EQ(peap_binding_mac(*keys, *tlvs->binding).value(), tlvs->binding->mac);
  EXPECT_EQ(to_hex(derive_peap_msk(*keys)->expose()), vectors::peap_binding::msk);
}

// RFC 2865 section 3, RFC 3579 section 3.2, RFC 2548 section 2.4
TEST(EapVectors, RadiusAccept) {
  const Buffer octets = unhex(vectors::radius::access_accept);
  const std::optional<RadiusPacket> packet = read_radius(octets);
  ASSERT_TRUE(packet);
  const auto request = array_of<16>(vectors::radius::request_authenticator);
  const Buffer secret = unhex(vectors::radius::secret);
  EXPECT_EQ(check_radius_answer(*packet, request, secret).value(), RadiusCheck::good);
  EXPECT_EQ(to_hex(radius_msk(*packet, request, secret)->expose()), vectors::radius::msk);
  EXPECT_EQ(packet->find(RadiusAttributeType::eap_key_name)->size(), 65U);
  EXPECT_EQ(check_radius_answer(*packet, request, text("another")).value(), RadiusCheck::bad_authenticator);
  EXPECT_FALSE(radius_msk(*packet, request, text("another")));
}

// --- RFC 2759 section 9.2 and RFC 3079 section 3.5.3 --------------------------------------------------------------------

struct Rfc2759 : testing::Test {
  const Mschapv2Exchange exchange{.authenticator = array_of<16>("5b5d7c7d7b3f2f3e3c2c602132262628"),
                                  .peer = array_of<16>("21402324255e262a28295f2b3a337c7e"),
                                  .name = "User"};
  const NtHash hash = nt_password_hash(text("clientPass")).value();
  const Mschapv2NtResponse response = mschapv2_nt_response(hash, exchange).value();
};

TEST_F(Rfc2759, Responses) {
  EXPECT_EQ(to_hex(hash.expose()), "44ebba8d5312b8d611474411f56989ae");
  EXPECT_EQ(to_hex(mschapv2_challenge_hash(exchange).value()), "d02e4386bce91226");
  EXPECT_EQ(to_hex(response), "82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df");
  EXPECT_EQ(to_hex(mschapv2_authenticator_response(hash, exchange, response).value()),
            "407a5589115fd0d6209f510fe9c04566932cda56");
}

TEST_F(Rfc2759, DomainIsNotHashed) {
  Mschapv2Exchange with_domain = exchange;
  with_domain.name = "BIGCO\\User";
  EXPECT_EQ(mschapv2_nt_response(hash, with_domain).value(), response);
}

// RFC 3079 section 3.5.3: what the server sends with is what the client receives with.
TEST_F(Rfc2759, Keys) {
  EXPECT_EQ(to_hex(mschapv2_keys(hash, response)->expose()),
            "d5f0e9521e3ea9589645e86051c822268b7cdc149b993a1ba118cb153f56dccb");
}

}  // namespace
}  // namespace macsec::crypto
