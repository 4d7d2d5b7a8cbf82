// SPDX-License-Identifier: LGPL-2.1-or-later
/// What networkd's files say about one MACsec link: the [X-MKA] and [X-8021X] sections of a .netdev as settings of a profile.
#pragma once

#include "dbus/client/sections.hpp"
#include "engine/config/profile_reader.hpp"
#include "plugin/networkd/search_path.hpp"

#include <set>

namespace macsec::networkd {

/// A setting and where it was written; `line` 0: it follows from something else.
struct Setting {
  std::string key;
  std::string value;
  std::string file;
  unsigned line = 0;
  friend bool operator==(const Setting& left, const Setting& right) {
    return left.key == right.key && left.value == right.value;
  }
};

struct Section {
  std::string name;  ///< "Link", "MACsec", "MKA", "Key", "8021X", "RadiusServer"
  std::string file;
  unsigned line = 0;
  std::vector<Setting> settings;
  friend bool operator==(const Section& left, const Section& right) {
    return left.name == right.name && left.settings == right.settings;
  }
};

/// A .netdev of Kind=macsec with an [X-MKA], [X-MKA-Key], [X-8021X] or [X-RadiusServer] section.
struct Netdev {
  std::string interface;                ///< Name=
  std::string path;                     ///< of the main file
  std::string description;              ///< [NetDev] Description=
  std::vector<Section> sections;        ///< without [Link] Parent=
  std::vector<Diagnostic> diagnostics;  ///< an error: the sections are not to be used
  [[nodiscard]] bool usable() const noexcept { return !has_error(diagnostics); }
};

/// What one .netdev is, whether it is ours or not.
struct NetdevFile {
  std::string interface;  ///< empty: none that networkd would take
  std::optional<Netdev> netdev;
  std::vector<Diagnostic> diagnostics;
};
[[nodiscard]] NetdevFile read_netdev(const FileSet& files);

/// The parents of MACsec links: [Network] MACsec= of .network files by the link's name. Empty text: a file names the link
/// but matches more than one plain Name=, so the parent is known only when the link is there.
using Parents = std::map<std::string, std::string>;
[[nodiscard]] Parents read_parents(const std::vector<FileSet>& files);

struct Configuration {
  std::vector<Netdev> netdevs;  ///< each with an interface of its own
  Parents parents;
  std::vector<Diagnostic> diagnostics;  ///< about files that make no netdev, and directories that cannot be read
  std::map<std::string, std::vector<Diagnostic>>
      broken;                       ///< files so broken that it is not known what they say, by path
  std::set<std::string> key_files;  ///< all that CakFile= and SecretFile= name

  /// Why the directory of the file at `path` cannot be read; null where it can, or is not there.
  [[nodiscard]] const Diagnostic* unread_above(const std::string& path) const;
};
[[nodiscard]] Configuration load_configuration(const std::vector<std::string>& directories);

/// The settings for the daemon.
[[nodiscard]] bus::Settings to_settings(const Netdev& netdev, const std::string& parent);

/// A complaint of the daemon about these settings, at the place they were written. `setting` is "Key.Ckn", `text` begins
/// "[Key #2] " where it is about the second [Key].
[[nodiscard]] bus::Problem locate(const Netdev& netdev, bus::Problem problem);

/// What macsecd will say of a usable one, at the places in its files. `parent` may be empty.
[[nodiscard]] std::vector<Diagnostic> foresee(const Netdev& netdev, const std::string& parent,
                                              const ProfileContext& context);

[[nodiscard]] bus::Problem to_problem(const Diagnostic& diagnostic);

}  // namespace macsec::networkd
