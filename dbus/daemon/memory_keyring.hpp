// SPDX-License-Identifier: LGPL-2.1-or-later
/// The keys of all profiles that are in no file. They outlive the process where something keeps them for the next one.
#pragma once

#include "engine/base/time.hpp"
#include "engine/config/memory_keys.hpp"

#include <functional>
#include <map>
#include <set>

namespace macsec::daemon {

class MemoryKeyring {
 public:
  /// Keeps the keys of a profile in place of those before; without keys and names they are forgotten.
  using Keep = std::function<Result<void>(const MemoryKeys&)>;
  /// Nothing outlives the process.
  MemoryKeyring() = default;
  /// `left` by the process before.
  MemoryKeyring(std::vector<MemoryKeys> left, Keep keep, Time now);

  /// `profile` with its keys.
  [[nodiscard]] ProfilePointer complete(ProfilePointer profile) const;
  /// Whether a profile has the key here, in use or not.
  [[nodiscard]] bool has(const std::string& profile, const Ckn& ckn) const;
  /// The keys of a completed profile that its settings keep from being used.
  [[nodiscard]] std::vector<HiddenKey> hidden(const Profile& profile) const;
  // Where a change cannot be kept for the next process nothing changes.
  /// E2BIG where there are enough.
  [[nodiscard]] Result<void> add(const std::string& profile, const PreSharedKey& key);
  /// The secret goes, the name stays taken. A key that is not here is none to retire.
  [[nodiscard]] Result<void> retire(const std::string& profile, const Ckn& ckn, std::int64_t at);
  /// Forgets those of profiles that are not among `names` any more. Programs that own profiles have `patience` after the
  /// start to bring them again.
  void keep_only(const std::set<std::string>& names);
  void expire(Time now);
  /// When expire() has something to do.
  [[nodiscard]] std::optional<Time> next_expiry() const;

  static constexpr Duration patience = std::chrono::minutes{5};

 private:
  void forget(const std::string& profile);
  [[nodiscard]] Result<void> keep(const MemoryKeys& keys) const { return keep_ ? keep_(keys) : Result<void>{}; }

  std::map<std::string, MemoryKeys> all_;  ///< by profile
  std::set<std::string> awaited_;          ///< profiles that the process before had, and this one not yet
  Keep keep_;
  Time started_;
};

}  // namespace macsec::daemon
