// SPDX-License-Identifier: LGPL-2.1-or-later
/// Profiles and the links that run them, as the bus sees the daemon.
#pragma once

#include "dbus/daemon/profiles.hpp"
#include "dbus/server/key_ports.hpp"
#include "engine/adapters/driver.hpp"

namespace macsec::daemon {

class Manager final : public bus::Model {
 public:
  /// `driver` and `journal` outlive the manager.
  Manager(os::Driver& driver, os::Journal& journal, ProfileStore store);

  /// Told of every profile that is new, changed or gone.
  void observe(std::function<void(const std::string& profile)> changed) { profile_changed_ = std::move(changed); }

  [[nodiscard]] std::vector<std::string> profiles() const override { return profiles_.store().names(); }
  [[nodiscard]] bool has_profile(const std::string& name) const override { return profiles_.store().has(name); }
  [[nodiscard]] bus::ProfileState profile(const std::string& name) const override {
    return profiles_.store().state(name);
  }
  [[nodiscard]] std::vector<std::string> profile_directories() const override {
    return profiles_.store().directories();
  }
  [[nodiscard]] Result<void> reload() override {
    driver_.read_credentials();  // those of profiles that differ come after
    return profiles_.reload();
  }
  [[nodiscard]] Result<void> put_profile(ProfilePointer profile, bus::ClientProfile client) override {
    return profiles_.put(std::move(profile), std::move(client));
  }
  [[nodiscard]] Result<void> put_broken_profile(const std::string& name, bus::ClientProfile client) override {
    return profiles_.put_broken(name, std::move(client));
  }
  [[nodiscard]] Result<void> store_profile(const Profile& profile) override { return profiles_.write(profile); }
  [[nodiscard]] Result<void> remove_profile(const std::string& name) override { return profiles_.remove(name); }
  [[nodiscard]] Result<void> set_profile_enabled(const std::string& name, bool enabled) override {
    return profiles_.set_enabled(name, enabled);
  }
  [[nodiscard]] Result<void> set_profile_problems(const std::string& name,
                                                  std::vector<bus::Problem> problems) override {
    return profiles_.set_problems(name, std::move(problems));
  }
  [[nodiscard]] std::size_t profiles_of(const std::string& client) const override {
    return profiles_.store().count_of(client);
  }
  [[nodiscard]] Result<bus::KeyAdded> add_key(const std::string& profile, const PreSharedKey& key) override;
  [[nodiscard]] Result<void> retire_key(const std::string& profile, const Ckn& ckn, core::Retirement how,
                                        Duration timeout) override;
  [[nodiscard]] Result<void> keep_key(const std::string& profile, const Ckn& ckn) override;
  /// A session took a key out of use: finish_retirements() writes so, once the driver may be changed again.
  void key_retired(const std::string& profile, const Ckn& ckn) { retired_.emplace_back(profile, ckn); }
  void finish_retirements();

  void client_left(const std::string& client, Time now) override { profiles_.client_left(client, now); }
  void clients_lost(Time now) override { profiles_.clients_lost(now); }
  [[nodiscard]] std::vector<std::string> lost_clients() const override { return profiles_.store().lost_clients(); }
  void client_is_back(const std::string& client) override { profiles_.client_is_back(client); }
  void expire_profiles(Time now) override { profiles_.expire(now); }
  [[nodiscard]] std::optional<Time> next_expiry() const override { return profiles_.store().next_expiry(); }

  [[nodiscard]] std::vector<std::string> sessions() const override;
  [[nodiscard]] std::vector<std::string> sessions_of(const std::string& profile) const override;
  [[nodiscard]] bool has_session(const std::string& interface) const override;
  [[nodiscard]] bus::SessionState session(const std::string& interface) const override;
  [[nodiscard]] Result<void> rekey(const std::string& interface) override;
  [[nodiscard]] Result<void> suspend(const std::string& interface, Duration span) override;
  [[nodiscard]] Result<void> reauthenticate(const std::string& interface) override;
  [[nodiscard]] Result<void> log_off(const std::string& interface) override;
  [[nodiscard]] Result<void> terminate(const std::string& interface) override;
  [[nodiscard]] Result<void> set_session_enabled(const std::string& interface, bool enabled) override;
  [[nodiscard]] bus::Statistics statistics(const std::string& interface) override;
  [[nodiscard]] std::vector<doctor::Finding> diagnose(const std::string& interface) override;
  [[nodiscard]] Result<bus::LinkCapabilities> link_capabilities(const std::string& name) override;

  void set_spare_problem(const std::string& profile, const std::string& problem) {
    profiles_.set_spare_problem(profile, problem);
  }

  void set_problems(const std::vector<os::Driver::Problem>& problems);

  /// Links by state, for one line of status: "3 links: 2 secured, 1 pending".
  [[nodiscard]] std::string summary() const;
  /// What there is, for the first line of the journal: "3 profiles, 2 links, 1 profile with errors (macsecctl profile check)".
  [[nodiscard]] std::string inventory() const;

 private:
  [[nodiscard]] Result<void> begin_retirement(const std::string& profile, const Ckn& ckn, core::Retirement how,
                                              Duration timeout);
  [[nodiscard]] Result<void> retire_unused(const std::string& profile, const Ckn& ckn);
  [[nodiscard]] Result<void> retire_at_once(const std::string& profile, const Ckn& ckn);
  [[nodiscard]] Result<void> drain(const std::string& profile, const std::vector<os::Session*>& sessions,
                                   const Ckn& ckn, core::Retirement how, Duration timeout);
  [[nodiscard]] Result<void> write_off(const std::string& profile, const Ckn& ckn);
  [[nodiscard]] static std::vector<bus::KeyPort> ports_of(std::span<os::Session* const> sessions, const Ckn& ckn);
  [[nodiscard]] bool uses(const std::string& profile, const Ckn& ckn) const;
  void tell(os::LogLevel level, std::string_view id, const std::string& profile, std::string_view text);
  std::vector<Profiles::Obstacle> run(const std::vector<ProfilePointer>& wanted,
                                      const std::vector<ProfilePointer>& spare, const std::vector<IdleProfile>& idle);
  [[nodiscard]] std::vector<os::Session*> find_all(const std::string& profile) const;
  /// By the profile's interface name, which is the session's for as long as it lives.
  [[nodiscard]] os::Session* find(const std::string& interface) const;

  os::Driver& driver_;
  os::Journal& journal_;
  std::vector<std::pair<std::string, Ckn>> retired_;  ///< profile and key, whose files do not say so yet
  /// Ports that are not asked while the others drain a key: profile and key to their names.
  std::map<std::pair<std::string, Ckn>, std::set<std::string>> left_out_;
  std::function<void(const std::string&)> profile_changed_;
  Profiles profiles_;
};

}  // namespace macsec::daemon
