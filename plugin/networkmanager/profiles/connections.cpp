// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/networkmanager/profiles/connections.hpp"

#include "engine/base/handle.hpp"
#include "engine/config/eap_methods.hpp"
#include "plugin/networkmanager/log.hpp"

#include <NetworkManager.h>
#include <net/if.h>

namespace macsec::nm {
namespace {

std::string text_of(const char* text) { return text == nullptr ? "" : text; }

}  // namespace

struct Connections::State {
  std::unique_ptr<GCancellable, Releases<g_object_unref>> cancel{g_cancellable_new()};
  std::unique_ptr<NMClient, Releases<g_object_unref>> client;
  bool refused = false;
  std::set<std::string> managed;
  struct Retry {
    std::string uuid;
    unsigned ifindex = 0;    ///< of the device that did not do
    std::int64_t until = 0;  ///< microseconds, monotonic
  };
  std::map<std::string, Retry> retries;  ///< by device
  std::function<void()> changed = [] {};

  static void on_signal(State* state) noexcept { state->changed(); }
  static void on_added(NMClient*, NMRemoteConnection* connection, State* state) noexcept {
    g_signal_connect_swapped(connection, NM_CONNECTION_CHANGED, G_CALLBACK(on_signal), state);
    state->changed();
  }
  static void on_device(NMClient*, NMDevice* device, State* state) noexcept {
    if (NM_IS_DEVICE_MACSEC(device) == 0) return;
    g_signal_handlers_disconnect_by_data(device, state);  // the object of a device that was away may be the same
    g_signal_connect(device, "notify::" NM_DEVICE_STATE, G_CALLBACK(on_state), state);
    state->manage(device);
    on_state(device, nullptr, state);
  }
  static void on_state(NMDevice* device, GParamSpec*, State* state) noexcept {
    const std::string name = text_of(nm_device_get_iface(device));
    const auto retry = state->retries.find(name);
    if (retry == state->retries.end() || nm_device_get_state(device) != NM_DEVICE_STATE_DISCONNECTED) return;
    const unsigned ifindex = ::if_nametoindex(name.c_str());
    if (ifindex == 0 || ifindex == retry->second.ifindex) return;
    NMRemoteConnection* again = nm_client_get_connection_by_uuid(state->client.get(), retry->second.uuid.c_str());
    const bool late = g_get_monotonic_time() > retry->second.until;
    state->retries.erase(retry);
    if (again == nullptr || late || !state->managed.contains(name) ||
        nm_device_get_active_connection(device) != nullptr)
      return;
    nm_client_activate_connection_async(state->client.get(), NM_CONNECTION(again), device, nullptr, state->cancel.get(),
                                        on_activated, nullptr);
  }
  static void on_activated(GObject* client, GAsyncResult* result, gpointer) noexcept {
    GError* error = nullptr;
    if (NMActiveConnection* active = nm_client_activate_connection_finish(NM_CLIENT(client), result, &error))
      g_object_unref(active);
    tell("cannot activate the connection again", error);
  }
  static void on_managed(GObject* client, GAsyncResult* result, gpointer) noexcept {
    GError* error = nullptr;
    nm_client_dbus_set_property_finish(NM_CLIENT(client), result, &error);
    tell("cannot have NetworkManager manage the device", error);
  }
  static void tell(const char* what, GError* error) {
    if (error == nullptr) return;
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED) == 0)
      log_line(SD_WARNING, "{}: {}", what, error->message);
    g_error_free(error);
  }
  void manage(NMDevice* device) const {
    if (!managed.contains(text_of(nm_device_get_iface(device))) || nm_device_get_managed(device) != 0) return;
    nm_client_dbus_set_property(client.get(), nm_object_get_path(NM_OBJECT(device)), NM_DBUS_INTERFACE_DEVICE,
                                "Managed", g_variant_new_boolean(TRUE), -1, cancel.get(), on_managed, nullptr);
  }
  void watch(NMClient* fresh) {
    client.reset(fresh);
    g_signal_connect(fresh, NM_CLIENT_DEVICE_ADDED, G_CALLBACK(on_device), this);
    each_device([this](NMDevice* device) { on_device(nullptr, device, this); });
    g_signal_connect(fresh, NM_CLIENT_CONNECTION_ADDED, G_CALLBACK(on_added), this);
    g_signal_connect_swapped(fresh, NM_CLIENT_CONNECTION_REMOVED, G_CALLBACK(on_signal), this);
    g_signal_connect_swapped(fresh, "notify::" NM_CLIENT_NM_RUNNING, G_CALLBACK(on_signal), this);
    each([this](NMRemoteConnection* connection) { on_added(nullptr, connection, this); });
    changed();
  }
  void unwatch() {
    if (client == nullptr) return;
    each([this](NMRemoteConnection* connection) { g_signal_handlers_disconnect_by_data(connection, this); });
    each_device([this](NMDevice* device) { g_signal_handlers_disconnect_by_data(device, this); });
    g_signal_handlers_disconnect_by_data(client.get(), this);
  }
  /// The macsec connection that is active, or being activated, on a device; none: null.
  [[nodiscard]] NMConnection* active(const std::string& name) const {
    NMDevice* device = nm_client_get_device_by_iface(client.get(), name.c_str());
    NMActiveConnection* active = device == nullptr ? nullptr : nm_device_get_active_connection(device);
    NMRemoteConnection* remote = active == nullptr ? nullptr : nm_active_connection_get_connection(active);
    if (remote == nullptr || nm_connection_get_setting_macsec(NM_CONNECTION(remote)) == nullptr) return nullptr;
    return NM_CONNECTION(remote);
  }
  void each_device(const std::function<void(NMDevice*)>& visit) const {
    const GPtrArray* devices = nm_client_get_devices(client.get());
    for (guint i = 0; i < devices->len; ++i) visit(NM_DEVICE(g_ptr_array_index(devices, i)));
  }
  void each(const std::function<void(NMRemoteConnection*)>& visit) const {
    const GPtrArray* connections = nm_client_get_connections(client.get());
    for (guint i = 0; i < connections->len; ++i) visit(NM_REMOTE_CONNECTION(g_ptr_array_index(connections, i)));
  }
};

