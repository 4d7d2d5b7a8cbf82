// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/verbs/table.hpp"

namespace macsec::cli {
namespace {

std::string to_text(const std::string& name, const bus::Value& value) {
  if (name == "Carrier") return value.boolean() ? "yes" : "no";
  if (name == "Speed") {
    const std::uint64_t speed = value.number();
    if (speed == 0) return "unknown";
    return speed % 1'000'000'000 == 0 ? fmt::format("{} Gbit/s", speed / 1'000'000'000)
                                      : fmt::format("{} Mbit/s", speed / 1'000'000);
  }
  if (name == "OffloadUntried") {
    std::string out;
    for (const bus::Value& each : value.list()) out += each.text() + " ";
    return out + "(unknown until tried)";
  }
  if (const auto* text = std::get_if<std::string>(&value.data())) return *text;
  if (const auto* list = std::get_if<bus::Value::List>(&value.data())) {
    std::string out;
    for (const bus::Value& each : *list) out.append(out.empty() ? "" : " ").append(each.text());
    return out.empty() ? "-" : out;
  }
  return fmt::format("{}", value.integer());
}

}  // namespace

Exit run_caps(Context& context) {
  const auto caps = context.ask<bus::Value>(
      [&](const bus::Client& daemon) { return daemon.link_capabilities(context.arguments.front()); });
  if (!caps) return context.status;
  if (context.json()) {
    context.print_json(*caps);
    return Exit::ok;
  }
  Table table{{"CAPABILITY", "VALUE"}};
  for (const auto& [name, value] : caps->dict()) table.add({{name}, {to_text(name, value)}});
  context.print(table);
  return Exit::ok;
}

}  // namespace macsec::cli
