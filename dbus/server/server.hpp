// SPDX-License-Identifier: LGPL-2.1-or-later
/// org.macsecd1 on the bus: connects without waiting, comes back when the bus does, and shows the Model as objects.
#pragma once

#include "dbus/server/authority.hpp"
#include "dbus/server/objects.hpp"
#include "dbus/server/settings.hpp"
#include "dbus/server/views.hpp"
#include "engine/core/port.hpp"

#include <systemd/sd-event.h>

namespace macsec::bus {

struct ServerOptions {
  std::string address;  ///< empty: the system bus
  AuthorityOptions authority;
  ProfileContext profiles;  ///< for settings that come over the bus; keep_secrets is not used
  std::size_t profiles_per_client = 4096;
  std::size_t octets_per_call = std::size_t{64} << 10U;  ///< of calls that change something: they may have to wait
  /// Hears what an operator should know: the bus went, the name is taken.
  std::function<void(const std::string&)> report = [](const std::string&) {};
  /// The bus keeps the service's name from us, and asking again would not help: why, and whether another program has it.
  /// Must not end the server at once: it is called from within its connection.
  std::function<void(const std::string& why, bool taken)> refused = [](const std::string&, bool) {};
};

/// One method call on its way: kept until it is answered, wiped with its message.
class Call {
 public:
  Call(sd_bus_message* message, std::string name) : message_{share(message)}, name_{std::move(name)} {}

  [[nodiscard]] sd_bus_message* message() const noexcept { return message_.get(); }
  /// The profile or session it is about.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::string sender() const;

  template <typename... T>
  void reply(const T&... values) {
    sd_bus_message* raw = nullptr;
    int r = sd_bus_message_new_method_return(message_.get(), &raw);
    const MessagePointer answer{raw};
    if (r >= 0) r = put_all(raw, values...);
    if (r >= 0) r = sd_bus_send(nullptr, raw, nullptr);
    if (r < 0) sd_bus_reply_method_errno(message_.get(), r, nullptr);
  }
  void fail(const char* error, const std::string& text);
  /// `missing` is what ENOENT means here.
  void fail(const Error& error, const char* missing);

 private:
  MessagePointer message_;
  std::string name_;
};

class Server {
 public:
  /// `event` and `model` outlive the server.
  Server(sd_event* event, Model& model, ServerOptions options);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  /// Begins to connect; an error only where there is nothing to try again.
  [[nodiscard]] Result<void> start();
  /// Serves a connection made elsewhere, attached to the event loop; tests hand in one end of a socket pair.
  [[nodiscard]] Result<void> serve(BusPointer bus);

  /// Something about a profile or session is new, it itself perhaps, or it is gone. Told at the end of the loop's turn.
  void profile_changed(const std::string& name);
  void session_changed(const std::string& interface);
  /// Told at once.
  void session_event(const std::string& interface, const core::Event& event);
  /// Tells now what is to be told.
  void flush();

  /// Whether the service's name is ours.
  [[nodiscard]] bool has_name() const noexcept { return has_name_; }
  /// Whether the bus has still to say whose the name is.
  [[nodiscard]] bool asks_for_name() const noexcept { return bus_ != nullptr && asks_for_name_; }
  /// Lets go of the name and sends what is queued; for an orderly end.
  void stop();

 private:
  using Handler = void (Server::*)(Call&);
  template <Handler handler>
  static int entry(sd_bus_message* message, void* userdata, sd_bus_error* error) noexcept;
  void guard(Call call, Handler handler);
  void run(Call& call, Handler handler);

  static std::vector<sd_bus_vtable> manager_vtable();
  static std::vector<sd_bus_vtable> profile_vtable();
  static std::vector<sd_bus_vtable> session_vtable();
  static std::vector<sd_bus_vtable> supplicant_vtable();
  static std::vector<sd_bus_vtable> authenticator_vtable();
  static int on_get_manager(sd_bus* bus, const char* path, const char* interface, const char* name,
                            sd_bus_message* reply, void* userdata, sd_bus_error* error) noexcept;

