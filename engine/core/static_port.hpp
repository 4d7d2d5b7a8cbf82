// SPDX-License-Identifier: LGPL-2.1-or-later
/// A link whose SAs are written in its profile: no key agreement, no peers known, no rekey. Same shape as Port.
#pragma once

#include "engine/config/cipher_choice.hpp"
#include "engine/core/port.hpp"

#include <deque>
#include <functional>
#include <map>

namespace macsec::core {

/// Where the transmit PNs of static keys are remembered for ever. `key` names key and nonce space, not the key itself.
struct PacketNumberLedger {
  /// The limit reserved last; nothing for a key never used.
  std::function<Result<std::optional<Pn>>(const std::string& key)> reserved;
  /// No PN from `limit` on was ever sent; durable before it returns.
  std::function<Result<void>(const std::string& key, Pn limit)> reserve;
};

/// Frames are never sent with a (key, PN) pair used before, across restarts and reboots: transmission starts at what the
/// ledger has reserved, and the ledger is raised before transmission can reach its limit at the link's speed.
class StaticPort {
 public:
  /// `secy` and `trace` outlive the port.
  StaticPort(ProfilePointer profile, Secy& secy, PacketNumberLedger ledger, Trace& trace);

  void on_link(const LinkState& link, Time now);
  /// Retries what the SecY refused.
  void on_timeout(Time now);
  void on_sample(const SecyState& sample, Time now);
  void reconfigure(ProfilePointer profile, Time now);
  void set_enabled(bool enabled, Time now);
  /// Nobody will watch for a while (the daemon is restarted and leaves the keys in place): reserves ahead.
  void prepare_absence();

  [[nodiscard]] std::optional<Event> poll_event();
  [[nodiscard]] std::optional<Time> next_timeout() const { return retry_; }
  [[nodiscard]] std::optional<Duration> sample_interval() const;
  [[nodiscard]] PortStatus status() const;
  [[nodiscard]] const Profile& profile() const noexcept { return *profile_; }

 private:
  /// A transmit key as far as it is installed.
  struct Transmit {
    const StaticKey* key = nullptr;
    std::string name;  ///< in the ledger
    Pn limit = 0;      ///< reserved
    bool installed = false;
    bool exhausted = false;
  };

  void bring_up(Time now);
  [[nodiscard]] Result<void> install(Time now);
  [[nodiscard]] Result<void> install_receive(const SecyState& held);
  [[nodiscard]] Result<void> install_transmit(const SecyState& held, Transmit& transmit);
  [[nodiscard]] Result<void> install_fresh(Transmit& transmit, const SaKey& material);
  [[nodiscard]] Result<void> remove_strangers(const SecyState& held);
  [[nodiscard]] Result<void> choose_transmit(Time now);
  [[nodiscard]] Result<void> reserve(Transmit& transmit, Pn limit);
  [[nodiscard]] bool intact(const Transmit& transmit, const SecyState& sample) const;
  void watch(Transmit& transmit, const SaState& association, Time now);
  void take_down(Time now);
  void enter(PortState state, Reason reason, std::string text, Time now);
  /// Says which counter a refusal belongs to.
  [[nodiscard]] Result<void> because(Counter cause, Result<void> done) noexcept;
  void refuse(const Error& error, Time now);
  [[nodiscard]] CipherSuite suite() const noexcept { return static_cipher_suite(*profile_); }
  [[nodiscard]] Pn pn_space() const noexcept;
  [[nodiscard]] Pn stride(Duration span) const noexcept;

  ProfilePointer profile_;
  Secy& secy_;
  PacketNumberLedger ledger_;
  Trace& trace_;
  LinkState link_;
  bool enabled_;
  bool up_ = false;  ///< keys are installed
  std::vector<Transmit> transmit_;
  std::map<std::string, Pn> seen_;      ///< by name in the ledger: the highest next PN the SecY was seen to have
  std::optional<std::size_t> current_;  ///< index into transmit_
  std::optional<Time> retry_;
  Counter cause_ = &PortCounters::secy_failures;  ///< of the failure that is being handled
  std::deque<Event> events_;
  PortStatus status_;
};

/// The KEYID a static key is installed with: what the profile says, or a digest of the key.
[[nodiscard]] Result<KeyId> static_key_id(const StaticKey& key);
/// The name of a transmit key in the ledger: a digest of the key and, without XPN, of the SCI: together the nonce space.
[[nodiscard]] Result<std::string> static_key_name(const StaticKey& key, const Sci& sci, bool xpn);

}  // namespace macsec::core
