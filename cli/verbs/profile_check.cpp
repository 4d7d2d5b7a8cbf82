// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/authentication_check.hpp"
#include "cli/settings.hpp"
#include "cli/unread_files.hpp"
#include "cli/verbs/table.hpp"
#include "engine/config/profile_set.hpp"

#include <algorithm>

namespace macsec::cli {
namespace {

bus::Problem to_problem(const Diagnostic& each) {
  return {each.severity == Severity::error, each.file, each.line, each.setting, each.text};
}

struct Checked {
  std::string name;
  std::vector<bus::Problem> problems;
  std::vector<std::string> facts{};
};

bus::Value to_value(const Checked& checked) {
  const auto text = [](const std::string& each) { return bus::Value{bus::Value::Data{each}}; };
  bus::Value::List rows;
  for (const bus::Problem& each : checked.problems)
    rows.push_back(bus::Value{bus::Value::Data{bus::Value::List{text(each.error ? "error" : "warning"), text(each.file),
                                                                bus::Value{bus::Value::Data{std::uint64_t{each.line}}},
                                                                text(each.setting), text(each.text)}}});
  bus::Value::List facts;
  for (const std::string& each : checked.facts) facts.push_back(text(each));
  bus::Value::Dict out{{"Name", text(checked.name)}, {"Problems", bus::Value{std::move(rows)}}};
  if (!facts.empty()) out.emplace("Facts", bus::Value{std::move(facts)});
  return bus::Value{bus::Value::Data{std::move(out)}};
}

}  // namespace

Exit run_profile_check(Context& context) {
  std::vector<Checked> all;
  std::vector<std::string> names;
  for (const std::string& argument : context.arguments) {
    if (argument.find('/') == std::string::npos && !argument.ends_with(profile_suffix)) {
      names.push_back(argument);
      continue;
    }
    Checked& checked = all.emplace_back(Checked{argument, {}});
    ProfileContext reads = ProfileContext::from_environment().as_of_now();
    reads.without_keys = context.options.no_keys;
    const ProfileFile file = load_profile(argument, reads);
    for (const Diagnostic& each : file.diagnostics) checked.problems.push_back(to_problem(each));
    if (file.profile == nullptr || reads.without_keys) continue;
    AuthenticationCheck opened = check_authentication(*file.profile, eap_program());
    for (const Diagnostic& each : opened.diagnostics) checked.problems.push_back(to_problem(each));
    checked.facts = std::move(opened.facts);
  }
  if (!names.empty() || context.arguments.empty()) {
    const auto profiles = context.profiles(names);
    if (!profiles) return context.status;
    for (const auto& profile : *profiles) all.push_back({profile.info.name, profile.info.problems});
    if (names.empty())
      for (UnreadFile& file : unread_files(context, *profiles))
        all.push_back(
            {file.path, {{.error = false, .file = file.path, .line = 0, .setting = {}, .text = std::move(file.why)}}});
  }
  bool bad = false;
  bus::Value::List rows;
  for (const Checked& checked : all) {
    rows.push_back(to_value(checked));
    if (checked.problems.empty() && context.options.legend && !context.json())
      context.print("{}: {}\n", printable(checked.name), paint(context.screen, Style::good, "no problem"));
    if (!context.json())
      for (const std::string& fact : checked.facts) context.print("{}: {}\n", printable(checked.name), printable(fact));
    for (const bus::Problem& problem : checked.problems) {
      bad = bad || problem.error;
      if (!context.json())
        context.print("{}{}\n", problem.file.empty() ? printable(checked.name) + ": " : "",
                      paint(context.screen, problem.error ? Style::bad : Style::pending, printable(to_line(problem))));
    }
  }
  if (context.json()) context.print_json(bus::Value{bus::Value::Data{std::move(rows)}});
  return bad ? Exit::failed : Exit::ok;
}

}  // namespace macsec::cli
