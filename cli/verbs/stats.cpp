// SPDX-License-Identifier: LGPL-2.1-or-later
// GCC 12 takes a moved-from variant for an uninitialised one.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include "cli/verbs/table.hpp"

#include <algorithm>

namespace macsec::cli {
namespace {

struct Statistics {
  Context::Session session;
  bus::Value groups;
};

void print_table(Context& context, std::span<const Statistics> all) {
  Table table{{"LINK", "GROUP", "COUNTER", ">VALUE"}};
  for (const auto& [session, groups] : all)
    for (const auto& [group, counters] : groups.dict())
      for (const auto& [name, value] : counters.dict())
        table.add({{session.info.interface},
                   {group},
                   {name},
                   {std::to_string(value.number()), value.number() == 0 ? Style::dim : Style::plain}});
  context.print(table);
}

/// "ReceiveScFailures" -> "receive_sc_failures"
std::string to_snake(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (upper && !out.empty()) out += '_';
    out += upper ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

/// A value of a label, escaped.
std::string to_label(std::string_view text) {
  std::string out;
  for (const char c : printable(text)) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

/// OpenMetrics 1.0: a family for each counter with a sample for each link.
void print_openmetrics(Context& context, std::span<const Statistics> all) {
  std::map<std::string, std::string> families;
  const auto labels = [](const bus::SessionInfo& info) {
    return fmt::format("{{link=\"{}\",parent=\"{}\",profile=\"{}\"}}", to_label(info.interface), to_label(info.parent),
                       to_label(info.profile_name));
  };
  const auto gauge = [&](const std::string& name, const std::string& help, const bus::SessionInfo& info, auto value) {
    std::string& family = families[name];
    if (family.empty()) family = fmt::format("# TYPE {0} gauge\n# HELP {0} {1}\n", name, help);
    family += fmt::format("{}{} {}\n", name, labels(info), value);
  };
  for (const auto& [session, groups] : all) {
    const bus::SessionInfo& info = session.info;
    gauge("macsec_secured", "1 while the kernel has keys for both directions.", info, info.state == "secured" ? 1 : 0);
    gauge("macsec_live_peers", "Peers that hear us and are heard.", info,
          std::ranges::count_if(info.peers, &bus::PeerInfo::live));
    gauge("macsec_pn_used_ratio", "Share of the packet numbers of the SAK that is used up.", info, info.pn_used);
    for (const auto& [group, counters] : groups.dict())
      for (const auto& [counter, value] : counters.dict()) {
        const std::string name = fmt::format("macsec_{}_{}", to_snake(group), to_snake(counter));
        std::string& family = families[name];
        if (family.empty()) family = fmt::format("# TYPE {} counter\n", name);
        family += fmt::format("{}_total{} {}\n", name, labels(info), value.number());
      }
  }
  for (const auto& [name, text] : families) context.out += text;
  context.out += "# EOF\n";
}

}  // namespace

Exit run_stats(Context& context) {
  auto sessions = context.sessions(context.arguments);
  if (!sessions) return context.status;
  std::vector<Statistics> all;
  for (auto& session : *sessions) {
    auto groups = context.ask<bus::Value>([&](const bus::Client& daemon) { return daemon.statistics(session.path); });
    if (!groups) return context.status;
    all.push_back({std::move(session), std::move(*groups)});
  }
  if (context.options.openmetrics) {
    print_openmetrics(context, all);
  } else if (context.json()) {
    bus::Value::List list;
    for (const auto& [session, groups] : all)
      list.push_back(bus::Value{
          bus::Value::Data{bus::Value::Dict{{"Interface", session.properties["Interface"]}, {"Statistics", groups}}}});
    context.print_json(bus::Value{bus::Value::Data{std::move(list)}});
  } else {
    print_table(context, all);
  }
  return Exit::ok;
}

}  // namespace macsec::cli
