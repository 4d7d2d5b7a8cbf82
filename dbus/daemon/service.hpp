// SPDX-License-Identifier: LGPL-2.1-or-later
/// The running daemon: everything wired together, told to the service manager.
#pragma once

#include "dbus/daemon/manager.hpp"
#include "dbus/daemon/options.hpp"
#include "dbus/server/server.hpp"
#include "engine/adapters/system/memory_keeper.hpp"

namespace macsec::daemon {

class Service {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Service>> open(const Options& options);
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  /// Reads the profiles, serves until a signal ends it.
  [[nodiscard]] Result<void> run();

 private:
  explicit Service(const Options& options);
  [[nodiscard]] Result<void> start();
  [[nodiscard]] Result<void> start_bus();
  /// Waits for the bus to say whose the name is, no longer than it takes one that runs. False: a signal ended the wait.
  [[nodiscard]] bool settle_name();
  void reload();
  void stop(os::Driver::Farewell farewell);
  void status_changed();
  void on_event(const os::Session& session, const core::Event& event);

  Options options_;
  os::Journal journal_;
  os::EventLoop loop_;
  os::StateStore state_;
  std::unique_ptr<os::Driver> driver_;
  std::optional<os::MemoryKeeper> memory_;
  std::unique_ptr<Manager> manager_;
  std::unique_ptr<bus::Server> server_;  ///< null with --no-bus
  os::EventSource sigterm_;
  os::EventSource sigint_;
  os::EventSource sighup_;
  os::EventSource status_timer_;
  os::EventSource retirements_;
  os::EventSource ending_;
  std::optional<Error> ended_by_;  ///< why the service ends by itself
  bool status_due_ = false;
  bool stopping_ = false;
  std::string status_;
};

/// Reads what --check names and prints what is wrong with it; success or bad_profile.
[[nodiscard]] ExitCode check_profiles(const std::vector<std::string>& paths);

}  // namespace macsec::daemon
