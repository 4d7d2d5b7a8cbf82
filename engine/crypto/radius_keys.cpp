// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/crypto/radius_keys.hpp"

#include "engine/base/handle.hpp"
#include "engine/crypto/library_error.hpp"

#include <algorithm>
#include <openssl/evp.h>
#include <string>
#include <vector>

namespace macsec::crypto {
namespace {

constexpr std::size_t md5_size = 16;
constexpr std::size_t authenticator_at = 4;

bool md5(std::initializer_list<Bytes> pieces, MutableBytes out) {
  const std::unique_ptr<EVP_MD_CTX, Releases<EVP_MD_CTX_free>> context{EVP_MD_CTX_new()};
  bool ok = context && EVP_DigestInit_ex2(context.get(), EVP_md5(), nullptr) == 1;
  for (const Bytes piece : pieces) ok = ok && EVP_DigestUpdate(context.get(), piece.data(), piece.size()) == 1;
  unsigned size = 0;
  return ok && EVP_DigestFinal_ex(context.get(), out.data(), &size) == 1 && size == md5_size;
}

bool hmac_md5(Bytes key, Bytes data, MutableBytes out) {
  std::size_t size = 0;
  return EVP_Q_mac(nullptr, "HMAC", nullptr, "MD5", nullptr, key.data(), key.size(), data.data(), data.size(),
                   out.data(), out.size(), &size) != nullptr &&
         size == md5_size;
}

/// Decrypts a key attribute: salt of 2 octets, then blocks whose plain text begins with the key's length.
Result<Secret<32>> decrypt_mppe(Bytes value, const RadiusAuthenticator& request, Bytes secret) {
  constexpr std::size_t salt_size = 2;
  constexpr std::size_t most = 256;
  if (value.size() < salt_size + md5_size || (value.size() - salt_size) % md5_size != 0)
    return fail("an MS-MPPE key of the RADIUS server has a wrong length");
  const Bytes salt = value.first(salt_size);
  const Bytes cipher = value.subspan(salt_size);
  Secret<most> plain;
  const MutableBytes octets = plain.allocate(cipher.size());
  for (std::size_t at = 0; at < cipher.size(); at += md5_size) {
    Secret<md5_size> mask;
    const MutableBytes stream = mask.allocate(md5_size);
    const bool ok =
        at == 0 ? md5({secret, request, salt}, stream) : md5({secret, cipher.subspan(at - md5_size, md5_size)}, stream);
    if (!ok) return library_failure("cannot compute MD5");
    for (std::size_t i = 0; i < md5_size; ++i) octets[at + i] = static_cast<std::uint8_t>(cipher[at + i] ^ stream[i]);
  }
  if (octets[0] != 32 || octets.size() < 33) return fail("an MS-MPPE key of the RADIUS server has not 32 octets");
  return Secret<32>{octets.subspan(1, 32)};
}

}  // namespace

Result<void> sign_radius_request(const RadiusWriter::Finished& request, Bytes secret) {
  if (request.message_authenticator.size() != md5_size) return fail("a RADIUS request needs a Message-Authenticator");
  // Computed over the packet with zeros in its place, so into a buffer of its own.
  std::array<std::uint8_t, md5_size> mac{};
  if (!hmac_md5(secret, request.packet, mac)) return library_failure("cannot compute HMAC-MD5");
  std::ranges::copy(mac, request.message_authenticator.begin());
  return {};
}

Result<void> sign_radius_accounting(MutableBytes packet, Bytes secret) {
  std::array<std::uint8_t, md5_size> sum{};
  if (!md5({packet, secret}, sum)) return library_failure("cannot compute MD5");
  std::ranges::copy(sum, packet.begin() + authenticator_at);
  return {};
}

Result<bool> is_radius_answer(const RadiusPacket& answer, const RadiusAuthenticator& request, Bytes secret) {
  std::array<std::uint8_t, md5_size> expected{};
  if (!md5({answer.whole.first(authenticator_at), request, answer.attributes, secret}, expected))
    return library_failure("cannot compute MD5");
  return equal_constant_time(expected, answer.authenticator);
}

Result<RadiusCheck> check_radius_answer(const RadiusPacket& answer, const RadiusAuthenticator& request, Bytes secret) {
  const auto from_server = is_radius_answer(answer, request, secret);
  if (!from_server) return std::unexpected{from_server.error()};
  if (!*from_server) return RadiusCheck::bad_authenticator;
  std::array<std::uint8_t, md5_size> expected{};
  const std::optional<Bytes> found = answer.find(RadiusAttributeType::message_authenticator);
  if (!found) return RadiusCheck::no_message_authenticator;
  if (found->size() != md5_size) return RadiusCheck::bad_message_authenticator;
  std::vector<std::uint8_t> copy(answer.whole.begin(), answer.whole.end());
  std::ranges::copy(request, copy.begin() + authenticator_at);
  std::fill_n(copy.begin() + (found->data() - answer.whole.data()), md5_size, std::uint8_t{0});
  if (!hmac_md5(secret, copy, expected)) return library_failure("cannot compute HMAC-MD5");
  return equal_constant_time(expected, *found) ? RadiusCheck::good : RadiusCheck::bad_message_authenticator;
}

Result<Secret<64>> radius_msk(const RadiusPacket& accept, const RadiusAuthenticator& request, Bytes secret) {
  Secret<64> msk;
  Writer writer{msk.allocate(64)};
  for (const MppeKeyType type : {MppeKeyType::receive, MppeKeyType::send}) {
    const std::optional<Bytes> value = accept.find_vendor(vendor_of_microsoft, static_cast<std::uint8_t>(type));
    if (!value)
      return fail(std::string{"the RADIUS server sent no "} +
                  (type == MppeKeyType::send ? "MS-MPPE-Send-Key" : "MS-MPPE-Recv-Key"));
    const Result<Secret<32>> key = decrypt_mppe(*value, request, secret);
    if (!key) return std::unexpected{key.error()};
    writer.put(key->expose());
  }
  return msk;
}

}  // namespace macsec::crypto
