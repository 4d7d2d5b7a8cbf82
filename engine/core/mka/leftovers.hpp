// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the SecY was asked to remove and still holds: asked again, more and more rarely, until it is gone.
#pragma once

#include "engine/core/context.hpp"

namespace macsec::core {

/// Something the SecY should not hold any more: a transmit SA, a receive SA or a whole receive SC.
struct Leftover {
  std::optional<Sci> sci;
  std::optional<An> an;
  friend bool operator==(const Leftover&, const Leftover&) = default;
};

class Leftovers {
 public:
  explicit Leftovers(Context& context) : context_{context} {}

  /// Removes it now, or, where the SecY refuses, later. A refusal is an event, and no reason to call the port failed.
  void remove(const Leftover& what, Time now);
  /// Asks for all of it again.
  void retry(Time now);
  /// Does that when its time has come.
  void step(Time now);
  /// A receive SC that is used again is none.
  void keep_channel(const Sci& sci);
  void forget() noexcept;

  [[nodiscard]] bool empty() const noexcept { return all_.empty(); }
  /// An error where a key that could not be deleted stands in the place.
  [[nodiscard]] Result<void> vacant(const std::optional<Sci>& sci, An an) const;
  /// The ANs that it has, a bit each.
  [[nodiscard]] std::uint8_t ans() const noexcept;
  [[nodiscard]] std::optional<Time> next() const noexcept { return when_; }

 private:
  [[nodiscard]] Result<void> try_to_remove(const Leftover& what);

  Context& context_;
  std::vector<Leftover> all_;
  std::optional<Time> when_;
  Duration gap_{0};
};

}  // namespace macsec::core
