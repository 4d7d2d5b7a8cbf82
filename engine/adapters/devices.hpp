// SPDX-License-Identifier: LGPL-2.1-or-later
/// What is under the sessions: creates or adopts their devices, follows devices and parents as they come and go, and tells
/// the ports of their links.
#pragma once

#include "engine/adapters/configuration_keeper.hpp"
#include "engine/adapters/netlink/link_monitor.hpp"
#include "engine/adapters/sessions.hpp"
#include "engine/adapters/wires.hpp"

#include <functional>
#include <string>
#include <vector>

namespace macsec::os {

class Devices {
 public:
  struct Hooks {
    std::function<void(Session&)> settle;   ///< after every call into a port
    std::function<void(Session&)> changed;  ///< something an observer of the session sees
    std::function<void()> end_of_turn;      ///< reassert() is wanted once this turn of the loop is over
  };
  /// All arguments outlive this.
  Devices(EventLoop& loop, LinkMonitor& links, Sessions& sessions, Wires& wires, TimerQueue& timers, Hooks hooks);
  Devices(const Devices&) = delete;
  Devices& operator=(const Devices&) = delete;

  /// Creates or adopts the session's device where that is possible and its back-off allows it, and tells the port.
  /// A failure is the session's state; it is tried again.
  void attach(Session& session, Time now);
  /// The profile of the session is another one now, with the same device.
  void reconfigure(Session& session, ProfilePointer profile, Time now);
  /// To be called after every call into the port, which may have had the device re-created for another cipher suite.
  void follow(Session& session);
  /// The session ends. With `take_down` its device is deleted, or freed of keys where another program made it.
  void release(Session& session, bool take_down);

  /// Where the session's frames go, also while there is no device on it; null where that does not exist.
  [[nodiscard]] const Link* parent_of(const Session& session) const noexcept;

  void on_link_change(const LinkChange& change, Time now);
  /// Restores what other programs changed since the last call.
  void reassert();
  void reassert(Session& session, Time now);

 private:
  void detach(Session& session, Time now);
  void refused(Session& session, const Error& error, Time now);
  void place(Session& session);
  void displace(Session& session) noexcept;
  void update_link(Session& session, Time now);
  void foretell(const LinkChange& change);
  void plan_reassert(Session& session);
  void keep_configuration(const Session& session);

  LinkMonitor& links_;
  Sessions& sessions_;
  Wires& wires_;
  TimerQueue& timers_;
  Hooks hooks_;
  ConfigurationKeeper keeper_;
  std::vector<Session*> on_parent_;
  std::vector<Session*> reasserts_;
};

}  // namespace macsec::os
