// SPDX-License-Identifier: LGPL-2.1-or-later
/// Keys that are not in use yet, for a driver that forgets every key when the next one comes into use: they are
/// installed once more then. Wiped with the object, and as soon as they are in use.
#pragma once

#include "engine/ports/secy.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace macsec::os {

class KeptKeys {
 public:
  struct Key {
    std::optional<Sci> sci;  ///< of who sends; nothing: this end
    An an;
    SaKey key;
    Ssci ssci = 0;
  };

  void keep(const std::optional<Sci>& sci, An an, const SaKey& key, Ssci ssci) {
    drop(sci, an);
    keys_.push_back({sci, an, {key.id, key.key.duplicate(), key.salt}, ssci});
  }
  void drop(const std::optional<Sci>& sci, An an) {
    std::erase_if(keys_, [&](const Key& key) { return key.sci == sci && key.an == an; });
  }
  void drop_channel(const Sci& sci) {
    std::erase_if(keys_, [&](const Key& key) { return key.sci == sci; });
  }
  [[nodiscard]] bool has_transmit(An an) const {
    return std::ranges::any_of(keys_, [an](const Key& key) { return !key.sci && key.an == an; });
  }
  /// All keys at `an`, receive before transmit; none is kept any more.
  [[nodiscard]] std::vector<Key> take(An an) {
    std::erase_if(keys_, [an](const Key& key) { return key.an != an; });
    std::vector<Key> taken = std::exchange(keys_, {});
    std::ranges::stable_partition(taken, [](const Key& key) { return key.sci.has_value(); });
    return taken;
  }
  /// What take() gave, and could not be installed.
  void put_back(std::vector<Key> keys) noexcept { keys_ = std::move(keys); }
  void clear() noexcept { keys_.clear(); }

 private:
  std::vector<Key> keys_;
};

}  // namespace macsec::os
