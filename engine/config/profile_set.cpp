// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/config/profile_set.hpp"

#include "engine/base/text.hpp"
#include "engine/config/claims.hpp"
#include "engine/config/key_limits.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <map>
#include <utility>

namespace macsec {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 3> directories_of_the_host{"/etc/macsecd", "/run/macsecd", "/usr/lib/macsecd"};

/// The file of a name in the strongest directory that has it.
struct Winner {
  std::string path;
  bool hides = false;  ///< a weaker directory has the name, too
};
/// File names with `suffix`, sorted.
using Winners = std::map<std::string, Winner>;

/// Returns why the directory cannot be read; nothing where it is not there.
std::error_code add_directory(Winners& winners, const fs::path& directory, std::string_view suffix) {
  std::error_code error;
  for (fs::directory_iterator entry{directory, error}, end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.size() <= suffix.size() || !name.ends_with(suffix) || name.starts_with('.')) continue;
    // Anything but a directory counts: a dangling link must be told of, not passed over for a weaker file.
    std::error_code ignored;
    if (entry->is_directory(ignored)) continue;
    const auto [winner, fresh] = winners.try_emplace(name, Winner{.path = entry->path().string()});
    if (!fresh) winner->second.hides = true;
  }
  const bool absent = error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory;
  return absent ? std::error_code{} : error;
}

Diagnostic unreadable(const std::string& path, const std::error_code& error) {
  return {.severity = Severity::error, .file = path, .text = "cannot be read: " + error.message()};
}

constexpr std::string_view key_file_prefix = "key-";

enum class Content : std::uint8_t { some, masked, lost };

/// systemd's rule: an empty file or a link to /dev/null says "as if there were none". An empty file that has nothing to mask is
/// what an editor leaves on a full disk, and so is one for a key: its record, or its retirement, is lost.
Content content_of(const std::string& name, const Winner& winner) {
  std::error_code error;
  const fs::file_status status = fs::status(winner.path, error);
  if (error) return Content::some;
  if (fs::is_character_file(status)) return Content::masked;
  if (!fs::is_regular_file(status) || fs::file_size(winner.path, error) != 0 || error) return Content::some;
  return winner.hides && !name.starts_with(key_file_prefix) ? Content::masked : Content::lost;
}

Diagnostic lost_content(const std::string& path) {
  return {.severity = Severity::error,
          .file = path,
          .text = "the file is empty, and masks no other: restore what it said, or remove it"};
}

/// A path for people and the bus, whose texts are UTF-8: other octets are "\xfc".
std::string readable(const std::string& path) {
  if (is_utf8(path)) return path;
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const char each : path) {
    const auto octet = static_cast<unsigned char>(each);
    if (octet < 0x80U)
      out += each;
    else
      out.append("\\x").append({digits[octet >> 4U], digits[octet & 0x0fU]});
  }
  return out;
}

std::vector<fs::path> drop_in_directories(std::span<const std::string_view> directories, const std::string& name) {
  std::vector<fs::path> out;
  for (const std::string_view directory : directories)
    out.push_back(fs::path{directory} / (name + std::string{profile_suffix} + ".d"));
  return out;
}

/// Paths of the drop-ins that count, in the order in which they are read.
std::vector<std::string> find_drop_ins(std::span<const fs::path> directories, const DropIns& wanted,
                                       std::vector<Diagnostic>& diagnostics) {
  Winners winners;
  for (const fs::path& directory : directories)
    if (const std::error_code error = add_directory(winners, directory, ".conf"))
      diagnostics.push_back(unreadable(directory.string(), error));
  if (!wanted.instead.empty())
    winners.insert_or_assign(fs::path{wanted.replaced}.filename().string(), Winner{wanted.instead});
  std::vector<std::string> paths;
  for (const auto& [name, winner] : winners) {
    if (wanted.only_keys && !name.starts_with(key_file_prefix)) continue;
    const Content content = content_of(name, winner);
    if (content == Content::some) paths.push_back(winner.path);
    if (content == Content::lost) diagnostics.push_back(lost_content(winner.path));
  }
  return paths;
}

std::vector<IniDocument> read_all(std::span<const std::string> paths, std::vector<Diagnostic>& diagnostics) {
  std::vector<IniDocument> documents;
  for (const std::string& one : paths) {
    Result<IniDocument> document = IniDocument::read(one);
    if (document)
      documents.push_back(std::move(*document));
    else
      diagnostics.push_back({.severity = Severity::error, .file = {}, .text = document.error().message});
  }
  return documents;
}

ProfileFile load(std::string name, const std::string& path, std::span<const fs::path> directories,
                 const ProfileContext& context, const DropIns& drop_ins = {}) {
  ProfileFile file{.name = std::move(name), .path = path, .profile = nullptr, .diagnostics = {}};
  std::vector<std::string> paths = find_drop_ins(directories, drop_ins, file.diagnostics);
  paths.insert(paths.begin(), path);
  const std::vector<IniDocument> documents = read_all(paths, file.diagnostics);
  ProfileReading reading = read_profile(file.name, documents, context);
  file.parent = std::move(reading.parent);
  if (!file.diagnostics.empty()) return file;  // what else there is to say may come of what was not read
  file.diagnostics = std::move(reading.diagnostics);
  if (reading.profile) file.profile = std::make_shared<const Profile>(std::move(*reading.profile));
  return file;
}

