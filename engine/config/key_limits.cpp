// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/config/key_limits.hpp"

#include <algorithm>
#include <cerrno>
#include <span>

namespace macsec {
namespace {

constexpr std::size_t most_keys = 64;
constexpr std::size_t most_speaking_keys = 4;
constexpr std::size_t most_keys_of_source = 3;

std::size_t count_speaking(std::span<const PreSharedKey> keys, const Profile& profile, std::int64_t now) {
  const auto tolerance = std::chrono::duration_cast<std::chrono::seconds>(profile.mka.key_tolerance).count();
  return static_cast<std::size_t>(std::ranges::count_if(keys, [&](const PreSharedKey& key) {
    return (!key.not_before || *key.not_before - tolerance <= now) &&
           (!key.not_after || now < *key.not_after + tolerance);
  }));
}

std::string too_many_with(const Profile& profile, const PreSharedKey& key, std::int64_t now) {
  if (profile.keys.size() >= most_keys)
    return "a profile has " + std::to_string(most_keys) + " keys at most: retire one first";
  if (count_speaking(profile.keys, profile, now) >= most_speaking_keys && count_speaking({&key, 1}, profile, now) > 0)
    return std::to_string(most_speaking_keys) + " keys are in their time already: retire one first";
  const auto brought = [&](const PreSharedKey& other) { return other.origin.key_source == key.origin.key_source; };
  if (!key.origin.key_source.empty() &&
      static_cast<std::size_t>(std::ranges::count_if(profile.keys, brought)) >= most_keys_of_source)
    return "key source " + key.origin.key_source + " brought " + std::to_string(most_keys_of_source) +
           " keys already: retire one first";
  return {};
}

}  // namespace

std::string objection_to(const Profile& profile, const PreSharedKey& key) {
  constexpr std::size_t long_key = 32;
  if (!profile.static_keys.empty()) return "the keys of " + profile.name + " are static";
  if (profile.pae && key.role != KeyRole::fallback) return "a key beside [8021X] needs Role=fallback";
  if (profile.mka.strength == Strength::cnsa2 && key.cak.size() != long_key)
    return "a CAK of 128 bit is not accepted with Strength=cnsa2: 256 bit";
  return {};
}

Result<bool> has_or_may_have(const Profile& profile, const PreSharedKey& key, std::int64_t now) {
  if (!profile.static_keys.empty()) return fail(ENOTSUP, "the keys of " + profile.name + " are static");
  if (std::string why = objection_to(profile, key); !why.empty()) return fail(EINVAL, std::move(why));
  const std::string name = "CKN " + to_string(key.ckn);
  if (const auto same = std::ranges::find(profile.keys, key.ckn, &PreSharedKey::ckn); same != profile.keys.end()) {
    if (same->cak == key.cak) return true;
    return fail(EEXIST, name + " has another CAK: a new key needs a new CKN");
  }
  if (std::ranges::find(profile.retired, key.ckn, &RetiredKey::ckn) != profile.retired.end())
    return fail(EEXIST, name + " was retired: a new key needs a new CKN");
  if (std::string why = too_many_with(profile, key, now); !why.empty()) return fail(E2BIG, std::move(why));
  return false;
}

}  // namespace macsec
