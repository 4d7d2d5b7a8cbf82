// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/verbs/table.hpp"

#include <algorithm>

namespace macsec::cli {
namespace {

struct Finding {
  std::string id;
  std::string gravity;
  std::string text;
  std::string remedy;
};

Style style_of_gravity(std::string_view gravity) {
  if (gravity == "fault") return Style::bad;
  return gravity == "warning" ? Style::pending : Style::plain;
}

/// One line for a finding, wrapped below its beginning: what is wrong, what to type, and the identifier to look up.
void print_finding(Context& context, const std::string& subject, const Finding& finding) {
  std::string text = finding.text + '.';
  if (!finding.remedy.empty()) text += " Try: " + finding.remedy;
  text += " [" + finding.id + ']';
  const std::string lead = "  ";
  const std::string whole = printable(subject + ": " + text);
  bool first = true;
  for (const std::string& line : wrap(whole, context.screen.width == 0 ? 0 : context.screen.width - lead.size())) {
    context.out += first ? paint(context.screen, style_of_gravity(finding.gravity), line) : lead + line;
    context.out += '\n';
    first = false;
  }
}

std::vector<Finding> read_findings(const bus::Value& value) {
  std::vector<Finding> findings;
  for (const bus::Value& row : value.list())
    findings.push_back({row["Id"].text(), row["Gravity"].text(), row["Text"].text(), row["Remedy"].text()});
  return findings;
}

/// A profile that cannot run has no link to examine; its errors stand for it.
bool print_broken_profiles(Context& context) {
  const auto profiles = context.profiles({});
  bool broken = false;
  for (const auto& profile : profiles ? *profiles : std::vector<Context::Profile>{})
    for (const bus::Problem& problem : profile.info.problems) {
      if (!problem.error) continue;
      broken = true;
      const std::string place = problem.file.empty() ? "" : fmt::format("{}:{}: ", problem.file, problem.line);
      print_finding(context, "profile " + profile.info.name,
                    {"profile", "fault", place + problem.text, "macsecctl profile edit " + profile.info.name});
    }
  return broken;
}

}  // namespace

Exit run_doctor(Context& context) {
  const auto sessions = context.sessions(context.arguments);
  if (!sessions) return context.status;
  bool fault = false;
  bus::Value::List all;
  for (const auto& session : *sessions) {
    const auto value =
        context.ask<bus::Value>([&](const bus::Client& daemon) { return daemon.diagnose(session.path); });
    if (!value) return context.status;
    const std::vector<Finding> findings = read_findings(*value);
    fault = fault || std::ranges::find(findings, "fault", &Finding::gravity) != findings.end();
    if (context.json()) {
      all.push_back(bus::Value{
          bus::Value::Data{bus::Value::Dict{{"Interface", session.properties["Interface"]}, {"Findings", *value}}}});
      continue;
    }
    for (const Finding& finding : findings) print_finding(context, session.info.interface, finding);
    if (findings.empty()) context.print("{}: nothing is wrong\n", session.info.interface);
  }
  if (context.json())
    context.print_json(bus::Value{bus::Value::Data{std::move(all)}});
  else if (context.arguments.empty()) {
    fault = print_broken_profiles(context) || fault;
    if (context.out.empty()) context.print("No profile runs: see macsecctl profile add\n");
  }
  return fault ? Exit::failed : Exit::ok;
}

}  // namespace macsec::cli
