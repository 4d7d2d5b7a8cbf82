// SPDX-License-Identifier: LGPL-2.1-or-later
/// From what NetworkManager asks to a profile of org.macsecd1.
#pragma once

#include "engine/config/profile.hpp"
#include "plugin/networkmanager/links.hpp"
#include "plugin/networkmanager/network.hpp"
#include "plugin/networkmanager/profiles/connections.hpp"
#include "plugin/networkmanager/profiles/user_data.hpp"

namespace macsec::nm {

/// Everything that is known of one network when it is selected.
struct Wanted {
  std::string parent;
  LinkFacts device;  ///< NetworkManager's
  Network network;
  std::optional<Connection> connection;  ///< nothing where NetworkManager could not be asked
  UserData extras;
  bus::SettingsSection authentication{};  ///< with 802.1X: the section [8021X]
  /// NetworkManager sets up the device, and takes everything off it when it ends.
  KeepConfiguration keep = KeepConfiguration::remember;
};

/// The profile's settings. Problems with the device go to `wanted.extras.problems`.
[[nodiscard]] bus::Settings make_settings(Wanted& wanted);

/// Settings of a connection that is not active: without its key, and not enabled. `spare`: its device is made in advance.
[[nodiscard]] bus::Settings make_settings(const StoredConnection& stored, const UserData& extras, bool spare);

/// Whether the network is that of the connection, by its CKN or, with 802.1X, by who authenticates.
[[nodiscard]] bool is_network_of(const Connection& connection, const Network& network);

/// Whether the connection accepts the cipher suite of the device.
[[nodiscard]] bool suits(const Wanted& wanted);

/// What the connection names; empty: it accepts all.
[[nodiscard]] std::vector<CipherSuite> cipher_suites(const UserData& extras);
/// Of the devices NetworkManager makes.
inline constexpr CipherSuite own_cipher_suite = CipherSuite::gcm_aes_128;
/// Whether a device as NetworkManager makes it is not what the connection asks for.
[[nodiscard]] bool wants_other_suite(const UserData& extras);

/// Whether other users may be told which connection it is.
[[nodiscard]] bool is_public(const Wanted& wanted);
/// The connection's id where it can be a profile's name, with '_' for what cannot; else "nm-DEVICE".
[[nodiscard]] std::string profile_name(const std::string& id, const std::string& device);
[[nodiscard]] std::string profile_name(const Wanted& wanted);

}  // namespace macsec::nm
