// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/daemon/options.hpp"
#include "dbus/daemon/profile_store.hpp"
#include "dbus/daemon/profiles.hpp"
#include "tests/temporary_directory.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace macsec::daemon {
namespace {

Result<Options> parse(std::vector<std::string_view> arguments) {
  Options options;
  if (auto read = command_line(options).read(arguments); !read) return std::unexpected{read.error()};
  return options;
}

TEST(Options, Defaults) {
  const auto options = parse({});
  ASSERT_TRUE(options);
  EXPECT_TRUE(options->check.empty());
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

TEST(Options, HelpNamesEveryOption) {
  Options options;
  for (const char* name : {"--help", "--version", "--check", "--config-dir", "--state-dir", "--no-bus", "--log-level"})
    EXPECT_NE(command_line(options).help().find(name), std::string::npos) << name;
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
  [[nodiscard]] ProfileStore make() const {
    ProfileContext context;
    context.credentials_directory = temporary_.path() / "credentials";
    return ProfileStore{{directory_}, std::move(context)};
  }
  static std::size_t load(ProfileStore& store, ProfileStore::Tell tell = ProfileStore::Tell::news) {
    std::size_t said = 0;
    store.load(tell, [&](const Diagnostic&) { ++said; });
    return said;
  }
  [[nodiscard]] std::string content(const std::string& name) const {
    std::ifstream in{directory_ + "/" + name};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
  /// A copy of a profile, for a test to change.
  static Profile copy(const ProfileStore& store, const std::string& name) {
    const Profile& from = *store.state(name).profile;
    Profile out;
    out.name = from.name;
    out.link = from.link;
    out.macsec = from.macsec;
    out.mka = from.mka;
    for (const PreSharedKey& key : from.keys) out.keys.push_back(duplicate(key));
    return out;
  }
  static ProfilePointer program_profile(const std::string& name) {
    auto profile = std::make_shared<Profile>();
    profile->name = name;
    profile->source = ProfileSource::networkd;
    profile->link.parent = "eth0";
    profile->link.interface = "macsec7";
    return profile;
  }

  const test::TemporaryDirectory temporary_;
  const std::string directory_ =
      (std::filesystem::create_directory(temporary_.path() / "etc"), (temporary_.path() / "etc").string());
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
  EXPECT_EQ(load(store), 0U) << "told twice";
  EXPECT_GE(load(store, ProfileStore::Tell::everything), 1U) << "who asks is told what is still wrong";
  EXPECT_NE(store.errors().find("Priority=300"), std::string::npos) << store.errors();
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

TEST_F(ProfileStoreTest, AnEditLeavesAKeyWhereItIs) {
  const std::string key = "000102030405060708090a0b0c0d0e0f";
  std::filesystem::create_directory(temporary_.path() / "credentials");
  std::ofstream{temporary_.path() / "credentials/lab"} << key;
  write("lab.cak", key);
  const auto start = [](const std::string& interface, const std::string& port) {
    return "[Link]\nParent=eth0\nInterface=" + interface + "\nPort=" + port + "\n[Key]\nCkn=aabbccdd\n";
  };
  write("file.macsec", start("macsec1", "1") + "CakFile=" + directory_ + "/lab.cak\n");
  write("credential.macsec", start("macsec2", "2") + "CakCredential=lab\n");
  ProfileStore store = make();
  ASSERT_EQ(load(store), 0U);
  for (const std::string name : {"file", "credential"}) {
    Profile edited = copy(store, name);
    edited.mka.priority = 10;
    const auto written = store.write(edited);
    ASSERT_TRUE(written) << written.error().message;
    EXPECT_EQ(load(store), 0U) << store.errors();
    EXPECT_EQ(store.state(name).profile->mka.priority, 10);
    EXPECT_TRUE(same_settings(*store.state(name).profile, edited));
    EXPECT_EQ(content(name + ".macsec").find(key), std::string::npos) << "the key is in the profile now";
  }
  EXPECT_NE(content("file.macsec").find("CakFile="), std::string::npos);
  EXPECT_NE(content("credential.macsec").find("CakCredential=lab"), std::string::npos);
}

TEST_F(ProfileStoreTest, AFileIsNotReplacedByWhatCannotBeUsed) {
  write("lab.macsec", text("macsec1"));
  write("other.macsec", text("macsec2", "eth1"));
  ProfileStore store = make();
  ASSERT_EQ(load(store), 0U);
  const std::string before = content("lab.macsec");
  const auto refused = [&](const Profile& profile, std::string_view words) {
    const auto written = store.write(profile);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, EINVAL);
    EXPECT_NE(written.error().message.find(words), std::string::npos) << written.error().message;
    EXPECT_EQ(content("lab.macsec"), before);
    EXPECT_FALSE(std::filesystem::exists(directory_ + "/.lab.macsec.new"));
  };
  Profile taken = copy(store, "lab");
  taken.link.interface = "macsec2";
  refused(taken, "Interface=macsec2 is taken by profile other");

  Profile elsewhere = copy(store, "lab");
  elsewhere.keys[0].origin.file = directory_ + "/missing.cak";
  refused(elsewhere, "missing.cak");
  write("another.cak", "ffffffffffffffffffffffffffffffff");
  elsewhere.keys[0].origin.file = directory_ + "/another.cak";
  refused(elsewhere, "other settings");

  std::filesystem::create_directory(directory_ + "/lab.macsec.d");
  write("lab.macsec.d/10-key.conf", "[Key]\nCkn=aabbccdd\nCak=000102030405060708090a0b0c0d0e0f\n");
  refused(copy(store, "lab"), "10-key.conf");
}

TEST_F(ProfileStoreTest, ABrokenFileKeepsTheSettingsFromBefore) {
  write("lab.cak", "000102030405060708090a0b0c0d0e0f");
  const std::string good =
      "[Link]\nParent=eth0\nInterface=macsec1\n[Key]\nCkn=aa\nCakFile=" + directory_ + "/lab.cak\n";
  write("lab.macsec", good);
  ProfileStore store = make();
  ASSERT_EQ(load(store), 0U);
  ProfilePointer running = store.wanted().at(0);
  const auto still_runs = [&](const char* why) {
    load(store);
    ASSERT_EQ(store.wanted().size(), 1U) << why;
    EXPECT_EQ(store.wanted()[0], running) << why;
    EXPECT_FALSE(store.errors().empty()) << why;
    const auto problems = store.state("lab").problems;
    EXPECT_TRUE(std::ranges::any_of(problems, [](const bus::Problem& each) { return each.error; })) << why;
  };
  write("lab.macsec", good + "[MKA]\nPriority=1x0\n");
  still_runs("a typing error");
  write("lab.macsec", "");
  still_runs("it was emptied");
  write("lab.macsec", good);
  std::filesystem::rename(directory_ + "/lab.cak", directory_ + "/lab.cak.new");
  still_runs("the key's file is missing for a moment");
  std::filesystem::rename(directory_ + "/lab.cak.new", directory_ + "/lab.cak");
  load(store);
  EXPECT_TRUE(store.errors().empty()) << store.errors();
  EXPECT_TRUE(store.state("lab").problems.empty());
  running = store.wanted().at(0);

  write("a.macsec", text("macsec1", "eth1"));
  load(store);
  const auto wanted = store.wanted();
  EXPECT_TRUE(std::ranges::find(wanted, running) != wanted.end()) << "another file took its interface";
  std::filesystem::remove(directory_ + "/a.macsec");
  load(store);
  running = store.wanted().at(0);

  std::filesystem::rename(directory_, directory_ + ".away");
  std::filesystem::create_symlink(directory_, directory_);
  still_runs("the directory cannot be read");
  std::filesystem::remove(directory_);
  std::filesystem::rename(directory_ + ".away", directory_);
  load(store);
  EXPECT_TRUE(store.errors().empty()) << store.errors();

  std::filesystem::remove(directory_ + "/lab.macsec");
  load(store);
  EXPECT_TRUE(store.wanted().empty()) << "a file that is gone is no broken file";
}

TEST_F(ProfileStoreTest, AFileTakesANameFromAClientForGood) {
  ProfileStore store = make();
  ASSERT_TRUE(store.put(program_profile("lab"), {.lifetime = bus::Lifetime::client, .owner = ":1.5"}));
  ASSERT_TRUE(store.put(program_profile("parked"), {.lifetime = bus::Lifetime::parked, .owner = ":1.5"}));
  EXPECT_EQ(store.count_of(":1.5"), 2U);
  write("lab.macsec", text("macsec1"));
  write("parked.macsec", text("macsec2", "eth1"));
  load(store);
  EXPECT_EQ(store.count_of(":1.5"), 0U);
  EXPECT_FALSE(store.state("lab").client);
  EXPECT_TRUE(store.leave(":1.5", Time{}).empty());
  EXPECT_FALSE(store.next_expiry());
  EXPECT_EQ(store.names(), (std::vector<std::string>{"lab", "parked"}));
  EXPECT_TRUE(std::filesystem::exists(directory_ + "/lab.macsec"));
  EXPECT_FALSE(store.set_problems("lab", {}));
}

TEST_F(ProfileStoreTest, ClientsThatWereNeverGoneHaveTheirProfilesBack) {
  ProfileStore store = make();
  ASSERT_TRUE(store.put(program_profile("a"), {.lifetime = bus::Lifetime::client, .owner = ":1.5"}));
  ASSERT_TRUE(store.put(program_profile("b"), {.lifetime = bus::Lifetime::client, .owner = ":1.6"}));
  ASSERT_TRUE(store.put(program_profile("c"), {.lifetime = bus::Lifetime::memory}));
  EXPECT_EQ(store.lose_clients(Time{}), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(store.state("a").client->owner, "");
  EXPECT_EQ(store.lost_clients(), (std::vector<std::string>{":1.5", ":1.6"}));
  EXPECT_EQ(store.come_back(":1.5"), std::vector<std::string>{"a"});
  EXPECT_EQ(store.state("a").client->owner, ":1.5");
  EXPECT_EQ(store.leave(":1.6", Time{}), std::vector<std::string>{"b"}) << "it left while we were away";
  EXPECT_FALSE(store.has("b"));
  EXPECT_FALSE(store.next_expiry());
  EXPECT_TRUE(store.lost_clients().empty());
  EXPECT_TRUE(store.expire(Time{bus::longest_grace * 2}).empty());
}

TEST_F(ProfileStoreTest, AFileWhoseDropInsMayNotBeRemovedStays) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs a second user";
  constexpr uid_t nobody = 65534;
  write("lab.macsec", text("macsec1"));
  std::filesystem::create_directory(directory_ + "/lab.macsec.d");
  write("lab.macsec.d/10-more.conf", "[MKA]\nPriority=9\n");
  ASSERT_EQ(::chown(directory_.c_str(), nobody, nobody), 0);
  std::filesystem::permissions(temporary_.path(), std::filesystem::perms::others_exec,
                               std::filesystem::perm_options::add);
  ProfileStore store = make();
  load(store);
  ASSERT_EQ(::seteuid(nobody), 0);
  const auto removed = store.remove("lab");
  ASSERT_EQ(::seteuid(0), 0);
  ASSERT_FALSE(removed);
  EXPECT_EQ(removed.error().message,
            "cannot remove " + directory_ + "/lab.macsec.d: Permission denied (group macsecd, chmod g+ws)");
  EXPECT_TRUE(std::filesystem::exists(directory_ + "/lab.macsec"));
  EXPECT_TRUE(std::filesystem::exists(directory_ + "/lab.macsec.d/10-more.conf"));
  EXPECT_TRUE(store.has("lab"));
}

TEST_F(ProfileStoreTest, MemoryStaysAcrossReloadsAndNeverHidesAFile) {
  write("file.macsec", text("macsec1"));
  ProfileStore store = make();
  load(store);
  auto profile = std::make_shared<Profile>();
  profile->name = "program";
  profile->source = ProfileSource::runtime;
  ASSERT_TRUE(store.put(profile, {}));
  load(store);
  EXPECT_TRUE(store.has("program"));
  auto taken = std::make_shared<Profile>();
  taken->name = "file";
  EXPECT_FALSE(store.put(taken, {}));
  ASSERT_TRUE(store.remove("program"));
  EXPECT_FALSE(store.has("program"));
  EXPECT_FALSE(store.remove("program"));
}

// What keeps ports of one profile from running is one problem of it, and told where it is another one than before.
TEST_F(ProfileStoreTest, ObstaclesOfPortsAreAProblemOfTheirProfile) {
  write("many.macsec", text("macsec*", "swp*"));
  std::vector<std::string> told;
  std::vector<std::string> changed;
  Profiles profiles{make(),
                    {.run =
                         [](const auto&, const auto&, const auto&) {
                           return std::vector<Profiles::Obstacle>{{"many", "swp1: taken"}, {"many", "swp2: too long"}};
                         },
                     .bad_file = [](const Diagnostic&) {},
                     .obstacle = [&](const Profiles::Obstacle& one) { told.push_back(one.text); },
                     .changed = [&](const std::string& name) { changed.push_back(name); }}};
  const auto loaded = profiles.reload();
  ASSERT_FALSE(loaded) << "who reloads is told";
  EXPECT_EQ(loaded.error().message, directory_ + "/many.macsec: swp1: taken; swp2: too long");
  const auto problems = [&] {
    std::vector<std::string> out;
    for (const bus::Problem& one : profiles.store().state("many").problems) out.push_back(one.text);
    return out;
  };
  EXPECT_EQ(problems(), (std::vector<std::string>{"swp1: taken; swp2: too long"}));
  EXPECT_EQ(told, (std::vector<std::string>{"swp1: taken; swp2: too long"}));
  changed.clear();
  profiles.set_obstacles({{"many", "swp1: taken"}, {"many", "swp2: too long"}});
  EXPECT_EQ(told.size(), 1U);
  EXPECT_TRUE(changed.empty());
  profiles.set_obstacles({{"many", "swp2: too long"}});
  EXPECT_EQ(problems(), (std::vector<std::string>{"swp2: too long"}));
  EXPECT_EQ(told.back(), "swp2: too long");
  EXPECT_EQ(changed, (std::vector<std::string>{"many"}));
  EXPECT_TRUE(profiles.store().state("many").problems.front().error);
  profiles.set_obstacles({{"many", "swp2: too long", false}});
  EXPECT_FALSE(profiles.store().state("many").problems.front().error);
  EXPECT_EQ(changed.size(), 2U);
  profiles.set_obstacles({});
  EXPECT_TRUE(problems().empty());
  EXPECT_EQ(changed.size(), 3U);
}

TEST_F(ProfileStoreTest, WhatIsNotEnabledIsIdle) {
  write("off.macsec", text("macsec0") + "[Link]\nEnable=no\n");
  write("on.macsec", text("macsec1", "eth1"));
  ProfileStore store = make();
  store.load(ProfileStore::Tell::everything, [](const Diagnostic&) {});
  ASSERT_EQ(store.idle().size(), 1U);
  EXPECT_EQ(store.idle().front().name, "off");
  EXPECT_EQ(store.idle().front().parent, "eth0");
}

// An interface stays out of patterns while the profile that names it has errors, of whatever kind.
TEST_F(ProfileStoreTest, WhatHasErrorsIsIdleWithTheInterfaceThatItNames) {
  write("access.macsec", text("macsec*", "swp*"));
  write("line.macsec", text("macsec1", "swp1") + "[MKA]\nPriority=300\n");
  write("one.macsec", text("macsec2", "swp2"));
  write("other.macsec", text("macsec2", "swp3"));  // collides with "one"
  write("drop.macsec", text("macsec4", "swp4"));
  std::filesystem::create_directories(directory_ + "/drop.macsec.d");
  std::filesystem::create_symlink("nothing", directory_ + "/drop.macsec.d/10.conf");
  write("bare.macsec", "[Link]\nParent=not a name\n");
  ProfileStore store = make();
  load(store);
  ASSERT_EQ(store.wanted().size(), 2U);
  const auto idle = [&store] {
    std::vector<std::string> out;
    for (const IdleProfile& each : store.idle()) out.push_back(each.name + " " + each.parent);
    return out;
  };
  EXPECT_EQ(idle(), (std::vector<std::string>{"bare ", "drop swp4", "line swp1", "other swp3"}));
  write("line.macsec", text("macsec1", "swp1"));
  load(store);
  EXPECT_EQ(idle().size(), 3U);
  // The settings from before run on, on the interface from before.
  write("line.macsec", text("macsec1", "swp9") + "[MKA]\nPriority=300\n");
  load(store);
  EXPECT_EQ(idle().size(), 3U);
}

// Several connections may name an interface, and that no one is active says nothing about it.
TEST_F(ProfileStoreTest, AConnectionThatIsNotActiveLeavesItsInterface) {
  ProfileStore store = make();
  for (const auto source : {ProfileSource::networkmanager, ProfileSource::runtime}) {
    auto profile = std::make_shared<Profile>(Profile{*duplicate(*program_profile(std::string{to_string(source)}))});
    profile->source = source;
    profile->link.enabled = false;
    ASSERT_TRUE(store.put(profile, {}));
  }
  ASSERT_EQ(store.idle().size(), 2U);
  EXPECT_EQ(store.idle().front().parent, "");
  EXPECT_EQ(store.idle().back().parent, "eth0");
}

}  // namespace
}  // namespace macsec::daemon
