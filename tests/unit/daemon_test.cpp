// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/daemon/options.hpp"
#include "dbus/daemon/profile_store.hpp"
#include "tests/temporary_directory.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace macsec::daemon {
namespace {

Result<Options> parse(std::vector<std::string_view> arguments) { return parse_options(arguments); }

TEST(Options, Defaults) {
  const auto options = parse({});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->action, Options::Action::serve);
  EXPECT_TRUE(options->bus);
  EXPECT_EQ(options->log_level, os::LogLevel::info);
}

TEST(Options, BothFormsOfAValueAndRepetition) {
  const auto options =
      parse({"--config-dir", "/a", "--config-dir=/b", "--state-dir=/s", "--no-bus", "--log-level=debug"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->config_dirs, (std::vector<std::string>{"/a", "/b"}));
  EXPECT_EQ(options->state_dir, "/s");
  EXPECT_FALSE(options->bus);
  EXPECT_EQ(options->log_level, os::LogLevel::debug);
  EXPECT_EQ(parse({"--check", "/x", "--check=/y"})->check.size(), 2U);
}

TEST(Options, RefusesWhatItDoesNotKnow) {
  for (const std::string_view bad :
       {"--nonsense", "file", "-v", "--no-bus=yes", "--log-level=loud", "--state-dir", "--state-dir=", ""})
    EXPECT_FALSE(parse({bad})) << bad;
}

TEST(Options, HelpNamesEveryOptionAndWinsOverErrorsBehindIt) {
  EXPECT_EQ(parse({"--help", "--nonsense"})->action, Options::Action::help);
  for (const char* name : {"--help", "--version", "--check", "--config-dir", "--state-dir", "--no-bus", "--log-level"})
    EXPECT_NE(help_text().find(name), std::string::npos) << name;
}

class ProfileStoreTest : public ::testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) const {
    std::ofstream{directory_ + "/" + name} << text;
    ::chmod((directory_ + "/" + name).c_str(), 0640);
  }
  static std::string text(const std::string& interface, const std::string& parent = "eth0") {
    return "[Link]\nParent=" + parent + "\nInterface=" + interface +
           "\n[Key]\nCkn=aabbccdd\nCak=000102030405060708090a0b0c0d0e0f\n";
  }
  [[nodiscard]] ProfileStore make() const { return ProfileStore{{directory_}, ProfileContext{}}; }
  std::size_t load(ProfileStore& store) const {
    std::size_t said = 0;
    store.load([&](const Diagnostic&) { ++said; });
    return said;
  }

  const test::TemporaryDirectory temporary_;
  const std::string directory_ = temporary_.path().string();
};

TEST_F(ProfileStoreTest, ABadProfileLeavesTheOthersAlone) {
  write("good.macsec", text("macsec1"));
  write("bad.macsec", "[Link]\nParent=eth0\n[MKA]\nPriority=300\n");
  ProfileStore store = make();
  EXPECT_GE(load(store), 1U);
  ASSERT_EQ(store.wanted().size(), 1U);
  EXPECT_EQ(store.wanted()[0]->name, "good");
  EXPECT_EQ(store.names(), (std::vector<std::string>{"bad", "good"}));
  EXPECT_FALSE(store.state("bad").problems.empty());
  EXPECT_EQ(load(store), 0U);  // said once
  write("bad.macsec", text("macsec2", "eth1"));
  load(store);
  EXPECT_EQ(store.wanted().size(), 2U);
}

TEST_F(ProfileStoreTest, EnablingAFileLeavesADropIn) {
  write("link.macsec", text("macsec1"));
  ProfileStore store = make();
  load(store);
  ASSERT_TRUE(store.set_enabled("link", false));
  EXPECT_TRUE(store.wanted().empty());
  ProfileStore after_restart = make();
  load(after_restart);
  EXPECT_TRUE(after_restart.wanted().empty());
  ASSERT_TRUE(after_restart.set_enabled("link", true));
  load(after_restart);
  EXPECT_EQ(after_restart.wanted().size(), 1U);
  EXPECT_FALSE(store.set_enabled("missing", true));
}

TEST_F(ProfileStoreTest, WhatIsWrittenReadsBackTheSame) {
  write("one.macsec",
        text("macsec1") + "Role=primary\n[Key]\nCkn=ee\nCak=101112131415161718191a1b1c1d1e1f\nRole=fallback\n");
  ProfileStore store = make();
  ASSERT_EQ(load(store), 0U);
  const ProfilePointer before = store.wanted().at(0);
  ASSERT_TRUE(store.remove("one"));
  EXPECT_FALSE(std::filesystem::exists(directory_ + "/one.macsec"));
  ASSERT_TRUE(store.write(*before));
  ASSERT_EQ(load(store), 0U);
  EXPECT_TRUE(same_settings(*before, *store.wanted().at(0)));
  struct stat info{};
  ASSERT_EQ(::stat((directory_ + "/one.macsec").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0640U);
}

TEST_F(ProfileStoreTest, MemoryStaysAcrossReloadsAndNeverHidesAFile) {
  write("file.macsec", text("macsec1"));
  ProfileStore store = make();
  load(store);
  auto profile = std::make_shared<Profile>();
  profile->name = "program";
  profile->source = ProfileSource::runtime;
  ASSERT_TRUE(store.put(profile));
  load(store);
  EXPECT_TRUE(store.has("program"));
  auto taken = std::make_shared<Profile>();
  taken->name = "file";
  EXPECT_FALSE(store.put(taken));
  ASSERT_TRUE(store.remove("program"));
  EXPECT_FALSE(store.has("program"));
  EXPECT_FALSE(store.remove("program"));
}

}  // namespace
}  // namespace macsec::daemon
