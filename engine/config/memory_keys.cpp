// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/config/memory_keys.hpp"

#include "engine/config/key_limits.hpp"

#include <algorithm>

namespace macsec {
namespace {

/// Why a profile cannot have a key from memory beside those that it has; empty where it can.
std::string obstacle_to(const Profile& profile, const PreSharedKey& key) {
  if (std::ranges::find(profile.keys, key.ckn, &PreSharedKey::ckn) != profile.keys.end())
    return "a file has a key of its name";
  if (std::ranges::find(profile.retired, key.ckn, &RetiredKey::ckn) != profile.retired.end())
    return "a key of its name was retired";
  return objection_to(profile, key);
}

}  // namespace

ProfilePointer with_memory_keys(ProfilePointer profile, const MemoryKeys* memory) {
  if (profile == nullptr || !profile->static_keys.empty()) return profile;
  const auto in_memory = [](const PreSharedKey& key) { return key.origin.memory; };
  if (memory == nullptr && std::ranges::none_of(profile->keys, in_memory)) return profile;
  Result<Profile> copy = duplicate(*profile);
  if (!copy) return profile;
  std::erase_if(copy->keys, in_memory);
  std::erase_if(copy->retired, [](const RetiredKey& key) { return key.memory; });
  if (memory != nullptr) {
    for (const RetiredKey& key : memory->retired) copy->retired.push_back(key);
    for (const PreSharedKey& key : memory->keys)
      if (obstacle_to(*copy, key).empty()) copy->keys.push_back(duplicate(key));
  }
  return std::make_shared<const Profile>(std::move(*copy));
}

std::vector<HiddenKey> hidden_keys(const Profile& profile, const MemoryKeys& memory) {
  std::vector<HiddenKey> out;
  for (const PreSharedKey& key : memory.keys) {
    const auto same = std::ranges::find(profile.keys, key.ckn, &PreSharedKey::ckn);
    if (same != profile.keys.end() && same->origin.memory) continue;
    out.push_back({.ckn = key.ckn, .role = key.role, .why = obstacle_to(profile, key)});
  }
  return out;
}

}  // namespace macsec
