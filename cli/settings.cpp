// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/settings.hpp"

#include "engine/base/similar.hpp"
#include "engine/base/text.hpp"
#include "engine/config/profile_secrets.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <unistd.h>

namespace macsec::cli {
namespace {

struct Target {
  const ProfileKey* key = nullptr;
  std::size_t instance = 0;
};

/// "Key2.Ckn" -> Ckn of the second [Key]; "Parent" -> the first section that has it.
Target find_target(std::string_view name) {
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos) {
    for (const ProfileKey& key : profile_keys())
      if (key.name == name) return {&key, 0};
    return {};
  }
  std::string_view section = name.substr(0, dot);
  std::size_t instance = 0;
  if (const ProfileKey* const key = find_profile_key(section, name.substr(dot + 1))) return {key, 0};
  const std::size_t digits = section.find_last_not_of("0123456789") + 1;
  const auto number = parse_unsigned(section.substr(digits), 1000);
  section = section.substr(0, digits);
  if (!number || *number == 0 || !is_repeated_section(section)) return {};
  instance = *number - 1;
  return {find_profile_key(section, name.substr(dot + 1)), instance};
}

std::string no_setting(std::string_view name) {
  const std::size_t dot = name.find('.');
  std::string near;
  if (dot == std::string_view::npos) {
    std::vector<std::string_view> names;
    for (const ProfileKey& key : profile_keys()) names.push_back(key.name);
    near = similar_name(name, names);
  } else {
    const std::string_view section = name.substr(0, name.find_first_of(".0123456789"));
    const std::string_view meant = is_profile_section(section) ? section : nearest_profile_section(section);
    if (const ProfileKey* const key = nearest_profile_key(meant, name.substr(dot + 1)))
      near = fmt::format("{}.{}", key->section, key->name);
  }
  return fmt::format("there is no setting {}{}, see macsec.profile(5)", printable(name),
                     near.empty() ? "" : fmt::format(", did you mean {}?", near));
}

/// Why a secret is no argument, and what to do instead.
std::string refuse_secret(const ProfileKey& key) {
  const std::string_view instead = key.section == "Key" || key.section == "StaticKeys"
                                       ? "use --key-file=, --key-fd= or {0}File="
                                   : key.secret ? "use {0}File= or {0}Credential="
                                                : "use the path of a file";
  return fmt::format("{}= is a secret and not accepted here, where everybody can read it: {}", key.name,
                     fmt::format(fmt::runtime(instead), key.name));
}

bool is_reference(std::string_view key) { return key == "CakFile" || key == "CakCredential"; }

}  // namespace

bus::SettingsSection& section_of(bus::Settings& settings, std::string_view name, std::size_t instance) {
  std::size_t last = 0;
  for (std::size_t i = 0; i < settings.size(); ++i) {
    if (settings[i].name != name) continue;
    if (instance-- == 0) return settings[i];
    last = i + 1;
  }
  const auto at = last == 0 ? settings.end() : settings.begin() + static_cast<std::ptrdiff_t>(last);
  return *settings.insert(at, bus::SettingsSection{std::string{name}, {}, {}});
}

std::optional<std::string> text_of(const bus::Settings& settings, std::string_view section, std::string_view key) {
  for (const bus::SettingsSection& each : settings) {
    if (each.name != section) continue;
    for (const auto& [name, value] : each.texts)
      if (name == key) return value;
    return std::nullopt;
  }
  return std::nullopt;
}

bool has_text(const bus::SettingsSection& section, std::string_view key) noexcept {
  return std::ranges::any_of(section.texts, [key](const auto& each) { return each.first == key; });
}

void set_text(bus::SettingsSection& section, std::string_view key, std::string value) {
  for (auto& [name, old] : section.texts)
    if (name == key) {
      old = std::move(value);
      return;
    }
  section.texts.emplace_back(key, std::move(value));
}

