// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/networkmanager/profiles/listing.hpp"

#include "dbus/bus/names.hpp"
#include "plugin/networkmanager/log.hpp"

#include <algorithm>

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

/// Only where it is in nobody's way: all connections that have the device want the same one, and no other device wants its
/// SCI.
std::map<std::string, Listing::Spare> Listing::judge_devices() const {
  using Place = std::pair<std::string, std::uint16_t>;  // parent and port
  std::map<std::string, std::set<std::pair<Place, std::vector<CipherSuite>>>> demands;
  std::map<Place, std::set<std::string>> devices;
  for (const StoredConnection& each : known_) {
    const UserData extras = read_user_data(each.connection);
    const Place place{each.parent, each.port};
    demands[each.interface].emplace(place,
                                    wants_other_suite(extras) ? cipher_suites(extras) : std::vector<CipherSuite>{});
    devices[place].insert(each.interface);
  }
  std::map<std::string, Spare> out;
  std::size_t places = most_spare_devices;
  for (const bool kept : {true, false})  // what is made stays when another connection is added
    for (const auto& [device, wanted] : demands) {
      if (made_.contains(device) != kept) continue;
      if (std::ranges::all_of(wanted, [](const auto& demand) { return demand.second.empty(); }))
        out[device] = Spare::none;
      else if (wanted.size() != 1 || devices[wanted.begin()->first].size() != 1)
        out[device] = Spare::in_the_way;
      else
        out[device] = places == 0 ? Spare::too_many : (--places, Spare::made);
    }
  return out;
}

Listing::Entries Listing::wanted(const std::map<std::string, Spare>& spare) const {
  Entries out;
  for (const StoredConnection& each : known_) {
    if (runs_.has_connection(each.connection.uuid)) continue;
    std::string name = profile_name(each.connection.id, each.interface);
    if (runs_.has_profile(name) || taken_.contains(name) || out.contains(name))
      name = fmt::format("{}@{}", name.substr(0, 50), each.connection.uuid.substr(0, 8));
    out.insert_or_assign(name, Entry{each, spare.at(each.interface), runs_.failure(each.connection.uuid)});
  }
  return out;
}

void Listing::apply() {
  if (auto now = stored_()) {
    known_ = std::move(*now);
    std::erase_if(known_, [](const StoredConnection& each) { return each.connection.is_private; });
  }
  const std::map<std::string, Spare> spare = judge_devices();
  made_.clear();
  for (const auto& [device, verdict] : spare)
    if (verdict == Spare::made) made_.insert(device);
  spare_(made_);
  if (!runs_.ready()) {  // macsecd forgets what a client had
    given_up_.clear();
    return shown_.clear();
  }
  const Entries before = std::exchange(shown_, wanted(spare));
  // What an earlier macsec-nm left running waits for NetworkManager, or for its time.
  std::erase_if(shown_, [this](const auto& each) { return runs_.is_parked(each.first); });
  for (const auto& [name, entry] : shown_)
    if (const auto known = before.find(name);
        known == before.end() || known->second != entry || given_up_.contains(name))
      show(name, entry);
  // Afterwards: a device that one more profile wants stays.
  for (const auto& [name, entry] : before) given_up_.insert(name);
  for (const std::string& name : std::exchange(given_up_, {}))
    if (!shown_.contains(name) && !runs_.has_profile(name))
      runs_.client().send<bus::Nothing>(runs_.client().remove_profile(bus::Client::profile_path(name)),
                                        [](const bus::Outcome<bus::Nothing>&) {});
}

void Listing::show(const std::string& name, const Entry& entry) {
  const StoredConnection& stored = entry.stored;
  UserData extras = read_user_data(stored.connection);
  if (stored.parent.empty())
    return show_problem(name, entry, "macsec.parent names no interface, nor a connection that names one");
  if (wants_other_suite(extras) && entry.spare == Spare::too_many)
    extras.problems.push_back(
        {false,
         {},
         0,
         "org.macsecd.cipher-suites",
         fmt::format("org.macsecd.cipher-suites: no device is made in advance, as {} others are", most_spare_devices)});
  if (wants_other_suite(extras) && entry.spare == Spare::in_the_way)
    extras.problems.push_back(
        {false,
         {},
         0,
         "org.macsecd.cipher-suites",
         fmt::format(
             "org.macsecd.cipher-suites: no device is made in advance, as another connection wants another one with "
             "connection.interface-name={} or macsec.port={} on {}; give this one both of its own",
             stored.interface, stored.port, stored.parent)});
  if (!entry.failure.empty())
    extras.problems.push_back({false, {}, 0, {}, fmt::format("the last activation failed: {}", entry.failure)});
  add(name, entry, make_settings(stored, extras, entry.spare == Spare::made), std::move(extras.problems));
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
