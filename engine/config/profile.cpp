// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/config/profile.hpp"

#include <cerrno>

#include <algorithm>

namespace macsec {
bool is_profile_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > 64 || name.starts_with('.')) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view{"._-@:+"}.contains(c);
  });
}

std::string_view to_string(Policy policy) noexcept {
  switch (policy) {
    case Policy::must_secure:
      return "must-secure";
    case Policy::should_secure:
      return "should-secure";
  }
  return {};
}

std::string_view to_string(Validate validate) noexcept {
  return numbered_validations[static_cast<std::size_t>(validate)];
}

std::string_view to_string(OffloadChoice offload) noexcept {
  switch (offload) {
    case OffloadChoice::off:
      return "off";
    case OffloadChoice::mac:
      return "mac";
    case OffloadChoice::phy:
      return "phy";
    case OffloadChoice::automatic:
      return "auto";
  }
  return {};
}

std::string_view to_string(CreateChoice create) noexcept {
  switch (create) {
    case CreateChoice::no:
      return "no";
    case CreateChoice::yes:
      return "yes";
    case CreateChoice::always:
      return "always";
  }
  return {};
}

std::string_view to_string(KeepConfiguration keep) noexcept {
  switch (keep) {
    case KeepConfiguration::no:
      return "no";
    case KeepConfiguration::remember:
      return "remember";
    case KeepConfiguration::yes:
      return "yes";
  }
  return {};
}

std::string_view to_string(KeyRole role) noexcept {
  switch (role) {
    case KeyRole::primary:
      return "primary";
    case KeyRole::fallback:
      return "fallback";
    case KeyRole::session:
      return "session";
  }
  return {};
}

std::string_view to_string(KeyExpiry expiry) noexcept {
  switch (expiry) {
    case KeyExpiry::keep:
      return "keep";
    case KeyExpiry::cut:
      return "cut";
  }
  return {};
}

std::string_view to_string(Strength strength) noexcept {
  switch (strength) {
    case Strength::any:
      return "any";
    case Strength::cnsa2:
      return "cnsa2";
  }
  return {};
}

std::string_view to_string(PaeRole role) noexcept {
  switch (role) {
    case PaeRole::supplicant:
      return "supplicant";
    case PaeRole::authenticator:
      return "authenticator";
  }
  return {};
}

RadiusServer RadiusServer::duplicate() const {
  RadiusServer out{.address = address,
                   .transport = transport,
                   .port = port,
                   .accounting_port = accounting_port,
                   .secret = secret.duplicate(),
                   .timeout = timeout,
                   .retry = retry,
                   .ca_certificates = {},
                   .server_names = server_names,
                   .server_fingerprints = server_fingerprints,
                   .client_certificate = client_certificate.duplicate(),
                   .private_key = private_key.duplicate()};
  for (const EapSource& source : ca_certificates) out.ca_certificates.push_back(source.duplicate());
  return out;
}

std::string_view to_string(RadiusTransport transport) noexcept {
  switch (transport) {
    case RadiusTransport::udp:
      return "udp";
    case RadiusTransport::tls:
      return "tls";
  }
  return "";
}

std::string_view to_string(CakLength length) noexcept {
  switch (length) {
    case CakLength::bits_128:
      return "128";
    case CakLength::bits_256:
      return "256";
    case CakLength::automatic:
      return "auto";
  }
  return {};
}

std::string_view to_string(KeyInitiator initiator) noexcept {
  switch (initiator) {
    case KeyInitiator::automatic:
      return "auto";
    case KeyInitiator::yes:
      return "yes";
    case KeyInitiator::no:
      return "no";
  }
  return {};
}

std::string_view to_string(UseEap use) noexcept {
  switch (use) {
    case UseEap::immediate:
      return "immediate";
    case UseEap::mka_fail:
      return "mka-fail";
    case UseEap::never:
      return "never";
  }
  return {};
}

std::string_view to_string(ProfileSource source) noexcept {
  switch (source) {
    case ProfileSource::file:
      return "file";
    case ProfileSource::runtime:
      return "runtime";
    case ProfileSource::networkmanager:
      return "networkmanager";
    case ProfileSource::networkd:
      return "networkd";
  }
  return {};
}

namespace {

/// Through the form in which macsec-eap gets it.
Result<Profile::Pae> duplicate(const Profile::Pae& pae) {
  std::optional<EapProfile> eap = read_eap_profile(write_eap_profile(pae.eap).octets());
  if (!eap) return fail(E2BIG, "[8021X] has more in it than macsec-eap takes: name files instead");
  Profile::Pae out;
  out.role = pae.role;
  out.cak_length = pae.cak_length;
  out.use_eap = pae.use_eap;
  out.cache = pae.cache;
  out.held = pae.held;
  out.reauthenticate = pae.reauthenticate;
  out.nid = pae.nid;
  out.eap = std::move(*eap);
  out.nas_identifier = pae.nas_identifier;
  out.quiet = pae.quiet;
  out.server_dead = pae.server_dead;
  for (const RadiusServer& server : pae.servers) out.servers.push_back(server.duplicate());
  return out;
}

}  // namespace

PreSharedKey duplicate(const PreSharedKey& key) {
  return {key.ckn, key.cak.duplicate(), key.role, key.not_before, key.not_after, key.origin};
}

Result<Profile> duplicate(const Profile& profile) {
  Profile out;
  out.name = profile.name;
  out.origin = profile.origin;
  out.source = profile.source;
  out.pattern = profile.pattern;
  out.link = profile.link;
  out.macsec = profile.macsec;
  out.mka = profile.mka;
  for (const PreSharedKey& key : profile.keys) out.keys.push_back(duplicate(key));
  out.retired = profile.retired;
  out.key_source = profile.key_source;
  if (!profile.pae) return out;
  Result<Profile::Pae> pae = duplicate(*profile.pae);
  if (!pae) return std::unexpected{std::move(pae.error())};
  out.pae = std::move(*pae);
  return out;
}

bool same_settings(const Profile& before, const Profile& after) noexcept {
  return before.pattern == after.pattern && before.link == after.link && before.macsec == after.macsec &&
         before.mka == after.mka && before.keys == after.keys && before.static_keys == after.static_keys &&
         before.key_source == after.key_source && before.pae == after.pae;
}

}  // namespace macsec
