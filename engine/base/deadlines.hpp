// SPDX-License-Identifier: LGPL-2.1-or-later
/// The timers of one object, by name: a table instead of loose times, so that the next one is always their minimum.
#pragma once

#include "engine/base/time.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace macsec {

/// `Name` is an enum class counted from 0 whose last enumerator is `count`, which names no deadline.
template <typename Name>
class Deadlines {
 public:
  void set(Name name, Time at) noexcept { slot(name) = at; }
  /// Moves the deadline nearer; one that is due sooner stays.
  void set_sooner(Name name, Time at) noexcept { slot(name) = slot(name) ? std::min(*slot(name), at) : at; }
  void stop(Name name) noexcept { slot(name).reset(); }
  void stop_all() noexcept { table_.fill(std::nullopt); }

  /// Set, reached or not.
  [[nodiscard]] bool is_set(Name name) const noexcept { return slot(name).has_value(); }
  /// Set, and reached at `now`.
  [[nodiscard]] bool is_expired(Name name, Time now) const noexcept { return slot(name) && now >= *slot(name); }
  /// Set, and still ahead at `now`.
  [[nodiscard]] bool is_running(Name name, Time now) const noexcept { return slot(name) && now < *slot(name); }
  [[nodiscard]] std::optional<Time> at(Name name) const noexcept { return slot(name); }

  /// Stops the deadline where it is reached at `now`, and says whether it was.
  bool take_expired(Name name, Time now) noexcept {
    if (!is_expired(name, now)) return false;
    stop(name);
    return true;
  }
  /// Stops every deadline that is reached at `now`: for those that only bound a wait.
  void stop_expired(Time now) noexcept {
    for (std::optional<Time>& at : table_)
      if (at && now >= *at) at.reset();
  }
  /// The one that is reached first.
  [[nodiscard]] std::optional<Time> next() const noexcept {
    std::optional<Time> first;
    for (const std::optional<Time>& at : table_)
      if (at && (!first || *at < *first)) first = at;
    return first;
  }

 private:
  [[nodiscard]] std::optional<Time>& slot(Name name) noexcept { return table_[static_cast<std::size_t>(name)]; }
  [[nodiscard]] const std::optional<Time>& slot(Name name) const noexcept {
    return table_[static_cast<std::size_t>(name)];
  }

  std::array<std::optional<Time>, static_cast<std::size_t>(Name::count)> table_{};
};

/// The sooner of two times that may be missing.
[[nodiscard]] inline std::optional<Time> sooner(std::optional<Time> left, std::optional<Time> right) noexcept {
  if (left && right) return std::min(*left, *right);
  return left ? left : right;
}

}  // namespace macsec
