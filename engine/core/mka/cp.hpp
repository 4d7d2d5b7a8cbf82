// SPDX-License-Identifier: LGPL-2.1-or-later
/// The Controlled Port machine (802.1X-2020 12.4, figure 12-2): which keys the SecY has and whether frames may pass.
#pragma once

#include "engine/core/mka/leftovers.hpp"
#include "engine/core/mka/secy_settings.hpp"
#include "engine/crypto/mka_keys.hpp"

namespace macsec::core {

/// What the logon process lets the port do (802.1X-2020 12.3).
enum class Connect : std::uint8_t {
  pending,          ///< nothing
  unauthenticated,  ///< clear text, because the policy allows it while no peer is live
  secure,           ///< protected frames only
};

/// One member a SAK was made for. Our own entry carries the SSCI we transmit with.
struct SakMember {
  Sci sci;
  Ssci ssci = 0;
  MemberId mi{};  ///< under which the key server lists it; zero where that is not known
  friend bool operator==(const SakMember&, const SakMember&) = default;
};

/// A SAK and where it stands.
struct SakSlot {
  KeyId id;
  An an;
  CipherSuite cipher_suite = CipherSuite::gcm_aes_128;
  bool encrypt = true;
  Ckn ckn;          ///< the participant it came through
  crypto::Sak sak;  ///< wiped once nobody is left to install it for: only the kernel has it then
  SakDigest digest{};
  std::vector<SakMember> members;  ///< others than us
  bool resumed = false;            ///< found in the SecY at start: how old it is, nobody knows
  bool incomplete = false;  ///< members may come whose SCI was not known here, or that the key server did not list
  Ssci own_ssci = 0;
  std::vector<Sci> receiving_from;  ///< receive SAs the SecY confirmed
  bool receiving = false;           ///< LRX or ORX
  bool transmitting = false;        ///< LTX or OTX
  bool exhausted = false;  ///< the SecY sends nothing with it: no packet number is left, or it was switched off
  Time since;
};

class Cp {
 public:
  explicit Cp(Context& context)
      : context_{context}, errors_{context}, settings_{context, errors_}, leftovers_{context} {}

  /// Reports of others that the machine waits for; filled in by the KaY before each step().
  struct Inputs {
    Connect connect = Connect::pending;
    bool elected_self = false;
    bool all_receiving = false;  ///< all live members receive with the latest key
    /// Some do, and it is still on offer: the others are waited for no longer than a life time. A key nobody took is sent
    /// with at no time.
    bool some_receiving = false;
    bool server_transmitting = false;  ///< the key server transmits with the latest key
    bool all_transmitting = false;     ///< all live members transmit with the latest key
    bool hurry = false;                ///< another SAK waits for the old one to be gone
  };

  [[nodiscard]] CpState state() const noexcept { return state_; }
  [[nodiscard]] const std::optional<SakSlot>& latest() const noexcept { return latest_; }
  [[nodiscard]] const std::optional<SakSlot>& old() const noexcept { return old_; }
  [[nodiscard]] bool has_pending_sak() const noexcept { return pending_.has_value(); }
  /// The key frames are sent with, or nullptr.
  [[nodiscard]] const SakSlot* in_use() const noexcept;
  /// A SAK is there, but not in use everywhere.
  [[nodiscard]] bool key_under_way() const noexcept {
    return pending_ || (latest_ && (!latest_->transmitting || !settled_since_));
  }
  /// Transmits with a key the SecY confirmed.
  [[nodiscard]] bool transmitting() const noexcept;
  /// Transmits, and the SecY confirmed the settings that make the key count.
  [[nodiscard]] bool secured() const noexcept;
  /// An AN neither slot uses, and none of the ANs in `taken` (a bit each), nor one that still holds a leftover, where
  /// there is another.
  [[nodiscard]] An free_an(std::uint8_t taken) const noexcept;
  /// The time since which all members transmit with the latest key, or nothing.
  [[nodiscard]] std::optional<Time> settled_since() const noexcept { return settled_since_; }

