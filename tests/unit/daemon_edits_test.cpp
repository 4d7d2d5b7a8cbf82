// SPDX-License-Identifier: LGPL-2.1-or-later
/// What programs change of profiles that have files: enabled or not, and edited, beside drop-ins and other profiles.
#include "dbus/daemon/profile_store.hpp"
#include "dbus/daemon/service.hpp"
#include "tests/temporary_directory.hpp"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace macsec::daemon {
namespace {

namespace fs = std::filesystem;

class StoredEdits : public ::testing::Test {
 protected:
  StoredEdits() { fs::create_directory(directory_); }
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((directory_ / name).parent_path());
    std::ofstream{directory_ / name} << text;
    ::chmod((directory_ / name).c_str(), 0640);
  }
  static std::string text(const std::string& interface, const std::string& parent, const std::string& more = {}) {
    return "[Link]\nParent=" + parent + "\nInterface=" + interface + "\n" + more +
           "[Key]\nCkn=aabbccdd\nCak=000102030405060708090a0b0c0d0e0f\n";
  }
  [[nodiscard]] ProfileStore start() const {
    ProfileStore store{{directory_.string()}, ProfileContext{}};
    reload(store);
    return store;
  }
  static void reload(ProfileStore& store) {
    store.load(ProfileStore::Tell::news, [](const Diagnostic&) {});
  }
  static Profile copy(const ProfileStore& store, const std::string& name) {
    return duplicate(*store.state(name).profile).value();
  }
  [[nodiscard]] mode_t mode_of(const std::string& name) const {
    struct stat info{};
    return ::stat((directory_ / name).c_str(), &info) == 0 ? info.st_mode & 07777U : 0;
  }

  const test::TemporaryDirectory temporary_;
  const fs::path directory_ = temporary_.path() / "etc";
};

TEST_F(StoredEdits, WhatCollidesIsNotEnabled) {
  write("uplink.macsec", text("macsec0", "eth0"));
  write("lab.macsec", text("macsec0", "eth1", "Enable=no\n"));
  ProfileStore store = start();
  const auto enabled = store.set_enabled("lab", true);
  ASSERT_FALSE(enabled) << "the next start would refuse one of the two";
  EXPECT_EQ(enabled.error().code, EINVAL);
  EXPECT_NE(enabled.error().message.find("uplink"), std::string::npos) << enabled.error().message;
  EXPECT_FALSE(store.state("lab").enabled);
  EXPECT_FALSE(fs::exists(directory_ / "lab.macsec.d"));
  ASSERT_TRUE(store.set_enabled("uplink", false));
  EXPECT_TRUE(store.set_enabled("lab", true));
  EXPECT_EQ(start().wanted().at(0)->name, "lab");
}

TEST_F(StoredEdits, AProfileSaysWhetherItIsEnabled) {
  write("uplink.macsec", text("macsec0", "eth0"));
  ProfileStore store = start();
  ASSERT_TRUE(store.set_enabled("uplink", false));
  EXPECT_FALSE(store.state("uplink").profile->link.enabled) << "an edit of what it says would enable it again";
  ASSERT_TRUE(store.set_enabled("uplink", true));
  EXPECT_TRUE(store.state("uplink").profile->link.enabled);
}

TEST_F(StoredEdits, OfWhatADropInSaysAreRefused) {
  write("uplink.macsec", text("macsec0", "eth0"));
  write("uplink.macsec.d/10-mine.conf", "[MKA]\nPriority=10\n");
  write("uplink.macsec.d/20-more.conf",
        "[MACsec]\nReplayWindow=5\n[Key]\nCkn=0b\nCak=ff0102030405060708090a0b0c0d0e0f\n");
  ProfileStore store = start();
  Profile edited = copy(store, "uplink");
  std::erase_if(edited.keys, [](const PreSharedKey& key) { return to_string(key.ckn) == "0b"; });
  edited.mka.hello = std::chrono::milliseconds{500};
  const auto agrees = store.write(edited);
  EXPECT_TRUE(agrees) << agrees.error().message;
  edited.mka.priority = 5;
  const auto refused = store.write(edited);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, EINVAL);
  EXPECT_NE(refused.error().message.find("10-mine.conf:2"), std::string::npos) << refused.error().message;
  EXPECT_EQ(refused.error().message.find("20-more.conf"), std::string::npos) << refused.error().message;
  reload(store);
  EXPECT_EQ(store.state("uplink").profile->mka.priority, 10);
}

TEST_F(StoredEdits, EnableAndDisableWhateverWasSaidBefore) {
  write("uplink.macsec", text("macsec0", "eth0"));
  ProfileStore store = start();
  ASSERT_TRUE(store.set_enabled("uplink", false));
  Profile edited = copy(store, "uplink");
  edited.link.enabled = true;
  const auto enabled = store.write(edited);
  ASSERT_TRUE(enabled) << enabled.error().message;
  reload(store);
  EXPECT_EQ(store.wanted().size(), 1U);
  edited.link.enabled = false;
  ASSERT_TRUE(store.write(edited));
  reload(store);
  EXPECT_TRUE(store.wanted().empty());

  write("uplink.macsec.d/95-mine.conf", "[Link]\nEnable=no\n");
  edited.link.enabled = true;
  const auto refused = store.write(edited);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("95-mine.conf:2"), std::string::npos) << refused.error().message;
  EXPECT_FALSE(store.set_enabled("uplink", true)) << "it would not last";
}

// Root writes drop-ins, too, and the service, which is of the folder's group, has to read them.
TEST_F(StoredEdits, FoldersOfDropInsAreTheGroups) {
  ASSERT_EQ(::chmod(directory_.c_str(), 02770), 0);
  write("uplink.macsec", text("macsec0", "eth0"));
  ProfileStore store = start();
  const mode_t before = ::umask(0077);
  const auto done = store.set_enabled("uplink", false);
  EXPECT_EQ(::umask(before), 0077U);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(mode_of("uplink.macsec.d"), 02770U);
  EXPECT_EQ(mode_of("uplink.macsec.d/90-enable.conf"), 0640U);
}

TEST_F(StoredEdits, ADirectoryThatCannotBeReadIsNotWell) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs a second user";
  fs::permissions(temporary_.path(), fs::perms::group_exec | fs::perms::others_exec, fs::perm_options::add);
  EXPECT_EQ(check_profiles({directory_.string()}), ExitCode::success);
  ASSERT_EQ(::chmod(directory_.c_str(), 0700), 0);
  ASSERT_EQ(::seteuid(65534), 0);
  const ExitCode outcome = check_profiles({directory_.string()});
  ASSERT_EQ(::seteuid(0), 0);
  EXPECT_EQ(outcome, ExitCode::bad_profile);
}

}  // namespace
}  // namespace macsec::daemon
