// SPDX-License-Identifier: LGPL-2.1-or-later
/// The logon process of a supplicant (802.1X-2020 clause 12.5): whether the port authenticates, what becomes of the keys that
/// an authentication gave, and how long they are kept. Only MKA, an operator or their time ends a session; nothing that comes
/// unprotected does, unless the profile trusts otherwise than the one that the session was authenticated by.
#pragma once

#include "engine/core/keyring.hpp"
#include "engine/core/pae/certificate_watch.hpp"
#include "engine/core/pae/supplicant.hpp"

namespace macsec::core {

class Logon {
 public:
  Logon(Context& context, Kay& kay)
      : context_{context},
        kay_{kay},
        keyring_{context, kay, KeyServerRule::never},
        supplicant_{context},
        trust_{trust_of(*context.profile)} {}
  Logon(const Logon&) = delete;
  Logon& operator=(const Logon&) = delete;

  /// The profile authenticates as a supplicant. Without it nothing here does anything.
  [[nodiscard]] bool applies() const noexcept {
    return context_.profile->pae && context_.profile->pae->role == PaeRole::supplicant;
  }
  /// An EAPOL frame that is no MKPDU and came to us or to a group.
  void receive(const EapolFrame& frame, Time now);
  void on_eap(EapReport report, Time now);
  /// macsec-eap has opened what the profile names. `asked`: because an operator wanted it, which ends a hold where all is well now.
  void on_credentials(const EapVerdict& verdict, bool asked, Time now);
  /// Errors: ENOTSUP: no supplicant, or UseEap=never; ENETDOWN: no carrier, or taken down.
  [[nodiscard]] Result<void> reauthenticate(Time now);
  [[nodiscard]] Result<void> log_off(Time now);
  /// Down tells the other end and drops what the session gave; up ends a logoff.
  void set_enabled(bool enabled, Time now);
  /// Before anything else: keys of the process before, which a link may still use. A new authentication begins all the same;
  /// whichever is secured first is used.
  /// Keys of a profile that trusted otherwise are used until an authentication fails, and not at all where they were only cached.
  void restore(const KeptSession& kept, Time now);
  /// What the next process is to have, oldest first.
  [[nodiscard]] std::vector<SessionKey> session_keys() const { return keyring_.keys(); }
  /// Digest of what the profile in force trusts; nothing where it has no supplicant.
  [[nodiscard]] const std::optional<crypto::Sha256>& trust() const noexcept { return trust_; }
  /// When keys that nobody speaks with are dropped; nothing where somebody does.
  [[nodiscard]] std::optional<Time> cached_until() const noexcept { return deadlines_.at(Timer::cached); }
  /// The profile in the context took the place of `before`.
  void reconfigure(const Profile& before, Time now);

  /// Runs what is due, before the Kay does.
  void step(Time now);
  /// Follows what MKA made of the keys, after the Kay's step. True where a key was dropped.
  [[nodiscard]] bool follow(Time now);
  [[nodiscard]] std::optional<Time> next() const;
  [[nodiscard]] std::optional<EapCommand> poll() { return supplicant_.poll(); }

  /// What stands between the port and a link secured by an authentication; none where nothing does.
  [[nodiscard]] Reason reason() const noexcept;
  [[nodiscard]] std::string words() const;
  void fill(PortStatus& status) const;
  /// Moves whenever the supplicant's part of fill() differs from before, times and counters aside.
  [[nodiscard]] std::uint64_t revision() const noexcept {
    return supplicant_.revision() + keyring_.revision() + revision_;
  }

 private:
  enum class Timer : std::uint8_t {
    carrier,         ///< a carrier that is away so long ended the session
    unheard,         ///< authenticated, and nobody speaks MKA
    retry,           ///< of an authentication that MKA did not follow
    mka_fail,        ///< no key that is there reaches anybody: UseEap=mka-fail
    reauthenticate,  ///< ReauthenticateSec=
    cached,          ///< a key without a peer is dropped
    trust,           ///< keys of a profile that trusted otherwise are dropped
    certificate,     ///< the end of our certificate comes nearer
    count
  };
  [[nodiscard]] bool up() const noexcept { return context_.link.present && context_.link.carrier && kay_.enabled(); }
  [[nodiscard]] bool may_begin() const noexcept;
  void follow_carrier(Time now);
  void follow_use(Time now);
  void follow_silence(Time now);
  void follow_mka_failure(Time now);
  void follow_certificate(Time now);
  [[nodiscard]] static std::optional<crypto::Sha256> trust_of(const Profile& profile);
  /// True where keys went with it.
  bool end_session(std::string_view why, Time since, Time now);
  void doubt_session(Time now);
  [[nodiscard]] bool follow_trust(Time now);
  /// The time of the next authentication, by the profile's period.
  void plan_reauthentication();
  void take_keys(const Supplicant::Success& success, Time now);

  Context& context_;
  Kay& kay_;
  Keyring keyring_;
  Supplicant supplicant_;
  std::optional<crypto::Sha256> trust_;
  CertificateWatch certificate_;
  std::string certificate_key_;  ///< "file", "pkcs11"
  Deadlines<Timer> deadlines_;
  bool up_ = false;
  std::optional<MacAddress> mac_;  ///< when the link was up last
  bool live_ = false;              ///< a session key has a live peer
  bool mka_failed_ = false;        ///< UseEap=mka-fail: nobody answered with the keys that are there
  bool silent_ = false;            ///< authenticated, and nobody spoke MKA for a life time
  std::uint64_t revision_ = 0;
  Duration retry_gap_{0};
  std::optional<Time> authenticated_at_;  ///< last, in this session
  std::optional<Time> reauthenticated_at_;
};

}  // namespace macsec::core
