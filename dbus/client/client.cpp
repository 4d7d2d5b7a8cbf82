// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/client/client.hpp"

#include "dbus/bus/callback.hpp"
#include "dbus/bus/connection.hpp"
#include "dbus/bus/names.hpp"

#include <cerrno>
#include <fmt/format.h>

namespace macsec::bus {
namespace {

CallError::Kind kind_of(std::string_view name) {
  using enum CallError::Kind;
  for (const char* each : {error::no_such_key, error::no_such_profile, error::no_such_session, error::no_such_link,
                           SD_BUS_ERROR_UNKNOWN_OBJECT})
    if (name == each) return not_found;
  for (const char* each : {error::not_authorized, error::interactive, SD_BUS_ERROR_ACCESS_DENIED})
    if (name == each) return refused;
  for (const char* each : {error::invalid_argument, error::invalid_settings, SD_BUS_ERROR_INVALID_ARGS})
    if (name == each) return invalid;
  for (const char* each : {SD_BUS_ERROR_SERVICE_UNKNOWN, SD_BUS_ERROR_NAME_HAS_NO_OWNER, SD_BUS_ERROR_DISCONNECTED,
                           SD_BUS_ERROR_NO_SERVER})
    if (name == each) return unreachable;
  for (const char* each : {SD_BUS_ERROR_NO_REPLY, SD_BUS_ERROR_TIMEOUT})
    if (name == each) return timeout;
  return name.starts_with("org.freedesktop.DBus.Error.Spawn.") ? unreachable : failed;
}

CallError from_errno(int r, CallError::Kind kind, std::string_view what) {
  return {kind, {}, bus_failure(r, what).message};
}

}  // namespace

CallError to_call_error(const sd_bus_error& error) {
  const std::string name = error.name == nullptr ? "" : error.name;
  return {kind_of(name), name, error.message == nullptr ? name : error.message};
}

CallError Client::unreadable() { return {CallError::Kind::failed, {}, "the daemon's answer is not what was expected"}; }

Outcome<std::unique_ptr<Client>> Client::connect(ClientOptions options) {
  const std::string address = options.address.empty() ? system_bus_address() : options.address;
  sd_bus* raw = nullptr;
  int r = options.host.empty() ? sd_bus_new(&raw) : sd_bus_open_system_remote(&raw, options.host.c_str());
  BusPointer bus{raw};
  if (options.host.empty()) {
    if (r >= 0) r = sd_bus_set_address(raw, address.c_str());
    if (r >= 0) r = sd_bus_set_bus_client(raw, 1);
    if (r >= 0) r = sd_bus_start(raw);
  }
  const char* name = nullptr;
  if (r >= 0) r = sd_bus_get_unique_name(raw, &name);  // waits for the bus to say hello
  if (r < 0)
    return std::unexpected{from_errno(
        r, CallError::Kind::unreachable,
        options.host.empty() ? "connect to the bus" : fmt::format("connect to the bus of {} over ssh", options.host))};
  return std::unique_ptr<Client>{new Client{std::move(options), std::move(bus)}};
}

Result<std::unique_ptr<Client>> Client::start(sd_event* event, ClientOptions options) {
  const std::string address = options.address.empty() ? system_bus_address() : options.address;
  Result<BusPointer> bus = start_connection(event, address, "macsecd-client");
  if (!bus) return std::unexpected{bus.error()};
  return std::unique_ptr<Client>{new Client{std::move(options), std::move(*bus)}};
}

Client::~Client() { pending_.clear(); }

Result<void> Client::attach(sd_event* event) {
  if (const int r = sd_bus_attach_event(bus_.get(), event, SD_EVENT_PRIORITY_NORMAL); r < 0)
    return std::unexpected{bus_failure(r, "watch the bus")};
  return {};
}

template <typename T, typename... Arguments>
Request<T> Client::request(bool changes, const std::string& path, const char* interface, const char* member,
                           const Arguments&... arguments) const {
  sd_bus_message* raw = nullptr;
  int r = sd_bus_message_new_method_call(bus_.get(), &raw, service_name, path.c_str(), interface, member);
  Request<T> request{MessagePointer{raw}, 0, changes};
  // Settings may hold keys, and it costs nothing for the rest.
  if (r >= 0) r = sd_bus_message_sensitive(raw);
  if (r >= 0 && changes) r = sd_bus_message_set_allow_interactive_authorization(raw, options_.interactive ? 1 : 0);
  if (r >= 0) r = put_all(raw, arguments...);
  request.error = r < 0 ? r : 0;
  return request;
}

Request<ObjectPath> Client::add_profile(const std::string& name, const Settings& settings,
                                        const ProfileOptions& options) const {
  return request<ObjectPath>(true, root_path, interface::manager, "AddProfile", name, settings, to_dictionary(options));
}
Request<ProblemRows> Client::check_profile(const std::string& name, const Settings& settings) const {
  return request<ProblemRows>(true, root_path, interface::manager, "CheckProfile", name, settings);
}
Request<Nothing> Client::reload() const { return request<Nothing>(true, root_path, interface::manager, "Reload"); }
Request<ObjectPath> Client::get_profile(const std::string& name) const {
  return request<ObjectPath>(false, root_path, interface::manager, "GetProfile", name);
}
Request<ObjectPath> Client::get_session(const std::string& name) const {
  return request<ObjectPath>(false, root_path, interface::manager, "GetSessionByName", name);
}
Request<ObjectPath> Client::get_session(std::int32_t ifindex) const {
  return request<ObjectPath>(false, root_path, interface::manager, "GetSessionByIfindex", ifindex);
}
Request<Value> Client::link_capabilities(const std::string& link) const {
  return request<Value>(false, root_path, interface::manager, "GetLinkCapabilities", link);
}

Request<Nothing> Client::update_profile(const std::string& path, const Settings& settings,
                                        const ProfileOptions& options) const {
  return request<Nothing>(true, path, interface::profile, "Update", settings, to_dictionary(options));
}
Request<Nothing> Client::remove_profile(const std::string& path) const {
  return request<Nothing>(true, path, interface::profile, "Remove");
}
Request<Nothing> Client::enable_profile(const std::string& path) const {
  return request<Nothing>(true, path, interface::profile, "Enable");
}
Request<Nothing> Client::disable_profile(const std::string& path) const {
  return request<Nothing>(true, path, interface::profile, "Disable");
}
Request<Nothing> Client::set_problems(const std::string& path, std::span<const Problem> problems) const {
  ProblemRows rows;
  for (const Problem& problem : problems) rows.push_back(to_row(problem));
  return request<Nothing>(true, path, interface::profile, "SetProblems", rows);
}

Request<std::string> Client::add_key(const std::string& path, const SettingsSection& key,
                                     const KeyKeeping& options) const {
  return request<std::string>(true, path, interface::profile, "AddKey", KeyArgument{key}, to_dictionary(options));
}
Request<Nothing> Client::retire_key(const std::string& path, const std::string& ckn, std::chrono::microseconds timeout,
                                    bool force) const {
  const Dictionary options{{option::timeout, static_cast<std::uint64_t>(timeout.count())}, {option::force, force}};
  return request<Nothing>(true, path, interface::profile, "RetireKey", ckn, options);
}
Request<std::string> Client::replace_key(const std::string& path, const std::string& old, const SettingsSection& key,
                                         std::chrono::microseconds timeout) const {
  const Dictionary options{{option::timeout, static_cast<std::uint64_t>(timeout.count())}};
  return request<std::string>(true, path, interface::profile, "ReplaceKey", old, KeyArgument{key}, options);
}
Request<Nothing> Client::cancel_retire(const std::string& path, const std::string& ckn) const {
  return request<Nothing>(true, path, interface::profile, "CancelRetire", ckn);
}

Request<Nothing> Client::rekey(const std::string& path) const {
  return request<Nothing>(true, path, interface::session, "Rekey");
}
Request<Nothing> Client::suspend(const std::string& path, std::chrono::microseconds span) const {
  return request<Nothing>(true, path, interface::session, "Suspend", static_cast<std::uint64_t>(span.count()));
}
Request<Nothing> Client::up(const std::string& path) const {
  return request<Nothing>(true, path, interface::session, "Up");
}
Request<Nothing> Client::down(const std::string& path) const {
  return request<Nothing>(true, path, interface::session, "Down");
}
Request<Value> Client::statistics(const std::string& path) const {
  return request<Value>(false, path, interface::session, "GetStatistics");
}
Request<Value> Client::diagnose(const std::string& path) const {
  return request<Value>(false, path, interface::session, "Diagnose");
}
Request<Nothing> Client::reauthenticate(const std::string& path, const char* interface) const {
  return request<Nothing>(true, path, interface, "Reauthenticate");
}
Request<Nothing> Client::log_off(const std::string& path) const {
  return request<Nothing>(true, path, interface::supplicant, "Logoff");
}
Request<Nothing> Client::terminate(const std::string& path) const {
  return request<Nothing>(true, path, interface::authenticator, "Terminate");
}

Request<Value> Client::properties(const std::string& path, const char* interface) const {
  return request<Value>(false, path, interface::properties, "GetAll", std::string{interface});
}
Request<Value> Client::key_sources() const {
  sd_bus_message* raw = nullptr;
  int r = sd_bus_message_new_method_call(bus_.get(), &raw, key_sources_name, key_sources_path, interface::properties,
                                         "GetAll");
  Request<Value> request{MessagePointer{raw}, 0, false};
  if (r >= 0) r = put_all(raw, std::string{interface::key_sources});
  request.error = r < 0 ? r : 0;
  return request;
}
Request<ObjectTree> Client::objects() const {
  return request<ObjectTree>(false, root_path, interface::object_manager, "GetManagedObjects");
}

std::string Client::profile_path(const std::string& name) { return encode_path(profile_prefix, name); }
std::string Client::session_path(const std::string& interface) { return encode_path(session_prefix, interface); }

std::uint64_t Client::timeout(bool changes) const {
  const auto patience = changes && options_.interactive ? options_.long_patience : options_.patience;
  return static_cast<std::uint64_t>(patience.count());
}

Outcome<MessagePointer> Client::call_message(sd_bus_message* message, int error, bool changes) const {
  if (error < 0) return std::unexpected{from_errno(error, CallError::Kind::invalid, "write this request")};
  BusError told;
  sd_bus_message* reply = nullptr;
  const int r = sd_bus_call(bus_.get(), message, timeout(changes), told.get(), &reply);
  MessagePointer owned{reply};
  if (r < 0) return std::unexpected{to_call_error(*told.get())};
  return owned;
}

void Client::send_message(sd_bus_message* message, int error, bool changes, Answer answer) {
  if (error < 0) return answer(std::unexpected{from_errno(error, CallError::Kind::invalid, "write this request")});
  const auto pending = pending_.insert(pending_.end(), Pending{this, std::move(answer), nullptr, {}});
  pending->self = pending;
  sd_bus_slot* slot = nullptr;
  const int r =
      sd_bus_call_async(bus_.get(), &slot, message, callback<&Pending::on_reply>, &*pending, timeout(changes));
  pending->slot.reset(slot);
  if (r >= 0) return;
  const Answer undelivered = std::move(pending->answer);
  pending_.erase(pending);
  undelivered(std::unexpected{from_errno(r, CallError::Kind::unreachable, "send the request")});
}

void Client::Pending::on_reply(sd_bus_message* message) {
  const Answer waiting = std::move(answer);
  client->pending_.erase(self);  // this is gone, and the answer may end the client
  if (sd_bus_message_is_method_error(message, nullptr) != 0)
    waiting(std::unexpected{to_call_error(*sd_bus_message_get_error(message))});
  else
    waiting(share(message));
}

SlotPointer Client::subscribe(const std::string& rule, std::function<void(sd_bus_message*)> hear) {
  using Hear = std::function<void(sd_bus_message*)>;
  auto held = std::make_unique<Hear>(std::move(hear));
  sd_bus_slot* slot = nullptr;
  if (sd_bus_add_match_async(bus_.get(), &slot, rule.c_str(), callback<&Hear::operator()>, nullptr, held.get()) < 0)
    return nullptr;
  sd_bus_slot_set_destroy_callback(slot, [](void* hears) { delete static_cast<Hear*>(hears); });
  static_cast<void>(held.release());  // the slot's now
  return SlotPointer{slot};
}

int get(sd_bus_message* message, ObjectTree& tree) {
  Value value;
  const int r = get(message, value);
  for (const auto& [path, interfaces] : value.dict())
    for (const auto& [name, properties] : interfaces.dict()) tree[path][name] = properties.dict();
  return r;
}

}  // namespace macsec::bus
