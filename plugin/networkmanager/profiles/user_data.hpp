// SPDX-License-Identifier: LGPL-2.1-or-later
/// What a connection says beyond NetworkManager's own setting: keys "org.macsecd.*" of its user.data.
#pragma once

#include "dbus/client/sections.hpp"
#include "engine/base/result.hpp"
#include "plugin/networkmanager/profiles/connections.hpp"

namespace macsec::nm {

/// When NetworkManager is told that the link is there.
enum class Activation : std::uint8_t {
  automatic,  ///< secured, or after a while where nothing speaks against it
  secured,    ///< not before it is secured
  immediate,  ///< at once
};

struct UserData {
  Activation activation = Activation::automatic;
  /// Settings by section and key: {"MKA", "Priority"} -> "10".
  std::map<std::pair<std::string, std::string>, std::string> settings{};
  std::vector<bus::SettingsSection> fallback_keys{};  ///< at most one Key section
  std::vector<bus::Problem> problems{};               ///< settings are "org.macsecd.priority"

  [[nodiscard]] bool usable() const noexcept;  ///< no problem is an error
};

/// Keys of others are passed over. Those that reach beyond the connection, to files and credentials which macsecd can read,
/// are errors in a private one.
[[nodiscard]] UserData read_user_data(const Connection& connection);

}  // namespace macsec::nm