Result<void> apply_setting(bus::Settings& settings, std::string_view assignment) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string_view::npos)
    return fail(EINVAL, fmt::format("{} is no setting: Section.Key=VALUE", printable(assignment)));
  const std::string_view name = assignment.substr(0, equals);
  const std::string_view value = assignment.substr(equals + 1);
  const Target target = find_target(name);
  if (target.key == nullptr) return fail(EINVAL, no_setting(name));
  if (holds_secret(*target.key, value)) return fail(EINVAL, refuse_secret(*target.key));
  bus::SettingsSection& section = section_of(settings, target.key->section, target.instance);
  if (value.empty()) {
    std::erase_if(section.texts, [&](const auto& each) { return each.first == target.key->name; });
    return {};
  }
  if (const auto checked = check_profile_value(*target.key, value); !checked) return std::unexpected{checked.error()};
  set_text(section, target.key->name, std::string{value});
  return {};
}

Result<void> add_key(const Options& options, bus::Settings& settings, bool required) {
  const bool given = !options.key_file.empty() || options.key_fd;
  const auto lacks = [](const bus::SettingsSection& section) {
    return section.name == "Key" && section.secrets.empty() &&
           std::ranges::none_of(section.texts, [](const auto& each) { return is_reference(each.first); });
  };
  const auto section = std::ranges::find_if(settings, lacks);
  if (section == settings.end())
    return given ? Result<void>{fail(EINVAL, "no [Key] lacks a key; say which by Key.Ckn=")} : Result<void>{};
  if (!given && !required) return {};
  auto key = !options.key_file.empty() ? read_key_file(options.key_file)
             : options.key_fd          ? read_key_fd(*options.key_fd)
                                       : ask_key("CAK (32 or 64 hexadecimal digits, not shown): ");
  if (!key) return std::unexpected{key.error()};
  section->secrets.emplace_back("Cak", bus::to_secret(key->expose()));
  return {};
}

bus::Settings to_settings(const bus::ProfileInfo& info) {
  bus::Settings out;
  for (const auto& [name, texts] : info.settings) {
    out.push_back({name, {}, {}});
    // As the table of keys has them, which is how people write them.
    for (const ProfileKey& key : profile_keys())
      if (const auto text = texts.find(std::string{key.name}); key.section == name && text != texts.end())
        out.back().texts.emplace_back(text->first, text->second);
    for (const auto& text : texts)
      if (!has_text(out.back(), text.first)) out.back().texts.emplace_back(text.first, text.second);
  }
  return out;
}

std::string to_text(const bus::Settings& settings) {
  std::string out;
  for (const bus::SettingsSection& section : settings) {
    fmt::format_to(std::back_inserter(out), "{}[{}]\n", out.empty() ? "" : "\n", section.name);
    for (const auto& [key, value] : section.texts) fmt::format_to(std::back_inserter(out), "{}={}\n", key, value);
  }
  return out;
}

void write_file(SecretWriter& out, const bus::Settings& settings) {
  for (const bus::SettingsSection& section : settings) {
    out.add(out.view().empty() ? "" : "\n").add("[").add(section.name).add("]\n");
    for (const auto& [key, value] : section.texts) out.add(key).add("=").add(value).add("\n");
    for (const auto& [name, secret] : section.secrets) {
      const ProfileKey* const key = find_profile_key(section.name, name);
      const auto text = key == nullptr ? std::nullopt : secret_text(*key, bus::octets_of(secret));
      if (text) out.add(name).add("=").add(text->view()).add("\n");
    }
  }
}

