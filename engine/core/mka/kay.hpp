// SPDX-License-Identifier: LGPL-2.1-or-later
/// The Key Agreement Entity of one port (802.1X-2020 clause 9 and 12.5): its participants, the principal among them, the
/// key server's duties and what is done with the SAKs.
#pragma once

#include "engine/config/cipher_choice.hpp"
#include "engine/core/mka/cp.hpp"
#include "engine/core/mka/participant.hpp"

namespace macsec::core {

/// How long the key server waits for members it has only heard of before it makes a SAK for those it knows.
inline constexpr Duration gather_time = std::chrono::milliseconds{500};
/// How long it waits for the members of a group with a version-1 peer to become known to that peer.
inline constexpr Duration introduction_time = std::chrono::milliseconds{100};

/// After a failure to make or install a SAK.
inline constexpr Duration generate_retry = std::chrono::seconds{2};

class Kay {
 public:
  explicit Kay(Context& context) : context_{context}, cp_{context} {}

  /// Makes the participants match the profile's keys, keeping those whose key did not change.
  void set_keys(Time now);
  /// To be gone on with once the device is found.
  void resume(Snapshot from) { resume_ = std::move(from); }
  void set_wall_clock(Time epoch, Time now);
  void set_enabled(bool enabled, Time now);
  void on_link_up(Time now);
  /// The device is gone or another one: nothing of it is to be touched any more.
  void on_device_lost(Time now);
  /// The device is there: takes over, or clears away, what it holds.
  void on_device_found(Time now);
  void reassert(Time now) { cp_.reassert(now); }

  [[nodiscard]] Participant* find(const Ckn& ckn) noexcept;
  void receive(Participant& participant, const Mkpdu& pdu, Time now);
  void on_sample(const SecyState& sample, Time now);
  [[nodiscard]] Result<void> rekey(Time now);
  [[nodiscard]] Result<void> suspend(Duration span, Time now);

  /// Runs everything that is due to its fixed point, then speaks.
  void step(Time now);
  [[nodiscard]] std::optional<Time> next_timeout() const;
  [[nodiscard]] std::optional<Duration> sample_interval() const;

  [[nodiscard]] const Cp& cp() const noexcept { return cp_; }
  [[nodiscard]] std::span<const Participant> participants() const noexcept { return participants_; }
  [[nodiscard]] const Participant* principal() const noexcept;
  [[nodiscard]] bool enabled() const noexcept { return enabled_; }
  [[nodiscard]] bool any_active() const noexcept;
  [[nodiscard]] bool is_key_server() const noexcept { return elected_self_; }
  [[nodiscard]] std::optional<Sci> key_server() const noexcept { return key_server_; }
  [[nodiscard]] Pn next_pn() const noexcept { return next_pn_; }
  [[nodiscard]] std::optional<Time> next_rekey() const noexcept;
  [[nodiscard]] std::optional<Time> suspended_until() const noexcept { return suspended_until_; }
  [[nodiscard]] bool device_unread() const noexcept { return read_again_.has_value(); }
  /// Why the key server's last SAK, or our own attempt at one, was of no use.
  [[nodiscard]] Reason refusal() const noexcept { return refusal_; }
  [[nodiscard]] const std::string& refusal_text() const noexcept { return refusal_text_; }
  [[nodiscard]] Snapshot snapshot() const;
  /// Moves whenever snapshot() differs from before in a way that matters to a restart.
  [[nodiscard]] std::uint64_t revision() const noexcept { return revision_; }

 private:
  /// A SAK the key server offers until every live member receives with it.
  struct Distribution {
    KeyId key;
    Ckn ckn;
    DistributedSakSet set;
    std::array<std::uint8_t, 40> wrapped{};
    std::vector<MemberId> members;
    std::vector<Sci> scis;  ///< of `members`, in the same order
  };
  struct UsedKeys {
    MemberId server;
    KeyNumber highest = 0;
  };
  struct PnSample {
    Time at;
    Pn next_pn = 1;
  };
  struct ReceivePn {
    Sci sci;
    An an;
    Pn next_pn = 0;
  };

  void follow_lifetimes(Time now);
  void expire_peers(Time now);
  void choose_principal(Time now);
  void elect(Time now);
  [[nodiscard]] Connect connect() const;
  [[nodiscard]] Cp::Inputs cp_inputs() const;
  void watch_members(Time now);

  void want_sak(Time now, std::string_view why);
  bool serve(Time now);
  [[nodiscard]] bool may_generate(Time now) const;
  void generate(Participant& participant, Time now);
  [[nodiscard]] std::optional<CipherSuite> choose_cipher(const Participant& participant) const;
  Result<SakSlot> make_sak(Participant& participant, CipherSuite suite, std::span<const Peer* const> members, Time now);
  void end_distribution_when_done();
  /// The SAK on offer can no longer be taken by all it was made for.
  [[nodiscard]] bool distribution_is_stale() const;

