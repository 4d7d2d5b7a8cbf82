// SPDX-License-Identifier: LGPL-2.1-or-later
/// The connections to RADIUS servers over TLS: when each is made and made again, and whether its other end is still there
/// (RFC 3539 3.4, RFC 6613 2.6). Sans-I/O.
#pragma once

#include "engine/base/time.hpp"
#include "engine/ports/random.hpp"

#include <cstddef>
#include <map>
#include <optional>

namespace macsec::core {

/// One connection: of a server, by its place in the profile, counted from 0.
struct RadiusWay {
  std::size_t server = 0;
  std::size_t socket = 0;
  friend auto operator<=>(const RadiusWay&, const RadiusWay&) = default;
};

class RadiusWays {
 public:
  /// A connection on which nothing came for so long is asked for a sign of life.
  static constexpr Duration watch_gap = std::chrono::seconds{20};
  /// How long that may take.
  static constexpr Duration watch_patience = std::chrono::seconds{10};
  /// How long connecting may take, with the handshake.
  static constexpr Duration connect_patience = std::chrono::seconds{10};

  /// `random` outlives this.
  explicit RadiusWays(Random& random) noexcept : random_{random} {}

  /// From now on it is kept; nothing happens where it is already.
  void want(RadiusWay way);
  /// It is not made any more.
  void forget(RadiusWay way) noexcept { ways_.erase(way); }
  void on_open(RadiusWay way, Time now);
  /// It ended, or could not be made. True where its other end had been heard: then the next attempt is due at once.
  bool on_closed(RadiusWay way, Time now);
  /// A good answer came.
  void on_heard(RadiusWay way, Time now);
  /// A sign of life was asked for.
  void on_asked(RadiusWay way, Time now);

  [[nodiscard]] bool is_open(RadiusWay way) const noexcept;
  /// Whether anything good came since it was opened.
  [[nodiscard]] bool is_heard(RadiusWay way) const noexcept;

  /// One that is to be made now.
  [[nodiscard]] std::optional<RadiusWay> take_due(Time now);
  /// One that was silent for a while.
  [[nodiscard]] std::optional<RadiusWay> find_silent(Time now) const noexcept;
  /// One that gave no sign of life, or was not made in time: it is to be closed.
  [[nodiscard]] std::optional<RadiusWay> find_broken(Time now) const noexcept;
  [[nodiscard]] std::optional<Time> next() const noexcept;

 private:
  enum class State : std::uint8_t {
    waiting,     ///< until `due` to be made
    connecting,  ///< until `due`
    open,        ///< until `due` nothing is done
    asked        ///< open, and until `due` something has to come
  };
  struct Way {
    State state = State::waiting;
    Time due{};
    Duration pause{};  ///< before the next attempt, where that fails again
    bool heard = false;
  };
  [[nodiscard]] std::optional<RadiusWay> find(Time now, std::initializer_list<State> states) const noexcept;

  Random& random_;
  std::map<RadiusWay, Way> ways_;
};

}  // namespace macsec::core
