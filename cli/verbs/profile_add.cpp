// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/settings.hpp"
#include "cli/verbs/table.hpp"

#include <unistd.h>

namespace macsec::cli {
namespace {

/// The sections of a file, "-" being standard input.
Result<bus::Settings> read_sections(const std::string& path) {
  if (path == "-") {
    auto text = read_all(STDIN_FILENO, "standard input");
    if (!text) return std::unexpected{text.error()};
    return read_text("standard input", std::move(*text));
  }
  auto file = read_file(path, IniDocument::max_file);
  if (!file) return std::unexpected{file.error()};
  return read_text(path, std::move(file->text));
}

}  // namespace

Exit run_profile_add(Context& context) {
  const std::string& name = context.arguments.front();
  if (!is_profile_name(name))
    return context.complain(Exit::usage, fmt::format("{} is no name of a profile: {}", name, profile_name_rule));
  bus::Settings settings;
  for (const std::string& argument : std::span{context.arguments}.subspan(1)) {
    if (argument.find('=') != std::string::npos) {
      if (const auto applied = apply_setting(settings, argument); !applied)
        return context.complain(Exit::usage, applied.error().message);
      continue;
    }
    if (!settings.empty()) return context.complain(Exit::usage, "one file, and before settings");
    auto sections = read_sections(argument);
    if (!sections) return context.complain(Exit::failed, sections.error().message);
    settings = std::move(*sections);
  }
  if (settings.empty())
    return context.complain(Exit::usage, "a profile needs a file or settings, such as Parent=eth0 Key.Ckn=0a1b");
  if (const auto key = add_key(context.options, settings, true); !key)
    return context.complain(Exit::failed, key.error().message);
  return add_profile(context, name, settings);
}

}  // namespace macsec::cli
