// SPDX-License-Identifier: LGPL-2.1-or-later
/// The sessions that hosts have on one port, as a RADIUS server wants to hear of them (RFC 2866): a record at the beginning and
/// at the end, and between them as often as the server says.
#pragma once

#include "engine/core/pae/radius_exchange.hpp"
#include "engine/ports/random.hpp"

namespace macsec::core {

/// What passed the port, counted from anywhere: a count that falls began again.
struct PortTraffic {
  std::uint64_t octets_in = 0;
  std::uint64_t octets_out = 0;
  std::uint64_t packets_in = 0;
  std::uint64_t packets_out = 0;
};

class SessionLedger {
 public:
  /// Records more often than this are asked for by mistake (RFC 2869 section 2.1).
  static constexpr Duration shortest_interim = std::chrono::minutes{1};

  /// `random` outlives this.
  explicit SessionLedger(Random& random) noexcept : random_{&random} {}

  /// What the port asked of the server last: who has the session if it is granted.
  void note_request(const RadiusCommand& request);
  /// An Access-Accept, before the port hears of it.
  void note_accept(const RadiusReport& accept);

  /// Whether step() has something to say. `has_host`: a host has the port now.
  [[nodiscard]] bool is_due(bool has_host, Time now) const noexcept;
  /// The records that are due. `traffic` is nothing where it cannot be told now; `wall` is in seconds since 1970-01-01 UTC.
  [[nodiscard]] std::vector<RadiusAccounting> step(bool has_host, const std::optional<PortTraffic>& traffic, Time now,
                                                   std::int64_t wall);
  [[nodiscard]] std::optional<Time> next() const noexcept;

 private:
  struct Session {
    RadiusAccounting record{};
    std::optional<Duration> interim{};
    Time since{};
    std::optional<Time> next{};
    PortTraffic last{};
  };
  void add(const std::optional<PortTraffic>& traffic);
  [[nodiscard]] RadiusAccounting record(RadiusAccounting::Kind kind, Time now, std::int64_t wall) const;
  void begin(const std::optional<PortTraffic>& traffic, Time now);

  Random* random_;
  Session asked_;                   ///< who asks
  std::optional<Session> granted_;  ///< accepted, and not begun
  std::optional<Session> running_;
};

}  // namespace macsec::core
