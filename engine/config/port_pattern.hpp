// SPDX-License-Identifier: LGPL-2.1-or-later
/// Profiles for many ports: Parent= with one '*' makes a port of each interface that it matches.
#pragma once

#include "engine/base/result.hpp"
#include "engine/config/profile.hpp"

namespace macsec {

/// Interface= where Parent= is a pattern and nothing else is said.
inline constexpr std::string_view default_interface_pattern = "macsec*";

[[nodiscard]] constexpr bool is_pattern(std::string_view name) noexcept {
  return name.find('*') != std::string_view::npos;
}

/// A profile that does not run. Its name is no port's, and the interface that it names belongs to no pattern.
struct IdleProfile {
  std::string name;
  std::string parent;  ///< empty: not known
};

/// What the '*' of `pattern` stands for in `name`, at least one character; nothing where it does not match.
[[nodiscard]] std::optional<std::string_view> match_pattern(std::string_view pattern, std::string_view name) noexcept;

/// The profile of the port on `parent`, which its Parent= matches: "PROFILE@PARENT". EINVAL where no interface can have the name that
/// results from Interface=.
[[nodiscard]] Result<ProfilePointer> port_profile(const Profile& pattern, const std::string& parent);

/// The profile as it is configured: that with the pattern where `profile` is one of its ports.
[[nodiscard]] inline const std::string& configured_name(const Profile& profile) noexcept {
  return profile.pattern.empty() ? profile.name : profile.pattern;
}

}  // namespace macsec
