// SPDX-License-Identifier: LGPL-2.1-or-later
// [RadiusServer]: its secret, and what must hold between the sections and [8021X]. No class of its own: it reads the sections
// that a ProfileBuilder holds, and adds to its diagnostics.
#include "engine/config/profile_builder.hpp"

#include "engine/base/text.hpp"

#include <algorithm>
#include <array>

namespace macsec::detail {
namespace {

constexpr std::size_t most_servers = 8;
constexpr std::size_t most_octets = 256;  ///< of a secret
constexpr std::size_t least_octets = 16;  ///< of one that is not easily found by trying (RFC 2865 3)

constexpr std::size_t most_entries_of_tls = 100;
constexpr std::uint16_t default_tls_port = 2083;
/// Keys of [RadiusServer] that only Transport=tls uses.
constexpr std::array<std::string_view, 6> of_tls{"CaCertificate",     "ServerName", "ServerFingerprint",
                                                 "ClientCertificate", "PrivateKey", "PrivateKeyCredential"};

}  // namespace

void ProfileBuilder::finish_server(const Group& group) {
  RadiusServer server = std::move(draft_.server);
  if (!group.says("Address"))
    complain(group.place, "Address= is required: an IPv4 or IPv6 address of one host; host names are not resolved");
  if (server.transport == RadiusTransport::tls) {
    if (!group.says("Port")) server.port = default_tls_port;
    check_tls(group, server);
  } else {
    for (const std::string_view key : of_tls)
      if (group.says(key)) complain(group.place_of(key), std::string{key} + "= is for Transport=tls only");
    load_secret(group, server.secret, kept_server(server));
  }
  if (server.retry >= server.timeout)
    complain(group.place_of("RetrySec"), "RetrySec= is not below TimeoutSec=: no request would be repeated");
  draft_.servers.push_back(std::move(server));
  server_groups_.push_back(&group);
}

/// Who the server is and who we are is in certificates; the secret is the same for all (RFC 6614 2.3).
void ProfileBuilder::check_tls(const Group& group, RadiusServer& server) {
  for (const std::string_view key : {"Secret", "SecretFile", "SecretCredential"})
    if (group.says(key))
      complain(group.place_of(key), std::string{key} + "= is not for Transport=tls: certificates take its place");
  server.secret = {EapSource::Kind::none, {}, WipedText{"radsec"}};
  allow_one(group, {"PrivateKey", "PrivateKeyCredential"});
  if (!group.says("ClientCertificate"))
    complain(group.place, "ClientCertificate= is required with Transport=tls: the server knows this host by it");
  if (!group.says("CaCertificate") && !group.says("ServerFingerprint"))
    complain(group.place,
             "CaCertificate= is required with Transport=tls, or ServerFingerprint=: without them anybody may be the "
             "server");
  for (const auto& [key, count] : {std::pair{"CaCertificate", server.ca_certificates.size()},
                                   {"ServerName", server.server_names.size()},
                                   {"ServerFingerprint", server.server_fingerprints.size()}})
    if (count > most_entries_of_tls)  // macsec-eap is sent them
      complain(group.place_of(key), std::string{key} + "= has " + std::to_string(count) + " entries: up to " +
                                        std::to_string(most_entries_of_tls) + " are accepted");
  bool system = false;
  for (const EapSource& source : server.ca_certificates) {
    system = system || source.kind == EapSource::Kind::system;
    if (source.kind == EapSource::Kind::uri || source.kind == EapSource::Kind::octets)
      complain(group.place_of("CaCertificate"), "CaCertificate=" + printable(source.name) +
                                                    " is not accepted: absolute paths of files or folders, or system");
  }
  if (!server.server_names.empty() || !server.server_fingerprints.empty() || server.ca_certificates.empty()) return;
  if (system)
    complain(group.place_of("CaCertificate"),
             "CaCertificate=system needs ServerName=: anybody can get a certificate of a public CA");
  else
    tell(Severity::warning, group.place_of("CaCertificate"),
         "CaCertificate= without ServerName=: anyone who has a certificate of this CA may be the server");
}

/// A secret stays with the server it was shared with: by what one sends, another could find it.
const RadiusServer* ProfileBuilder::kept_server(const RadiusServer& wanted) const noexcept {
  if (context_.keep_secrets == nullptr || !context_.keep_secrets->pae) return nullptr;
  const std::vector<RadiusServer>& servers = context_.keep_secrets->pae->servers;
  const auto found = std::ranges::find_if(servers, [&wanted](const RadiusServer& server) {
    return server.address == wanted.address && server.port == wanted.port && server.transport == wanted.transport &&
           server.secret.kind == EapSource::Kind::octets;
  });
  return found == servers.end() ? nullptr : &*found;
}

void ProfileBuilder::load_secret(const Group& group, EapSource& secret, const RadiusServer* kept) {
  constexpr std::string_view key = "Secret";
  if (kept != nullptr && says_no_form(group, key)) {
    secret = kept->secret.duplicate();
    return;
  }
  if (!says_one_form(group, key) || !secret.said()) return;
  Place place = group.place_of(key);
  std::string label = "Secret=";
  if (secret.kind != EapSource::Kind::octets) {
    const bool file = secret.kind == EapSource::Kind::file;
    std::optional<Reference> reference =
        read_reference(group, key, file ? secret.name : std::string{}, file ? std::string{} : secret.name);
    if (!reference) return;
    std::string_view text = reference->text.view();
    if (text.ends_with('\n')) text.remove_suffix(1);
    if (text.ends_with('\r')) text.remove_suffix(1);
    place = reference->place;
    label = reference->label;
    if (text.empty() || text.size() > most_octets) return complain(place, label + " must hold 1 to 256 octets");
    secret.content = WipedText{text};
  }
  if (secret.content.size() < least_octets)
    tell(Severity::warning, place,
         label + " is shorter than 16 octets: anyone who sees a packet can find it by trying (RFC 2865 3)");
}

void ProfileBuilder::check_servers() {
  std::optional<Profile::Pae>& pae = draft_.profile.pae;
  const bool authenticator = pae && pae->role == PaeRole::authenticator;
  if (server_groups_.empty()) {
    if (authenticator)
      complain(place_of("8021X", "Role"), "Role=authenticator needs a [RadiusServer]: it is who knows the hosts");
    return;
  }
  if (!authenticator)
    return complain(server_groups_.front()->place,
                    "[RadiusServer] needs [8021X] with Role=authenticator: only that asks a RADIUS server");
  if (server_groups_.size() > most_servers)
    complain(server_groups_[most_servers]->place, "at most 8 [RadiusServer] sections are accepted");
  for (std::size_t i = 0; i < draft_.servers.size(); ++i) {
    const RadiusServer& server = draft_.servers[i];
    const auto same = [&server](const RadiusServer& other) {
      return other.address == server.address && other.port == server.port && !server.address.empty();
    };
    if (std::any_of(draft_.servers.begin(), draft_.servers.begin() + static_cast<std::ptrdiff_t>(i), same))
      complain(server_groups_[i]->place_of("Address"),
               "Address=" + server.address + " with this Port= names an earlier server already");
  }
  pae->servers = std::move(draft_.servers);
}

}  // namespace macsec::detail
