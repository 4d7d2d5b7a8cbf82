// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/keys/sources_object.hpp"

#include "dbus/bus/callback.hpp"
#include "dbus/bus/connection.hpp"
#include "dbus/bus/names.hpp"

namespace macsec::keys {
namespace {

std::string state_of(const SourceRow& row) {
  if (row.server == nullptr || !row.server->broken().empty()) return "broken";
  const std::optional<bool> up = row.server->state().up();
  return !up ? "unknown" : *up ? "up" : "down";
}

bus::Dictionary to_dictionary(const SourceRow& row) {
  bus::Dictionary out{{"Name", row.name},
                      {"State", state_of(row)},
                      {"Profiles", row.profiles},
                      {"Mismatches", row.mismatches},
                      {"LastSuccess", static_cast<std::uint64_t>(row.last_success)}};
  if (row.server == nullptr) {
    out.emplace("LastError",
                "there is no file " + std::string{sources_directory} + '/' + row.name + ".source, or it has errors");
    return out;
  }
  const Server& server = *row.server;
  bus::Counters requests;
  for (const auto& [result, count] : server.state().counts()) requests.emplace(result, count);
  out.emplace("Type", std::string{to_string(server.source().type)});
  out.emplace("Server", server.source().url.authority());
  out.emplace("LastError", server.broken().empty() ? server.state().last_error() : server.broken());
  out.emplace("Text", server.state().words());
  out.emplace("Channel", server.channel());
  out.emplace("Requests", requests);
  return out;
}

/// What a change of is worth a signal: counts and times are read when somebody wants them.
std::string essence_of(const std::vector<SourceRow>& rows) {
  std::string out;
  for (const SourceRow& row : rows) {
    out += row.name + '\n' + state_of(row) + '\n' + std::to_string(row.mismatches) + '\n';
    for (const std::string& profile : row.profiles) out += profile + '\n';
    if (row.server != nullptr) out += row.server->state().last_error() + '\n' + row.server->channel() + '\n';
  }
  return out;
}

}  // namespace

Result<std::unique_ptr<SourcesObject>> SourcesObject::publish(sd_bus* bus, Read read) {
  static const std::vector<sd_bus_vtable> vtable{
      SD_BUS_VTABLE_START(0),
      SD_BUS_PROPERTY("Sources", "aa{sv}", bus::callback<&SourcesObject::get_sources>, 0,
                      SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
      SD_BUS_VTABLE_END,
  };
  std::unique_ptr<SourcesObject> object{new SourcesObject{bus, std::move(read)}};
  sd_bus_slot* slot = nullptr;
  int r = sd_bus_add_object_vtable(bus, &slot, bus::key_sources_path, bus::interface::key_sources, vtable.data(),
                                   object.get());
  object->object_.reset(slot);
  slot = nullptr;
  if (r >= 0) r = sd_bus_request_name_async(bus, &slot, bus::key_sources_name, 0, nullptr, nullptr);
  object->name_.reset(slot);
  if (r < 0) return std::unexpected{bus::bus_failure(r, "show key sources on the bus")};
  return object;
}

void SourcesObject::changed() {
  std::string essence = essence_of(read_());
  if (essence == told_) return;
  told_ = std::move(essence);
  sd_bus_emit_properties_changed(bus_, bus::key_sources_path, bus::interface::key_sources, "Sources", nullptr);
}

int SourcesObject::get_sources(const char* /*interface*/, const char* /*name*/, sd_bus_message* reply) {
  std::vector<bus::Dictionary> rows;
  for (const SourceRow& row : read_()) rows.push_back(to_dictionary(row));
  return bus::put(reply, rows);
}

}  // namespace macsec::keys
