// SPDX-License-Identifier: LGPL-2.1-or-later
/// A RADIUS server that an authenticator asks, a [RadiusServer] section.
#pragma once

#include "engine/base/secret.hpp"
#include "engine/base/time.hpp"
#include "engine/base/wiped.hpp"
#include "engine/config/eap_profile.hpp"

#include <string>
#include <vector>

namespace macsec {

/// Transport=
enum class RadiusTransport : std::uint8_t {
  udp,  ///< RFC 2865
  tls,  ///< RFC 6614
};

struct RadiusServer {
  std::string address;  ///< Address=: numeric IPv4 or IPv6
  RadiusTransport transport = RadiusTransport::udp;
  std::uint16_t port = 1812;             ///< Port=
  std::uint16_t accounting_port = 1813;  ///< AccountingPort=; 0: nothing is accounted here
  EapSource secret;  ///< Secret=, SecretFile=, SecretCredential=; `content` has the octets, whichever it is
  Duration timeout = std::chrono::seconds{30};  ///< TimeoutSec=: until a request is given up
  Duration retry = std::chrono::seconds{2};     ///< RetrySec=: until it is first sent again
  // With Transport=tls, for macsec-eap, which speaks it. `secret` has content only: "radsec" (RFC 6614 2.3).
  std::vector<EapSource> ca_certificates;
  std::vector<std::string> server_names;
  std::vector<std::string> server_fingerprints;
  EapSource client_certificate;
  EapSource private_key;

  [[nodiscard]] RadiusServer duplicate() const;
  friend bool operator==(const RadiusServer&, const RadiusServer&) noexcept = default;
};

[[nodiscard]] std::string_view to_string(RadiusTransport transport) noexcept;  ///< "udp", "tls"

}  // namespace macsec
