// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/networkd/search_path.hpp"

#include <filesystem>

namespace macsec::networkd {
namespace {

namespace fs = std::filesystem;

/// File names and the path that wins for each, sorted by name.
using Winners = std::map<std::string, std::string>;

/// A directory that is there and cannot be read is an error: what lies in it is not known.
void add_directory(Winners& winners, const fs::path& directory, std::string_view suffix,
                   std::vector<Diagnostic>& unread) {
  std::error_code error;
  for (fs::directory_iterator entry{directory, error}, end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.size() <= suffix.size() || !name.ends_with(suffix) || name.starts_with('.')) continue;
    winners.try_emplace(name, entry->path().string());
  }
  if (error && error != std::errc::no_such_file_or_directory && error != std::errc::not_a_directory)
    unread.push_back(
        {.severity = Severity::error, .file = directory.string(), .text = "cannot be read: " + error.message()});
}

bool is_masked(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (error) return false;
  if (fs::is_character_file(status)) return true;
  return fs::is_regular_file(status) && fs::file_size(path, error) == 0 && !error;
}

}  // namespace

const std::vector<std::string>& network_directories() {
  static const std::vector<std::string> directories{"/etc/systemd/network", "/run/systemd/network",
                                                    "/usr/local/lib/systemd/network", "/usr/lib/systemd/network"};
  return directories;
}

std::vector<FileSet> load_files(const std::vector<std::string>& directories, std::string_view suffix,
                                std::vector<Diagnostic>& unread) {
  Winners mains;
  for (const std::string& directory : directories) add_directory(mains, directory, suffix, unread);
  std::vector<FileSet> out;
  for (const auto& [name, path] : mains) {
    if (is_masked(path)) continue;
    FileSet& set = out.emplace_back(FileSet{.name = name, .path = path, .documents = {}, .diagnostics = {}});
    Winners drop_ins;
    for (const std::string& directory : directories)
      add_directory(drop_ins, fs::path{directory} / (name + ".d"), ".conf", set.diagnostics);
    std::vector<std::string> paths{path};
    for (const auto& [ignored, drop_in] : drop_ins)
      if (!is_masked(drop_in)) paths.push_back(drop_in);
    for (const std::string& one : paths) {
      Result<IniDocument> document = IniDocument::read(one);
      if (document)
        set.documents.push_back(std::move(*document));
      else
        set.diagnostics.push_back(
            {.severity = Severity::error, .file = one, .line = 0, .text = document.error().message, .setting = {}});
    }
  }
  return out;
}

std::vector<std::string> directories_of(const std::vector<std::string>& directories, std::string_view suffix) {
  std::vector<std::string> out = directories;
  const std::string ending = std::string{suffix} + ".d";
  for (const std::string& directory : directories) {
    std::error_code error;
    for (fs::directory_iterator entry{directory, error}, end; !error && entry != end; entry.increment(error))
      if (std::error_code ignored; entry->path().string().ends_with(ending) && entry->is_directory(ignored))
        out.push_back(entry->path().string());
  }
  return out;
}

}  // namespace macsec::networkd
