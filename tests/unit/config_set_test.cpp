// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "engine/config/profile_set.hpp"
#include "tests/temporary_directory.hpp"

namespace macsec {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class ProfileSet : public testing::Test {
 protected:
  ProfileSet() {
    for (const char* name : {"etc", "run", "lib"}) {
      fs::create_directory(root_ / name);
      paths_.push_back((root_ / name).string());
    }
    directories_.assign(paths_.begin(), paths_.end());
  }
  ProfileSet(const ProfileSet&) = delete;
  ProfileSet& operator=(const ProfileSet&) = delete;

  fs::path put(const std::string& name, const std::string& text, mode_t mode = 0640) {
    const fs::path path = root_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream{path} << text;
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    return path;
  }
  std::vector<ProfileFile> load() { return load_profiles(directories_, context_); }
  /// A good profile on a parent of its own.
  static std::string text(const std::string& name, const std::string& more = {}) {
    return "[Link]\nParent=" + name + "\nInterface=" + name + "-sec\n" + more + "[Key]\nCkn=01\n" + key_;
  }

  static inline const std::string key_ = "Cak=000102030405060708090a0b0c0d0e0f\n";
  const test::TemporaryDirectory directory_;
  const fs::path root_ = directory_.path();
  std::vector<std::string> paths_;
  std::vector<std::string_view> directories_;
  ProfileContext context_;
};

TEST_F(ProfileSet, StrongerDirectoriesHideAndMask) {
  put("etc/a.macsec", text("etc-a"));
  put("lib/a.macsec", text("lib-a"));
  put("lib/b.macsec", text("lib-b"));
  put("lib/c.macsec", text("lib-c"));
  put("lib/d.macsec", text("lib-d"));
  put("lib/.e.macsec", text("lib-e"));
  put("lib/f.conf", "rubbish");
  put("etc/c.macsec", "");
  fs::create_symlink("/dev/null", root_ / "run/d.macsec");
  const std::vector<ProfileFile> files = load();
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0].name, "a");
  ASSERT_TRUE(files[0].profile);
  EXPECT_EQ(files[0].profile->link.parent, "etc-a");
  EXPECT_EQ(files[1].profile->link.parent, "lib-b");
}

TEST_F(ProfileSet, DropInsOfAllDirectoriesByName) {
  put("lib/a.macsec", text("x"));
  put("etc/a.macsec.d/20-b.conf", "[MKA]\nPriority=2\n");
  put("lib/a.macsec.d/30-c.conf", "[MKA]\nPriority=3\n");
  put("run/a.macsec.d/30-c.conf", "[MACsec]\nEncrypt=no\n");
  put("lib/a.macsec.d/40-d.conf", "[MKA]\nPriority=4\n");
  put("etc/a.macsec.d/40-d.conf", "");
  put("lib/a.macsec.d/50-e.txt", "[MKA]\nPriority=5\n");
  const std::vector<ProfileFile> files = load();
  ASSERT_EQ(files.size(), 1U);
  ASSERT_TRUE(files[0].profile);
  EXPECT_EQ(files[0].profile->mka.priority, 2);
  EXPECT_FALSE(files[0].profile->macsec.encrypt);
}

// An editor on a full disk, or a crash, leaves an empty file.
TEST_F(ProfileSet, AnEmptyFileThatMasksNothingIsAnError) {
  const auto error = [this] {
    const std::vector<ProfileFile> files = load();
    EXPECT_EQ(files.size(), 1U);
    if (files.empty() || files[0].profile || files[0].diagnostics.empty()) return std::string{};
    return files[0].diagnostics[0].file;
  };
  put("etc/a.macsec", "");
  EXPECT_EQ(error(), root_ / "etc/a.macsec");
  put("etc/a.macsec", text("x"));
  put("etc/a.macsec.d/10-more.conf", "");
  EXPECT_EQ(error(), root_ / "etc/a.macsec.d/10-more.conf");
  put("run/a.macsec.d/10-more.conf", "[MKA]\nPriority=1\n");
  EXPECT_EQ(error(), "") << "it masks one";
  fs::remove(root_ / "run/a.macsec.d/10-more.conf");
  fs::remove(root_ / "etc/a.macsec.d/10-more.conf");
  fs::create_symlink("/dev/null", root_ / "etc/a.macsec.d/10-more.conf");
  EXPECT_EQ(error(), "");
  EXPECT_TRUE(load()[0].profile);
}

