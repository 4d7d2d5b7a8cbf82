// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/crypto/mka_keys.hpp"

#include "engine/base/handle.hpp"
#include "engine/crypto/library_error.hpp"

#include <algorithm>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <vector>

namespace macsec::crypto {
namespace {

using MacContext = std::unique_ptr<EVP_MAC_CTX, Releases<EVP_MAC_CTX_free>>;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Releases<EVP_CIPHER_CTX_free>>;

constexpr std::size_t block_size = 16;
constexpr std::size_t wrap_overhead = 8;
constexpr std::size_t max_kdf_output = 64;
constexpr std::size_t label_context_size = 16;  // of the CKN in the KEK's and ICK's derivation

constexpr bool is_aes_key(std::size_t size) noexcept { return size == 16 || size == 32; }

/// What is looked up in the library's providers, once: a look-up costs more than the work itself.
struct Algorithms {
  std::unique_ptr<EVP_MAC, Releases<EVP_MAC_free>> cmac{EVP_MAC_fetch(nullptr, "CMAC", nullptr)};
  std::unique_ptr<EVP_CIPHER, Releases<EVP_CIPHER_free>> cbc_128{EVP_CIPHER_fetch(nullptr, "AES-128-CBC", nullptr)};
  std::unique_ptr<EVP_CIPHER, Releases<EVP_CIPHER_free>> cbc_256{EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr)};
  std::unique_ptr<EVP_CIPHER, Releases<EVP_CIPHER_free>> wrap_128{EVP_CIPHER_fetch(nullptr, "AES-128-WRAP", nullptr)};
  std::unique_ptr<EVP_CIPHER, Releases<EVP_CIPHER_free>> wrap_256{EVP_CIPHER_fetch(nullptr, "AES-256-WRAP", nullptr)};
};

const Algorithms& algorithms() {
  static const Algorithms instance;
  return instance;
}

Result<MacContext> keyed_cmac(Bytes key) {
  if (!is_aes_key(key.size())) return fail("AES-CMAC takes a key of 16 or 32 octets");
  MacContext context;
  if (algorithms().cmac) context.reset(EVP_MAC_CTX_new(algorithms().cmac.get()));
  char cipher_128[] = "AES-128-CBC";
  char cipher_256[] = "AES-256-CBC";
  const std::array parameters{
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, key.size() == 16 ? cipher_128 : cipher_256, 0),
      OSSL_PARAM_construct_end()};
  if (!context || EVP_MAC_init(context.get(), key.data(), key.size(), parameters.data()) != 1)
    return library_failure("cannot set up AES-CMAC");
  return context;
}

/// Starts a keyed context again; the key schedule is kept.
bool restart(EVP_MAC_CTX* context) noexcept { return EVP_MAC_init(context, nullptr, 0, nullptr) == 1; }

bool update(EVP_MAC_CTX* context, Bytes data) noexcept {
  return EVP_MAC_update(context, data.data(), data.size()) == 1;
}

bool finish(EVP_MAC_CTX* context, std::span<std::uint8_t, block_size> out) noexcept {
  std::size_t size = 0;
  return EVP_MAC_final(context, out.data(), &size, out.size()) == 1 && size == out.size();
}

/// kdf() over a context given in pieces, so that secret pieces need not be put together in another buffer.
Result<void> kdf_of_pieces(Bytes key, std::string_view label, std::span<const Bytes> context, MutableBytes out) {
  if (out.size() > max_kdf_output) return fail("the KDF yields at most 64 octets");
  Result<MacContext> mac = keyed_cmac(key);
  if (!mac) return std::unexpected{std::move(mac.error())};
  EVP_MAC_CTX* const cmac = mac->get();
  // Label and separator; the label is text, the MAC wants octets.
  std::vector<std::uint8_t> label_octets(label.begin(), label.end());
  label_octets.push_back(0);
  const std::size_t bits = out.size() * 8;
  const std::array length{static_cast<std::uint8_t>(bits >> 8U), static_cast<std::uint8_t>(bits & 0xffU)};
  Secret<block_size> block;
  for (std::uint8_t counter = 1; !out.empty(); ++counter) {
    bool ok = restart(cmac) && update(cmac, Bytes{&counter, 1}) && update(cmac, label_octets);
    for (const Bytes piece : context) ok = ok && update(cmac, piece);
    const MutableBytes octets = block.allocate(block_size);
    if (!ok || !update(cmac, length) || !finish(cmac, octets.first<block_size>()))
      return library_failure("cannot derive a key");
    const std::size_t part = std::min(out.size(), block_size);
    std::copy_n(octets.begin(), part, out.begin());
    out = out.subspan(part);
  }
  return {};
}

Result<Secret<32>> derive(Bytes key, std::string_view label, std::span<const Bytes> context, std::size_t size) {
  Secret<32> out;
  if (Result<void> done = kdf_of_pieces(key, label, context, out.allocate(size)); !done)
    return std::unexpected{std::move(done.error())};
  return out;
}

