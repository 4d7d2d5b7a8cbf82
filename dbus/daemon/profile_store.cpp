// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/daemon/profile_store.hpp"

#include "dbus/daemon/profile_file.hpp"

#include <algorithm>
#include <cerrno>
#include <fmt/format.h>

namespace macsec::daemon {
namespace {

/// Sorts after what a person would write, so that the last word is the operator's latest.
constexpr std::string_view enable_drop_in = "90-enable.conf";

}  // namespace

ProfileStore::ProfileStore(std::vector<std::string> directories, ProfileContext context)
    : directories_{std::move(directories)}, context_{std::move(context)} {
  if (directories_.empty())
    for (const std::string_view directory : profile_directories()) directories_.emplace_back(directory);
}

bus::Problem ProfileStore::problem(const Diagnostic& diagnostic) {
  return {.error = diagnostic.severity == Severity::error,
          .file = diagnostic.file,
          .line = diagnostic.line,
          .setting = diagnostic.setting,
          .text = diagnostic.text};
}

void ProfileStore::load(const Report& report) {
  const std::vector<std::string_view> views{directories_.begin(), directories_.end()};
  std::vector<ProfileFile> files = load_profiles(views, context_);
  std::erase_if(entries_, [](const auto& entry) { return !entry.second.path.empty(); });
  std::vector<std::string> told;
  for (ProfileFile& file : files) {
    Entry entry;
    entry.path = file.path;
    entry.state.name = file.name;
    entry.state.origin = file.path;
    entry.state.enabled = file.profile && file.profile->link.enabled;
    entry.state.profile = std::move(file.profile);
    for (const Diagnostic& diagnostic : file.diagnostics) {
      entry.state.problems.push_back(problem(diagnostic));
      std::string text = to_string(diagnostic);
      if (!std::ranges::binary_search(told_, text)) report(diagnostic);
      told.push_back(std::move(text));
    }
    // A file that takes the name of a profile in memory wins: it is what the administrator sees.
    entries_.insert_or_assign(file.name, std::move(entry));
  }
  std::ranges::sort(told);
  told_ = std::move(told);
}

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

std::vector<std::string> ProfileStore::names() const {
  std::vector<std::string> out;
  out.reserve(entries_.size());
  for (const auto& [name, entry] : entries_) out.push_back(name);
  return out;
}

bus::ProfileState ProfileStore::state(const std::string& name) const {
  const auto at = entries_.find(name);
  if (at == entries_.end()) return {};
  bus::ProfileState state = at->second.state;
  if (const auto problem = running_problems_.find(name); problem != running_problems_.end())
    state.problems.push_back(
        {.error = true, .file = at->second.path, .line = 0, .setting = {}, .text = problem->second});
  return state;
}

Result<void> ProfileStore::put(ProfilePointer profile) {
  const std::string name = profile->name;
  const auto at = entries_.find(name);
  if (at != entries_.end() && !at->second.path.empty())
    return fail(EEXIST, fmt::format("{} is the profile of a file: {}", name, at->second.path));
  Entry entry;
  entry.state.name = name;
  entry.state.origin = profile->origin;
  entry.state.source = profile->source;
  entry.state.enabled = profile->link.enabled;
  entry.state.profile = std::move(profile);
  entries_.insert_or_assign(name, std::move(entry));
  return {};
}

Result<void> ProfileStore::put_broken(bus::ProfileState state) {
  const auto at = entries_.find(state.name);
  if (at != entries_.end() && !at->second.path.empty())
    return fail(EEXIST, fmt::format("{} is the profile of a file: {}", state.name, at->second.path));
  const std::string name = state.name;
  state.profile.reset();
  entries_.insert_or_assign(name, Entry{.state = std::move(state), .path = {}});
  return {};
}

Result<void> ProfileStore::write(const Profile& profile) {
  const std::string file = profile.name + std::string{profile_suffix};
  return write_profile_file(directories_.front(), file, profile_file_text(profile).view());
}

Result<void> ProfileStore::remove(const std::string& name) {
  const auto at = entries_.find(name);
  if (at == entries_.end()) return fail(ENOENT, fmt::format("there is no profile {}", name));
  if (!at->second.path.empty()) {
    if (!at->second.path.starts_with(directories_.front() + "/"))
      return fail(EROFS, fmt::format("{} is not the administrator's to remove", at->second.path));
    if (auto done = remove_profile_file(at->second.path); !done) return done;
  }
  entries_.erase(at);
  return {};
}

Result<void> ProfileStore::set_enabled(const std::string& name, bool enabled) {
  const auto at = entries_.find(name);
  if (at == entries_.end()) return fail(ENOENT, fmt::format("there is no profile {}", name));
  if (!at->second.path.empty()) {
    const std::string drop_ins = directories_.front() + "/" + name + std::string{profile_suffix} + ".d";
    const std::string text = fmt::format("# Written by macsecd.\n[Link]\nEnable={}\n", enabled ? "yes" : "no");
    if (auto done = write_profile_file(drop_ins, std::string{enable_drop_in}, text); !done) return done;
  }
  at->second.state.enabled = enabled;
  return {};
}

}  // namespace macsec::daemon
