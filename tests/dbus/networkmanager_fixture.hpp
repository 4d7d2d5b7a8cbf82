// SPDX-License-Identifier: LGPL-2.1-or-later
/// macsec-nm between a stand-in for NetworkManager, which calls in NetworkManager's order, org.macsecd1 over a model, and
/// a stand-in for the real wpa_supplicant on a bus of its own.
#pragma once

#include "dbus/bus/callback.hpp"
#include "dbus/bus/connection.hpp"
#include "plugin/networkmanager/front/supplicant.hpp"
#include "plugin/networkmanager/names.hpp"
#include "tests/dbus/fixture.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace macsec::nm {

using test::run_until;

struct Answer {
  std::string error;  ///< its name; empty: none
  std::string text;
  bus::MessagePointer message;
};

/// A connection that calls the supplicant and hears its signals.
class Manager {
 public:
  Manager(sd_event* event, const std::string& address) : event_{event} {
    auto bus = bus::start_connection(event, address, "manager");
    if (!bus) throw std::runtime_error{"no bus"};
    bus_ = std::move(*bus);
    sd_bus_add_match_async(bus_.get(), nullptr, "type='signal',path_namespace='/fi/w1/wpa_supplicant1'",
                           bus::callback<&Manager::on_signal>, nullptr, this);
  }

  Answer call(const std::string& path, const char* interface, const char* member,
              const std::function<void(sd_bus_message*)>& fill = {}) {
    sd_bus_message* raw = nullptr;
    sd_bus_message_new_method_call(bus_.get(), &raw, supplicant_name, path.c_str(), interface, member);
    const bus::MessagePointer message{raw};
    if (fill) fill(raw);
    std::optional<Answer> answer;
    const auto on_reply = [](sd_bus_message* reply, void* userdata, sd_bus_error*) noexcept {
      const sd_bus_error* error = sd_bus_message_get_error(reply);
      *static_cast<std::optional<Answer>*>(userdata) =
          Answer{error == nullptr ? "" : error->name, error == nullptr ? "" : error->message, bus::share(reply)};
      return 0;
    };
    sd_bus_slot* slot = nullptr;
    sd_bus_call_async(bus_.get(), &slot, raw, on_reply, &answer, 0);
    const bus::SlotPointer owned{slot};
    run_until(event_, [&answer] { return answer.has_value(); });
    return answer ? std::move(*answer) : Answer{"no answer", "", nullptr};
  }

  std::string create(const std::string& driver, const std::string& parent) {
    return path_of(call(supplicant_path, supplicant_interface, "CreateInterface", [&](sd_bus_message* message) {
      sd_bus_message_append(message, "a{sv}", 2, "Driver", "s", driver.c_str(), "Ifname", "s", parent.c_str());
    }));
  }

  std::string add_network(const std::string& link, int port = 1) {
    return path_of(call(link, link_interface, "AddNetwork", [port](sd_bus_message* message) {
      const bus::Dictionary network{{"macsec_policy", std::int32_t{1}},  {"macsec_integ_only", std::int32_t{0}},
                                    {"macsec_port", std::int32_t{port}}, {"key_mgmt", std::string{"NONE"}},
                                    {"mka_cak", bus::Octets(16, 0x11)},  {"mka_ckn", bus::Octets(32, 0x22)}};
      bus::put(message, network);
    }));
  }

  Answer with_path(const std::string& link, const char* member, const std::string& path) {
    return call(link, link_interface, member,
                [&](sd_bus_message* message) { sd_bus_message_append(message, "o", path.c_str()); });
  }

  std::string set(const std::string& link, const char* name, const char* type, const char* text, unsigned number) {
    return call(link, bus::interface::properties, "Set",
                [&](sd_bus_message* message) {
                  sd_bus_message_append(message, "ss", link_interface, name);
                  if (*type == 's')
                    sd_bus_message_append(message, "v", "s", text);
                  else
                    sd_bus_message_append(message, "v", "u", number);
                })
        .error;
  }

