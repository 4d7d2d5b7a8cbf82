// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/config/profile_set.hpp"

#include "engine/config/claims.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>

namespace macsec {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 3> directories_of_the_host{"/etc/macsecd", "/run/macsecd", "/usr/lib/macsecd"};

/// File names with `suffix` and the path that wins for each, sorted by name.
using Winners = std::map<std::string, std::string>;

/// Returns why the directory cannot be read; nothing where it is not there.
std::error_code add_directory(Winners& winners, const fs::path& directory, std::string_view suffix) {
  std::error_code error;
  for (fs::directory_iterator entry{directory, error}, end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.size() <= suffix.size() || !name.ends_with(suffix) || name.starts_with('.')) continue;
    // Anything but a directory counts: a dangling link must be told of, not passed over for a weaker file.
    std::error_code ignored;
    if (entry->is_directory(ignored)) continue;
    winners.try_emplace(name, entry->path().string());
  }
  const bool absent = error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory;
  return absent ? std::error_code{} : error;
}

Diagnostic unreadable(const std::string& path, const std::error_code& error) {
  return {.severity = Severity::error, .file = path, .text = "cannot be read: " + error.message()};
}

/// systemd's rule: an empty file or a link to /dev/null says "as if there were none".
bool is_masked(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (error) return false;
  if (fs::is_character_file(status)) return true;
  return fs::is_regular_file(status) && fs::file_size(path, error) == 0 && !error;
}

ProfileFile load(std::string name, const std::string& path, std::span<const fs::path> drop_in_directories,
                 const ProfileContext& context) {
  ProfileFile file{std::move(name), path, nullptr, {}};
  Winners drop_ins;
  for (const fs::path& directory : drop_in_directories)
    if (const std::error_code error = add_directory(drop_ins, directory, ".conf"))
      file.diagnostics.push_back(unreadable(directory.string(), error));
  std::vector<std::string> paths{path};
  for (const auto& [ignored, drop_in] : drop_ins)
    if (!is_masked(drop_in)) paths.push_back(drop_in);

  std::vector<IniDocument> documents;
  for (const std::string& one : paths) {
    Result<IniDocument> document = IniDocument::read(one);
    if (document) {
      documents.push_back(std::move(*document));
    } else {
      file.diagnostics.push_back({.severity = Severity::error, .file = {}, .text = document.error().message});
    }
  }
  if (!file.diagnostics.empty()) return file;
  ProfileReading reading = read_profile(file.name, documents, context);
  file.diagnostics = std::move(reading.diagnostics);
  if (reading.profile) file.profile = std::make_shared<const Profile>(std::move(*reading.profile));
  return file;
}

void refuse_collisions(std::vector<ProfileFile>& files) {
  for (auto later = files.begin(); later != files.end(); ++later) {
    for (auto earlier = files.begin(); earlier != later && later->profile; ++earlier) {
      if (!earlier->profile) continue;
      const std::string why = collide(*earlier->profile, *later->profile);
      if (why.empty()) continue;
      later->diagnostics.push_back({.severity = Severity::error, .file = later->path, .text = why});
      later->profile = nullptr;
    }
  }
}

}  // namespace

std::span<const std::string_view> profile_directories() noexcept { return directories_of_the_host; }

std::string collide(const Profile& earlier, const Profile& later) {
  if (!earlier.link.enabled || !later.link.enabled) return {};
  Claims claims;
  static_cast<void>(claims.add(earlier));
  return claims.add(later);
}

std::vector<ProfileFile> load_profiles(std::span<const std::string_view> directories, const ProfileContext& context,
                                       std::vector<Diagnostic>* unread) {
  Winners mains;
  for (const std::string_view directory : directories)
    if (const std::error_code error = add_directory(mains, directory, profile_suffix); error && unread != nullptr)
      unread->push_back(unreadable(std::string{directory}, error));
  std::vector<ProfileFile> files;
  for (const auto& [file_name, path] : mains) {
    if (is_masked(path)) continue;
    files.push_back(
        load_profile(directories, file_name.substr(0, file_name.size() - profile_suffix.size()), path, context));
  }
  // std::map sorts by file name; by profile name "a" comes before "a-b", too.
  std::sort(files.begin(), files.end(),
            [](const ProfileFile& left, const ProfileFile& right) { return left.name < right.name; });
  refuse_collisions(files);
  return files;
}

ProfileFile load_profile(std::span<const std::string_view> directories, std::string name, const std::string& path,
                         const ProfileContext& context) {
  std::vector<fs::path> drop_ins;
  for (const std::string_view directory : directories)
    drop_ins.push_back(fs::path{directory} / (name + std::string{profile_suffix} + ".d"));
  return load(std::move(name), path, drop_ins, context);
}

ProfileFile load_profile(const std::string& path, const ProfileContext& context) {
  std::string name = fs::path{path}.filename().string();
  if (name.size() > profile_suffix.size() && name.ends_with(profile_suffix))
    name.resize(name.size() - profile_suffix.size());
  const std::array drop_ins{fs::path{path + ".d"}};
  return load(std::move(name), path, drop_ins, context);
}

}  // namespace macsec
