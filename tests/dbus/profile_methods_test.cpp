// SPDX-License-Identifier: LGPL-2.1-or-later
/// Profiles over the bus: adding, changing, removing, and every documented error of it.
#include "tests/dbus/fixture.hpp"

#include <fstream>

namespace macsec::test {
namespace {

using bus::Lifetime;
namespace error = bus::error;

class ProfileMethods : public BusTest {
 protected:
  void write_file(const std::filesystem::path& directory, const std::string& name) {
    write_text(directory / (name + ".macsec"), "[Link]\nParent=eth7\nInterface=file0\n");
    const Result<void> read = model().reload();
    ASSERT_TRUE(read) << read.error().message;
  }
  static void write_text(const std::filesystem::path& file, const std::string& link) {
    std::ofstream{file} << link << "[Key]\nCkn=aa\nCak=000102030405060708090a0b0c0d0e0f\n";
    std::filesystem::permissions(file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }
  [[nodiscard]] std::string path(const std::string& name) { return bus::Client::profile_path(name); }
};

TEST_F(ProfileMethods, AddedProfileIsThereWithItsSettingsAndWithoutItsSecrets) {
  ASSERT_EQ(add_lab({.source = ProfileSource::networkmanager, .origin = "a-uuid", .description = "Lab link"}),
            lab_path);
  const bus::ProfileInfo info = profile(lab_path);
  EXPECT_EQ(info.name, "lab");
  EXPECT_EQ(info.source, "networkmanager");
  EXPECT_EQ(info.origin, "a-uuid");
  EXPECT_EQ(info.description, "Lab link");
  EXPECT_EQ(info.lifetime, "client");
  EXPECT_EQ(info.owner, caller().name());
  EXPECT_TRUE(info.enabled);
  EXPECT_TRUE(info.valid);
  EXPECT_EQ(info.parent, "eth0");
  EXPECT_EQ(info.interface, "macsec0");
  EXPECT_EQ(info.session, macsec0_path);
  ASSERT_EQ(info.settings.size(), 3U);
  EXPECT_EQ(info.settings[1].second.at("Priority"), "100");
  EXPECT_EQ(info.settings[2].second.at("Ckn"), "00112233");
  EXPECT_FALSE(info.settings[2].second.contains("Cak"));
  ASSERT_EQ(model().profile("lab").profile->keys.size(), 1U);
  EXPECT_EQ(model().profile("lab").profile->keys[0].cak.size(), 16U);
}

TEST_F(ProfileMethods, OneWithAPatternHasASessionForEachPort) {
  model().interfaces = {"swp1", "swp2", "eth0"};
  write_text(model().directory() / "access.macsec", "[Link]\nParent=swp*\n");
  ASSERT_TRUE(model().reload());
  const bus::ProfileInfo info = profile(path("access"));
  EXPECT_EQ(info.parent, "swp*");
  EXPECT_EQ(info.interface, "macsec*");
  EXPECT_EQ(info.session, "");
  EXPECT_EQ(info.sessions, (std::vector{bus::Client::session_path("macsec1"), bus::Client::session_path("macsec2")}));
  const auto by_name = [this](const char* name) {
    const auto found = caller().call(caller().client().get_session(name));
    return found ? found->text : found.error().name;
  };
  EXPECT_EQ(by_name("access"), error::no_such_session);
  EXPECT_EQ(by_name("access@swp2"), bus::Client::session_path("macsec2"));
  EXPECT_EQ(by_name("swp1"), bus::Client::session_path("macsec1"));
  const auto session = caller().call(caller().client().properties(info.sessions[1], bus::interface::session));
  ASSERT_TRUE(session);
  EXPECT_EQ((*session)["ProfileName"].text(), "access");
  EXPECT_EQ((*session)["Parent"].text(), "swp2");
}

TEST_F(ProfileMethods, AKeyOfManyPortsIsAsFarAsThePortThatNeedsIt) {
  model().interfaces = {"swp1", "swp2"};
  write_text(model().directory() / "access.macsec", "[Link]\nParent=swp*\n");
  ASSERT_TRUE(model().reload());
  for (const char* interface : {"macsec1", "macsec2"}) {
    bus::SessionState state = secured_session(interface);
    state.profile = "access";
    core::ParticipantStatus& key = state.status.participants.at(0);
    key.ckn = Ckn::from_hex("aa").value();
    key.principal = state.interface == "macsec1";
    key.state = key.principal ? core::KeyState::active : core::KeyState::draining;
    key.blocker = key.principal ? "" : "peer of macsec2 has no other key";
    model().set_session(std::move(state));
  }
  model().profile_changed("access");
  const std::size_t peers = 2 * secured_session("x").status.participants.at(0).peers.size();
  run_until(
      [&] { return !profile(path("access")).keys.empty() && profile(path("access")).keys[0].live_peers == peers; });
  const bus::KeyInfo key = profile(path("access")).keys.at(0);
  EXPECT_TRUE(key.principal);
  EXPECT_FALSE(key.ready_to_retire);
  EXPECT_EQ(key.blocker, "macsec2: peer of macsec2 has no other key");
  EXPECT_EQ(key.state, "draining");
}

TEST_F(ProfileMethods, APortWithoutCarrierKeepsNoKeyOfManyPorts) {
  model().interfaces = {"swp1", "swp2"};
  write_text(model().directory() / "access.macsec", "[Link]\nParent=swp*\n");
  ASSERT_TRUE(model().reload());
  const auto set = [this](const char* interface, bool carrier, const char* blocker) {
    bus::SessionState state = secured_session(interface);
    state.profile = "access";
    state.status.carrier = carrier;
    core::ParticipantStatus& key = state.status.participants.at(0);
    key.ckn = Ckn::from_hex("aa").value();
    key.had_peer = true;
    key.blocker = blocker;
    key.hopeless = !key.blocker.empty();
    model().set_session(std::move(state));
    model().profile_changed("access");
  };
  const auto has = [this](bool ready, const std::string& blocker, const std::vector<std::string>& left_out) {
    run_until([&] {
      const std::vector<bus::KeyInfo> keys = profile(path("access")).keys;
      return !keys.empty() && keys[0].ready_to_retire == ready && keys[0].blocker == blocker &&
             keys[0].left_out == left_out;
    });
  };
  set("macsec1", true, "");
  set("macsec2", false, "no peer is live");
  has(true, "", {"macsec2"});
  set("macsec2", true, "no peer is live");
  has(false, "macsec2: no peer is live", {});
  set("macsec1", false, "no peer is live");
  set("macsec2", false, "no peer is live");
  has(false, "macsec1: no peer is live", {});
}

TEST_F(ProfileMethods, SettingsOfEveryTypeAreTaken) {
  const std::string error =
      caller().raw_error(bus::root_path, bus::interface::manager, "AddProfile", [](sd_bus_message* m) {
        static constexpr std::uint8_t ckn[] = {0xab, 0xcd};
        static constexpr std::uint8_t cak[32] = {1};
        int r = sd_bus_message_append(m, "s", "typed");
        if (r >= 0) r = sd_bus_message_open_container(m, 'a', "(sa{sv})");
        if (r >= 0)
          r = sd_bus_message_append(m, "(sa{sv})(sa{sv})(sa{sv})", "Link", 3, "Parent", "s", "eth0", "Port", "q", 5,
                                    "Enable", "b", 1, "MACsec", 1, "CipherSuites", "as", 2, "GCM-AES-256",
                                    "GCM-AES-128", "MKA", 1, "Priority", "y", 7);
        if (r >= 0) r = sd_bus_message_open_container(m, 'r', "sa{sv}");
        if (r >= 0) r = bus::put_all(m, std::string{"Key"});
        if (r >= 0) r = sd_bus_message_open_container(m, 'a', "{sv}");
        for (const auto& [key, octets] : {std::pair{"Ckn", Bytes{ckn}}, std::pair{"Cak", Bytes{cak}}}) {
          if (r >= 0) r = sd_bus_message_open_container(m, 'e', "sv");
          if (r >= 0) r = sd_bus_message_append(m, "s", key);
          if (r >= 0) r = sd_bus_message_open_container(m, 'v', "ay");
          if (r >= 0) r = sd_bus_message_append_array(m, 'y', octets.data(), octets.size());
          if (r >= 0) r = sd_bus_message_close_container(m);
          if (r >= 0) r = sd_bus_message_close_container(m);
        }
        for (int i = 0; i < 3; ++i)
          if (r >= 0) r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_append(m, "a{sv}", 0);
      });
  EXPECT_EQ(error, "");
  const ProfilePointer made = model().profile("typed").profile;
  ASSERT_NE(made, nullptr);
  EXPECT_EQ(made->link.port, 5);
  EXPECT_EQ(made->mka.priority, 7);
  EXPECT_EQ(made->macsec.cipher_suites.size(), 2U);
  EXPECT_EQ(to_string(made->keys.at(0).ckn), "abcd");
  EXPECT_EQ(made->keys.at(0).cak.size(), 32U);
}

TEST_F(ProfileMethods, WrongNamesAndOptionsAreRefused) {
  for (const char* name : {"", ".hidden", "a/b", "a b", "..", "ä"})
    EXPECT_EQ(caller().error_of(client().add_profile(name, lab_settings(), {})), error::invalid_argument) << name;
  EXPECT_EQ(caller().error_of(client().add_profile("lab", lab_settings(), {.source = ProfileSource::file})),
            error::invalid_argument);
  EXPECT_EQ(caller().error_of(client().add_profile("lab", lab_settings(), {.grace = std::chrono::hours{2}})),
            error::invalid_argument);
  EXPECT_EQ(caller().error_of(client().add_profile("lab", lab_settings(), {.keep_secrets = true})),
            error::invalid_argument);
  const auto with_option = [this](const char* name, const char* type, const char* value) {
    return caller().raw_error(bus::root_path, bus::interface::manager, "AddProfile", [&](sd_bus_message* m) {
      return sd_bus_message_append(m, "sa(sa{sv})a{sv}", "lab", 0, 1, name, type, value);
    });
  };
  EXPECT_EQ(with_option("Colour", "s", "red"), error::invalid_argument);
  EXPECT_EQ(with_option("Lifetime", "s", "forever"), error::invalid_argument);
  EXPECT_EQ(with_option("Lifetime", "g", "s"), error::invalid_argument);
  EXPECT_TRUE(model().profiles().empty());
}

TEST_F(ProfileMethods, WrongSettingsAreNamed) {
  bus::Settings settings = lab_settings();
  settings[1].texts[0].second = "300";
  const auto outcome = caller().call(client().add_profile("lab", settings, {}));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().name, error::invalid_settings);
  EXPECT_EQ(outcome.error().kind, bus::CallError::Kind::invalid);
  for (const char* part : {"MKA", "Priority", "300", "255"})
    EXPECT_NE(outcome.error().text.find(part), std::string::npos) << outcome.error().text;

