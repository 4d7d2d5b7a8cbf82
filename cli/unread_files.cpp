// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/unread_files.hpp"

#include "engine/config/profile_set.hpp"

#include <algorithm>
#include <filesystem>

namespace macsec::cli {
namespace {

namespace fs = std::filesystem;

bool is_profile(const std::string& name) {
  return name.size() > profile_suffix.size() && name.ends_with(profile_suffix) && !name.starts_with('.');
}

/// Empty: it is read, or nobody would take it for a profile.
std::string why_unread(const fs::directory_entry& entry, std::span<const Context::Profile> profiles) {
  const std::string name = entry.path().filename().string();
  std::error_code ignored;
  if (name.ends_with(".conf") && entry.is_regular_file(ignored))
    return fmt::format("not read: the name of a profile ends with {}", profile_suffix);
  if (!is_profile(name) || !entry.is_regular_file(ignored) || entry.file_size(ignored) == 0) return {};
  const std::string_view profile = std::string_view{name}.substr(0, name.size() - profile_suffix.size());
  const bool known = std::ranges::any_of(profiles, [&](const auto& each) { return each.info.name == profile; });
  return known ? "" : "not read yet: macsecctl reload";
}

}  // namespace

std::vector<UnreadFile> unread_files(Context& context, std::span<const Context::Profile> profiles) {
  std::vector<UnreadFile> out;
  const bus::Client* const daemon = context.client();
  if (daemon == nullptr || !context.options.host.empty()) return out;
  const auto manager = daemon->call(daemon->properties(bus::root_path, bus::interface::manager));
  if (!manager) return out;
  for (const bus::Value& folder : (*manager)["ProfileDirectories"].list()) {
    std::error_code error;
    for (fs::directory_iterator entry{folder.text(), error}, end; !error && entry != end; entry.increment(error))
      if (std::string why = why_unread(*entry, profiles); !why.empty())
        out.push_back({entry->path().string(), std::move(why)});
  }
  std::ranges::sort(out, {}, &UnreadFile::path);
  return out;
}

}  // namespace macsec::cli
