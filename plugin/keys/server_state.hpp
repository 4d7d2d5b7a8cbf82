// SPDX-License-Identifier: LGPL-2.1-or-later
/// What is known of a key server, and when it may be asked again. No I/O: time is an argument.
#pragma once

#include "engine/base/time.hpp"
#include "plugin/keys/exchange.hpp"

#include <array>
#include <random>

namespace macsec::keys {

class ServerState {
 public:
  static constexpr Duration shortest_wait = std::chrono::seconds{1};
  static constexpr Duration longest_wait = std::chrono::minutes{5};
  static constexpr Duration status_interval = std::chrono::hours{1};

  /// What was asked.
  enum class Question : std::uint8_t {
    status,
    new_key,
    known_key,  ///< by its name, which anybody on the link may have said
  };
  /// One for each kind of Refusal, and first of all "ok".
  static constexpr std::size_t results = 6;

  explicit ServerState(std::uint32_t seed) : random_{seed} {}

  void succeeded(Question question, Time now, std::string words = {});
  /// Whether the server is asked less because of it: what it answers about a name that it does not know says nothing about it,
  /// or a program that makes up names could keep us from asking.
  void failed(Question question, const Refusal& refusal, Time now);

  /// From when on it may be asked.
  [[nodiscard]] Time ready_at() const noexcept { return ready_at_; }
  /// When its status is due: each hour, and while it is down as soon as it may be asked.
  [[nodiscard]] Time status_at() const noexcept { return status_at_; }

  /// Nothing: it was not asked yet.
  [[nodiscard]] std::optional<bool> up() const noexcept { return up_; }
  [[nodiscard]] std::optional<Time> last_success() const noexcept { return last_success_; }
  /// Of the last failure; empty while it is up.
  [[nodiscard]] const std::string& last_error() const noexcept { return last_error_; }
  /// What it said of itself.
  [[nodiscard]] const std::string& words() const noexcept { return words_; }
  /// Answers by "ok" and the kinds of Refusal.
  [[nodiscard]] std::array<std::pair<std::string_view, std::uint64_t>, results> counts() const noexcept;

 private:
  std::minstd_rand random_;
  Time ready_at_{};
  Time status_at_{};
  std::optional<bool> up_;
  std::optional<Time> last_success_;
  std::string last_error_;
  std::string words_;
  unsigned failures_ = 0;
  std::array<std::uint64_t, results> counts_{};
};

/// `failures` of them in a row, 1 and up: 1 s, 2 s, 4 s ... 5 min, up to a quarter shorter or longer, and never beyond 5 min.
[[nodiscard]] Duration back_off(unsigned failures, std::minstd_rand& random);

}  // namespace macsec::keys
