// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/daemon/memory_keyring.hpp"

#include <algorithm>
#include <cerrno>
#include <fmt/format.h>

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

bool MemoryKeyring::has(const std::string& profile, const Ckn& ckn) const {
  const auto at = all_.find(profile);
  return at != all_.end() && std::ranges::find(at->second.keys, ckn, &PreSharedKey::ckn) != at->second.keys.end();
}

std::vector<HiddenKey> MemoryKeyring::hidden(const Profile& profile) const {
  const auto at = all_.find(profile.name);
  return at == all_.end() ? std::vector<HiddenKey>{} : hidden_keys(profile, at->second);
}

Result<void> MemoryKeyring::add(const std::string& profile, const PreSharedKey& key) {
  MemoryKeys& keys = all_.try_emplace(profile, MemoryKeys{profile, {}, {}}).first->second;
  if (keys.keys.size() >= most_memory_keys)
    return fail(E2BIG, fmt::format("{} has {} keys in memory already: retire one first", profile, most_memory_keys));
  keys.keys.push_back(duplicate(key));
  auto kept = keep(keys);
  if (!kept) keys.keys.pop_back();
  return kept;
}

Result<void> MemoryKeyring::retire(const std::string& profile, const Ckn& ckn, std::int64_t at) {
  if (!has(profile, ckn)) return {};
  MemoryKeys& keys = all_.at(profile);
  MemoryKeys after{.profile = profile, .keys = {}, .retired = keys.retired};
  for (const PreSharedKey& key : keys.keys)
    if (key.ckn != ckn) after.keys.push_back(duplicate(key));
  after.retired.push_back({.ckn = ckn, .at = at, .memory = true});
  if (after.retired.size() > most_retired_keys) after.retired.erase(after.retired.begin());
  auto kept = keep(after);
  if (kept) keys = std::move(after);
  return kept;
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
