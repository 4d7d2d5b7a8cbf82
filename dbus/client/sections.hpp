// SPDX-License-Identifier: LGPL-2.1-or-later
/// Profile settings on their way to the daemon.
#pragma once

#include "dbus/bus/message.hpp"
#include "engine/base/wiped.hpp"
#include "engine/config/profile.hpp"

namespace macsec::bus {

/// Octets as they go with settings, and back.
[[nodiscard]] inline WipedText to_secret(Bytes octets) {
  return WipedText{std::string_view{reinterpret_cast<const char*>(octets.data()), octets.size()}};
}
[[nodiscard]] inline Bytes octets_of(const WipedText& secret) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(secret.view().data()), secret.size()};
}

/// One section of a profile: "Link", "MACsec", "MKA", "Key", "8021X", "RadiusServer" or "StaticKeys". Move-only, because it may hold keys.
struct SettingsSection {
  std::string name;
  std::vector<std::pair<std::string, std::string>> texts;  ///< in the syntax of profile files
  std::vector<std::pair<std::string, WipedText>>
      secrets{};  ///< Cak, Key, Salt, Secret, passwords, certificates: the octets
};
using Settings = std::vector<SettingsSection>;

/// What becomes of CakFile=, CakCredential=, KeyFile=, SecretFile= and the like of a profile.
enum class References : std::uint8_t {
  kept,      ///< the daemon reads them
  resolved,  ///< the octets are sent; what they were read from is not
};

/// Everything `profile` says, secrets included.
[[nodiscard]] Settings to_settings(const Profile& profile, References references = References::kept);

/// Writes a(sa{sv}). The message must be sensitive.
int put(sd_bus_message* message, const Settings& settings);

/// The settings and secret of one [Key] section as an argument of AddKey and ReplaceKey.
struct KeyArgument {
  const SettingsSection& section;
};
/// Writes a{sv}; the secret goes in a memfd where the connection carries descriptors, and so through no buffer of the bus.
int put(sd_bus_message* message, const KeyArgument& key);

/// Where a key that is added is kept.
struct KeyKeeping {
  bool memory = false;       ///< in no file
  std::string key_source{};  ///< that brings it, into memory; empty: none does
};
[[nodiscard]] Dictionary to_dictionary(const KeyKeeping& options);

/// Options of AddProfile and Update; members without a value are not sent.
struct ProfileOptions {
  std::optional<Lifetime> lifetime{};
  std::optional<std::chrono::microseconds> grace{};
  std::optional<ProfileSource> source{};  ///< AddProfile only
  std::optional<std::string> origin{};    ///< AddProfile only
  std::optional<std::string> description{};
  std::optional<std::vector<Problem>> problems{};
  bool replace = false;       ///< AddProfile only
  bool keep_secrets = false;  ///< Update only
};
[[nodiscard]] Dictionary to_dictionary(const ProfileOptions& options);

}  // namespace macsec::bus
