// SPDX-License-Identifier: LGPL-2.1-or-later
/// The sessions that hosts have on one port, as a RADIUS server wants to hear of them (RFC 2866): a record at the beginning and
/// at the end, and between them as often as the server says.
#pragma once

#include "engine/core/pae/radius_exchange.hpp"
#include "engine/ports/random.hpp"

namespace macsec::core {

class SessionLedger {
 public:
  /// Records more often than this are asked for by mistake (RFC 2869 section 2.1).
  static constexpr Duration shortest_interim = std::chrono::minutes{1};

  /// Where a step happens: what is known of the port.
  struct Scene {
    bool has_host = false;                                   ///< a host has the port now
    TerminateCause ended_by = TerminateCause::lost_service;  ///< why the last one has not
    std::optional<PortTraffic> traffic{};                    ///< nothing where it cannot be told now
    Time now{};
    std::int64_t wall = 0;  ///< seconds since 1970-01-01 UTC
  };

  /// `random` outlives this.
  explicit SessionLedger(Random& random) noexcept : random_{&random} {}

  /// The session of the process before goes on; the server has its beginning.
  void resume(AccountedSession session, Time now);
  /// The session that runs, for the next process.
  [[nodiscard]] const std::optional<AccountedSession>& running() const noexcept { return running_; }

  /// What the port asked of the server last: who has the session if it is granted.
  void note_request(const RadiusCommand& request);
  /// An Access-Accept, before the port hears of it.
  void note_accept(const RadiusReport& accept);

  /// Whether step() has something to say. `has_host`: a host has the port now.
  [[nodiscard]] bool is_due(bool has_host, Time now) const noexcept;
  /// The records that are due.
  [[nodiscard]] std::vector<RadiusAccounting> step(const Scene& scene);
  [[nodiscard]] std::optional<Time> next() const noexcept { return running_ ? next_ : std::nullopt; }

 private:
  void add(const std::optional<PortTraffic>& traffic);
  [[nodiscard]] RadiusAccounting record(RadiusAccounting::Kind kind, const Scene& scene) const;
  void begin(const Scene& scene);

  Random* random_;
  AccountedSession asked_;                   ///< who asks
  std::optional<AccountedSession> granted_;  ///< accepted, and not begun
  std::optional<AccountedSession> running_;
  std::optional<Time> next_;  ///< interim record of the one that runs
};

}  // namespace macsec::core
