// SPDX-License-Identifier: LGPL-2.1-or-later
/// What NetworkManager asks of the supplicant, and what of that is the real one's.
#include "tests/dbus/networkmanager_fixture.hpp"

namespace macsec::nm {
namespace {

/// The service manager, as far as it starts the supplicant.
class Starter {
 public:
  Starter(sd_event* event, const std::string& address, std::function<bool()> start) : start_{std::move(start)} {
    auto bus = bus::start_connection(event, address, "systemd");
    if (!bus) throw std::runtime_error{"no bus"};
    bus_ = std::move(*bus);
    sd_bus_add_fallback(bus_.get(), nullptr, "/org/freedesktop/systemd1", bus::callback<&Starter::on_call>, this);
    sd_bus_request_name_async(bus_.get(), nullptr, "org.freedesktop.systemd1", 0, bus::callback<&Starter::on_name>,
                              this);
  }
  bool has_name = false;
  std::vector<std::string> units;

 private:
  void on_name(sd_bus_message*) { has_name = true; }
  int on_call(sd_bus_message* message) {
    std::string unit;
    if (bus::get(message, unit) < 0) return 0;
    units.push_back(unit);
    if (!start_()) return sd_bus_reply_method_errorf(message, "org.freedesktop.systemd1.NoSuchUnit", "no such unit");
    return sd_bus_reply_method_return(message, "o", "/org/freedesktop/systemd1/job/1");
  }
  std::function<bool()> start_;
  bus::BusPointer bus_;
};

TEST_F(NetworkManagerTest, SelectedNetworkIsAProfileAndCompletesWhenSecured) {
  start();
  const std::string link = activate();
  const bus::ProfileInfo info = profile("/org/macsecd1/profile/nm_2dmacsec0");
  EXPECT_EQ(info.source, "networkmanager");
  EXPECT_EQ(info.lifetime, "parked");
  EXPECT_EQ(info.interface, "macsec0");
  EXPECT_EQ(info.parent, "eth0");
  EXPECT_EQ(model().profile("nm-macsec0").profile->link.create, CreateChoice::no);
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

TEST_F(NetworkManagerTest, IsGivenUpWhereTheOtherEndRefuses) {
  start(false, std::chrono::milliseconds{200});
  for (const core::Reason wrong : {core::Reason::cak_mismatch, core::Reason::ckn_mismatch,
                                   core::Reason::authentication_failed, core::Reason::eap_unavailable}) {
    const std::string link = activate();
    be("macsec0", core::PortState::pending, wrong);
    run_until([&] { return manager_->heard(std::string{supplicant_path} + " InterfaceRemoved " + link); });
    EXPECT_FALSE(manager_->heard(link + " PropertiesChanged completed"));
  }
}

TEST_F(NetworkManagerTest, ARightKeyInTimeIsNotTooLate) {
  start();
  const std::string link = activate();
  be("macsec0", core::PortState::pending, core::Reason::cak_mismatch);
  be("macsec0", core::PortState::secured);
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
  EXPECT_EQ(model().profile("nm-macsec0").profile->link.port, 1);
  EXPECT_EQ(model().profile("nm-macsec1").profile->link.port, 2);
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
    run_until([&] { return model().profile("nm-macsec0").profile->link.keep_configuration == how; });
    return model().profile("nm-macsec0").profile->link.keep_configuration == how;
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
    return model().profile("nm-macsec0").profile->link.keep_configuration == how;
  };
  static_cast<void>(manager_->call(link, link_interface, "Disconnect"));
  // In order: what followed from the first call is done when the second is answered.
  static_cast<void>(activate(2));
  EXPECT_TRUE(keeps(KeepConfiguration::remember));
  manager_.reset();
  run_until([&] { return keeps(KeepConfiguration::yes); });
  EXPECT_TRUE(keeps(KeepConfiguration::yes));
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

TEST_F(NetworkManagerTest, TakesWhatNewerNetworkManagersSet) {
  start();
  const std::string link = manager_->create(macsec_driver, parent_);
  EXPECT_EQ(manager_->set(link, "BridgeIfname", "s", "br0", 0), "");
}

TEST_F(NetworkManagerTest, OneProgramCannotUseTheInterfaceOfAnother) {
  start();
  const std::string link = activate();
  Manager other{event_.get(), bus_.address()};
  EXPECT_EQ(other.create(macsec_driver, parent_), supplicant_error::interface_exists);
  EXPECT_EQ(other.call(link, link_interface, "Disconnect").error, SD_BUS_ERROR_ACCESS_DENIED);
  EXPECT_EQ(other.add_network(link), SD_BUS_ERROR_ACCESS_DENIED);
  EXPECT_EQ(other
                .call(link, bus::interface::properties, "Get",
                      [](sd_bus_message* message) { sd_bus_message_append(message, "ss", link_interface, "Blobs"); })
                .error,
            SD_BUS_ERROR_ACCESS_DENIED);
  EXPECT_EQ(other
                .call(supplicant_path, supplicant_interface, "RemoveInterface",
                      [&](sd_bus_message* message) { sd_bus_message_append(message, "o", link.c_str()); })
                .error,
            SD_BUS_ERROR_ACCESS_DENIED);
  EXPECT_EQ(other.state(link), manager_->state(link));  // what anybody may know
  EXPECT_TRUE(manager_->create(macsec_driver, parent_).starts_with(own_prefix));
  manager_.reset();
  run_until([&] { return other.create(macsec_driver, parent_).starts_with(own_prefix); });
}

TEST_F(NetworkManagerTest, InterfacesAndBlobsAreLimited) {
  start();
  const std::string link = manager_->create(macsec_driver, parent_);
  unsigned number = 0;
  const auto add = [&](sd_bus_message* message) {
    bus::put_all(message, fmt::format("blob{}", number++), bus::Octets(256UL * 1024, 1));
  };
  std::string error;
  while (error.empty() && number < 64) error = manager_->call(link, link_interface, "AddBlob", add).error;
  EXPECT_EQ(error, supplicant_error::unknown);
  EXPECT_EQ(number, 33U);
  std::string last = link;
  unsigned links = 1;
  while (last.starts_with(own_prefix) && links < 1000) {
    last = manager_->create(macsec_driver, parent_);
    ++links;
  }
  EXPECT_EQ(last, supplicant_error::unknown);
  EXPECT_EQ(links, 257U);
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