// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/foreign/format.hpp"
#include "cli/foreign/install.hpp"
#include "cli/settings.hpp"
#include "cli/verbs/table.hpp"
#include "engine/config/profile_set.hpp"

#include <algorithm>
#include <unistd.h>

namespace macsec::cli {
namespace {

struct Source {
  std::string name;
  bus::Settings settings;
  bool runs = false;  ///< in macsecd
};

std::optional<Source> from_file(Context& context, const std::string& path) {
  const ProfileFile file = load_profile(path, ProfileContext::from_environment());
  const bool bad = tell(context, file.diagnostics);
  if (bad || file.profile == nullptr) {
    context.status = Exit::failed;
    return std::nullopt;
  }
  return Source{file.name, bus::to_settings(*file.profile)};
}

/// The daemon tells no keys; who may read the file has them.
std::optional<Source> find_source(Context& context, const std::string& argument) {
  if (argument.find('/') != std::string::npos || argument.ends_with(profile_suffix))
    return from_file(context, argument);
  const auto profiles = context.profiles(std::span{&argument, 1});
  if (!profiles) return std::nullopt;
  const bus::ProfileInfo& info = profiles->front().info;
  // The file of another host is not here.
  if (!context.options.host.empty() || info.source != "file" || ::access(info.origin.c_str(), R_OK) != 0)
    return Source{info.name, to_settings(info), info.enabled};
  auto source = from_file(context, info.origin);
  if (source) source->runs = info.enabled;
  return source;
}

/// A password that a format holds itself, from a file as macsec-eap reads it.
void resolve_password(const Context& context, bus::SettingsSection& section, std::string_view key,
                      const std::string& path) {
  const auto file = read_file(path, 4096);
  if (!file) return context.warn(file.error().message);
  std::string_view text = file->text.view();
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  section.secrets.emplace_back(key, WipedText{text});
}

/// Where a format holds the key itself, it has to be read.
void resolve(const Context& context, bus::Settings& settings) {
  for (bus::SettingsSection& section : settings)
    for (const auto& [key, value] : section.texts) {
      if (section.name == "8021X" && (key == "PasswordFile" || key == "PrivateKeyPasswordFile"))
        resolve_password(context, section, std::string_view{key}.substr(0, key.size() - 4), value);
      if (section.name != "Key" || key != "CakFile") continue;
      auto secret = read_key_file(value);
      if (secret)
        section.secrets.emplace_back("Cak", bus::to_secret(secret->expose()));
      else
        context.warn(secret.error().message);
    }
}

Exit install(Context& context, const Source& source, std::string_view keyfile) {
  bus::Client* const client = context.client();
  if (client == nullptr) return context.status;
  if (const auto added = install_networkmanager(client->bus(), keyfile); !added)
    return context.complain(Exit::failed,
                            fmt::format("NetworkManager does not take {}: {}", source.name, added.error().text));
  context.print("NetworkManager has the connection {0} now: nmcli connection up {0}\n", source.name);
  if (source.runs)
    context.warn(
        fmt::format("macsecd itself still runs this profile; before NetworkManager can: macsecctl profile disable {}",
                    source.name));
  return Exit::ok;
}

}  // namespace

Exit run_profile_export(Context& context) {
  const auto format = format_from_string(context.options.to);
  if (!format || *format == Format::iwd)
    return context.complain(Exit::usage, "to what? Say --to=networkmanager, networkd or wpa_supplicant");
  if (context.options.install && (*format != Format::networkmanager || !context.options.output.empty()))
    return context.complain(Exit::usage, "--install goes with --to=networkmanager and without --output=");
  auto source = find_source(context, context.arguments.front());
  if (!source) return context.status;
  const std::string& path = context.options.output;
  const bool installs = context.options.install;
  const Keys keys = !installs && (path.empty() || path == "-") ? Keys::leave_out : Keys::include;
  if (*format != Format::networkd && keys == Keys::include) resolve(context, source->settings);
  const Exported exported = export_profile(*format, source->name, source->settings, keys);
  if (!exported.refused.empty()) return context.complain(Exit::failed, exported.refused);
  for (const std::string& warning : exported.warnings) context.warn(warning);
  if (installs) return install(context, *source, exported.text.view());
  if (const auto written = write_secret(path, exported.text.view()); !written)
    return context.complain(Exit::failed, written.error().message);
  return Exit::ok;
}

}  // namespace macsec::cli
