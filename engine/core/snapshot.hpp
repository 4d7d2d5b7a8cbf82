// SPDX-License-Identifier: LGPL-2.1-or-later
/// What a port must remember to be the same member after a restart. Holds no key: the kernel keeps the keys, and KeyIds
/// read back from it say which ones they are. Of SAKs there are digests, from which no SAK can be found.
#pragma once

#include "engine/wire/types.hpp"

#include <array>
#include <optional>
#include <vector>

namespace macsec::core {

/// Tells one SAK from another (crypto::digest_sak()).
using SakDigest = std::array<std::uint8_t, 16>;

struct Snapshot {
  /// Digests of SAKs kept at the most.
  static constexpr std::size_t most_used = 256;

  struct Peer {
    MemberId mi;
    MessageNumber mn = 0;
    Sci sci;
    std::uint8_t priority = 255;
    std::uint8_t version = 1;
    bool key_server = false;
    std::uint8_t suspended = 0;  ///< seconds of silence that it announced last; 0: none
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

  /// `interruptions` of a link that may be interrupted while nobody can tell: it counts as interrupted.
  static constexpr std::uint32_t interrupted = UINT32_MAX;

  Sci sci;
  KeyNumber last_kn = 0;            ///< highest KN given out as key server, with whichever MI
  std::uint32_t interruptions = 0;  ///< of the link, see LinkState
  std::vector<Participant> participants;
  std::optional<Key> latest;
  std::optional<Key> old;
  std::vector<SakDigest> used;  ///< the SAKs put to use last, newest last
  friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

}  // namespace macsec::core
