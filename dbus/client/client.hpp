// SPDX-License-Identifier: LGPL-2.1-or-later
/// org.macsecd1 for programs: every method as a request, to be made at once or without waiting.
///
///     auto client = Client::connect({});
///     auto path = (*client)->call((*client)->add_profile("lab", settings, {}));      // waits
///     (*client)->send((*client)->rekey(session), [](Outcome<Nothing> outcome) { ... });  // needs an event loop
#pragma once

#include "dbus/client/sections.hpp"
#include "dbus/client/value.hpp"
#include "engine/base/result.hpp"

#include <expected>
#include <functional>
#include <list>
#include <systemd/sd-event.h>

namespace macsec::bus {

/// Why a call did not do what it was asked.
struct CallError {
  enum class Kind : std::uint8_t {
    unreachable,  ///< no bus, or no daemon on it
    refused,      ///< not authorized
    not_found,    ///< no such profile, session or link
    timeout,
    invalid,  ///< settings or arguments
    failed,   ///< anything else
  };
  Kind kind = Kind::failed;
  std::string name;  ///< of the error on the bus: "org.macsecd1.Error.NotSecured"
  std::string text;
};

template <typename T>
using Outcome = std::expected<T, CallError>;
struct Nothing {};
inline int get(sd_bus_message*, Nothing&) { return 0; }

/// A call that is ready to go and yields a T.
template <typename T>
struct Request {
  MessagePointer message;
  int error = 0;         ///< negative errno value where the message could not be made
  bool changes = false;  ///< may ask a person for a password
};

/// Interfaces of an object, each with its properties.
using ObjectState = std::map<std::string, Value::Dict>;
/// Objects by path.
using ObjectTree = std::map<std::string, ObjectState>;

struct ClientOptions {
  std::string address;                                                ///< empty: the system bus
  std::string host{};                                                 ///< its system bus, over ssh; empty: this one
  bool interactive = true;                                            ///< let polkit ask a person
  std::chrono::microseconds patience = std::chrono::seconds{25};      ///< for an answer
  std::chrono::microseconds long_patience = std::chrono::minutes{5};  ///< where a person may have to type a password
};

class Client {
 public:
  /// Connects and waits until the bus has said hello.
  [[nodiscard]] static Outcome<std::unique_ptr<Client>> connect(ClientOptions options = {});
  /// Begins to connect on `event`, also to a bus that does not exist yet; requests made meanwhile are queued.
  [[nodiscard]] static Result<std::unique_ptr<Client>> start(sd_event* event, ClientOptions options = {});
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  [[nodiscard]] sd_bus* bus() const noexcept { return bus_.get(); }
  /// Lets a connected client work on an event loop.
  [[nodiscard]] Result<void> attach(sd_event* event);

  // org.macsecd1.Manager
  [[nodiscard]] Request<ObjectPath> add_profile(const std::string& name, const Settings& settings,
                                                const ProfileOptions& options) const;
  [[nodiscard]] Request<ProblemRows> check_profile(const std::string& name, const Settings& settings) const;
  [[nodiscard]] Request<Nothing> reload() const;
  [[nodiscard]] Request<ObjectPath> get_profile(const std::string& name) const;
  [[nodiscard]] Request<ObjectPath> get_session(const std::string& name) const;
  [[nodiscard]] Request<ObjectPath> get_session(std::int32_t ifindex) const;
  [[nodiscard]] Request<Value> link_capabilities(const std::string& link) const;

  // org.macsecd1.Profile, by path
  [[nodiscard]] Request<Nothing> update_profile(const std::string& path, const Settings& settings,
                                                const ProfileOptions& options) const;
  [[nodiscard]] Request<Nothing> remove_profile(const std::string& path) const;
  [[nodiscard]] Request<Nothing> enable_profile(const std::string& path) const;
  [[nodiscard]] Request<Nothing> disable_profile(const std::string& path) const;
  [[nodiscard]] Request<Nothing> set_problems(const std::string& path, std::span<const Problem> problems) const;

