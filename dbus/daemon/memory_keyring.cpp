// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/daemon/memory_keyring.hpp"

namespace macsec::daemon {

ProfilePointer MemoryKeyring::complete(ProfilePointer profile) const {
  if (profile == nullptr) return profile;
  const auto at = all_.find(profile->name);
  return with_memory_keys(std::move(profile), at == all_.end() ? nullptr : &at->second);
}

void MemoryKeyring::add(const std::string& profile, const PreSharedKey& key) {
  MemoryKeys& keys = all_.try_emplace(profile, MemoryKeys{profile, {}, {}}).first->second;
  keys.keys.push_back(duplicate(key));
}

void MemoryKeyring::retire(const std::string& profile, const Ckn& ckn, std::int64_t at) {
  const auto found = all_.find(profile);
  if (found == all_.end()) return;
  MemoryKeys& keys = found->second;
  if (std::erase_if(keys.keys, [&](const PreSharedKey& key) { return key.ckn == ckn; }) == 0) return;
  keys.retired.push_back({.ckn = ckn, .at = at, .memory = true});
  if (keys.retired.size() > most_retired_keys) keys.retired.erase(keys.retired.begin());
}

}  // namespace macsec::daemon
