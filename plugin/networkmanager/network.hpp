// SPDX-License-Identifier: LGPL-2.1-or-later
/// The dictionary of AddNetwork: one MACsec network as NetworkManager asks for it.
#pragma once

#include "dbus/bus/message.hpp"
#include "engine/base/result.hpp"
#include "engine/base/secret.hpp"
#include "engine/base/wiped.hpp"
#include "engine/config/wpa_eap.hpp"
#include "engine/wire/types.hpp"

namespace macsec::nm {

struct Network {
  Ckn ckn;         ///< not with 802.1X
  Secret<32> cak;  ///< 16 or 32 octets; empty with 802.1X
  bool encrypt = true;
  std::uint16_t port = 0;       ///< of our SCI; 0: not said, which NetworkManager means as 65534
  std::optional<int> offload;   ///< 0 off, 1 phy, 2 mac
  std::optional<int> priority;  ///< 0 to 255
  std::optional<bool> replay_protect;
  std::optional<std::uint32_t> replay_window;
  bool does_eap = false;                               ///< the key comes from 802.1X
  std::vector<std::pair<std::string, WipedText>> eap;  ///< how, in wpa_supplicant's words

  [[nodiscard]] Network duplicate() const;
};

/// Reads a{sv} at the message's position. EINVAL names the key, what it held and what is accepted, and never a secret.
[[nodiscard]] Result<Network> read_network(sd_bus_message* message);

/// What the words of 802.1X mean.
[[nodiscard]] WpaEap read_network_eap(const Network& network);

}  // namespace macsec::nm
