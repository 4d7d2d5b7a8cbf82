// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/client/mirror.hpp"

#include "dbus/bus/callback.hpp"
#include "dbus/bus/names.hpp"

#include <algorithm>
#include <ctime>
#include <fmt/format.h>

namespace macsec::bus {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::microseconds first_pause = 100ms;
constexpr std::chrono::microseconds longest_pause = 30s;
constexpr std::uint64_t accuracy = 10'000;  ///< microseconds

}  // namespace

Mirror::Mirror(Client& client, Callbacks callbacks, Activate activate)
    : client_{client}, callbacks_{std::move(callbacks)}, activate_{activate}, pause_{first_pause} {
  const auto hear = [this](std::string rule, void (Mirror::*handler)(sd_bus_message*)) {
    slots_.push_back(client_.subscribe(rule, [this, handler](sd_bus_message* message) { (this->*handler)(message); }));
  };
  const std::string from_daemon = fmt::format("type='signal',sender='{}'", service_name);
  hear(fmt::format("type='signal',sender='{0}',path='{1}',interface='{0}',member='NameOwnerChanged',arg0='{2}'",
                   bus_service, bus_path, service_name),
       &Mirror::on_owner);
  hear(fmt::format("{},path='{}',interface='{}',member='InterfacesAdded'", from_daemon, root_path,
                   interface::object_manager),
       &Mirror::on_added);
  hear(fmt::format("{},path='{}',interface='{}',member='InterfacesRemoved'", from_daemon, root_path,
                   interface::object_manager),
       &Mirror::on_removed);
  hear(fmt::format("{},path_namespace='{}',interface='{}',member='PropertiesChanged'", from_daemon, root_path,
                   interface::properties),
       &Mirror::on_properties);
  if (callbacks_.event)
    hear(fmt::format("{},path_namespace='{}',interface='{}',member='Event'", from_daemon, session_prefix,
                     interface::session),
         &Mirror::on_event);
  if (callbacks_.unknown_ckn)
    hear(fmt::format("{},path_namespace='{}',interface='{}',member='UnknownCkn'", from_daemon, session_prefix,
                     interface::session),
         &Mirror::on_unknown_ckn);
  if (callbacks_.key_event)
    hear(fmt::format("{},path_namespace='{}',interface='{}',member='KeyEvent'", from_daemon, profile_prefix,
                     interface::profile),
         &Mirror::on_key_event);
  fetch();
}

void Mirror::fetch() {
  Request<ObjectTree> request = client_.objects();
  if (activate_ == Activate::no && request.message != nullptr) sd_bus_message_set_auto_start(request.message.get(), 0);
  client_.send<ObjectTree>(request, [this, alive = std::weak_ptr{alive_}](Outcome<ObjectTree> tree) {
    if (alive.expired()) return;
    // Where it does not run, it is heard of when it comes.
    if (!tree) return tree.error().kind == CallError::Kind::unreachable ? void() : fetch_later();
    pause_ = first_pause;
    objects_ = std::move(*tree);
    ready_ = true;
    tell({Change::Kind::ready});
  });
}

/// It runs and does not tell: it may have too much to do, or to say.
void Mirror::fetch_later() {
  sd_event_source* source = nullptr;
  const int r =
      sd_event_add_time_relative(sd_bus_get_event(client_.bus()), &source, CLOCK_BOOTTIME,
                                 static_cast<std::uint64_t>(pause_.count()), accuracy, callback<&Mirror::fetch>, this);
  retry_.reset(r < 0 ? nullptr : source);
  pause_ = std::min(2 * pause_, longest_pause);
}

void Mirror::drop() {
  retry_.reset();
  pause_ = first_pause;
  alive_ = std::make_shared<int>(0);
  objects_.clear();
  if (std::exchange(ready_, false)) tell({Change::Kind::gone});
}

void Mirror::on_owner(sd_bus_message* message) {
  std::string name, before, after;
  if (get(message, name) < 0 || get(message, before) < 0 || get(message, after) < 0) return;
  drop();
  if (!after.empty()) fetch();
}

void Mirror::on_added(sd_bus_message* message) {
  ObjectPath path;
  Value interfaces;
  if (!ready_ || get(message, path) < 0 || get(message, interfaces) < 0) return;
  for (const auto& [name, properties] : interfaces.dict()) {
    objects_[path.text][name] = properties.dict();
    if (name.starts_with("org.macsecd1.")) tell({Change::Kind::added, path.text, name});
  }
}

void Mirror::on_removed(sd_bus_message* message) {
  ObjectPath path;
  Strings interfaces;
  if (!ready_ || get(message, path) < 0 || get(message, interfaces) < 0) return;
  for (const std::string& name : interfaces) {
    if (find(path.text, name.c_str()) == nullptr) continue;
    if (name.starts_with("org.macsecd1.")) tell({Change::Kind::removed, path.text, name});
    objects_[path.text].erase(name);
  }
  if (const auto object = objects_.find(path.text); object != objects_.end() && object->second.empty())
    objects_.erase(object);
}

void Mirror::on_properties(sd_bus_message* message) {
  Value name, changed;
  if (!ready_ || get(message, name) < 0 || get(message, changed) < 0) return;
  const char* sent_from = sd_bus_message_get_path(message);
  const std::string path = sent_from == nullptr ? "" : sent_from;
  const auto object = objects_.find(path);
  if (object == objects_.end() || !object->second.contains(name.text())) return;
  Change change{Change::Kind::changed, path, name.text()};
  for (const auto& [property, value] : changed.dict()) {
    object->second[name.text()][property] = value;
    change.names.push_back(property);
  }
  tell(change);
}

void Mirror::on_event(sd_bus_message* message) {
  SessionEvent event;
  std::uint64_t time = 0;
  if (get(message, event.kind) < 0 || get(message, time) < 0 || get(message, event.text) < 0) return;
  event.time = Time{Duration{static_cast<Duration::rep>(time)}};
  callbacks_.event(sd_bus_message_get_path(message), event);
}

void Mirror::on_unknown_ckn(sd_bus_message* message) {
  std::string ckn;
  std::string sci;
  if (get(message, ckn) < 0 || get(message, sci) < 0) return;
  callbacks_.unknown_ckn(sd_bus_message_get_path(message), ckn, sci);
}

void Mirror::on_key_event(sd_bus_message* message) {
  KeyEvent event;
  if (get(message, event.kind) < 0 || get(message, event.ckn) < 0 || get(message, event.text) < 0) return;
  callbacks_.key_event(sd_bus_message_get_path(message), event);
}

const Value::Dict* Mirror::find(const std::string& path, const char* interface) const {
  const auto object = objects_.find(path);
  if (object == objects_.end()) return nullptr;
  const auto found = object->second.find(interface);
  return found == object->second.end() ? nullptr : &found->second;
}

std::optional<ProfileInfo> Mirror::profile(const std::string& path) const {
  const Value::Dict* properties = find(path, interface::profile);
  if (properties == nullptr) return std::nullopt;
  return to_profile(path, *properties);
}

std::optional<SessionInfo> Mirror::session(const std::string& path) const {
  const Value::Dict* properties = find(path, interface::session);
  if (properties == nullptr) return std::nullopt;
  return to_session(path, *properties);
}

}  // namespace macsec::bus
