// SPDX-License-Identifier: LGPL-2.1-or-later
/// Runs every link of the host: one packet socket an EtherType, one link monitor, one timer, one dump of the kernel's
/// MACsec state an interval, whatever the number of links. An event of one link costs O(log n).
#pragma once

#include "engine/adapters/devices.hpp"
#include "engine/adapters/eap_ports.hpp"
#include "engine/adapters/port_patterns.hpp"
#include "engine/adapters/radius_ports.hpp"
#include "engine/adapters/records.hpp"
#include "engine/adapters/sampling.hpp"
#include "engine/adapters/sessions.hpp"
#include "engine/adapters/spare_devices.hpp"
#include "engine/adapters/system/os_random.hpp"
#include "engine/adapters/system/wall_clock.hpp"
#include "engine/adapters/wires.hpp"

namespace macsec::os {

/// What is told of sessions. None of these may call anything that changes the driver.
struct DriverObserver {
  std::function<void(const Session&)> added;
  /// At most once a session and turn of the loop.
  std::function<void(const Session&)> changed;
  /// Last words; the session is gone afterwards.
  std::function<void(const Session&)> removed;
  /// At once, for every event but snapshot_changed.
  std::function<void(const Session&, const core::Event&)> event;
  /// What keeps the device of a spare profile from being made; empty: nothing does any more.
  std::function<void(const std::string& profile, const std::string& problem)> spare;
  /// What keeps profiles from running is this now, as of Driver::reconcile(): interfaces came, went or were renamed.
  std::function<void(const std::vector<PortPatterns::Problem>& problems)> problems;
};

class Driver {
 public:
  /// What happens to working links when the driver ends.
  enum class Farewell : std::uint8_t {
    leave,      ///< they continue with the keys they have, for the next daemon to take over
    take_down,  ///< keys are deleted, devices made here removed, adopted ones dormant
  };
  using Problem = PortPatterns::Problem;
  /// The first three outlive the driver, which takes its own out of `inherited`. Fails where the kernel has no MACsec or
  /// refuses sockets.
  [[nodiscard]] static Result<std::unique_ptr<Driver>> open(EventLoop& loop, Journal& journal, StateStore& store,
                                                            std::vector<KeptFile>& inherited);
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;
  ~Driver();

  void observe(DriverObserver observer) { observer_ = std::move(observer); }

  /// Makes the sessions those of `profiles`, whatever their Enable= says, touching only what differs. Names are unique.
  /// Profiles that cannot run beside another (same interface) are returned; the one that runs already, else the first by
  /// name, stays. For `spare` there are devices and no sessions (see SpareDevices). A pattern makes a session of each interface
  /// that it matches, now or later, but not of those that a profile of `idle` names, which do not run.
  std::vector<Problem> reconcile(const std::vector<ProfilePointer>& profiles, const std::vector<ProfilePointer>& spare,
                                 const std::vector<IdleProfile>& idle);

  /// Has files and credentials of [8021X] opened again, of profiles that are the same as well.
  void read_credentials() { eap_.read_again(); }

  /// By name of the profile, of a port of a pattern "PROFILE@PARENT".
  [[nodiscard]] const Sessions::ByProfile& sessions() const noexcept { return sessions_.all(); }
  [[nodiscard]] Session* find(std::string_view profile) const noexcept { return sessions_.find(profile); }
  /// As Sessions::find_ifindex().
  [[nodiscard]] Session* find_ifindex(unsigned ifindex) const noexcept { return sessions_.find_ifindex(ifindex); }
  /// By the name that the device or parent has now, else by the name in the profile.
  [[nodiscard]] Session* find_interface(std::string_view interface) const noexcept;

