// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/client/sections.hpp"

#include "dbus/bus/names.hpp"
#include "engine/base/file.hpp"
#include "engine/config/profile_reader.hpp"
#include "engine/config/profile_secrets.hpp"

#include <fcntl.h>
#include <sys/mman.h>

namespace macsec::bus {
namespace {

bool is_reference(std::string_view key) {
  return key == "CakFile" || key == "CakCredential" || key == "KeyFile" || key == "KeyCredential" ||
         key == "SecretFile" || key == "SecretCredential";
}

void add_secrets(SettingsSection& section, const Profile& profile, std::size_t instance, References references) {
  const bool resolve = references == References::resolved;
  if (section.name == "Key") {
    const PreSharedKey& key = profile.keys.at(instance);
    if (resolve || (key.origin.file.empty() && key.origin.credential.empty()))
      section.secrets.emplace_back("Cak", to_secret(key.cak.expose()));
  } else if (section.name == "StaticKeys") {
    const StaticKey& key = profile.static_keys.at(instance);
    if (resolve || (key.origin.file.empty() && key.origin.credential.empty()))
      section.secrets.emplace_back("Key", to_secret(key.key.expose()));
    if (!key.salt.empty()) section.secrets.emplace_back("Salt", to_secret(key.salt.expose()));
  } else if (section.name == "8021X") {
    for (const OwnSecret& each : own_secrets(profile.pae->eap))
      section.secrets.emplace_back(each.key, to_secret(each.octets));
  } else if (section.name == "RadiusServer") {
    const EapSource& secret = profile.pae->servers.at(instance).secret;
    if (resolve || secret.kind == EapSource::Kind::octets)
      section.secrets.emplace_back("Secret", to_secret(secret.octets()));
  }
}

int put_entry(sd_bus_message* message, const std::string& key, const std::string& text) {
  int r = sd_bus_message_open_container(message, 'e', "sv");
  if (r >= 0) r = put_all(message, key, Variant{text});
  return r < 0 ? r : sd_bus_message_close_container(message);
}

int put_entry(sd_bus_message* message, const std::string& key, Bytes octets) {
  int r = sd_bus_message_open_container(message, 'e', "sv");
  if (r >= 0) r = put(message, key);
  if (r >= 0) r = sd_bus_message_open_container(message, 'v', "ay");
  if (r >= 0) r = sd_bus_message_append_array(message, 'y', octets.data(), octets.size());
  if (r >= 0) r = sd_bus_message_close_container(message);
  return r < 0 ? r : sd_bus_message_close_container(message);
}

int put_entry(sd_bus_message* message, const std::string& key, const FileDescriptor& held) {
  const int fd = held.get();
  int r = sd_bus_message_open_container(message, 'e', "sv");
  if (r >= 0) r = put(message, key);
  if (r >= 0) r = sd_bus_message_open_container(message, 'v', "h");
  if (r >= 0) r = sd_bus_message_append_basic(message, 'h', &fd);  // keeps a copy
  if (r >= 0) r = sd_bus_message_close_container(message);
  return r < 0 ? r : sd_bus_message_close_container(message);
}

/// A file in memory that holds `octets` and does not change any more.
FileDescriptor sealed(Bytes octets) {
  FileDescriptor file{::memfd_create("macsec-key", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  const std::string_view text{reinterpret_cast<const char*>(octets.data()), octets.size()};
  if (!file || !write_all(file.get(), text, "a key") ||
      ::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
    return {};
  return file;
}

int put_section(sd_bus_message* message, const SettingsSection& section) {
  int r = sd_bus_message_open_container(message, 'r', "sa{sv}");
  if (r >= 0) r = put(message, section.name);
  if (r >= 0) r = sd_bus_message_open_container(message, 'a', "{sv}");
  for (const auto& [key, text] : section.texts)
    if (r >= 0) r = put_entry(message, key, text);
  for (const auto& [key, secret] : section.secrets)
    if (r >= 0) r = put_entry(message, key, octets_of(secret));
  if (r >= 0) r = sd_bus_message_close_container(message);
  return r < 0 ? r : sd_bus_message_close_container(message);
}

}  // namespace

Settings to_settings(const Profile& profile, References references) {
  Settings sections;
  std::size_t instance = 0;
  for (ProfileText& each : profile_settings(profile)) {
    if (sections.empty() || sections.back().name != each.section || instance != each.instance) {
      sections.push_back({each.section, {}, {}});
      instance = each.instance;
      add_secrets(sections.back(), profile, instance, references);
    }
    if (references == References::resolved && is_reference(each.key)) continue;
    sections.back().texts.emplace_back(std::move(each.key), std::move(each.value));
  }
  return sections;
}

int put(sd_bus_message* message, const Settings& settings) {
  int r = sd_bus_message_open_container(message, 'a', "(sa{sv})");
  for (const SettingsSection& section : settings)
    if (r >= 0) r = put_section(message, section);
  return r < 0 ? r : sd_bus_message_close_container(message);
}

int put(sd_bus_message* message, const KeyArgument& key) {
  const bool carries = sd_bus_can_send(sd_bus_message_get_bus(message), SD_BUS_TYPE_UNIX_FD) > 0;
  int r = sd_bus_message_open_container(message, 'a', "{sv}");
  for (const auto& [name, text] : key.section.texts)
    if (r >= 0) r = put_entry(message, name, text);
  for (const auto& [name, secret] : key.section.secrets) {
    const FileDescriptor file = carries ? sealed(octets_of(secret)) : FileDescriptor{};
    if (r >= 0) r = file ? put_entry(message, name + "Fd", file) : put_entry(message, name, octets_of(secret));
  }
  return r < 0 ? r : sd_bus_message_close_container(message);
}

Dictionary to_dictionary(const KeyKeeping& options) {
  Dictionary out;
  if (options.memory) out.emplace(option::lifetime, std::string{to_string(Lifetime::memory)});
  if (!options.key_source.empty()) out.emplace(option::source, options.key_source);
  return out;
}

Dictionary to_dictionary(const ProfileOptions& options) {
  Dictionary out;
  if (options.lifetime) out.emplace(option::lifetime, std::string{to_string(*options.lifetime)});
  if (options.grace) out.emplace(option::grace, static_cast<std::uint64_t>(options.grace->count()));
  if (options.source) out.emplace(option::source, std::string{macsec::to_string(*options.source)});
  if (options.origin) out.emplace(option::origin, *options.origin);
  if (options.description) out.emplace(option::description, *options.description);
  if (options.problems) {
    ProblemRows rows;
    for (const Problem& problem : *options.problems) rows.push_back(to_row(problem));
    out.emplace(option::problems, std::move(rows));
  }
  if (options.replace) out.emplace(option::replace, true);
  if (options.keep_secrets) out.emplace(option::keep_secrets, true);
  return out;
}

}  // namespace macsec::bus
