// SPDX-License-Identifier: LGPL-2.1-or-later
/// .netdev files: a main file and, after a form feed, a drop-in. Whatever is said about them can go over the bus, and what
/// is accepted consists of settings a profile knows.
#include <cstdlib>

#include "engine/config/profile_keys.hpp"
#include "plugin/networkd/netdev.hpp"

namespace {

using namespace macsec;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  networkd::FileSet files{.name = "a.netdev", .path = "a.netdev", .documents = {}, .diagnostics = {}};
  const std::size_t split = text.find('\f');
  files.documents.push_back(IniDocument::parse("a.netdev", WipedText{text.substr(0, split)}));
  if (split != std::string_view::npos)
    files.documents.push_back(IniDocument::parse("drop-in", WipedText{text.substr(split + 1)}));
  std::vector<networkd::FileSet> as_network;
  const networkd::NetdevFile read = networkd::read_netdev(files);
  as_network.push_back(std::move(files));
  static_cast<void>(networkd::read_parents(as_network));
  for (const Diagnostic& one : read.diagnostics)
    require(!one.text.empty() && is_utf8(one.text) && one.text.find('\n') == std::string::npos);
  if (!read.netdev || !read.netdev->usable()) return 0;
  require(!read.interface.empty());
  for (const networkd::Section& section : read.netdev->sections)
    for (const networkd::Setting& setting : section.settings) {
      const ProfileKey* const key = find_profile_key(section.name, setting.key);
      require(key != nullptr && !key->secret && check_profile_value(*key, setting.value).has_value());
    }
  const bus::Settings settings = networkd::to_settings(*read.netdev, "eth0");
  require(!settings.empty());
  for (const char* setting : {"Key.Ckn", "Key", "", "MKA.Priority"})
    static_cast<void>(networkd::locate(
        *read.netdev,
        {.error = true, .file = {}, .line = 0, .setting = setting, .text = text.empty() ? "x" : "[Key #2] y"}));
  return 0;
}
