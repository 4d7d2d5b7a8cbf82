// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/eap/worker/check.hpp"

#include "engine/eap/worker/server.hpp"

#include <array>
#include <cerrno>
#include <cstring>

namespace macsec::eap {
namespace {

Result<WipedBuffer> read_all(std::FILE* in) {
  WipedBuffer out;
  WipedText part{65536};
  while (const std::size_t size = std::fread(part.data(), 1, part.size(), in)) {
    if (size > max_worker_profile - out.octets().size()) return fail(EFBIG, "the profile is larger than 4 MiB");
    out.add(part.view().substr(0, size));
  }
  if (std::ferror(in) != 0) return fail(errno, std::string{"cannot read the profile: "} + std::strerror(errno));
  return out;
}

std::string certificate_words(const LoadedProfile& loaded) {
  const CertificateReport& client = loaded.client;
  if (client.empty()) return {};
  std::string out = "client certificate \"" + loaded.client_name + "\" of \"" + loaded.client_issuer +
                    "\", valid from " + crypto::date_of(client.not_before) + " to " + crypto::date_of(client.not_after);
  for (std::size_t i = 0; i < client.names.size(); ++i) out += (i == 0 ? ", names " : " ") + client.names[i];
  return out + '\n';
}

}  // namespace

Result<Checked> check_profile(std::FILE* in) {
  const Result<WipedBuffer> octets = read_all(in);
  if (!octets) return std::unexpected{octets.error()};
  std::optional<EapProfile> profile = read_eap_profile(octets->octets());
  if (!profile) return fail("standard input is not a profile as macsecd sends it");
  const Loaded loaded = load_profile(std::move(*profile), places());
  if (!loaded) return Checked{.usable = false, .words = "error: " + loaded.error().words + '\n'};
  Checked out{.usable = true, .words = "identity in clear \"" + (*loaded)->outer_identity + "\"\n"};
  out.words += certificate_words(**loaded);
  const std::int64_t now = clock_now().now;
  if (const CertificateReport& client = (*loaded)->client; !client.empty()) {
    if (client.not_after < now) {
      out.usable = false;
      out.words += "error: our certificate expired on " + crypto::date_of(client.not_after) + '\n';
    } else if (client.not_before > now) {
      out.words += "warning: our certificate is not valid before " + crypto::date_of(client.not_before) + '\n';
    }
  }
  if (!(*loaded)->profile.validate_server) out.words += "warning: ValidateServer=insecure-no: any server is believed\n";
  return out;
}

}  // namespace macsec::eap
