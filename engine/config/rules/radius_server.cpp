// SPDX-License-Identifier: LGPL-2.1-or-later
/// [RadiusServer]
#include "engine/base/ip_address.hpp"
#include "engine/config/rules/certificates.hpp"

namespace macsec::detail {
namespace {

Verdict set_address(ProfileDraft& draft, const RawValue& value) {
  const std::optional<IpAddress> address = parse_ip_address(value.text);
  if (!address || !address->is_unicast()) return refused;
  draft.server.address = to_string(*address);
  return {};
}

constexpr std::string_view one_secret =
    "one of Secret=, SecretFile=, SecretCredential= is required; none of them with tls";

constexpr std::string_view own_pem = "the absolute path of a file";
constexpr std::string_view own_key = "the file of ClientCertificate=";
constexpr std::string_view eap_key = "the name of a credential of macsec-eap.service (LoadCredential= of its unit)";

using Server = RadiusServer;
using Kind = EapSource::Kind;

// clang-format off
constexpr std::array server_table{
    ProfileRule{{"RadiusServer", "Address", "an IPv4 or IPv6 address of one host; host names are not resolved", "required",
                 "Address of the server"},
                set_address, get<&Server::address>},
    ProfileRule{{"RadiusServer", "Transport", "udp or tls", "udp",
                 "How packets reach the server"},
                set_choice<&Server::transport, RadiusTransport::udp, RadiusTransport::tls>, get<&Server::transport>},
    ProfileRule{{"RadiusServer", "Port", "a number from 1 to 65535", "1812; 2083 with tls",
                 "Port of the server for authentication"},
                set_number<&Server::port, 1, 65535>, get<&Server::port>},
    ProfileRule{{"RadiusServer", "AccountingPort", "a number from 0 to 65535", "1813",
                 "Port of the server for accounting, with tls the same connection; 0: it does none"},
                set_number<&Server::accounting_port, 0, 65535>, get<&Server::accounting_port>},
    ProfileRule{{"RadiusServer", "Secret", secret_octets, one_secret, "The secret shared with the server", true},
                set_secret<&Server::secret>, nullptr},
    ProfileRule{{"RadiusServer", "SecretFile", secret_file, one_secret, "File that holds the secret"},
                set_secret_file<&Server::secret>, get_source<&Server::secret, Kind::file>},
    ProfileRule{{"RadiusServer", "SecretCredential", credential_name, one_secret, "Credential that holds the secret"},
                set_secret_credential<&Server::secret>, get_source<&Server::secret, Kind::credential>},
    ProfileRule{{"RadiusServer", "CaCertificate", authorities, "required with tls, or ServerFingerprint=",
                 "CAs that may sign the server's certificate"},
                set_sources<&Server::ca_certificates>, get_sources<&Server::ca_certificates>},
    ProfileRule{{"RadiusServer", "ServerName", dns_names, "any name", "Names of the server, exactly"},
                set_texts<&Server::server_names, is_dns_name, true>, get_texts<&Server::server_names>},
    ProfileRule{{"RadiusServer", "ServerFingerprint", fingerprints, "any certificate",
                 "The server's certificate itself, instead of its CA and name"},
                set_fingerprints<&Server::server_fingerprints>, get_texts<&Server::server_fingerprints>},
    ProfileRule{{"RadiusServer", "ClientCertificate", own_pem, "required with tls",
                 "Our certificate with its chain: PEM, DER or PKCS#12"},
                set_secret_file<&Server::client_certificate>, get_source<&Server::client_certificate, Kind::file>},
    ProfileRule{{"RadiusServer", "PrivateKey", own_pem, own_key, "The key of our certificate"},
                set_secret_file<&Server::private_key>, get_source<&Server::private_key, Kind::file>},
    ProfileRule{{"RadiusServer", "PrivateKeyCredential", eap_key, own_key, "Credential that holds the key of our certificate"},
                set_secret_credential<&Server::private_key>, get_source<&Server::private_key, Kind::credential>},
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
