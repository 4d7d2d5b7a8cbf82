// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/key_lifetime.hpp"
#include "cli/verbs/table.hpp"
#include "engine/config/instant.hpp"

namespace macsec::cli {
namespace {

Style style_of_key(const bus::KeyInfo& key) {
  if (key.state == "active") return key.principal ? Style::good : Style::plain;
  if (key.state == "overdue") return Style::bad;
  return key.state == "draining" || key.state == "late" || key.state == "early" ? Style::pending : Style::dim;
}

std::string retirement_of(const bus::KeyInfo& key) {
  if (!key.ready_to_retire) return key.blocker;
  return key.left_out.empty() ? "ready" : fmt::format("ready, but {} without carrier", fmt::join(key.left_out, ", "));
}

void add_row(Table& table, const std::string& profile, const bus::KeyInfo& key) {
  if (key.retired_at) {
    table.add({{profile},
               {key.ckn},
               {key.state, Style::dim},
               {"-"},
               {"-"},
               {"-"},
               {key.still_in.empty() ? "" : "secret still in " + key.still_in},
               {"retired " + format_instant(*key.retired_at)}});
    return;
  }
  const std::string lifetime = lifetime_text({key.ckn, key.role, key.not_before, key.not_after}, Context::unix_time());
  table.add({{profile},
             {key.ckn},
             {key.state.empty() ? "-"
              : key.principal   ? key.state + ", in use"
                                : key.state,
              style_of_key(key)},
             {key.bits == 0 ? "-" : std::to_string(key.bits)},
             {key.role},
             {std::to_string(key.live_peers)},
             {retirement_of(key)},
             {lifetime.empty() ? "no end" : lifetime}});
}

}  // namespace

Exit run_key_list(Context& context) {
  const auto profiles = context.profiles(context.arguments);
  if (!profiles) return context.status;
  if (context.json()) {
    bus::Value::List all;
    for (const auto& profile : *profiles)
      all.push_back(bus::Value{bus::Value::Data{
          bus::Value::Dict{{"Profile", profile.properties["Name"]}, {"Keys", profile.properties["Keys"]}}}});
    context.print_json(bus::Value{bus::Value::Data{std::move(all)}});
    return Exit::ok;
  }
  Table table{{"PROFILE", "=CKN", "STATE", ">BITS", "ROLE", ">PEERS", "TO RETIRE", "LIFETIME"}};
  for (const auto& profile : *profiles)
    for (const bus::KeyInfo& key : profile.info.keys) add_row(table, profile.info.name, key);
  if (!table.empty())
    context.print(table);
  else if (context.options.legend)
    context.print("No keys.\n");
  return Exit::ok;
}

}  // namespace macsec::cli
