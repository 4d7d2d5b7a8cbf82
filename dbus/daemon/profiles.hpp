// SPDX-License-Identifier: LGPL-2.1-or-later
/// The profile half of bus::Model: the store, and what follows from every change of it.
#pragma once

#include "dbus/daemon/profile_store.hpp"

#include <functional>

namespace macsec::daemon {

class Profiles {
 public:
  /// What keeps a profile from running now.
  struct Obstacle {
    std::string profile;
    std::string text;
    bool error = true;  ///< no: a warning
  };
  struct Hooks {
    /// Makes the links follow: what shall run, whose device shall be there, and what does not run.
    std::function<std::vector<Obstacle>(const std::vector<ProfilePointer>& wanted,
                                        const std::vector<ProfilePointer>& spare, const std::vector<IdleProfile>& idle)>
        run;
    /// Into the journal: what a file says wrong, and what keeps a profile from running.
    std::function<void(const Diagnostic& diagnostic)> bad_file;
    std::function<void(const Obstacle& obstacle)> obstacle;
    /// Told of every profile that is new, changed or gone.
    std::function<void(const std::string& profile)> changed;
  };
  Profiles(ProfileStore store, Hooks hooks) : store_{std::move(store)}, hooks_{std::move(hooks)} {}

  [[nodiscard]] const ProfileStore& store() const noexcept { return store_; }

  // The contract of bus::Model.
  [[nodiscard]] Result<void> reload();
  [[nodiscard]] Result<void> put(ProfilePointer profile, bus::ClientProfile client);
  [[nodiscard]] Result<void> put_broken(const std::string& name, bus::ClientProfile client);
  [[nodiscard]] Result<void> write(const Profile& profile);
  [[nodiscard]] Result<void> remove(const std::string& name);
  [[nodiscard]] Result<void> set_enabled(const std::string& name, bool enabled);
  [[nodiscard]] Result<void> set_problems(const std::string& name, std::vector<bus::Problem> problems);
  [[nodiscard]] Result<bus::KeyAdded> add_key(const std::string& name, const PreSharedKey& key);
  [[nodiscard]] Result<void> retire_key(const std::string& name, const Ckn& ckn);
  void client_left(const std::string& client, Time now) { changed(store_.leave(client, now)); }
  void clients_lost(Time now) { changed(store_.lose_clients(now)); }
  void client_is_back(const std::string& client) { changed(store_.come_back(client)); }
  void expire(Time now) { changed(store_.expire(now)); }

  /// What keeps profiles from running now; those whose obstacles are others are published.
  void set_obstacles(std::vector<Obstacle> obstacles);
  /// What keeps a profile's device from being created in advance; empty: nothing does any more.
  void set_spare_problem(const std::string& profile, const std::string& problem);

 private:
  using Problems = ProfileStore::RunningProblems;

  void load(ProfileStore::Tell tell);
  void follow();
  /// Returns what there was before.
  [[nodiscard]] Problems take(std::vector<Obstacle> obstacles);
  void changed(const std::vector<std::string>& names);
  /// Into the journal, where it is new.
  void tell(const Problems& known, const std::string& profile, const RunningProblem& problem);
  void publish_problems();

  ProfileStore store_;
  Hooks hooks_;
  Problems running_problems_;
  Problems spare_problems_;
};

}  // namespace macsec::daemon
