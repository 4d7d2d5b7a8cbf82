// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/netlink/offload_drivers.hpp"

#include <array>

namespace macsec::os {
namespace {

// What is not said is what caution takes a driver for.
constexpr std::array drivers{
    // ConnectX-6 Dx and later, BlueField. Every change of settings takes the receive rules off and puts them on again.
    OffloadDriver{.name = "mlx5",
                  .match = "mlx5",
                  .all_settings = false,
                  .settings_change = SettingsChange::frames,
                  .counters = false,
                  .rewinds_with_carrier = false,
                  .rewinds_with_device = false,
                  .shares_mac = true,
                  .clear_frames = ClearFrames::kernel},
    // AQC1xx. The only one that writes the hardware's PN back; when the carrier or the device comes up it is given the SAs
    // again as the kernel last knew them.
    OffloadDriver{.name = "atlantic",
                  .match = "atlantic",
                  .xpn = false,
                  .transmit_pn_readable = true,
                  .lowest_pn_raisable = true,
                  .receive_channels = 8},
    // Marvell CN10K: physical (rvu_nicpf) and virtual functions.
    OffloadDriver{.name = "octeontx2", .match = "rvu_nic", .lowest_pn_raisable = true, .rewinds_with_carrier = false},
    // VSC8575, 8582, 8584, 856x. An XPN suite is not refused, but sent with 32 bits; every change of settings drops all SAs, and the AN
    // of a transmit SA is the one that was sent with when it was installed.
    OffloadDriver{.name = "mscc",
                  .match = "Microsemi GE VSC85",
                  .xpn = false,
                  .settings_change = SettingsChange::keys,
                  .counters = false},
    // TJA1103, 1104, 1120, 1121.
    OffloadDriver{.name = "nxp-c45", .match = "NXP C45", .lowest_pn_raisable = true, .receive_channels = 1},
    // Frames pass as they are.
    OffloadDriver{.name = "netdevsim",
                  .match = "netdevsim",
                  .counters = false,
                  .rewinds_with_carrier = false,
                  .rewinds_with_device = false,
                  .shares_mac = true,
                  .other_ethertypes = true,
                  .receive_channels = 1},
    OffloadDriver{.name = "this driver", .match = "", .settings_change = SettingsChange::frames, .counters = false},
};

}  // namespace

const OffloadDriver& offload_driver(std::string_view driver) noexcept {
  for (const OffloadDriver& row : drivers)
    if (driver.starts_with(row.match)) return row;
  return drivers.back();
}

SecyTraits traits_of(const OffloadDriver& driver) {
  SecyTraits traits;
  for (const CipherSuite suite : all_cipher_suites)
    if (is_xpn(suite) && !driver.xpn) traits.cipher_suites.remove(suite);
  traits.receive_channels = driver.receive_channels;
  traits.transmit_pn_readable = driver.transmit_pn_readable;
  traits.lowest_pn_raisable = driver.lowest_pn_raisable;
  traits.pn_rewinds_with_carrier = driver.rewinds_with_carrier;
  traits.pn_rewinds_with_device = driver.rewinds_with_device;
  traits.hitless = driver.settings_change == SettingsChange::nothing;
  return traits;
}

std::string objection_to(const OffloadDriver& driver, const SecyParameters& parameters) {
  const std::string name{driver.name};
  const bool clear_may_pass = !parameters.protect || parameters.validate != Validate::strict;
  if (!driver.all_settings && !parameters.protect)
    return name + " cannot leave frames unprotected: write Policy=must-secure or Offload=off";
  if (!driver.all_settings && clear_may_pass)
    return name + " validates strictly or not at all: write Policy=must-secure with Validate=strict, or Offload=off";
  if (!driver.all_settings && !parameters.encrypt)
    return name + " protects frames only by encrypting them: write Encrypt=yes or Offload=off";
  if (driver.settings_change == SettingsChange::keys && clear_may_pass)
    return name +
           " drops its keys when clear text is to be refused: write Policy=must-secure with Validate=strict, or "
           "Offload=off";
  return {};
}

}  // namespace macsec::os
