// SPDX-License-Identifier: LGPL-2.1-or-later
/// Keeps the daemon's profiles those of networkd's files.
#pragma once

#include "dbus/client/mirror.hpp"
#include "plugin/networkd/links.hpp"
#include "plugin/networkd/netdev.hpp"
#include "plugin/networkd/watcher.hpp"

namespace macsec::networkd {

struct ServiceOptions {
  std::vector<std::string> directories = network_directories();
  std::string bus_address;  ///< empty: the system bus
};

class Service {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Service>> open(ServiceOptions options);
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  ~Service() = default;

  /// Serves until a signal ends it.
  [[nodiscard]] Result<void> run();

 private:
  /// One link: what the files want, and what the daemon was told.
  struct Entry {
    Netdev netdev;
    std::string parent;                 ///< as last known
    std::string told;                   ///< fingerprint of what the daemon took; empty: nothing yet
    bool force = false;                 ///< tell it again: a key file may have changed
    bool busy = false;                  ///< an answer is awaited
    std::string refused;                ///< fingerprint of the settings the daemon did not take
    std::vector<bus::Problem> reasons;  ///< why not
  };
  using EventPointer = std::unique_ptr<sd_event, Releases<sd_event_unref>>;

  explicit Service(ServiceOptions options) : options_{std::move(options)} {}
  [[nodiscard]] Result<void> start();
  [[nodiscard]] Result<void> add_sources();

  void reload(bool force);
  void reconcile();
  void remove_stale();
  void sync(const std::string& name, Entry& entry);
  void answered(const std::string& name, const bus::Outcome<bus::ObjectPath>& outcome, const std::string& settings,
                const std::string& told);
  void explain(const std::string& name, const std::string& settings, const std::string& text);
  void daemon_changed(const bus::Change& change);
  [[nodiscard]] std::vector<bus::Problem> problems_of(const Entry& entry) const;
  void report(const bus::Problem& problem);
  void tell_status();

  void on_signal(const signalfd_siginfo& info);
  void on_settled();
  void arm(Source& timer, std::chrono::microseconds after);

  ServiceOptions options_;
  EventPointer event_;
  std::unique_ptr<bus::Client> client_;
  std::unique_ptr<Links> links_;
  std::unique_ptr<Watcher> watcher_;
  Configuration configuration_;
  std::map<std::string, Entry> entries_;  ///< by interface
  std::set<std::string> leaving_;         ///< paths of profiles that are being removed
  std::set<std::string> reported_;        ///< complaints that are in the journal already
  bool force_ = false;                    ///< a key file changed since the last reload
  unsigned generation_ = 0;               ///< of the daemon; answers of an earlier one do not count
  std::string status_;
  bus::SlotPointer networkd_;
  std::unique_ptr<bus::Mirror> mirror_;
  Source settled_;
  Source retry_;
  std::vector<Source> signals_;
};

}  // namespace macsec::networkd
