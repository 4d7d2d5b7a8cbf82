// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/crypto/session_keys.hpp"

#include <algorithm>
#include <vector>

namespace macsec::crypto {
namespace {

constexpr std::size_t session_ckn_size = 16;

}  // namespace

Result<SessionKeys> derive_session_keys(const Msk& msk, Bytes eap_session_id, const MacAddress& one,
                                        const MacAddress& other, std::size_t size) {
  if ((size != 16 && size != 32) || msk.size() < size)
    return fail("a CAK has 16 or 32 octets, and the MSK at least as many");
  if (eap_session_id.empty()) return fail("the authentication has no Session-Id, so there is no CKN");
  const Bytes key = msk.expose().first(size);
  std::vector<std::uint8_t> context(eap_session_id.begin(), eap_session_id.end());
  for (const MacAddress& mac : {std::min(one, other), std::max(one, other)})
    context.insert(context.end(), mac.octets.begin(), mac.octets.end());
  SessionKeys keys;
  Result<void> done = kdf(key, "IEEE8021 EAP CAK", Bytes{context}.last(12), keys.cak.allocate(size));
  std::array<std::uint8_t, session_ckn_size> name{};
  if (done) done = kdf(key, "IEEE8021 EAP CKN", context, name);
  if (!done) return std::unexpected{std::move(done.error())};
  keys.ckn = *Ckn::from(name);
  return keys;
}

}  // namespace macsec::crypto
