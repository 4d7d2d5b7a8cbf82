// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/foreign/format.hpp"

#include "cli/foreign/exporter.hpp"
#include "cli/foreign/importer.hpp"

namespace macsec::cli {

std::string_view to_string(Format format) noexcept {
  switch (format) {
    case Format::wpa_supplicant:
      return "wpa_supplicant";
    case Format::networkmanager:
      return "networkmanager";
    case Format::networkd:
      return "networkd";
    case Format::iwd:
      return "iwd";
  }
  return "";
}

std::optional<Format> format_from_string(std::string_view word) noexcept {
  for (const Format format : {Format::wpa_supplicant, Format::networkmanager, Format::networkd, Format::iwd})
    if (to_string(format) == word) return format;
  return std::nullopt;
}

std::optional<Format> guess_format(std::string_view path, std::string_view text) noexcept {
  if (path.ends_with(".netdev") || text.contains("[NetDev]")) return Format::networkd;
  if (path.ends_with(".nmconnection") || text.contains("[connection]")) return Format::networkmanager;
  if (path.ends_with(".8021x") || text.contains("EAP-Method=")) return Format::iwd;
  if (text.contains("network=")) return Format::wpa_supplicant;
  return std::nullopt;
}

namespace {

Imported import_as_written(Format format, const std::string& path, WipedText text, std::vector<ForeignText> drop_ins) {
  switch (format) {
    case Format::wpa_supplicant:
      return detail::import_wpa_supplicant(path, std::move(text));
    case Format::networkmanager:
      return detail::import_networkmanager(path, std::move(text));
    case Format::networkd:
      return detail::import_networkd(path, std::move(text), std::move(drop_ins));
    case Format::iwd:
      return detail::import_iwd(path, std::move(text));
  }
  return {};
}

}  // namespace

Imported import_profile(Format format, const std::string& path, WipedText text, std::vector<ForeignText> drop_ins) {
  Imported out = import_as_written(format, path, std::move(text), std::move(drop_ins));
  // All that make devices do it with this suite, so it is what the other end is known to do.
  if (format != Format::iwd && !text_of(out.settings, "MACsec", "CipherSuites"))
    set_text(section_of(out.settings, "MACsec"), "CipherSuites", "GCM-AES-128");
  return out;
}

Exported export_profile(Format format, const std::string& name, const bus::Settings& settings, Keys keys) {
  switch (format) {
    case Format::wpa_supplicant:
      return detail::export_wpa_supplicant(name, settings, keys);
    case Format::networkmanager:
      return detail::export_networkmanager(name, settings, keys);
    case Format::networkd:
      return detail::export_networkd(name, settings, keys);
    case Format::iwd:
      break;
  }
  return {};
}

namespace detail {

Remaining::Remaining(const bus::Settings& settings) : settings_{settings} {
  std::map<std::string, std::size_t> seen;
  for (const bus::SettingsSection& section : settings) {
    const std::size_t instance = seen[section.name]++;
    for (const auto& [key, value] : section.texts) entries_.push_back({section.name, instance, key, value});
  }
}

std::string Remaining::take(std::string_view section, std::string_view key, std::size_t instance) {
  for (Entry& entry : entries_)
    if (entry.section == section && entry.key == key && entry.instance == instance) {
      entry.taken = true;
      return entry.value;
    }
  return {};
}

std::string Remaining::take_or(std::string_view section, std::string_view key, std::string_view fallback,
                               std::size_t instance) {
  std::string value = take(section, key, instance);
  return value.empty() ? std::string{fallback} : value;
}

std::size_t Remaining::count(std::string_view section) const noexcept {
  return static_cast<std::size_t>(std::ranges::count(settings_, section, &bus::SettingsSection::name));
}

Bytes Remaining::secret(std::string_view section, std::string_view key, std::size_t instance) const noexcept {
  for (const bus::SettingsSection& each : settings_) {
    if (each.name != section || instance-- != 0) continue;
    for (const auto& [name, secret] : each.secrets)
      if (name == key) return bus::octets_of(secret);
    break;
  }
  return {};
}

void Remaining::drop(std::string_view section, std::size_t instance) {
  for (Entry& entry : entries_)
    if (entry.section == section && entry.instance == instance) entry.taken = true;
}

void Remaining::complain(Format format, std::vector<std::string>& warnings) const {
  for (const Entry& entry : entries_)
    if (!entry.taken)
      warnings.push_back(fmt::format("[{}] {}={} cannot be said to {} and is left out", entry.section, entry.key,
                                     entry.value, to_string(format)));
}

std::vector<std::pair<std::string, std::string>> Remaining::rest(std::string_view section) const {
  std::vector<std::pair<std::string, std::string>> out;
  for (const Entry& entry : entries_)
    if (!entry.taken && entry.section == section) out.emplace_back(entry.key, entry.value);
  return out;
}

}  // namespace detail
}  // namespace macsec::cli
