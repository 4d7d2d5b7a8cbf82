// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/config/memory_keys.hpp"

#include "engine/config/key_limits.hpp"

#include <algorithm>

namespace macsec {

ProfilePointer with_memory_keys(ProfilePointer profile, const MemoryKeys* memory) {
  if (profile == nullptr) return profile;
  const auto in_memory = [](const PreSharedKey& key) { return key.origin.memory; };
  if (memory == nullptr && std::ranges::none_of(profile->keys, in_memory)) return profile;
  Result<Profile> copy = duplicate(*profile);
  if (!copy) return profile;
  std::erase_if(copy->keys, in_memory);
  std::erase_if(copy->retired, [](const RetiredKey& key) { return key.memory; });
  if (memory != nullptr) {
    for (const RetiredKey& key : memory->retired) copy->retired.push_back(key);
    for (const PreSharedKey& key : memory->keys) {
      const bool taken = std::ranges::find(copy->keys, key.ckn, &PreSharedKey::ckn) != copy->keys.end() ||
                         std::ranges::find(copy->retired, key.ckn, &RetiredKey::ckn) != copy->retired.end();
      if (!taken && objection_to(*profile, key).empty()) copy->keys.push_back(duplicate(key));
    }
  }
  return std::make_shared<const Profile>(std::move(*copy));
}

}  // namespace macsec