  // The keys of a profile, by its path
  [[nodiscard]] Request<std::string> add_key(const std::string& path, const SettingsSection& key,
                                             const KeyKeeping& options = {}) const;
  [[nodiscard]] Request<Nothing> retire_key(const std::string& path, const std::string& ckn,
                                            std::chrono::microseconds timeout, bool force) const;
  [[nodiscard]] Request<std::string> replace_key(const std::string& path, const std::string& old,
                                                 const SettingsSection& key, std::chrono::microseconds timeout) const;
  [[nodiscard]] Request<Nothing> cancel_retire(const std::string& path, const std::string& ckn) const;

  // org.macsecd1.Session, by path
  [[nodiscard]] Request<Nothing> rekey(const std::string& path) const;
  [[nodiscard]] Request<Nothing> suspend(const std::string& path, std::chrono::microseconds span) const;
  [[nodiscard]] Request<Nothing> up(const std::string& path) const;
  [[nodiscard]] Request<Nothing> down(const std::string& path) const;
  [[nodiscard]] Request<Value> statistics(const std::string& path) const;
  [[nodiscard]] Request<Value> diagnose(const std::string& path) const;
  // org.macsecd1.Supplicant or org.macsecd1.Authenticator, by path
  [[nodiscard]] Request<Nothing> reauthenticate(const std::string& path, const char* interface) const;
  [[nodiscard]] Request<Nothing> log_off(const std::string& path) const;
  [[nodiscard]] Request<Nothing> terminate(const std::string& path) const;

  /// What macsec-keys says of key servers, by a name of its own: unreachable where it does not run.
  [[nodiscard]] Request<Value> key_sources() const;

  // Properties
  [[nodiscard]] Request<Value> properties(const std::string& path, const char* interface) const;
  [[nodiscard]] Request<ObjectTree> objects() const;

  /// Path of a profile or session by name, without asking.
  [[nodiscard]] static std::string profile_path(const std::string& name);
  [[nodiscard]] static std::string session_path(const std::string& interface);

  /// Waits for the answer.
  template <typename T>
  [[nodiscard]] Outcome<T> call(const Request<T>& request) const {
    const Outcome<MessagePointer> reply = call_message(request.message.get(), request.error, request.changes);
    if (!reply) return std::unexpected{reply.error()};
    return read<T>(reply->get());
  }

  /// Answers later from the event loop, once, unless the client ends before.
  template <typename T>
  void send(const Request<T>& request, std::function<void(Outcome<T>)> answer) {
    send_message(request.message.get(), request.error, request.changes,
                 [answer = std::move(answer)](const Outcome<MessagePointer>& reply) {
                   if (reply)
                     answer(read<T>(reply->get()));
                   else
                     answer(std::unexpected{reply.error()});
                 });
  }

  /// Hears every signal that fits a match rule (D-Bus specification). The subscription ends with the slot.
  [[nodiscard]] SlotPointer subscribe(const std::string& rule, std::function<void(sd_bus_message*)> hear);

 private:
  using Answer = std::function<void(const Outcome<MessagePointer>&)>;
  struct Pending {
    Client* client;
    Answer answer;
    SlotPointer slot;
    std::list<Pending>::iterator self;
    void on_reply(sd_bus_message* message);
  };

  Client(ClientOptions options, BusPointer bus) : options_{std::move(options)}, bus_{std::move(bus)} {}

  template <typename T>
  static Outcome<T> read(sd_bus_message* reply) {
    T value{};
    if (get(reply, value) < 0) return std::unexpected{unreadable()};
    return value;
  }
  static CallError unreadable();
  template <typename T, typename... Arguments>
  Request<T> request(bool changes, const std::string& path, const char* interface, const char* member,
                     const Arguments&... arguments) const;
  Outcome<MessagePointer> call_message(sd_bus_message* message, int error, bool changes) const;
  void send_message(sd_bus_message* message, int error, bool changes, Answer answer);
  [[nodiscard]] std::uint64_t timeout(bool changes) const;

  ClientOptions options_;
  BusPointer bus_;
  std::list<Pending> pending_;
};

[[nodiscard]] CallError to_call_error(const sd_bus_error& error);

int get(sd_bus_message* message, ObjectTree& tree);

}  // namespace macsec::bus
