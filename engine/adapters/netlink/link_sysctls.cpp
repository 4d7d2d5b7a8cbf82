// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/netlink/link_sysctls.hpp"

#include "engine/base/file.hpp"
#include "engine/base/handle.hpp"

#include <algorithm>
#include <array>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <optional>
#include <unistd.h>

namespace macsec::os {
namespace {

constexpr const char* root = "/proc/sys/net/";

using Directory = std::unique_ptr<DIR, Releases<::closedir>>;

Directory open_folder(const std::string& path) { return Directory{::opendir((root + path).c_str())}; }

/// Nothing where it cannot be read: some cannot at all, some not before they were set once.
std::optional<std::string> value_of(int folder, const char* name) {
  const FileDescriptor file{::openat(folder, name, O_RDONLY | O_CLOEXEC)};
  std::array<char, 512> text{};
  const ssize_t size = file ? ::read(file.get(), text.data(), text.size()) : -1;
  if (size <= 0) return std::nullopt;
  const std::string_view all{text.data(), static_cast<std::size_t>(size)};
  return std::string{all.substr(0, all.find('\n'))};
}

/// "net.ipv6.conf.macsec0.accept_ra=0"
std::string words(std::string folder, const std::string& name, const std::string& value) {
  std::ranges::replace(folder, '/', '.');
  return "net." + folder + '.' + name + '=' + value;
}

}  // namespace

LinkSysctls LinkSysctls::save(const std::string& interface) {
  LinkSysctls out;
  for (const char* const family : {"ipv4", "ipv6"})
    for (const char* const table : {"conf", "neigh"}) {
      Folder& folder = out.folders_.emplace_back(std::string{family} + '/' + table + '/' + interface);
      const Directory list = open_folder(folder.path);
      while (const dirent* const entry = list ? ::readdir(list.get()) : nullptr)
        if (entry->d_type == DT_REG)
          if (auto value = value_of(::dirfd(list.get()), entry->d_name))
            folder.values.emplace_back(entry->d_name, std::move(*value));
      std::ranges::sort(folder.values);
    }
  return out;
}

std::vector<std::string> LinkSysctls::restore() const {
  std::vector<std::string> refused;
  for (const auto& [path, values] : folders_) {
    const Directory list = open_folder(path);
    if (!list) continue;
    const int folder = ::dirfd(list.get());
    for (const auto& [name, value] : values) {
      const auto now = value_of(folder, name.c_str());
      if (!now || *now == value) continue;
      const FileDescriptor file{::openat(folder, name.c_str(), O_WRONLY | O_CLOEXEC)};
      if (!file || !write_all(file.get(), value, name)) refused.push_back(words(path, name, value));
    }
  }
  return refused;
}

}  // namespace macsec::os
