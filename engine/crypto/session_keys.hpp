// SPDX-License-Identifier: LGPL-2.1-or-later
/// The CA of one EAP authentication (802.1X-2020 6.2.2).
#pragma once

#include "engine/crypto/mka_keys.hpp"

namespace macsec::crypto {

struct SessionKeys {
  Cak cak;
  Ckn ckn;  ///< 16 octets
};

/// `one` and `other` are the source addresses of the two ends' EAPOL frames, in any order; `size` is 16 or 32 octets of CAK,
/// and the CKN depends on it too. An error when the MSK is shorter than that or the EAP Session-Id is empty.
[[nodiscard]] Result<SessionKeys> derive_session_keys(const Msk& msk, Bytes eap_session_id, const MacAddress& one,
                                                      const MacAddress& other, std::size_t size);

}  // namespace macsec::crypto
