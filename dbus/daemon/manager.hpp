// SPDX-License-Identifier: LGPL-2.1-or-later
/// Profiles and the links that run them, as the bus sees the daemon.
#pragma once

#include "dbus/daemon/profile_store.hpp"
#include "engine/adapters/driver.hpp"

namespace macsec::daemon {

class Manager final : public bus::Model {
 public:
  /// `driver` and `journal` outlive the manager.
  Manager(os::Driver& driver, os::Journal& journal, ProfileStore store);

  /// Told of every profile that is new, changed or gone.
  void observe(std::function<void(const std::string& profile)> changed) { profile_changed_ = std::move(changed); }

  [[nodiscard]] std::vector<std::string> profiles() const override { return store_.names(); }
  [[nodiscard]] bool has_profile(const std::string& name) const override { return store_.has(name); }
  [[nodiscard]] bus::ProfileState profile(const std::string& name) const override { return store_.state(name); }
  [[nodiscard]] std::vector<std::string> profile_directories() const override { return store_.directories(); }
  [[nodiscard]] Result<void> reload() override;
  [[nodiscard]] Result<void> put_profile(ProfilePointer profile) override;
  [[nodiscard]] Result<void> put_broken_profile(bus::ProfileState state) override;
  [[nodiscard]] Result<void> store_profile(const Profile& profile) override;
  [[nodiscard]] Result<void> remove_profile(const std::string& name) override;
  [[nodiscard]] Result<void> set_profile_enabled(const std::string& name, bool enabled) override;

  [[nodiscard]] std::vector<std::string> sessions() const override;
  [[nodiscard]] bool has_session(const std::string& interface) const override;
  [[nodiscard]] bus::SessionState session(const std::string& interface) const override;
  [[nodiscard]] Result<void> rekey(const std::string& interface) override;
  [[nodiscard]] Result<void> suspend(const std::string& interface, Duration span) override;
  [[nodiscard]] Result<void> set_session_enabled(const std::string& interface, bool enabled) override;
  [[nodiscard]] bus::Statistics statistics(const std::string& interface) override;
  [[nodiscard]] Result<bus::LinkCapabilities> link_capabilities(const std::string& name) override;

  /// What keeps a profile's device from being made beforehand; empty: nothing does any more.
  void set_spare_problem(const std::string& profile, const std::string& problem);

  /// Links by state, for one line of status: "3 links: 2 secured, 1 pending".
  [[nodiscard]] std::string summary() const;

 private:
  using Problems = std::map<std::string, std::string>;  ///< by profile

  void reconcile();
  /// Into the journal, where it is new.
  void tell(const Problems& known, const std::string& profile, const std::string& problem);
  void publish_problems();
  void changed(const std::string& profile);
  /// By the profile's interface name, which is the session's for as long as it lives.
  [[nodiscard]] os::Session* find(const std::string& interface) const;

  os::Driver& driver_;
  os::Journal& journal_;
  ProfileStore store_;
  Problems running_problems_;
  Problems spare_problems_;
  std::function<void(const std::string&)> profile_changed_;
};

}  // namespace macsec::daemon
