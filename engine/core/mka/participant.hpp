// SPDX-License-Identifier: LGPL-2.1-or-later
/// One participation in one CA (802.1X-2020 9.4): the keys of a CKN, our MI and MN, the peers, and when to speak.
///
/// Where the CAK came from (pre-shared, fallback, key chain, EAP) is data; several participants run on one port at once.
#pragma once

#include "engine/core/mka/association_key.hpp"
#include "engine/core/mka/key_evidence.hpp"
#include "engine/core/mka/peer_list.hpp"
#include "engine/wire/eapol.hpp"

namespace macsec::core {

/// What an MKPDU says besides who we are and whom we hear; filled in by the KaY.
struct Announcement {
  bool key_server = false;
  std::optional<SakUseSet> sak_use;
  std::optional<DistributedSakSet> distributed_sak;
  std::uint8_t live_ssci = 0;
  std::uint8_t suspension_seconds = 0;
  bool xpn = false;  ///< an XPN suite is in use: the upper PN halves travel
  std::span<const CipherSuite> cipher_suites;
  /// While a SAK is distributed, the members it was made for: nobody else stands in the live list beside it, so that
  /// each member derives the same SSCIs and a member that restarted does not take a key its earlier self has used.
  const std::vector<MemberId>* only_live = nullptr;
};

class Participant {
 public:
  /// Derives ICK and KEK; an error only where OpenSSL fails.
  [[nodiscard]] static Result<Participant> create(AssociationKey key, Random& random);

  [[nodiscard]] const Ckn& ckn() const noexcept { return ckn_; }
  [[nodiscard]] const crypto::Cak& cak() const noexcept { return cak_; }
  [[nodiscard]] const Secret<32>& kek() const noexcept { return kek_; }
  [[nodiscard]] const MemberId& mi() const noexcept { return mi_; }
  [[nodiscard]] MessageNumber mn() const noexcept { return mn_; }
  [[nodiscard]] std::uint64_t sequence() const noexcept { return sequence_; }
  [[nodiscard]] PeerList& peers() noexcept { return peers_; }
  [[nodiscard]] const PeerList& peers() const noexcept { return peers_; }

  /// An inactive participant neither speaks nor listens. Follows `state`, see KeyChain.
  bool active = false;
  KeyState state = KeyState::active;
  Time state_since;
  bool retired = false;                ///< for good, as far as this process is concerned
  bool had_peer = false;               ///< somebody was live under it since it was added, or may have been
  bool leaving = false;                ///< the profile has it no more; goes as soon as it is retired
  bool quiet = false;                  ///< listens, but does not speak, so that the others leave this key
  std::optional<Time> draining_until;  ///< set while it is being retired
  std::optional<Time> held_since;      ///< since when the key server of the others keeps to it meanwhile
  KeyEvidence evidence{};              ///< what is missing for it to go, as of the last KeyChain::follow()
  std::optional<Time> covered_since;   ///< since when nothing is missing but time
  std::optional<Time> heard_idle;      ///< last heard, with a valid ICV, while it did not speak
  KeyRole role = KeyRole::primary;
  std::optional<std::int64_t> not_before;
  std::optional<std::int64_t> not_after;
  std::uint64_t icv_failures = 0;
  std::optional<Time> last_icv_failure;
  std::optional<Sci> last_icv_failure_of;  ///< the sender, as its frame says
  std::optional<Time> mismatch_told;       ///< of frames with another CAK, since one with ours
  std::size_t end_told = 0;                ///< how often its end was told
  /// Wants to be heard at once: a peer is new, or something changed that peers wait for.
  bool new_info = false;
  /// A peer became live since the key server last looked.
  bool grew = false;

  [[nodiscard]] bool verify(const EapolFrame& frame) const;

  /// `mi` is heard and does not prove that it hears us. What was recorded once can be played again without end: it counts for a
  /// life time, and then not for long.
  void note_unproved(const MemberId& mi, Time now);
  [[nodiscard]] bool counts(const MemberId& mi, Time now) const noexcept;
  /// Somebody is live, or was heard of for the first time within a life time.
  [[nodiscard]] bool anybody_counts(Time now) const noexcept;

