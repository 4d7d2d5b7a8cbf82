// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/daemon/profile_store.hpp"

#include "dbus/daemon/profile_files.hpp"
#include "engine/config/key_limits.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <unistd.h>

namespace macsec::daemon {
namespace {

bus::Problem problem(const Diagnostic& diagnostic) {
  return {.error = diagnostic.severity == Severity::error,
          .file = diagnostic.file,
          .line = diagnostic.line,
          .setting = diagnostic.setting,
          .text = diagnostic.text};
}

bus::Problem kept_settings(const std::string& path) {
  return {
      .error = false, .file = path, .line = 0, .setting = {}, .text = "the settings from before the error stay in use"};
}

/// Of a profile that is no file.
bus::Problem kept_keys() {
  return {.error = false,
          .file = {},
          .line = 0,
          .setting = {},
          .text = "the keys that files added before the error stay in use"};
}

/// Removes a profile's file and the drop-ins beside it; what may not be removed is found before anything is.
Result<void> remove_files(const std::string& path) {
  const auto failure = [](int code, const std::string& what) {
    return fail(code, fmt::format("cannot remove {}: {}", what, why_unchangeable(code)));
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

/// The profile with what key files added to the one before, as far as it can have it.
ProfilePointer with_keys_of_files(const ProfilePointer& profile, const Profile& before, const Profile& base_before) {
  Result<Profile> out = duplicate(*profile);
  if (!out) return profile;
  out->retired = before.retired;
  const auto has = [](const auto& all, const Ckn& ckn) {
    return std::ranges::any_of(all, [&](const auto& each) { return each.ckn == ckn; });
  };
  std::erase_if(out->keys, [&](const PreSharedKey& key) { return has(before.retired, key.ckn); });
  for (const PreSharedKey& key : before.keys)
    if (!key.origin.memory && !has(base_before.keys, key.ckn) && !has(out->keys, key.ckn) &&
        objection_to(*out, key).empty())
      out->keys.push_back(duplicate(key));
  return std::make_shared<const Profile>(std::move(*out));
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
  entry.state.problems.push_back(kept_settings(entry.path));
  return entry;
}

void ProfileStore::add_key_files(Entry& entry, const ProfilePointer& before, const ProfilePointer& base_before) const {
  if (!entry.base) return;
  ProfileFile file = read(entry.state.name, entry, {});
  const bool keeps = before != nullptr && has_error(file.diagnostics);
  entry.state.profile =
      memory_keys_.complete(keeps ? with_keys_of_files(entry.base, *before, *base_before) : std::move(file.profile));
  entry.state.problems.clear();
  for (const Diagnostic& diagnostic : file.diagnostics) entry.state.problems.push_back(problem(diagnostic));
  if (keeps) entry.state.problems.push_back(kept_keys());
}

/// Keys in memory go with their profile.
void ProfileStore::forget_absent() {
  const std::vector<std::string> present = names();
  memory_keys_.keep_only({present.begin(), present.end()});
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
      add_key_files(entry, entry.state.profile, entry.base);
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
  const ProfilePointer before = (*entry)->base ? state.profile : nullptr;
  const ProfilePointer base_before = (*entry)->base;
  state = {.name = profile->name,
           .origin = profile->origin,
           .source = profile->source,
           .profile = profile,
           .enabled = profile->link.enabled,
           .problems = {},
           .client = std::move(client)};
  (*entry)->base = std::move(profile);
  add_key_files(**entry, before, base_before);
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
  if (!state.profile) return state;
  state.hidden_keys = memory_keys_.hidden(*state.profile);
  for (const HiddenKey& key : state.hidden_keys)
    state.problems.push_back({.error = false,
                              .file = at->second.path,
                              .line = 0,
                              .setting = {},
                              .text = fmt::format("CKN {}, in memory, is not used: {}", to_string(key.ckn), key.why)});
  return state;
}

}  // namespace macsec::daemon
