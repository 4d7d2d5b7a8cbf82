// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/netlink/made_devices.hpp"

#include "engine/base/file.hpp"
#include "engine/base/text.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>

namespace macsec::os {
namespace {

constexpr std::size_t largest_file = std::size_t{1} << 20U;

std::optional<unsigned> number(std::string_view text) {
  const auto value = parse_unsigned(text, UINT32_MAX);
  return value ? std::optional{static_cast<unsigned>(*value)} : std::nullopt;
}

}  // namespace

Result<void> MadeDevices::remember_in(std::string path, const std::function<bool(unsigned ifindex)>& exists) {
  path_ = std::move(path);
  const auto text = read_file(path_, largest_file);
  if (!text && text.error().code == ENOENT) return {};
  if (!text) return std::unexpected{text.error()};
  for (std::string_view rest = text->text.view(); !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const std::size_t blank = std::min(line.find(' '), line.size() - 1);
    const auto ifindex = number(line.substr(0, blank));
    const auto parent = number(line.substr(blank + 1));
    if (!ifindex || !parent) return fail(EBADMSG, path_ + ": damaged, ignored from there on");
    if (exists(*ifindex)) parents_.emplace(*ifindex, *parent);
  }
  return {};
}

bool MadeDevices::has(const Link& link) const {
  if (!link.macsec) return false;
  const auto found = parents_.find(link.ifindex);
  return link.alias == device_mark || (found != parents_.end() && found->second == link.parent);
}

void MadeDevices::add(unsigned ifindex, unsigned parent) {
  parents_.insert_or_assign(ifindex, parent);
  write();
}

void MadeDevices::forget(unsigned ifindex) {
  if (parents_.erase(ifindex) != 0) write();
}

/// A device is known by its alias, too: a file that cannot be written costs something only where that is changed.
void MadeDevices::write() const {
  if (path_.empty()) return;
  std::string text;
  for (const auto& [ifindex, parent] : parents_)
    text.append(std::to_string(ifindex)).append(" ").append(std::to_string(parent)).append("\n");
  static_cast<void>(write_file(path_, text, {.mode = 0600, .directory_mode = 0700, .durable = false}));
}

}  // namespace macsec::os
