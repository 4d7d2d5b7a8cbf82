// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the drivers that encrypt in hardware take, and what they do besides: one row a driver, and one for all others.
#pragma once

#include "engine/ports/secy.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace macsec::os {

/// What a message that changes settings of the SecY costs. The encoding AN is one of them: a rekey costs it once.
enum class SettingsChange : std::uint8_t {
  nothing,
  frames,  ///< those of that moment
  keys,    ///< every SA, though the kernel goes on listing them
};

/// Who finds that a received frame was not protected.
enum class ClearFrames : std::uint8_t {
  kernel,    ///< the hardware marks what it validated, and the kernel drops the rest
  hardware,  ///< the kernel cannot tell a validated frame from a clear one that the hardware let pass
};

struct OffloadDriver {
  std::string_view name;   ///< for people
  std::string_view match;  ///< what the driver's own name begins with; empty: the row for drivers that are not known
  bool xpn = true;         ///< has the suites with extended packet numbers, and can be trusted to refuse them where not
  bool all_settings = true;  ///< false: protection, encryption and strict validation only
  SettingsChange settings_change = SettingsChange::nothing;
  bool counters = true;                        ///< counts frames and says so through the MACsec interface of the kernel
  bool transmit_pn_readable = false;           ///< the next PN it tells is the one it sends next
  bool lowest_pn_raisable = false;             ///< the lowest acceptable PN of a receive SA can be raised
  bool rewinds_with_carrier = true;            ///< once the parent's carrier is back it may send packet numbers again
  bool rewinds_with_device = true;             ///< so it may once the macsec device was down
  bool shares_mac = false;                     ///< devices on one parent may have one MAC address
  bool other_ethertypes = false;               ///< MKPDUs of an EtherType other than 0x888e pass
  std::optional<unsigned> receive_channels{};  ///< most at a time; nothing: more than a link has peers
  ClearFrames clear_frames = ClearFrames::hardware;
};

/// The row of the driver that calls itself so, by ethtool (a MAC's) or in sysfs (a PHY's).
[[nodiscard]] const OffloadDriver& offload_driver(std::string_view driver) noexcept;

/// What the key agreement has to know of it, with every suite it is not known to lack.
[[nodiscard]] SecyTraits traits_of(const OffloadDriver& driver);

/// Why the driver cannot have these settings, and what to write; empty where nothing is known against them.
[[nodiscard]] std::string objection_to(const OffloadDriver& driver, const SecyParameters& parameters);

}  // namespace macsec::os
