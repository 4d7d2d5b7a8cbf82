// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/server/clients.hpp"

#include "dbus/bus/callback.hpp"
#include "dbus/bus/names.hpp"
#include "dbus/server/views.hpp"

namespace macsec::bus {

Clients::~Clients() = default;

Time Clients::now() const {
  std::uint64_t usec = 0;
  sd_event_now(event_, CLOCK_BOOTTIME, &usec);
  return Time{Duration{static_cast<Duration::rep>(usec)}};
}

void Clients::left(const std::string& client) {
  model_.client_left(client, now());
  arm_expiry();
}

void Clients::all_lost() {
  model_.clients_lost(now());
  arm_expiry();
}

void Clients::look_for_lost(sd_bus* bus) {
  sd_id128_t id{};
  if (sd_bus_is_bus_client(bus) <= 0 || sd_bus_get_bus_id(bus, &id) < 0) return;
  const bool same = bus_id_ && sd_id128_equal(*bus_id_, id) != 0;
  bus_id_ = id;
  if (!same) return;
  for (const std::string& client : model_.lost_clients()) {
    auto lost = std::make_unique<Lost>(this, client, nullptr);
    sd_bus_slot* slot = nullptr;
    if (sd_bus_call_method_async(bus, &slot, bus_service, bus_path, bus_service, "NameHasOwner",
                                 callback<&Lost::on_answer>, lost.get(), "s", client.c_str()) < 0)
      continue;
    lost->slot.reset(slot);
    looked_for_.push_back(std::move(lost));
  }
}

void Clients::stop_looking() { looked_for_.clear(); }

void Clients::Lost::on_answer(sd_bus_message* message) {
  bool present = false;
  if (get(message, present) < 0) return;  // parked it stays
  if (!present) return clients->left(name);
  clients->model_.client_is_back(name);
  clients->arm_expiry();
}

void Clients::expire() {
  model_.expire_profiles(now());
  arm_expiry();
}

void Clients::arm_expiry() {
  const std::optional<Time> next = model_.next_expiry();
  expiry_.reset();
  if (!next) return;
  sd_event_source* source = nullptr;
  if (sd_event_add_time(event_, &source, CLOCK_BOOTTIME, to_usec(*next), 0, callback<&Clients::expire>, this) >= 0)
    expiry_.reset(source);
}

}  // namespace macsec::bus
