// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/networkmanager/connections.hpp"

#include "engine/base/handle.hpp"

#include <NetworkManager.h>

namespace macsec::nm {

struct Connections::State {
  std::unique_ptr<GCancellable, Releases<g_object_unref>> cancel{g_cancellable_new()};
  std::unique_ptr<NMClient, Releases<g_object_unref>> client;
  bool refused = false;
};

namespace {

std::string text_of(const char* text) { return text == nullptr ? "" : text; }

void read_user_data(NMConnection* connection, Connection& out) {
  auto* user = reinterpret_cast<NMSettingUser*>(  // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
      nm_connection_get_setting(connection, NM_TYPE_SETTING_USER));
  if (user == nullptr) return;
  guint count = 0;
  const char* const* keys = nm_setting_user_get_keys(user, &count);
  for (guint i = 0; i < count; ++i) out.user_data[keys[i]] = text_of(nm_setting_user_get_data(user, keys[i]));
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
    state->client.reset(client);
    state->refused = client == nullptr;
    g_clear_error(&error);
  };
  nm_client_new_async(state_->cancel.get(), ready, state_.get());
}

Connections::~Connections() { g_cancellable_cancel(state_->cancel.get()); }

Connections::Lookup Connections::find(const std::string& device, Connection& connection) const {
  if (state_->refused) return Lookup::offline;
  if (state_->client == nullptr) return Lookup::absent;
  NMClient* client = state_->client.get();
  if (nm_client_get_nm_running(client) == 0) return Lookup::offline;
  NMDevice* found = nm_client_get_device_by_iface(client, device.c_str());
  NMActiveConnection* active = found == nullptr ? nullptr : nm_device_get_active_connection(found);
  NMRemoteConnection* remote = active == nullptr ? nullptr : nm_active_connection_get_connection(active);
  if (remote == nullptr) return Lookup::absent;
  auto* it = NM_CONNECTION(remote);
  NMSettingMacsec* macsec = nm_connection_get_setting_macsec(it);
  if (macsec == nullptr) return Lookup::absent;
  connection.id = text_of(nm_connection_get_id(it));
  connection.uuid = text_of(nm_connection_get_uuid(it));
  connection.validation = static_cast<int>(nm_setting_macsec_get_validation(macsec));
  read_user_data(it, connection);
  return Lookup::found;
}

}  // namespace macsec::nm
