// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/crypto/peap_keys.hpp"

#include "engine/crypto/library_error.hpp"

#include <algorithm>
#include <openssl/evp.h>
#include <string_view>

namespace macsec::crypto {
namespace {

constexpr std::size_t hmac_sha1_size = 20;
constexpr std::size_t tunnel_key_size = 60;
constexpr std::size_t inner_key_size = 32;

bool hmac_sha1(Bytes key, Bytes data, MutableBytes out) {
  std::size_t size = 0;
  return EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA1", nullptr, key.data(), key.size(), data.data(), data.size(),
                   out.data(), out.size(), &size) != nullptr &&
         size == hmac_sha1_size;
}

/// PRF+ with the trailer MS-PEAP gives it: counter, 0, 0.
bool prf_plus(Bytes key, std::string_view label, Bytes context, MutableBytes out) {
  Secret<hmac_sha1_size> block;
  for (std::uint8_t counter = 1; !out.empty(); ++counter) {
    Secret<128> message;
    Writer writer{message.allocate(128)};
    writer.put(block.expose());
    for (const char one : label) writer.u8(static_cast<std::uint8_t>(one));
    writer.put(context);
    writer.u8(counter);
    writer.zeros(2);
    if (!writer.ok() || !hmac_sha1(key, writer.written(), block.allocate(hmac_sha1_size))) return false;
    const std::size_t part = std::min(out.size(), hmac_sha1_size);
    std::copy_n(block.expose().begin(), part, out.begin());
    out = out.subspan(part);
  }
  return true;
}

}  // namespace

Result<PeapCompoundKeys> derive_peap_compound_keys(Bytes tunnel, Bytes inner) {
  if (tunnel.size() < tunnel_key_size || (!inner.empty() && inner.size() != inner_key_size))
    return fail("crypto-binding takes 60 octets of the tunnel's key and 32 of the inner method's");
  const Bytes head = tunnel.first(40);
  PeapCompoundKeys keys;
  if (inner.empty()) {
    keys.intermediate = Secret<40>{head};
    keys.mac = Secret<20>{tunnel.subspan(40, 20)};
    return keys;
  }
  Secret<tunnel_key_size> both;
  if (!prf_plus(head, "Inner Methods Compound Keys", inner, both.allocate(tunnel_key_size)))
    return library_failure("cannot derive the keys of crypto-binding");
  keys.intermediate = Secret<40>{both.expose().first(40)};
  keys.mac = Secret<20>{both.expose().subspan(40)};
  return keys;
}

Result<std::array<std::uint8_t, peap_binding_mac_size>> peap_binding_mac(const PeapCompoundKeys& keys,
                                                                         const PeapBinding& binding) {
  constexpr std::uint8_t peap_type = 25;
  std::array<std::uint8_t, peap_binding_size + 1> message{};
  std::ranges::copy(peap_binding_input(binding), message.begin());
  message.back() = peap_type;
  std::array<std::uint8_t, peap_binding_mac_size> out{};
  if (!hmac_sha1(keys.mac.expose(), message, out)) return library_failure("cannot compute HMAC-SHA1");
  return out;
}

Result<Secret<64>> derive_peap_msk(const PeapCompoundKeys& keys) {
  // The NUL belongs to this label, and to this one only. Of the 128 octets the first 64 are the MSK; the chain makes them
  // the same whatever the length.
  constexpr std::array<std::uint8_t, 1> nul{};
  Secret<64> msk;
  if (!prf_plus(keys.intermediate.expose(), "Session Key Generating Function", nul, msk.allocate(64)))
    return library_failure("cannot derive the MSK of PEAP");
  return msk;
}

}  // namespace macsec::crypto
