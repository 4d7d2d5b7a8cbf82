// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/foreign/format.hpp"
#include "cli/settings.hpp"
#include "cli/verbs/table.hpp"

#include <algorithm>
#include <filesystem>

namespace macsec::cli {
namespace {

/// A name for a profile out of one that may have blanks and more in it.
std::string to_name(std::string_view text) {
  std::string out{text.substr(0, 64)};
  for (char& c : out)
    if (!is_profile_name(std::string{'a', c})) c = '_';
  if (out.starts_with('.')) out.front() = '_';
  return out;
}

std::string name_of(const Options& options, const Imported& imported, const std::string& path) {
  if (!options.name.empty()) return options.name;
  if (!imported.name.empty()) return to_name(imported.name);
  const std::string file = path.substr(path.rfind('/') + 1);
  return to_name(file.substr(0, file.rfind('.')));
}

/// "PATH.d/*.conf" in the order networkd reads them; those of other folders are not looked for.
std::vector<ForeignText> read_drop_ins(const Context& context, const std::string& path) {
  std::vector<std::string> paths;
  std::error_code ignored;
  for (const auto& each : std::filesystem::directory_iterator{path + ".d", ignored})
    if (each.path().extension() == ".conf") paths.push_back(each.path());
  std::ranges::sort(paths);
  std::vector<ForeignText> out;
  for (std::string& each : paths) {
    auto file = read_file(each, IniDocument::max_file);
    if (file)
      out.push_back({std::move(each), std::move(file->text)});
    else
      context.warn(file.error().message);
  }
  return out;
}

/// What the file says, with what the command line says on top. Nothing on failure, which was told.
std::optional<Imported> read_import(Context& context, const std::string& path) {
  const auto refuse = [&context](Exit as, std::string_view text) {
    context.complain(as, text);
    return std::nullopt;
  };
  auto file = read_file(path, IniDocument::max_file);
  if (!file) return refuse(Exit::failed, file.error().message);
  const auto format =
      context.options.from.empty() ? guess_format(path, file->text.view()) : format_from_string(context.options.from);
  if (!format)
    return refuse(Exit::usage,
                  fmt::format("what is {}? Say --from=networkmanager, networkd, wpa_supplicant or iwd", path));
  auto drop_ins = *format == Format::networkd ? read_drop_ins(context, path) : std::vector<ForeignText>{};
  Imported imported = import_profile(*format, path, std::move(file->text), std::move(drop_ins));
  if (tell(context, imported.diagnostics)) {
    context.status = Exit::failed;
    return std::nullopt;
  }
  for (const std::string& argument : std::span{context.arguments}.subspan(1))
    if (const auto applied = apply_setting(imported.settings, argument); !applied)
      return refuse(Exit::usage, applied.error().message);
  if (!text_of(imported.settings, "Link", "Parent"))
    return refuse(Exit::usage, fmt::format("{} does not say the parent interface: add Parent=NAME", path));
  const bool asks = context.options.output.empty() && !context.options.no_keys;
  if (const auto key = add_key(context.options, imported.settings, asks); !key)
    return refuse(Exit::failed, key.error().message);
  return imported;
}

/// The same judgement as `profile check` has of the file that comes of it.
bool passes(const Context& context, const std::string& name, const bus::Settings& settings) {
  // The daemon reads key files itself, and may where we may not.
  const bool reads = !context.options.no_keys && !context.options.output.empty();
  return !tell(context, judge(name, settings, reads ? KeyFiles::read : KeyFiles::leave_alone));
}

Exit write(Context& context, const bus::Settings& settings) {
  SecretWriter text;
  write_file(text, settings);
  if (context.options.output == "-")
    return context.complain(Exit::usage, "keys are written to files only: --output=FILE");
  if (const auto written = write_secret(context.options.output, text.view()); !written)
    return context.complain(Exit::failed, written.error().message);
  return Exit::ok;
}

}  // namespace

Exit run_profile_import(Context& context) {
  const std::string& path = context.arguments.front();
  const auto imported = read_import(context, path);
  if (!imported) return context.status;
  const std::string name = name_of(context.options, *imported, path);
  if (!passes(context, name, imported->settings))
    return context.complain(Exit::failed,
                            fmt::format("{} makes no profile that macsecd takes: nothing was written", path));
  return context.options.output.empty() ? add_profile(context, name, imported->settings)
                                        : write(context, imported->settings);
}

}  // namespace macsec::cli
