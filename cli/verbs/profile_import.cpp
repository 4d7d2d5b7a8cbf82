// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/foreign/format.hpp"
#include "cli/settings.hpp"
#include "cli/verbs/table.hpp"

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

}  // namespace

Exit run_profile_import(Context& context) {
  const std::string& path = context.arguments.front();
  auto file = read_file(path, IniDocument::max_file);
  if (!file) return context.complain(Exit::failed, file.error().message);
  const auto format =
      context.options.from.empty() ? guess_format(path, file->text.view()) : format_from_string(context.options.from);
  if (!format)
    return context.complain(Exit::usage,
                            fmt::format("what is {}? Say --from=networkmanager, networkd or wpa_supplicant", path));
  Imported imported = import_profile(*format, path, std::move(file->text));
  if (tell(context, imported.diagnostics)) return Exit::failed;
  for (const std::string& argument : std::span{context.arguments}.subspan(1))
    if (const auto applied = apply_setting(imported.settings, argument); !applied)
      return context.complain(Exit::usage, applied.error().message);
  if (!text_of(imported.settings, "Link", "Parent"))
    return context.complain(Exit::usage, fmt::format("{} does not say the parent interface: add Parent=NAME", path));
  if (const auto key = add_key(context.options, imported.settings, context.options.output.empty()); !key)
    return context.complain(Exit::failed, key.error().message);
  if (context.options.output.empty())
    return add_profile(context, name_of(context.options, imported, path), imported.settings);
  SecretWriter text;
  write_file(text, imported.settings);
  if (context.options.output == "-")
    return context.complain(Exit::usage, "keys are written to files only: --output=FILE");
  if (const auto written = write_secret(context.options.output, text.view()); !written)
    return context.complain(Exit::failed, written.error().message);
  return Exit::ok;
}

}  // namespace macsec::cli