  bus::Dictionary get_all(const std::string& path, const char* interface) {
    const Answer answer = call(path, bus::interface::properties, "GetAll",
                               [&](sd_bus_message* message) { sd_bus_message_append(message, "s", interface); });
    bus::Dictionary dictionary;
    EXPECT_EQ(answer.error, "");
    EXPECT_GE(bus::get(answer.message.get(), dictionary), 0);
    return dictionary;
  }

  [[nodiscard]] std::string state(const std::string& link) {
    return std::get<std::string>(get_all(link, link_interface).at("State"));
  }

  [[nodiscard]] bool heard(const std::string& signal) const { return std::ranges::count(signals, signal) != 0; }

  std::vector<std::string> signals;  ///< "PATH MEMBER", and " STATE" where one is told

 private:
  static std::string path_of(const Answer& answer) {
    bus::ObjectPath path;
    if (!answer.error.empty()) return answer.error;
    return bus::get(answer.message.get(), path) < 0 ? "not a path" : path.text;
  }
  void on_signal(sd_bus_message* message) {
    std::string text = fmt::format("{} {}", sd_bus_message_get_path(message), sd_bus_message_get_member(message));
    std::string interface;
    bus::Dictionary changed;
    bus::ObjectPath path;
    if (sd_bus_message_is_signal(message, bus::interface::properties, nullptr) > 0 &&
        bus::get(message, interface) >= 0 && bus::get(message, changed) >= 0 && changed.contains("State"))
      text += " " + std::get<std::string>(changed.at("State"));
    else if (sd_bus_message_is_signal(message, supplicant_interface, nullptr) > 0 && bus::get(message, path) >= 0)
      text += " " + path.text;
    signals.push_back(text);
  }

  sd_event* event_;
  bus::BusPointer bus_;
};

/// Answers what it is asked, and remembers it.
class RealSupplicant {
 public:
  RealSupplicant(sd_event* event, const std::string& address) {
    auto bus = bus::start_connection(event, address, "real");
    if (!bus) throw std::runtime_error{"no bus"};
    bus_ = std::move(*bus);
    sd_bus_add_fallback(bus_.get(), nullptr, supplicant_path, bus::callback<&RealSupplicant::on_call>, this);
    sd_bus_request_name_async(bus_.get(), nullptr, supplicant_name, 0, nullptr, nullptr);
  }
  void tell_scan_done() { sd_bus_emit_signal(bus_.get(), wifi, link_interface, "ScanDone", "b", 1); }
  static constexpr const char* wifi = "/fi/w1/wpa_supplicant1/Interfaces/0";
  std::vector<std::string> calls;

 private:
  int on_call(sd_bus_message* message) {
    const std::string_view member = sd_bus_message_get_member(message);
    calls.push_back(fmt::format("{} {}", sd_bus_message_get_path(message), member));
    if (member == "GetAll")
      return sd_bus_reply_method_return(message, "a{sv}", 1, "Capabilities", "as", 2, "ap", "p2p");
    if (member == "CreateInterface") {
      sd_bus_emit_signal(bus_.get(), supplicant_path, supplicant_interface, "InterfaceAdded", "oa{sv}", wifi, 0);
      return sd_bus_reply_method_return(message, "o", wifi);
    }
    if (member == "GetInterface")
      return sd_bus_reply_method_errorf(message, supplicant_error::interface_unknown, "none");
    if (member == "Scan") return sd_bus_reply_method_errorf(message, "fi.w1.wpa_supplicant1.Interface.ScanError", "no");
    return sd_bus_reply_method_return(message, "");
  }
  bus::BusPointer bus_;
};

