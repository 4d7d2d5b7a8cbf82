// SPDX-License-Identifier: LGPL-2.1-or-later
/// PEAP's crypto-binding (MS-PEAP 3.1.5.5): proof that tunnel and inner method end in the same two hosts, and its MSK.
#pragma once

#include "engine/base/result.hpp"
#include "engine/base/secret.hpp"
#include "engine/wire/peap_tlv.hpp"

namespace macsec::crypto {

struct PeapCompoundKeys {
  Secret<40> intermediate;  ///< IPMK
  Secret<20> mac;           ///< CMK
};

/// `tunnel` has at least 60 octets of the tunnel's key material; `inner` is the inner method's MSK, 32 octets, or empty
/// where a resumed session had none.
[[nodiscard]] Result<PeapCompoundKeys> derive_peap_compound_keys(Bytes tunnel, Bytes inner);
[[nodiscard]] Result<std::array<std::uint8_t, peap_binding_mac_size>> peap_binding_mac(const PeapCompoundKeys& keys,
                                                                                       const PeapBinding& binding);
[[nodiscard]] Result<Secret<64>> derive_peap_msk(const PeapCompoundKeys& keys);

}  // namespace macsec::crypto
