// SPDX-License-Identifier: LGPL-2.1-or-later
/// Keys of authentications, kept for the next process of the service: one file of the descriptor store a profile.
#pragma once

#include "engine/adapters/system/kept_files.hpp"
#include "engine/core/session_key.hpp"

#include <map>
#include <string>
#include <vector>

namespace macsec::os {

class KeyKeeper {
 public:
  /// Takes what the process before left out of `inherited`.
  KeyKeeper(std::vector<KeptFile>& inherited, Time now);

  /// What the process before kept for `profile`, once.
  [[nodiscard]] std::optional<core::KeptSession> take(const std::string& profile);
  /// Whether hosts had sessions that servers account when the process before ended, and nobody took them yet.
  [[nodiscard]] bool has_accounts() const noexcept;
  /// Puts the session in the place of the one before; without keys it is forgotten. Does nothing where the keys are those
  /// kept already, or where there is no service manager.
  [[nodiscard]] Result<void> keep(const core::KeptSession& session);
  void forget(const std::string& profile);
  /// What the process before left for profiles that did not come back in time: they were deleted meanwhile.
  void forget_left(Time now);
  /// When forget_left() has something to do.
  [[nodiscard]] std::optional<Time> next() const;

  /// Programs that own profiles have so long to bring them again.
  static constexpr Duration patience = std::chrono::minutes{5};

 private:
  /// What is compared of a key: under a CKN the CAK is always the same.
  struct Key {
    Ckn ckn;
    bool quiet = false;
    bool doubtful = false;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Kept {
    std::string name;  ///< in the store
    std::vector<Key> keys;
    std::optional<Time> until;
    std::optional<core::HostSession> host;
    std::optional<crypto::Sha256> trust;
    friend bool operator==(const Kept&, const Kept&) = default;
  };

  [[nodiscard]] static Kept kept_of(std::string name, const core::KeptSession& session);

  Time started_;
  KeptFiles files_;
  std::map<std::string, core::KeptSession> left_;  ///< by profile
  std::map<std::string, Kept> kept_;               ///< by profile
};

}  // namespace macsec::os