TEST_F(ProfileSet, AnEmptyFileOfAKeyIsAnErrorWhateverItHides) {
  put("lib/a.macsec", text("x"));
  put("etc/a.macsec.d/key-01.conf", "");
  EXPECT_FALSE(load()[0].profile) << "it may have retired the key";
  put("lib/a.macsec.d/key-01.conf", "[Key]\nCkn=01\nRetired=@1800000000\n");
  EXPECT_FALSE(load()[0].profile);
  fs::remove(root_ / "etc/a.macsec.d/key-01.conf");
  fs::create_symlink("/dev/null", root_ / "etc/a.macsec.d/key-01.conf");
  EXPECT_TRUE(load()[0].profile);
}

TEST_F(ProfileSet, ABadProfileLeavesTheOthersAlone) {
  put("etc/a.macsec", text("a", "Port=0\n"));
  put("etc/b.macsec", text("b"));
  fs::create_symlink(root_ / "nowhere", root_ / "etc/c.macsec");
  put("etc/d e.macsec", text("d"));
  const std::vector<ProfileFile> files = load();
  ASSERT_EQ(files.size(), 4U);
  EXPECT_FALSE(files[0].profile);
  EXPECT_TRUE(files[1].profile);
  EXPECT_FALSE(files[2].profile);
  EXPECT_FALSE(files[3].profile);
  for (const ProfileFile& file : files)
    EXPECT_EQ(file.diagnostics.empty(), static_cast<bool>(file.profile)) << file.name;
}

// The bus takes no other text.
TEST_F(ProfileSet, AFileNameThatIsNotUtf8IsToldEscaped) {
  put("etc/b\374ro.macsec", text("a"));
  put("etc/link.macsec", text("b"));
  const std::vector<ProfileFile> files = load();
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0].name, "b\\xfcro");
  EXPECT_FALSE(files[0].profile);
  ASSERT_EQ(files[0].diagnostics.size(), 1U);
  EXPECT_THAT(to_string(files[0].diagnostics[0]), testing::StartsWith((root_ / "etc/b\\xfcro.macsec: ").string()));
  EXPECT_TRUE(files[1].profile);
}

TEST_F(ProfileSet, TheLaterOfTwoThatCollideIsRefused) {
  put("etc/a.macsec", "[Link]\nParent=e0\nInterface=m0\n[Key]\nCkn=01\n" + key_);
  put("etc/b.macsec", "[Link]\nParent=e1\nInterface=m0\n[Key]\nCkn=01\n" + key_);
  put("etc/c.macsec", "[Link]\nParent=e0\nInterface=m1\n[Key]\nCkn=01\n" + key_);
  put("etc/d.macsec", "[Link]\nParent=e0\nInterface=m2\nPort=2\n[Key]\nCkn=01\n" + key_);
  put("etc/e.macsec", "[Link]\nParent=e0\nInterface=m0\nEnable=no\n[Key]\nCkn=01\n" + key_);
  const std::vector<ProfileFile> files = load();
  std::vector<std::string> good;
  for (const ProfileFile& file : files)
    if (file.profile) good.push_back(file.name);
  EXPECT_THAT(good, ElementsAre("a", "d", "e"));
  EXPECT_THAT(to_string(files[1].diagnostics.at(0)), HasSubstr("Interface=m0 is taken by profile a"));
  EXPECT_THAT(to_string(files[2].diagnostics.at(0)), HasSubstr("Port=1 on Parent=e0 is taken by profile a"));
}

