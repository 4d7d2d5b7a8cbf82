// SPDX-License-Identifier: LGPL-2.1-or-later
/// Changes of directories and files, existing or not: the nearest directory that exists is watched for the next one.
#pragma once

#include "engine/base/handle.hpp"
#include "engine/base/result.hpp"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <systemd/sd-event.h>
#include <vector>

namespace macsec::networkd {

using Source = std::unique_ptr<sd_event_source, Releases<sd_event_source_disable_unref>>;

class Watcher {
 public:
  /// Hears, once a turn of the loop, that something changed; `files`: one of the files, not only directories.
  using Callback = std::function<void(bool files)>;

  [[nodiscard]] static Result<std::unique_ptr<Watcher>> open(sd_event* event, Callback callback);
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;
  ~Watcher() = default;

  /// Watches all content of `directories`, and `files`. Replaces what was watched before. What cannot be watched (no
  /// permission) is not.
  void watch(const std::vector<std::string>& directories, const std::set<std::string>& files);

 private:
  explicit Watcher(Callback callback) : callback_{std::move(callback)} {}
  void add(const std::string& path, bool content, bool file, std::map<int, std::string>& kept);
  void read();

  /// What of one directory is of interest.
  struct Interest {
    bool content = false;                           ///< everything
    std::set<std::string, std::less<>> on_the_way;  ///< names that lead to what is watched
    std::set<std::string, std::less<>> files;
  };

  Callback callback_;
  FileDescriptor inotify_;
  std::map<int, Interest> interests_;  ///< by watch
  Source source_;
};

}  // namespace macsec::networkd
