// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/verbs/table.hpp"

#include <algorithm>

namespace macsec::cli {

Exit run_profile_list(Context& context) {
  const auto profiles = context.profiles(context.arguments);
  if (!profiles) return context.status;
  if (context.json()) {
    bus::Value::List all;
    for (const auto& profile : *profiles) all.push_back(profile.properties);
    context.print_json(bus::Value{bus::Value::Data{std::move(all)}});
    return Exit::ok;
  }
  Table table{{"PROFILE", "SOURCE", "USE", "PARENT", "LINK", "PROBLEMS", "DESCRIPTION"}};
  for (const auto& [path, properties, info] : *profiles) {
    const auto errors = std::ranges::count_if(info.problems, &bus::Problem::error);
    const auto warnings = std::ssize(info.problems) - errors;
    std::string problems = errors != 0 ? fmt::format("{} error{}", errors, errors == 1 ? "" : "s") : "";
    if (warnings != 0)
      problems += fmt::format("{}{} warning{}", errors != 0 ? ", " : "", warnings, warnings == 1 ? "" : "s");
    table.add({{info.name},
               {info.source},
               {!info.valid                       ? "invalid"
                : info.enabled                    ? "enabled"
                : info.source == "networkmanager" ? "not active"
                                                  : "disabled",
                !info.valid    ? Style::bad
                : info.enabled ? Style::good
                               : Style::dim},
               {info.parent.empty() ? "-" : info.parent},
               {info.interface.empty() ? "-" : info.interface},
               {problems.empty() ? "-" : problems, errors != 0     ? Style::bad
                                                   : warnings != 0 ? Style::pending
                                                                   : Style::plain},
               {info.description}});
  }
  context.print(table);
  if (context.options.legend) context.print("\n{} profile{}.\n", profiles->size(), profiles->size() == 1 ? "" : "s");
  return Exit::ok;
}

}  // namespace macsec::cli
