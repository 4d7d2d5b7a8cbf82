// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/networkmanager/listing.hpp"

#include "dbus/bus/names.hpp"
#include "plugin/networkmanager/log.hpp"

namespace macsec::nm {

Listing::Listing(sd_event* event, Runs& runs, Stored stored, Devices spare)
    : event_{event}, runs_{runs}, stored_{std::move(stored)}, spare_{std::move(spare)}, turn_{[this] { apply(); }} {}

void Listing::update() {
  if (!turn_.armed()) turn_.arm(event_, std::chrono::microseconds{0});
}

void Listing::take_over(const std::string& profile) {
  given_up_.insert(profile);
  update();
}

/// A device that several connections have in common is made beforehand only where all want the same suite.
std::set<std::string> Listing::spare_devices() const {
  std::map<std::string, std::set<std::string>> suites;
  for (const StoredConnection& each : known_) {
    const UserData extras = read_user_data(each.connection.user_data);
    suites[each.interface].insert(wants_other_suite(extras) ? extras.settings.at(cipher_suites_setting) : "");
  }
  std::set<std::string> out;
  for (const auto& [device, wanted] : suites)
    if (wanted.size() == 1 && !wanted.begin()->empty()) out.insert(device);
  return out;
}

Listing::Entries Listing::wanted(const std::set<std::string>& spare) const {
  Entries out;
  for (const StoredConnection& each : known_) {
    if (runs_.has_connection(each.connection.uuid)) continue;
    std::string name = profile_name(each.connection.id, each.interface);
    if (runs_.has_profile(name) || taken_.contains(name) || out.contains(name))
      name = fmt::format("{}@{}", name.substr(0, 50), each.connection.uuid.substr(0, 8));
    out.insert_or_assign(name, Entry{each, spare.contains(each.interface)});
  }
  return out;
}

void Listing::apply() {
  if (auto now = stored_()) known_ = std::move(*now);
  const std::set<std::string> spare = spare_devices();
  spare_(spare);
  if (!runs_.ready()) {  // macsecd forgets what a client had
    given_up_.clear();
    return shown_.clear();
  }
  Entries now = wanted(spare);
  for (const auto& [name, entry] : shown_) given_up_.insert(name);
  for (const std::string& name : std::exchange(given_up_, {}))
    if (!now.contains(name) && !runs_.has_profile(name))
      runs_.client().send<bus::Nothing>(runs_.client().remove_profile(bus::Client::profile_path(name)),
                                        [](const bus::Outcome<bus::Nothing>&) {});
  const Entries before = std::exchange(shown_, std::move(now));
  for (const auto& [name, entry] : shown_)
    if (const auto known = before.find(name); known == before.end() || known->second != entry) show(name, entry);
}

void Listing::show(const std::string& name, const Entry& entry) {
  const StoredConnection& stored = entry.stored;
  UserData extras = read_user_data(stored.connection.user_data);
  if (stored.eap)
    return show_problem(name, entry, "macsec.mode=eap: 802.1X as the source of keys is not in this version");
  if (stored.parent.empty())
    return show_problem(name, entry, "macsec.parent names no interface, nor a connection that names one");
  add(name, entry, make_settings(stored, extras, entry.spare), std::move(extras.problems));
}

void Listing::show_problem(const std::string& name, const Entry& entry, const std::string& text) {
  add(name, entry, {}, {{true, {}, 0, {}, text}});
}

void Listing::add(const std::string& name, const Entry& entry, const bus::Settings& settings,
                  std::vector<bus::Problem> problems) {
  bus::ProfileOptions options;
  options.lifetime = bus::Lifetime::client;
  options.source = ProfileSource::networkmanager;
  options.origin = entry.stored.connection.uuid;
  options.description = entry.stored.connection.id;
  options.problems = std::move(problems);
  options.replace = true;
  const auto added = [this, name, entry, explained = settings.empty()](const bus::Outcome<bus::ObjectPath>& outcome) {
    if (outcome) return;
    const auto known = shown_.find(name);
    if (known == shown_.end() || known->second != entry) return;  // overtaken
    if (outcome.error().name == bus::error::profile_exists && taken_.insert(name).second) {
      shown_.erase(known);
      return update();
    }
    if (outcome.error().name == bus::error::invalid_settings && !explained)
      return show_problem(name, entry, outcome.error().text);
    log_line(SD_WARNING, "{} cannot be shown: {}", name, outcome.error().text);
  };
  runs_.client().send<bus::ObjectPath>(runs_.client().add_profile(name, settings, options), added);
}

}  // namespace macsec::nm