  enum class Reception : std::uint8_t {
    accepted,
    replayed,
    mi_collision,
    no_room,
    sci_conflict,  ///< of a member whose place another one of its SCI took, given as the peer
    rewound,       ///< a live peer heard an MN under our MI that we have not sent yet: somebody has spoken as us
  };
  struct Received {
    Reception what = Reception::accepted;
    Peer* peer = nullptr;  ///< of an accepted MKPDU, or as said above
    bool became_live = false;
    bool hears_us = false;    ///< lists us with an MN sent lately: the rest of what it says is no replay
    bool suspends = false;    ///< announces a suspension and did not before
    bool resumes = false;     ///< announced one before, and none now
    bool stale_list = false;  ///< lists us with an MN sent longer than a life time ago
  };
  /// An MKPDU whose ICV was verified, of another SCI than ours.
  Received receive(const Mkpdu& pdu, Time now);

  /// While we are suspended (802.1X-2020 9.18) no MN leaves: what peers list of us does not age.
  void hush(bool silent, Time now) noexcept;
  /// Becomes a new member (new MI, MN from 1). Its peers stay until their time is over: they find us again under the new name.
  void rename(Random& random);
  /// The same, and forgets all peers.
  void renew(Random& random);
  void start_hello(Time now);  ///< speak now and ramp up: 0, 100, 200, 400, 800 ms, then each hello time
  /// Speaks now and, in case that gets lost, soon again.
  void ramp_up(Time now) noexcept;
  /// The election of 9.5: lowest priority number, then lowest SCI, of us and all live peers that may be key server, where
  /// the key's rule leaves it to an election.
  struct Elected {
    bool self = false;
    const Peer* peer = nullptr;
    [[nodiscard]] explicit operator bool() const noexcept { return self || peer != nullptr; }
  };
  [[nodiscard]] Elected elect(std::uint8_t own_priority, const Sci& own_sci) const noexcept;

  [[nodiscard]] bool due(Time now) const noexcept;
  [[nodiscard]] Time next_transmit() const noexcept;
  /// Builds the next MKPDU with its ICV; an empty frame when it could not be built.
  [[nodiscard]] Frame transmit(const Context& context, const Announcement& what, Random& random, Time now,
                               Duration hello);
  /// The version whose parameter sets are sent: the profile's, lowered to what every live peer understands. The version that
  /// is said is always the profile's: members that lowered it for one another could never raise it again.
  [[nodiscard]] std::uint8_t understood(std::uint8_t configured) const noexcept;

  /// No MN above this has been sent; moves in blocks, so that it need not be stored for each MKPDU.
  [[nodiscard]] MessageNumber mn_limit() const noexcept { return mn_limit_; }
  [[nodiscard]] Snapshot::Participant snapshot() const;
  void resume(const Snapshot::Participant& from, Time now);

 private:
  struct SentMark {
    MessageNumber mn = 0;
    Time at;
  };
  [[nodiscard]] bool sent_recently(MessageNumber mn, Time now) const noexcept;
  void mark_sent(Time now) noexcept;
  /// Takes what `pdu` says of its sender, who hears us or is not live yet.
  void believe(Peer& peer, const Mkpdu& pdu, Time now);
  [[nodiscard]] MkpduContent content(const Context& context, const Announcement& what) const noexcept;

  Ckn ckn_;
  crypto::Cak cak_;
  KeyServerRule rule_ = KeyServerRule::elect;
  std::uint64_t sequence_ = 0;
  Secret<32> kek_;
  crypto::IcvKey icv_key_;
  MemberId mi_;
  MessageNumber mn_ = 0;
  MessageNumber mn_limit_ = 0;
  MessageNumber resumed_mn_ = 0;  ///< what was sent before the restart is not above this
  PeerList peers_;
  std::vector<std::pair<MemberId, Time>> unproved_;  ///< since when
  std::optional<Time> silent_since_;
  std::array<SentMark, 16> marks_{};
  std::size_t mark_count_ = 0;
  std::size_t ramp_ = 0;
  Time next_hello_;
  double tokens_ = 0;
  Time tokens_at_;
  mutable std::vector<PeerEntry> live_entries_;
  mutable std::vector<PeerEntry> potential_entries_;
};

/// The one of `participants` with that CKN, or nullptr.
[[nodiscard]] const Participant* find(std::span<const Participant> participants, const Ckn& ckn) noexcept;

}  // namespace macsec::core
