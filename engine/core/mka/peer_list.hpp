// SPDX-License-Identifier: LGPL-2.1-or-later
/// The peers of one participant and what they last said (802.1X-2020 9.4.3).
#pragma once

#include "engine/core/context.hpp"
#include "engine/wire/mkpdu.hpp"

namespace macsec::core {

/// One key slot of a peer's last SAK Use.
struct PeerKeyUse {
  KeyId key;
  An an;
  bool receiving = false;
  bool transmitting = false;
  Pn lowest_pn = 0;
};

struct Peer {
  MemberId mi;
  MessageNumber mn = 0;  ///< highest heard; lower ones are replays
  Sci sci;
  std::uint8_t priority = 255;
  std::uint8_t version = 1;
  bool key_server = false;     ///< says that it is
  bool macsec_capable = true;  ///< else it says that it has no MACsec: it takes no SAK (802.1X-2020 11.11.3)
  bool live = false;
  bool remembered = false;  ///< live in a snapshot; has not spoken since
  bool delay_protect = false;
  bool heard = false;          ///< a protected frame of it came, under whatever SAK
  std::uint8_t announced = 0;  ///< bit n: all_cipher_suites[n]
  bool announces = false;      ///< sent an Announcement with cipher suites
  Time announced_at;           ///< the last of them
  Time last_heard;
  Time last_told;  ///< last heard with something to be believed
  Time expires;
  std::optional<Time> suspended_until;  ///< silent on purpose until then (802.1X-2020 9.18)
  Time suspended_since;                 ///< of suspensions without a pause between them
  std::optional<Time> unkeyed_since;    ///< live, but does not report to receive with the latest SAK
  std::optional<Time> ahead_since;      ///< sends, and with no SAK that is installed here
  Time another_sak_at;                  ///< when another is tried for its sake
  Duration patience = life_time;        ///< from one such try to the next; doubles
  Time live_since;
  std::string kmd;                 ///< its Key Management Domain, printable
  std::uint64_t icv_failures = 0;  ///< MKPDUs under its SCI whose ICV was wrong, its own or a stranger's
  std::vector<MemberId> hears;     ///< its live list as last told, without us
  std::vector<MemberId> replaced;  ///< whose place it took, being of its SCI: nobody becomes again who it was
  bool conflict_told = false;      ///< that one of those speaks all the same
  PeerKeyUse latest;
  PeerKeyUse old;

  /// Its report for `key`, whichever slot it stands in; nullptr when it does not mention it.
  [[nodiscard]] const PeerKeyUse* use_of(const KeyId& key) const noexcept;
  [[nodiscard]] bool supports(CipherSuite suite) const noexcept;
};

class PeerList {
 public:
  /// More do not fit in an MKPDU.
  static constexpr std::size_t max_peers = 64;
  /// Earlier selves of a peer that are remembered.
  static constexpr std::size_t max_replaced = 8;

  [[nodiscard]] Peer* find(const MemberId& mi) noexcept;
  [[nodiscard]] const Peer* find(const MemberId& mi) const noexcept;
  [[nodiscard]] const Peer* find_live(const Sci& sci) const noexcept;
  /// An MKPDU that says it is of `sci` had a wrong ICV.
  void note_icv_failure(const Sci& sci) noexcept;
  /// A new potential peer; the potential peer silent for longest makes room. Nullptr when all are live.
  Peer* admit(const MemberId& mi, const Sci& sci);
  /// Removes another member that claims the SCI of the live peer `keep`: it restarted under a new MI.
  void drop_predecessors(const MemberId& keep);
  /// The live peer that took the place of `mi`; nullptr where none did.
  [[nodiscard]] Peer* successor_of(const MemberId& mi) noexcept;
  /// Removes whom nothing was heard of in time; the SCIs of the live ones among them.
  std::vector<Sci> expire(Time now);
  void clear() noexcept { peers_.clear(); }

  [[nodiscard]] std::span<Peer> all() noexcept { return peers_; }
  [[nodiscard]] std::span<const Peer> all() const noexcept { return peers_; }
  [[nodiscard]] bool any_live() const noexcept;
  [[nodiscard]] bool any_potential() const noexcept;
  [[nodiscard]] bool is_live(const MemberId& mi) const noexcept;
  /// A live peer hears somebody who is not live here yet.
  [[nodiscard]] bool any_stranger() const noexcept;
  /// A version-1 peer of a group does not list all the others that are live here: with a SAK it would receive from those it
  /// lists only.
  [[nodiscard]] bool any_unacquainted() const noexcept;
  /// One that says so for longer than a suspension may last is not waited for any more.
  [[nodiscard]] bool any_suspended(Time now) const noexcept;
  [[nodiscard]] std::optional<Time> next_expiry() const noexcept;

 private:
  std::vector<Peer> peers_;
};

}  // namespace macsec::core
