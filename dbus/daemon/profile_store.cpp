// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/daemon/profile_store.hpp"

#include "engine/base/file.hpp"
#include "engine/config/key_limits.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <unistd.h>

namespace macsec::daemon {
namespace {

/// Sorts after what a person would write, so that the last word is the operator's latest.
constexpr std::string_view enable_drop_in = "90-enable.conf";
constexpr FileAttributes profile_attributes{.mode = 0640, .directory_mode = 0750};

std::unexpected<Error> no_profile(const std::string& name) {
  return fail(ENOENT, fmt::format("there is no profile {}", name));
}

bus::Problem problem(const Diagnostic& diagnostic) {
  return {.error = diagnostic.severity == Severity::error,
          .file = diagnostic.file,
          .line = diagnostic.line,
          .setting = diagnostic.setting,
          .text = diagnostic.text};
}

/// All errors in one line; `instead` of a path that nobody knows.
std::string one_line(std::span<const Diagnostic> diagnostics, const std::string& path, const std::string& instead) {
  std::string out;
  for (Diagnostic each : diagnostics) {
    if (each.severity != Severity::error) continue;
    if (each.file == path) each.file = instead;
    out += (out.empty() ? "" : "; ") + to_string(each);
  }
  return out;
}

bool may_change(const std::string& directory) {
  return ::faccessat(AT_FDCWD, directory.c_str(), W_OK | X_OK, AT_EACCESS) == 0;
}

/// The order of keys says nothing.
bool same_in_any_order(const Profile& left, const Profile& right) {
  return left.link == right.link && left.macsec == right.macsec && left.mka == right.mka && left.pae == right.pae &&
         left.static_keys == right.static_keys && std::ranges::is_permutation(left.keys, right.keys);
}

/// Removes a profile's file and the drop-ins beside it; what may not be removed is found before anything is.
Result<void> remove_files(const std::string& path) {
  const auto failure = [](int code, const std::string& what) {
    return fail(code, fmt::format("cannot remove {}: {}", what, std::strerror(code)));
  };
  const std::string drop_ins = path + ".d";
  if (!may_change(drop_ins) && errno != ENOENT) return failure(errno, drop_ins);
  if (!may_change(std::filesystem::path{path}.parent_path())) return failure(errno, path);
  std::error_code error;
  std::filesystem::remove_all(drop_ins, error);
  if (error) return failure(error.value(), drop_ins);
  if (::unlink(path.c_str()) < 0 && errno != ENOENT) return failure(errno, path);
  return {};
}

void park(bus::ClientProfile& client, Time now) {
  client.owner.clear();
  client.parked_until = now + client.grace;
}

}  // namespace

ProfileStore::ProfileStore(std::vector<std::string> directories, ProfileContext context, MemoryKeyring memory_keys)
    : directories_{std::move(directories)}, context_{std::move(context)}, memory_keys_{std::move(memory_keys)} {
  if (directories_.empty())
    for (const std::string_view directory : profile_directories()) directories_.emplace_back(directory);
}

// ---- files ----------------------------------------------------------------------------------------------------------

ProfileStore::Entry ProfileStore::from_file(ProfileFile file, const Entry* before) const {
  Entry entry;
  entry.path = file.path;
  entry.parent = std::move(file.parent);
  entry.state.name = file.name;
  entry.state.origin = file.path;
  entry.state.enabled = file.profile && file.profile->link.enabled;
  entry.state.profile = memory_keys_.complete(std::move(file.profile));
  for (const Diagnostic& diagnostic : file.diagnostics) entry.state.problems.push_back(problem(diagnostic));
  if (entry.state.profile || before == nullptr || !before->state.profile) return entry;
  entry.state.profile = memory_keys_.complete(before->state.profile);
  entry.state.enabled = before->state.enabled;
  entry.state.problems.push_back({.error = false,
                                  .file = entry.path,
                                  .line = 0,
                                  .setting = {},
                                  .text = "the settings from before the error stay in use"});
  return entry;
}

/// What profiles refer to, the keys that they have now included.
ProfileContext ProfileStore::context() const {
  ProfileContext out = context_;
  out.cak_in_use = [this](std::string_view profile, const Ckn& ckn) -> const Secret<32>* {
    const auto at = entries_.find(std::string{profile});
    if (at == entries_.end() || !at->second.state.profile) return nullptr;
    const auto key = std::ranges::find(at->second.state.profile->keys, ckn, &PreSharedKey::ckn);
    return key == at->second.state.profile->keys.end() ? nullptr : &key->cak;
  };
  return out;
}

void ProfileStore::load(Tell tell, const Report& report) {
  const std::vector<std::string_view> views{directories_.begin(), directories_.end()};
  std::vector<Diagnostic> unread;
  std::vector<ProfileFile> files = load_profiles(views, context().as_of_now(), &unread);
  std::vector<std::string> told;
  errors_.clear();
  const auto note = [&](const Diagnostic& diagnostic) {
    std::string text = to_string(diagnostic);
    if (diagnostic.severity == Severity::error) errors_ += (errors_.empty() ? "" : "; ") + text;
    if (tell == Tell::everything || !std::ranges::binary_search(told_, text)) report(diagnostic);
    told.push_back(std::move(text));
  };

  Entries now;
  for (auto& [name, entry] : entries_)
    if (entry.path.empty()) {
      add_key_files(entry);
      now.emplace(name, entry);
    }
  for (const Diagnostic& diagnostic : unread) {
    note(diagnostic);
    for (auto& [name, entry] : entries_)
      if (entry.path.starts_with(diagnostic.file + "/")) {
        entry.state.problems.assign(1, problem(diagnostic));
        now.insert_or_assign(name, entry);
      }
  }
  for (ProfileFile& file : files) {
    for (const Diagnostic& diagnostic : file.diagnostics) note(diagnostic);
    const auto before = entries_.find(file.name);
    // A file that takes the name of a profile in memory wins: it is what the administrator sees.
    const std::string name = file.name;
    now.insert_or_assign(name, from_file(std::move(file), before == entries_.end() ? nullptr : &before->second));
  }
  entries_ = std::move(now);
  forget_absent();
  std::ranges::sort(told);
  told_ = std::move(told);
}

/// Whether `path` is read as what is wanted, by itself and with the drop-ins that are there, and can run with the rest.
Result<void> ProfileStore::judge(const Profile& wanted, const std::string& path) const {
  const std::string target = directories_.front() + "/" + wanted.name + std::string{profile_suffix};
  const auto refuse = [&target](std::string_view why) {
    return fail(EINVAL, fmt::format("{} is left as it is: {}", target, why));
  };
  const std::vector<std::string_view> views{directories_.begin(), directories_.end()};
  const ProfileFile alone = load_profile(views, wanted.name, path, context(), {.only_keys = true});
  if (!alone.profile) return refuse(one_line(alone.diagnostics, path, "the new file"));
  if (!same_in_any_order(*alone.profile, wanted)) return refuse("the new file would be read back with other settings");
  const ProfileFile whole = load_profile(views, wanted.name, path, context());
  if (!whole.profile)
    return refuse("with its drop-ins the new file is no profile: " + one_line(whole.diagnostics, path, "the new file"));
  for (const auto& [name, entry] : entries_) {
    if (name == wanted.name || !entry.state.profile || !entry.state.enabled) continue;
    if (const std::string why = collide(*entry.state.profile, *whole.profile); !why.empty()) return refuse(why);
  }
  return {};
}

Result<void> ProfileStore::write(const Profile& profile) const {
  WipedBuffer text;
  text.add("# Written by macsecd for a program; may be edited.\n\n")
      .add(profile_file(profile, keys_in_own_files(profile.name)).view());
  auto file = FileReplacement::write(directories_.front() + "/" + profile.name + std::string{profile_suffix},
                                     text.view(), profile_attributes);
  if (!file) return std::unexpected{file.error()};
  if (auto good = judge(profile, file->path()); !good) return good;
  return file->commit();
}

Result<void> ProfileStore::remove(const std::string& name) {
  const auto at = entries_.find(name);
  if (at == entries_.end()) return no_profile(name);
  if (!at->second.path.empty()) {
    if (!at->second.path.starts_with(directories_.front() + "/"))
      return fail(EROFS, fmt::format("{} is not the administrator's to remove", at->second.path));
    if (auto done = remove_files(at->second.path); !done) return done;
  }
  entries_.erase(at);
  forget_absent();
  return {};
}

Result<void> ProfileStore::set_enabled(const std::string& name, bool enabled) {
  const auto at = entries_.find(name);
  if (at == entries_.end()) return no_profile(name);
  if (!at->second.path.empty()) {
    const std::string path = fmt::format("{}/{}{}.d/{}", directories_.front(), name, profile_suffix, enable_drop_in);
    const std::string text = fmt::format("# Written by macsecd.\n[Link]\nEnable={}\n", enabled ? "yes" : "no");
    if (auto done = write_file(path, text, profile_attributes); !done) return done;
  }
  at->second.state.enabled = enabled;
  return {};
}

// ---- keys -----------------------------------------------------------------------------------------------------------

std::string ProfileStore::key_file_of(const std::string& name, const Ckn& ckn) const {
  return fmt::format("{}/{}{}.d/{}", directories_.front(), name, profile_suffix, key_file_name(ckn));
}

std::vector<Ckn> ProfileStore::keys_in_own_files(const std::string& name) const {
  std::vector<Ckn> out;
  const auto at = entries_.find(name);
  if (at == entries_.end() || !at->second.state.profile) return out;
  for (const PreSharedKey& key : at->second.state.profile->keys)
    if (key.origin.place.starts_with(key_file_of(name, key.ckn) + ":")) out.push_back(key.ckn);
  return out;
}

/// The profile with other drop-ins than those that are there.
ProfileFile ProfileStore::read(const std::string& name, const Entry& entry, const DropIns& drop_ins) const {
  const std::vector<std::string_view> views{directories_.begin(), directories_.end()};
  if (!entry.path.empty()) return load_profile(views, name, entry.path, context(), drop_ins);
  return with_key_files(views, entry.base, context(), drop_ins);
}

void ProfileStore::add_key_files(Entry& entry) const {
  if (!entry.base) return;
  ProfileFile file = read(entry.state.name, entry, {});
  entry.state.profile = memory_keys_.complete(std::move(file.profile));
  entry.state.problems.clear();
  for (const Diagnostic& diagnostic : file.diagnostics) entry.state.problems.push_back(problem(diagnostic));
}

/// Keys in memory go with their profile.
void ProfileStore::forget_absent() {
  const std::vector<std::string> present = names();
  memory_keys_.keep_only({present.begin(), present.end()});
}

/// Puts a key file in place where the profile, with it, can run.
Result<void> ProfileStore::replace_key_file(const std::string& name, const Ckn& ckn, std::string_view text) const {
  const std::string path = key_file_of(name, ckn);
  auto file = FileReplacement::write(path, text, profile_attributes);
  if (!file) return std::unexpected{file.error()};
  const ProfileFile whole = read(name, entries_.at(name), {.without = path, .besides = file->path()});
  if (!whole.profile || has_error(whole.diagnostics))
    return fail(EINVAL, one_line(whole.diagnostics, file->path(), path));
  return file->commit();
}

Result<bus::KeyAdded> ProfileStore::add_key(const std::string& name, const PreSharedKey& key) {
  const auto at = entries_.find(name);
  if (at == entries_.end()) return no_profile(name);
  const ProfilePointer& profile = at->second.state.profile;
  if (!profile) return fail(EINVAL, fmt::format("{} has errors: macsecctl profile check {}", name, name));
  const Result<bool> has = has_or_may_have(*profile, key, *context_.as_of_now().now);
  if (!has) return std::unexpected{has.error()};
  if (*has) return bus::KeyAdded::present;
  if (key.origin.memory) {
    if (auto kept = memory_keys_.add(name, key); !kept) return std::unexpected{kept.error()};
    at->second.state.profile = memory_keys_.complete(profile);
    return bus::KeyAdded::added;
  }
  WipedBuffer text;
  text.add("# Written by macsecd for a program.\n\n").add(key_file(key).view());
  if (auto done = replace_key_file(name, key.ckn, text.view()); !done) return std::unexpected{done.error()};
  return bus::KeyAdded::added;
}

Result<void> ProfileStore::may_retire(const std::string& name, const Ckn& ckn) const {
  const auto at = entries_.find(name);
  if (at == entries_.end() || !at->second.state.profile) return no_profile(name);
  const std::vector<PreSharedKey>& keys = at->second.state.profile->keys;
  const auto key = std::ranges::find(keys, ckn, &PreSharedKey::ckn);
  if (key == keys.end()) return fail(ENOENT, fmt::format("{} has no key with CKN {}", name, to_string(ckn)));
  // One in memory ends with the service, and files alone must make a profile.
  const bool lasts = at->second.state.profile->key_source || key->origin.memory;
  const auto another = [&](const PreSharedKey& other) {
    return &other != &*key && other.role == KeyRole::primary && (lasts || !other.origin.memory);
  };
  if (std::ranges::none_of(keys, another))
    return fail(ENODATA, fmt::format("CKN {} is the last primary key of {}{}: add another one first", to_string(ckn),
                                     name, lasts ? "" : " in a file"));
  if (key->origin.memory) return {};
  const std::string drop_ins = std::filesystem::path{key_file_of(name, ckn)}.parent_path();
  if (may_change(drop_ins) || (errno == ENOENT && may_change(directories_.front()))) return {};
  return fail(EROFS, fmt::format("cannot write to {}: {}", drop_ins, std::strerror(errno)));
}

Result<void> ProfileStore::retire_key(const std::string& name, const Ckn& ckn) {
  if (auto may = may_retire(name, ckn); !may) return may;
  const std::int64_t now = *context_.as_of_now().now;
  Entry& entry = entries_.at(name);
  if (std::ranges::find(entry.state.profile->keys, ckn, &PreSharedKey::ckn)->origin.memory) {
    auto kept = memory_keys_.retire(name, ckn, now);
    entry.state.profile = memory_keys_.complete(entry.state.profile);
    return kept;
  }
  const std::string text =
      fmt::format("# Written by macsecd: this key is out of use.\n\n[Key]\nCkn={}\nRetired=@{}\n", to_string(ckn), now);
  if (auto done = replace_key_file(name, ckn, text); !done) return done;
  forget_oldest(*entry.state.profile);
  return {};
}

void ProfileStore::forget_oldest(const Profile& profile) const {
  std::vector<RetiredKey> gone;
  for (const RetiredKey& key : profile.retired)
    if (key.still_said.empty() && key.file == key_file_of(profile.name, key.ckn)) gone.push_back(key);
  std::ranges::sort(gone, {}, &RetiredKey::at);
  for (std::size_t i = 0; i + most_retired_keys <= gone.size(); ++i) ::unlink(gone[i].file.c_str());
}

// ---- memory ---------------------------------------------------------------------------------------------------------

Result<ProfileStore::Entry*> ProfileStore::memory_entry(const std::string& name) {
  Entry& entry = entries_[name];
  if (!entry.path.empty()) return fail(EEXIST, fmt::format("{} is the profile of a file: {}", name, entry.path));
  return &entry;
}

Result<void> ProfileStore::put(ProfilePointer profile, bus::ClientProfile client) {
  const auto entry = memory_entry(profile->name);
  if (!entry) return std::unexpected{entry.error()};
  bus::ProfileState& state = (*entry)->state;
  state = {.name = profile->name,
           .origin = profile->origin,
           .source = profile->source,
           .profile = profile,
           .enabled = profile->link.enabled,
           .problems = {},
           .client = std::move(client)};
  (*entry)->base = std::move(profile);
  add_key_files(**entry);
  forget_absent();
  return {};
}

Result<void> ProfileStore::put_broken(const std::string& name, bus::ClientProfile client) {
  const auto entry = memory_entry(name);
  if (!entry) return std::unexpected{entry.error()};
  bus::ProfileState& state = (*entry)->state;
  if (!state.profile) state = {.name = name, .origin = client.origin, .source = client.source};
  state.client = std::move(client);
  return {};
}

Result<void> ProfileStore::set_problems(const std::string& name, std::vector<bus::Problem> problems) {
  const auto at = entries_.find(name);
  if (at == entries_.end() || !at->second.state.client) return no_profile(name);
  at->second.state.client->problems = std::move(problems);
  return {};
}

std::size_t ProfileStore::count_of(const std::string& client) const {
  return static_cast<std::size_t>(std::ranges::count_if(entries_, [&client](const auto& each) {
    return each.second.state.client && each.second.state.client->owner == client;
  }));
}

std::vector<std::string> ProfileStore::leave(const std::string& client, Time now) {
  std::vector<std::string> touched;
  for (auto at = entries_.begin(); at != entries_.end();) {
    auto& record = at->second.state.client;
    if (!record || (record->owner != client && record->lost_owner != client)) {
      ++at;
      continue;
    }
    touched.push_back(at->first);
    if (record->lifetime != bus::Lifetime::parked) {
      at = entries_.erase(at);
      continue;
    }
    record->lost_owner.clear();
    if (!record->parked_until) park(*record, now);
    ++at;
  }
  forget_absent();
  return touched;
}

std::vector<std::string> ProfileStore::lose_clients(Time now) {
  std::vector<std::string> touched;
  for (auto& [name, entry] : entries_) {
    auto& client = entry.state.client;
    if (!client || client->owner.empty()) continue;
    client->lost_owner = client->owner;
    park(*client, now);
    touched.push_back(name);
  }
  return touched;
}

std::vector<std::string> ProfileStore::lost_clients() const {
  std::vector<std::string> out;
  for (const auto& [name, entry] : entries_)
    if (entry.state.client && !entry.state.client->lost_owner.empty()) out.push_back(entry.state.client->lost_owner);
  std::ranges::sort(out);
  const auto [first, last] = std::ranges::unique(out);
  out.erase(first, last);
  return out;
}

std::vector<std::string> ProfileStore::come_back(const std::string& client) {
  std::vector<std::string> touched;
  for (auto& [name, entry] : entries_) {
    auto& record = entry.state.client;
    if (!record || record->lost_owner != client) continue;
    record->owner = std::exchange(record->lost_owner, {});
    record->parked_until.reset();
    touched.push_back(name);
  }
  return touched;
}

std::vector<std::string> ProfileStore::expire(Time now) {
  memory_keys_.expire(now);
  std::vector<std::string> gone;
  std::erase_if(entries_, [&](const auto& each) {
    const auto& client = each.second.state.client;
    if (!client || !client->parked_until || *client->parked_until > now) return false;
    gone.push_back(each.first);
    return true;
  });
  forget_absent();
  return gone;
}

std::optional<Time> ProfileStore::next_expiry() const {
  std::optional<Time> next = memory_keys_.next_expiry();
  for (const auto& [name, entry] : entries_) {
    const auto& client = entry.state.client;
    if (client && client->parked_until && (!next || *client->parked_until < *next)) next = client->parked_until;
  }
  return next;
}

// ---- all ------------------------------------------------------------------------------------------------------------

std::vector<ProfilePointer> ProfileStore::wanted() const {
  std::vector<ProfilePointer> out;
  for (const auto& [name, entry] : entries_)
    if (entry.state.profile && entry.state.enabled) out.push_back(entry.state.profile);
  return out;
}

std::vector<ProfilePointer> ProfileStore::spare() const {
  std::vector<ProfilePointer> out;
  for (const auto& [name, entry] : entries_)
    if (entry.state.profile && !entry.state.enabled && entry.state.profile->link.create == CreateChoice::always)
      out.push_back(entry.state.profile);
  return out;
}

std::vector<IdleProfile> ProfileStore::idle() const {
  std::vector<IdleProfile> out;
  for (const auto& [name, entry] : entries_) {
    const ProfilePointer& profile = entry.state.profile;
    if (profile && entry.state.enabled) continue;
    const bool claims = entry.state.source != ProfileSource::networkmanager;
    out.push_back({name, !claims ? std::string{} : profile ? profile->link.parent : entry.parent});
  }
  return out;
}

std::vector<std::string> ProfileStore::names() const {
  std::vector<std::string> out;
  out.reserve(entries_.size());
  for (const auto& [name, entry] : entries_) out.push_back(name);
  return out;
}

bool ProfileStore::is_file(const std::string& name) const {
  const auto at = entries_.find(name);
  return at != entries_.end() && !at->second.path.empty();
}

bus::ProfileState ProfileStore::state(const std::string& name) const {
  const auto at = entries_.find(name);
  if (at == entries_.end()) return {};
  bus::ProfileState state = at->second.state;
  if (const auto problem = running_problems_.find(name); problem != running_problems_.end())
    state.problems.push_back({.error = problem->second.error,
                              .file = at->second.path,
                              .line = 0,
                              .setting = {},
                              .text = problem->second.text});
  return state;
}

}  // namespace macsec::daemon
