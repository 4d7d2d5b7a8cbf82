// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/config/port_pattern.hpp"

#include "engine/config/profile_draft.hpp"

#include <cerrno>

namespace macsec {
namespace {

std::string fill(std::string_view pattern, std::string_view star) {
  std::string out{pattern};
  return out.replace(out.find('*'), 1, star);
}

}  // namespace

std::optional<std::string_view> match_pattern(std::string_view pattern, std::string_view name) noexcept {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos || name.size() < pattern.size()) return std::nullopt;
  const std::string_view before = pattern.substr(0, star);
  const std::string_view after = pattern.substr(star + 1);
  if (!name.starts_with(before) || !name.ends_with(after)) return std::nullopt;
  return name.substr(star, name.size() - before.size() - after.size());
}

Result<ProfilePointer> port_profile(const Profile& pattern, const std::string& parent) {
  const std::string interface =
      fill(pattern.link.interface, match_pattern(pattern.link.parent, parent).value_or(std::string_view{}));
  if (!detail::is_interface_name(interface, detail::longest_interface_name))
    return fail(EINVAL, "Interface=" + pattern.link.interface + " makes a name of more than 15 characters of it");
  Result<Profile> port = duplicate(pattern);
  if (!port) return std::unexpected{std::move(port.error())};
  port->name = pattern.name + "@" + parent;
  port->pattern = pattern.name;
  port->link.parent = parent;
  port->link.interface = interface;
  return std::make_shared<const Profile>(std::move(*port));
}

}  // namespace macsec