  /// Hands over a SAK to be put to use (newSAK).
  void new_sak(SakSlot sak) { pending_ = std::move(sak); }
  /// Runs the machine to its fixed point; true when something peers wait for changed.
  bool step(const Inputs& in, Time now);
  [[nodiscard]] std::optional<Time> next_timeout() const noexcept;

  /// A live member uses the latest key, or may do so where the key is incomplete: its receive SA is installed if it is
  /// missing. Until that is done the key counts as not received with. False where only another key can help.
  [[nodiscard]] bool add_member(const Sci& sci, bool uses_latest, Time now);
  /// What the SecY holds and should not.
  [[nodiscard]] Leftovers& leftovers() noexcept { return leftovers_; }

  /// Continues with keys that a restarted daemon found in the SecY.
  void resume(std::optional<SakSlot> latest, std::optional<SakSlot> old, Time now);
  /// Sends the settings again after another program changed them, or the profile did.
  void reassert(Time now);
  /// Deletes all keys and starts over: another cipher suite, or the SecY no longer holds what it should.
  void clear(Time now);
  /// The key in use reaches nobody any more: deletes it, so that the port says so. A later one that is under way stays.
  void give_up(Time now);
  /// Whether the SecY holds what it was given. Settings that another program changed are sent again.
  [[nodiscard]] bool confirm(const SecyState& sample, Time now);
  /// The SecY lost its keys (the device is new): forget ours without touching it.
  void forget(Time now);

  [[nodiscard]] const std::string& last_error() const noexcept { return errors_.last(); }
  /// Time of the last refusal by the SecY that was not followed by a success.
  [[nodiscard]] std::optional<Time> failed_at() const noexcept { return errors_.at(); }
  /// The latest SAK could not be installed and was given up.
  [[nodiscard]] std::optional<KeyId> abandoned() const noexcept { return abandoned_; }
  /// It is offered no more.
  void forget_abandoned() noexcept {
    abandoned_.reset();
    recovered();
  }
  /// Clears the keys first where they stand in the way.
  [[nodiscard]] Result<void> select_cipher_suite(CipherSuite suite, Time now);
  /// The profile's cipher suites in its order, without those that this device does not have, where any is left.
  [[nodiscard]] std::vector<CipherSuite> cipher_suites() const;

 private:
  /// Every SA of the key is there, and those that receive do so.
  [[nodiscard]] static bool holds(const SecyState& sample, const SakSlot& slot);
  bool transition(const Inputs& in, Time now);
  void enter(CpState next, const Inputs& in, Time now);
  void enter_change(Time now);
  void enter_receive(Time now);
  void enter_transmit(Time now);
  void retire_old(Time now);
  void abandon(Time now);
  bool install(SakSlot& slot, Time now);
  bool install_receive(SakSlot& slot, const SakMember& member, Time now);
  void install_missing(Time now);
  void set_receiving(bool receiving) noexcept;
  void delete_keys(std::optional<SakSlot>& slot, Time now);
  void apply_settings(const Inputs& in, Time now);
  void recovered() noexcept;
  [[nodiscard]] SecyParameters wanted_parameters() const noexcept;

  Context& context_;
  SecyErrors errors_;
  SecySettings settings_;
  Leftovers leftovers_;
  CpState state_ = CpState::init;
  std::optional<SakSlot> pending_;
  std::optional<SakSlot> latest_;
  std::optional<SakSlot> old_;
  std::optional<CipherSuite> suite_;  ///< as last accepted by the SecY
  Connect connect_ = Connect::pending;
  std::optional<Time> transmit_when_;
  bool overdue_ = false;                 ///< transmit_when_ is over: of no use as a time to wake at
  CipherSuiteSet lacking_;               ///< what the device was found not to have
  std::optional<Time> retransmit_when_;  ///< the SecY refused to send with the latest key
  std::optional<Time> retire_when_;
  std::optional<Time> settled_since_;
  std::optional<Time> install_when_;  ///< a receive SA of the latest key is missing, and tried again then
  Duration install_gap_{0};
  std::optional<KeyId> abandoned_;
  bool hurry_ = false;
  bool new_info_ = false;
  bool late_info_ = false;  ///< what the next step() has to tell besides what it does itself
};

}  // namespace macsec::core