  /// As of core::Port; ENOTSUP for static keys.
  [[nodiscard]] Result<void> rekey(Session& session) {
    return command(session, [](core::Port& port, Time now) { return port.rekey(now); });
  }
  [[nodiscard]] Result<void> suspend(Session& session, Duration span) {
    return command(session, [span](core::Port& port, Time now) { return port.suspend(span, now); });
  }
  [[nodiscard]] Result<void> retire_key(Session& session, const Ckn& ckn, core::Retirement how, Duration timeout) {
    return command(session, [&](core::Port& port, Time now) { return port.retire_key(ckn, how, timeout, now); });
  }
  [[nodiscard]] Result<void> keep_key(Session& session, const Ckn& ckn) {
    return command(session, [&ckn](core::Port& port, Time now) { return port.keep_key(ckn, now); });
  }
  [[nodiscard]] Result<void> reauthenticate(Session& session) {
    return command(session, [](core::Port& port, Time now) { return port.reauthenticate(now); });
  }
  [[nodiscard]] Result<void> log_off(Session& session) {
    return command(session, [](core::Port& port, Time now) { return port.log_off(now); });
  }
  [[nodiscard]] Result<void> terminate(Session& session) {
    return command(session, [](core::Port& port, Time now) { return port.terminate(now); });
  }
  void set_enabled(Session& session, bool enabled);
  /// The kernel's counters, not older than a second.
  [[nodiscard]] Result<SecyCounters> counters(const Session& session);
  [[nodiscard]] MacsecCapabilities capabilities(const std::string& parent) { return kernel_->capabilities(parent); }
  [[nodiscard]] LinkMonitor& links() noexcept { return *links_; }

  /// Ends all sessions. Nothing runs afterwards.
  void stop(Farewell farewell);
  /// After stop(): calls `done` once what is told to RADIUS servers over TLS has left, within RadiusPorts::farewell.
  void finish(std::function<void()> done);

 private:
  Driver(EventLoop& loop, Journal& journal, StateStore& store, std::vector<KeptFile>& inherited);
  [[nodiscard]] Result<void> start();

  std::vector<Problem> follow_profiles();
  void add(ProfilePointer profile, Time now);
  void change(Session& session, ProfilePointer profile, Time now);
  void remove(Session& session, Farewell farewell, Time now);
  void make_port(Session& session, Time now);

  void follow_links();
  void on_link_change(const LinkChange& change);
  void on_frame(unsigned ifindex, Bytes frame);
  void on_sending(unsigned parent, int error);
  void on_eap(const std::string& name, core::EapReport&& report);
  void on_radius(const std::string& name, core::RadiusReport&& report);
  void on_loaded(const std::string& name, const EapVerdict& verdict, bool asked);
  void on_timer();
  [[nodiscard]] std::optional<Time> next_deadline() const;
  void on_sample(Time now);
  void tell_wall_clock(Time now);

  /// Calls a command of the port of MKA; ENOTSUP where there is none.
  [[nodiscard]] Result<void> command(Session& session, const std::function<Result<void>(core::Port&, Time)>& what);

  /// To be called after every call into a port.
  void settle(Session& session);
  void tell(Session& session, const core::Event& event);
  /// Events that nobody but us knows of: the other end waits for frames, and goes first.
  void tell_observer();
  /// To be called at the end of every callback: snapshots to disk, then frames out, then events, then the timer.
  void flush();
  void end_turn();
  void mark_changed(Session& session);

  EventLoop& loop_;
  Journal& journal_;
  StateStore& store_;
  Records records_;
  OsRandom random_;
  DriverObserver observer_;
  std::unique_ptr<MacsecKernel> kernel_;
  std::unique_ptr<LinkMonitor> links_;
  TimerQueue timers_;
  Sampling sampling_;
  std::optional<Time> armed_;

  Wires wires_;
  Sessions sessions_;
  PortPatterns patterns_;
  std::vector<ProfilePointer> spare_profiles_;
  EapPorts eap_;
  RadiusPorts radius_;
  std::optional<Devices> devices_;
  std::optional<SpareDevices> spares_;
  std::vector<Session*> receivers_;  ///< of the frame at hand
  std::vector<Session*> changed_;
  std::vector<std::pair<Session*, core::Event>> untold_;

  WallClock wall_clock_;
  EventSource links_source_;
  EventSource timer_source_;
  EventSource end_turn_source_;
};

}  // namespace macsec::os