namespace {

void read_user_data(NMConnection* connection, Connection& out) {
  auto* user = reinterpret_cast<NMSettingUser*>(  // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
      nm_connection_get_setting(connection, NM_TYPE_SETTING_USER));
  if (user == nullptr) return;
  guint count = 0;
  const char* const* keys = nm_setting_user_get_keys(user, &count);
  for (guint i = 0; i < count; ++i) out.user_data[keys[i]] = text_of(nm_setting_user_get_data(user, keys[i]));
}

/// The ipv4 and ipv6 settings in words.
std::string addressing_of(NMConnection* connection) {
  const std::unique_ptr<GVariant, Releases<g_variant_unref>> all{
      nm_connection_to_dbus(connection, NM_CONNECTION_SERIALIZE_WITH_NON_SECRET)};
  std::string out;
  for (const char* setting : {NM_SETTING_IP4_CONFIG_SETTING_NAME, NM_SETTING_IP6_CONFIG_SETTING_NAME}) {
    const std::unique_ptr<GVariant, Releases<g_variant_unref>> one{
        all == nullptr ? nullptr : g_variant_lookup_value(all.get(), setting, nullptr)};
    if (one == nullptr) continue;
    const std::unique_ptr<char, Releases<g_free>> words{g_variant_print(one.get(), 0)};
    out += words.get();
  }
  return out;
}

Connection read(NMConnection* it, NMSettingMacsec* macsec) {
  Connection out;
  out.id = text_of(nm_connection_get_id(it));
  out.uuid = text_of(nm_connection_get_uuid(it));
  NMSettingConnection* common = nm_connection_get_setting_connection(it);
  out.is_private = common == nullptr || nm_setting_connection_get_num_permissions(common) != 0;
  out.validation = static_cast<int>(nm_setting_macsec_get_validation(macsec));
  out.addressing = addressing_of(it);
  out.ckn = text_of(nm_setting_macsec_get_mka_ckn(macsec));
  if (NMSetting8021x* said = nm_connection_get_setting_802_1x(it); said != nullptr)
    out.identity = text_of(nm_setting_802_1x_get_identity(said));
  read_user_data(it, out);
  return out;
}

/// Methods that macsecd has, and who authenticates.
std::map<std::string, std::string> authentication_of(NMConnection* connection) {
  std::map<std::string, std::string> out;
  NMSetting8021x* said = nm_connection_get_setting_802_1x(connection);
  if (said == nullptr) return out;
  std::string methods;
  for (guint32 i = 0; i < nm_setting_802_1x_get_num_eap_methods(said); ++i) {
    const std::string method = text_of(nm_setting_802_1x_get_eap_method(said, i));
    if (eap_method_from_name(method)) methods += (methods.empty() ? "" : " ") + method;
  }
  if (!methods.empty()) out["Method"] = methods;
  if (std::string identity = text_of(nm_setting_802_1x_get_identity(said)); !identity.empty())
    out["Identity"] = std::move(identity);
  if (std::string identity = text_of(nm_setting_802_1x_get_anonymous_identity(said)); !identity.empty())
    out["AnonymousIdentity"] = std::move(identity);
  return out;
}

constexpr std::size_t longest_interface_name = 15;

/// NetworkManager takes the UUID of the parent's connection for the parent, too.
std::string parent_of(NMClient* client, const std::string& said) {
  if (said.size() <= longest_interface_name) return said;
  NMRemoteConnection* parent = nm_client_get_connection_by_uuid(client, said.c_str());
  return parent == nullptr ? "" : text_of(nm_connection_get_interface_name(NM_CONNECTION(parent)));
}

}  // namespace

