// SPDX-License-Identifier: LGPL-2.1-or-later
/// Opens the certificates and keys that a profile's [8021X] names: macsec-eap does it, as it would in service.
#pragma once

#include "engine/config/ini.hpp"
#include "engine/config/profile.hpp"

namespace macsec::cli {

struct AuthenticationCheck {
  std::vector<std::string> facts;  ///< names and dates
  std::vector<Diagnostic> diagnostics;
};

/// Nothing is said of a profile that is no supplicant's. `program` is macsec-eap, run with its option --check: as its own user where
/// we are root, so that what it could not read in service is found; else with the caller's rights.
[[nodiscard]] AuthenticationCheck check_authentication(const Profile& profile, const std::string& program);

/// Where macsec-eap is installed.
[[nodiscard]] std::string eap_program();

}  // namespace macsec::cli
