// SPDX-License-Identifier: LGPL-2.1-or-later
/// Whether a key may go: every peer is live under another one and sends and receives with a SAK of that one.
#pragma once

#include "engine/base/time.hpp"
#include "engine/wire/types.hpp"

#include <functional>
#include <optional>
#include <span>
#include <string>

namespace macsec::core {

class Cp;
class Participant;

/// What is missing for a key to go, in the order in which it is looked for.
struct KeyEvidence {
  enum class Missing : std::uint8_t {
    successor,    ///< no other key may take its place
    any_peer,     ///< nobody is live under it or another key: nothing can be told
    live_peer,    ///< `peer`, heard under the key, is not live under the successor
    sak,          ///< no SAK was distributed under the successor
    foreign_sak,  ///< `peer`, the key server, still distributes under the key
    own_use,      ///< the SAK of the successor is not in use here
    peers_use,    ///< `peer` does not receive and send with it
    old_sak,      ///< a SAK of the key is installed still
    time,         ///< all this has not held for a life time yet
    nothing,
  };
  Missing missing = Missing::successor;
  Ckn key{};
  Ckn successor{};
  Sci peer{};

  [[nodiscard]] bool holds() const noexcept { return missing == Missing::nothing; }
  /// Draining the key, or waiting, may bring what is missing.
  [[nodiscard]] bool may_come() const noexcept { return missing >= Missing::sak; }
  /// What is missing, for a person; empty where nothing is.
  [[nodiscard]] std::string words() const;
};

/// What can be seen at this moment of `key` among `participants`, for the successor that is furthest. `may_succeed` says
/// which keys come into question, `key_server` who distributes under the principal's CA where that is not this port.
[[nodiscard]] KeyEvidence look_for_evidence(const Participant& key, std::span<const Participant> participants,
                                            const Cp& cp, std::optional<Sci> key_server, Time now,
                                            const std::function<bool(const Participant&)>& may_succeed);

}  // namespace macsec::core
