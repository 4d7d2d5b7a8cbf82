// SPDX-License-Identifier: LGPL-2.1-or-later
/// What a port must remember to be the same member after a restart. Holds no key: the kernel keeps the keys, and KeyIds
/// read back from it say which ones they are.
#pragma once

#include "engine/wire/types.hpp"

#include <optional>
#include <vector>

namespace macsec::core {

struct Snapshot {
  struct Peer {
    MemberId mi;
    MessageNumber mn = 0;
    Sci sci;
    std::uint8_t priority = 255;
    std::uint8_t version = 1;
    bool key_server = false;
    friend bool operator==(const Peer&, const Peer&) = default;
  };
  struct Participant {
    Ckn ckn;
    MemberId mi;
    MessageNumber mn_limit = 0;  ///< no MN above this was ever sent with `mi`
    std::vector<Peer> live;
    friend bool operator==(const Participant&, const Participant&) = default;
  };
  /// A SAK in use.
  struct Key {
    KeyId key;
    An an;
    CipherSuite cipher_suite = CipherSuite::gcm_aes_128;
    bool encrypt = true;
    Ckn ckn;                   ///< of the participant it came through
    std::vector<Sci> members;  ///< the others whose frames it protects
    friend bool operator==(const Key&, const Key&) = default;
  };

  Sci sci;
  KeyNumber last_kn = 0;  ///< highest KN given out as key server, with whichever MI
  std::vector<Participant> participants;
  std::optional<Key> latest;
  std::optional<Key> old;
  friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

}  // namespace macsec::core
