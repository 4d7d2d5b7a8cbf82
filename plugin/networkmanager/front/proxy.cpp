// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/networkmanager/front/proxy.hpp"

#include "dbus/bus/callback.hpp"
#include "dbus/bus/connection.hpp"
#include "dbus/bus/names.hpp"
#include "plugin/networkmanager/log.hpp"
#include "plugin/networkmanager/names.hpp"

#include <cerrno>

namespace macsec::nm {
namespace {

constexpr std::chrono::microseconds reconnect_after = std::chrono::seconds{1};
constexpr std::uint64_t call_timeout = 60'000'000;  // as long as anybody waits for an answer

/// A copy of what `from` holds, in `to`.
int copy_contents(sd_bus_message* to, sd_bus_message* from) {
  int r = sd_bus_message_sensitive(to);
  if (r >= 0) r = sd_bus_message_rewind(from, 1);
  if (r >= 0) r = sd_bus_message_copy(to, from, 1);
  return r;
}

}  // namespace

Proxy::Proxy(sd_event* event, sd_bus* front, ProxyOptions options)
    : event_{event},
      front_{front},
      options_{std::move(options)},
      give_up_{[this] { owner_is(""); }},
      reconnect_{[this] {
        if (!connect()) reconnect_.arm(event_, reconnect_after);
      }} {}

Result<std::unique_ptr<Proxy>> Proxy::start(sd_event* event, sd_bus* front, ProxyOptions options) {
  std::unique_ptr<Proxy> proxy{new Proxy{event, front, std::move(options)}};
  if (proxy->options_.address.empty()) {
    proxy->state_ = State::absent;
    return proxy;
  }
  if (auto done = proxy->connect(); !done) return std::unexpected{done.error()};
  proxy->wake();
  return proxy;
}

void Proxy::when_settled(std::function<void()> settled) {
  if (state_ != State::starting) return settled();
  settled_ = std::move(settled);
}

/// Calls wait from here until the supplicant is there, or it is known that none will be.
void Proxy::wake() {
  state_ = State::starting;
  give_up_.arm(event_, options_.patience);
  if (options_.unit.empty()) return;
  sd_bus_slot* slot = nullptr;
  // "fail": not against a stop that was asked for meanwhile, the shutdown for one.
  if (sd_bus_call_method_async(front_, &slot, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
                               "org.freedesktop.systemd1.Manager", "StartUnit", bus::callback<&Proxy::on_woken>, this,
                               "ss", options_.unit.c_str(), "fail") >= 0)
    waking_.reset(slot);
}

void Proxy::on_woken(sd_bus_message* answer) {
  if (sd_bus_message_is_method_error(answer, nullptr) > 0 && state_ == State::starting) owner_is("");
}

/// Interfaces an earlier process of this program asked for: nobody tells of them again.
void Proxy::fetch_interfaces() {
  sd_bus_slot* slot = nullptr;
  if (sd_bus_call_method_async(bus_.get(), &slot, supplicant_name, supplicant_path, bus::interface::properties, "Get",
                               bus::callback<&Proxy::on_interfaces>, this, "ss", supplicant_interface,
                               "Interfaces") >= 0)
    listing_.reset(slot);
}

void Proxy::on_interfaces(sd_bus_message* answer) {
  std::vector<bus::ObjectPath> paths;
  if (sd_bus_message_is_method_error(answer, nullptr) == 0 && sd_bus_message_enter_container(answer, 'v', "ao") > 0 &&
      bus::get(answer, paths) >= 0)
    for (const bus::ObjectPath& path : paths) interfaces_.insert(path.text);
}

Result<void> Proxy::connect() {
  matches_.clear();
  filter_.reset();
  lookup_.reset();
  listing_.reset();
  auto bus = bus::start_connection(event_, options_.address, "supplicant");
  if (!bus) return std::unexpected{bus.error()};
  bus_ = std::move(*bus);
  sd_bus_slot* slot = nullptr;
  if (const int r = sd_bus_add_filter(bus_.get(), &slot, bus::callback<&Proxy::on_private>, this); r < 0)
    return std::unexpected{bus::bus_failure(r, "listen to the supplicant")};
  filter_.reset(slot);
  const std::string signals = fmt::format("type='signal',sender='{}'", supplicant_name);
  const std::string owner =
      fmt::format("type='signal',sender='{}',member='NameOwnerChanged',arg0='{}'", bus::bus_service, supplicant_name);
  for (const std::string& rule : {signals, owner}) {
    slot = nullptr;
    const auto ignore = [](sd_bus_message*, void*, sd_bus_error*) noexcept { return 0; };
    if (const int r = sd_bus_add_match_async(bus_.get(), &slot, rule.c_str(), ignore, nullptr, nullptr); r < 0)
      return std::unexpected{bus::bus_failure(r, "listen to the supplicant")};
    matches_.emplace_back(slot);
  }
  slot = nullptr;
  if (sd_bus_call_method_async(bus_.get(), &slot, bus::bus_service, bus::bus_path, bus::bus_service, "GetNameOwner",
                               bus::callback<&Proxy::on_owner>, this, "s", supplicant_name) >= 0)
    lookup_.reset(slot);
  return {};
}

void Proxy::on_owner(sd_bus_message* answer) {
  std::string owner;
  if (sd_bus_message_is_method_error(answer, nullptr) == 0 && bus::get(answer, owner) >= 0) owner_is(owner);
}

void Proxy::owner_is(const std::string& owner) {
  give_up_.disarm();
  if (!owner.empty()) {
    if (state_ != State::here) log_line(SD_INFO, "wpa_supplicant is there: Wi-Fi and wired 802.1X are handed to it");
    state_ = State::here;
    fetch_interfaces();
  } else {
    if (state_ == State::here) log_line(SD_NOTICE, "wpa_supplicant is gone");
    state_ = State::absent;
    supplicant_gone();
  }
  flush();
  if (const auto settled = std::exchange(settled_, nullptr)) settled();
}

void Proxy::supplicant_gone() {
  for (const std::string& path : std::exchange(interfaces_, {}))
    sd_bus_emit_signal(front_, supplicant_path, supplicant_interface, "InterfaceRemoved", "o", path.c_str());
}

void Proxy::flush() {
  std::list<Pending> waiting = std::exchange(waiting_, {});
  while (!waiting.empty()) {
    sent_.splice(sent_.end(), waiting, waiting.begin());
    send(std::prev(sent_.end()));
  }
}

void Proxy::forward(sd_bus_message* call, std::function<void(sd_bus_message*)> absent,
                    std::function<bool(sd_bus_message*, const sd_bus_error&)> failed) {
  constexpr std::size_t most_calls = 1024;
  if (waiting_.size() + sent_.size() >= most_calls) {
    sd_bus_reply_method_errorf(call, SD_BUS_ERROR_LIMITS_EXCEEDED, "more than %zu calls wait for wpa_supplicant",
                               most_calls);
    return;
  }
  Pending pending{this, bus::share(call), std::move(absent), std::move(failed), nullptr, {}};
  if (state_ == State::absent && !options_.unit.empty()) wake();
  if (state_ == State::starting) {
    waiting_.push_back(std::move(pending));
    return;
  }
  send(sent_.insert(sent_.end(), std::move(pending)));
}

void Proxy::send(std::list<Pending>::iterator pending) {
  pending->self = pending;
  sd_bus_message* call = pending->call.get();
  int r = state_ == State::here ? 0 : -EHOSTDOWN;
  sd_bus_message* raw = nullptr;
  if (r >= 0)
    r = sd_bus_message_new_method_call(bus_.get(), &raw, supplicant_name, sd_bus_message_get_path(call),
                                       sd_bus_message_get_interface(call), sd_bus_message_get_member(call));
  const bus::MessagePointer copy{raw};
  if (r >= 0) r = copy_contents(raw, call);
  sd_bus_slot* slot = nullptr;
  if (r >= 0) r = sd_bus_call_async(bus_.get(), &slot, raw, bus::callback<&Pending::on_reply>, &*pending, call_timeout);
  pending->slot.reset(slot);
  if (r >= 0) return;
  const Pending undelivered = std::move(*pending);
  sent_.erase(pending);
  undelivered.absent(undelivered.call.get());
}

/// This is gone once it has moved to `done`.
void Proxy::Pending::on_reply(sd_bus_message* message) {
  const Pending done = std::move(*this);
  done.proxy->sent_.erase(done.self);
  sd_bus_message* asked = done.call.get();
  if (const sd_bus_error* error = sd_bus_message_get_error(message); error != nullptr) {
    if (!done.failed || !done.failed(asked, *error)) sd_bus_reply_method_error(asked, error);
    return;
  }
  sd_bus_message* raw = nullptr;
  int r = sd_bus_message_new_method_return(asked, &raw);
  const bus::MessagePointer reply{raw};
  if (r >= 0) r = copy_contents(raw, message);
  if (r >= 0) r = sd_bus_send(done.proxy->front_, raw, nullptr);
  if (r < 0) sd_bus_reply_method_errno(asked, r, nullptr);
}

void Proxy::repeat(sd_bus_message* signal) {
  const char* path = sd_bus_message_get_path(signal);
  sd_bus_message* raw = nullptr;
  int r = sd_bus_message_new_signal(front_, &raw, path, sd_bus_message_get_interface(signal),
                                    sd_bus_message_get_member(signal));
  const bus::MessagePointer copy{raw};
  if (r >= 0) r = copy_contents(raw, signal);
  if (r >= 0) r = sd_bus_send(front_, raw, nullptr);
  if (r < 0) log_line(SD_WARNING, "a signal of wpa_supplicant is lost: {}", bus::bus_failure(r, "repeat it").message);
}

void Proxy::on_private(sd_bus_message* message) {
  if (sd_bus_message_is_signal(message, "org.freedesktop.DBus.Local", "Disconnected") > 0) {
    owner_is("");
    reconnect_.arm(event_, reconnect_after);
    return;
  }
  if (sd_bus_message_is_signal(message, nullptr, nullptr) <= 0) return;
  const std::string_view path = sd_bus_message_get_path(message);
  if (sd_bus_message_is_signal(message, bus::bus_service, "NameOwnerChanged") > 0) {
    std::string name;
    std::string before;
    std::string now;
    if (bus::get(message, name) >= 0 && bus::get(message, before) >= 0 && bus::get(message, now) >= 0 &&
        name == supplicant_name)
      owner_is(now);
    return;
  }
  if (!path.starts_with(supplicant_path)) return;
  bus::ObjectPath object;
  if (sd_bus_message_is_signal(message, supplicant_interface, "InterfaceAdded") > 0 && bus::get(message, object) >= 0)
    interfaces_.insert(object.text);
  if (sd_bus_message_is_signal(message, supplicant_interface, "InterfaceRemoved") > 0 && bus::get(message, object) >= 0)
    interfaces_.erase(object.text);
  repeat(message);
}

}  // namespace macsec::nm
