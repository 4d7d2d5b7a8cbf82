// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/networkmanager/listing.hpp"

#include "dbus/bus/names.hpp"
#include "plugin/networkmanager/log.hpp"

namespace macsec::nm {

Listing::Listing(sd_event* event, Runs& runs, Stored stored)
    : event_{event}, runs_{runs}, stored_{std::move(stored)}, turn_{[this] { apply(); }} {}

void Listing::update() {
  if (!turn_.armed()) turn_.arm(event_, std::chrono::microseconds{0});
}

std::map<std::string, StoredConnection> Listing::wanted() const {
  std::map<std::string, StoredConnection> out;
  for (StoredConnection& each : stored_()) {
    if (runs_.has_connection(each.connection.uuid)) continue;
    std::string name = profile_name(each.connection.id, each.interface);
    if (runs_.has_profile(name) || taken_.contains(name) || out.contains(name))
      name = fmt::format("{}@{}", name.substr(0, 50), each.connection.uuid.substr(0, 8));
    out.insert_or_assign(name, std::move(each));
  }
  return out;
}

void Listing::apply() {
  if (!runs_.ready()) return shown_.clear();  // macsecd forgets what a client had
  std::map<std::string, StoredConnection> now = wanted();
  for (const auto& [name, stored] : shown_)
    if (!now.contains(name) && !runs_.has_profile(name))
      runs_.client().send<bus::Nothing>(runs_.client().remove_profile(bus::Client::profile_path(name)),
                                        [](const bus::Outcome<bus::Nothing>&) {});
  const std::map<std::string, StoredConnection> before = std::exchange(shown_, std::move(now));
  for (const auto& [name, stored] : shown_)
    if (const auto known = before.find(name); known == before.end() || known->second != stored) show(name, stored);
}

void Listing::show(const std::string& name, const StoredConnection& stored) {
  UserData extras = read_user_data(stored.connection.user_data);
  if (stored.eap)
    return show_problem(name, stored, "macsec.mode=eap: 802.1X as the source of keys is not in this version");
  if (stored.parent.empty())
    return show_problem(name, stored, "macsec.parent names no interface, nor a connection that names one");
  add(name, stored, make_settings(stored, extras), std::move(extras.problems));
}

void Listing::show_problem(const std::string& name, const StoredConnection& stored, const std::string& text) {
  add(name, stored, {}, {{true, {}, 0, {}, text}});
}

void Listing::add(const std::string& name, const StoredConnection& stored, const bus::Settings& settings,
                  std::vector<bus::Problem> problems) {
  bus::ProfileOptions options;
  options.lifetime = bus::Lifetime::client;
  options.source = ProfileSource::networkmanager;
  options.origin = stored.connection.uuid;
  options.description = stored.connection.id;
  options.problems = std::move(problems);
  options.replace = true;
  const auto added = [this, name, stored, explained = settings.empty()](const bus::Outcome<bus::ObjectPath>& outcome) {
    if (outcome) return;
    const auto known = shown_.find(name);
    if (known == shown_.end() || known->second != stored) return;  // overtaken
    if (outcome.error().name == bus::error::profile_exists && taken_.insert(name).second) {
      shown_.erase(known);
      return update();
    }
    if (outcome.error().name == bus::error::invalid_settings && !explained)
      return show_problem(name, stored, outcome.error().text);
    log_line(SD_WARNING, "{} cannot be shown: {}", name, outcome.error().text);
  };
  runs_.client().send<bus::ObjectPath>(runs_.client().add_profile(name, settings, options), added);
}

}  // namespace macsec::nm