Result<bus::Settings> read_text(std::string path, WipedText text) {
  const IniDocument document = IniDocument::parse(std::move(path), std::move(text));
  // What a reader of files passes over would be lost here.
  if (!document.diagnostics().empty()) return fail(EINVAL, to_string(document.diagnostics().front()));
  bus::Settings out;
  for (const IniSection& section : document.sections()) out.push_back({std::string{section.name}, {}, {}});
  for (const IniAssignment& each : document.assignments()) {
    bus::SettingsSection& section = out[each.section];
    const ProfileKey* const key = find_profile_key(section.name, each.key);
    if (key == nullptr || !holds_secret(*key, each.value)) {
      if (key != nullptr && !each.value.empty())
        if (const auto checked = check_profile_value(*key, each.value); !checked)
          return fail(EINVAL, fmt::format("{}:{}: {}", document.path(), each.line, checked.error().message));
      section.texts.emplace_back(each.key, each.value);
      continue;
    }
    std::optional<WipedText> secret = secret_octets(*key, each.value);
    if (!secret)
      return fail(EINVAL,
                  fmt::format("{}:{}: {}= is not accepted: {}", document.path(), each.line, each.key, key->accepts));
    if (secret->size() != 0) section.secrets.emplace_back(each.key, std::move(*secret));
  }
  // A file may open a section twice; only [Key], [RadiusServer] and [StaticKeys] are several things then.
  for (std::size_t i = 0; i < out.size(); ++i)
    for (std::size_t k = out.size(); !is_repeated_section(out[i].name) && --k > i;)
      if (out[k].name == out[i].name) {
        for (auto& [key, value] : out[k].texts) set_text(out[i], key, std::move(value));
        out.erase(out.begin() + static_cast<std::ptrdiff_t>(k));
      }
  return out;
}

Result<bus::Settings> read_key_section(const std::string& path) {
  const std::string name = path == "-" ? "standard input" : path;
  WipedText text;
  if (path == "-") {
    auto all = read_all(STDIN_FILENO, name);
    if (!all) return std::unexpected{all.error()};
    text = std::move(*all);
  } else {
    auto file = read_file(path, IniDocument::max_file);
    if (!file) return std::unexpected{file.error()};
    if (open_to_everybody(file->mode)) return fail(EPERM, path + " can be read or written by everybody: chmod o-rw it");
    text = std::move(file->text);
  }
  auto settings = read_text(name, std::move(text));
  if (settings && (settings->size() != 1 || settings->front().name != "Key" || !has_text(settings->front(), "Ckn")))
    return fail(EINVAL, name + " does not hold one [Key] section with its Ckn=, and nothing else");
  return settings;
}

std::vector<Diagnostic> judge(const std::string& name, const bus::Settings& settings, KeyFiles keys) {
  std::vector<ProfileSetting> all;
  std::map<std::string_view, std::size_t> count;
  for (const bus::SettingsSection& section : settings) {
    const std::size_t instance = count[section.name]++;
    all.push_back({.section = section.name, .instance = instance});
    for (const auto& [key, value] : section.texts)
      all.push_back({.section = section.name, .instance = instance, .key = key, .value = value});
    for (const auto& [key, secret] : section.secrets)
      all.push_back({.section = section.name, .instance = instance, .key = key, .octets = bus::octets_of(secret)});
  }
  ProfileContext context = ProfileContext::from_environment();
  context.without_keys = keys == KeyFiles::leave_alone;
  return read_settings(name, name, ProfileSource::file, all, context).diagnostics;
}

bool tell(const Context& context, std::span<const Diagnostic> diagnostics) {
  for (const Diagnostic& each : diagnostics) {
    if (each.severity == Severity::warning)
      context.warn(to_string(each));
    else
      fmt::print(stderr, "macsecctl: {}\n", printable(to_string(each)));
  }
  return has_error(diagnostics);
}

std::string to_line(const bus::Problem& problem) {
  std::string place = problem.file;
  if (!place.empty() && problem.line != 0) place += fmt::format(":{}", problem.line);
  if (!place.empty()) place += ": ";
  return fmt::format("{}{}: {}", place, problem.error ? "error" : "warning", problem.text);
}

Exit add_profile(Context& context, const std::string& name, const bus::Settings& settings) {
  const bus::ProfileOptions options{.lifetime = context.options.runtime ? bus::Lifetime::memory : bus::Lifetime::file};
  const auto path = context.ask<bus::ObjectPath>(
      [&](const bus::Client& daemon) { return daemon.add_profile(name, settings, options); });
  if (!path) return context.status;
  if (!context.options.wait) return Exit::ok;
  const auto added = context.profiles(std::span{&name, 1});
  if (!added) return context.status;
  for (const std::string& session : session_paths(added->front().info))
    if (const Exit waited =
            context.wait_for(session, "secured", [](const bus::SessionInfo& info) { return info.state == "secured"; });
        waited != Exit::ok)
      return waited;
  return Exit::ok;
}

}  // namespace macsec::cli
