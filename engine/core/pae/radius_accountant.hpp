// SPDX-License-Identifier: LGPL-2.1-or-later
/// Brings records of sessions to the RADIUS servers of a profile (RFC 2866), one after the other until one has it. Sans-I/O, as
/// RadiusClient, of which it is the smaller half: nothing waits for it.
#pragma once

#include "engine/config/profile.hpp"
#include "engine/core/pae/radius_client.hpp"

#include <algorithm>

namespace macsec::core {

class RadiusAccountant {
 public:
  /// How long a record is offered before it is given up.
  static constexpr Duration patience = std::chrono::minutes{10};
  /// Records that may be under way; the oldest goes first.
  static constexpr std::size_t most_records = 4096;

  /// `random` outlives this.
  RadiusAccountant(ProfilePointer profile, std::string nas_identifier, Random& random);
  RadiusAccountant(const RadiusAccountant&) = delete;
  RadiusAccountant& operator=(const RadiusAccountant&) = delete;

  /// Nothing happens where no server has an AccountingPort=.
  void add(RadiusAccounting record, Time now);
  /// What came from the accounting port of the server to this socket, and from nowhere else.
  void on_datagram(std::size_t server, std::size_t socket, Bytes octets);
  void on_timeout(Time now);
  /// A connection to a server over TLS is there: what waits for an answer is sent on it.
  void on_connected(RadiusWay way, Time now);
  [[nodiscard]] std::optional<Time> next_timeout() const noexcept;
  [[nodiscard]] std::optional<RadiusDatagram> poll_datagram();
  /// Whether a record is offered still.
  [[nodiscard]] bool has_records() const noexcept { return !pending_.empty() || !waiting_.empty(); }
  /// Whether one is offered to this server now, counted from 0.
  [[nodiscard]] bool is_offering(std::size_t server) const noexcept {
    return std::ranges::any_of(pending_, [server](const auto& each) { return each.first.server == server; });
  }
  /// Its share of the servers' counters.
  void count(std::vector<RadiusServerStatus>& servers) const;

 private:
  struct Pending {
    RadiusRequest request;
    RadiusAccounting record;
    Time since;  ///< it is offered
  };
  void send(RadiusAccounting record, Time since, Time now);
  void send_again(const RadiusSlot& slot, Time now);
  void release(const RadiusSlot& slot);
  [[nodiscard]] bool is_over_tls(std::size_t server) const noexcept {
    return profile_->pae->servers[server].transport == RadiusTransport::tls;
  }
  void move_on(const RadiusSlot& slot, Time now);

  ProfilePointer profile_;
  std::string nas_identifier_;
  Random& random_;
  std::vector<RadiusIdentifiers> identifiers_;  ///< by server
  std::vector<RadiusCounters> counters_;
  std::map<RadiusSlot, Pending> pending_;
  std::deque<std::pair<RadiusAccounting, Time>> waiting_;  ///< for an identifier, and since when they are offered
  bool freed_ = false;                                     ///< one of them can be sent
  std::deque<RadiusSlot> outgoing_;
  std::size_t current_ = 0;  ///< the server that is asked: the last that answered, or the one after a silent one
};

}  // namespace macsec::core
