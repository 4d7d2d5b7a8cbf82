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
      authority_{options_.authority, [this](const std::string& client) { client_left(client); }},
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
          }} {
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
  if (r >= 0) r = sessions_.attach(bus_.get(), session.data(), [this] { return turn(); });
  slot = nullptr;
  if (r >= 0)
    r = sd_bus_match_signal(bus_.get(), &slot, "org.freedesktop.DBus.Local", "/org/freedesktop/DBus/Local",
                            "org.freedesktop.DBus.Local", nullptr, on_local, this);
  keep(slot);
  if (r >= 0 && sd_bus_is_bus_client(bus_.get()) > 0) {
    slot = nullptr;
    r = sd_bus_request_name_async(bus_.get(), &slot, service_name, 0, on_name, this);
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
  if (member == "Connected") server.retry_after_ = first_retry;
  if (member == "Disconnected" && !server.stopped_) {
    server.options_.report("the bus is gone; the links go on");
    server.client_profiles_.leave_all(server.now());
    server.arm_expiry();
    server.has_name_ = false;
    server.schedule_retry();  // the connection cannot be dropped from within its own callback
  }
  return 0;
} catch (...) {
  return -ENOMEM;
}

int Server::on_name(sd_bus_message* message, void* userdata, sd_bus_error*) noexcept try {
  Server& server = *static_cast<Server*>(userdata);
  std::uint32_t outcome = 0;
  constexpr std::uint32_t primary_owner = 1;
  constexpr std::uint32_t already_owner = 4;
  if (sd_bus_message_is_method_error(message, nullptr) == 0 && get(message, outcome) >= 0 &&
      (outcome == primary_owner || outcome == already_owner)) {
    server.has_name_ = true;
    return 0;
  }
  // With flags 0 the bus queues us: the name becomes ours when the other one ends.
  const sd_bus_error* error = sd_bus_message_get_error(message);
  server.options_.report(error == nullptr ? "the name org.macsecd1 is taken by another service"
                                          : fmt::format("cannot take the name org.macsecd1: {}", error->message));
  return 0;
} catch (...) {
  return -ENOMEM;
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
  if (sessions_.dirty()) flush();  // a client knows the session before it hears of it
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

ProfileView Server::load_profile(const std::string& name) {
  ProfileView view{.state = model_.profile(name), .client = {}, .session = no_path};
  if (const ClientProfile* client = client_profiles_.find(name))
    view.client = *client;
  else
    view.client.lifetime = Lifetime::file;
  if (const std::optional<std::string> session = session_of(view.state)) view.session = sessions_.path_of(*session);
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

void Server::drop_profile(const std::string& name) {
  client_profiles_.erase(name);
  if (model_.has_profile(name))
    if (const Result<void> removed = model_.remove_profile(name); !removed) options_.report(removed.error().message);
  profile_changed(name);
}

void Server::client_left(const std::string& client) {
  std::vector<std::string> parked;
  for (const std::string& name : client_profiles_.leave(client, now(), parked)) drop_profile(name);
  for (const std::string& name : parked) profile_changed(name);
  arm_expiry();
}

void Server::expire() {
  for (const std::string& name : client_profiles_.expired(now())) drop_profile(name);
  arm_expiry();
}

void Server::arm_expiry() {
  const std::optional<Time> next = client_profiles_.next_expiry();
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
  const char* action =
      action_of(sd_bus_message_get_interface(call.message()), sd_bus_message_get_member(call.message()));
  if (action == nullptr) return run(call, handler);
  const auto shared = std::make_shared<Call>(std::move(call));
  authority_.ask(shared->message(), action, [this, shared, handler](Permission permission) {
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
        return shared->fail(error::limit_exceeded, "too many questions to polkit are open");
    }
  });
}

void Server::run(Call& call, Handler handler) try { (this->*handler)(call); } catch (const std::exception& exception) {
  call.fail(error::failed, exception.what());
}

}  // namespace macsec::bus
