// SPDX-License-Identifier: LGPL-2.1-or-later
// Keys of profiles, each in a file of its own or in memory. No class of its own: a key is added and retired where the profile
// can run with what is left, which takes all that the store knows of it.
#include "dbus/daemon/profile_files.hpp"
#include "dbus/daemon/profile_store.hpp"
#include "engine/config/key_limits.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <unistd.h>

namespace macsec::daemon {

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

/// Puts a key file in place where the profile, with it, can run.
Result<void> ProfileStore::replace_key_file(const std::string& name, const Ckn& ckn, std::string_view text) const {
  const std::string path = key_file_of(name, ckn);
  auto file = FileReplacement::write(path, text, profile_attributes);
  if (!file) return std::unexpected{file.error()};
  const ProfileFile whole = read(name, entries_.at(name), {.replaced = path, .instead = file->path()});
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
  if (memory_keys_.has(name, key.ckn))
    return fail(EEXIST,
                fmt::format("CKN {} is taken by a key in memory that is not in use: retire it, and give the new "
                            "key a new CKN",
                            to_string(key.ckn)));
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
  const Profile& profile = *at->second.state.profile;
  const std::vector<PreSharedKey>& keys = profile.keys;
  const auto key = std::ranges::find(keys, ckn, &PreSharedKey::ckn);
  if (key == keys.end() && memory_keys_.has(name, ckn)) return {};  // hidden: nothing uses it
  if (key == keys.end()) return fail(ENOENT, fmt::format("{} has no key with CKN {}", name, to_string(ckn)));
  // One in memory ends with the service, and files alone must make a profile.
  const bool lasts = profile.key_source || key->origin.memory;
  const auto another = [&](const PreSharedKey& other) {
    return &other != &*key && other.role == KeyRole::primary && (lasts || !other.origin.memory);
  };
  // The primary key beside [8021X] is that of the authentication.
  const bool needed = key->role == KeyRole::primary && !profile.pae;
  if (needed && std::ranges::none_of(keys, another))
    return fail(ENODATA, fmt::format("CKN {} is the last primary key of {}{}: add another one first", to_string(ckn),
                                     name, lasts ? "" : " in a file"));
  if (key->origin.memory) return {};
  const std::string drop_ins = std::filesystem::path{key_file_of(name, ckn)}.parent_path();
  if (may_change(drop_ins) || (errno == ENOENT && may_change(directories_.front()))) return {};
  return fail(EROFS, fmt::format("cannot write to {}: {}", drop_ins, why_unchangeable(errno)));
}

Result<void> ProfileStore::retire_key(const std::string& name, const Ckn& ckn) {
  if (auto may = may_retire(name, ckn); !may) return may;
  const std::int64_t now = *context_.as_of_now().now;
  Entry& entry = entries_.at(name);
  const std::vector<PreSharedKey>& keys = entry.state.profile->keys;
  const auto key = std::ranges::find(keys, ckn, &PreSharedKey::ckn);
  const bool in_file = key != keys.end() && !key->origin.memory;
  // One that the file hid would come back in its place.
  if (auto kept = memory_keys_.retire(name, ckn, now); !kept) return kept;
  entry.state.profile = memory_keys_.complete(entry.state.profile);
  if (!in_file) return {};
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

}  // namespace macsec::daemon
