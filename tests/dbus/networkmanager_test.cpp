// SPDX-License-Identifier: LGPL-2.1-or-later
/// macsec-nm between a stand-in for NetworkManager, which calls in NetworkManager's order, org.macsecd1 over a model, and
/// a stand-in for the real wpa_supplicant on a bus of its own.
#include "dbus/bus/connection.hpp"
#include "plugin/networkmanager/listing.hpp"
#include "plugin/networkmanager/names.hpp"
#include "plugin/networkmanager/supplicant.hpp"
#include "tests/dbus/fixture.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace macsec::nm {
namespace {

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
    sd_bus_add_match_async(bus_.get(), nullptr, "type='signal',path_namespace='/fi/w1/wpa_supplicant1'", on_signal,
                           nullptr, this);
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
  static int on_signal(sd_bus_message* message, void* userdata, sd_bus_error*) noexcept {
    std::string text = fmt::format("{} {}", sd_bus_message_get_path(message), sd_bus_message_get_member(message));
    std::string interface;
    bus::Dictionary changed;
    bus::ObjectPath path;
    if (sd_bus_message_is_signal(message, bus::interface::properties, nullptr) > 0 &&
        bus::get(message, interface) >= 0 && bus::get(message, changed) >= 0 && changed.contains("State"))
      text += " " + std::get<std::string>(changed.at("State"));
    else if (sd_bus_message_is_signal(message, supplicant_interface, nullptr) > 0 && bus::get(message, path) >= 0)
      text += " " + path.text;
    static_cast<Manager*>(userdata)->signals.push_back(text);
    return 0;
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
    sd_bus_add_fallback(bus_.get(), nullptr, supplicant_path, on_call, this);
    sd_bus_request_name_async(bus_.get(), nullptr, supplicant_name, 0, nullptr, nullptr);
  }
  void tell_scan_done() { sd_bus_emit_signal(bus_.get(), wifi, link_interface, "ScanDone", "b", 1); }
  static constexpr const char* wifi = "/fi/w1/wpa_supplicant1/Interfaces/0";
  std::vector<std::string> calls;

 private:
  static int on_call(sd_bus_message* message, void* userdata, sd_bus_error*) noexcept {
    auto& self = *static_cast<RealSupplicant*>(userdata);
    const std::string_view member = sd_bus_message_get_member(message);
    self.calls.push_back(fmt::format("{} {}", sd_bus_message_get_path(message), member));
    if (member == "GetAll")
      return sd_bus_reply_method_return(message, "a{sv}", 1, "Capabilities", "as", 2, "ap", "p2p");
    if (member == "CreateInterface") {
      sd_bus_emit_signal(self.bus_.get(), supplicant_path, supplicant_interface, "InterfaceAdded", "oa{sv}", wifi, 0);
      return sd_bus_reply_method_return(message, "o", wifi);
    }
    if (member == "GetInterface")
      return sd_bus_reply_method_errorf(message, supplicant_error::interface_unknown, "none");
    if (member == "Scan") return sd_bus_reply_method_errorf(message, "fi.w1.wpa_supplicant1.Interface.ScanError", "no");
    return sd_bus_reply_method_return(message, "");
  }
  bus::BusPointer bus_;
};

/// The service manager, as far as it starts the supplicant.
class Starter {
 public:
  Starter(sd_event* event, const std::string& address, std::function<bool()> start) : start_{std::move(start)} {
    auto bus = bus::start_connection(event, address, "systemd");
    if (!bus) throw std::runtime_error{"no bus"};
    bus_ = std::move(*bus);
    sd_bus_add_fallback(bus_.get(), nullptr, "/org/freedesktop/systemd1", on_call, this);
    const auto on_name = [](sd_bus_message*, void* userdata, sd_bus_error*) noexcept {
      static_cast<Starter*>(userdata)->has_name = true;
      return 0;
    };
    sd_bus_request_name_async(bus_.get(), nullptr, "org.freedesktop.systemd1", 0, on_name, this);
  }
  bool has_name = false;
  std::vector<std::string> units;

