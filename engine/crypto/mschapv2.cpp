// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/crypto/mschapv2.hpp"

#include "engine/base/handle.hpp"
#include "engine/crypto/library_error.hpp"

#include <algorithm>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

namespace macsec::crypto {
namespace {

constexpr std::size_t max_characters = 256;
constexpr std::size_t sha1_size = 20;
using Sha1 = Secret<sha1_size>;

/// The legacy provider in a library context of its own, so that nothing else can come to use what it has.
class LegacyLibrary {
 public:
  LegacyLibrary() : context_{OSSL_LIB_CTX_new()} {
    if (context_) provider_.reset(OSSL_PROVIDER_load(context_.get(), "legacy"));
    if (provider_) md4_.reset(EVP_MD_fetch(context_.get(), "MD4", nullptr));
  }
  [[nodiscard]] const EVP_MD* md4() const noexcept { return md4_.get(); }

 private:
  std::unique_ptr<OSSL_LIB_CTX, Releases<OSSL_LIB_CTX_free>> context_;
  std::unique_ptr<OSSL_PROVIDER, Releases<OSSL_PROVIDER_unload>> provider_;
  std::unique_ptr<EVP_MD, Releases<EVP_MD_free>> md4_;
};

const EVP_MD* md4() {
  static const LegacyLibrary library;
  return library.md4();
}

/// A digest over several pieces.
bool digest(const EVP_MD* kind, std::initializer_list<Bytes> pieces, MutableBytes out) {
  const std::unique_ptr<EVP_MD_CTX, Releases<EVP_MD_CTX_free>> context{EVP_MD_CTX_new()};
  bool ok = context && kind != nullptr && EVP_DigestInit_ex2(context.get(), kind, nullptr) == 1;
  for (const Bytes piece : pieces) ok = ok && EVP_DigestUpdate(context.get(), piece.data(), piece.size()) == 1;
  unsigned size = 0;
  return ok && EVP_DigestFinal_ex(context.get(), out.data(), &size) == 1 && size == out.size();
}

Bytes octets_of_text(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// One character of UTF-8; nothing when it is malformed, too long for its value, or a surrogate.
std::optional<std::uint32_t> next_character(Bytes& text) noexcept {
  const std::uint32_t first = text[0];
  const std::size_t size = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if ((first >= 0x80 && first < 0xc2) || first > 0xf4 || size > text.size()) return std::nullopt;
  std::uint32_t value = size == 1 ? first : first & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((text[i] & 0xc0U) != 0x80) return std::nullopt;
    value = value << 6U | (text[i] & 0x3fU);
  }
  constexpr std::array<std::uint32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
  if (value < least[size] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return std::nullopt;
  text = text.subspan(size);
  return value;
}

void put_little_endian(Writer& writer, std::uint32_t unit) noexcept {
  writer.u8(static_cast<std::uint8_t>(unit & 0xffU));
  writer.u8(static_cast<std::uint8_t>(unit >> 8U));
}

/// A DES key of 8 octets from 7: the library ignores the parity bits that would be the lowest.
void spread_key(Bytes seven, MutableBytes eight) noexcept {
  std::uint64_t bits = 0;
  for (const std::uint8_t octet : seven) bits = bits << 8U | octet;
  for (std::size_t i = 0; i < 8; ++i) eight[i] = static_cast<std::uint8_t>((bits >> (49 - 7 * i) & 0x7fU) << 1U);
}

/// Single DES as triple DES with three equal keys: the default provider has that one only.
bool des_encrypt(Bytes seven, Bytes block, MutableBytes out) {
  Secret<24> key;
  const MutableBytes octets = key.allocate(24);
  for (std::size_t i = 0; i < 3; ++i) spread_key(seven, octets.subspan(8 * i, 8));
  const std::unique_ptr<EVP_CIPHER, Releases<EVP_CIPHER_free>> cipher{
      EVP_CIPHER_fetch(nullptr, "DES-EDE3-ECB", nullptr)};
  const std::unique_ptr<EVP_CIPHER_CTX, Releases<EVP_CIPHER_CTX_free>> context{EVP_CIPHER_CTX_new()};
  int size = 0;
  return cipher && context && EVP_EncryptInit_ex2(context.get(), cipher.get(), octets.data(), nullptr, nullptr) == 1 &&
         EVP_CIPHER_CTX_set_padding(context.get(), 0) == 1 &&
         EVP_EncryptUpdate(context.get(), out.data(), &size, block.data(), static_cast<int>(block.size())) == 1 &&
         size == 8;
}

/// NtPasswordHashHash (8.4): MD4 of the hash.
Result<NtHash> hash_of_hash(const NtHash& hash) {
  NtHash out;
  if (!digest(md4(), {hash.expose()}, out.allocate(16))) return library_failure("cannot compute MD4");
  return out;
}

std::string_view without_domain(std::string_view name) noexcept {
  const std::size_t at = name.find('\\');
  return at == std::string_view::npos ? name : name.substr(at + 1);
}

}  // namespace

Result<void> check_legacy_provider() {
  if (md4() != nullptr) return {};
  return library_failure(
      "MSCHAPv2 needs MD4 of OpenSSL's legacy provider, which cannot be loaded (legacy.so, on some systems in a "
      "package openssl-provider-legacy)");
}

Result<NtHash> nt_password_hash(Bytes password) {
  if (Result<void> found = check_legacy_provider(); !found) return std::unexpected{std::move(found.error())};
  Secret<4 * max_characters> unicode;
  Writer writer{unicode.allocate(4 * max_characters)};
  std::size_t characters = 0;
  while (!password.empty()) {
    const std::optional<std::uint32_t> character = next_character(password);
    if (!character) return fail("the password is not UTF-8, which MSCHAPv2 needs");
    if (++characters > max_characters)
      return fail("the password has more than 256 characters, the most MSCHAPv2 takes");
    if (*character < 0x10000) {
      put_little_endian(writer, *character);
    } else {
      put_little_endian(writer, 0xd800U + ((*character - 0x10000) >> 10U));
      put_little_endian(writer, 0xdc00U + ((*character - 0x10000) & 0x3ffU));
    }
  }
  NtHash hash;
  if (!digest(md4(), {writer.written()}, hash.allocate(16))) return library_failure("cannot compute MD4");
  return hash;
}

Result<std::array<std::uint8_t, 8>> mschapv2_challenge_hash(const Mschapv2Exchange& exchange) {
  std::array<std::uint8_t, sha1_size> whole{};
  if (!digest(EVP_sha1(), {exchange.peer, exchange.authenticator, octets_of_text(without_domain(exchange.name))},
              whole))
    return library_failure("cannot compute SHA-1");
  std::array<std::uint8_t, 8> out{};
  std::copy_n(whole.begin(), out.size(), out.begin());
  return out;
}

Result<Mschapv2NtResponse> mschap_nt_response(const NtHash& hash, std::span<const std::uint8_t, 8> challenge) {
  Secret<21> padded;
  const MutableBytes keys = padded.allocate(21);
  std::ranges::copy(hash.expose(), keys.begin());
  Mschapv2NtResponse out{};
  for (std::size_t i = 0; i < 3; ++i)
    if (!des_encrypt(keys.subspan(7 * i, 7), challenge, MutableBytes{out}.subspan(8 * i, 8)))
      return library_failure("cannot compute DES");
  return out;
}

Result<Mschapv2NtResponse> mschapv2_nt_response(const NtHash& hash, const Mschapv2Exchange& exchange) {
  const Result<std::array<std::uint8_t, 8>> challenge = mschapv2_challenge_hash(exchange);
  if (!challenge) return std::unexpected{challenge.error()};
  return mschap_nt_response(hash, *challenge);
}

Result<Mschapv2Authenticator> mschapv2_authenticator_response(const NtHash& hash, const Mschapv2Exchange& exchange,
                                                              const Mschapv2NtResponse& response) {
  const Result<std::array<std::uint8_t, 8>> challenge = mschapv2_challenge_hash(exchange);
  if (!challenge) return std::unexpected{challenge.error()};
  const Result<NtHash> twice = hash_of_hash(hash);
  if (!twice) return std::unexpected{twice.error()};
  Sha1 inner;
  Mschapv2Authenticator out{};
  if (!digest(EVP_sha1(), {twice->expose(), response, octets_of_text("Magic server to client signing constant")},
              inner.allocate(sha1_size)) ||
      !digest(EVP_sha1(), {inner.expose(), *challenge, octets_of_text("Pad to make it do more than one iteration")},
              out))
    return library_failure("cannot compute SHA-1");
  return out;
}

Result<Secret<32>> mschapv2_keys(const NtHash& hash, const Mschapv2NtResponse& response) {
  // RFC 3079 3.4: the client sends with what the server receives with.
  constexpr std::string_view client_sends =
      "On the client side, this is the send key; on the server side, it is the receive key.";
  constexpr std::string_view client_receives =
      "On the client side, this is the receive key; on the server side, it is the send key.";
  constexpr std::array<std::uint8_t, 40> pad_1{};
  std::array<std::uint8_t, 40> pad_2{};
  pad_2.fill(0xf2);
  const Result<NtHash> twice = hash_of_hash(hash);
  if (!twice) return std::unexpected{twice.error()};
  Sha1 master;
  Sha1 sending;
  Sha1 receiving;
  if (!digest(EVP_sha1(), {twice->expose(), response, octets_of_text("This is the MPPE Master Key")},
              master.allocate(sha1_size)))
    return library_failure("cannot compute SHA-1");
  const Bytes key = master.expose().first(16);
  if (!digest(EVP_sha1(), {key, pad_1, octets_of_text(client_sends), pad_2}, sending.allocate(sha1_size)) ||
      !digest(EVP_sha1(), {key, pad_1, octets_of_text(client_receives), pad_2}, receiving.allocate(sha1_size)))
    return library_failure("cannot compute SHA-1");
  Secret<32> out;
  Writer writer{out.allocate(32)};
  writer.put(sending.expose().first(16));
  writer.put(receiving.expose().first(16));
  return out;
}

Result<std::array<std::uint8_t, 16>> chap_response(std::uint8_t identifier, Bytes password, Bytes challenge) {
  std::array<std::uint8_t, 16> out{};
  if (!digest(EVP_md5(), {Bytes{&identifier, 1}, password, challenge}, out))
    return library_failure("cannot compute MD5");
  return out;
}

}  // namespace macsec::crypto
