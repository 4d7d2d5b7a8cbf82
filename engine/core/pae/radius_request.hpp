// SPDX-License-Identifier: LGPL-2.1-or-later
/// One request to a RADIUS server on its way, and the identifiers by which answers are matched to requests.
#pragma once

#include "engine/base/time.hpp"
#include "engine/crypto/radius_keys.hpp"
#include "engine/ports/random.hpp"
#include "engine/wire/radius.hpp"

#include <bitset>
#include <optional>
#include <vector>

namespace macsec::core {

/// What an answer is matched by: 256 identifiers for each source port (RFC 2865 section 3).
struct RadiusSlot {
  std::size_t server = 0;  ///< its place in the profile
  std::size_t socket = 0;  ///< of the sockets to this server
  std::uint8_t identifier = 0;
  friend auto operator<=>(const RadiusSlot&, const RadiusSlot&) = default;
};

/// Which identifiers are used on a socket, and on how many sockets.
struct RadiusShare {
  std::uint8_t first = 0;
  std::uint8_t last = 255;
  std::size_t most_sockets = SIZE_MAX;
};
/// Over TLS requests and records go by one connection and share its identifiers: 0 is for Status-Server (RFC 6613 2.6.5).
inline constexpr RadiusShare requests_over_tls{.first = 1, .last = 223, .most_sockets = 4};
inline constexpr RadiusShare records_over_tls{.first = 224, .last = 255, .most_sockets = 1};
inline constexpr std::uint8_t status_over_tls = 0;

/// The identifiers of one server, on as many sockets as it takes. One that is released is used last again, so that a late
/// answer finds nothing outstanding.
class RadiusIdentifiers {
 public:
  explicit RadiusIdentifiers(std::size_t server, RadiusShare share = {}) noexcept : server_{server}, share_{share} {}
  /// Nothing where all are outstanding.
  [[nodiscard]] std::optional<RadiusSlot> take();
  void release(const RadiusSlot& slot) noexcept;

 private:
  static constexpr std::size_t per_socket = 256;
  struct Socket {
    std::bitset<per_socket> used{};
    std::uint8_t next = 0;
  };
  [[nodiscard]] std::uint8_t after(std::uint8_t identifier) const noexcept {
    return identifier == share_.last ? share_.first : static_cast<std::uint8_t>(identifier + 1U);
  }
  std::size_t server_;
  RadiusShare share_;
  std::vector<Socket> sockets_;
};

/// When a request is sent again, and when it is given up (RFC 5080 section 2.2.1).
class RadiusRequest {
 public:
  /// `retry`: until it is first sent again, which takes twice as long each time, up to 16 s. `timeout`: until it is given up.
  RadiusRequest(std::vector<std::uint8_t> octets, const RadiusAuthenticator& authenticator, Duration retry,
                Duration timeout, Time now, Random& random);

  [[nodiscard]] const std::vector<std::uint8_t>& octets() const noexcept { return octets_; }
  [[nodiscard]] const RadiusAuthenticator& authenticator() const noexcept { return authenticator_; }

  [[nodiscard]] bool is_expired(Time now) const noexcept { return now >= deadline_; }
  [[nodiscard]] Time next() const noexcept { return again_ && *again_ < deadline_ ? *again_ : deadline_; }
  /// Whether it is to be sent again now; the next time is set.
  [[nodiscard]] bool take_again(Time now, Random& random);
  /// What is sent from now on.
  void replace(std::vector<std::uint8_t> octets, const RadiusAuthenticator& authenticator) noexcept {
    octets_ = std::move(octets);
    authenticator_ = authenticator;
  }
  /// Only its answer is waited for.
  void stop_sending() noexcept { again_.reset(); }

  /// An answer came whose check failed, for this.
  void note_bad_answer(crypto::RadiusCheck found) noexcept { bad_answer_ = found; }
  [[nodiscard]] std::optional<crypto::RadiusCheck> bad_answer() const noexcept { return bad_answer_; }

 private:
  std::vector<std::uint8_t> octets_;
  RadiusAuthenticator authenticator_;
  Duration span_;
  Duration most_;
  std::optional<Time> again_;
  Time deadline_;
  std::optional<crypto::RadiusCheck> bad_answer_;  ///< of the last that came
};

}  // namespace macsec::core