Result<Secret<32>> derive_from_ckn(const Cak& cak, const Ckn& ckn, std::string_view label) {
  std::array<std::uint8_t, label_context_size> context{};
  std::copy_n(ckn.octets().begin(), std::min(ckn.size(), context.size()), context.begin());
  const std::array<Bytes, 1> pieces{context};
  return derive(cak.expose(), label, pieces, cak.size());
}

/// Multiplies by x in GF(2^128), as RFC 4493 derives its subkeys, without a branch on the secret.
Secret<block_size> doubled(Bytes block) {
  Secret<block_size> out;
  const MutableBytes octets = out.allocate(block_size);
  for (std::size_t i = 0; i < block_size; ++i)
    octets[i] = static_cast<std::uint8_t>(block[i] << 1U | (i + 1 < block_size ? block[i + 1] >> 7U : 0));
  octets[block_size - 1] = static_cast<std::uint8_t>(octets[block_size - 1] ^ 0x87U * (block[0] >> 7U));
  return out;
}

void exclusive_or(std::span<std::uint8_t, block_size> to, std::span<const std::uint8_t, block_size> from) noexcept {
  for (std::size_t i = 0; i < block_size; ++i) to[i] = static_cast<std::uint8_t>(to[i] ^ from[i]);
}

/// A cipher context keyed for wrapping (`encrypt` 1) or unwrapping (0).
Result<CipherContext> wrap_context(const Secret<32>& kek, int encrypt) {
  if (!is_aes_key(kek.size())) return fail("AES key wrap takes a key of 16 or 32 octets");
  const EVP_CIPHER* const cipher = kek.size() == 16 ? algorithms().wrap_128.get() : algorithms().wrap_256.get();
  CipherContext context{EVP_CIPHER_CTX_new()};
  if (context) EVP_CIPHER_CTX_set_flags(context.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
  if (!context || cipher == nullptr ||
      EVP_CipherInit_ex2(context.get(), cipher, kek.expose().data(), nullptr, encrypt, nullptr) != 1)
    return library_failure("cannot set up AES key wrap");
  return context;
}

}  // namespace

Result<void> kdf(Bytes key, std::string_view label, Bytes context, MutableBytes out) {
  const std::array pieces{context};
  return kdf_of_pieces(key, label, pieces, out);
}

Result<Secret<32>> derive_kek(const Cak& cak, const Ckn& ckn) { return derive_from_ckn(cak, ckn, "IEEE8021 KEK"); }
Result<Secret<32>> derive_ick(const Cak& cak, const Ckn& ckn) { return derive_from_ckn(cak, ckn, "IEEE8021 ICK"); }

Result<Sak> derive_sak(const Cak& cak, Bytes nonce, std::span<const MemberId> members, KeyNumber number,
                       std::size_t sak_size) {
  if (!is_aes_key(sak_size) || nonce.size() != sak_size)
    return fail("a SAK has 16 or 32 octets, and its nonce as many");
  std::array<std::uint8_t, 4> kn{};
  Writer{kn}.u32(number);
  std::vector<Bytes> pieces{nonce};
  for (const MemberId& member : members) pieces.emplace_back(member.octets);
  pieces.emplace_back(kn);
  return derive(cak.expose(), "IEEE8021 SAK", pieces, sak_size);
}

Result<void> wrap_sak(const Secret<32>& kek, const Sak& sak, MutableBytes out) {
  if (!is_aes_key(sak.size()) || out.size() != sak.size() + wrap_overhead)
    return fail("a SAK has 16 or 32 octets, and 8 more once wrapped");
  Result<CipherContext> context = wrap_context(kek, 1);
  if (!context) return std::unexpected{std::move(context.error())};
  int size = 0;
  if (EVP_CipherUpdate(context->get(), out.data(), &size, sak.expose().data(), static_cast<int>(sak.size())) != 1 ||
      static_cast<std::size_t>(size) != out.size())
    return library_failure("cannot wrap the SAK");
  return {};
}

Result<Sak> unwrap_sak(const Secret<32>& kek, Bytes wrapped) {
  if (wrapped.size() < wrap_overhead || !is_aes_key(wrapped.size() - wrap_overhead))
    return fail("a wrapped SAK has 24 or 40 octets");
  Result<CipherContext> context = wrap_context(kek, 0);
  if (!context) return std::unexpected{std::move(context.error())};
  Secret<40> plain;  // the library may use the octets of the check value as well
  const MutableBytes octets = plain.allocate(wrapped.size());
  int size = 0;
  if (EVP_CipherUpdate(context->get(), octets.data(), &size, wrapped.data(), static_cast<int>(wrapped.size())) != 1 ||
      static_cast<std::size_t>(size) != wrapped.size() - wrap_overhead)
    return library_failure("cannot unwrap the SAK: it was wrapped under another key or is damaged");
  return Sak{octets.first(wrapped.size() - wrap_overhead)};
}

