// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/eap/credentials.hpp"

#include "engine/base/file.hpp"
#include "engine/base/text.hpp"
#include "engine/crypto/mschapv2.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>

namespace macsec::eap {
namespace {

constexpr std::size_t max_file = 1U << 20U;
constexpr std::size_t max_folder_files = 2000;
constexpr std::size_t max_password = 256;

using crypto::TlsMaterial;

std::unexpected<Error> explain_file(const std::string& label, Error error) {
  error.message = label + ": " + error.message;
  if (error.code == EACCES || error.code == EPERM)
    error.message +=
        " (macsec-eap runs as user macsecd-eap in group macsecd: let the group read the file, or hand it over as a "
        "credential of macsec-eap.service)";
  return std::unexpected{std::move(error)};
}

/// A secret may not be in a file that everybody can read or write.
enum class Content : std::uint8_t { open, secret };

/// Reads what profiles name by file, credential or content.
class Sources {
 public:
  explicit Sources(const Places& places) noexcept : places_{places} {}

  [[nodiscard]] Result<TlsMaterial> read(std::string_view key, const EapSource& source,
                                         Content content = Content::open) const {
    switch (source.kind) {
      case EapSource::Kind::octets:
        return TlsMaterial{std::string{key} + "=", WipedText{source.content.view()}};
      case EapSource::Kind::file:
        return read_path(std::string{key} + (key.ends_with("Password") ? "File=" : "=") + source.name, source.name,
                         content);
      case EapSource::Kind::credential:
        if (places_.credentials_directory.empty())
          return fail(std::string{key} + "Credential=" + source.name +
                      ": macsec-eap.service has no credentials (LoadCredential=)");
        return read_path(std::string{key} + "Credential=" + source.name,
                         places_.credentials_directory + '/' + source.name, content);
      case EapSource::Kind::uri:
        return fail(std::string{key} + '=' + crypto::shown_uri(source.name) +
                    " is not accepted: only PrivateKey= and ClientCertificate= may be in a token");
      case EapSource::Kind::system:
      case EapSource::Kind::none:
        break;
    }
    return fail(std::string{key} + "= is required");
  }

  /// A file, or all files of a folder that hold certificates.
  [[nodiscard]] Result<std::vector<TlsMaterial>> read_authorities(const EapSource& source) const {
    std::vector<TlsMaterial> out;
    std::error_code error;
    if (source.kind == EapSource::Kind::file && std::filesystem::is_directory(source.name, error))
      return read_folder(source.name);
    Result<TlsMaterial> one = read("CaCertificate", source);
    if (!one) return std::unexpected{std::move(one.error())};
    out.push_back(std::move(*one));
    return out;
  }

 private:
  [[nodiscard]] static Result<TlsMaterial> read_path(std::string label, const std::string& path, Content content) {
    Result<FileText> file = read_file(path, max_file);
    if (!file) return explain_file(label, std::move(file.error()));
    if (content == Content::secret && open_to_everybody(file->mode))
      return fail(label + " is open to everybody: give it mode 0640, owner root and group macsecd");
    return TlsMaterial{std::move(label), std::move(file->text)};
  }

  [[nodiscard]] static Result<std::vector<TlsMaterial>> read_folder(const std::string& folder) {
    std::error_code error;
    std::vector<std::string> paths;
    for (const auto& entry : std::filesystem::directory_iterator{folder, error}) {
      const std::string extension = entry.path().extension().string();
      if (extension == ".pem" || extension == ".crt" || extension == ".cer" || extension == ".der")
        paths.push_back(entry.path().string());
    }
    const std::string label = "CaCertificate=" + folder;
    if (error) return explain_file(label, {error.value(), "cannot read " + folder + ": " + error.message()});
    if (paths.size() > max_folder_files) return fail(label + " has more than 2000 files");
    std::ranges::sort(paths);
    std::vector<TlsMaterial> out;
    for (const std::string& path : paths)
      if (Result<TlsMaterial> file = read_path("CaCertificate=" + path, path, Content::open);
          file && crypto::read_certificates(*file))
        out.push_back(std::move(*file));
    if (out.empty()) return fail(label + " holds no certificate (files .pem, .crt, .cer or .der)");
    return out;
  }

