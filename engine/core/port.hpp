// SPDX-License-Identifier: LGPL-2.1-or-later
/// The facade of one link: frames, link changes and time go in; frames, events and deadlines come out.
///
/// Sans-I/O: a Port never asks for the time, never sends, never logs. After each call that takes `now`, the caller
/// drains poll_transmit(), poll_event(), poll_eap() and poll_radius() and asks next_timeout() again. Time only goes forward.
#pragma once

#include "engine/core/access.hpp"
#include "engine/core/context.hpp"
#include "engine/core/reporter.hpp"
#include "engine/wire/eapol.hpp"

namespace macsec::core {

class Port {
 public:
  /// `secy`, `random` and `trace` outlive the port. With `resume` the port tries to go on as the member it was: it
  /// takes over what of the snapshot the SecY's state confirms.
  Port(ProfilePointer profile, Secy& secy, Random& random, Trace& trace);
  Port(ProfilePointer profile, Secy& secy, Random& random, Trace& trace, Snapshot resume);
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  /// One received frame, from the destination address on. Anything that is not for us is counted and dropped.
  void on_frame(Bytes frame, Time now);
  /// The link changed, or is told for the first time.
  void on_link(const LinkState& link, Time now);
  /// Runs what is due; a call too early does nothing.
  void on_timeout(Time now);
  /// What the SecY holds, sampled by the caller at least every sample_interval(). Moves PN watching and delay protection.
  void on_sample(const SecyState& sample, Time now);
  /// Boot time at which the wall clock read 1970-01-01 UTC; told at start and whenever the wall clock was set.
  /// Key lifetimes follow it; nothing else does. `synchronised`: false where the host says that it is not.
  void on_wall_clock(Time epoch, Time now, bool synchronised = true);

  /// Takes over a changed profile, touching only what differs. Parent, interface and port do not change.
  void reconfigure(ProfilePointer profile, Time now);
  /// A new SAK as soon as the protocol allows. An error where we are not the key server, or nothing is secured.
  [[nodiscard]] Result<void> rekey(Time now);
  /// In-service upgrade: asks the peers to hold still for `span` (0 to 120 s), then goes silent for as long (802.1X 9.18).
  [[nodiscard]] Result<void> suspend(Duration span, Time now);
  /// Takes a key out of use once all its peers use another one; until then, and for `timeout` at most, it is drained. Event
  /// key_retired follows, or key_kept. Errors: ENOENT: no such key; ENODATA: it is the last primary key; EBUSY: the words
  /// say which peer would be lost.
  [[nodiscard]] Result<void> retire_key(const Ckn& ckn, Retirement how, Duration timeout, Time now);
  /// Takes retire_key() back; ENOENT where the key is not being retired.
  [[nodiscard]] Result<void> keep_key(const Ckn& ckn, Time now);
  /// Operator's down (false) and up (true). Down deletes keys and makes the port dormant, whatever the policy.
  void set_enabled(bool enabled, Time now);

  /// Right after the constructor: session keys of the process before, for a port that resumes.
  void restore(const KeptSession& kept, Time now) { access_.restore(kept, now); }
  /// Keys of authentications, for the next process: they are in no file. They change with the snapshot.
  [[nodiscard]] KeptSession kept_session() const { return access_.kept_session(); }

  /// The supplicant of [8021X]: what macsec-eap said, of whichever conversation.
  void on_eap(EapReport report, Time now);
  /// macsec-eap has opened what the profile names.
  void on_credentials(const EapVerdict& verdict, bool asked, Time now);
  /// The authenticator of [8021X]: what the RADIUS client said, of whichever conversation.
  void on_radius(RadiusReport report, Time now);
  /// Authenticates at once, ourselves or the host; the link stays as it is meanwhile. Errors as of Access.
  [[nodiscard]] Result<void> reauthenticate(Time now);
  /// Ends the session of the host. Errors as of Admission.
  [[nodiscard]] Result<void> terminate(Time now);
  /// Ends the session at the other end and drops its keys, until reauthenticate(), set_enabled(true) or a new carrier.
  [[nodiscard]] Result<void> log_off(Time now);

  /// The next frame to send, or nothing.
  [[nodiscard]] std::optional<Frame> poll_transmit();
  [[nodiscard]] std::optional<Event> poll_event();
  /// The next thing to tell macsec-eap, or nothing.
  [[nodiscard]] std::optional<EapCommand> poll_eap() { return access_.logon().poll(); }
  /// The next thing to tell the RADIUS client, or nothing.
  [[nodiscard]] std::optional<RadiusCommand> poll_radius() { return access_.admission().poll(); }
  /// When to call on_timeout() next; changes after any call that takes `now`.
  [[nodiscard]] std::optional<Time> next_timeout() const;
  /// Longest time between two on_sample() calls that keeps every promise at the link's speed; nothing: no need.
  [[nodiscard]] std::optional<Duration> sample_interval() const;

  [[nodiscard]] PortStatus status() const;
  [[nodiscard]] Snapshot snapshot() const;
  /// Moves whenever status().supplicant differs from before, times and counters aside.
  [[nodiscard]] std::uint64_t supplicant_revision() const noexcept { return access_.logon().revision(); }
  /// The same of status().authenticator, its servers aside.
  [[nodiscard]] std::uint64_t authenticator_revision() const noexcept { return access_.admission().revision(); }
  /// The authenticator lets a host use the port.
  [[nodiscard]] bool has_host() const noexcept { return access_.admission().has_session(); }
  /// Why the last session of a host ended.
  [[nodiscard]] TerminateCause host_left_by() const noexcept { return access_.admission().ended_by(); }
  [[nodiscard]] const Profile& profile() const noexcept;

 private:
  void receive_eapol(const EapolFrame& frame, Time now);
  void receive_mkpdu(const EapolFrame& frame, Time now);
  void tell_mismatch(Participant& key, Time now);
  void settle(Time now);

  Context context_;
  Kay kay_;
  Access access_;
  Reporter reporter_;
  std::uint64_t told_revision_ = 0;
  std::optional<Time> told_until_;
};

}  // namespace macsec::core
