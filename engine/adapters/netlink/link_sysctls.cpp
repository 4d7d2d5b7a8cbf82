// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/netlink/link_sysctls.hpp"

#include "engine/base/file.hpp"

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <optional>

namespace macsec::os {
namespace {

constexpr std::string_view root = "/proc/sys/";

std::optional<std::string> value_of(const std::string& path) {
  std::ifstream file{path};  // its size is told as 0
  std::string value;
  if (!std::getline(file, value)) return std::nullopt;  // some cannot be read, or not before they were set once
  return value;
}

/// "net.ipv6.conf.macsec0.accept_ra=0"
std::string words(const std::string& path, const std::string& value) {
  std::string out = path.substr(root.size());
  std::ranges::replace(out, '/', '.');
  return out + "=" + value;
}

}  // namespace

LinkSysctls LinkSysctls::save(const std::string& interface) {
  LinkSysctls out;
  for (const char* const family : {"ipv4", "ipv6"})
    for (const char* const table : {"conf", "neigh"}) {
      std::error_code none;
      const std::string folder = std::string{root} + "net/" + family + "/" + table + "/" + interface;
      for (const auto& entry : std::filesystem::directory_iterator{folder, none})
        if (auto value = value_of(entry.path())) out.values_.emplace_back(entry.path(), std::move(*value));
    }
  std::ranges::sort(out.values_);
  return out;
}

std::vector<std::string> LinkSysctls::restore() const {
  std::vector<std::string> refused;
  for (const auto& [path, value] : values_) {
    const auto now = value_of(path);
    if (!now || *now == value) continue;
    const FileDescriptor file{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
    if (!file || !write_all(file.get(), value, path)) refused.push_back(words(path, value));
  }
  return refused;
}

}  // namespace macsec::os
