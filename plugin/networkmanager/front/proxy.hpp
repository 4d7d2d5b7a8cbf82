// SPDX-License-Identifier: LGPL-2.1-or-later
/// The way to the real wpa_supplicant, which lives on a bus of its own.
#pragma once

#include "dbus/bus/message.hpp"
#include "engine/base/result.hpp"
#include "plugin/networkmanager/timer.hpp"

#include <list>
#include <set>

namespace macsec::nm {

struct ProxyOptions {
  std::string address;  ///< of the private bus
  /// The supplicant's unit, started when somebody asks for a supplicant that does not run, as the system bus would.
  std::string unit{};
  /// How long calls wait for a supplicant that is still starting; NetworkManager waits 5 s.
  std::chrono::microseconds patience = std::chrono::seconds{3};
};

class Proxy {
 public:
  /// Signals are repeated on `front`, which outlives this.
  [[nodiscard]] static Result<std::unique_ptr<Proxy>> start(sd_event* event, sd_bus* front, ProxyOptions options);
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  /// Calls `settled` once it is known whether a supplicant is there: now, or later.
  void when_settled(std::function<void()> settled);

  /// Hands a call on and its answer back; object paths and arguments stay as they are. `absent` is called, perhaps later, when nobody
  /// can answer; `failed`, if given, when the supplicant answered with an error, in place of handing that back.
  void forward(sd_bus_message* call, std::function<void(sd_bus_message*)> absent,
               std::function<bool(sd_bus_message* call, const sd_bus_error&)> failed = {});

 private:
  enum class State : std::uint8_t { starting, here, absent };
  struct Pending {
    Proxy* proxy;
    bus::MessagePointer call;
    std::function<void(sd_bus_message*)> absent;
    std::function<bool(sd_bus_message*, const sd_bus_error&)> failed;
    bus::SlotPointer slot;
    std::list<Pending>::iterator self;
    void on_reply(sd_bus_message* message);
  };

  Proxy(sd_event* event, sd_bus* front, ProxyOptions options);
  [[nodiscard]] Result<void> connect();
  void send(std::list<Pending>::iterator pending);
  void flush();
  void wake();
  void fetch_interfaces();
  void owner_is(const std::string& owner);
  void supplicant_gone();
  void on_woken(sd_bus_message* answer);
  void on_interfaces(sd_bus_message* answer);
  void on_owner(sd_bus_message* answer);
  void on_private(sd_bus_message* message);
  void repeat(sd_bus_message* signal);

  sd_event* event_;
  sd_bus* front_;
  ProxyOptions options_;
  State state_ = State::starting;
  std::set<std::string> interfaces_;  ///< of the supplicant
  std::function<void()> settled_;
  Timer give_up_;
  Timer reconnect_;
  bus::BusPointer bus_;
  bus::SlotPointer filter_;
  bus::SlotPointer lookup_;
  bus::SlotPointer listing_;
  bus::SlotPointer waking_;
  std::vector<bus::SlotPointer> matches_;
  std::list<Pending> waiting_;
  std::list<Pending> sent_;
};

}  // namespace macsec::nm
