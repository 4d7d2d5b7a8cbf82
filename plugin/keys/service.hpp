// SPDX-License-Identifier: LGPL-2.1-or-later
/// Brings the links whose profiles have a section [KeySource] their keys.
#pragma once

#include "plugin/keys/link.hpp"
#include "plugin/keys/sources_object.hpp"

namespace macsec::keys {

struct ServiceOptions {
  std::string directory = sources_directory;
  std::string bus_address{};  ///< empty: the system bus
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
  using EventPointer = std::unique_ptr<sd_event, Releases<sd_event_unref>>;
  using EventSource = std::unique_ptr<sd_event_source, Releases<sd_event_source_disable_unref>>;
  using Servers = std::map<std::string, std::unique_ptr<Server>>;
  using Links = std::map<std::string, std::unique_ptr<Link>>;

  explicit Service(ServiceOptions options) : options_{std::move(options)} {}
  [[nodiscard]] Result<void> start();
  [[nodiscard]] Result<void> add_sources();

  int signalled(const signalfd_siginfo& info);
  void reload();
  void daemon_changed(const bus::Change& change);
  /// Makes and ends links as profiles say.
  void reconcile();
  void reconcile(const bus::ProfileInfo& profile, Time now);
  void unknown_ckn(const std::string& session, const std::string& ckn);
  void tick();
  void wake() { arm(Time{}); }
  /// Has tick() called at `when`, or before.
  void arm(Time when);
  void tell_server(const Server& server);
  [[nodiscard]] std::vector<SourceRow> rows() const;
  void tell_status();
  [[nodiscard]] Time now() const;

  ServiceOptions options_;
  EventPointer event_;
  std::vector<EventSource> signals_;
  EventSource timer_;
  Time due_ = Time::max();  ///< when the timer ends
  std::unique_ptr<Resolver> resolver_;
  std::unique_ptr<bus::Client> client_;
  std::unique_ptr<bus::Mirror> mirror_;
  std::optional<Server::Surroundings> around_servers_;
  std::optional<Link::Surroundings> around_links_;
  Servers servers_;                                           ///< by name
  Links links_;                                               ///< by path of the profile; end before the servers
  std::map<std::string, std::map<Ckn, Secret<32>>> brought_;  ///< by path, of links that wait for the daemon
  std::map<std::string, bool> told_up_;                       ///< servers whose state is in the journal
  std::set<std::string> complaints_;                          ///< that are in the journal already
  std::string status_;
  std::unique_ptr<SourcesObject> object_;
};

}  // namespace macsec::keys
