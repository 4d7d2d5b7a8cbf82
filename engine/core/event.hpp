// SPDX-License-Identifier: LGPL-2.1-or-later
/// What a port tells its caller besides frames.
#pragma once

#include "engine/base/time.hpp"
#include "engine/wire/types.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace macsec::core {

/// Something a user or a program may want to hear about at once.
struct Event {
  enum class Kind : std::uint8_t {
    state_changed,  ///< PortStatus::state or reason changed; `text` names the state first
    peer_live,
    peer_lost,
    sak_installed,  ///< receives and transmits with a new SAK
    rekey_started,
    key_server_changed,
    principal_changed,
    key_active,             ///< a key came into its time
    key_draining,           ///< a key is being retired
    key_retired,            ///< a key is out of use for good
    key_kept,               ///< a key that was being retired stays
    key_overdue,            ///< a key is in use past its end
    key_expiring,           ///< a key ends in 7 days, 1 day or 1 hour, and none follows
    key_mismatch,           ///< a frame names a key and was made with another CAK
    identity_conflict,      ///< another station speaks as this one, or two as one peer; `text` says which
    clock_untrusted,        ///< keys have lifetimes, and the wall clock is not to be believed any more
    unknown_ckn,            ///< a frame of `sci` names `ckn`, which no key here has; both are only claimed
    authenticated,          ///< by 802.1X; `text` says how and by whom
    authentication_failed,  ///< `text` says why
    reauthenticated,        ///< `text` names the CKN after and before
    authentication_lost,    ///< the session of an authentication is over
    certificate_expires,    ///< our own, in 30, 14, 3 days or 1; `text` names it and its end
    insecure,               ///< authenticated without checking the other end (ValidateServer=insecure-no)
    other_host,             ///< beside the one that has an access port; `text` names both
    secy_error,             ///< the SecY refused something; `text` holds its words
    snapshot_changed,       ///< Port::snapshot() differs from before: persist it
  };
  Kind kind;
  Time at;
  std::string text;          ///< a sentence for people, free of secrets; its first words tell kinds apart
  std::optional<Ckn> ckn{};  ///< of the key that a key_... event or principal_changed is about
  std::optional<Sci> sci{};  ///< of the sender, for unknown_ckn; of the peer or key server that an event is about
};
[[nodiscard]] std::string_view to_string(Event::Kind kind) noexcept;  ///< with dashes

/// How a station is named to people: "02:00:00:00:00:01 (SCI 0200000000010001)".
[[nodiscard]] std::string named(const Sci& sci);

}  // namespace macsec::core