  // The manager's methods: manager_methods.cpp
  void add_profile(Call& call);
  void check_profile(Call& call);
  void reload(Call& call);
  void list_profiles(Call& call);
  void list_sessions(Call& call);
  void get_profile(Call& call);
  void get_session_by_name(Call& call);
  void get_session_by_ifindex(Call& call);
  void get_link_capabilities(Call& call);
  [[nodiscard]] std::optional<std::string> session_called(const std::string& name);
  [[nodiscard]] std::optional<std::string> session_of(const ProfileState& profile);

  // A profile's methods: profile_methods.cpp
  void update_profile(Call& call);
  void remove_profile(Call& call);
  void enable_profile(Call& call);
  void disable_profile(Call& call);
  void set_problems(Call& call);
  void set_profile_enabled(Call& call, bool enabled);
  struct Wanted;
  [[nodiscard]] bool read_wanted(Call& call, Wanted& wanted, const Profile* keep);
  [[nodiscard]] bool put_wanted(Call& call, Wanted& wanted);
  [[nodiscard]] bool may_claim(Call& call, const Wanted& wanted);
  [[nodiscard]] static bool owns(Call& call, const ClientProfile& record);

  // The methods for a profile's keys: key_methods.cpp
  void add_key(Call& call);
  void retire_key(Call& call);
  void replace_key(Call& call);
  void cancel_retire(Call& call);
  [[nodiscard]] std::optional<KeyAdded> put_key(Call& call, const GivenKey& given, std::optional<KeyRole> default_role);
  [[nodiscard]] bool begin_retirement(Call& call, const Ckn& ckn, core::Retirement how, Duration timeout);
  void keys_changed(const std::string& profile);

  // A session's methods: session_methods.cpp
  void rekey(Call& call);
  void suspend(Call& call);
  void up(Call& call);
  void down(Call& call);
  void set_session_enabled(Call& call, bool enabled);
  void get_statistics(Call& call);
  void diagnose(Call& call);
  void reauthenticate(Call& call);
  void log_off(Call& call);
  void terminate(Call& call);

  [[nodiscard]] ProfileView load_profile(const std::string& name);
  [[nodiscard]] Time now() const;
  [[nodiscard]] std::uint64_t turn() const;
  void client_left(const std::string& client);
  void find_lost_clients();
  static int on_lost_client(sd_bus_message* message, void* userdata, sd_bus_error* error) noexcept;
  void expire();
  void arm_expiry();

  Result<void> connect();
  void attach();
  void disconnect();
  void schedule_flush();
  void schedule_retry();
  static int on_local(sd_bus_message* message, void* userdata, sd_bus_error* error) noexcept;
  static int on_name(sd_bus_message* message, void* userdata, sd_bus_error* error) noexcept;
  static int on_name_lost(sd_bus_message* message, void* userdata, sd_bus_error* error) noexcept;
  void refuse(const std::string& why, bool taken);
  static int on_defer(sd_event_source* source, void* userdata) noexcept;
  static int on_retry(sd_event_source* source, std::uint64_t usec, void* userdata) noexcept;
  static int on_expiry(sd_event_source* source, std::uint64_t usec, void* userdata) noexcept;

  using Source = std::unique_ptr<sd_event_source, Releases<sd_event_source_disable_unref>>;

  sd_event* event_;
  Model& model_;
  ServerOptions options_;
  Anchor anchor_;
  bool has_name_ = false;
  bool asks_for_name_ = false;
  bool had_name_ = false;  ///< on the connection before this one, which the bus may still be about to notice the end of
  bool stopped_ = false;
  ManagerView now_;  ///< counts what is published
  ManagerView told_;
  Duration retry_after_;
  Source retry_;
  Source expiry_;
  Source defer_;
  BusPointer bus_;
  std::optional<sd_id128_t> bus_id_;  ///< of the bus we were on last
  Authority authority_;
  Objects<ProfileView> profiles_;
  Objects<SessionState> sessions_;
  std::vector<SlotPointer> slots_;
};

}  // namespace macsec::bus
