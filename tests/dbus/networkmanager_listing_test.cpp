// SPDX-License-Identifier: LGPL-2.1-or-later
/// NetworkManager's connections as profiles of macsecd.
#include "plugin/networkmanager/profiles/listing.hpp"
#include "tests/dbus/networkmanager_fixture.hpp"

namespace macsec::nm {
namespace {

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
  run_until([&] { return runs_->ready(); });
  std::optional<std::vector<StoredConnection>> stored{{connection("xpn", "GCM-AES-XPN-256")}};
  std::set<std::string> spare;
  Listing listing{event_.get(), *runs_, [&] { return stored; },
                  [&](std::set<std::string> devices) { spare = devices; }};
  const auto shown = [&](const std::string& name, CreateChoice create) {
    listing.update();
    run_until([&] {
      const auto state = model().profile(name);
      return state.profile && !state.enabled && state.profile->link.create == create;
    });
    const auto profile = model().profile(name).profile;
    return profile && profile->link.create == create;
  };
  EXPECT_TRUE(shown("xpn", CreateChoice::always));
  EXPECT_EQ(spare, std::set<std::string>{"macsec7"});
  // The one device cannot serve both.
  stored->push_back(connection("plain", ""));
  EXPECT_TRUE(shown("xpn", CreateChoice::no));
  const auto problems = profile("/org/macsecd1/profile/xpn").problems;
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_NE(problems[0].text.find("macsec7"), std::string::npos) << problems[0].text;
  EXPECT_TRUE(shown("plain", CreateChoice::no));
  EXPECT_TRUE(spare.empty());
  // Nor can there be two with one SCI.
  stored->back().interface = "macsec8";
  EXPECT_TRUE(shown("xpn", CreateChoice::no));
  EXPECT_TRUE(spare.empty());
  stored->back().port = 2;
  EXPECT_TRUE(shown("xpn", CreateChoice::always));
  // The same device for two, said in other words.
  stored->back() = connection("plain", "gcm-aes-xpn-256,");
  EXPECT_TRUE(shown("plain", CreateChoice::always));
  stored->pop_back();
  EXPECT_TRUE(shown("xpn", CreateChoice::always));
  run_until([&] { return !model().has_profile("plain"); });
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

StoredConnection with_suites(std::string id, std::string interface, std::uint16_t port) {
  StoredConnection out;
  out.connection = {.id = id, .uuid = "uuid-of-" + id, .user_data = {{"org.macsecd.cipher-suites", "GCM-AES-256"}}};
  out.parent = "eth0";
  out.interface = std::move(interface);
  out.port = port;
  out.ckn = "abcd";
  return out;
}

Wanted wanted_copy(const Wanted& from) {
  Wanted out;
  out.parent = from.parent;
  out.device = from.device;
  out.network = from.network.duplicate();
  out.connection = from.connection;
  return out;
}

TEST_F(NetworkManagerTest, PrivateConnectionsAreNotShownAndTakePartInNothing) {
  start();
  run_until([&] { return runs_->ready(); });
  StoredConnection evil = with_suites("evil", "macsec8", 1);  // the SCI of another
  evil.connection.is_private = true;
  const std::vector<StoredConnection> stored{evil, with_suites("uplink", "macsec7", 1)};
  std::set<std::string> spare;
  Listing listing{event_.get(), *runs_, [&] { return std::optional{stored}; },
                  [&](std::set<std::string> devices) { spare = devices; }};
  listing.update();
  run_until([&] { return model().has_profile("uplink"); });
  EXPECT_EQ(spare, std::set<std::string>{"macsec7"});
  EXPECT_FALSE(model().has_profile("evil"));
}

TEST_F(NetworkManagerTest, DevicesMadeInAdvanceAreLimited) {
  start();
  run_until([&] { return runs_->ready(); });
  std::vector<StoredConnection> stored;
  for (unsigned i = 0; i < Listing::most_spare_devices; ++i)
    stored.push_back(with_suites(fmt::format("b{}", i), fmt::format("b{}", i), static_cast<std::uint16_t>(i + 2)));
  std::set<std::string> spare;
  Listing listing{event_.get(), *runs_, [&] { return std::optional{stored}; },
                  [&](std::set<std::string> devices) { spare = devices; }};
  listing.update();
  run_until([&] {
    return std::ranges::all_of(stored, [&](const auto& each) { return model().has_profile(each.connection.id); });
  });
  EXPECT_EQ(spare.size(), Listing::most_spare_devices);
  stored.push_back(with_suites("a", "a", 1));  // before the others by name
  listing.update();
  run_until([&] { return model().has_profile("a"); });
  EXPECT_FALSE(spare.contains("a"));
  EXPECT_EQ(spare.size(), Listing::most_spare_devices);
  EXPECT_FALSE(profile("/org/macsecd1/profile/a").problems.empty());
  stored.erase(stored.begin());
  listing.update();
  run_until([&] { return spare.contains("a"); });
  EXPECT_TRUE(spare.contains("a"));
}

TEST_F(NetworkManagerTest, AConnectionThatFailedSaysWhyAfterwards) {
  std::optional<Listing> listing;
  given_up_ = [&](const std::string& name) { listing->take_over(name); };
  start();
  run_until([&] { return runs_->ready(); });
  const StoredConnection stored = with_suites("uplink", "macsec0", 1);
  listing.emplace(
      event_.get(), *runs_, [&] { return std::optional{std::vector{stored}}; }, [](const std::set<std::string>&) {});
  Wanted wanted;
  wanted.parent = "eth0";
  wanted.device = devices_.front();
  wanted.network.ckn = *Ckn::from_hex("abcd");
  wanted.network.cak = Secret<32>{Bytes{bus::Octets(16, 1)}};
  wanted.connection = stored.connection;
  runs_->run(wanted_copy(wanted), {});
  run_until([&] { return model().profile("uplink").enabled; });
  be("macsec0", core::PortState::pending, core::Reason::cak_mismatch);
  run_until([&] { return runs_->progress("macsec0") == Progress::refused; });
  const std::string why = runs_->reason("macsec0");
  runs_->note_failure("macsec0");
  runs_->remove("macsec0");
  run_until([&] { return model().has_profile("uplink") && !model().profile("uplink").enabled; });
  const auto problems = profile("/org/macsecd1/profile/uplink").problems;
  EXPECT_TRUE(std::ranges::any_of(problems, [&](const bus::Problem& each) {
    return each.text.find("the last activation failed: " + why) != std::string::npos;
  }));
  runs_->run(wanted_copy(wanted), {});
  run_until([&] { return model().profile("uplink").enabled; });
  EXPECT_EQ(runs_->failure(stored.connection.uuid), "");
}

TEST_F(NetworkManagerTest, AConnectionThatWasRefusedBeforeItRanSaysWhyAfterwards) {
  std::optional<Listing> listing;
  given_up_ = [&](const std::string& name) { listing->take_over(name); };
  start();
  run_until([&] { return runs_->ready(); });
  const StoredConnection stored = with_suites("uplink", "macsec0", 1);
  listing.emplace(
      event_.get(), *runs_, [&] { return std::optional{std::vector{stored}}; }, [](const std::set<std::string>&) {});
  Wanted wanted;
  wanted.parent = "eth0";
  wanted.device = devices_.front();
  wanted.network.does_eap = true;
  wanted.connection = stored.connection;
  wanted.extras.problems.push_back({true, {}, 0, "802-1x.ca-cert", "802-1x.ca-cert is not set"});
  std::optional<std::string> refused;
  runs_->run(std::move(wanted), [&](const std::optional<std::string>& error) { refused = error; });
  run_until([&] { return refused.has_value(); });
  runs_->remove("macsec0");
  const auto told = [&] {
    const auto problems = profile("/org/macsecd1/profile/uplink").problems;
    return std::ranges::any_of(problems, [](const bus::Problem& each) {
      return each.text == "the last activation failed: 802-1x.ca-cert is not set";
    });
  };
  run_until(told);
  EXPECT_TRUE(told());
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

TEST_F(NetworkManagerTest, WhatAnEarlierProcessLeftRunningIsNotShownOver) {
  start();
  static_cast<void>(activate());
  const auto parked = [&] {
    const auto now = profile("/org/macsecd1/profile/nm_2dmacsec0");
    return now.parked_until.has_value();
  };
  supplicant_.reset();
  runs_.reset();
  run_until(parked);
  auto runs = Runs::start(event_.get(), {.address = bus_.address()}, [](const std::string&) {});
  ASSERT_TRUE(runs);
  std::vector<StoredConnection> stored(1);
  stored[0].connection = {.id = "nm-macsec0", .uuid = "macsec0", .user_data = {}};  // as the other said for want of one
  stored[0].parent = "eth0";
  stored[0].interface = "macsec0";
  stored[0].ckn = "abcd";
  stored.push_back(stored[0]);
  stored[1].connection.id = stored[1].connection.uuid = "other";
  stored[1].interface = "macsec1";
  Listing listing{event_.get(), **runs, [&] { return std::optional{stored}; }, [](const std::set<std::string>&) {}};
  run_until([&] { return (*runs)->ready(); });
  listing.update();
  run_until([&] { return model().has_profile("other"); });
  EXPECT_TRUE(model().profile("nm-macsec0").enabled);
  EXPECT_TRUE(parked());
}

}  // namespace
}  // namespace macsec::nm