TEST_F(ProfileSet, KeysThatEverybodyCanReadAreRefused) {
  EXPECT_FALSE(load_profile(put("etc/a.macsec", text("a"), 0644), context_).profile);
  EXPECT_TRUE(load_profile(put("etc/a.macsec", text("a"), 0640), context_).profile);
  const fs::path file = put("keys/k", "\n 000102030405060708090A0B0C0D0E0F \r\n", 0644);
  const std::string profile = "[Link]\nParent=e0\n[Key]\nCkn=01\nCakFile=/keys/k\n";
  context_.root = root_.string();
  const fs::path path = put("etc/b.macsec", profile, 0644);
  EXPECT_FALSE(load_profile(path, context_).profile);
  ASSERT_EQ(::chmod(file.c_str(), 0600), 0);
  const ProfileFile good = load_profile(path, context_);
  ASSERT_TRUE(good.profile);
  EXPECT_EQ(good.profile->keys[0].cak.expose()[10], 10U);
  EXPECT_EQ(good.profile->keys[0].origin.file, "/keys/k");
  // The reference goes into settings and files, the key does not.
  EXPECT_THAT(std::string{profile_file(*good.profile).view()}, HasSubstr("CakFile=/keys/k\n"));
  EXPECT_THAT(std::string{profile_file(*good.profile).view()}, testing::Not(HasSubstr("Cak=")));
}

TEST_F(ProfileSet, KeyFilesMustHoldAKey) {
  context_.root = root_.string();
  const fs::path path = put("etc/a.macsec", "[Link]\nParent=e0\n[Key]\nCkn=01\nCakFile=/keys/k\n");
  const auto complaint = [&] { return to_string(load_profile(path, context_).diagnostics.at(0)); };
  EXPECT_THAT(complaint(), HasSubstr("a.macsec:5: CakFile=/keys/k: cannot read"));
  for (const char* bad : {"", "zz", "0001", "000102030405060708090a0b0c0d0e0f 00"}) {
    put("keys/k", bad);
    EXPECT_THAT(complaint(), HasSubstr("must hold 32 or 64 hexadecimal digits")) << bad;
  }
  put("keys/k", std::string(5000, ' '));
  EXPECT_THAT(complaint(), HasSubstr("more than"));
}

TEST_F(ProfileSet, Credentials) {
  const fs::path path = put("etc/a.macsec", "[Link]\nParent=e0\n[Key]\nCkn=01\nCakCredential=cak\n");
  EXPECT_THAT(to_string(load_profile(path, context_).diagnostics.at(0)),
              HasSubstr("the service was given no credentials"));
  context_.credentials_directory = (root_ / "credentials").string();
  put("credentials/cak", "000102030405060708090a0b0c0d0e0f\n", 0400);
  const ProfileFile file = load_profile(path, context_);
  ASSERT_TRUE(file.profile);
  EXPECT_EQ(file.profile->keys[0].origin.credential, "cak");
}

// What is refused comes into the journal and onto the bus, where everybody reads it.
TEST_F(ProfileSet, ASecretInThePlaceOfItsFileIsNotRepeated) {
  const std::string digits = "deadbeefdeadbeefdeadbeefdeadbeef";
  const std::string server =
      "[Link]\nParent=e0\n[8021X]\nMethod=peap\nIdentity=a\nCaCertificate=/ca.pem\nServerName=r\n";
  const std::string psk = "[Link]\nParent=e0\n[Key]\nCkn=01\n";
  for (const std::string& text : {psk + "CakFile=" + digits, psk + "CakCredential=" + digits,
                                  psk + "CakCredential=" + digits + digits, psk + "CakCredential=/" + digits,
                                  server + "PasswordFile=" + digits, server + "PrivateKeyPasswordFile=" + digits,
                                  "[Link]\nParent=e0\n[StaticKeys]\nTransmit=yes\nAn=0\nKeyFile=" + digits}) {
    const ProfileFile file = load_profile(put("etc/a.macsec", text + "\n"), context_);
    EXPECT_FALSE(file.profile) << text;
    EXPECT_FALSE(file.diagnostics.empty()) << text;
    for (const Diagnostic& each : file.diagnostics) EXPECT_THAT(to_string(each), testing::Not(HasSubstr("deadbeef")));
  }
  const ProfileFile path = load_profile(put("etc/a.macsec", psk + "CakFile=/keys/\n"), context_);
  EXPECT_THAT(to_string(path.diagnostics.at(0)), HasSubstr("CakFile=/keys/ is not accepted")) << "a path is no secret";
}

