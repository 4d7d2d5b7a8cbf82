// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/doctor/access_port.hpp"

#include "engine/base/text.hpp"

#include <algorithm>

namespace macsec::doctor {
namespace {

using Servers = std::vector<core::RadiusServerStatus>;

std::string name_of(const core::RadiusServerStatus& server) { return to_endpoint(server.address, server.port); }

/// Not one answer of it passed its check.
bool secret_differs(const core::RadiusServerStatus& server) {
  return server.counters.bad_authenticators != 0 && !server.last_answer;
}

Finding about(const core::RadiusServerStatus& server, Gravity gravity) {
  if (secret_differs(server))
    return {.id = "radius-secret",
            .gravity = gravity,
            .text = "every answer of RADIUS server " + name_of(server) + " fails its check: the secrets differ",
            .remedy = "the same secret under [RadiusServer] here and for this host at the server"};
  const bool tls = server.transport == RadiusTransport::tls;
  return {
      .id = "radius-silent",
      .gravity = gravity,
      .text = server.words.empty() ? "RADIUS server " + name_of(server) + " does not answer" : server.words,
      .remedy = (tls ? "does the server run, does it know this host and its certificate, is TCP let through? tcpdump "
                       "-ni any tcp port "
                     : "does the server run, does it know the address of this host, is UDP let through? tcpdump -ni "
                       "any udp port ") +
                std::to_string(server.port)};
}

bool is_bad(const core::RadiusServerStatus& server) {
  return server.state == core::RadiusServerState::dead || secret_differs(server);
}

/// The servers that keep every host out.
std::vector<Finding> without_server(const Facts& facts, Gravity gravity) {
  const core::AuthenticatorStatus& port = *facts.status.authenticator;
  std::vector<Finding> out;
  for (const core::RadiusServerStatus& server : port.servers)
    if (is_bad(server)) out.push_back(about(server, gravity));
  if (out.empty())
    out.push_back({.id = to_string(core::Reason::no_radius_server),
                   .gravity = gravity,
                   .text = facts.status.reason_text,
                   .remedy = "macsecctl status " + facts.profile->link.interface + "; journalctl -u macsecd"});
  return out;
}

}  // namespace

std::vector<Finding> admission_findings(const Facts& facts) {
  const core::PortStatus& status = facts.status;
  if (!status.authenticator) return {};
  // What the kernel has keeps frames going while the reason stands.
  const Gravity gravity = status.state == core::PortState::secured ? Gravity::warning : Gravity::fault;
  if (status.reason == core::Reason::no_radius_server) return without_server(facts, gravity);
  if (status.reason == core::Reason::authentication_failed && status.authenticator->keyless)
    return {{.id = "radius-no-key-name",
             .gravity = gravity,
             .text = status.reason_text,
             .remedy = "EAP-Key-Name and the MS-MPPE keys in the server's Access-Accept, for EAP-TLS, PEAP or TTLS"}};
  if (status.reason == core::Reason::mka_silent)
    return {{.id = "host-without-mka",
             .gravity = gravity,
             .text = status.reason_text,
             .remedy = "MACsec on at the host: macsecctl doctor there, macsec_policy=1 for wpa_supplicant"}};
  return {};
}

std::vector<Finding> access_warnings(const Facts& facts) {
  if (!facts.status.authenticator) return {};
  const core::AuthenticatorStatus& port = *facts.status.authenticator;
  std::vector<Finding> out;
  if (facts.status.reason != core::Reason::no_radius_server)
    for (const core::RadiusServerStatus& server : port.servers)
      if (is_bad(server)) out.push_back(about(server, Gravity::warning));
  if (port.other_host && port.host)
    out.push_back({.id = "other-host",
                   .gravity = Gravity::warning,
                   .text = to_string(*port.other_host) + " wants in beside " + to_string(*port.host) +
                           ": an access port is for one host",
                   .remedy = "a port of its own for each; what is between " + facts.profile->link.parent +
                             " and the host may be a switch"});
  return out;
}

}  // namespace macsec::doctor
