// SPDX-License-Identifier: LGPL-2.1-or-later
/// 802.1X of a connection with macsec.mode=eap, from NetworkManager's options to the [8021X] section of a profile.
#pragma once

#include "plugin/networkmanager/network.hpp"
#include "plugin/networkmanager/profiles/user_data.hpp"

namespace macsec::nm {

/// Where certificates and keys come from.
struct Materials {
  const std::map<std::string, WipedText>& blobs;  ///< of AddBlob, by name
  /// The content of a file; nothing for a folder. Errors as of read_file().
  std::function<Result<std::optional<WipedText>>(const std::string& path)> read;
};
/// With the rights of this process.
[[nodiscard]] Result<std::optional<WipedText>> read_material(const std::string& path);

/// The section, with the content of what the options name. What is wrong goes to `extras.problems`, by the option's name, as
/// does an authentication that would believe every server. `is_private`: another user than the administrator may have
/// written the paths, so none is opened.
[[nodiscard]] bus::SettingsSection make_authentication(const Network& network, const Materials& materials,
                                                       bool is_private, UserData& extras);

/// "802-1x.private-key-password" of wpa_supplicant's "private_key_passwd".
[[nodiscard]] std::string property_of(std::string_view word);

}  // namespace macsec::nm
