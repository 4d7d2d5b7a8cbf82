// SPDX-License-Identifier: LGPL-2.1-or-later
/// All there is to monitor, as OpenMetrics 1.0.
#pragma once

#include "cli/context.hpp"

namespace macsec::cli {

struct Measured {
  Context::Session session;
  bus::Value statistics;                                  ///< of GetStatistics
  std::optional<bus::AuthenticatorInfo> authenticator{};  ///< of an access port
  std::optional<bus::SupplicantInfo> supplicant{};        ///< of a link that is authenticated
};

/// Ends with "# EOF". `version` is the daemon's.
[[nodiscard]] std::string to_openmetrics(std::span<const Measured> links, std::span<const Context::Profile> profiles,
                                         std::span<const bus::KeyServerInfo> servers, const std::string& version);
/// The same of a host where no daemon answers.
[[nodiscard]] std::string openmetrics_of_nobody();

}  // namespace macsec::cli