class NetworkManagerTest : public test::BusTest {
 protected:
  void start(bool with_wifi = false, std::chrono::milliseconds patience = std::chrono::seconds{20}) {
    if (with_wifi) {
      wifi_bus_.start();
      if (unit_.empty()) real_.emplace(event_.get(), wifi_bus_.address());
    }
    auto front = bus::start_connection(event_.get(), bus_.address(), "front");
    ASSERT_TRUE(front);
    front_ = std::move(*front);
    auto runs = Runs::start(event_.get(), {.address = bus_.address(), .grace = grace_, .given_up = given_up_},
                            [this](const std::string& device) {
                              if (supplicant_) supplicant_->changed(device);
                            });
    ASSERT_TRUE(runs);
    runs_ = std::move(*runs);
    auto proxy =
        Proxy::start(event_.get(), front_.get(), {.address = with_wifi ? wifi_bus_.address() : "", .unit = unit_});
    ASSERT_TRUE(proxy);
    proxy_ = std::move(*proxy);
    SupplicantOptions options{.patience = patience, .lookup = std::chrono::seconds{0}, .departure = departure_};
    options.devices = [this] { return Result<std::vector<LinkFacts>>{devices_}; };
    options.index = [this](const std::string& name) { return name == parent_ ? 2U : 0U; };
    supplicant_ = std::make_unique<Supplicant>(event_.get(), front_.get(), *runs_, *proxy_, connections_, options);
    ASSERT_TRUE(supplicant_->start([](const std::string& why) { FAIL() << why; }));
    manager_.emplace(event_.get(), bus_.address());
    // Whoever answers has the name.
    run_until([this] { return manager_->call(supplicant_path, "org.freedesktop.DBus.Peer", "Ping").error.empty(); });
  }

  /// What NetworkManager calls from CreateInterface to SelectNetwork; the link's path.
  std::string activate(int port = 1) {
    const std::string link = manager_->create(macsec_driver, parent_);
    EXPECT_EQ(manager_->set(link, "BSSExpireAge", "u", nullptr, 250), "");
    EXPECT_TRUE(manager_->get_all(link, link_interface).contains("State"));
    EXPECT_EQ(manager_->set(link, "ApScan", "u", nullptr, 1), "");
    EXPECT_EQ(manager_->set(link, "Dot11RSNAConfigPMKLifetime", "s", "604800", 0), "");
    const std::string network = manager_->add_network(link, port);
    EXPECT_TRUE(network.starts_with(link)) << network;
    const Answer selected = manager_->with_path(link, "SelectNetwork", network);
    EXPECT_EQ(selected.error, "") << selected.text;
    // The answer does not wait for macsecd, which gets the profile as soon as it is found on the bus.
    run_until([&] { return model().has_profile(port == 2 ? "nm-macsec1" : "nm-macsec0"); });
    return link;
  }

  void be(const std::string& device, core::PortState state, core::Reason reason = core::Reason::none) {
    bus::SessionState session = model().session(device);
    session.status.state = state;
    session.status.reason = reason;
    model().set_session(session);
  }

  std::chrono::milliseconds grace_ = std::chrono::minutes{1};
  std::chrono::milliseconds departure_ = std::chrono::minutes{1};
  std::function<void(const std::string&)> given_up_;
  std::string parent_ = "eth0";
  std::string unit_;  ///< of the real supplicant; empty: it runs already
  std::vector<LinkFacts> devices_{
      {.ifindex = 7, .parent = 2, .name = "macsec0", .sci = Sci::of({}, 1), .cipher_suite = CipherSuite::gcm_aes_128},
      {.ifindex = 8, .parent = 2, .name = "macsec1", .sci = Sci::of({}, 2), .cipher_suite = CipherSuite::gcm_aes_128}};
  Connections connections_;
  test::PrivateBus wifi_bus_;
  std::optional<RealSupplicant> real_;
  bus::BusPointer front_;
  std::unique_ptr<Runs> runs_;
  std::unique_ptr<Proxy> proxy_;
  std::unique_ptr<Supplicant> supplicant_;
  std::optional<Manager> manager_;
};

}  // namespace macsec::nm
