// SPDX-License-Identifier: LGPL-2.1-or-later
/// The manager and sessions over the bus, and every documented error of their methods.
#include "tests/dbus/fixture.hpp"

#include <cerrno>

namespace macsec::test {
namespace {

namespace error = bus::error;

class SessionMethods : public BusTest {
 protected:
  SessionMethods() { add_lab(); }
  void be(const std::function<void(bus::SessionState&)>& change) {
    bus::SessionState state = secured_session("macsec0");
    change(state);
    model().set_session(std::move(state));
    served_->server.published().flush();
  }
};

// A text that may not be on the bus must not take every object of the daemon with it.
TEST_F(SessionMethods, ATextThatIsNoneIsToldInDigits) {
  be([](bus::SessionState& state) {
    state.status.last_error = "CN=a\xef\xbf\xbe\xff";
    state.offload_text = "gr\xc3\xbc\xc3\x9f";
  });
  const auto objects = caller().call(client().objects());
  ASSERT_TRUE(objects);
  EXPECT_TRUE(objects->contains(lab_path));
  EXPECT_TRUE(objects->contains(macsec0_path));
  EXPECT_EQ(session(macsec0_path).last_error, "CN=a\\xef\\xbf\\xbe\\xff");
  EXPECT_EQ(session(macsec0_path).offload_text, "gr\xc3\xbc\xc3\x9f");
}

TEST_F(SessionMethods, PropertiesTellEverything) {
  be([](bus::SessionState&) {});
  const bus::SessionInfo info = session(macsec0_path);
  EXPECT_EQ(info.interface, "macsec0");
  EXPECT_EQ(info.ifindex, 7);
  EXPECT_EQ(info.parent, "eth0");
  EXPECT_EQ(info.profile, lab_path);
  EXPECT_EQ(info.profile_name, "lab");
  EXPECT_EQ(info.state, "secured");
  EXPECT_EQ(info.since, Time{std::chrono::seconds{100}});
  EXPECT_EQ(info.reason, "none");
  EXPECT_EQ(info.cp, "TRANSMIT");
  EXPECT_EQ(info.policy, "must-secure");
  EXPECT_EQ(info.sci, "0200000000010001");
  EXPECT_TRUE(info.is_key_server);
  EXPECT_EQ(info.key_server, "0200000000010001");
  EXPECT_EQ(info.ckn, "00112233");
  EXPECT_EQ(info.cipher_suite, "GCM-AES-XPN-256");
  EXPECT_TRUE(info.encrypting);
  EXPECT_EQ(info.offload, "off");
  EXPECT_NE(info.offload_text, "");
  EXPECT_EQ(info.clear_frames, "kernel");
  ASSERT_TRUE(info.latest_sak);
  EXPECT_EQ(info.latest_sak->key_number, 3U);
  EXPECT_EQ(info.latest_sak->an, 1U);
  EXPECT_TRUE(info.latest_sak->transmitting);
  EXPECT_FALSE(info.old_sak);
  EXPECT_NEAR(info.pn_used, 0.25, 1e-6);
  EXPECT_TRUE(info.next_rekey);
  ASSERT_EQ(info.peers.size(), 1U);
  EXPECT_EQ(info.peers[0].sci, "0200000000020001");
  EXPECT_EQ(info.peers[0].priority, 200U);
  EXPECT_EQ(info.peers[0].last_heard, Time{std::chrono::seconds{150}});
  EXPECT_EQ(info.peers[0].cipher_suites, (bus::Strings{"GCM-AES-XPN-256"}));
  ASSERT_EQ(info.participants.size(), 1U);
  EXPECT_TRUE(info.participants[0].principal);
  EXPECT_EQ(info.counters.at("MkpduRx"), 75U);
  EXPECT_EQ(info.counters.size(), core::counter_names().size());
}

TEST_F(SessionMethods, ListsAndLookUps) {
  be([](bus::SessionState&) {});
  const auto path_of = [this](const char* name) {
    const auto found = caller().call(client().get_session(name));
    return found ? found->text : found.error().name;
  };
  EXPECT_EQ(path_of("macsec0"), macsec0_path);
  EXPECT_EQ(path_of("lab"), macsec0_path);
  EXPECT_EQ(path_of("eth0"), macsec0_path);
  EXPECT_EQ(path_of("eth9"), error::no_such_session);
  EXPECT_EQ(caller().error_of(client().add_profile("other", lab_settings("macsec1"), {})), "");
  EXPECT_EQ(path_of("eth0"), error::no_such_session) << "two sessions on one parent";
  const auto by_index = caller().call(client().get_session(7));
  ASSERT_TRUE(by_index);
  EXPECT_EQ(by_index->text, macsec0_path);
  EXPECT_EQ(caller().error_of(client().get_session(0)), error::no_such_session);
  EXPECT_EQ(caller().error_of(client().get_session(-1)), error::no_such_session);
  EXPECT_EQ(caller().error_of(client().get_profile("lab")), "");
  EXPECT_EQ(caller().raw_error(bus::root_path, bus::interface::manager, "ListProfiles"), "");
  EXPECT_EQ(caller().raw_error(bus::root_path, bus::interface::manager, "ListSessions"), "");
  const auto all = caller().call(client().objects());
  ASSERT_TRUE(all);
  EXPECT_EQ(all->size(), 4U);
}

TEST_F(SessionMethods, ManagerCounts) {
  be([](bus::SessionState&) {});
  const auto manager = caller().call(client().properties(bus::root_path, bus::interface::manager));
  ASSERT_TRUE(manager);
  EXPECT_EQ((*manager)["Version"].text(), MACSECD_VERSION);
  EXPECT_EQ((*manager)["ProfileCount"].number(), 1U);
  EXPECT_EQ((*manager)["SessionCount"].number(), 1U);
  EXPECT_EQ((*manager)["SecuredCount"].number(), 1U);
  EXPECT_EQ((*manager)["ProfileDirectories"].list().size(), 2U);
}

TEST_F(SessionMethods, CapabilitiesOfALink) {
  const auto can = caller().call(client().link_capabilities("eth0"));
  ASSERT_TRUE(can);
  EXPECT_EQ((*can)["OffloadModes"].at(1).text(), "mac");
  EXPECT_EQ((*can)["OffloadUntried"].at(0).text(), "phy");
  EXPECT_EQ((*can)["CipherSuites"].at(0).text(), "GCM-AES-XPN-256");
  EXPECT_EQ((*can)["Speed"].number(), 10'000'000'000U);
  EXPECT_EQ((*can)["Mac"].text(), "02:00:00:00:00:01");
  EXPECT_EQ(caller().error_of(client().link_capabilities("eth9")), error::no_such_link);
  model().next_error = Error{EIO, "the kernel does not answer"};
  EXPECT_EQ(caller().error_of(client().link_capabilities("eth0")), error::failed);
}

TEST_F(SessionMethods, Reload) {
  EXPECT_EQ(caller().error_of(client().reload()), "");
  EXPECT_EQ(model().commands.back(), "reload");
  model().next_error = Error{EIO, "no directory"};
  EXPECT_EQ(caller().error_of(client().reload()), error::failed);
}

TEST_F(SessionMethods, Rekey) {
  be([](bus::SessionState&) {});
  EXPECT_EQ(caller().error_of(client().rekey(macsec0_path)), "");
  EXPECT_EQ(model().commands.back(), "rekey macsec0");
  be([](bus::SessionState& state) { state.status.is_key_server = false; });
  EXPECT_EQ(caller().error_of(client().rekey(macsec0_path)), error::not_key_server);
  be([](bus::SessionState& state) { state.status.state = core::PortState::pending; });
  EXPECT_EQ(caller().error_of(client().rekey(macsec0_path)), error::not_secured);
  be([](bus::SessionState& state) { state.static_keys = true; });
  EXPECT_EQ(caller().error_of(client().rekey(macsec0_path)), error::not_supported);
  be([](bus::SessionState&) {});
  model().next_error = Error{EIO, "the kernel refuses"};
  EXPECT_EQ(caller().error_of(client().rekey(macsec0_path)), error::failed);
}

/// A session that was authenticated, and failed to be since.
void authenticated(bus::SessionState& state) {
  core::SupplicantStatus& supplicant = state.status.supplicant.emplace();
  supplicant.state = core::SupplicantState::held;
  supplicant.reason = core::Reason::authentication_failed;
  supplicant.reason_text = "refused";
  supplicant.authenticator = MacAddress{{2, 0, 0, 0, 0, 2}};
  supplicant.last_success = Time{std::chrono::seconds{90}};
  supplicant.next_attempt = Time{std::chrono::seconds{160}};
  supplicant.cak_bits = 128;
  supplicant.counters.start_tx = 5;
  EapVerdict& verdict = supplicant.verdict.emplace();
  verdict.method = EapType::peap;
  verdict.validated = false;
  verdict.tls.version = "TLSv1.3";
  verdict.server.subject = "CN=radius";
  verdict.server.names = {"DNS:radius.example.org"};
  verdict.server.not_after = 2'000'000'000;
}

TEST_F(SessionMethods, SupplicantTellsEverything) {
  be(authenticated);
  const auto properties = caller().call(client().properties(macsec0_path, bus::interface::supplicant));
  ASSERT_TRUE(properties);
  const bus::SupplicantInfo info = bus::to_supplicant(properties->dict());
  EXPECT_EQ(info.state, "held");
  EXPECT_EQ(info.reason, "authentication-failed");
  EXPECT_EQ(info.reason_text, "refused");
  EXPECT_EQ(info.method, "peap");
  EXPECT_EQ(info.authenticator, "02:00:00:00:00:02");
  EXPECT_EQ(info.tls_version, "TLSv1.3");
  EXPECT_FALSE(info.validated);
  ASSERT_TRUE(info.server);
  EXPECT_EQ(info.server->names, (bus::Strings{"DNS:radius.example.org"}));
  EXPECT_EQ(info.server->not_after, 2'000'000'000);
  EXPECT_FALSE(info.client);
  EXPECT_EQ(info.last_success, Time{std::chrono::seconds{90}});
  EXPECT_FALSE(info.last_failure);
  EXPECT_EQ(info.next_attempt, Time{std::chrono::seconds{160}});
  EXPECT_EQ(info.cak_length, 128U);
  EXPECT_EQ(info.counters.at("StartTx"), 5U);
  EXPECT_EQ(info.counters.size(), core::supplicant_counter_names().size());
}

TEST_F(SessionMethods, SupplicantIsThereOnlyWhereTheProfileHasOne) {
  const auto shown = [this] {
    const auto all = caller().call(client().objects());
    return all && all->at(macsec0_path).contains(bus::interface::supplicant);
  };
  be([](bus::SessionState&) {});
  EXPECT_FALSE(shown());
  EXPECT_NE(caller().error_of(client().reauthenticate(macsec0_path, bus::interface::supplicant)), "");
  be(authenticated);
  EXPECT_TRUE(shown());
  be([](bus::SessionState&) {});
  EXPECT_FALSE(shown());
}

TEST_F(SessionMethods, ReauthenticateAndLogoff) {
  be(authenticated);
  EXPECT_EQ(caller().error_of(client().reauthenticate(macsec0_path, bus::interface::supplicant)), "");
  EXPECT_EQ(model().commands.back(), "reauthenticate macsec0");
  EXPECT_EQ(caller().error_of(client().log_off(macsec0_path)), "");
  EXPECT_EQ(model().commands.back(), "log off macsec0");
  model().next_error = Error{ENOTSUP, "the profile says UseEap=never"};
  EXPECT_EQ(caller().error_of(client().reauthenticate(macsec0_path, bus::interface::supplicant)), error::not_supported);
  model().next_error = Error{ENETDOWN, "there is no carrier"};
  EXPECT_EQ(caller().error_of(client().reauthenticate(macsec0_path, bus::interface::supplicant)), error::failed);
  model().next_error = Error{ENOENT, "it went"};
  EXPECT_EQ(caller().error_of(client().log_off(macsec0_path)), error::no_such_session);
}

/// An access port whose host was authenticated by the second server.
void access_port(bus::SessionState& state) {
  core::AuthenticatorStatus& port = state.status.authenticator.emplace();
  port.state = core::AuthenticatorState::authenticated;
  port.since = Time{std::chrono::seconds{90}};
  port.reason = core::Reason::no_radius_server;
  port.reason_text = "no server answers";
  port.host = MacAddress{{2, 0, 0, 0, 0, 2}};
  port.identity = "al\u00efce";
  port.server = "192.0.2.2";
  port.last_success = Time{std::chrono::seconds{90}};
  port.next_reauthentication = Time{std::chrono::seconds{3690}};
  port.cak_bits = 256;
  port.linksec_policy = "must-secure";
  port.reply_message = "gr\u00fc\u00df dich";
  port.ignored_attributes = {{"Filter-Id", "guests"}, {"Tunnel-Private-Group-Id", "17"}, {"Filter-Id", "night"}};
  port.counters.rejects = 3;
  core::RadiusServerStatus& dead = port.servers.emplace_back();
  dead.address = "192.0.2.1";
  dead.port = 1812;
  dead.state = core::RadiusServerState::dead;
  dead.words = "no answer from 192.0.2.1:1812";
  dead.counters.timeouts = 4;
  core::RadiusServerStatus& alive = port.servers.emplace_back();
  alive.address = "2001:db8::2";
  alive.port = 1645;
  alive.state = core::RadiusServerState::alive;
  alive.current = true;
  alive.last_answer = Time{std::chrono::seconds{89}};
  alive.counters.access_accepts = 7;
}

TEST_F(SessionMethods, AuthenticatorTellsEverything) {
  be(access_port);
  const auto properties = caller().call(client().properties(macsec0_path, bus::interface::authenticator));
  ASSERT_TRUE(properties);
  const bus::AuthenticatorInfo info = bus::to_authenticator(properties->dict());
  EXPECT_EQ(info.state, "authenticated");
  EXPECT_EQ(info.since, Time{std::chrono::seconds{90}});
  EXPECT_EQ(info.reason, "no-radius-server");
  EXPECT_EQ(info.reason_text, "no server answers");
  EXPECT_EQ(info.host, "02:00:00:00:00:02");
  EXPECT_EQ(info.other_host, "");
  EXPECT_EQ(info.server, "192.0.2.2");
  EXPECT_EQ(info.last_success, Time{std::chrono::seconds{90}});
  EXPECT_FALSE(info.last_failure);
  EXPECT_FALSE(info.session_ends);
  EXPECT_EQ(info.next_reauthentication, Time{std::chrono::seconds{3690}});
  EXPECT_FALSE(info.next_attempt);
  EXPECT_EQ(info.cak_length, 256U);
  EXPECT_EQ(info.linksec_policy, "must-secure");
  EXPECT_EQ(info.counters.at("Rejects"), 3U);
  EXPECT_EQ(info.counters.size(), core::authenticator_counter_names().size());
  ASSERT_EQ(info.servers.size(), 2U);
  EXPECT_EQ(info.servers[0].state, "dead");
  EXPECT_EQ(info.servers[0].problem, "no answer from 192.0.2.1:1812");
  EXPECT_FALSE(info.servers[0].last_answer);
  EXPECT_EQ(info.servers[0].counters.at("Timeouts"), 4U);
  EXPECT_EQ(info.servers[1].address, "2001:db8::2");
  EXPECT_EQ(info.servers[1].port, 1645U);
  EXPECT_TRUE(info.servers[1].current);
  EXPECT_EQ(info.servers[1].last_answer, Time{std::chrono::seconds{89}});
  EXPECT_EQ(info.servers[1].counters.size(), core::radius_counter_names().size());
}

TEST_F(SessionMethods, WhatAHostOrAServerSaysIsShown) {
  be(access_port);
  const auto properties = caller().call(client().properties(macsec0_path, bus::interface::authenticator));
  ASSERT_TRUE(properties);
  const bus::AuthenticatorInfo info = bus::to_authenticator(properties->dict());
  EXPECT_EQ(info.identity, "al\u00efce");
  EXPECT_EQ(info.reply_message, "gr\u00fc\u00df dich");
  EXPECT_EQ(info.attributes.at("Filter-Id"), (bus::Strings{"guests", "night"}));
  EXPECT_EQ(info.attributes.at("Tunnel-Private-Group-Id"), (bus::Strings{"17"}));
}

TEST_F(SessionMethods, StatisticsHaveAGroupForEachWhoCounts) {
  be(access_port);
  const auto groups = caller().call(client().statistics(macsec0_path));
  ASSERT_TRUE(groups);
  EXPECT_EQ((*groups)["Authenticator"]["Rejects"].number(), 3U);
  EXPECT_EQ((*groups)["Radius 192.0.2.1:1812"]["Timeouts"].number(), 4U);
  EXPECT_EQ((*groups)["Radius [2001:db8::2]:1645"]["AccessAccepts"].number(), 7U);
  EXPECT_EQ((*groups)["Mka"]["MkpduRx"].number(), 75U);
  EXPECT_EQ((*groups)["Transmit"]["Encrypted"].number(), 17U);
  EXPECT_FALSE(groups->dict().contains("Supplicant"));
  be(authenticated);
  const auto others = caller().call(client().statistics(macsec0_path));
  ASSERT_TRUE(others);
  EXPECT_EQ((*others)["Supplicant"]["StartTx"].number(), 5U);
  EXPECT_FALSE(others->dict().contains("Authenticator"));
}

TEST_F(SessionMethods, OneSideAloneIsThereByRole) {
  const auto shown = [this](const char* interface) {
    const auto all = caller().call(client().objects());
    return all && all->at(macsec0_path).contains(interface);
  };
  be(access_port);
  EXPECT_TRUE(shown(bus::interface::authenticator));
  EXPECT_FALSE(shown(bus::interface::supplicant));
  EXPECT_NE(caller().error_of(client().log_off(macsec0_path)), "");
  be(authenticated);
  EXPECT_FALSE(shown(bus::interface::authenticator));
  EXPECT_TRUE(shown(bus::interface::supplicant));
  EXPECT_NE(caller().error_of(client().terminate(macsec0_path)), "");
}

TEST_F(SessionMethods, ReauthenticateAndTerminate) {
  be(access_port);
  EXPECT_EQ(caller().error_of(client().reauthenticate(macsec0_path, bus::interface::authenticator)), "");
  EXPECT_EQ(model().commands.back(), "reauthenticate macsec0");
  EXPECT_EQ(caller().error_of(client().terminate(macsec0_path)), "");
  EXPECT_EQ(model().commands.back(), "terminate macsec0");
  model().next_error = Error{ENETDOWN, "there is no carrier"};
  EXPECT_EQ(caller().error_of(client().reauthenticate(macsec0_path, bus::interface::authenticator)), error::failed);
  model().next_error = Error{ENOENT, "it went"};
  EXPECT_EQ(caller().error_of(client().terminate(macsec0_path)), error::no_such_session);
}

TEST_F(SessionMethods, Suspend) {
  using namespace std::chrono_literals;
  be([](bus::SessionState&) {});
  EXPECT_EQ(caller().error_of(client().suspend(macsec0_path, 30s)), "");
  EXPECT_EQ(model().commands.back(), "suspend macsec0 30000000");
  EXPECT_EQ(caller().error_of(client().suspend(macsec0_path, 121s)), error::invalid_argument);
  EXPECT_EQ(caller().error_of(client().suspend(macsec0_path, -1us)), error::invalid_argument);
  be([](bus::SessionState& state) { state.status.state = core::PortState::pending; });
  EXPECT_EQ(caller().error_of(client().suspend(macsec0_path, 30s)), error::not_secured);
  be([](bus::SessionState& state) { state.static_keys = true; });
  EXPECT_EQ(caller().error_of(client().suspend(macsec0_path, 30s)), error::not_supported);
  be([](bus::SessionState&) {});
  model().next_error = Error{EIO, "the kernel refuses"};
  EXPECT_EQ(caller().error_of(client().suspend(macsec0_path, 30s)), error::failed);
}

TEST_F(SessionMethods, UpAndDown) {
  EXPECT_EQ(caller().error_of(client().down(macsec0_path)), "");
  EXPECT_EQ(model().commands.back(), "down macsec0");
  EXPECT_EQ(caller().error_of(client().up(macsec0_path)), "");
  EXPECT_EQ(model().commands.back(), "up macsec0");
  for (const auto& request : {client().up(macsec0_path), client().down(macsec0_path)}) {
    model().next_error = Error{EIO, "the kernel refuses"};
    EXPECT_EQ(caller().error_of(request), error::failed);
  }
}

TEST_F(SessionMethods, StatisticsByGroup) {
  be([](bus::SessionState&) {});
  const auto statistics = caller().call(client().statistics(macsec0_path));
  ASSERT_TRUE(statistics);
  EXPECT_EQ((*statistics)["Mka"]["MkpduRx"].number(), 75U);
  EXPECT_EQ((*statistics)["Transmit"]["Encrypted"].number(), 17U);
}

TEST_F(SessionMethods, FindingsNeedNoPrivilege) {
  be([](bus::SessionState&) {});
  polkit_->answer = PolkitMock::Answer::refuse;
  const auto findings = caller().call(client().diagnose(macsec0_path));
  ASSERT_TRUE(findings);
  ASSERT_EQ(findings->list().size(), 1U);
  const bus::Value& finding = findings->at(0);
  EXPECT_EQ(finding["Id"].text(), "no-carrier");
  EXPECT_EQ(finding["Gravity"].text(), "fault");
  EXPECT_EQ(finding["Text"].text(), "no carrier on eth0");
  EXPECT_EQ(finding["Remedy"].text(), "look at the cable");
}

TEST_F(SessionMethods, WhatIsGoneIsSaid) {
  polkit_->answer = PolkitMock::Answer::none;
  std::vector<std::string> errors;
  const auto keep = [&errors](const bus::Outcome<bus::Nothing>& outcome) {
    errors.push_back(outcome ? "" : outcome.error().name);
  };
  for (const auto& request : {client().rekey(macsec0_path), client().suspend(macsec0_path, std::chrono::seconds{1}),
                              client().up(macsec0_path), client().down(macsec0_path)})
    client().send<bus::Nothing>(request, keep);
  run_until([this] { return polkit_->questions.size() == 2; });
  ASSERT_TRUE(model().remove_profile("lab"));
  polkit_->answer = PolkitMock::Answer::allow;
  polkit_->answer_all(true);
  run_until([&errors] { return errors.size() == 4; });
  EXPECT_EQ(errors, std::vector<std::string>(4, error::no_such_session));
  EXPECT_EQ(caller().error_of(client().statistics(macsec0_path)), SD_BUS_ERROR_UNKNOWN_OBJECT);
}

TEST_F(SessionMethods, ATextThatIsNoUtf8BreaksNothing) {
  be([](bus::SessionState&) {});
  model().next_error = Error{EIO, "caf\xe9"};
  EXPECT_EQ(caller().error_of(client().rekey(macsec0_path)), error::failed);
  EXPECT_EQ(caller().error_of(client().rekey(macsec0_path)), "");
}

}  // namespace
}  // namespace macsec::test
