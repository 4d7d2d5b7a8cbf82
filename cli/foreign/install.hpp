// SPDX-License-Identifier: LGPL-2.1-or-later
/// Handing a profile to NetworkManager itself, over its own D-Bus interface (adr/0009).
#pragma once

#include "dbus/client/client.hpp"

#include <string_view>

namespace macsec::cli {

/// Adds the connection a keyfile of export_profile() describes, and has it saved.
[[nodiscard]] bus::Outcome<bus::Nothing> install_networkmanager(sd_bus* bus, std::string_view keyfile);

}  // namespace macsec::cli
