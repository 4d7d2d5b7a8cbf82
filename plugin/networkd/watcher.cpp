// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/networkd/watcher.hpp"

#include "dbus/bus/callback.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <sys/inotify.h>

namespace macsec::networkd {
namespace {

constexpr std::uint32_t mask = IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_ATTRIB |
                               IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

}  // namespace

Result<std::unique_ptr<Watcher>> Watcher::open(sd_event* event, Callback callback) {
  std::unique_ptr<Watcher> watcher{new Watcher{std::move(callback)}};
  watcher->inotify_ = FileDescriptor{::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)};
  if (!watcher->inotify_) return fail(errno, std::string{"cannot watch files: "} + std::strerror(errno));
  sd_event_source* source = nullptr;
  const int r =
      sd_event_add_io(event, &source, watcher->inotify_.get(), EPOLLIN, bus::callback<&Watcher::read>, watcher.get());
  watcher->source_.reset(source);
  if (r < 0) return fail(-r, std::string{"cannot watch files: "} + std::strerror(-r));
  return watcher;
}

void Watcher::add(const std::string& path, bool content, bool file, std::map<int, std::string>& kept) {
  namespace fs = std::filesystem;
  fs::path directory{path};
  std::string next;
  if (file) {
    next = directory.filename().string();
    directory = directory.parent_path();
  }
  bool there = true;
  for (;;) {
    const int watch = ::inotify_add_watch(inotify_.get(), directory.c_str(), mask);
    if (watch >= 0) {
      kept.emplace(watch, directory.string());
      Interest& interest = interests_[watch];
      if (there && content)
        interest.content = true;
      else if (there && file)
        interest.files.insert(next);
      else
        interest.on_the_way.insert(next);
      return;
    }
    if (!directory.has_relative_path()) return;
    there = false;
    next = directory.filename().string();
    directory = directory.parent_path();
  }
}

void Watcher::watch(const std::vector<std::string>& directories, const std::set<std::string>& files) {
  const std::map<int, Interest> before = std::exchange(interests_, {});
  std::map<int, std::string> kept;
  for (const std::string& directory : directories) add(directory, true, false, kept);
  for (const std::string& file : files) add(file, false, true, kept);
  for (const auto& [watch, ignored] : before)
    if (!kept.contains(watch)) ::inotify_rm_watch(inotify_.get(), watch);
}

void Watcher::read() {
  alignas(inotify_event) std::array<char, 16384> buffer{};
  bool directories = false;
  bool files = false;
  for (;;) {
    const ssize_t size = ::read(inotify_.get(), buffer.data(), buffer.size());
    if (size <= 0) break;
    for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const std::string_view name = event.len == 0 ? std::string_view{} : buffer.data() + at + sizeof event;
      at += sizeof event + event.len;
      const auto interest = interests_.find(event.wd);
      if ((event.mask & IN_Q_OVERFLOW) != 0) directories = files = true;
      if (interest == interests_.end() || (event.mask & IN_IGNORED) != 0) continue;
      const bool itself = (event.mask & (IN_DELETE_SELF | IN_MOVE_SELF)) != 0;
      files = files || itself || interest->second.files.contains(name);
      directories = directories || itself || interest->second.content || interest->second.on_the_way.contains(name);
    }
  }
  if (directories || files) callback_(files);
}

}  // namespace macsec::networkd
