// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/crypto/sha256.hpp"

#include <openssl/evp.h>

namespace macsec::crypto {

Sha256 sha256(Bytes octets) noexcept {
  Sha256 out{};
  unsigned size = 0;
  if (EVP_Digest(octets.data(), octets.size(), out.data(), &size, EVP_sha256(), nullptr) != 1) out.fill(0);
  return out;
}

}  // namespace macsec::crypto