 private:
  static int on_call(sd_bus_message* message, void* userdata, sd_bus_error*) noexcept {
    auto& self = *static_cast<Starter*>(userdata);
    std::string unit;
    if (bus::get(message, unit) < 0) return 0;
    self.units.push_back(unit);
    if (!self.start_())
      return sd_bus_reply_method_errorf(message, "org.freedesktop.systemd1.NoSuchUnit", "no such unit");
    return sd_bus_reply_method_return(message, "o", "/org/freedesktop/systemd1/job/1");
  }
  std::function<bool()> start_;
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
    options.devices = [this] { return Result<std::vector<MacsecDevice>>{devices_}; };
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
  std::vector<MacsecDevice> devices_{
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

TEST_F(NetworkManagerTest, SelectedNetworkIsAProfileAndCompletesWhenSecured) {
  start();
  const std::string link = activate();
  const bus::ProfileInfo info = profile("/org/macsecd1/profile/nm_2dmacsec0");
  EXPECT_EQ(info.source, "networkmanager");
  EXPECT_EQ(info.lifetime, "parked");
  EXPECT_EQ(info.interface, "macsec0");
  EXPECT_EQ(info.parent, "eth0");
  EXPECT_EQ(model().profile("nm-macsec0").profile->create, CreateChoice::no);
  be("macsec0", core::PortState::pending, core::Reason::no_peer);
  EXPECT_NE(manager_->state(link), "completed");
  be("macsec0", core::PortState::secured);
  run_until([&] { return manager_->heard(link + " PropertiesChanged completed"); });
  EXPECT_EQ(manager_->state(link), "completed");
  // A lost peer may return.
  be("macsec0", core::PortState::pending, core::Reason::no_peer);
  EXPECT_EQ(manager_->state(link), "completed");
}

TEST_F(NetworkManagerTest, CompletesWithoutAPeerAfterAWhile) {
  start(false, std::chrono::milliseconds{50});
  const std::string link = activate();
  be("macsec0", core::PortState::pending, core::Reason::no_peer);
  run_until([&] { return manager_->heard(link + " PropertiesChanged completed"); });
  EXPECT_EQ(manager_->state(link), "completed");
}

TEST_F(NetworkManagerTest, NeverCompletesWithAWrongKey) {
  start(false, std::chrono::milliseconds{200});
  const std::string link = activate();
  be("macsec0", core::PortState::pending, core::Reason::cak_mismatch);
  run_until([&] { return manager_->heard(link + " PropertiesChanged associated"); });
  EXPECT_EQ(manager_->state(link), "associated");
  be("macsec0", core::PortState::secured);  // the peer got the right one
  run_until([&] { return manager_->heard(link + " PropertiesChanged completed"); });
  EXPECT_EQ(manager_->state(link), "completed");
}

TEST_F(NetworkManagerTest, TwoNetworksOnOneParentDoNotDisplaceEachOther) {
  start();
  const std::string one = activate(1);
  const std::string two = activate(2);
  EXPECT_NE(one, two);
  for (const char* device : {"macsec0", "macsec1"}) be(device, core::PortState::secured);
  run_until([&] { return manager_->state(one) == "completed" && manager_->state(two) == "completed"; });
  EXPECT_EQ(model().profile("nm-macsec0").profile->port, 1);
  EXPECT_EQ(model().profile("nm-macsec1").profile->port, 2);
}

TEST_F(NetworkManagerTest, LetGoItRunsOnAndIsClaimedAgain) {
  start();
  const std::string link = activate();
  const std::string network = link + "/Networks/0";
  be("macsec0", core::PortState::secured);
  run_until([&] { return manager_->state(link) == "completed"; });
  EXPECT_EQ(manager_->call(link, link_interface, "Disconnect").error, "");
  EXPECT_EQ(manager_->with_path(link, "RemoveNetwork", network).error, "");
  EXPECT_EQ(manager_
                ->call(supplicant_path, supplicant_interface, "RemoveInterface",
                       [&](sd_bus_message* message) { sd_bus_message_append(message, "o", link.c_str()); })
                .error,
            "");
  const auto keeps = [&](KeepConfiguration how) {
    run_until([&] { return model().profile("nm-macsec0").profile->keep_configuration == how; });
    return model().profile("nm-macsec0").profile->keep_configuration == how;
  };
  EXPECT_TRUE(keeps(KeepConfiguration::yes));
  const std::string again = activate();
  EXPECT_TRUE(keeps(KeepConfiguration::remember));
  EXPECT_NE(again, link);
  run_until([&] { return manager_->state(again) == "completed"; });
  EXPECT_EQ(manager_->state(again), "completed");
}

TEST_F(NetworkManagerTest, ParkedNetworkEndsWithItsDeviceOrItsTime) {
  grace_ = std::chrono::milliseconds{50};
  start();
  std::string link = activate(1);
  static_cast<void>(manager_->call(link, link_interface, "Disconnect"));
  run_until([&] { return !model().has_profile("nm-macsec0"); });
  EXPECT_FALSE(model().has_profile("nm-macsec0"));
  link = activate(2);
  supplicant_->device_gone(8);
  run_until([&] { return !model().has_profile("nm-macsec1"); });
  EXPECT_FALSE(model().has_profile("nm-macsec1"));
}

TEST_F(NetworkManagerTest, LetGoByNetworkManagerThatRunsOnItEnds) {
  departure_ = std::chrono::milliseconds{50};
  start();
  const std::string link = activate();
  static_cast<void>(manager_->call(link, link_interface, "Disconnect"));
  run_until([&] { return !model().has_profile("nm-macsec0"); });
  EXPECT_FALSE(model().has_profile("nm-macsec0"));
}

TEST_F(NetworkManagerTest, LetGoByNetworkManagerThatEndsItRunsOn) {
  departure_ = std::chrono::milliseconds{300};
  start();
  const std::string first = activate(1);
  static_cast<void>(manager_->call(first, link_interface, "Disconnect"));
  manager_.reset();
  manager_.emplace(event_.get(), bus_.address());
  // What the second lets go of after the first ended shows that the time of the first has passed.
  const std::string second = activate(2);
  static_cast<void>(manager_->call(second, link_interface, "Disconnect"));
  run_until([&] { return !model().has_profile("nm-macsec1"); });
  EXPECT_FALSE(model().has_profile("nm-macsec1"));
  EXPECT_TRUE(model().has_profile("nm-macsec0"));
}

TEST_F(NetworkManagerTest, ADeviceThatStaysIsKeptConfiguredWhenNetworkManagerIsGone) {
  devices_[0].cipher_suite = CipherSuite::gcm_aes_256;  // not NetworkManager's own, which it would delete
  start();
  const std::string link = activate();
  const auto keeps = [&](KeepConfiguration how) {
    return model().profile("nm-macsec0").profile->keep_configuration == how;
  };
  static_cast<void>(manager_->call(link, link_interface, "Disconnect"));
  // In order: what followed from the first call is done when the second is answered.
  static_cast<void>(activate(2));
  EXPECT_TRUE(keeps(KeepConfiguration::remember));
  manager_.reset();
  run_until([&] { return keeps(KeepConfiguration::yes); });
  EXPECT_TRUE(keeps(KeepConfiguration::yes));
}

TEST_F(NetworkManagerTest, ConnectionsThatAreNotActiveAreShown) {
  start();
  const auto connection = [](std::string id, std::string suites) {
    StoredConnection out;
    out.connection = {.id = id, .uuid = "uuid-of-" + id, .user_data = {}};
    if (!suites.empty()) out.connection.user_data["org.macsecd.cipher-suites"] = suites;
    out.parent = "eth0";
    out.interface = "macsec7";
    out.ckn = "abcd";
    return out;
  };
  std::optional<std::vector<StoredConnection>> stored{{connection("xpn", "GCM-AES-XPN-256")}};
  std::set<std::string> spare;
  Listing listing{event_.get(), *runs_, [&] { return stored; },
                  [&](std::set<std::string> devices) { spare = devices; }};
  const auto shown = [&](const std::string& name, CreateChoice create) {
    listing.update();
    run_until([&] {
      const auto state = model().profile(name);
      return state.profile && !state.enabled && state.profile->create == create;
    });
    const auto profile = model().profile(name).profile;
    return profile && profile->create == create;
  };
  EXPECT_TRUE(shown("xpn", CreateChoice::always));
  EXPECT_EQ(spare, std::set<std::string>{"macsec7"});
  // The one device cannot serve both.
  stored->push_back(connection("plain", ""));
  EXPECT_TRUE(shown("xpn", CreateChoice::no));
  EXPECT_TRUE(shown("plain", CreateChoice::no));
  EXPECT_TRUE(spare.empty());
  stored->pop_back();
  EXPECT_TRUE(shown("xpn", CreateChoice::always));
  EXPECT_FALSE(model().has_profile("plain"));
  // NetworkManager stops: its connections, and their devices, are not gone.
  stored.reset();
  listing.update();
  run_until([&] { return !spare.empty(); });
  EXPECT_TRUE(model().has_profile("xpn"));
  stored.emplace();
  listing.update();
  run_until([&] { return !model().has_profile("xpn"); });
  EXPECT_TRUE(spare.empty());
}

TEST_F(NetworkManagerTest, AProfileThatRanIsShownOrRemoved) {
  std::optional<Listing> listing;
  given_up_ = [&](const std::string& name) { listing->take_over(name); };
  start();
  std::vector<StoredConnection> stored(1);
  stored[0].connection = {.id = "nm-macsec0", .uuid = "uuid", .user_data = {}};
  stored[0].parent = "eth0";
  stored[0].interface = "macsec0";
  stored[0].ckn = "abcd";
  listing.emplace(event_.get(), *runs_, [&] { return std::optional{stored}; }, [](const std::set<std::string>&) {});
  static_cast<void>(activate());
  EXPECT_TRUE(model().profile("nm-macsec0").enabled);
  supplicant_->device_gone(7);
  run_until([&] { return !model().profile("nm-macsec0").enabled; });
  EXPECT_TRUE(model().has_profile("nm-macsec0"));
  static_cast<void>(activate());
  run_until([&] { return model().profile("nm-macsec0").enabled; });
  EXPECT_TRUE(model().profile("nm-macsec0").enabled);
  stored.clear();
  supplicant_->device_gone(7);
  run_until([&] { return !model().has_profile("nm-macsec0"); });
  EXPECT_FALSE(model().has_profile("nm-macsec0"));
}

TEST_F(NetworkManagerTest, ParentGoneRemovesTheInterface) {
  start();
  const std::string link = activate();
  supplicant_->device_gone(2);
  run_until([&] { return manager_->heard(std::string{supplicant_path} + " InterfaceRemoved " + link); });
  EXPECT_EQ(manager_->call(link, link_interface, "Disconnect").error, supplicant_error::interface_unknown);
}

TEST_F(NetworkManagerTest, VanishedCallerLeavesNothingBehind) {
  start();
  const std::string link = activate();
  Manager other{event_.get(), bus_.address()};
  manager_.reset();
  run_until(
      [&] { return other.call(link, link_interface, "Disconnect").error == supplicant_error::interface_unknown; });
  EXPECT_TRUE(model().has_profile("nm-macsec0"));  // parked
}

TEST_F(NetworkManagerTest, ErrorsHaveTheNamesNetworkManagerKnows) {
  start();
  EXPECT_EQ(manager_->create(macsec_driver, "eth9"), supplicant_error::interface_unknown);
  EXPECT_EQ(manager_->create("nl80211", "wlan0"), supplicant_error::unknown);
  const std::string link = manager_->create(macsec_driver, parent_);
  EXPECT_EQ(manager_->with_path(link, "SelectNetwork", link + "/Networks/5").error, supplicant_error::network_unknown);
  EXPECT_EQ(manager_->with_path(link, "RemoveNetwork", link + "/Networks/5").error, supplicant_error::network_unknown);
  const Answer added = manager_->call(link, link_interface, "AddNetwork", [](sd_bus_message* message) {
    sd_bus_message_append(message, "a{sv}", 1, "ssid", "s", "x");
  });
  EXPECT_EQ(added.error, supplicant_error::invalid_args);
  EXPECT_NE(added.text.find("ssid"), std::string::npos);
  devices_.clear();
  const std::string network = manager_->add_network(link);
  EXPECT_EQ(manager_->with_path(link, "SelectNetwork", network).error, supplicant_error::unknown);
  EXPECT_EQ(manager_->call(link, link_interface, "Scan").error, SD_BUS_ERROR_UNKNOWN_METHOD);
}

TEST_F(NetworkManagerTest, WithoutWifiThereAreNoCapabilities) {
  start();
  const bus::Dictionary properties = manager_->get_all(supplicant_path, supplicant_interface);
  EXPECT_EQ(std::get<bus::Strings>(properties.at("Capabilities")), bus::Strings{});
}

TEST_F(NetworkManagerTest, BlobsComeAndGo) {
  start();
  const std::string link = manager_->create(macsec_driver, parent_);
  const auto add = [](sd_bus_message* message) { bus::put_all(message, std::string{"one"}, bus::Octets{1, 2}); };
  const auto name = [](sd_bus_message* message) { sd_bus_message_append(message, "s", "one"); };
  EXPECT_EQ(manager_->call(link, link_interface, "AddBlob", add).error, "");
  EXPECT_EQ(manager_->call(link, link_interface, "AddBlob", add).error, supplicant_error::blob_exists);
  const Answer blobs = manager_->call(link, bus::interface::properties, "Get", [](sd_bus_message* message) {
    sd_bus_message_append(message, "ss", link_interface, "Blobs");
  });
  EXPECT_STREQ(sd_bus_message_get_signature(blobs.message.get(), 1), "v");
  EXPECT_EQ(manager_->call(link, link_interface, "RemoveBlob", name).error, "");
  EXPECT_EQ(manager_->call(link, link_interface, "RemoveBlob", name).error, supplicant_error::blob_unknown);
}

// ---- the supplicant behind ------------------------------------------------------------------------------------------

TEST_F(NetworkManagerTest, WifiIsHandedOnWithItsPathsErrorsAndSignals) {
  start(true);
  EXPECT_EQ(std::get<bus::Strings>(manager_->get_all(supplicant_path, supplicant_interface).at("Capabilities")),
            (bus::Strings{"ap", "p2p"}));
  EXPECT_EQ(manager_->create("nl80211", "wlan0"), RealSupplicant::wifi);
  EXPECT_TRUE(manager_->heard(std::string{supplicant_path} + " InterfaceAdded " + RealSupplicant::wifi));
  const Answer scan = manager_->call(RealSupplicant::wifi, link_interface, "Scan");
  EXPECT_EQ(scan.error, "fi.w1.wpa_supplicant1.Interface.ScanError");
  EXPECT_EQ(scan.text, "no");
  EXPECT_EQ(manager_->call(RealSupplicant::wifi, link_interface, "Reassociate").error, "");
  real_->tell_scan_done();
  run_until([&] { return manager_->heard(std::string{RealSupplicant::wifi} + " ScanDone"); });
  EXPECT_TRUE(manager_->heard(std::string{RealSupplicant::wifi} + " ScanDone"));
  EXPECT_EQ(std::ranges::count(real_->calls, std::string{RealSupplicant::wifi} + " Scan"), 1);
}

TEST_F(NetworkManagerTest, MacsecIsNotHandedOn) {
  start(true);
  const std::string link = activate();
  EXPECT_TRUE(link.starts_with(own_prefix));
  EXPECT_EQ(std::ranges::count(real_->calls, std::string{supplicant_path} + " CreateInterface"), 0);
  const Answer found = manager_->call(supplicant_path, supplicant_interface, "GetInterface",
                                      [](sd_bus_message* message) { sd_bus_message_append(message, "s", "eth0"); });
  bus::ObjectPath path;
  EXPECT_GE(bus::get(found.message.get(), path), 0);
  EXPECT_EQ(path.text, link);
}

TEST_F(NetworkManagerTest, InterfacesOfASupplicantThatEndsAreRemoved) {
  start(true);
  ASSERT_EQ(manager_->create("nl80211", "wlan0"), RealSupplicant::wifi);
  real_.reset();
  run_until(
      [&] { return manager_->heard(std::string{supplicant_path} + " InterfaceRemoved " + RealSupplicant::wifi); });
  EXPECT_TRUE(manager_->heard(std::string{supplicant_path} + " InterfaceRemoved " + RealSupplicant::wifi));
  real_.emplace(event_.get(), wifi_bus_.address());
  run_until([&] { return manager_->create("nl80211", "wlan0") == RealSupplicant::wifi; });
}

TEST_F(NetworkManagerTest, SupplicantIsStartedWhenSomebodyAsksForIt) {
  unit_ = "wpa.service";
  bool exists = false;
  Starter starter{event_.get(), bus_.address(), [&] {
                    if (exists) real_.emplace(event_.get(), wifi_bus_.address());
                    return exists;
                  }};
  run_until([&] { return starter.has_name; });
  start(true);
  run_until([&] { return !starter.units.empty(); });
  bool settled = false;
  proxy_->when_settled([&settled] { settled = true; });
  run_until([&settled] { return settled; });
  EXPECT_TRUE(
      std::get<bus::Strings>(manager_->get_all(supplicant_path, supplicant_interface).at("Capabilities")).empty())
      << "there is no such unit";
  exists = true;
  EXPECT_EQ(manager_->create("nl80211", "wlan0"), RealSupplicant::wifi);
  EXPECT_EQ(starter.units.back(), "wpa.service");
}

}  // namespace
}  // namespace macsec::nm
