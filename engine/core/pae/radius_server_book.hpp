// SPDX-License-Identifier: LGPL-2.1-or-later
/// What is known of the RADIUS servers of a profile: which are alive, whom to ask next, whom to probe.
#pragma once

#include "engine/config/profile.hpp"
#include "engine/core/pae/radius_exchange.hpp"
#include "engine/core/status.hpp"

#include <deque>

namespace macsec::core {

/// A server stopped answering, or answers again.
struct RadiusEvent {
  enum class Kind : std::uint8_t { server_dead, server_alive };
  Kind kind = Kind::server_dead;
  std::size_t place = 0;  ///< of the server in the profile
  std::string server{};   ///< address
  std::string text{};     ///< a sentence
};

class RadiusServerBook {
 public:
  /// `servers` outlive this.
  explicit RadiusServerBook(const std::vector<RadiusServer>& servers);

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] const RadiusServer& server(std::size_t at) const noexcept { return *entries_[at].server; }
  [[nodiscard]] RadiusCounters& counters(std::size_t at) noexcept { return entries_[at].counters; }

  /// Whom a conversation asks first, or after those that it `tried`: the first in order that is not dead, else the first in
  /// order. A dead one that never answered Status-Server counts as alive once a minute. Nothing: all were tried.
  [[nodiscard]] std::optional<std::size_t> choose(const std::vector<bool>& tried, Time now);

  /// A good answer came.
  void on_answer(std::size_t at, bool to_probe, Time now);
  /// An exchange ended, in which the server answered nobody. The third in a row makes it dead.
  void on_unanswered(std::size_t at, std::string words, Time now);

  /// A connection to a server over TLS is there, with a version as "TLSv1.3"; it ended.
  void on_connected(std::size_t at, std::string version, Time now);
  void on_disconnected(std::size_t at);

  [[nodiscard]] bool is_dead(std::size_t at) const noexcept { return entries_[at].state == RadiusServerState::dead; }
  [[nodiscard]] bool is_alive(std::size_t at) const noexcept { return entries_[at].state == RadiusServerState::alive; }
  /// One that is not dead, beside those that were `tried`.
  [[nodiscard]] bool has_living(const std::vector<bool>& tried) const noexcept;

  /// A dead server that is to be asked whether it is there; not over TLS, where each connection is asked.
  [[nodiscard]] std::optional<std::size_t> take_due_probe(Time now);
  [[nodiscard]] std::optional<Time> next() const noexcept;
  /// Whether one that is doubted may be asked now: once a second, however many requests it leaves unanswered.
  [[nodiscard]] bool take_probe(std::size_t at, Time now) noexcept;
  /// A server answered somebody after this time; this one did.
  [[nodiscard]] bool answered_since(Time time) const noexcept;
  [[nodiscard]] bool answered_since(std::size_t at, Time time) const noexcept;
  [[nodiscard]] std::optional<RadiusEvent> poll_event();
  [[nodiscard]] std::vector<RadiusServerStatus> status() const;

 private:
  struct Entry {
    const RadiusServer* server = nullptr;
    RadiusServerState state = RadiusServerState::unknown;
    unsigned unanswered = 0;          ///< since the last answer
    bool answers_status = false;      ///< it answered Status-Server once
    std::optional<Time> probed_at{};  ///< when it was last doubted
    std::optional<Time> probe_at{};   ///< of a dead one
    std::optional<Time> trial_at{};   ///< of a dead one: when it is asked in earnest
    std::optional<Time> last_answer{};
    std::string words{};
    std::string tls_version{};  ///< of its connection; empty: there is none
    RadiusCounters counters{};
    [[nodiscard]] bool is_over_tls() const noexcept { return server->transport == RadiusTransport::tls; }
  };
  [[nodiscard]] std::size_t current() const noexcept;

  std::vector<Entry> entries_;
  std::deque<RadiusEvent> events_;
};

}  // namespace macsec::core
