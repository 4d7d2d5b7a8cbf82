// SPDX-License-Identifier: LGPL-2.1-or-later
/// The Key Agreement Entity of one port (802.1X-2020 clause 9 and 12.5): its participants and the order in which the
/// objects beside it are asked: who is principal, what the key server owes, what becomes of a SAK, what is said.
#pragma once

#include "engine/core/mka/cp.hpp"
#include "engine/core/mka/key_chain.hpp"
#include "engine/core/mka/key_server.hpp"
#include "engine/core/mka/participant.hpp"
#include "engine/core/mka/pn_watch.hpp"
#include "engine/core/mka/principal.hpp"
#include "engine/core/mka/received_sak.hpp"
#include "engine/core/mka/refusal.hpp"
#include "engine/core/mka/resumption.hpp"
#include "engine/core/mka/suspension.hpp"
#include "engine/core/mka/used_keys.hpp"

#include <algorithm>

namespace macsec::core {

class Kay {
 public:
  explicit Kay(Context& context)
      : context_{context},
        cp_{context},
        chain_{context, cp_},
        pn_watch_{context},
        principal_{context},
        server_{context, cp_, pn_watch_, used_, refusal_},
        receiver_{context, cp_, used_, refusal_} {}
  Kay(const Kay&) = delete;
  Kay& operator=(const Kay&) = delete;

  /// Makes the participants match the profile's keys, keeping those whose key did not change, and those of session keys.
  void set_keys(Time now);
  /// One more CA, which an authentication gave the key of: it speaks at once.
  [[nodiscard]] Result<void> add_session_key(AssociationKey key, Time now);
  /// Leaves the CAs of session keys: all, or that of `ckn`.
  void drop_session_keys(Time now);
  void drop_session_key(const Ckn& ckn, Time now);
  /// To be continued once the device is found.
  void resume(Snapshot from) { resume_ = std::move(from); }
  void set_wall_clock(Time epoch, Time now, bool synchronised = true);
  void set_enabled(bool enabled, Time now);
  void on_link_up(Time now);
  /// The device is gone or another one: nothing of it is to be touched any more.
  void on_device_lost(Time now);
  /// The device is there: takes over, or clears away, what it holds.
  void on_device_found(Time now);
  /// The link is another one than `before`, with the same device. Where its carrier or the device was gone, and the hardware
  /// may therefore send with packet numbers it used before, the keys end, and others come once it is back.
  void on_interruption(const LinkState& before, Time now);
  void reassert(Time now) { cp_.reassert(now); }

  [[nodiscard]] Participant* find(const Ckn& ckn) noexcept;
  void receive(Participant& participant, const Mkpdu& pdu, Time now);
  /// Somebody has spoken as us, with MNs that we have not used yet: packet numbers may be used that a copy of this station, or
  /// it itself before it was set back, has used. The keys end, and this becomes another member.
  void on_rewound(Time now);
  void on_sample(const SecyState& sample, Time now);
  [[nodiscard]] Result<void> rekey(Time now);
  [[nodiscard]] Result<void> suspend(Duration span, Time now);
  /// As of KeyChain.
  [[nodiscard]] Result<void> retire_key(const Ckn& ckn, Retirement how, Duration timeout, Time now) {
    return chain_.retire(participants_, ckn, how, timeout, now);
  }
  [[nodiscard]] Result<void> keep_key(const Ckn& ckn, Time now) { return chain_.keep(participants_, ckn, now); }
  void heard_idle(Participant& participant, const MemberId& mi, Time now) const { chain_.heard(participant, mi, now); }

  /// Runs everything that is due to its fixed point, then speaks.
  void step(Time now);
  [[nodiscard]] std::optional<Time> next_timeout() const;
  [[nodiscard]] std::optional<Duration> sample_interval() const { return pn_watch_.sample_interval(cp_.latest()); }

