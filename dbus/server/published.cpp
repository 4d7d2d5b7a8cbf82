// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/server/published.hpp"

#include "dbus/bus/names.hpp"
#include "dbus/server/authenticator_object.hpp"
#include "dbus/server/key_ports.hpp"
#include "dbus/server/manager_object.hpp"
#include "dbus/server/profile_object.hpp"
#include "dbus/server/session_object.hpp"
#include "dbus/server/supplicant_object.hpp"
#include "engine/config/port_pattern.hpp"

namespace macsec::bus {
namespace {

/// A key of several ports is as far as the port that still needs it, else as the first one.
void add_port(core::ParticipantStatus& all, core::ParticipantStatus key) {
  if (all.blocker.empty() && !key.blocker.empty()) std::swap(all, key);
  all.principal = all.principal || key.principal;
  all.had_peer = all.had_peer || key.had_peer;
  std::ranges::move(key.peers, std::back_inserter(all.peers));
}

/// Keys of one port are as they are; of several, what keeps one from being retired begins with the port.
void add_key(ProfileView& view, const Ckn& ckn, std::vector<KeyPort> ports, bool several) {
  std::optional<core::ParticipantStatus> all;
  std::vector<bool> left_out;
  for (const KeyPort& port : ports)
    left_out.push_back(several && is_left_out(port, ports, core::Retirement::when_proved));
  for (std::size_t i = 0; i < ports.size(); ++i) {
    if (left_out[i]) {
      view.left_out[ckn].push_back(ports[i].name);
      continue;
    }
    core::ParticipantStatus& key = ports[i].key;
    if (several && !key.blocker.empty()) key.blocker = ports[i].name + ": " + key.blocker;
    if (all)
      add_port(*all, std::move(key));
    else
      all = std::move(key);
  }
  if (all) view.participants.push_back(std::move(*all));
}

template <typename... T>
void send_signal(sd_bus* bus, const std::string& path, const char* interface, const char* member, const T&... values) {
  sd_bus_message* raw = nullptr;
  int r = sd_bus_message_new_signal(bus, &raw, path.c_str(), interface, member);
  const MessagePointer signal{raw};
  if (r >= 0) r = put_all(raw, values...);
  if (r >= 0) sd_bus_send(bus, raw, nullptr);
}

}  // namespace

Published::Published(sd_event* event, Model& model, Calls& calls)
    : event_{event},
      model_{model},
      manager_{calls, now_},
      profiles_{
          calls,
          profile_prefix,
          {{interface::profile, profile_properties(), ProfileObject::vtable()}},
          {[this] { return model_.profiles(); }, [this](const std::string& name) { return model_.has_profile(name); },
           [this](const std::string& name) { return load_profile(name); }, [this] { return turn(); }},
          [this](const ProfileView* before, const ProfileView* after) {
            now_.profiles += (after != nullptr ? 1U : 0U) - (before != nullptr ? 1U : 0U);
          }},
      sessions_{
          calls,
          session_prefix,
          {{interface::session, session_properties(), SessionObject::vtable()},
           {interface::supplicant, supplicant_properties(), SupplicantObject::vtable(),
            [](const SessionState& session) { return session.status.supplicant.has_value(); }},
           {interface::authenticator, authenticator_properties(), AuthenticatorObject::vtable(),
            [](const SessionState& session) { return session.status.authenticator.has_value(); }}},
          {[this] { return model_.sessions(); }, [this](const std::string& name) { return model_.has_session(name); },
           [this](const std::string& name) { return model_.session(name); }, [this] { return turn(); }},
          [this](const SessionState* before, const SessionState* after) {
            const auto secured = [](const SessionState* session) {
              return session != nullptr && session->status.state == core::PortState::secured ? 1U : 0U;
            };
            now_.sessions += (after != nullptr ? 1U : 0U) - (before != nullptr ? 1U : 0U);
            now_.secured += secured(after) - secured(before);
          }} {
  now_.directories = model_.profile_directories();
}

int Published::attach(sd_bus* bus) {
  static const std::vector<sd_bus_vtable> manager = ManagerObject::vtable();
  bus_ = bus;
  sd_bus_slot* slot = nullptr;
  int r = sd_bus_add_object_vtable(bus, &slot, root_path, interface::manager, manager.data(),
                                   static_cast<Anchor*>(&manager_));
  slots_.emplace_back(slot);
  slot = nullptr;
  if (r >= 0) r = sd_bus_add_object_manager(bus, &slot, root_path);
  slots_.emplace_back(slot);
  if (r >= 0) r = profiles_.attach(bus);
  if (r >= 0) r = sessions_.attach(bus);
  return r;
}

void Published::detach() {
  slots_.clear();
  profiles_.detach();
  sessions_.detach();
  bus_ = nullptr;
}

void Published::assume_told() {
  profiles_.assume_published();
  sessions_.assume_published();
  told_ = now_;
}

int Published::Manager::get(const char*, const char* name, sd_bus_message* reply) {
  const Property<ManagerView>* each = find_property(manager_properties(), name);
  return each == nullptr ? -ENOENT : each->write(reply, view_);
}

void Published::profile_changed(const std::string& name) {
  if (bus_ == nullptr) return;
  profiles_.touch(name);
  flush_later();
}

void Published::session_changed(const std::string& interface) {
  if (bus_ == nullptr) return;
  sessions_.touch(interface);
  flush_later();
}

void Published::session_event(const std::string& interface, const core::Event& event) {
  if (bus_ == nullptr || sd_bus_is_ready(bus_) <= 0 || event.kind == core::Event::Kind::snapshot_changed) return;
  sessions_.flush(interface);  // a client knows the session before it hears of it
  const SessionState* const session = sessions_.published(interface);
  if (session == nullptr) return;
  const std::string path = sessions_.path_of(interface);
  if (event.kind == core::Event::Kind::unknown_ckn)
    return send_signal(bus_, path, interface::session, "UnknownCkn", to_string(event.ckn.value()),
                       to_string(event.sci.value()));
  const std::string kind{core::to_string(event.kind)};
  send_signal(bus_, path, interface::session, "Event", kind, to_usec(event.at), event.text);
  if (event.ckn) key_event(session->profile, kind, *event.ckn, event.text);
}

void Published::key_event(const std::string& profile, std::string_view kind, const Ckn& ckn, const std::string& text) {
  if (bus_ == nullptr) return;
  profiles_.flush(profile);
  if (profiles_.published(profile) != nullptr)
    send_signal(bus_, profiles_.path_of(profile), interface::profile, "KeyEvent", std::string{kind}, to_string(ckn),
                text);
}

void Published::flush_later() {
  if (defer_ != nullptr) {
    sd_event_source_set_enabled(defer_.get(), SD_EVENT_ONESHOT);
    return;
  }
  sd_event_source* source = nullptr;
  if (sd_event_add_defer(event_, &source, callback<&Published::flush>, this) < 0) return;
  defer_.reset(source);
  // After everything else of this turn, so that all its changes go out together.
  sd_event_source_set_priority(source, SD_EVENT_PRIORITY_IDLE);
}

void Published::flush() {
  if (bus_ == nullptr) return;
  profiles_.flush();
  sessions_.flush();
  std::vector<char*> names = changed_names(manager_properties(), told_, now_);
  told_ = now_;
  if (names.front() != nullptr) sd_bus_emit_properties_changed_strv(bus_, root_path, interface::manager, names.data());
}

ProfileView Published::load_profile(const std::string& name) {
  ProfileView view{.state = model_.profile(name), .sessions = {}, .participants = {}, .left_out = {}};
  if (view.state.profile == nullptr) return view;
  const bool has_keys = !view.state.profile->keys.empty();  // whose state is asked of all ports
  std::map<Ckn, std::vector<KeyPort>> keys;
  for (const std::string& session : model_.sessions_of(name)) {
    view.sessions.push_back(sessions_.path_of(session));
    if (!has_keys) continue;
    core::PortStatus status = model_.session(session).status;
    for (core::ParticipantStatus& key : status.participants)
      keys[key.ckn].push_back({.name = session, .carrier = status.carrier, .key = std::move(key)});
  }
  for (auto& [ckn, ports] : keys) add_key(view, ckn, std::move(ports), is_pattern(view.state.profile->link.parent));
  return view;
}

std::uint64_t Published::turn() const {
  std::uint64_t turn = 0;
  sd_event_get_iteration(event_, &turn);
  return turn;
}

}  // namespace macsec::bus