/// A program's profile with more keys, and without those that are retired. EINVAL where it could not run.
Result<Profile> merge_keys(const Profile& base, KeyReading more) {
  Result<Profile> copy = duplicate(base);
  if (!copy) return copy;
  Profile out = std::move(*copy);
  std::vector<PreSharedKey> own = std::exchange(out.keys, {});
  out.retired = std::move(more.retired);
  const auto retired = [&out](const PreSharedKey& key) {
    return std::ranges::find(out.retired, key.ckn, &RetiredKey::ckn) != out.retired.end();
  };
  const auto add = [&](PreSharedKey key) -> bool {
    if (retired(key)) return true;
    if (std::ranges::find(out.keys, key.ckn, &PreSharedKey::ckn) != out.keys.end()) return false;
    out.keys.push_back(std::move(key));
    return true;
  };
  for (PreSharedKey& key : own) add(std::move(key));
  for (PreSharedKey& key : more.keys) {
    if (const std::string why = key.cak.empty() || retired(key) ? std::string{} : objection_to(base, key); !why.empty())
      return fail(EINVAL, key.origin.place + ": " + why);
    const std::string words = key.origin.place + ": Ckn=" + to_string(key.ckn) + " names an earlier key already";
    if (!add(std::move(key))) return fail(EINVAL, words);
  }
  if (!out.pae && std::ranges::none_of(out.keys, [](const PreSharedKey& key) { return key.role == KeyRole::primary; }))
    return fail(EINVAL, "no primary key is left: all are retired");
  return out;
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
  for (const auto& [file_name, main] : mains) {
    const Content content = content_of({}, main);
    if (content == Content::masked) continue;
    std::string name = readable(file_name.substr(0, file_name.size() - profile_suffix.size()));
    if (content == Content::some && is_utf8(main.path)) {
      files.push_back(load_profile(directories, std::move(name), main.path, context));
      continue;
    }
    const std::string path = readable(main.path);
    const Diagnostic error =
        content == Content::lost
            ? lost_content(path)
            : Diagnostic{.file = path, .text = "a profile's name is " + std::string{profile_name_rule}};
    files.push_back({.name = std::move(name), .path = path, .profile = nullptr, .diagnostics = {error}});
  }
  // std::map sorts by file name; by profile name "a" comes before "a-b", too.
  std::sort(files.begin(), files.end(),
            [](const ProfileFile& left, const ProfileFile& right) { return left.name < right.name; });
  refuse_collisions(files);
  return files;
}

ProfileFile load_profile(std::span<const std::string_view> directories, std::string name, const std::string& path,
                         const ProfileContext& context, const DropIns& drop_ins) {
  const std::vector<fs::path> where = drop_in_directories(directories, name);
  return load(std::move(name), path, where, context, drop_ins);
}

std::string last_word(std::span<const std::string_view> directories, const std::string& name, std::string_view section,
                      std::string_view key) {
  std::vector<Diagnostic> ignored;
  const std::vector<std::string> paths = find_drop_ins(drop_in_directories(directories, name), {}, ignored);
  std::string out;
  for (const IniDocument& document : read_all(paths, ignored))
    for (const IniAssignment& one : document.assignments())
      if (one.key == key && document.sections()[one.section].name == section)
        out = document.path() + ":" + std::to_string(one.line);
  return out;
}

std::string key_file_name(const Ckn& ckn) { return std::string{key_file_prefix} + to_string(ckn) + ".conf"; }

ProfileFile with_key_files(std::span<const std::string_view> directories, ProfilePointer profile,
                           const ProfileContext& context, const DropIns& drop_ins) {
  ProfileFile file{.name = profile->name, .path = profile->origin, .profile = profile, .diagnostics = {}};
  DropIns wanted = drop_ins;
  wanted.only_keys = true;
  const std::vector<fs::path> where = drop_in_directories(directories, profile->name);
  const std::vector<std::string> paths = find_drop_ins(where, wanted, file.diagnostics);
  if (paths.empty()) return file;
  KeyReading keys = read_keys(profile->name, read_all(paths, file.diagnostics), context);
  std::ranges::move(keys.diagnostics, std::back_inserter(file.diagnostics));
  Result<Profile> whole = merge_keys(*profile, std::move(keys));
  if (whole)
    file.profile = std::make_shared<const Profile>(std::move(*whole));
  else
    file.diagnostics.push_back({.severity = Severity::error, .file = {}, .text = whole.error().message});
  return file;
}

ProfileFile load_profile(const std::string& path, const ProfileContext& context) {
  std::string name = fs::path{path}.filename().string();
  if (name.size() > profile_suffix.size() && name.ends_with(profile_suffix))
    name.resize(name.size() - profile_suffix.size());
  const std::array drop_ins{fs::path{path + ".d"}};
  return load(std::move(name), path, drop_ins, context);
}

}  // namespace macsec
