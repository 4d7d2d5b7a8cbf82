// SPDX-License-Identifier: LGPL-2.1-or-later
/// Files of systemd-networkd by its own rules: a stronger directory hides a name, an empty file or a link to /dev/null masks
/// it, drop-ins NAME.d/*.conf come from all directories in the order of their names.
#pragma once

#include "engine/config/ini.hpp"

#include <map>

namespace macsec::networkd {

/// Where networkd looks, the strongest first.
[[nodiscard]] const std::vector<std::string>& network_directories();

/// One file with its drop-ins, the file first.
struct FileSet {
  std::string name;                     ///< "25-macsec0.netdev"
  std::string path;                     ///< of the main file
  std::vector<IniDocument> documents;   ///< those that could be read
  std::vector<Diagnostic> diagnostics;  ///< errors: what could not be read
};

/// All files with `suffix` in the order networkd reads them: by name. A directory that is there and cannot be read is an error
/// in `unread`, by its path, or, of drop-ins, in the file's diagnostics.
[[nodiscard]] std::vector<FileSet> load_files(const std::vector<std::string>& directories, std::string_view suffix,
                                              std::vector<Diagnostic>& unread);

/// Directories of `directories` and those of drop-ins in them, existing or not, whose changes may change what load_files()
/// finds.
[[nodiscard]] std::vector<std::string> directories_of(const std::vector<std::string>& directories,
                                                      std::string_view suffix);

}  // namespace macsec::networkd
