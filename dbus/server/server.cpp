// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/server/server.hpp"

#include "dbus/bus/callback.hpp"
#include "dbus/bus/connection.hpp"
#include "dbus/bus/names.hpp"

#include <fmt/format.h>

namespace macsec::bus {
namespace {

constexpr Duration first_retry = std::chrono::milliseconds{250};
constexpr Duration slowest_retry = std::chrono::seconds{10};

}  // namespace

Server::Server(sd_event* event, Model& model, ServerOptions options)
    : event_{event},
      options_{std::move(options)},
      shared_{model, options_, published_, clients_},
      clients_{event, model},
      calls_{shared_, [this](const std::string& client) { clients_.left(client); }},
      published_{event, model, calls_},
      retry_after_{first_retry} {}

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
  bus_ = std::move(bus);
  calls_.use(bus_.get());
  const auto keep = [this](sd_bus_slot* slot) { slots_.emplace_back(slot); };
  int r = published_.attach(bus_.get());
  sd_bus_slot* slot = nullptr;
  if (r >= 0)
    r = sd_bus_match_signal(bus_.get(), &slot, "org.freedesktop.DBus.Local", "/org/freedesktop/DBus/Local",
                            "org.freedesktop.DBus.Local", nullptr, callback<&Server::on_local>, this);
  keep(slot);
  if (r >= 0 && sd_bus_is_bus_client(bus_.get()) > 0) {
    slot = nullptr;
    r = sd_bus_match_signal_async(bus_.get(), &slot, bus_service, bus_path, bus_service, "NameLost",
                                  callback<&Server::on_name_lost>, nullptr, this);
    keep(slot);
    slot = nullptr;
    asks_for_name_ = true;
    if (r >= 0) r = sd_bus_request_name_async(bus_.get(), &slot, service_name, 0, callback<&Server::on_name>, this);
    keep(slot);
  }
  if (r < 0) {
    disconnect();
    return std::unexpected{bus_failure(r, "put the objects on the bus")};
  }
  published_.assume_told();
  return {};
}

void Server::disconnect() {
  slots_.clear();
  clients_.stop_looking();
  calls_.use(nullptr);
  published_.detach();
  bus_.reset();
  has_name_ = false;
  asks_for_name_ = false;
}

void Server::stop() {
  stopped_ = true;
  published_.flush();
  if (bus_ != nullptr && has_name_) sd_bus_release_name_async(bus_.get(), nullptr, service_name, nullptr, nullptr);
  if (bus_ != nullptr && sd_bus_is_ready(bus_.get()) > 0) sd_bus_flush(bus_.get());
  disconnect();
}

/// The local signals of the connection itself: Connected and Disconnected.
void Server::on_local(sd_bus_message* message) {
  const std::string_view member = sd_bus_message_get_member(message);
  if (member == "Connected") {
    retry_after_ = first_retry;
    clients_.look_for_lost(bus_.get());
  }
  if (member == "Disconnected" && !stopped_) {
    options_.report("the bus is gone; the links go on");
    clients_.all_lost();
    has_name_ = false;
    asks_for_name_ = false;
    schedule_retry();  // the connection cannot be dropped from within its own callback
  }
}

void Server::on_name(sd_bus_message* message) {
  asks_for_name_ = false;
  std::uint32_t outcome = 0;
  constexpr std::uint32_t primary_owner = 1;
  constexpr std::uint32_t already_owner = 4;
  if (sd_bus_message_is_method_error(message, nullptr) == 0 && get(message, outcome) >= 0 &&
      (outcome == primary_owner || outcome == already_owner)) {
    has_name_ = true;
    had_name_ = true;
    return;
  }
  const bool own = std::exchange(had_name_, false);
  const sd_bus_error* error = sd_bus_message_get_error(message);
  if (error == nullptr && own)
    schedule_retry();
  else if (error == nullptr)
    refuse(
        "another program has the name org.macsecd1 on the bus: does macsecd run twice? See: busctl status org.macsecd1",
        true);
  else if (sd_bus_error_has_name(error, SD_BUS_ERROR_ACCESS_DENIED) > 0)
    refuse(
        "the bus does not let this program have the name org.macsecd1: its policy (org.macsecd1.conf) has to be "
        "installed and read again (systemctl reload dbus), and the user macsecd has to exist (systemd-sysusers)",
        false);
  else  // it ends, or is too busy: the next connection asks again
    options_.report(fmt::format("cannot take the name org.macsecd1: {}", error->message));
}

void Server::on_name_lost(sd_bus_message* message) {
  std::string name;
  if (get(message, name) < 0 || name != service_name || !has_name_ || stopped_) return;
  refuse("another program took the name org.macsecd1 on the bus", true);
}

void Server::refuse(const std::string& why, bool taken) {
  has_name_ = false;
  options_.refused(why, taken);
}

void Server::schedule_retry() {
  sd_event_source* source = nullptr;
  if (sd_event_add_time_relative(event_, &source, CLOCK_BOOTTIME, static_cast<std::uint64_t>(retry_after_.count()), 0,
                                 callback<&Server::retry>, this) < 0)
    return;
  retry_.reset(source);
  retry_after_ = std::min(retry_after_ * 2, slowest_retry);
}

void Server::retry() {
  disconnect();
  if (!connect()) schedule_retry();
}

}  // namespace macsec::bus