  settings = lab_settings();
  settings[2].secrets.clear();
  settings[2].texts.emplace_back("Cak", "000102030405060708090a0b0c0d0e0f");
  const auto secret = caller().call(client().add_profile("lab", settings, {}));
  ASSERT_FALSE(secret);
  EXPECT_EQ(secret.error().name, error::invalid_settings);
  EXPECT_EQ(secret.error().text.find("0001"), std::string::npos) << "an error quotes a key";
  EXPECT_TRUE(model().profiles().empty());
}

TEST_F(ProfileMethods, SecretsOfAnAuthenticationComeAsOctets) {
  const auto settings = [] {
    bus::Settings out;
    out.push_back({"Link", {{"Parent", "eth0"}}});
    out.push_back({"8021X", {{"Method", "tls peap"}, {"Identity", "alice"}}});
    for (const char* key : {"Password", "PrivateKey"})
      out.back().secrets.emplace_back(key, WipedText{std::string_view{"\0\xff\n", 3}});
    out.back().secrets.emplace_back("CaCertificate", WipedText{std::string_view{"\x30\4\x30\0\x30\0", 6}});
    return out;
  };
  ASSERT_EQ(caller().error_of(client().add_profile("lab", settings(), {})), "");
  const EapProfile& eap = model().profile("lab").profile->pae->eap;
  EXPECT_EQ(eap.ca_certificates.at(0).content.size(), 6U);
  for (const EapSource* one : {&eap.password, &eap.private_key})
    EXPECT_EQ(one->content.view(), (std::string_view{"\0\xff\n", 3}));
  for (const auto& [section, texts] : profile(lab_path).settings)
    EXPECT_FALSE(texts.contains("Password") || texts.contains("PrivateKey")) << section;

  for (const auto& [key, value] : {std::pair{"Password", "hidden"}, {"PrivateKey", "data:;base64,aGlkZGVu"}}) {
    bus::Settings texts = settings();
    texts.back().secrets.clear();
    texts.back().texts.emplace_back(key, value);
    const auto outcome = caller().call(client().add_profile("lab", texts, {.replace = true}));
    ASSERT_FALSE(outcome) << key;
    EXPECT_EQ(outcome.error().name, error::invalid_settings);
    EXPECT_NE(outcome.error().text.find("octets"), std::string::npos) << outcome.error().text;
    EXPECT_EQ(outcome.error().text.find(value), std::string::npos) << "an error quotes a secret";
  }
}

TEST_F(ProfileMethods, CheckingAddsNothing) {
  const auto good = caller().call(client().check_profile("lab", lab_settings()));
  ASSERT_TRUE(good);
  EXPECT_TRUE(good->empty());
  bus::Settings settings = lab_settings();
  settings[1].texts = {{"Priority", "300"}, {"Prority", "3"}};
  const auto bad = caller().call(client().check_profile("lab", settings));
  ASSERT_TRUE(bad);
  ASSERT_EQ(bad->size(), 2U);
  EXPECT_EQ(std::get<0>(bad->at(0)), "error");
  EXPECT_EQ(std::get<3>(bad->at(0)), "MKA.Priority");
  EXPECT_EQ(caller().error_of(client().check_profile("a/b", lab_settings())), error::invalid_argument);
  EXPECT_TRUE(model().profiles().empty());
}

TEST_F(ProfileMethods, ATakenNameIsRefusedAndReplacedOnRequest) {
  add_lab();
  EXPECT_EQ(caller().error_of(client().add_profile("lab", lab_settings(), {})), error::profile_exists);
  bus::Settings other = lab_settings();
  other[1].texts[0].second = "7";
  EXPECT_EQ(caller().error_of(client().add_profile("lab", other, {.replace = true})), "");
  EXPECT_EQ(model().profile("lab").profile->mka.priority, 7);
  Caller stranger = another_caller();
  EXPECT_EQ(stranger.error_of(stranger.client().add_profile("lab", lab_settings(), {.replace = true})),
            error::profile_exists);
  write_file(model().directory(), "file");
  EXPECT_EQ(caller().error_of(client().add_profile("file", lab_settings(), {.replace = true})), error::profile_exists);
}

TEST_F(ProfileMethods, UpdateReplacesSettingsAndKeepsSecretsOnRequest) {
  add_lab({.description = "before"});
  bus::Settings settings = lab_settings();
  settings[1].texts[0].second = "9";
  settings[2].secrets.clear();
  EXPECT_EQ(caller().error_of(client().update_profile(lab_path, settings, {})), error::invalid_settings);
  EXPECT_EQ(model().profile("lab").profile->mka.priority, 100);
  EXPECT_EQ(caller().error_of(client().update_profile(lab_path, settings, {.keep_secrets = true})), "");
  EXPECT_EQ(model().profile("lab").profile->mka.priority, 9);
  EXPECT_EQ(model().profile("lab").profile->keys.at(0).cak.expose()[1], 2);
  EXPECT_EQ(profile(lab_path).description, "before");
  EXPECT_EQ(caller().error_of(client().update_profile(lab_path, lab_settings(), {.lifetime = Lifetime::file})),
            error::invalid_argument);
  EXPECT_EQ(caller().error_of(client().update_profile(lab_path, lab_settings(), {.replace = true})),
            error::invalid_argument);
  EXPECT_EQ(caller().error_of(client().update_profile(lab_path, lab_settings(), {.lifetime = Lifetime::memory})), "");
  EXPECT_EQ(profile(lab_path).owner, "");
}

// The credential of a key that was sealed is there from the next start of the service on.
TEST_F(ProfileMethods, AnUpdateKeepsAKeyThatWasSealedMeanwhile) {
  add_lab();
  bus::Settings settings = lab_settings();
  settings[1].texts[0].second = "9";
  settings[2].secrets.clear();
  settings[2].texts.emplace_back("CakCredential", "macsecd_lab.key");
  EXPECT_EQ(caller().error_of(client().update_profile(lab_path, settings, {})), error::invalid_settings);
  EXPECT_EQ(caller().error_of(client().update_profile(lab_path, settings, {.keep_secrets = true})), "");
  EXPECT_EQ(model().profile("lab").profile->mka.priority, 9);
  EXPECT_EQ(model().profile("lab").profile->keys.at(0).cak.expose()[1], 2);
  settings[2].texts[0].second = "ee";
  EXPECT_EQ(caller().error_of(client().update_profile(lab_path, settings, {.keep_secrets = true})),
            error::invalid_settings)
      << "there is no such key";
}

TEST_F(ProfileMethods, AnotherClientsProfileIsItsOwn) {
  add_lab();
  Caller stranger = another_caller();
  EXPECT_EQ(stranger.error_of(stranger.client().update_profile(lab_path, lab_settings(), {})), error::not_owner);
  const bus::Problem problem{true, "/etc/file", 3, "", "broken"};
  EXPECT_EQ(stranger.error_of(stranger.client().set_problems(lab_path, {&problem, 1})), error::not_owner);
  EXPECT_EQ(stranger.error_of(stranger.client().disable_profile(lab_path)), "");
  EXPECT_FALSE(profile(lab_path).enabled);
  EXPECT_EQ(stranger.error_of(stranger.client().remove_profile(lab_path)), "");
  EXPECT_TRUE(model().profiles().empty());
}

TEST_F(ProfileMethods, ConnectionThatIsNotActiveNeedsNoKeyAndCannotBeEnabled) {
  const auto settings = [](const char* enable) {
    bus::Settings out;
    out.push_back({"Link", {{"Enable", enable}, {"Parent", "eth0"}}});
    out.push_back({"Key", {{"Ckn", "aa"}}});
    return out;
  };
  const bus::ProfileOptions options{.source = ProfileSource::networkmanager};
  EXPECT_EQ(caller().error_of(client().add_profile("shown", settings("yes"), options)), error::invalid_settings);
  EXPECT_EQ(caller().error_of(client().add_profile("shown", settings("no"), {})), error::invalid_settings)
      << "only a network manager shows what it does not run";
  ASSERT_EQ(caller().error_of(client().add_profile("shown", settings("no"), options)), "");
  const bus::ProfileInfo info = profile(path("shown"));
  EXPECT_TRUE(info.valid);
  EXPECT_FALSE(info.enabled);
  EXPECT_EQ(caller().error_of(client().enable_profile(path("shown"))), error::invalid_settings);
  EXPECT_EQ(caller().error_of(client().update_profile(path("shown"), settings("yes"), {.keep_secrets = true})),
            error::invalid_settings)
      << "there is no key to keep";
  EXPECT_FALSE(profile(path("shown")).enabled);
}

TEST_F(ProfileMethods, ProblemsOfTheSourceAreShown) {
  const std::vector<bus::Problem> problems{{true, "/etc/systemd/network/a.netdev", 12, "MKA.Priority", "no number"}};
  add_lab();
  EXPECT_EQ(caller().error_of(client().set_problems(lab_path, problems)), "");
  EXPECT_EQ(profile(lab_path).problems, problems);
  EXPECT_TRUE(profile(lab_path).valid);
  const std::vector<bus::Problem> many(100, problems[0]);
  EXPECT_EQ(caller().error_of(client().set_problems(lab_path, many)), error::invalid_argument);

  EXPECT_EQ(caller().error_of(client().add_profile("broken", {}, {.problems = problems})), "");
  const bus::ProfileInfo broken = profile(path("broken"));
  EXPECT_FALSE(broken.valid);
  EXPECT_EQ(broken.problems, problems);
  EXPECT_EQ(caller().error_of(client().enable_profile(path("broken"))), error::invalid_settings);
  EXPECT_EQ(caller().error_of(client().update_profile(path("broken"), lab_settings("macsec5"),
                                                      {.problems = std::vector<bus::Problem>{}})),
            "");
  EXPECT_TRUE(profile(path("broken")).valid);
  EXPECT_TRUE(profile(path("broken")).problems.empty());

  write_file(model().directory(), "file");
  EXPECT_EQ(caller().error_of(client().set_problems(path("file"), problems)), error::not_owner);
}

TEST_F(ProfileMethods, FilesAreWrittenShadowedDisabledAndRemoved) {
  EXPECT_EQ(caller().error_of(client().add_profile("lab", lab_settings(), {.lifetime = Lifetime::file})), "");
  const std::filesystem::path file = model().directory() / "lab.macsec";
  ASSERT_TRUE(std::filesystem::exists(file));
  EXPECT_EQ(std::filesystem::status(file).permissions() & std::filesystem::perms::others_all,
            std::filesystem::perms::none);
  const bus::ProfileInfo info = profile(lab_path);
  EXPECT_EQ(info.source, "file");
  EXPECT_EQ(info.lifetime, "file");
  EXPECT_EQ(info.origin, file.string());
  EXPECT_EQ(info.owner, "");

  EXPECT_EQ(caller().error_of(client().disable_profile(lab_path)), "");
  EXPECT_FALSE(profile(lab_path).enabled);
  EXPECT_EQ(profile(lab_path).session, "");
  ASSERT_TRUE(model().reload());
  EXPECT_FALSE(profile(lab_path).enabled) << "disabling a file does not survive a reload";
  EXPECT_EQ(caller().error_of(client().enable_profile(lab_path)), "");
  EXPECT_TRUE(profile(lab_path).enabled);

  bus::Settings settings = lab_settings();
  settings[1].texts[0].second = "5";
  settings[2].secrets.clear();
  EXPECT_EQ(caller().error_of(client().update_profile(lab_path, settings, {.keep_secrets = true})), "");
  ASSERT_TRUE(model().reload());
  EXPECT_EQ(model().profile("lab").profile->mka.priority, 5);
  EXPECT_EQ(model().profile("lab").profile->keys.at(0).cak.expose()[1], 2);

  EXPECT_EQ(caller().error_of(client().remove_profile(lab_path)), "");
  EXPECT_FALSE(std::filesystem::exists(file));
  EXPECT_FALSE(model().has_profile("lab"));

  write_file(model().vendor_directory(), "vendor");
  EXPECT_EQ(caller().error_of(client().remove_profile(path("vendor"))), error::read_only);
  EXPECT_TRUE(model().has_profile("vendor"));
}

TEST_F(ProfileMethods, WhatIsGoneIsSaid) {
  const std::string nowhere = path("nowhere");
  for (const std::string& error :
       {caller().error_of(client().remove_profile(nowhere)), caller().error_of(client().enable_profile(nowhere)),
        caller().error_of(client().update_profile(nowhere, lab_settings(), {}))})
    EXPECT_EQ(error, SD_BUS_ERROR_UNKNOWN_OBJECT);
  EXPECT_EQ(caller().error_of(client().get_profile("nowhere")), error::no_such_profile);
  // It goes while polkit is thinking.
  add_lab();
  polkit_->answer = PolkitMock::Answer::none;
  std::vector<std::string> errors;
  const auto keep = [&errors](const bus::Outcome<bus::Nothing>& outcome) {
    errors.push_back(outcome ? "" : outcome.error().name);
  };
  client().send<bus::Nothing>(client().remove_profile(lab_path), keep);
  client().send<bus::Nothing>(client().enable_profile(lab_path), keep);
  client().send<bus::Nothing>(client().disable_profile(lab_path), keep);
  client().send<bus::Nothing>(client().set_problems(lab_path, {}), keep);
  client().send<bus::Nothing>(client().update_profile(lab_path, lab_settings(), {}), keep);
  run_until([this] { return polkit_->questions.size() == 2; });
  polkit_->answer = PolkitMock::Answer::allow;
  polkit_->answer_all(true);
  run_until([&errors] { return errors.size() == 5; });
  EXPECT_EQ(errors, (std::vector<std::string>{"", error::no_such_profile, error::no_such_profile,
                                              error::no_such_profile, error::no_such_profile}));
}

TEST_F(ProfileMethods, ReloadAnswersWithWhatIsWrongAndKeepsWhatRuns) {
  write_file(model().directory(), "file");
  ASSERT_TRUE(model().has_session("file0"));
  std::ofstream{model().directory() / "file.macsec", std::ios::app} << "[MKA]\nPriority=1x0\n";
  write_text(model().directory() / "other.macsec", "[Link]\nParent=eth8\nInterface=other0\n");
  const auto outcome = caller().call(client().reload());
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().name, error::invalid_settings);
  for (const char* part : {"file.macsec:", "Priority", "1x0", "255"})
    EXPECT_NE(outcome.error().text.find(part), std::string::npos) << outcome.error().text;
  EXPECT_TRUE(model().has_session("file0")) << "a typing error took a link down";
  EXPECT_TRUE(model().has_session("other0")) << "a bad file held up a good one";
  const bus::ProfileInfo info = profile(path("file"));
  EXPECT_TRUE(info.valid);
  EXPECT_TRUE(std::ranges::any_of(info.problems, [](const bus::Problem& each) { return each.error; }));
}

TEST_F(ProfileMethods, AnEditThatCannotBeUsedChangesNothing) {
  EXPECT_EQ(caller().error_of(client().add_profile("lab", lab_settings(), {.lifetime = Lifetime::file})), "");
  EXPECT_EQ(caller().error_of(client().add_profile("other", lab_settings(), {.lifetime = Lifetime::file})),
            error::invalid_settings)
      << "its interface is taken";
  EXPECT_FALSE(std::filesystem::exists(model().directory() / "other.macsec"));
  EXPECT_FALSE(model().has_profile("other"));
  const std::filesystem::path drop_ins = model().directory() / "lab.macsec.d";
  std::filesystem::create_directory(drop_ins);
  std::ofstream{drop_ins / "10-mine.conf"} << "[MKA]\nPriority=300\n";
  EXPECT_EQ(caller().error_of(client().update_profile(lab_path, lab_settings("macsec9"), {})), error::invalid_settings);
  EXPECT_EQ(profile(lab_path).interface, "macsec0");
  std::filesystem::remove_all(drop_ins);
  ASSERT_TRUE(model().reload());
  EXPECT_EQ(profile(lab_path).interface, "macsec0") << "the file was replaced";
}

}  // namespace
}  // namespace macsec::test
