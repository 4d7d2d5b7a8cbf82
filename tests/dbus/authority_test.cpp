// SPDX-License-Identifier: LGPL-2.1-or-later
/// Who may do what, what becomes of a client's profiles when it leaves, and limits.
#include "dbus/bus/connection.hpp"
#include "tests/dbus/fixture.hpp"

#include <fcntl.h>
#include <fstream>
#include <sys/socket.h>
#include <unistd.h>

namespace macsec::test {
namespace {

using bus::Lifetime;
namespace error = bus::error;
using Answer = PolkitMock::Answer;

class AuthorityTest : public BusTest {};

TEST_F(AuthorityTest, EveryChangeIsAskedForAndRefused) {
  add_lab();
  bus::SessionState state = secured_session("macsec0");
  state.status.supplicant.emplace();
  state.status.authenticator.emplace();  // no port has both; here each may be asked
  model().set_session(std::move(state));
  polkit_->answer = Answer::refuse;
  polkit_->questions.clear();
  const std::size_t commands = model().commands.size();
  for (const bus::Guard& guard : bus::guards()) {
    const char* path = guard.interface == bus::interface::manager   ? bus::root_path
                       : guard.interface == bus::interface::profile ? lab_path
                                                                    : macsec0_path;
    const std::string error =
        caller().raw_error(path, guard.interface.data(), guard.member.data(), [&guard](sd_bus_message* m) {
          if (guard.member == "AddProfile") return sd_bus_message_append(m, "sa(sa{sv})a{sv}", "x", 0, 0);
          if (guard.member == "CheckProfile") return sd_bus_message_append(m, "sa(sa{sv})", "x", 0);
          if (guard.member == "Update") return sd_bus_message_append(m, "a(sa{sv})a{sv}", 0, 0);
          if (guard.member == "SetProblems") return sd_bus_message_append(m, "a(ssuss)", 0);
          if (guard.member == "AddKey") return sd_bus_message_append(m, "a{sv}a{sv}", 0, 0);
          if (guard.member == "RetireKey") return sd_bus_message_append(m, "sa{sv}", "aa", 0);
          if (guard.member == "ReplaceKey") return sd_bus_message_append(m, "sa{sv}a{sv}", "aa", 0, 0);
          if (guard.member == "CancelRetire") return sd_bus_message_append(m, "s", "aa");
          if (guard.member == "Suspend") return sd_bus_message_append(m, "t", std::uint64_t{1});
          return 0;
        });
    EXPECT_EQ(error, error::not_authorized) << guard.member;
    ASSERT_FALSE(polkit_->questions.empty());
    EXPECT_EQ(polkit_->questions.back().action, guard.action) << guard.member;
    EXPECT_EQ(polkit_->questions.back().client, caller().name());
  }
  EXPECT_EQ(polkit_->questions.size(), bus::guards().size());
  EXPECT_EQ(model().commands.size(), commands) << "something was done";
}

TEST_F(AuthorityTest, AKeyThatIsOnlyNamedNeedsMoreThanTheRightToAddKeys) {
  add_lab();
  polkit_->answer = Answer::refuse;
  const auto action_of = [&](const char* name, bool replace) {
    polkit_->questions.clear();
    EXPECT_EQ(caller().raw_error(lab_path, bus::interface::profile, replace ? "ReplaceKey" : "AddKey",
                                 [&](sd_bus_message* m) {
                                   if (replace) sd_bus_message_append(m, "s", "00112233");
                                   return sd_bus_message_append(m, "a{sv}a{sv}", 3, "Ckn", "s", "bb", "NotAfter", "x",
                                                                std::int64_t{4'000'000'000}, name, "s", "/etc/key", 0);
                                 }),
              error::not_authorized);
    return polkit_->questions.at(0).action;
  };
  for (const bool replace : {false, true}) {
    EXPECT_EQ(action_of("CakFile", replace), bus::action::manage);
    EXPECT_EQ(action_of("CakCredential", replace), bus::action::manage);
    EXPECT_EQ(action_of("Role", replace), bus::action::keys);
  }
}

TEST_F(AuthorityTest, ReadingAsksNobody) {
  add_lab();
  polkit_->questions.clear();
  polkit_->answer = Answer::refuse;
  EXPECT_EQ(profile(lab_path).name, "lab");
  EXPECT_EQ(session(macsec0_path).interface, "macsec0");
  EXPECT_EQ(caller().error_of(client().link_capabilities("eth0")), "");
  EXPECT_EQ(caller().error_of(client().statistics(macsec0_path)), "");
  EXPECT_TRUE(polkit_->questions.empty());
}

TEST_F(AuthorityTest, ChallengeIsToldToWhoDoesNotAllowIt) {
  polkit_->answer = Answer::challenge;
  EXPECT_EQ(caller().error_of(client().reload()), error::interactive);
  EXPECT_FALSE(polkit_->questions.back().interactive);
  Caller person = another_caller(true);
  EXPECT_EQ(person.error_of(person.client().reload()), error::not_authorized);
  EXPECT_TRUE(polkit_->questions.back().interactive);
}

TEST_F(AuthorityTest, WithoutPolkitNobodyMay) {
  polkit_->answer = Answer::error;
  EXPECT_EQ(caller().error_of(client().reload()), error::not_authorized);
  polkit_.reset();
  EXPECT_EQ(caller().error_of(client().reload()), error::not_authorized);
}

TEST_F(AuthorityTest, TrustedUsersNeedNoPolkit) {
  polkit_->answer = Answer::refuse;
  bus::ServerOptions options;
  options.address = bus_.address();
  options.authority.trusted.insert(::geteuid());
  served_.emplace(event_.get(), std::move(options));
  ASSERT_TRUE(served_->server.start());
  run_until([this] { return served_->server.has_name(); });
  EXPECT_EQ(caller().error_of(client().reload()), "");
  EXPECT_EQ(caller().error_of(client().reload()), "");
  EXPECT_TRUE(polkit_->questions.empty());
}

TEST_F(AuthorityTest, OneSlowAnswerHoldsUpNobody) {
  polkit_->answer = Answer::none;
  bool answered = false;
  client().send<bus::Nothing>(client().reload(), [&answered](const auto&) { answered = true; });
  run_until([this] { return !polkit_->questions.empty(); });
  polkit_->answer = Answer::allow;
  Caller other = another_caller();
  EXPECT_EQ(other.error_of(other.client().reload()), "");
  EXPECT_FALSE(answered);
  polkit_->answer_all(true);
  EXPECT_TRUE(test::run_until(event_.get(), [&answered] { return answered; }));
}

TEST_F(AuthorityTest, AClientIsAskedForOneCallAtATimeAndMayHaveSoManyWaiting) {
  polkit_->answer = Answer::none;
  std::vector<std::string> errors;
  for (int i = 0; i < 20; ++i)
    client().send<bus::Nothing>(
        client().reload(), [&errors](const auto& outcome) { errors.push_back(outcome ? "" : outcome.error().name); });
  run_until([&] { return errors.size() == 4 && polkit_->questions.size() == 1; });
  EXPECT_EQ(errors, std::vector<std::string>(4, error::limit_exceeded));
  EXPECT_EQ(caller().error_of(client().reload()), error::limit_exceeded);
  EXPECT_EQ(polkit_->questions.size(), 1U) << "more than one prompt for one client";
  polkit_->answer = Answer::allow;
  polkit_->answer_all(true);
  EXPECT_TRUE(test::run_until(event_.get(), [&errors] { return errors.size() == 20; }));
  EXPECT_EQ(errors.back(), "");
  EXPECT_EQ(polkit_->questions.size(), 16U);
}

TEST_F(AuthorityTest, ALargeCallIsRefusedBeforeAnybodyIsAsked) {
  polkit_->answer = Answer::none;
  const auto with_value = [this](std::size_t octets) {
    const std::string value(octets, 'x');
    return caller().raw_error(bus::root_path, bus::interface::manager, "CheckProfile", [&value](sd_bus_message* m) {
      return sd_bus_message_append(m, "sa(sa{sv})", "x", 1, "Link", 1, "Parent", "s", value.c_str());
    });
  };
  EXPECT_EQ(with_value(std::size_t{2} << 20U), error::limit_exceeded);
  EXPECT_EQ(with_value(std::size_t{1281} << 10U), error::limit_exceeded);
  EXPECT_TRUE(polkit_->questions.empty());
  polkit_->answer = Answer::allow;
  EXPECT_EQ(with_value(std::size_t{1270} << 10U), "");
}

TEST_F(AuthorityTest, APromptSaysWhatItIsAboutAndEndsWithItsCaller) {
  polkit_->answer = Answer::none;
  {
    Caller hasty = another_caller(true);
    hasty.client().send<bus::ObjectPath>(hasty.client().add_profile("lab", lab_settings(), {}), [](const auto&) {});
    run_until([this] { return !polkit_->questions.empty(); });
    EXPECT_EQ(polkit_->questions[0].details.at("name"), "lab");
    EXPECT_NE(polkit_->questions[0].details.at("polkit.message").find("$(name)"), std::string::npos);
    EXPECT_TRUE(polkit_->cancelled.empty());
  }
  run_until([this] { return !polkit_->cancelled.empty(); });
  EXPECT_EQ(polkit_->cancelled, std::vector<std::string>{polkit_->questions[0].cancellation});
}

TEST_F(AuthorityTest, ManyCallersCostNoMatchRules) {
  std::vector<Caller> callers;
  for (int i = 0; i < 80; ++i) {  // more than the test's bus grants rules to a connection
    callers.push_back(another_caller());
    ASSERT_EQ(callers.back().error_of(callers.back().client().reload()), "") << i;
  }
  EXPECT_TRUE(served_->server.has_name());
  EXPECT_TRUE(served_->reports.empty());
}

TEST_F(AuthorityTest, AClientThatLeavesWhileAskedForIsForgotten) {
  polkit_->answer = Answer::none;
  {
    Caller hasty = another_caller();
    hasty.client().send<bus::ObjectPath>(hasty.client().add_profile("lab", lab_settings(), {}), [](const auto&) {});
    run_until([this] { return !polkit_->questions.empty(); });
  }
  polkit_->answer = Answer::allow;
  EXPECT_EQ(caller().error_of(client().reload()), "");
  polkit_->answer_all(true);
  EXPECT_EQ(caller().error_of(client().reload()), "");
  EXPECT_TRUE(model().profiles().empty());
}

TEST_F(AuthorityTest, AProfileLeavesWithItsClient) {
  {
    Caller owner = another_caller();
    EXPECT_EQ(owner.error_of(owner.client().add_profile("lab", lab_settings(), {})), "");
    EXPECT_EQ(
        owner.error_of(owner.client().add_profile("kept", lab_settings("macsec1"), {.lifetime = Lifetime::memory})),
        "");
  }
  EXPECT_TRUE(test::run_until(event_.get(), [this] { return !model().has_profile("lab"); }));
  EXPECT_FALSE(model().has_session("macsec0"));
  EXPECT_TRUE(model().has_profile("kept"));
}

TEST_F(AuthorityTest, AParkedProfileWaitsForItsClient) {
  const bus::ProfileOptions options{.lifetime = Lifetime::parked, .grace = std::chrono::minutes{5}, .origin = "uuid"};
  {
    Caller owner = another_caller();
    EXPECT_EQ(owner.error_of(owner.client().add_profile("lab", lab_settings(), options)), "");
  }
  model().set_session(secured_session("macsec0"));
  run_until([this] { return profile(lab_path).owner.empty(); });
  EXPECT_TRUE(profile(lab_path).parked_until);
  EXPECT_EQ(caller().error_of(client().add_profile("lab", lab_settings(), {.origin = "another"})),
            error::profile_exists);
  EXPECT_EQ(caller().error_of(client().add_profile("lab", lab_settings(), options)), "");
  EXPECT_EQ(profile(lab_path).owner, caller().name());
  EXPECT_FALSE(profile(lab_path).parked_until);
  EXPECT_EQ(session(macsec0_path).state, "secured") << "the session was not the same one";
}

TEST_F(AuthorityTest, AParkedProfileEndsWhenNobodyComes) {
  {
    Caller owner = another_caller();
    EXPECT_EQ(owner.error_of(owner.client().add_profile(
                  "lab", lab_settings(), {.lifetime = Lifetime::parked, .grace = std::chrono::milliseconds{20}})),
              "");
  }
  EXPECT_TRUE(test::run_until(event_.get(), [this] { return !model().has_profile("lab"); }));
}

TEST_F(AuthorityTest, AClientMayHaveSoManyProfiles) {
  bus::ServerOptions options;
  options.address = bus_.address();
  options.profiles_per_client = 3;
  served_.emplace(event_.get(), std::move(options));
  ASSERT_TRUE(served_->server.start());
  run_until([this] { return served_->server.has_name(); });
  const auto add = [](Caller& who, int number) {
    return who.error_of(
        who.client().add_profile("p" + std::to_string(number), lab_settings("macsec" + std::to_string(number)), {}));
  };
  for (int i = 0; i < 3; ++i) EXPECT_EQ(add(caller(), i), "");
  EXPECT_EQ(add(caller(), 3), error::limit_exceeded);
  Caller other = another_caller();
  EXPECT_EQ(add(other, 3), "");
}

TEST_F(AuthorityTest, AFileOutlivesTheClientThatHadItsName) {
  const std::filesystem::path file = model().directory() / "lab.macsec";
  {
    Caller owner = another_caller();
    EXPECT_EQ(owner.error_of(owner.client().add_profile("lab", lab_settings(), {})), "");
    EXPECT_EQ(owner.error_of(owner.client().add_profile("mark", lab_settings("macsec1"), {})), "");
    std::ofstream{file} << "[Link]\nParent=eth7\nInterface=file0\n[Key]\nCkn=aa\n"
                           "Cak=000102030405060708090a0b0c0d0e0f\n";
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
    EXPECT_EQ(caller().error_of(client().reload()), "");
    EXPECT_EQ(profile(lab_path).owner, "");
    EXPECT_EQ(profile(lab_path).lifetime, "file");
  }
  EXPECT_TRUE(test::run_until(event_.get(), [this] { return !model().has_profile("mark"); }));
  EXPECT_TRUE(std::filesystem::exists(file));
  EXPECT_TRUE(model().has_profile("lab"));
  EXPECT_TRUE(model().has_session("file0"));
}

TEST_F(AuthorityTest, ClientsTheBusStillHasKeepTheirProfilesWhenItDropsTheDaemon) {
  bus::ServerOptions options;
  options.address = bus_.address();
  served_.emplace(event_.get(), std::move(options));
  auto connection = bus::start_connection(event_.get(), bus_.address(), "macsecd");
  ASSERT_TRUE(connection) << connection.error().message;
  const FileDescriptor end{::fcntl(sd_bus_get_fd(connection->get()), F_DUPFD_CLOEXEC, 0)};
  ASSERT_TRUE(served_->server.serve(std::move(*connection)));
  run_until([this] { return served_->server.has_name(); });
  add_lab();
  std::optional<Caller> leaving = another_caller();
  EXPECT_EQ(leaving->error_of(leaving->client().add_profile("gone", lab_settings("macsec1"), {})), "");

  ASSERT_EQ(::shutdown(end.get(), SHUT_RDWR), 0);
  run_until([this] { return !served_->server.has_name(); });
  leaving.reset();
  run_until([this] { return served_->server.has_name(); });
  EXPECT_TRUE(test::run_until(event_.get(), [this] { return !model().has_profile("gone"); }));
  EXPECT_TRUE(
      test::run_until(event_.get(), [this] { return model().profile("lab").client->owner == caller().name(); }));
  EXPECT_FALSE(profile(lab_path).parked_until);
}

}  // namespace
}  // namespace macsec::test
