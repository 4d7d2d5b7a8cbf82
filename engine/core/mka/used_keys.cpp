// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/mka/used_keys.hpp"

#include <algorithm>

namespace macsec::core {

bool UsedKeys::was_used(const KeyId& key) const noexcept {
  const auto at = std::ranges::find(servers_, key.server, &Server::mi);
  return at != servers_.end() && key.number <= at->highest;
}

bool UsedKeys::was_used(const SakDigest& sak) const noexcept {
  return std::ranges::find(saks_, sak, &Sak::digest) != saks_.end();
}

bool UsedKeys::has_room(Time now) const noexcept {
  const auto room = [this, now](const auto& noted) {
    return noted.size() < most_ || now - noted.front().noted >= shortest_memory;
  };
  return room(servers_) && room(saks_);
}

void UsedKeys::note(const KeyId& key, Time now) {
  KeyNumber highest = key.number;
  if (const auto at = std::ranges::find(servers_, key.server, &Server::mi); at != servers_.end()) {
    highest = std::max(highest, at->highest);
    servers_.erase(at);
  }
  if (servers_.size() >= most_) servers_.pop_front();
  servers_.push_back({key.server, highest, now});
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