TEST_F(ProfileSet, ARetiredKeyIsHiddenWhereverItStands) {
  put("lib/link.macsec", text("eth0", "[Key]\nCkn=02\n" + key_));
  put("etc/link.macsec.d/key-01.conf", "[Key]\nCkn=01\nRetired=@1800000000\n");
  const auto files = load();
  ASSERT_TRUE(files[0].profile);
  ASSERT_EQ(files[0].profile->keys.size(), 1U);
  EXPECT_EQ(to_string(files[0].profile->keys[0].ckn), "02");
  ASSERT_EQ(files[0].profile->retired.size(), 1U);
  EXPECT_EQ(files[0].profile->retired[0].still_said, (root_ / "lib/link.macsec").string() + ":7");
  put("etc/link.macsec.d/key-02.conf", "[Key]\nCkn=02\nRetired=@1800000000\n");
  EXPECT_FALSE(load()[0].profile) << "none is left";
  put("etc/link.macsec.d/key-02.conf", "[Key]\nCkn=02\nRetired=@1800000000\n" + key_);
  const auto broken = load();
  ASSERT_FALSE(broken[0].diagnostics.empty());
  EXPECT_THAT(to_string(broken[0].diagnostics[0]), HasSubstr("key-02.conf:4: a retired key has no Cak="));
}

TEST_F(ProfileSet, KeyFilesAddToTheProfileOfAProgram) {
  auto program = std::make_shared<Profile>();
  program->name = "link";
  program->keys.push_back({.ckn = *Ckn::from_hex("01"),
                           .cak = Secret<32>{std::array<std::uint8_t, 16>{1}},
                           .not_before = {},
                           .not_after = {}});
  EXPECT_EQ(with_key_files(directories_, program, context_).profile, program);
  put("etc/link.macsec.d/key-02.conf", "[Key]\nCkn=02\n" + key_);
  put("etc/link.macsec.d/other.conf", "[MKA]\nPriority=1\n");
  const ProfileFile both = with_key_files(directories_, program, context_);
  EXPECT_THAT(both.diagnostics, testing::IsEmpty());
  EXPECT_EQ(both.profile->keys.size(), 2U);
  put("etc/link.macsec.d/key-01.conf", "[Key]\nCkn=01\nRetired=@1800000000\n");
  EXPECT_EQ(with_key_files(directories_, program, context_).profile->keys.size(), 1U);
  put("etc/link.macsec.d/key-03.conf", "[Key]\nCkn=02\n" + key_);
  const ProfileFile twice = with_key_files(directories_, program, context_);
  EXPECT_TRUE(has_error(twice.diagnostics));
  EXPECT_EQ(twice.profile, program) << "what the program said stays";
}

TEST_F(ProfileSet, AKeyFileLeavesTheAuthenticationOfAProgramsProfile) {
  auto program = std::make_shared<Profile>();
  program->name = "link";
  program->pae.emplace();
  program->pae->use_eap = UseEap::mka_fail;
  program->pae->cache = std::chrono::minutes{5};
  program->pae->eap.methods = {EapType::peap};
  program->pae->eap.identity = "alice";
  program->pae->eap.password = {EapSource::Kind::octets, {}, WipedText{std::string_view{"word"}}};
  put("etc/link.macsec.d/key-02.conf", "[Key]\nCkn=02\nRole=fallback\n" + key_);
  const ProfileFile both = with_key_files(directories_, program, context_);
  EXPECT_THAT(both.diagnostics, testing::IsEmpty());
  EXPECT_EQ(both.profile->keys.size(), 1U);
  EXPECT_EQ(both.profile->pae, program->pae);
  put("etc/link.macsec.d/key-02.conf", "[Key]\nCkn=02\n" + key_);
  const ProfileFile primary = with_key_files(directories_, program, context_);
  ASSERT_TRUE(has_error(primary.diagnostics));
  EXPECT_THAT(to_string(primary.diagnostics.front()), HasSubstr("needs Role=fallback"));
  EXPECT_EQ(primary.profile, program);
}

}  // namespace
}  // namespace macsec
