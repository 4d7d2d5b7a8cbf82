// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/mka/used_keys.hpp"

#include <algorithm>

namespace macsec::core {

bool UsedKeys::was_used(const KeyId& key) const noexcept {
  const auto at = std::ranges::find(servers_, key.server, &Server::mi);
  return at != servers_.end() && key.number <= at->highest;
}

void UsedKeys::note(const KeyId& key) {
  const auto at = std::ranges::find(servers_, key.server, &Server::mi);
  if (at != servers_.end()) {
    at->highest = std::max(at->highest, key.number);
    return;
  }
  if (servers_.size() >= max_servers) servers_.erase(servers_.begin());
  servers_.push_back({key.server, key.number});
}

}  // namespace macsec::core
