// SPDX-License-Identifier: LGPL-2.1-or-later
/// All profiles the daemon knows: those of the files, and those kept in memory for programs.
#pragma once

#include "dbus/server/model.hpp"
#include "engine/config/profile_set.hpp"

#include <functional>
#include <map>

namespace macsec::daemon {

class ProfileStore {
 public:
  /// `directories`, the administrator's first; empty: the usual ones.
  ProfileStore(std::vector<std::string> directories, ProfileContext context);

  using Report = std::function<void(const Diagnostic&)>;
  /// Reads all files again; profiles in memory stay. Each diagnostic not told before goes to `report`.
  void load(const Report& report);

  /// What shall run, by name: with settings, enabled, and colliding with none before.
  [[nodiscard]] std::vector<ProfilePointer> wanted() const;
  /// What does not run, but whose device shall be there, by name.
  [[nodiscard]] std::vector<ProfilePointer> spare() const;

  [[nodiscard]] const std::vector<std::string>& directories() const noexcept { return directories_; }
  [[nodiscard]] std::vector<std::string> names() const;
  [[nodiscard]] bool has(const std::string& name) const { return entries_.contains(name); }
  [[nodiscard]] bus::ProfileState state(const std::string& name) const;
  /// What stands in the way of running it now, found after reading; replaces what was there.
  void set_running_problems(std::map<std::string, std::string> problems) { running_problems_ = std::move(problems); }

  /// The contract of bus::Model.
  [[nodiscard]] Result<void> put(ProfilePointer profile);
  [[nodiscard]] Result<void> put_broken(bus::ProfileState state);
  [[nodiscard]] Result<void> write(const Profile& profile);
  [[nodiscard]] Result<void> remove(const std::string& name);
  [[nodiscard]] Result<void> set_enabled(const std::string& name, bool enabled);

 private:
  struct Entry {
    bus::ProfileState state;
    std::string path;  ///< of the main file; empty: in memory
  };
  [[nodiscard]] static bus::Problem problem(const Diagnostic& diagnostic);

  std::vector<std::string> directories_;
  ProfileContext context_;
  std::map<std::string, Entry> entries_;
  std::map<std::string, std::string> running_problems_;
  std::vector<std::string> told_;  ///< diagnostics of the last load(), sorted
};

}  // namespace macsec::daemon
