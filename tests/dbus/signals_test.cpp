// SPDX-License-Identifier: LGPL-2.1-or-later
/// What is told without being asked, the mirror that listens, and a bus that comes and goes.
#include "tests/dbus/fixture.hpp"

namespace macsec::test {
namespace {

using Kind = bus::Change::Kind;

class Signals : public BusTest {
 protected:
  Signals() {
    watcher_.emplace(event_.get(), bus_.address());
    mirror_.emplace(
        watcher_->client(),
        bus::Mirror::Callbacks{
            [this](const bus::Change& change) { changes_.push_back(change); },
            [this](const std::string& path, const bus::SessionEvent& event) { events_.emplace_back(path, event); },
            [this](const std::string& path, const std::string& ckn, const std::string& sci) {
              unknown_.push_back(path + " " + ckn + " " + sci);
            },
            [this](const std::string& path, const bus::KeyEvent& event) { key_events_.emplace_back(path, event); }});
    run_until([this] { return mirror_->ready(); });
    changes_.clear();
  }
  [[nodiscard]] std::size_t count(Kind kind) const {
    return static_cast<std::size_t>(std::ranges::count(changes_, kind, &bus::Change::kind));
  }
  /// What was sent before this was sent after is here when it returns.
  void catch_up() {
    const auto answer = watcher_->call(watcher_->client().properties(bus::root_path, bus::interface::manager));
    EXPECT_TRUE(answer);
  }

