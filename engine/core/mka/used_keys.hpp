// SPDX-License-Identifier: LGPL-2.1-or-later
/// Which SAKs were in use here: none is ever installed a second time, or its packet numbers would start over.
#pragma once

#include "engine/base/time.hpp"
#include "engine/core/snapshot.hpp"

#include <deque>
#include <span>
#include <vector>

namespace macsec::core {

class UsedKeys {
 public:
  /// Nothing is forgotten before this, however many keys a member makes up. An honest key server does not use up all
  /// places in this time: a SAK needs about a second to come into use.
  static constexpr Duration shortest_memory = std::chrono::hours{4};

  /// Remembers `most` keys and as many SAKs.
  explicit UsedKeys(std::size_t most = 16'384) : most_{most} {}

  /// By its name: a number of a key server that was noted, or one up to the highest found at start. What else it gave out since,
  /// its SAK tells: a number alone is soon said, and one above all others would bar the key server for good.
  [[nodiscard]] bool was_used(const KeyId& key) const noexcept;
  /// The same SAK, whatever its name.
  [[nodiscard]] bool was_used(const SakDigest& sak) const noexcept;
  /// Whether another SAK can be noted without forgetting one too early.
  [[nodiscard]] bool has_room(Time now) const noexcept;

  /// What the device held, or a process before knew of, at start: the key server counts upwards, and its earlier SAKs may not
  /// be known any more.
  void note_found(const KeyId& key);
  /// Makes room by forgetting what was noted first.
  void note(const KeyId& key, Time now);
  void note(const SakDigest& sak, Time now);
  /// The digests noted last, up to `count`, newest last.
  [[nodiscard]] std::vector<SakDigest> last(std::size_t count) const;

 private:
  struct Key {
    KeyId id;
    Time noted;
  };
  struct Sak {
    SakDigest digest;
    Time noted;
  };
  std::size_t most_;
  std::vector<KeyId> found_;  ///< a key server each, with its highest number
  std::deque<Key> keys_;
  std::deque<Sak> saks_;
};

}  // namespace macsec::core
