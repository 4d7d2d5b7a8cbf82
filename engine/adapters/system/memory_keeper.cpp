// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/system/memory_keeper.hpp"

#include <algorithm>

namespace macsec::os {
namespace {

constexpr std::string_view profile_prefix = "keys.";

}  // namespace

MemoryKeeper::MemoryKeeper(std::vector<KeptFile>& inherited) : files_{profile_prefix} {
  for (const KeptFile& each : files_.resume(inherited)) {
    const std::optional<WipedText> text = read_kept_file(each.descriptor);
    std::optional<MemoryKeys> keys;
    if (text) keys = read_memory_keys({reinterpret_cast<const std::uint8_t*>(text->view().data()), text->size()});
    if (!keys) {
      KeptFiles::remove(each.name);  // of another version
      continue;
    }
    const auto [before, is_new] = names_.try_emplace(keys->profile, each.name);
    if (!is_new) KeptFiles::remove(std::exchange(before->second, each.name));
    std::erase_if(left_, [&](const MemoryKeys& other) { return other.profile == keys->profile; });
    left_.push_back(std::move(*keys));
  }
}

Result<void> MemoryKeeper::keep(const MemoryKeys& keys) {
  const auto before = names_.find(keys.profile);
  std::string name;
  if (!keys.keys.empty() || !keys.retired.empty()) {
    const WipedBuffer octets = write_memory_keys(keys);
    auto put = files_.put(octets.octets());
    if (!put) return std::unexpected{put.error()};
    name = std::move(*put);
  }
  if (before != names_.end()) {
    KeptFiles::remove(before->second);
    names_.erase(before);
  }
  if (!name.empty()) names_.emplace(keys.profile, std::move(name));
  return {};
}

}  // namespace macsec::os
