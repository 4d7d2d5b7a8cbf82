// SPDX-License-Identifier: LGPL-2.1-or-later
/// The logon process of an authenticator (802.1X-2020 clause 12.5): which host may use the port, with which keys and how long.
/// What ends a session is the RADIUS server's word, MKA, the carrier, its time or an operator; nothing that comes unprotected
/// does while MKA holds it.
#pragma once

#include "engine/core/keyring.hpp"
#include "engine/core/pae/authenticator.hpp"

namespace macsec::core {

class Admission {
 public:
  Admission(Context& context, Kay& kay)
      : context_{context}, kay_{kay}, keyring_{context, kay, KeyServerRule::always}, authenticator_{context} {
    follow_policy();
  }
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  /// The profile authenticates others. Without it nothing here does anything.
  [[nodiscard]] bool applies() const noexcept {
    return context_.profile->pae && context_.profile->pae->role == PaeRole::authenticator;
  }
  /// An EAPOL frame that is no MKPDU and came to us or to a group.
  void receive(const EapolFrame& frame, Time now);
  void on_radius(RadiusReport report, Time now);
  /// Asks the host of the session, or any that is there. A hold is over. Error: ENETDOWN: no carrier, or taken down.
  [[nodiscard]] Result<void> reauthenticate(Time now);
  /// Ends the session; the host is told, and is asked again once it sends a Start or QuietSec= is over. Errors: ENOTSUP: no authenticator; ENODATA: there
  /// is no session.
  [[nodiscard]] Result<void> terminate(Time now);
  /// Down ends the session.
  void set_enabled(bool enabled, Time now);
  /// Before anything else: keys of the process before, and the session they belong to.
  void restore(std::span<const SessionKey> keys, Time now);
  /// What the next process is to have, oldest first.
  [[nodiscard]] std::vector<SessionKey> session_keys() const;
  /// The profile in the context took the place of `before`.
  void reconfigure(const Profile& before, Time now);

  /// Runs what is due, before the Kay does.
  void step(Time now);
  /// Follows what MKA made of the keys, after the Kay's step. True where the Kay has to look again.
  [[nodiscard]] bool follow(Time now);
  [[nodiscard]] std::optional<Time> next() const;
  /// A host is authenticated, and has the port.
  [[nodiscard]] bool has_session() const noexcept { return session_.has_value(); }
  /// Why the last session ended.
  [[nodiscard]] TerminateCause ended_by() const noexcept { return ended_by_; }
  [[nodiscard]] std::optional<RadiusCommand> poll() { return authenticator_.poll(); }

  /// What stands between the port and a link secured by an authentication; none where nothing does.
  [[nodiscard]] Reason reason() const noexcept;
  [[nodiscard]] std::string words() const;
  void fill(PortStatus& status) const;
  /// Moves whenever the authenticator's part of fill() differs from before, times and counters aside.
  [[nodiscard]] std::uint64_t revision() const noexcept {
    return authenticator_.revision() + keyring_.revision() + revision_;
  }

 private:
  enum class Timer : std::uint8_t {
    carrier,         ///< a carrier that is away so long ends the session
    unheard,         ///< authenticated, and nobody speaks MKA
    retry,           ///< of an authentication that MKA did not follow
    reauthenticate,  ///< by the profile, by the server, or once more after one that failed
    end,             ///< of the session, by the server
    dead,            ///< no server answered for so long that the session ends
    open,            ///< for so long nothing came of asking the host of a session
    count
  };

  /// The host is there, whatever is said in its name: by MKA, or until it had time to go on after our restart.
  [[nodiscard]] bool held() const noexcept { return live_ || restored_; }
  [[nodiscard]] bool up() const noexcept { return context_.link.present && context_.link.carrier && kay_.enabled(); }
  /// The profile has other times than `before`: those of the session that came from there move.
  void follow_times(const Profile::Pae& before, Time now);
  void follow_carrier(Time now);
  void follow_outcome(Time now);
  void follow_silence(Time now);
  void follow_policy() noexcept { context_.strict = applies() && (!session_ || session_->must_secure); }
  void take_keys(const RadiusReport& report, Time now);
  void on_unanswered(Time now);
  void on_inconclusive(Time now);
  void leave_open(Duration again, Time now);
  /// `wait`: before somebody is asked again.
  void end_session(std::string_view why, TerminateCause cause, Duration wait, Time now);
  void forget_session(Time now);

  Context& context_;
  Kay& kay_;
  Keyring keyring_;
  Authenticator authenticator_;
  Deadlines<Timer> deadlines_;
  std::optional<HostSession> session_;
  TerminateCause ended_by_ = TerminateCause::lost_service;
  bool restored_ = false;  ///< the session is the one of the process before, and nobody was live in it yet
  bool up_ = false;
  std::optional<MacAddress> mac_;  ///< of the port when it was up last: keys are derived from it
  bool own_period_ = false;        ///< the profile says when the host is authenticated again, not the server
  bool live_ = false;              ///< a session key has a live peer
  bool silent_ = false;            ///< authenticated, and nobody spoke MKA for a life time
  bool owed_ = false;              ///< a reauthentication whose time has come
  Duration retry_gap_{0};
  std::string linksec_policy_;
  std::uint64_t revision_ = 0;
};

}  // namespace macsec::core
