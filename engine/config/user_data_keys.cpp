// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/config/user_data_keys.hpp"

#include <array>

namespace macsec {
namespace {

constexpr std::array keys{
    UserDataKey{"cipher-suites", "MACsec", "CipherSuites"},
    UserDataKey{"offload", "MACsec", "Offload"},
    UserDataKey{"replay-window", "MACsec", "ReplayWindow"},
    UserDataKey{"policy", "MACsec", "Policy"},
    UserDataKey{"end-station", "MACsec", "EndStation"},
    UserDataKey{"single-copy-broadcast", "MACsec", "SingleCopyBroadcast"},
    UserDataKey{"priority", "MKA", "Priority"},
    UserDataKey{"version", "MKA", "Version"},
    UserDataKey{"rekey-sec", "MKA", "RekeySec"},
    UserDataKey{"rekey-pn", "MKA", "RekeyPn"},
    UserDataKey{"rekey-on-peer-loss", "MKA", "RekeyOnPeerLoss"},
    UserDataKey{"hello", "MKA", "Hello"},
    UserDataKey{"delay-protect", "MKA", "DelayProtect"},
    UserDataKey{"icv-indicator", "MKA", "IcvIndicator"},
    UserDataKey{"destination", "MKA", "Destination"},
    UserDataKey{"ethertype", "MKA", "EtherType"},
    UserDataKey{"cak-length", "8021X", "CakLength"},
    UserDataKey{"cache-sec", "8021X", "CacheSec"},
    UserDataKey{"key-exchange", "8021X", "KeyExchange"},
    UserDataKey{"crypto-binding", "8021X", "CryptoBinding"},
    UserDataKey{"revocation", "8021X", "Revocation"},
    UserDataKey{"validate-server", "8021X", "ValidateServer"},
    UserDataKey{"fallback-ckn", "Key", "Ckn"},
    UserDataKey{"fallback-ckn-padding", "Key", "CknPadding"},
    UserDataKey{"fallback-cak-file", "Key", "CakFile", true},
    UserDataKey{"fallback-cak-credential", "Key", "CakCredential", true},
};

}  // namespace

std::span<const UserDataKey> user_data_keys() noexcept { return keys; }

}  // namespace macsec
