// SPDX-License-Identifier: LGPL-2.1-or-later
/// [RadiusServer]
#include "engine/base/ip_address.hpp"
#include "engine/config/rules/sources.hpp"

namespace macsec::detail {
namespace {

Verdict set_address(ProfileDraft& draft, const RawValue& value) {
  const std::optional<IpAddress> address = parse_ip_address(value.text);
  if (!address || !address->is_unicast()) return refused;
  draft.server.address = to_string(*address);
  return {};
}

Verdict set_transport(ProfileDraft& draft, const RawValue& value) {
  if (value.text == to_string(RadiusTransport::tls))
    return {false, "udp; Transport=tls is not supported by this version"};
  return set_choice<&RadiusServer::transport, RadiusTransport::udp>(draft, value);
}

constexpr std::string_view one_secret = "one of Secret=, SecretFile=, SecretCredential= is required";

using Server = RadiusServer;
using Kind = EapSource::Kind;

// clang-format off
constexpr std::array server_table{
    ProfileRule{{"RadiusServer", "Address", "an IPv4 or IPv6 address of one host; host names are not resolved", "required",
                 "Address of the server"},
                set_address, get<&Server::address>},
    ProfileRule{{"RadiusServer", "Transport", "udp", "udp",
                 "How packets reach the server"},
                set_transport, get<&Server::transport>},
    ProfileRule{{"RadiusServer", "Port", "a number from 1 to 65535", "1812",
                 "Port of the server for authentication"},
                set_number<&Server::port, 1, 65535>, get<&Server::port>},
    ProfileRule{{"RadiusServer", "AccountingPort", "a number from 0 to 65535", "1813",
                 "Port of the server for accounting; 0: it does none"},
                set_number<&Server::accounting_port, 0, 65535>, get<&Server::accounting_port>},
    ProfileRule{{"RadiusServer", "Secret", secret_octets, one_secret, "The secret shared with the server", true},
                set_secret<&Server::secret>, nullptr},
    ProfileRule{{"RadiusServer", "SecretFile", secret_file, one_secret, "File that holds the secret"},
                set_secret_file<&Server::secret>, get_source<&Server::secret, Kind::file>},
    ProfileRule{{"RadiusServer", "SecretCredential", credential_name, one_secret, "Credential that holds the secret"},
                set_secret_credential<&Server::secret>, get_source<&Server::secret, Kind::credential>},
    ProfileRule{{"RadiusServer", "TimeoutSec", "a time span from 1s to 5min", "30s",
                 "How long the server may take to answer, repetitions included"},
                set_span<&Server::timeout, 1'000, 300'000>, get<&Server::timeout>},
    ProfileRule{{"RadiusServer", "RetrySec", "a time span from 100ms to 30s", "2s",
                 "When a request without an answer is repeated first; then after twice as long each time"},
                set_span<&Server::retry, 100, 30'000>, get<&Server::retry>},
};
// clang-format on

}  // namespace

std::span<const ProfileRule> radius_server_rules() noexcept { return server_table; }

}  // namespace macsec::detail
