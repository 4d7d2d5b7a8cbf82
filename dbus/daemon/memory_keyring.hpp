// SPDX-License-Identifier: LGPL-2.1-or-later
/// The keys of all profiles that are in no file.
#pragma once

#include "engine/config/memory_keys.hpp"

#include <map>

namespace macsec::daemon {

class MemoryKeyring {
 public:
  /// `profile` with its keys.
  [[nodiscard]] ProfilePointer complete(ProfilePointer profile) const;
  void add(const std::string& profile, const PreSharedKey& key);
  /// The secret goes, the name stays taken.
  void retire(const std::string& profile, const Ckn& ckn, std::int64_t at);
  void forget(const std::string& profile) { all_.erase(profile); }
  /// Those of profiles that `exists` does not know.
  template <typename Exists>
  void forget_others(Exists exists) {
    std::erase_if(all_, [&](const auto& each) { return !exists(each.first); });
  }

 private:
  std::map<std::string, MemoryKeys> all_;  ///< by profile
};

}  // namespace macsec::daemon