  std::optional<Caller> watcher_;
  std::optional<bus::Mirror> mirror_;
  std::vector<bus::Change> changes_;
  std::vector<std::pair<std::string, bus::SessionEvent>> events_;
  std::vector<std::string> unknown_;
  std::vector<std::pair<std::string, bus::KeyEvent>> key_events_;
};

TEST_F(Signals, ObjectsComeAndGo) {
  add_lab();
  catch_up();
  EXPECT_EQ(count(Kind::added), 2U);
  ASSERT_TRUE(mirror_->profile(lab_path));
  EXPECT_EQ(mirror_->profile(lab_path)->session, macsec0_path);
  ASSERT_TRUE(mirror_->session(macsec0_path));
  EXPECT_EQ(caller().error_of(client().remove_profile(lab_path)), "");
  catch_up();
  EXPECT_EQ(count(Kind::removed), 2U);
  EXPECT_FALSE(mirror_->profile(lab_path));
  EXPECT_TRUE(mirror_->objects().empty());
}

TEST_F(Signals, ChangesOfOneTurnGoOutTogetherAndOnlyWhatDiffers) {
  add_lab();
  model().set_session(secured_session("macsec0"));
  served_->server.published().flush();
  catch_up();
  changes_.clear();
  bus::SessionState state = secured_session("macsec0");
  for (unsigned i = 0; i < 50; ++i) {
    state.status.last_error = "try " + std::to_string(i);
    state.status.state = i % 2 == 0 ? core::PortState::pending : core::PortState::secured;
    model().set_session(state);
  }
  run_until([this] { return !changes_.empty(); });
  catch_up();
  ASSERT_EQ(count(Kind::changed), 1U);
  EXPECT_EQ(changes_[0].path, macsec0_path);
  EXPECT_EQ(changes_[0].names, (std::vector<std::string>{"LastError"}));
  EXPECT_EQ(mirror_->session(macsec0_path)->last_error, "try 49");
}

TEST_F(Signals, SupplicantComesChangesAndGoesWithItsSection) {
  add_lab();
  catch_up();
  changes_.clear();
  const auto be = [this](std::optional<core::SupplicantState> supplicant) {
    bus::SessionState state = secured_session("macsec0");
    if (supplicant) state.status.supplicant.emplace().state = *supplicant;
    model().set_session(std::move(state));
    served_->server.published().flush();
    catch_up();
  };
  const auto told = [this](Kind kind) {
    return std::ranges::count_if(changes_, [kind](const bus::Change& change) {
      return change.kind == kind && change.path == macsec0_path && change.interface == bus::interface::supplicant;
    });
  };
  be(core::SupplicantState::waiting);
  EXPECT_EQ(told(Kind::added), 1);
  be(core::SupplicantState::authenticated);
  ASSERT_EQ(told(Kind::changed), 1);
  EXPECT_EQ(changes_.back().names, (std::vector<std::string>{"State"}));
  be(std::nullopt);
  EXPECT_EQ(told(Kind::removed), 1);
  be(core::SupplicantState::authenticated);
  changes_.clear();
  EXPECT_EQ(caller().error_of(client().remove_profile(lab_path)), "");
  catch_up();
  EXPECT_EQ(told(Kind::removed), 1) << "with the object";
}

TEST_F(Signals, AuthenticatorTellsWhatChangesAndNotWhatMoves) {
  add_lab();
  catch_up();
  bus::SessionState state = secured_session("macsec0");
  const auto told = [&] {
    changes_.clear();
    model().set_session(state);
    served_->server.published().flush();
    catch_up();
    std::vector<std::string> out;
    for (const bus::Change& change : changes_)
      if (change.path == macsec0_path && change.interface == bus::interface::authenticator) {
        out.insert(out.end(), change.names.begin(), change.names.end());
        if (change.kind != Kind::changed) out.emplace_back(change.kind == Kind::added ? "+" : "-");
      }
    return out;
  };
  using Names = std::vector<std::string>;
  state.status.authenticator.emplace().servers.emplace_back().address = "192.0.2.1";
  EXPECT_EQ(told().back(), "+");
  core::RadiusServerStatus& server = state.status.authenticator->servers.front();
  server.last_answer = Time{std::chrono::seconds{1}};
  server.counters.access_requests = 9;
  state.status.authenticator->counters.eap_rx = 9;
  EXPECT_EQ(told(), Names{});
  server.state = core::RadiusServerState::dead;
  EXPECT_EQ(told(), Names{"Servers"});
  // From one role to the other: one interface goes, the other comes.
  state.status.authenticator.reset();
  state.status.supplicant.emplace();
  EXPECT_EQ(told(), Names{"-"});
  EXPECT_TRUE(std::ranges::any_of(changes_, [](const bus::Change& change) {
    return change.kind == Kind::added && change.interface == bus::interface::supplicant;
  }));
}

TEST_F(Signals, WhatMovesAllTheTimeIsNotTold) {
  add_lab();
  bus::SessionState state = secured_session("macsec0");
  model().set_session(state);
  served_->server.published().flush();
  catch_up();
  changes_.clear();
  state.status.counters.mkpdu_rx += 1000;
  state.status.next_pn += 1000;
  state.status.participants[0].mn += 5;
  state.status.participants[0].peers[0].mn += 5;
  state.status.participants[0].peers[0].last_heard += std::chrono::seconds{2};
  model().set_session(state);
  served_->server.published().flush();
  catch_up();
  EXPECT_TRUE(changes_.empty());
  const bus::SessionInfo now = session(macsec0_path);
  EXPECT_EQ(now.counters.at("MkpduRx"), 1075U);
  EXPECT_EQ(now.peers.at(0).last_heard, Time{std::chrono::seconds{152}});
  state.status.participants[0].peers[0].live = false;
  model().set_session(state);
  served_->server.published().flush();
  catch_up();
  ASSERT_EQ(changes_.size(), 1U);
  EXPECT_EQ(changes_[0].names, (std::vector<std::string>{"Peers"}));
}

TEST_F(Signals, EventsAreHeard) {
  add_lab();
  catch_up();
  served_->server.published().session_event("macsec0",
                                            {core::Event::Kind::peer_live, Time{std::chrono::seconds{5}}, "a peer"});
  served_->server.published().session_event("macsec0", {core::Event::Kind::snapshot_changed, Time{}, ""});
  served_->server.published().session_event("macsec9", {core::Event::Kind::peer_live, Time{}, "of no session"});
  catch_up();
  ASSERT_EQ(events_.size(), 1U);
  EXPECT_EQ(events_[0].first, macsec0_path);
  EXPECT_EQ(events_[0].second.kind, "peer-live");
  EXPECT_EQ(events_[0].second.time, Time{std::chrono::seconds{5}});
  EXPECT_EQ(events_[0].second.text, "a peer");
}

// Fifty ports come up together, each with many events: what an event costs must not grow with their number.
TEST_F(Signals, EventTellsOfItsSessionBeforeItAndOfNoOther) {
  add_lab();
  bus::Settings other = lab_settings("macsec1");
  other[0].texts[0].second = "eth1";
  ASSERT_EQ(caller().error_of(client().add_profile("other", other, {})), "");
  catch_up();
  for (const char* interface : {"macsec0", "macsec1"}) {
    bus::SessionState state = secured_session(interface);
    state.status.last_error = "new";
    model().set_session(state);
  }
  model().asked.clear();
  changes_.clear();
  served_->server.published().session_event("macsec0",
                                            {core::Event::Kind::peer_live, Time{std::chrono::seconds{5}}, "a peer"});
  EXPECT_EQ(model().asked["macsec0"], 1U);
  EXPECT_EQ(model().asked["macsec1"], 0U);
  run_until([this] { return !events_.empty(); });
  ASSERT_FALSE(changes_.empty());
  EXPECT_EQ(changes_[0].path, macsec0_path);
}

TEST_F(Signals, EventsOfKeysAreTheProfilesToo) {
  add_lab();
  catch_up();
  const Ckn ckn = Ckn::from_hex("aabb").value();
  const Sci sci = Sci::of(*mac_from_string("02:00:00:00:00:07"), 1);
  served_->server.published().session_event(
      "macsec0", {.kind = core::Event::Kind::key_overdue, .at = Time{}, .text = "aabb is late", .ckn = ckn});
  served_->server.published().session_event(
      "macsec0", {.kind = core::Event::Kind::unknown_ckn, .at = Time{}, .text = {}, .ckn = ckn, .sci = sci});
  bus::SettingsSection key{"Key", {{"Ckn", "cc"}}, {}};
  key.secrets.emplace_back("Cak", bus::to_secret(std::array<std::uint8_t, 16>{1}));
  EXPECT_TRUE(caller().call(client().add_key(lab_path, key, {.memory = true})));
  EXPECT_EQ(caller().error_of(client().disable_profile(lab_path)), "");
  EXPECT_EQ(caller().error_of(client().retire_key(lab_path, "cc", std::chrono::seconds{1}, true)), "");
  catch_up();
  ASSERT_EQ(events_.size(), 1U) << "a CKN that nobody checked is no event";
  EXPECT_EQ(events_[0].second.kind, "key-overdue");
  EXPECT_EQ(unknown_, (std::vector<std::string>{std::string{macsec0_path} + " aabb " + to_string(sci)}));
  ASSERT_EQ(key_events_.size(), 3U);
  EXPECT_EQ(key_events_[0].first, lab_path);
  EXPECT_EQ(key_events_[0].second.kind, "key-overdue");
  EXPECT_EQ(key_events_[0].second.ckn, "aabb");
  EXPECT_EQ(key_events_[1].second.kind, "key-added");
  EXPECT_EQ(key_events_[1].second.ckn, "cc");
  EXPECT_EQ(key_events_[2].second.kind, "key-retired") << "by force, where no session tells of it";
  EXPECT_EQ(key_events_[2].second.ckn, "cc");
}

TEST_F(Signals, TheMirrorOutlivesTheDaemon) {
  add_lab({.lifetime = bus::Lifetime::memory});
  catch_up();
  served_.reset();
  EXPECT_TRUE(test::run_until(event_.get(), [this] { return count(Kind::gone) == 1; }));
  EXPECT_TRUE(mirror_->objects().empty());
  bus::ServerOptions options;
  options.address = bus_.address();
  served_.emplace(event_.get(), std::move(options));
  ASSERT_TRUE(served_->server.start());
  EXPECT_TRUE(test::run_until(event_.get(), [this] { return count(Kind::ready) == 1; }));
}

class Reconnecting : public testing::Test {};

TEST_F(Reconnecting, TheServerWaitsForTheBusAndComesBack) {
  PrivateBus bus;
  const EventPointer event = new_event();
  bus::ServerOptions options;
  options.address = bus.address();
  options.authority.trusted.insert(::geteuid());
  ServerOverModel served{event.get(), std::move(options)};
  ASSERT_TRUE(served.server.start()) << "a missing bus is no error";
  bus.start();
  ASSERT_TRUE(run_until(event.get(), [&] { return served.server.has_name(); }));
  {
    Caller caller{event.get(), bus.address()};
    ASSERT_EQ(caller.error_of(caller.client().add_profile("lab", lab_settings(), {})), "");
  }
  ASSERT_TRUE(run_until(event.get(), [&] { return !served.model.has_profile("lab"); }));

  std::optional<Caller> caller{std::in_place, event.get(), bus.address()};
  ASSERT_EQ(caller->error_of(caller->client().add_profile("lab", lab_settings(), {})), "");
  bus.stop();
  ASSERT_TRUE(run_until(event.get(), [&] { return !served.server.has_name(); }));
  EXPECT_TRUE(served.model.has_profile("lab")) << "the bus going must not take links down";
  caller.reset();
  bus.start();
  ASSERT_TRUE(run_until(event.get(), [&] { return served.server.has_name(); }));
  caller.emplace(event.get(), bus.address());
  const auto owner = caller->call(caller->client().properties(lab_path, bus::interface::profile));
  ASSERT_TRUE(owner) << owner.error().text;
  EXPECT_EQ((*owner)["Owner"].text(), "");
  EXPECT_EQ(caller->error_of(caller->client().add_profile("lab", lab_settings(), {})), "") << "it is claimed again";
}

TEST_F(Reconnecting, ATakenNameIsReported) {
  PrivateBus bus;
  bus.start();
  const EventPointer event = new_event();
  bus::ServerOptions options;
  options.address = bus.address();
  ServerOverModel first{event.get(), options};
  ASSERT_TRUE(first.server.start());
  ASSERT_TRUE(run_until(event.get(), [&] { return first.server.has_name(); }));
  bool refused_as_taken = false;
  options.refused = [&](const std::string&, bool taken) { refused_as_taken = taken; };
  ServerOverModel second{event.get(), options};
  ASSERT_TRUE(second.server.start());
  ASSERT_TRUE(run_until(event.get(), [&] { return refused_as_taken; }));
  EXPECT_FALSE(second.server.has_name());
}

TEST(RunUntil, SeesWhatCameWhileTheQuestionRanTheLoop) {
  const EventPointer event = new_event();
  bool there = false;
  bool late = false;
  const auto come = [](sd_event_source*, void* userdata) noexcept {
    *static_cast<bool*>(userdata) = true;
    return 0;
  };
  const auto be_late = [](sd_event_source*, std::uint64_t, void* userdata) noexcept {
    *static_cast<bool*>(userdata) = true;
    return 0;
  };
  sd_event_add_defer(event.get(), nullptr, come, &there);
  sd_event_add_time_relative(event.get(), nullptr, CLOCK_MONOTONIC, 30'000'000, 0, be_late, &late);
  EXPECT_TRUE(run_until(event.get(), [&] {
    const bool before = there;
    sd_event_run(event.get(), 0);
    return before;
  }));
  EXPECT_FALSE(late);
}

TEST_F(Signals, TheMirrorAsksAgainWhatWasNotAnswered) {
  PrivateBus other;
  other.start();
  sd_bus* raw = nullptr;
  ASSERT_GE(sd_bus_new(&raw), 0);
  const bus::BusPointer service{raw};
  ASSERT_GE(sd_bus_set_address(raw, other.address().c_str()), 0);
  ASSERT_GE(sd_bus_set_bus_client(raw, 1), 0);
  ASSERT_GE(sd_bus_start(raw), 0);
  unsigned asked = 0;
  const auto answer = [](sd_bus_message* call, void* count, sd_bus_error*) {
    if (sd_bus_message_is_method_call(call, bus::interface::object_manager, "GetManagedObjects") <= 0) return 0;
    if (++*static_cast<unsigned*>(count) <= 2) return sd_bus_reply_method_errorf(call, SD_BUS_ERROR_FAILED, "not now");
    return sd_bus_reply_method_return(call, "a{oa{sa{sv}}}", 0);
  };
  ASSERT_GE(sd_bus_add_filter(raw, nullptr, answer, &asked), 0);
  ASSERT_GE(sd_bus_request_name(raw, bus::service_name, 0), 0);
  ASSERT_GE(sd_bus_attach_event(raw, event_.get(), SD_EVENT_PRIORITY_NORMAL), 0);
  Caller program{event_.get(), other.address()};
  const bus::Mirror mirror{program.client(), {.changed = [](const bus::Change&) {}}};
  run_until([&mirror] { return mirror.ready(); });
  EXPECT_EQ(asked, 3U);
}

}  // namespace
}  // namespace macsec::test
