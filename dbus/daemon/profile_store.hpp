// SPDX-License-Identifier: LGPL-2.1-or-later
/// All profiles the daemon knows, each name once: its file or the client that keeps it in memory, and the settings that
/// were good last.
#pragma once

#include "dbus/daemon/memory_keyring.hpp"
#include "dbus/server/model.hpp"
#include "engine/base/file.hpp"
#include "engine/config/profile_set.hpp"

#include <functional>
#include <map>

namespace macsec::daemon {

/// What stands in the way of running a profile.
struct RunningProblem {
  std::string text;
  bool error = true;  ///< no: a warning
  friend bool operator==(const RunningProblem&, const RunningProblem&) = default;
};

class ProfileStore {
 public:
  using RunningProblems = std::map<std::string, RunningProblem>;  ///< by profile
  /// `directories`, the administrator's first; empty: the usual ones.
  ProfileStore(std::vector<std::string> directories, ProfileContext context, MemoryKeyring memory_keys = {});

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
  /// All that does not run, by name: what is not enabled, and what has no settings for its errors. A connection of
  /// NetworkManager that is not active is one of many that may be, and lays no claim to an interface.
  [[nodiscard]] std::vector<IdleProfile> idle() const;

  [[nodiscard]] const std::vector<std::string>& directories() const noexcept { return directories_; }
  [[nodiscard]] std::vector<std::string> names() const;
  [[nodiscard]] bool has(const std::string& name) const { return entries_.contains(name); }
  [[nodiscard]] bool is_file(const std::string& name) const;
  [[nodiscard]] bus::ProfileState state(const std::string& name) const;
  /// What stands in the way of running it now, found after reading; replaces what was there.
  void set_running_problems(RunningProblems problems) { running_problems_ = std::move(problems); }

  // The contract of bus::Model, without the sessions that follow. Functions that return names return those touched.
  [[nodiscard]] Result<void> put(ProfilePointer profile, bus::ClientProfile client);
  /// One more key, in a drop-in of its own or, where its origin says so, in memory. EEXIST: the CKN has, or had, another
  /// CAK; E2BIG: there are enough; ENOTSUP; EINVAL.
  [[nodiscard]] Result<bus::KeyAdded> add_key(const std::string& name, const PreSharedKey& key);
  /// Whether retire_key() could be done: ENOENT: no such key; ENODATA: it is the last primary one; EROFS.
  [[nodiscard]] Result<void> may_retire(const std::string& name, const Ckn& ckn) const;
  /// Writes that the key is not used any more, in place of its file where it has one; one from memory is forgotten.
  [[nodiscard]] Result<void> retire_key(const std::string& name, const Ckn& ckn);
  [[nodiscard]] Result<void> put_broken(const std::string& name, bus::ClientProfile client);
  /// Only writes: load() takes the file over. EINVAL: it would not be read back as this profile, for a drop-in for one, or
  /// collides with another.
  [[nodiscard]] Result<void> write(const Profile& profile) const;
  /// An error may leave a file without some of its drop-ins: load() tells.
  [[nodiscard]] Result<void> remove(const std::string& name);
  /// EINVAL: it collides with another profile, or a drop-in says otherwise.
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
    std::string path;     ///< of the main file; empty: in memory
    std::string parent;   ///< of a file: what it says, even where the rest is wrong
    ProfilePointer base;  ///< in memory: as its client said it, without what key files add
  };
  using Entries = std::map<std::string, Entry>;

  [[nodiscard]] Result<Entry*> memory_entry(const std::string& name);
  [[nodiscard]] ProfileContext context() const;
  [[nodiscard]] Result<void> judge(const Profile& wanted, const std::string& path, const DropIns& drop_ins) const;
  [[nodiscard]] Result<void> may_run(const Profile& wanted) const;
  [[nodiscard]] Result<FileReplacement> write_enable(const std::string& name, bool enabled) const;
  [[nodiscard]] std::string enable_file_of(const std::string& name) const;
  [[nodiscard]] std::string objection_of_drop_ins(const Profile& wanted, const Profile& whole) const;
  [[nodiscard]] ProfileFile read(const std::string& name, const Entry& entry, const DropIns& drop_ins) const;
  [[nodiscard]] Result<void> replace_key_file(const std::string& name, const Ckn& ckn, std::string_view text) const;
  [[nodiscard]] std::string key_file_of(const std::string& name, const Ckn& ckn) const;
  [[nodiscard]] std::vector<Ckn> keys_in_own_files(const std::string& name) const;
  void forget_oldest(const Profile& profile) const;
  /// What they added to `base_before`, which made `before`, stays in use where they have an error. Null: there was none.
  void add_key_files(Entry& entry, const ProfilePointer& before, const ProfilePointer& base_before) const;
  void forget_absent();
  [[nodiscard]] Entry from_file(ProfileFile file, const Entry* before) const;

  std::vector<std::string> directories_;
  ProfileContext context_;
  Entries entries_;
  MemoryKeyring memory_keys_;
  RunningProblems running_problems_;
  std::vector<std::string> told_;  ///< diagnostics of the last load(), sorted
  std::string errors_;
};

}  // namespace macsec::daemon