  void take_sak(Participant& participant, const Peer& server, const Mkpdu& pdu, Time now);
  [[nodiscard]] bool acceptable(const DistributedSakSet& set, const KeyId& key, Time now);
  [[nodiscard]] std::optional<std::vector<SakMember>> members_of(const Participant& participant, const Peer& server,
                                                                 const Mkpdu& pdu, CipherSuite suite, Ssci& own) const;
  void refuse(Reason reason, std::string text);
  [[nodiscard]] bool was_used(const KeyId& key) const noexcept;
  void note_used(const KeyId& key);
  void check_reports(const Peer& peer, const SakUseSet& use);
  void follow_lowest_pn(const Peer& peer, Time now);
  [[nodiscard]] bool pn_exhausted(Pn lowest) const noexcept;
  [[nodiscard]] std::uint64_t speed() const noexcept;  ///< of the link; where it is not known, the worst to be expected
  /// Keys of the time before that are in the SecY and can be gone on with; `old` only beside `latest`.
  struct Resumable {
    std::optional<SakSlot> latest;
    std::optional<SakSlot> old;
  };
  [[nodiscard]] Resumable resumable(const SecyState& held);
  /// Keys of the time before are never taken a second time, whether or not they can be gone on with; the SecY may know of
  /// later ones than the snapshot.
  void remember_used(const SecyState& held);
  void go_on_with(Resumable keys, Time now);
  [[nodiscard]] bool made_here(const KeyId& key) const;
  [[nodiscard]] std::optional<SakSlot> confirmed(const Snapshot::Key& key, const SecyState& held) const;
  void clear_leftovers(const SecyState& held, const std::optional<SakSlot>& latest, const std::optional<SakSlot>& old,
                       Time now);

  void speak(Time now);
  [[nodiscard]] Announcement announcement(const Participant& participant, Time now) const;
  [[nodiscard]] SakUseKey report(const std::optional<SakSlot>& slot, const Participant& participant, Time now) const;
  [[nodiscard]] Pn lowest_pn(const SakSlot& slot, Time now) const;
  [[nodiscard]] Duration hello() const noexcept;
  void tell_all() noexcept;

  Context& context_;
  Cp cp_;
  std::vector<Participant> participants_;
  std::optional<Ckn> principal_;
  std::optional<Time> outreached_since_;  ///< a CA of lower rank reaches more members than the principal
  bool enabled_ = true;
  std::optional<Time> epoch_;  ///< boot time of 1970-01-01; nothing: lifetimes unknown yet
  bool elected_self_ = false;
  std::optional<Sci> key_server_;
  std::optional<Snapshot> resume_;
  std::optional<Time> read_again_;  ///< the device is there, but could not be read yet
  std::optional<Sci> member_sci_;   ///< of the device the participants spoke for last

  std::optional<Time> sak_wanted_;      ///< since when a new SAK is wanted; never lost, only deferred
  std::optional<Time> generate_after_;  ///< after a failure
  std::optional<KeyId> refused_key_;    ///< our own SAK that the SecY did not take, seen to
  /// One count for all our MIs, old and new: no KI is ever given out twice, whichever participant is the principal.
  KeyNumber last_kn_ = 0;
  std::optional<Distribution> distribution_;
  std::vector<UsedKeys> used_;
  std::optional<std::pair<KeyId, Time>> incomplete_;  ///< offered to us, but not all members are known yet
  std::optional<Time> retry_after_;
  Reason refusal_ = Reason::none;
  std::string refusal_text_;

  bool offloaded_ = false;              ///< hardware counts the packet numbers, and need not tell how far
  std::uint64_t fastest_ = 10'000'000;  ///< bit/s the link had at the most since a SAK was last made here
  Pn next_pn_ = 0;
  std::array<PnSample, 8> pn_samples_{};  ///< of the transmitting SA, newest last
  std::size_t pn_sample_count_ = 0;
  KeyId pn_key_;
  std::vector<ReceivePn> receive_pns_;
  std::optional<KeyId> pn_rekeyed_;  ///< a SAK whose running out was already seen to

  std::optional<Time> suspend_at_;
  std::optional<Time> suspended_until_;
  Duration suspend_span_{0};
  bool next_is_silent_ = false;  ///< the suspension was announced; nothing is sent until it ends
  std::vector<CipherSuite> announced_;
  std::uint64_t revision_ = 0;
  Time last_step_;
};

}  // namespace macsec::core