  const Places& places_;
};

std::unexpected<Error> passed_on(Error& error) { return std::unexpected{std::move(error)}; }

Result<crypto::TlsTrust> load_trust(const EapProfile& profile, const Sources& sources) {
  crypto::TlsTrustSettings trust;
  trust.verify = profile.validate_server;
  for (const EapSource& source : profile.ca_certificates) {
    if (source.kind == EapSource::Kind::system) {
      trust.system_authorities = true;
      continue;
    }
    Result<std::vector<TlsMaterial>> read = sources.read_authorities(source);
    if (!read) return passed_on(read.error());
    std::ranges::move(*read, std::back_inserter(trust.authorities));
  }
  trust.names = {.exact = profile.server_names,
                 .suffixes = profile.server_name_suffixes,
                 .alternatives = profile.server_alternative_names,
                 .subject = profile.server_subject,
                 .common_name = profile.common_name};
  for (const std::string& pin : profile.server_fingerprints) {
    crypto::CertificateDigest digest{};
    if (from_hex(pin, digest) != digest.size())
      return fail("ServerFingerprint=" + pin + " is not accepted: 64 hexadecimal digits");
    trust.pins.push_back(digest);
  }
  trust.revocation = profile.revocation;
  trust.check_time = profile.check_certificate_time;
  for (const EapSource& source : profile.revocation_lists) {
    Result<TlsMaterial> read = sources.read("RevocationList", source);
    if (!read) return passed_on(read.error());
    trust.revocation_lists.push_back(std::move(*read));
  }
  return crypto::TlsTrust::load(std::move(trust));
}

/// A password of a file ends before its last line end: editors put one there.
WipedText without_line_end(WipedText text) {
  std::string_view view = text.view();
  if (view.ends_with('\n')) view.remove_suffix(1);
  if (view.ends_with('\r')) view.remove_suffix(1);
  return WipedText{view};
}

/// Our certificate and key, and where the key is; empty where the profile has none.
struct Identity {
  std::optional<crypto::TlsIdentity> own;
  std::string key_place;
};

Result<WipedText> load_key_password(const EapProfile& profile, const Sources& sources) {
  if (!profile.private_key_password.said()) return WipedText{};
  Result<TlsMaterial> read = sources.read("PrivateKeyPassword", profile.private_key_password, Content::secret);
  if (!read) return passed_on(read.error());
  return profile.private_key_password.kind == EapSource::Kind::octets ? std::move(read->content)
                                                                      : without_line_end(std::move(read->content));
}

/// A key in a token, with a certificate in a file or beside it.
Result<Identity> load_token(const EapProfile& profile, const Sources& sources, std::string_view pin) {
  const EapSource& certificate = profile.client_certificate;
  if (!certificate.said()) return fail("ClientCertificate= is required with a private key in a token");
  std::vector<crypto::Certificate> chain;
  if (certificate.kind == EapSource::Kind::uri) {
    Result<crypto::Certificate> read =
        crypto::open_token_certificate("ClientCertificate=" + crypto::shown_uri(certificate.name), certificate.name);
    if (!read) return passed_on(read.error());
    chain.push_back(std::move(*read));
  } else {
    Result<TlsMaterial> material = sources.read("ClientCertificate", certificate);
    if (!material) return passed_on(material.error());
    Result<std::vector<crypto::Certificate>> read = crypto::read_certificates(*material);
    if (!read) return passed_on(read.error());
    chain = std::move(*read);
  }
  if (profile.private_key.kind != EapSource::Kind::uri)
    return fail("PrivateKey= is required beside a certificate in a token: \"pkcs11:...\" of its key");
  const std::string label = "PrivateKey=" + crypto::shown_uri(profile.private_key.name);
  Result<crypto::PrivateKey> key = crypto::open_token_key(label, profile.private_key.name, pin);
  if (!key) return passed_on(key.error());
  Result<crypto::TlsIdentity> identity = crypto::TlsIdentity::assemble(std::move(chain), std::move(*key), label);
  if (!identity) return passed_on(identity.error());
  return Identity{std::move(*identity), "pkcs11"};
}

Result<Identity> load_identity(const EapProfile& profile, const Sources& sources) {
  if (!profile.client_certificate.said() && !profile.private_key.said()) return Identity{};
  Result<WipedText> password = load_key_password(profile, sources);
  if (!password) return passed_on(password.error());
  if (profile.private_key.kind == EapSource::Kind::uri || profile.client_certificate.kind == EapSource::Kind::uri)
    return load_token(profile, sources, password->view());
  // A PKCS#12 store that is named as the key has the certificate, too.
  const bool store_only = !profile.client_certificate.said();
  Result<TlsMaterial> certificate = store_only
                                        ? sources.read("PrivateKey", profile.private_key, Content::secret)
                                        : sources.read("ClientCertificate", profile.client_certificate,
                                                       profile.private_key.said() ? Content::open : Content::secret);
  if (!certificate) return passed_on(certificate.error());
  std::optional<TlsMaterial> key;
  if (profile.private_key.said() && !store_only) {
    Result<TlsMaterial> read = sources.read("PrivateKey", profile.private_key, Content::secret);
    if (!read) return passed_on(read.error());
    key = std::move(*read);
  }
  Result<crypto::TlsIdentity> identity =
      crypto::TlsIdentity::load(*certificate, key ? &*key : nullptr, password->view());
  if (!identity) return passed_on(identity.error());
  return Identity{std::move(*identity), "file"};
}

Result<void> load_password(LoadedProfile& loaded, const Sources& sources) {
  const EapSource& said = loaded.profile.password;
  if (!said.said()) return fail("Password= is required with Method=" + std::string{eap_password_method_words});
  Result<TlsMaterial> read = sources.read("Password", said, Content::secret);
  if (!read) return passed_on(read.error());
  loaded.password =
      said.kind == EapSource::Kind::octets ? std::move(read->content) : without_line_end(std::move(read->content));
  if (loaded.password.size() == 0 || loaded.password.size() > max_password)
    return fail(read->label + " is not accepted: 1 to 256 octets");
  return {};
}

Result<void> load_all(LoadedProfile& loaded, const Sources& sources) {
  const EapProfile& profile = loaded.profile;
  Result<Identity> loaded_identity = load_identity(profile, sources);
  if (!loaded_identity) return passed_on(loaded_identity.error());
  const std::optional<crypto::TlsIdentity>& identity = loaded_identity->own;
  if (!identity && profile.uses_own_certificate()) return fail("ClientCertificate= is required with Method=tls");
  Result<crypto::TlsTrust> trust = load_trust(profile, sources);
  if (!trust) return passed_on(trust.error());
  Result<crypto::TlsContext> context = crypto::TlsContext::create(identity ? &*identity : nullptr, std::move(*trust),
                                                                  {.minimum = profile.minimum_tls,
                                                                   .maximum = profile.maximum_tls,
                                                                   .ciphers = profile.tls_ciphers,
                                                                   .groups = profile.key_exchange,
                                                                   .legacy_renegotiation = profile.legacy_renegotiation,
                                                                   .resumption = profile.session_resumption});
  if (!context) return passed_on(context.error());
  loaded.tls = std::move(*context);
  if (identity) {
    const X509* const certificate = identity->certificate();
    loaded.client = crypto::certificate_report(certificate);
    loaded.client_name = crypto::display_name(certificate);
    loaded.client_issuer = crypto::display_issuer(certificate);
    loaded.client_key = std::move(loaded_identity->key_place);
  }
  if (profile.uses_password())
    if (Result<void> done = load_password(loaded, sources); !done) return done;
  loaded.outer_identity = !profile.anonymous_identity.empty() ? profile.anonymous_identity : profile.identity;
  if (loaded.outer_identity.empty() && identity) loaded.outer_identity = identity->owner();
  if (loaded.outer_identity.empty()) return fail("Identity= is required: the certificate names nobody");
  if (loaded.outer_identity.size() > 253) return fail("Identity= is not accepted: 1 to 253 octets");
  return {};
}

}  // namespace

crypto::TlsClock tls_clock(std::int64_t now) noexcept {
  return {.now = std::max(now, earliest_time), .unset = now < earliest_time};
}

bool uses_token(const EapProfile& profile) noexcept {
  return profile.private_key.kind == EapSource::Kind::uri || profile.client_certificate.kind == EapSource::Kind::uri;
}

std::expected<std::shared_ptr<LoadedProfile>, EapVerdict> load_profile(EapProfile profile, const Places& places) {
  const auto refuse = [](EapProblem problem, std::string words) {
    EapVerdict verdict;
    verdict.problem = problem;
    verdict.words = std::move(words);
    verdict.hold = true;
    return std::unexpected{std::move(verdict)};
  };
  auto loaded = std::make_shared<LoadedProfile>();
  loaded->profile = std::move(profile);
  if (loaded->profile.uses_password() && needs_md4(loaded->profile.inner))
    if (const Result<void> found = crypto::check_legacy_provider(); !found)
      return refuse(EapProblem::legacy_provider, found.error().message);
  if (Result<void> done = load_all(*loaded, Sources{places}); !done)
    return refuse(EapProblem::profile, std::move(done.error().message));
  loaded->profile.password = {};
  loaded->profile.private_key_password = {};
  loaded->profile.private_key = {};
  return loaded;
}

}  // namespace macsec::eap
