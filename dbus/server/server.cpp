// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/server/server.hpp"

#include "dbus/bus/connection.hpp"
#include "dbus/bus/names.hpp"
#include "dbus/server/entry.hpp"

#include <fmt/format.h>

namespace macsec::bus {
namespace {

constexpr Duration first_retry = std::chrono::milliseconds{250};
constexpr Duration slowest_retry = std::chrono::seconds{10};

/// The profile a call to the manager names first; empty where it names none, or none that can be.
std::string name_in(sd_bus_message* message) {
  std::string name;
  const char* signature = sd_bus_message_get_signature(message, 1);
  if (signature != nullptr && *signature == 's' && (get(message, name) < 0 || !is_profile_name(name))) name.clear();
  sd_bus_message_rewind(message, 1);
  return name;
}

}  // namespace

std::string Call::sender() const {
  const char* sender = sd_bus_message_get_sender(message_.get());
  return sender == nullptr ? "" : sender;
}

void Call::fail(const char* error, const std::string& text) {
  if (sd_bus_reply_method_errorf(message_.get(), error, "%s", text.c_str()) < 0)
    sd_bus_reply_method_errorf(message_.get(), error, "no text");
}

void Call::fail(const Error& error, const char* missing) {
  switch (error.code) {
    case ENOENT:
      return fail(missing, error.message);
    case EEXIST:
      return fail(error::profile_exists, error.message);
    case EROFS:
    case EACCES:
      return fail(error::read_only, error.message);
    case EINVAL:
      return fail(error::invalid_settings, error.message);
    case ENOTSUP:
      return fail(error::not_supported, error.message);
    default:
      return fail(error::failed, error.message);
  }
}

Server::Server(sd_event* event, Model& model, ServerOptions options)
    : event_{event},
      model_{model},
      options_{std::move(options)},
      anchor_{this, {}},
      retry_after_{first_retry},
      authority_{options_.authority, [this](const std::string& client) { client_left(client); },
                 [this](const std::string& text) { options_.report(text); }},
      profiles_{
          this,
          profile_prefix,
          interface::profile,
          profile_properties(),
          {[this] { return model_.profiles(); }, [this](const std::string& name) { return model_.has_profile(name); },
           [this](const std::string& name) { return load_profile(name); }},
          [this](const ProfileView* before, const ProfileView* after) {
            now_.profiles += (after != nullptr ? 1U : 0U) - (before != nullptr ? 1U : 0U);
          }},
      sessions_{
          this,
          session_prefix,
          interface::session,
          session_properties(),
          {[this] { return model_.sessions(); }, [this](const std::string& name) { return model_.has_session(name); },
           [this](const std::string& name) { return model_.session(name); }},
          [this](const SessionState* before, const SessionState* after) {
            const auto secured = [](const SessionState* session) {
              return session != nullptr && session->status.state == core::PortState::secured ? 1U : 0U;
            };
            now_.sessions += (after != nullptr ? 1U : 0U) - (before != nullptr ? 1U : 0U);
            now_.secured += secured(after) - secured(before);
          },
          {{interface::supplicant, supplicant_properties(),
            [](const SessionState& session) { return session.status.supplicant.has_value(); }},
           {interface::authenticator, authenticator_properties(),
            [](const SessionState& session) { return session.status.authenticator.has_value(); }}}} {
  now_.directories = model_.profile_directories();
}

Server::~Server() { disconnect(); }

Result<void> Server::start() {
  if (Result<void> connected = connect(); !connected) {
    options_.report(connected.error().message);
    schedule_retry();
  }
  return {};
}

Result<void> Server::connect() {
  const std::string address = options_.address.empty() ? system_bus_address() : options_.address;
  Result<BusPointer> bus = start_connection(event_, address, "macsecd");
  if (!bus) return std::unexpected{bus.error()};
  return serve(std::move(*bus));
}

Result<void> Server::serve(BusPointer bus) {
  static const std::vector<sd_bus_vtable> manager = manager_vtable();
  static const std::vector<sd_bus_vtable> profile = profile_vtable();
  static const std::vector<sd_bus_vtable> session = session_vtable();
  static const std::vector<sd_bus_vtable> supplicant = supplicant_vtable();
  static const std::vector<sd_bus_vtable> authenticator = authenticator_vtable();
  bus_ = std::move(bus);
  authority_.use(bus_.get());
  const auto keep = [this](sd_bus_slot* slot) { slots_.emplace_back(slot); };
  sd_bus_slot* slot = nullptr;
  int r = sd_bus_add_object_vtable(bus_.get(), &slot, root_path, interface::manager, manager.data(), &anchor_);
  keep(slot);
  slot = nullptr;
  if (r >= 0) r = sd_bus_add_object_manager(bus_.get(), &slot, root_path);
  keep(slot);
  if (r >= 0) r = profiles_.attach(bus_.get(), profile.data(), [this] { return turn(); });
  if (r >= 0)
    r = sessions_.attach(
        bus_.get(), session.data(), [this] { return turn(); }, std::array{supplicant.data(), authenticator.data()});
  slot = nullptr;
  if (r >= 0)
    r = sd_bus_match_signal(bus_.get(), &slot, "org.freedesktop.DBus.Local", "/org/freedesktop/DBus/Local",
                            "org.freedesktop.DBus.Local", nullptr, on_local, this);
  keep(slot);
  if (r >= 0 && sd_bus_is_bus_client(bus_.get()) > 0) {
    slot = nullptr;
    r = sd_bus_match_signal_async(bus_.get(), &slot, bus_service, bus_path, bus_service, "NameLost", on_name_lost,
                                  nullptr, this);
    keep(slot);
    slot = nullptr;
    asks_for_name_ = true;
    if (r >= 0) r = sd_bus_request_name_async(bus_.get(), &slot, service_name, 0, on_name, this);
    keep(slot);
  }
  if (r < 0) {
    disconnect();
    return std::unexpected{bus_failure(r, "put the objects on the bus")};
  }
  attach();
  return {};
}

/// Nobody was told anything over this connection: what exists now needs no signal.
void Server::attach() {
  profiles_.assume_published();
  sessions_.assume_published();
  told_ = now_;
}

void Server::disconnect() {
  slots_.clear();
  authority_.use(nullptr);
  profiles_.detach();
  sessions_.detach();
  bus_.reset();
  has_name_ = false;
  asks_for_name_ = false;
}

void Server::stop() {
  stopped_ = true;
  flush();
  if (bus_ != nullptr && has_name_) sd_bus_release_name_async(bus_.get(), nullptr, service_name, nullptr, nullptr);
  if (bus_ != nullptr && sd_bus_is_ready(bus_.get()) > 0) sd_bus_flush(bus_.get());
  disconnect();
}

/// The local signals of the connection itself: Connected and Disconnected.
int Server::on_local(sd_bus_message* message, void* userdata, sd_bus_error*) noexcept try {
  Server& server = *static_cast<Server*>(userdata);
  const std::string_view member = sd_bus_message_get_member(message);
  if (member == "Connected") {
    server.retry_after_ = first_retry;
    server.find_lost_clients();
  }
  if (member == "Disconnected" && !server.stopped_) {
    server.options_.report("the bus is gone; the links go on");
    server.model_.clients_lost(server.now());
    server.arm_expiry();
    server.has_name_ = false;
    server.asks_for_name_ = false;
    server.schedule_retry();  // the connection cannot be dropped from within its own callback
  }
  return 0;
} catch (...) {
  return -ENOMEM;
}

int Server::on_name(sd_bus_message* message, void* userdata, sd_bus_error*) noexcept try {
  Server& server = *static_cast<Server*>(userdata);
  server.asks_for_name_ = false;
  std::uint32_t outcome = 0;
  constexpr std::uint32_t primary_owner = 1;
  constexpr std::uint32_t already_owner = 4;
  if (sd_bus_message_is_method_error(message, nullptr) == 0 && get(message, outcome) >= 0 &&
      (outcome == primary_owner || outcome == already_owner)) {
    server.has_name_ = true;
    server.had_name_ = true;
    return 0;
  }
  const bool own = std::exchange(server.had_name_, false);
  const sd_bus_error* error = sd_bus_message_get_error(message);
  if (error == nullptr && own)
    server.schedule_retry();
  else if (error == nullptr)
    server.refuse(
        "another program has the name org.macsecd1 on the bus: does macsecd run twice? See: busctl status org.macsecd1",
        true);
  else if (sd_bus_error_has_name(error, SD_BUS_ERROR_ACCESS_DENIED) > 0)
    server.refuse(
        "the bus does not let this program have the name org.macsecd1: its policy (org.macsecd1.conf) has to be "
        "installed and read again (systemctl reload dbus), and the user macsecd has to exist (systemd-sysusers)",
        false);
  else  // it ends, or is too busy: the next connection asks again
    server.options_.report(fmt::format("cannot take the name org.macsecd1: {}", error->message));
  return 0;
} catch (...) {
  return -ENOMEM;
}

int Server::on_name_lost(sd_bus_message* message, void* userdata, sd_bus_error*) noexcept try {
  Server& server = *static_cast<Server*>(userdata);
  std::string name;
  if (get(message, name) < 0 || name != service_name || !server.has_name_ || server.stopped_) return 0;
  server.refuse("another program took the name org.macsecd1 on the bus", true);
  return 0;
} catch (...) {
  return -ENOMEM;
}

void Server::refuse(const std::string& why, bool taken) {
  has_name_ = false;
  options_.refused(why, taken);
}

void Server::schedule_retry() {
  sd_event_source* source = nullptr;
  if (sd_event_add_time_relative(event_, &source, CLOCK_BOOTTIME, static_cast<std::uint64_t>(retry_after_.count()), 0,
                                 on_retry, this) < 0)
    return;
  retry_.reset(source);
  retry_after_ = std::min(retry_after_ * 2, slowest_retry);
}

int Server::on_retry(sd_event_source*, std::uint64_t, void* userdata) noexcept try {
  Server& server = *static_cast<Server*>(userdata);
  server.disconnect();
  if (!server.connect()) server.schedule_retry();
  return 0;
} catch (...) {
  return -ENOMEM;
}

void Server::profile_changed(const std::string& name) {
  if (bus_ == nullptr) return;
  profiles_.touch(name);
  schedule_flush();
}

void Server::session_changed(const std::string& interface) {
  if (bus_ == nullptr) return;
  sessions_.touch(interface);
  schedule_flush();
}

void Server::session_event(const std::string& interface, const core::Event& event) {
  if (bus_ == nullptr || sd_bus_is_ready(bus_.get()) <= 0 || event.kind == core::Event::Kind::snapshot_changed) return;
  sessions_.flush(interface);  // a client knows the session before it hears of it
  if (!sessions_.is_published(interface)) return;
  sd_bus_message* raw = nullptr;
  const std::string path = sessions_.path_of(interface);
  int r = sd_bus_message_new_signal(bus_.get(), &raw, path.c_str(), interface::session, "Event");
  const MessagePointer signal{raw};
  if (r >= 0) r = put_all(raw, std::string{core::to_string(event.kind)}, to_usec(event.at), event.text);
  if (r >= 0) sd_bus_send(bus_.get(), raw, nullptr);
}

void Server::schedule_flush() {
  if (defer_ != nullptr) {
    sd_event_source_set_enabled(defer_.get(), SD_EVENT_ONESHOT);
    return;
  }
  sd_event_source* source = nullptr;
  if (sd_event_add_defer(event_, &source, on_defer, this) < 0) return;
  defer_.reset(source);
  // After everything else of this turn, so that all its changes go out together.
  sd_event_source_set_priority(source, SD_EVENT_PRIORITY_IDLE);
}

int Server::on_defer(sd_event_source*, void* userdata) noexcept try {
  static_cast<Server*>(userdata)->flush();
  return 0;
} catch (...) {
  return -ENOMEM;
}

void Server::flush() {
  if (bus_ == nullptr || (!profiles_.dirty() && !sessions_.dirty())) return;
  profiles_.flush();
  sessions_.flush();
  std::vector<char*> names = changed_names(manager_properties(), told_, now_);
  told_ = now_;
  if (names.front() != nullptr)
    sd_bus_emit_properties_changed_strv(bus_.get(), root_path, interface::manager, names.data());
}

namespace {

/// A key of several ports is as far as the port that still needs it, else as the first one.
void add_port(ProfileView& view, core::ParticipantStatus key) {
  const auto at = std::ranges::find(view.participants, key.ckn, &core::ParticipantStatus::ckn);
  if (at == view.participants.end()) return view.participants.push_back(std::move(key));
  if (at->blocker.empty() && !key.blocker.empty()) std::swap(*at, key);
  at->principal = at->principal || key.principal;
  std::ranges::move(key.peers, std::back_inserter(at->peers));
}

}  // namespace

ProfileView Server::load_profile(const std::string& name) {
  ProfileView view{.state = model_.profile(name), .sessions = {}, .participants = {}};
  if (view.state.profile == nullptr) return view;
  const bool has_keys = !view.state.profile->keys.empty();  // whose state is asked of all ports
  for (const std::string& session : model_.sessions_of(name)) {
    view.sessions.push_back(sessions_.path_of(session));
    if (!has_keys) continue;
    for (core::ParticipantStatus& key : model_.session(session).status.participants) add_port(view, std::move(key));
  }
  return view;
}

Time Server::now() const {
  std::uint64_t usec = 0;
  sd_event_now(event_, CLOCK_BOOTTIME, &usec);
  return Time{Duration{static_cast<Duration::rep>(usec)}};
}

std::uint64_t Server::turn() const {
  std::uint64_t turn = 0;
  sd_event_get_iteration(event_, &turn);
  return turn;
}

void Server::client_left(const std::string& client) {
  model_.client_left(client, now());
  arm_expiry();
}

/// A bus that only dropped us still has the clients we parked; they were told nothing and add nothing again. On another
/// bus a unique name is somebody else's.
void Server::find_lost_clients() {
  sd_id128_t id{};
  if (sd_bus_is_bus_client(bus_.get()) <= 0 || sd_bus_get_bus_id(bus_.get(), &id) < 0) return;
  const bool same = bus_id_ && sd_id128_equal(*bus_id_, id) != 0;
  bus_id_ = id;
  if (!same) return;
  for (const std::string& client : model_.lost_clients()) {
    sd_bus_slot* slot = nullptr;
    auto asked = std::make_unique<std::pair<Server*, std::string>>(this, client);
    if (sd_bus_call_method_async(bus_.get(), &slot, bus_service, bus_path, bus_service, "NameHasOwner", on_lost_client,
                                 asked.get(), "s", client.c_str()) < 0)
      continue;
    sd_bus_slot_set_destroy_callback(slot,
                                     [](void* data) { delete static_cast<std::pair<Server*, std::string>*>(data); });
    asked.release();
    slots_.emplace_back(slot);
  }
}

int Server::on_lost_client(sd_bus_message* message, void* userdata, sd_bus_error*) noexcept try {
  const auto& [server, client] = *static_cast<std::pair<Server*, std::string>*>(userdata);
  bool present = false;
  if (get(message, present) < 0) return 0;  // parked it stays
  if (present)
    server->model_.client_is_back(client);
  else
    server->client_left(client);
  server->arm_expiry();
  return 0;
} catch (...) {
  return -ENOMEM;
}

void Server::expire() {
  model_.expire_profiles(now());
  arm_expiry();
}

void Server::arm_expiry() {
  const std::optional<Time> next = model_.next_expiry();
  expiry_.reset();
  if (!next) return;
  sd_event_source* source = nullptr;
  if (sd_event_add_time(event_, &source, CLOCK_BOOTTIME, to_usec(*next), 0, on_expiry, this) >= 0)
    expiry_.reset(source);
}

int Server::on_expiry(sd_event_source*, std::uint64_t, void* userdata) noexcept try {
  static_cast<Server*>(userdata)->expire();
  return 0;
} catch (...) {
  return -ENOMEM;
}

void Server::guard(Call call, Handler handler) {
  const Guard* guard =
      guard_of(sd_bus_message_get_interface(call.message()), sd_bus_message_get_member(call.message()));
  if (guard == nullptr) return run(call, handler);
  const ssize_t body = body_octets(call.message(), options_.octets_per_call);
  if (body < 0) return call.fail(error::invalid_argument, "the call cannot be read");
  const auto octets = static_cast<std::size_t>(body);
  if (octets > options_.octets_per_call)
    return call.fail(error::limit_exceeded, fmt::format("a call may have {} octets", options_.octets_per_call));
  const auto shared = std::make_shared<Call>(std::move(call));
  const std::string name = shared->name().empty() ? name_in(shared->message()) : shared->name();
  authority_.ask(shared->message(), *guard, name, octets, [this, shared, handler](Permission permission) {
    switch (permission) {
      case Permission::granted:
        return run(*shared, handler);
      case Permission::refused:
        return shared->fail(error::not_authorized, "this needs the permission of an administrator");
      case Permission::challenge:
        return shared->fail(error::interactive, "this needs interactive authorization");
      case Permission::no_authority:
        return shared->fail(error::not_authorized, "polkit does not answer, so that only root may do this");
      case Permission::too_many:
        return shared->fail(error::limit_exceeded, "too many calls wait for an answer of polkit");
    }
  });
}

void Server::run(Call& call, Handler handler) try { (this->*handler)(call); } catch (const std::exception& exception) {
  call.fail(error::failed, exception.what());
}

}  // namespace macsec::bus
