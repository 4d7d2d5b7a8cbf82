// SPDX-License-Identifier: LGPL-2.1-or-later
/// A daemon without a kernel: real profiles in a directory of its own, sessions that are what a test says they are.
#pragma once

#include "dbus/daemon/profiles.hpp"
#include "tests/dbus/private_bus.hpp"

#include <set>

namespace macsec::test {

class TestModel final : public bus::Model {
 public:
  TestModel();

  /// The bus hears of changes through these; set by whoever runs a server over the model.
  std::function<void(const std::string&)> profile_changed = [](const std::string&) {};
  std::function<void(const std::string&)> session_changed = [](const std::string&) {};
  /// What patterns of profiles that are put from now on may match.
  std::vector<std::string> interfaces;
  /// By interface. Sessions of enabled profiles come and go by themselves; set_session() says what they are like.
  void set_session(bus::SessionState state);
  /// The next command fails with this.
  std::optional<Error> next_error;
  /// How often the state of each session was asked for.
  mutable std::map<std::string, unsigned> asked;
  /// Commands that arrived: "rekey macsec0".
  std::vector<std::string> commands;
  [[nodiscard]] std::filesystem::path directory() const { return files_.path() / "etc"; }
  [[nodiscard]] std::filesystem::path vendor_directory() const { return files_.path() / "usr"; }

  [[nodiscard]] std::vector<std::string> profiles() const override { return profiles_.store().names(); }
  [[nodiscard]] bool has_profile(const std::string& name) const override { return profiles_.store().has(name); }
  [[nodiscard]] bus::ProfileState profile(const std::string& name) const override {
    return profiles_.store().state(name);
  }
  [[nodiscard]] std::vector<std::string> profile_directories() const override {
    return profiles_.store().directories();
  }
  [[nodiscard]] Result<void> reload() override;
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
  [[nodiscard]] Result<bus::KeyAdded> add_key(const std::string& profile, const PreSharedKey& key) override {
    return profiles_.add_key(profile, key);
  }
  /// What the session proves at once, or says in next_error.
  [[nodiscard]] Result<void> retire_key(const std::string& profile, const Ckn& ckn, core::Retirement how,
                                        Duration timeout) override;
  [[nodiscard]] Result<void> keep_key(const std::string& profile, const Ckn& ckn) override {
    return done("keep " + profile + " " + to_string(ckn));
  }
  void client_left(const std::string& client, Time now) override { profiles_.client_left(client, now); }
  void clients_lost(Time now) override { profiles_.clients_lost(now); }
  [[nodiscard]] std::vector<std::string> lost_clients() const override { return profiles_.store().lost_clients(); }
  void client_is_back(const std::string& client) override { profiles_.client_is_back(client); }
  void expire_profiles(Time now) override { profiles_.expire(now); }
  [[nodiscard]] std::optional<Time> next_expiry() const override { return profiles_.store().next_expiry(); }

  [[nodiscard]] std::vector<std::string> sessions() const override;
  [[nodiscard]] std::vector<std::string> sessions_of(const std::string& profile) const override;
  [[nodiscard]] bool has_session(const std::string& interface) const override { return sessions_.contains(interface); }
  [[nodiscard]] bus::SessionState session(const std::string& interface) const override {
    ++asked[interface];
    return sessions_.at(interface);
  }
  [[nodiscard]] Result<void> rekey(const std::string& interface) override;
  [[nodiscard]] Result<void> suspend(const std::string& interface, Duration span) override;
  [[nodiscard]] Result<void> reauthenticate(const std::string& interface) override;
  [[nodiscard]] Result<void> log_off(const std::string& interface) override;
  [[nodiscard]] Result<void> terminate(const std::string& interface) override;
  [[nodiscard]] Result<void> set_session_enabled(const std::string& interface, bool enabled) override;
  [[nodiscard]] bus::Statistics statistics(const std::string& interface) override;
  [[nodiscard]] std::vector<doctor::Finding> diagnose(const std::string& interface) override;
  [[nodiscard]] Result<bus::LinkCapabilities> link_capabilities(const std::string& name) override;

 private:
  Result<void> done(std::string command);
  std::vector<daemon::Profiles::Obstacle> run(const std::vector<ProfilePointer>& profiles);

  TemporaryDirectory files_;
  std::map<std::string, bus::SessionState> sessions_;
  daemon::Profiles profiles_;
};

/// A session that works, with one peer; the profile is called "lab".
[[nodiscard]] bus::SessionState secured_session(const std::string& interface);

}  // namespace macsec::test
