// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/daemon/memory_keyring.hpp"

namespace macsec::daemon {

MemoryKeyring::MemoryKeyring(std::vector<MemoryKeys> left, Keep keep, Time now)
    : keep_{std::move(keep)}, started_{now} {
  for (MemoryKeys& each : left) {
    awaited_.insert(each.profile);
    const std::string profile = each.profile;
    all_.insert_or_assign(profile, std::move(each));
  }
}

ProfilePointer MemoryKeyring::complete(ProfilePointer profile) const {
  if (profile == nullptr) return profile;
  const auto at = all_.find(profile->name);
  return with_memory_keys(std::move(profile), at == all_.end() ? nullptr : &at->second);
}

Result<void> MemoryKeyring::add(const std::string& profile, const PreSharedKey& key) {
  MemoryKeys& keys = all_.try_emplace(profile, MemoryKeys{profile, {}, {}}).first->second;
  keys.keys.push_back(duplicate(key));
  auto kept = keep(keys);
  if (!kept) keys.keys.pop_back();
  return kept;
}

Result<void> MemoryKeyring::retire(const std::string& profile, const Ckn& ckn, std::int64_t at) {
  const auto found = all_.find(profile);
  if (found == all_.end()) return {};
  MemoryKeys& keys = found->second;
  if (std::erase_if(keys.keys, [&](const PreSharedKey& key) { return key.ckn == ckn; }) == 0) return {};
  keys.retired.push_back({.ckn = ckn, .at = at, .memory = true});
  if (keys.retired.size() > most_retired_keys) keys.retired.erase(keys.retired.begin());
  return keep(keys);
}

void MemoryKeyring::forget(const std::string& profile) {
  // What cannot be taken out of the store is of no use without its profile.
  if (all_.erase(profile) > 0) static_cast<void>(keep(MemoryKeys{profile, {}, {}}));
}

void MemoryKeyring::keep_only(const std::set<std::string>& names) {
  std::erase_if(awaited_, [&](const std::string& profile) { return names.contains(profile); });
  std::vector<std::string> gone;
  for (const auto& [profile, keys] : all_)
    if (!names.contains(profile) && !awaited_.contains(profile)) gone.push_back(profile);
  for (const std::string& profile : gone) forget(profile);
}

void MemoryKeyring::expire(Time now) {
  if (now < started_ + patience) return;
  for (const std::string& profile : std::exchange(awaited_, {})) forget(profile);
}

std::optional<Time> MemoryKeyring::next_expiry() const {
  return awaited_.empty() ? std::nullopt : std::optional{started_ + patience};
}

}  // namespace macsec::daemon
