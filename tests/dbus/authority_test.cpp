// SPDX-License-Identifier: LGPL-2.1-or-later
/// Who may do what, what becomes of a client's profiles when it leaves, and limits.
#include "tests/dbus/fixture.hpp"

#include <unistd.h>

namespace macsec::test {
namespace {

using bus::Lifetime;
namespace error = bus::error;
using Answer = PolkitMock::Answer;

class AuthorityTest : public BusTest {};

TEST_F(AuthorityTest, EveryChangeIsAskedForAndRefused) {
  add_lab();
  model().set_session(secured_session("macsec0"));
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

TEST_F(AuthorityTest, OpenQuestionsAreLimited) {
  polkit_->answer = Answer::none;
  std::vector<std::string> errors;
  for (int i = 0; i < 20; ++i)
    client().send<bus::Nothing>(
        client().reload(), [&errors](const auto& outcome) { errors.push_back(outcome ? "" : outcome.error().name); });
  run_until([&] { return errors.size() == 4 && polkit_->questions.size() == 16; });
  EXPECT_EQ(errors, std::vector<std::string>(4, error::limit_exceeded));
  EXPECT_EQ(polkit_->questions.size(), 16U);
  polkit_->answer_all(true);
  EXPECT_TRUE(test::run_until(event_.get(), [&errors] { return errors.size() == 20; }));
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

}  // namespace
}  // namespace macsec::test
