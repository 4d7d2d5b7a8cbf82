// SPDX-License-Identifier: LGPL-2.1-or-later
/// All profiles the daemon knows, each name once: its file or the client that keeps it in memory, and the settings that
/// were good last.
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
  enum class Tell : std::uint8_t {
    everything,  ///< an operator asked
    news,        ///< what the last load() did not find
  };
  /// Reads all files again. A name that is a file's from now on is no client's any more. Where a file, or its directory,
  /// is there and cannot be used, the settings read before stay in use and a problem says so.
  void load(Tell tell, const Report& report);
  /// All errors of the last load(), one line; empty where there are none.
  [[nodiscard]] const std::string& errors() const noexcept { return errors_; }

  /// What shall run, by name: with settings, and enabled.
  [[nodiscard]] std::vector<ProfilePointer> wanted() const;
  /// What does not run, but whose device shall be there, by name.
  [[nodiscard]] std::vector<ProfilePointer> spare() const;

  [[nodiscard]] const std::vector<std::string>& directories() const noexcept { return directories_; }
  [[nodiscard]] std::vector<std::string> names() const;
  [[nodiscard]] bool has(const std::string& name) const { return entries_.contains(name); }
  [[nodiscard]] bool is_file(const std::string& name) const;
  [[nodiscard]] bus::ProfileState state(const std::string& name) const;
  /// What stands in the way of running it now, found after reading; replaces what was there.
  void set_running_problems(std::map<std::string, std::string> problems) { running_problems_ = std::move(problems); }

  // The contract of bus::Model, without the sessions that follow. Functions that return names return those touched.
  [[nodiscard]] Result<void> put(ProfilePointer profile, bus::ClientProfile client);
  [[nodiscard]] Result<void> put_broken(const std::string& name, bus::ClientProfile client);
  /// Only writes: load() takes the file over.
  [[nodiscard]] Result<void> write(const Profile& profile) const;
  /// An error may leave a file without some of its drop-ins: load() tells.
  [[nodiscard]] Result<void> remove(const std::string& name);
  [[nodiscard]] Result<void> set_enabled(const std::string& name, bool enabled);
  [[nodiscard]] Result<void> set_problems(const std::string& name, std::vector<bus::Problem> problems);
  [[nodiscard]] std::size_t count_of(const std::string& client) const;
  std::vector<std::string> leave(const std::string& client, Time now);
  std::vector<std::string> lose_clients(Time now);
  [[nodiscard]] std::vector<std::string> lost_clients() const;
  std::vector<std::string> come_back(const std::string& client);
  std::vector<std::string> expire(Time now);
  [[nodiscard]] std::optional<Time> next_expiry() const;

 private:
  struct Entry {
    bus::ProfileState state;
    std::string path;  ///< of the main file; empty: in memory
  };
  using Entries = std::map<std::string, Entry>;

  [[nodiscard]] Result<Entry*> memory_entry(const std::string& name);
  [[nodiscard]] Result<void> judge(const Profile& wanted, const std::string& path) const;
  [[nodiscard]] static Entry from_file(ProfileFile file, const Entry* before);

  std::vector<std::string> directories_;
  ProfileContext context_;
  Entries entries_;
  std::map<std::string, std::string> running_problems_;
  std::vector<std::string> told_;  ///< diagnostics of the last load(), sorted
  std::string errors_;
};

}  // namespace macsec::daemon
