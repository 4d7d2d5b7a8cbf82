// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/config/profile_reader.hpp"

#include "engine/config/profile_builder.hpp"
#include "engine/config/profile_secrets.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <tuple>

namespace macsec {
namespace {

/// "[Key] ", "[Key #2] "
std::string section_label(std::string_view section, std::size_t ordinal) {
  std::string out = "[" + detail::printable(section);
  if (ordinal > 1) out += " #" + std::to_string(ordinal);
  return out + "] ";
}

/// "Key.Ckn"; names that are not in the table may be anything, so they are left out.
std::string setting_label(std::string_view section, std::string_view key) {
  std::string out{section};
  if (find_profile_key(section, key) != nullptr) out.append(".").append(key);
  return out;
}

void add_document(detail::ProfileBuilder& builder, const IniDocument& document, std::size_t& instance) {
  builder.add_diagnostics(document.diagnostics());
  const bool everybody = document.mode() && open_to_everybody(*document.mode());
  auto assignment = document.assignments().begin();
  for (std::size_t i = 0; i < document.sections().size(); ++i) {
    const IniSection& section = document.sections()[i];
    detail::Group* group =
        builder.open(section.name, instance++, {document.path(), section.line, {}, std::string{section.name}});
    for (; assignment != document.assignments().end() && assignment->section == i; ++assignment) {
      if (group == nullptr) continue;
      group->items.push_back({assignment->key,
                              {assignment->value, {}},
                              {document.path(), assignment->line, {}, setting_label(section.name, assignment->key)},
                              everybody});
    }
  }
}

/// What holds where nothing is said, but for Role= itself.
const detail::ProfileView& default_view(const Profile& of) {
  static const Profile profile = [] {
    Profile out;
    out.link.interface = "macsec0";
    out.key_source.emplace();
    return out;
  }();
  static const Profile::Pae supplicant;
  static const Profile::Pae authenticator = [] {
    Profile::Pae out;
    out.reauthenticate = detail::default_reauthentication(PaeRole::authenticator);
    return out;
  }();
  static const PreSharedKey key;
  static const StaticKey association;
  static const RadiusServer server;
  static const detail::ProfileView view{profile, &supplicant, &key, &association, &server};
  static const detail::ProfileView port{profile, &authenticator, &key, &association, &server};
  return of.pae && of.pae->role == PaeRole::authenticator ? port : view;
}

void list_section(std::vector<ProfileText>& out, std::string_view section, std::size_t instance,
                  const detail::ProfileView& view, Defaults defaults) {
  for (const detail::ProfileRule& rule : detail::profile_rules()) {
    if (rule.key.section != section || rule.get == nullptr) continue;
    if (section == "8021X" && view.pae->role != detail::role_of_pae_key(rule.key.name).value_or(view.pae->role))
      continue;
    std::string value = rule.get(view);
    const bool wanted = defaults == Defaults::include || rule.key.fallback.starts_with("required") ||
                        value != rule.get(default_view(view.profile));
    if (!value.empty() && wanted)
      out.push_back({std::string{section}, instance, std::string{rule.key.name}, std::move(value)});
  }
}

void add_secret(WipedBuffer& out, std::string_view section, std::string_view key, Bytes octets) {
  const ProfileKey* const known = find_profile_key(section, key);
  if (known == nullptr || octets.empty()) return;
  if (const std::optional<WipedText> text = secret_text(*known, octets))
    out.add(key).add("=").add(text->view()).add("\n");
}

/// What the settings do not say: the octets of keys that stand in the profile itself.
void add_secrets(WipedBuffer& out, const Profile& profile, std::string_view section, std::size_t instance) {
  const auto in_place = [](const KeyOrigin& origin) { return origin.file.empty() && origin.credential.empty(); };
  if (section == "Key") {
    const PreSharedKey& key = profile.keys[instance];
    if (in_place(key.origin) && !key.cak.empty()) add_secret(out, section, "Cak", key.cak.expose());
  } else if (section == "StaticKeys") {
    const StaticKey& key = profile.static_keys[instance];
    if (in_place(key.origin)) add_secret(out, section, "Key", key.key.expose());
    if (!key.salt.empty()) add_secret(out, section, "Salt", key.salt.expose());
  } else if (section == "8021X") {
    for (const OwnSecret& each : own_secrets(profile.pae->eap)) add_secret(out, section, each.key, each.octets);
  } else if (section == "RadiusServer") {
    const EapSource& secret = profile.pae->servers[instance].secret;
    if (secret.kind == EapSource::Kind::octets) add_secret(out, section, "Secret", secret.octets());
  }
}

}  // namespace

ProfileContext ProfileContext::from_environment() {
  const char* directory = ::secure_getenv("CREDENTIALS_DIRECTORY");
  ProfileContext context;
  if (directory != nullptr) context.credentials_directory = directory;
  return context;
}

ProfileContext ProfileContext::as_of_now() const {
  ProfileContext out = *this;
  out.now = std::time(nullptr);
  return out;
}

ProfileReading read_profile(std::string_view name, std::span<const IniDocument> documents,
                            const ProfileContext& context) {
  const std::string_view path = documents.empty() ? name : std::string_view{documents.front().path()};
  detail::ProfileBuilder builder{context, {path, 0, {}}, Severity::warning};
  std::size_t instance = 0;
  for (const IniDocument& document : documents) add_document(builder, document, instance);
  ProfileReading reading = builder.build(name, path, ProfileSource::file);
  // As one reads the files: document by document, line by line, what is about the whole at the end.
  const auto rank = [documents](const Diagnostic& one) {
    const auto in = std::find_if(documents.begin(), documents.end(),
                                 [&one](const IniDocument& document) { return document.path() == one.file; });
    return std::tuple{in - documents.begin(), one.line == 0, one.line};
  };
  std::stable_sort(reading.diagnostics.begin(), reading.diagnostics.end(),
                   [&rank](const Diagnostic& left, const Diagnostic& right) { return rank(left) < rank(right); });
  return reading;
}

namespace {

std::string errors_of(std::span<const Diagnostic> diagnostics) {
  std::string out;
  for (const Diagnostic& one : diagnostics)
    if (one.severity == Severity::error) out += (out.empty() ? "" : "; ") + to_string(one);
  return out;
}

void add_settings(detail::ProfileBuilder& builder, std::span<const ProfileSetting> settings) {
  // [Key #2] is the second one mentioned, whatever number the program gave it.
  std::vector<std::pair<std::string_view, std::size_t>> seen;
  for (const ProfileSetting& setting : settings) {
    const std::size_t instance = is_repeated_section(setting.section) ? setting.instance : 0;
    if (std::find(seen.begin(), seen.end(), std::pair{setting.section, instance}) == seen.end())
      seen.emplace_back(setting.section, instance);
    std::size_t ordinal = 0;
    for (const auto& [section, number] : seen) {
      if (section == setting.section) ++ordinal;
      if (section == setting.section && number == instance) break;
    }
    const std::string label = section_label(setting.section, ordinal);
    detail::Group* group = builder.open(setting.section, instance, {{}, 0, label, detail::printable(setting.section)});
    if (group == nullptr || setting.key.empty()) continue;
    group->items.push_back(
        {setting.key, {setting.value, setting.octets}, {{}, 0, label, setting_label(setting.section, setting.key)}});
  }
}

}  // namespace

ProfileReading read_settings(std::string_view name, std::string_view origin, ProfileSource source,
                             std::span<const ProfileSetting> settings, const ProfileContext& context) {
  detail::ProfileBuilder builder{context, {}, Severity::error};
  add_settings(builder, settings);
  return builder.build(name, origin, source);
}

Result<Profile> profile_from_settings(std::string_view name, std::string_view origin, ProfileSource source,
                                      std::span<const ProfileSetting> settings, const ProfileContext& context) {
  ProfileReading reading = read_settings(name, origin, source, settings, context);
  if (reading.profile) return std::move(*reading.profile);
  return fail(EINVAL, errors_of(reading.diagnostics));
}

KeyReading read_keys(std::string_view profile, std::span<const IniDocument> documents, const ProfileContext& context) {
  detail::ProfileBuilder builder{context, {}, Severity::warning};
  std::size_t instance = 0;
  for (const IniDocument& document : documents) add_document(builder, document, instance);
  return builder.build_keys(profile);
}

Result<PreSharedKey> key_from_settings(std::span<const ProfileSetting> settings, const ProfileContext& context) {
  detail::ProfileBuilder builder{context, {}, Severity::error};
  add_settings(builder, settings);
  KeyReading reading = builder.build_keys({});
  if (has_error(reading.diagnostics)) return fail(EINVAL, errors_of(reading.diagnostics));
  if (reading.keys.size() != 1) return fail(EINVAL, "Retired= is not for a key that is added");
  return std::move(reading.keys.front());
}

std::vector<ProfileText> profile_settings(const Profile& profile, Defaults defaults) {
  std::vector<ProfileText> out;
  for (const std::string_view section : {"Link", "MACsec", "MKA"}) list_section(out, section, 0, {profile}, defaults);
  for (std::size_t i = 0; i < profile.keys.size(); ++i)
    if (!profile.keys[i].origin.memory) list_section(out, "Key", i, {profile, nullptr, &profile.keys[i]}, defaults);
  if (profile.key_source) list_section(out, "KeySource", 0, {profile}, defaults);
  if (profile.pae) list_section(out, "8021X", 0, {profile, &*profile.pae}, defaults);
  for (std::size_t i = 0; profile.pae && i < profile.pae->servers.size(); ++i)
    list_section(out, "RadiusServer", i, {profile, nullptr, nullptr, nullptr, &profile.pae->servers[i]}, defaults);
  for (std::size_t i = 0; i < profile.static_keys.size(); ++i)
    list_section(out, "StaticKeys", i, {profile, nullptr, nullptr, &profile.static_keys[i]}, defaults);
  return out;
}

WipedText key_file(const PreSharedKey& key) {
  Profile only;
  only.keys.push_back(duplicate(key));
  return profile_file(only);
}

WipedText profile_file(const Profile& profile, std::span<const Ckn> without) {
  std::vector<ProfileText> settings = profile_settings(profile);
  std::erase_if(settings, [&](const ProfileText& setting) {
    return setting.section == "Key" && std::ranges::find(without, profile.keys[setting.instance].ckn) != without.end();
  });
  WipedBuffer out;
  for (std::size_t i = 0; i < settings.size(); ++i) {
    const ProfileText& setting = settings[i];
    const auto same_section = [&setting](const ProfileText& other) {
      return other.section == setting.section && other.instance == setting.instance;
    };
    if (i == 0 || !same_section(settings[i - 1])) out.add(i == 0 ? "[" : "\n[").add(setting.section).add("]\n");
    out.add(setting.key).add("=").add(setting.value).add("\n");
    if (i + 1 == settings.size() || !same_section(settings[i + 1]))
      add_secrets(out, profile, setting.section, setting.instance);
  }
  return out.take();
}

}  // namespace macsec