Result<void> prepare() {
  for (const std::size_t size : {16U, 32U}) {
    const std::array<std::uint8_t, 32> octets{};
    const Secret<32> key{Bytes{octets}.first(size)};
    std::array<std::uint8_t, 40> wrapped{};
    const MutableBytes out = MutableBytes{wrapped}.first(size + wrap_overhead);
    if (auto derived = derive(key.expose(), "", {}, size); !derived) return std::unexpected{derived.error()};
    if (auto done = wrap_sak(key, key, out); !done) return done;
    if (auto done = unwrap_sak(key, out); !done) return std::unexpected{done.error()};
    if (auto icv = IcvKey::from(key); !icv) return std::unexpected{icv.error()};
  }
  return {};
}

void IcvKey::Free::operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }

IcvKey::IcvKey() noexcept = default;
IcvKey::IcvKey(IcvKey&&) noexcept = default;
IcvKey& IcvKey::operator=(IcvKey&&) noexcept = default;
IcvKey::~IcvKey() = default;

Result<IcvKey> IcvKey::from(const Secret<32>& ick) {
  if (!is_aes_key(ick.size())) return fail("AES-CMAC takes a key of 16 or 32 octets");
  const EVP_CIPHER* const cipher = ick.size() == 16 ? algorithms().cbc_128.get() : algorithms().cbc_256.get();
  IcvKey key;
  key.context_.reset(EVP_CIPHER_CTX_new());
  EVP_CIPHER_CTX* const context = key.context_.get();
  if (context == nullptr || cipher == nullptr ||
      EVP_EncryptInit_ex2(context, cipher, ick.expose().data(), key.chained_.data(), nullptr) != 1 ||
      EVP_CIPHER_CTX_set_padding(context, 0) != 1)
    return library_failure("cannot set up AES-CMAC");
  Secret<icv_size> zeros;
  const MutableBytes block = zeros.allocate(icv_size);
  if (!key.encrypt(block) || !key.restart()) return library_failure("cannot set up AES-CMAC");
  key.whole_ = doubled(block);
  key.partial_ = doubled(key.whole_.expose());
  return key;
}

/// Gives the cipher a chaining value of zero.
bool IcvKey::restart() const noexcept {
  chained_ = {};
  return EVP_EncryptInit_ex2(context_.get(), nullptr, nullptr, chained_.data(), nullptr) == 1;
}

/// AES-CBC in place over whole blocks.
bool IcvKey::encrypt(MutableBytes blocks) const noexcept {
  int size = 0;
  return EVP_EncryptUpdate(context_.get(), blocks.data(), &size, blocks.data(), static_cast<int>(blocks.size())) == 1 &&
         static_cast<std::size_t>(size) == blocks.size();
}

bool IcvKey::compute_into(Bytes data, Block& out) const noexcept {
  if (!context_ || data.size() > max_data) return false;
  std::array<std::uint8_t, max_data + icv_size> buffer;  // NOLINT: what is used of it is written first
  std::copy(data.begin(), data.end(), buffer.begin());
  // An empty message is one padded block.
  const std::size_t blocks = std::max<std::size_t>(1, (data.size() + icv_size - 1) / icv_size);
  const MutableBytes message = MutableBytes{buffer}.first(blocks * icv_size);
  const bool whole = data.size() == message.size();
  if (!whole) {
    std::fill(message.begin() + static_cast<std::ptrdiff_t>(data.size()), message.end(), std::uint8_t{0});
    message[data.size()] = 0x80;
  }
  exclusive_or(message.last<icv_size>(), (whole ? whole_ : partial_).expose().first<icv_size>());
  // CBC will add the last output to the first block. Adding it here as well takes it out again: cheaper than
  // setting the chaining value back to zero for each frame.
  exclusive_or(message.first<icv_size>(), chained_);
  if (!encrypt(message)) {
    static_cast<void>(restart());
    return false;
  }
  std::copy_n(message.last<icv_size>().begin(), icv_size, chained_.begin());
  out = chained_;
  return true;
}

Result<std::array<std::uint8_t, icv_size>> IcvKey::compute(Bytes data) const {
  Block icv{};
  if (!compute_into(data, icv)) return library_failure("cannot compute an ICV");
  return icv;
}

bool IcvKey::verify(Bytes data, Bytes icv) const noexcept {
  Block computed{};
  return icv.size() == icv_size && compute_into(data, computed) &&
         CRYPTO_memcmp(computed.data(), icv.data(), icv_size) == 0;
}

Result<std::array<std::uint8_t, 16>> digest_sak(const Sak& sak) {
  std::array<std::uint8_t, 16> out{};
  if (auto done = kdf(sak.expose(), "macsecd used SAK", {}, out); !done)
    return std::unexpected{std::move(done.error())};
  return out;
}

std::array<std::uint8_t, 12> xpn_salt(const KeyId& key) noexcept {
  std::array<std::uint8_t, 12> salt = key.server.octets;
  const std::array<std::uint8_t, 4> mask{
      static_cast<std::uint8_t>(key.number >> 8U & 0xffU), static_cast<std::uint8_t>(key.number & 0xffU),
      static_cast<std::uint8_t>(key.number >> 24U), static_cast<std::uint8_t>(key.number >> 16U & 0xffU)};
  for (std::size_t i = 0; i < mask.size(); ++i) salt[i] ^= mask[i];
  return salt;
}

}  // namespace macsec::crypto
