// SPDX-License-Identifier: LGPL-2.1-or-later
/// The keys that authentications gave a port, for either role: which are spoken, which are kept beside them and which go.
#pragma once

#include "engine/core/mka/kay.hpp"
#include "engine/core/session_key.hpp"
#include "engine/wire/eap_outcome.hpp"

namespace macsec::core {

/// A carrier that comes back sooner was never away, for a session.
inline constexpr Duration carrier_patience = life_time;
/// From an authentication that MKA did not follow to the next one; later ones wait longer.
inline constexpr Duration first_retry = std::chrono::seconds{6};

class Keyring {
 public:
  /// `rule` tells who is key server in the CAs of the keys: it is the role of the port.
  Keyring(Context& context, Kay& kay, KeyServerRule rule) : context_{context}, kay_{kay}, rule_{rule} {}
  Keyring(const Keyring&) = delete;
  Keyring& operator=(const Keyring&) = delete;

  struct Taken {
    std::optional<Ckn> spoken;  ///< the new key; nothing where none could be derived, which was told as an event
    std::optional<Ckn> before;  ///< of the session that is live and goes on until the other end has moved
  };
  /// The keys of one more authentication with `other`, the source of its EAPOL frames.
  Taken take(const MethodKeys& keys, const MacAddress& other, Time now);
  /// Keys of the process before.
  void restore(std::span<const SessionKey> keys, Time now);
  /// What the next process is to have, oldest first.
  [[nodiscard]] std::vector<SessionKey> keys() const;

  /// The newest session key with a live peer, or nullptr.
  [[nodiscard]] const Participant* live() const noexcept;
  [[nodiscard]] bool empty() const noexcept;
  [[nodiscard]] std::uint16_t newest_bits() const noexcept;  ///< of the CAK; 0 where there is none
  /// The other end stays with the key of an earlier authentication.
  [[nodiscard]] bool not_followed() const noexcept { return not_followed_; }
  void forgive() noexcept { not_followed_ = false; }

  /// Drops keys of which it is clear that nobody speaks them. True where one went.
  [[nodiscard]] bool drop_unheard_fresh(Time now);
  /// Drops keys without a live peer; those whose SAK is still installed stay where `spare_installed`.
  bool drop_unheard(bool spare_installed, Time now);
  void drop_all(Time now);
  /// Whether the profile in force accepts who is at the other end of the keys that are there is not known.
  void doubt() noexcept { sure_from_ = sequence_ + 1; }
  [[nodiscard]] bool is_doubtful(const Participant& participant) const noexcept {
    return participant.sequence() < sure_from_;
  }
  [[nodiscard]] bool has_doubtful() const noexcept;
  /// Drops them, those in use as well unless `spare_used`. True where one went.
  bool drop_doubtful(bool spare_used, Time now);
  /// Keeps the keys, and waits for nothing any more.
  void forget() noexcept;
  /// When drop_unheard_fresh() has something to do, should a key be live.
  [[nodiscard]] std::optional<Time> next() const noexcept;
  /// Moves with what is shown of the keys.
  [[nodiscard]] std::uint64_t revision() const noexcept { return revision_; }

 private:
  /// A key of an authentication, until it is clear whether the other end speaks it.
  struct Fresh {
    Ckn ckn;
    Time until;
  };
  void add(const MethodKeys& keys, const MacAddress& other, std::size_t size, bool quiet, Time now);
  [[nodiscard]] bool in_use(const Participant& participant) const noexcept;

  Context& context_;
  Kay& kay_;
  KeyServerRule rule_;
  std::vector<Fresh> fresh_;
  std::uint64_t sequence_ = 0;
  std::uint64_t sure_from_ = 0;  ///< sequence of the first key of which nothing is doubtful
  std::uint64_t newest_ = 0;     ///< sequence of the first key of the last authentication
  bool not_followed_ = false;
  std::uint64_t revision_ = 0;
};

}  // namespace macsec::core
