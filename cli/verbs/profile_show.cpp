// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/settings.hpp"
#include "cli/verbs/table.hpp"

#include <algorithm>

namespace macsec::cli {
namespace {

bool holds_hidden_secret(const bus::SettingsSection& section) {
  if (section.name == "Key") return !has_text(section, "CakFile") && !has_text(section, "CakCredential");
  if (section.name == "StaticKeys") return !has_text(section, "KeyFile") && !has_text(section, "KeyCredential");
  if (section.name == "RadiusServer") return !has_text(section, "SecretFile") && !has_text(section, "SecretCredential");
  return false;
}

void print_profile(Context& context, const bus::ProfileInfo& info) {
  const auto comment = [&context](const std::string& text, Style style = Style::dim) {
    context.out += paint(context.screen, style, printable("# " + text)) + '\n';
  };
  if (context.options.legend) {
    comment(fmt::format("{}, from {}{}", info.name, info.source, info.origin.empty() ? "" : ": " + info.origin));
    if (!info.description.empty()) comment(info.description);
  }
  for (const bus::Problem& problem : info.problems)
    comment(to_line(problem), problem.error ? Style::bad : Style::pending);
  bool first = !context.options.legend && info.problems.empty();
  for (const bus::SettingsSection& section : to_settings(info)) {
    if (!first) context.out += '\n';
    first = false;
    context.out += paint(context.screen, Style::strong, printable("[" + section.name + "]")) + '\n';
    for (const auto& [key, value] : section.texts) context.print("{}={}\n", printable(key), printable(value));
    if (holds_hidden_secret(section))
      comment(section.name == "RadiusServer" ? "the secret itself is never shown" : "the key itself is never shown");
  }
}

}  // namespace

Exit run_profile_show(Context& context) {
  const auto profiles = context.profiles(context.arguments);
  if (!profiles) return context.status;
  if (context.json()) {
    bus::Value::List all;
    for (const auto& profile : *profiles) all.push_back(profile.properties);
    context.print_json(bus::Value{bus::Value::Data{std::move(all)}});
    return Exit::ok;
  }
  bool first = true;
  for (const auto& profile : *profiles) {
    if (!first) context.out += '\n';
    first = false;
    print_profile(context, profile.info);
  }
  return Exit::ok;
}

}  // namespace macsec::cli
