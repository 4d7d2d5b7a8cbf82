// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/mka/used_keys.hpp"

#include <algorithm>

namespace macsec::core {

bool UsedKeys::was_used(const KeyId& key) const noexcept {
  const auto at = std::ranges::find(found_, key.server, &KeyId::server);
  if (at != found_.end() && key.number <= at->number) return true;
  return std::ranges::find(keys_, key, &Key::id) != keys_.end();
}

bool UsedKeys::was_used(const SakDigest& sak) const noexcept {
  return std::ranges::find(saks_, sak, &Sak::digest) != saks_.end();
}

bool UsedKeys::has_room(Time now) const noexcept {
  const auto room = [this, now](const auto& noted) {
    return noted.size() < most_ || now - noted.front().noted >= shortest_memory;
  };
  return room(keys_) && room(saks_);
}

void UsedKeys::note_found(const KeyId& key) {
  const auto at = std::ranges::find(found_, key.server, &KeyId::server);
  if (at == found_.end())
    found_.push_back(key);
  else
    at->number = std::max(at->number, key.number);
}

void UsedKeys::note(const KeyId& key, Time now) {
  if (keys_.size() >= most_) keys_.pop_front();
  keys_.push_back({key, now});
}

void UsedKeys::note(const SakDigest& sak, Time now) {
  if (saks_.size() >= most_) saks_.pop_front();
  saks_.push_back({sak, now});
}

std::vector<SakDigest> UsedKeys::last(std::size_t count) const {
  std::vector<SakDigest> out;
  for (std::size_t i = saks_.size() - std::min(count, saks_.size()); i < saks_.size(); ++i)
    out.push_back(saks_[i].digest);
  return out;
}

}  // namespace macsec::core
