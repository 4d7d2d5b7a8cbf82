// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/authenticator_text.hpp"
#include "cli/verbs/table.hpp"

namespace macsec::cli {
namespace {

struct AccessPort {
  const Context::Session* session;
  bus::Value properties;
};

void print_json_rows(Context& context, std::vector<AccessPort> ports) {
  bus::Value::List all;
  for (AccessPort& each : ports)
    all.push_back(bus::Value{bus::Value::Data{bus::Value::Dict{{"Interface", each.session->properties["Interface"]},
                                                               {"Authenticator", std::move(each.properties)}}}});
  context.print_json(bus::Value{bus::Value::Data{std::move(all)}});
}

std::string or_dash(std::string text) { return text.empty() ? "-" : text; }

}  // namespace

Exit run_clients(Context& context) {
  const auto sessions = context.sessions(context.arguments);
  if (!sessions) return context.status;
  std::vector<AccessPort> ports;
  for (const Context::Session& each : *sessions)
    if (auto properties = context.side(each.path, bus::interface::authenticator))
      ports.push_back({&each, std::move(*properties)});
  if (context.json()) {
    print_json_rows(context, std::move(ports));
    return Exit::ok;
  }
  Table table{{"LINK", "=HOST", "IDENTITY", "STATE", ">SINCE", "SERVER", "NEXT"}};
  for (const AccessPort& each : ports) {
    const bus::AuthenticatorInfo info = bus::to_authenticator(each.properties.dict());
    table.add({{each.session->info.interface},
               {or_dash(info.host)},
               {or_dash(info.identity)},
               {info.state, style_of_authenticator(info)},
               {Context::since(info.since)},
               {or_dash(info.server)},
               {or_dash(next_step(info))}});
  }
  if (!table.empty())
    context.print(table);
  else if (context.options.legend)
    context.print("No access port: that is a link whose profile has Role=authenticator under [8021X].\n");
  return Exit::ok;
}

}  // namespace macsec::cli
