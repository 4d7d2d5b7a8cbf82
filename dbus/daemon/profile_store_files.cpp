// SPDX-License-Identifier: LGPL-2.1-or-later
// Files of profiles that programs write. No class of its own: a file is written where it is read back as what was wanted, beside
// its drop-ins and all other profiles, which takes all that the store knows of them.
#include "dbus/daemon/profile_files.hpp"
#include "dbus/daemon/profile_store.hpp"

#include <algorithm>
#include <cerrno>
#include <fmt/format.h>

namespace macsec::daemon {
namespace {

/// Sorts after what a person would write, so that the last word is the operator's latest.
constexpr std::string_view enable_drop_in = "90-enable.conf";

/// Whether all but the keys is the same.
bool same_besides_keys(const Profile& left, const Profile& right) {
  return left.link == right.link && left.macsec == right.macsec && left.mka == right.mka &&
         left.key_source == right.key_source && left.pae == right.pae && left.static_keys == right.static_keys;
}

/// The order of keys says nothing.
bool same_in_any_order(const Profile& left, const Profile& right) {
  return same_besides_keys(left, right) && std::ranges::is_permutation(left.keys, right.keys);
}

/// The profile with another Enable=; the same one where it holds what cannot be copied.
ProfilePointer enabled_as(ProfilePointer profile, bool enabled) {
  if (!profile || profile->link.enabled == enabled) return profile;
  Result<Profile> copy = duplicate(*profile);
  if (!copy) return profile;
  for (const StaticKey& key : profile->static_keys)
    copy->static_keys.push_back({key.transmit, key.peer, key.an, key.key.duplicate(), key.key_id, key.packet_number,
                                 key.ssci, key.salt.duplicate(), key.origin});
  copy->link.enabled = enabled;
  return std::make_shared<const Profile>(std::move(*copy));
}

}  // namespace

/// Whether it collides with no profile that is enabled.
Result<void> ProfileStore::may_run(const Profile& wanted) const {
  for (const auto& [name, entry] : entries_) {
    if (name == wanted.name || !entry.state.profile || !entry.state.enabled) continue;
    if (std::string why = collide(*entry.state.profile, wanted); !why.empty()) return fail(EINVAL, std::move(why));
  }
  return {};
}

/// Which setting a drop-in decides otherwise, and where; empty where all is as wanted. Keys of drop-ins come in addition.
std::string ProfileStore::objection_of_drop_ins(const Profile& wanted, const Profile& whole) const {
  if (same_besides_keys(wanted, whole)) return {};
  const std::vector<std::string_view> views{directories_.begin(), directories_.end()};
  const std::vector<ProfileText> is = profile_settings(whole, Defaults::include);
  const std::vector<ProfileText> should = profile_settings(wanted, Defaults::include);
  const auto differs = [](const std::vector<ProfileText>& from, const ProfileText& one) {
    return one.section != "Key" && std::ranges::find(from, one) == from.end();
  };
  for (const auto& [here, there] : {std::pair{&is, &should}, {&should, &is}})
    for (const ProfileText& one : *here)
      if (differs(*there, one))
        if (const std::string place = last_word(views, wanted.name, one.section, one.key); !place.empty())
          return fmt::format("{}= at {} has the last word", one.key, place);
  return "with its drop-ins the new file would be read back with other settings";
}

/// Whether `path` is read as what is wanted, by itself and with `drop_ins`, and can run with the rest.
Result<void> ProfileStore::judge(const Profile& wanted, const std::string& path, const DropIns& drop_ins) const {
  const std::string target = directories_.front() + "/" + wanted.name + std::string{profile_suffix};
  const auto refuse = [&target](std::string_view why) {
    return fail(EINVAL, fmt::format("{} is left as it is: {}", target, why));
  };
  const std::vector<std::string_view> views{directories_.begin(), directories_.end()};
  const ProfileFile alone = load_profile(views, wanted.name, path, context(), {.only_keys = true});
  if (!alone.profile) return refuse(one_line(alone.diagnostics, path, "the new file"));
  if (!same_in_any_order(*alone.profile, wanted)) return refuse("the new file would be read back with other settings");
  const ProfileFile whole = load_profile(views, wanted.name, path, context(), drop_ins);
  if (!whole.profile)
    return refuse("with its drop-ins the new file is no profile: " + one_line(whole.diagnostics, path, "the new file"));
  if (const std::string why = objection_of_drop_ins(wanted, *whole.profile); !why.empty()) return refuse(why);
  if (const auto runs = may_run(*whole.profile); !runs) return refuse(runs.error().message);
  return {};
}

/// The drop-in that says whether a profile is enabled, to be put in place.
Result<FileReplacement> ProfileStore::write_enable(const std::string& name, bool enabled) const {
  return FileReplacement::write(enable_file_of(name),
                                fmt::format("# Written by macsecd.\n[Link]\nEnable={}\n", enabled ? "yes" : "no"),
                                profile_attributes);
}

std::string ProfileStore::enable_file_of(const std::string& name) const {
  return fmt::format("{}/{}{}.d/{}", directories_.front(), name, profile_suffix, enable_drop_in);
}

Result<void> ProfileStore::write(const Profile& profile) const {
  WipedBuffer text;
  text.add("# Written by macsecd for macsecctl or another program. You may edit it; then: macsecctl reload\n\n")
      .add(profile_file(profile, keys_in_own_files(profile.name)).view());
  auto file = FileReplacement::write(directories_.front() + "/" + profile.name + std::string{profile_suffix},
                                     text.view(), profile_attributes);
  if (!file) return std::unexpected{file.error()};
  // A drop-in of set_enabled() says what was wanted before.
  const std::vector<std::string_view> views{directories_.begin(), directories_.end()};
  const ProfilePointer before = load_profile(views, profile.name, file->path(), context()).profile;
  std::optional<FileReplacement> enable;
  if (before && before->link.enabled != profile.link.enabled) {
    auto drop_in = write_enable(profile.name, profile.link.enabled);
    if (!drop_in) return std::unexpected{drop_in.error()};
    enable.emplace(std::move(*drop_in));
  }
  DropIns drop_ins;
  if (enable) drop_ins = {.replaced = enable_file_of(profile.name), .instead = enable->path()};
  if (auto good = judge(profile, file->path(), drop_ins); !good) return good;
  if (auto done = file->commit(); !done || !enable) return done;
  return enable->commit();
}

Result<void> ProfileStore::set_enabled(const std::string& name, bool enabled) {
  const auto at = entries_.find(name);
  if (at == entries_.end()) return no_profile(name);
  Entry& entry = at->second;
  const ProfilePointer changed = enabled_as(entry.state.profile, enabled);
  if (enabled && changed)
    if (auto runs = may_run(*changed); !runs)
      return fail(EINVAL, fmt::format("{} stays disabled: {}", name, runs.error().message));
  if (!entry.path.empty()) {
    auto file = write_enable(name, enabled);
    if (!file) return std::unexpected{file.error()};
    const ProfileFile whole = read(name, entry, {.replaced = enable_file_of(name), .instead = file->path()});
    const std::vector<std::string_view> views{directories_.begin(), directories_.end()};
    if (whole.profile && whole.profile->link.enabled != enabled)
      return fail(EINVAL, fmt::format("{} stays as it is: Enable= at {} has the last word", name,
                                      last_word(views, name, "Link", "Enable")));
    if (auto done = file->commit(); !done) return done;
  }
  entry.state.profile = changed;
  entry.base = enabled_as(entry.base, enabled);
  entry.state.enabled = enabled;
  return {};
}

}  // namespace macsec::daemon