  [[nodiscard]] const Cp& cp() const noexcept { return cp_; }
  [[nodiscard]] const KeyChain& chain() const noexcept { return chain_; }
  [[nodiscard]] std::span<const Participant> participants() const noexcept { return participants_; }
  [[nodiscard]] const Participant* principal() const noexcept;
  [[nodiscard]] bool enabled() const noexcept { return enabled_; }
  [[nodiscard]] bool any_active() const noexcept { return std::ranges::any_of(participants_, &Participant::active); }
  [[nodiscard]] bool is_key_server() const noexcept { return principal_.is_key_server(); }
  [[nodiscard]] std::optional<Sci> key_server() const noexcept { return principal_.key_server(); }
  /// Next to be sent, as last sampled; 0 where it is not known.
  [[nodiscard]] Pn next_pn() const noexcept { return pn_watch_.tells_lowest() ? pn_watch_.next_pn() : 0; }
  /// The key is sent with by `peer`, as it says, and none of its frames has come under it, as last sampled.
  [[nodiscard]] bool is_unheard(const Peer& peer) const noexcept;
  /// The profile asks for it, the packet numbers are known, and those of peers can be acted on: peers may drop what comes late.
  [[nodiscard]] bool delay_protect() const {
    return context_.profile->mka.delay_protect && pn_watch_.tells_lowest() && context_.secy.traits().lowest_pn_raisable;
  }
  [[nodiscard]] std::optional<Time> next_rekey() const noexcept;
  [[nodiscard]] std::optional<Time> suspended_until() const noexcept { return suspension_.until(); }
  [[nodiscard]] bool device_unread() const noexcept { return deadlines_.is_set(Timer::read_again); }
  [[nodiscard]] const Refusal& refusal() const noexcept { return refusal_; }
  /// What we owe as key server, where we are.
  [[nodiscard]] const KeyServer& server() const noexcept { return server_; }
  [[nodiscard]] Snapshot snapshot() const;
  /// Moves whenever snapshot() differs from before in a way that matters to a restart.
  [[nodiscard]] std::uint64_t revision() const noexcept { return revision_; }

 private:
  enum class Timer : std::uint8_t {
    read_again,  ///< the device is there, but could not be read yet
    unused,      ///< no live peer has reported the key in use for so long that it is given up
    count
  };

  void follow_lifetimes(Time now);
  void expire_peers(Time now);
  void choose_principal(Time now);
  void elect(Time now);
  void tell_key_server(Time now);
  [[nodiscard]] Connect connect() const;
  [[nodiscard]] Cp::Inputs cp_inputs() const;
  /// A key that no live peer receives or sends with passes nothing.
  void drop_unused_key(Time now);
  void turn(Time now);
  [[nodiscard]] bool turn_once(Time now);

  [[nodiscard]] bool count(Participant& participant, const Participant::Received& got, Time now);
  void take_sak(Participant& participant, const Peer& server, const Mkpdu& pdu, Time now);
  void check_reports(const Peer& peer, const SakUseSet& use);
  void follow_lowest_pn(const Participant& participant, const Peer& peer, Time now);
  void resume_keys(TakenOver& taken, Time now);
  /// A key installed now might be sent with from an old packet number on.
  [[nodiscard]] bool interrupted() const;

  void speak(Time now);
  [[nodiscard]] Announcement announcement(const Participant& participant, Time now) const;
  [[nodiscard]] SakUseKey report(const std::optional<SakSlot>& slot, const Participant& participant, Time now) const;
  [[nodiscard]] Duration hello() const noexcept;
  void tell_all() noexcept;

  Context& context_;
  Cp cp_;
  std::vector<Participant> participants_;
  KeyChain chain_;
  UsedKeys used_;
  PnWatch pn_watch_;
  Refusal refusal_;
  Principal principal_;
  KeyServer server_;
  SakReceiver receiver_;
  Suspension suspension_;
  Deadlines<Timer> deadlines_;
  bool enabled_ = true;
  std::optional<Snapshot> resume_;
  Time reported_until_;            ///< a life time after a live peer last reported the key in use
  std::optional<Sci> member_sci_;  ///< of the device the participants spoke for last
  std::vector<CipherSuite> announced_;
  std::uint64_t revision_ = 0;
};

}  // namespace macsec::core
