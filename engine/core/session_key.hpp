// SPDX-License-Identifier: LGPL-2.1-or-later
/// A key of an authentication as it is handed to the next process of the service: it is in no file, so a process that
/// resumes has it from nowhere else.
#pragma once

#include "engine/base/time.hpp"
#include "engine/base/wiped.hpp"
#include "engine/core/pae/radius_exchange.hpp"
#include "engine/crypto/mka_keys.hpp"
#include "engine/crypto/sha256.hpp"
#include "engine/wire/types.hpp"

#include <optional>
#include <string>
#include <vector>

namespace macsec::core {

/// What an authenticator knows of the host that was authenticated. Times are boot times, which go on while a process restarts.
struct HostSession {
  MacAddress host;
  std::string identity;                    ///< as it may be shown
  std::optional<Time> reauthentication{};  ///< when the host is authenticated again
  std::optional<Time> end{};               ///< when the session is over
  bool must_secure = false;                ///< the server allows no clear text
  friend bool operator==(const HostSession&, const HostSession&) = default;
};

struct SessionKey {
  Ckn ckn;
  crypto::Cak cak;
  std::uint64_t sequence = 0;         ///< a later authentication has a greater one
  std::optional<HostSession> host{};  ///< of an authenticator's key; a supplicant's has none
  bool quiet = false;                 ///< is only listened to, until somebody is heard
  bool doubtful = false;              ///< a supplicant's: the profile that made it trusted otherwise
};

/// The session keys of one port.
struct KeptSession {
  std::string profile;
  std::string parent;                         ///< of the profile: on another link nobody knows the keys
  std::vector<SessionKey> keys;               ///< oldest first; at most most_kept_keys
  std::optional<Time> until;                  ///< CacheSec= is over; nothing: a peer speaks with one of them
  std::optional<AccountedSession> account{};  ///< of an authenticator's port
  /// What the profile of a supplicant trusts; nothing where it was not kept.
  std::optional<crypto::Sha256> trust{};
};
/// Two authentications under way beside the one in use, each with a CAK of either length.
inline constexpr std::size_t most_kept_keys = 6;

/// Versioned. What is of the version before is read as well, so that an upgrade costs no session; others are not.
[[nodiscard]] WipedBuffer write_kept_session(const KeptSession& session);
/// Nothing when it is not what write_kept_session() makes, or made in the version before.
[[nodiscard]] std::optional<KeptSession> read_kept_session(Bytes octets);

}  // namespace macsec::core