Connections::Connections() : state_{std::make_unique<State>()} {
  const auto ready = [](GObject*, GAsyncResult* result, gpointer userdata) noexcept {
    GError* error = nullptr;
    NMClient* client = nm_client_new_finish(result, &error);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED) != 0) {
      g_error_free(error);
      return;  // the state is gone
    }
    auto* state = static_cast<State*>(userdata);
    state->refused = client == nullptr;
    if (client != nullptr) state->watch(client);
    g_clear_error(&error);
  };
  nm_client_new_async(state_->cancel.get(), ready, state_.get());
}

Connections::~Connections() {
  g_cancellable_cancel(state_->cancel.get());
  state_->unwatch();
}

void Connections::on_changed(std::function<void()> changed) { state_->changed = std::move(changed); }

Connections::Lookup Connections::find(const std::string& device, Connection& connection) const {
  if (state_->refused) return Lookup::offline;
  if (state_->client == nullptr) return Lookup::absent;
  if (nm_client_get_nm_running(state_->client.get()) == 0) return Lookup::offline;
  NMConnection* it = state_->active(device);
  if (it == nullptr) return Lookup::absent;
  connection = read(it, nm_connection_get_setting_macsec(it));
  return Lookup::found;
}

std::optional<std::uint16_t> Connections::active_port(const std::string& device) const {
  NMConnection* it = state_->client == nullptr ? nullptr : state_->active(device);
  if (it == nullptr) return std::nullopt;
  return static_cast<std::uint16_t>(nm_setting_macsec_get_port(nm_connection_get_setting_macsec(it)));
}

void Connections::manage(std::set<std::string> devices) {
  const std::set<std::string> before = std::exchange(state_->managed, std::move(devices));
  if (state_->client == nullptr || state_->managed == before) return;
  for (const std::string& name : state_->managed)
    if (NMDevice* device = nm_client_get_device_by_iface(state_->client.get(), name.c_str());
        device != nullptr && !before.contains(name))
      state_->manage(device);
}

void Connections::bring_up(const std::string& uuid, const std::string& device, unsigned ifindex) {
  constexpr std::int64_t patience = 30 * G_USEC_PER_SEC;
  state_->retries.insert_or_assign(device, State::Retry{uuid, ifindex, g_get_monotonic_time() + patience});
}

std::optional<std::vector<StoredConnection>> Connections::all() const {
  if (state_->client == nullptr || nm_client_get_nm_running(state_->client.get()) == 0) return std::nullopt;
  std::vector<StoredConnection> out;
  state_->each([&](NMRemoteConnection* remote) {
    auto* it = NM_CONNECTION(remote);
    NMSettingMacsec* macsec = nm_connection_get_setting_macsec(it);
    if (macsec == nullptr) return;
    StoredConnection stored;
    stored.connection = read(it, macsec);
    stored.parent = parent_of(state_->client.get(), text_of(nm_setting_macsec_get_parent(macsec)));
    stored.interface = text_of(nm_connection_get_interface_name(it));
    stored.port = static_cast<std::uint16_t>(nm_setting_macsec_get_port(macsec));
    stored.ckn = text_of(nm_setting_macsec_get_mka_ckn(macsec));
    stored.encrypt = nm_setting_macsec_get_encrypt(macsec) != 0;
    stored.eap = nm_setting_macsec_get_mode(macsec) == NM_SETTING_MACSEC_MODE_EAP;
    if (stored.eap) stored.authentication = authentication_of(it);
    out.push_back(std::move(stored));
  });
  return out;
}

}  // namespace macsec::nm
