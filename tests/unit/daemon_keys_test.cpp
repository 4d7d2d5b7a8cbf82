// SPDX-License-Identifier: LGPL-2.1-or-later
/// Keys of profiles where the store has to bring them from elsewhere: memory, and credentials of another process.
#include "dbus/daemon/profile_store.hpp"
#include "tests/temporary_directory.hpp"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace macsec::daemon {
namespace {

class StoredKeys : public ::testing::Test {
 protected:
  StoredKeys() {
    for (const std::string& each : {directory_, credentials_}) std::filesystem::create_directory(each);
  }
  static void write(const std::string& path, const std::string& text) {
    std::ofstream{path} << text;
    ::chmod(path.c_str(), 0640);
  }
  void write_link(const std::string& secret) const {
    write(directory_ + "/link.macsec", "[Link]\nParent=eth0\nInterface=macsec1\n[Key]\nCkn=aabbccdd\n" + secret + "\n");
  }
  [[nodiscard]] ProfileStore start(MemoryKeyring memory = {}) const {
    ProfileContext context;
    context.credentials_directory = credentials_;
    ProfileStore store{{directory_}, std::move(context), std::move(memory)};
    reload(store);
    return store;
  }
  static void reload(ProfileStore& store) {
    store.load(ProfileStore::Tell::news, [](const Diagnostic&) {});
  }
  static ProfilePointer of_a_program(const std::string& name) {
    auto profile = std::make_shared<Profile>();
    profile->name = name;
    profile->source = ProfileSource::networkd;
    profile->link.parent = "eth0";
    profile->link.interface = "macsec7";
    return profile;
  }
  static constexpr const char* cak = "Cak=000102030405060708090a0b0c0d0e0f";

  const test::TemporaryDirectory temporary_;
  const std::string directory_ = temporary_.path() / "etc";
  const std::string credentials_ = temporary_.path() / "credentials";
};

/// What a service manager holds, by profile.
struct Held {
  std::map<std::string, MemoryKeys> keys;
  bool full = false;

  [[nodiscard]] MemoryKeyring next_process(Time now) {
    std::vector<MemoryKeys> left;
    for (auto& [name, each] : std::exchange(keys, {})) {
      left.push_back(std::move(each));
      static_cast<void>(keep(left.back()));
    }
    return {std::move(left), [this](const MemoryKeys& each) { return keep(each); }, now};
  }
  Result<void> keep(const MemoryKeys& each) {
    if (full) return fail(ENOBUFS, "no room");
    MemoryKeys copy{.profile = each.profile, .keys = {}, .retired = each.retired};
    for (const PreSharedKey& key : each.keys) copy.keys.push_back(duplicate(key));
    keys.erase(each.profile);
    if (!copy.keys.empty() || !copy.retired.empty()) keys.emplace(each.profile, std::move(copy));
    return {};
  }
};

TEST_F(StoredKeys, InMemoryOutliveTheProcessAndNotTheirProfile) {
  constexpr Time booted{std::chrono::hours{1}};
  write_link(cak);
  Held held;
  PreSharedKey key;
  key.ckn = Ckn::from_hex("0b").value();
  key.cak = Secret<32>{std::array<std::uint8_t, 32>{7}};
  key.origin.memory = true;
  const auto begin = [&] { return start(held.next_process(booted)); };
  ProfileStore store = begin();
  ASSERT_TRUE(store.put(of_a_program("other"), {.owner = ":1.1"}));
  held.full = true;
  EXPECT_EQ(store.add_key("link", key).error().code, ENOBUFS);
  EXPECT_EQ(store.state("link").profile->keys.size(), 1U) << "what cannot be kept is not used";
  held.full = false;
  ASSERT_TRUE(store.add_key("link", key));
  ASSERT_TRUE(store.add_key("other", key));
  store = begin();
  ASSERT_EQ(store.state("link").profile->keys.size(), 2U);
  EXPECT_EQ(store.state("link").profile->keys[1], key);
  ASSERT_TRUE(store.retire_key("link", key.ckn));
  store = begin();
  EXPECT_EQ(store.add_key("link", key).error().code, EEXIST) << "nor does the next process take a retired name again";

  EXPECT_EQ(store.next_expiry(), booted + MemoryKeyring::patience);
  ASSERT_TRUE(store.put(of_a_program("other"), {.owner = ":1.1"}));
  EXPECT_EQ(store.state("other").profile->keys.size(), 1U) << "its owner came back in time";
  EXPECT_FALSE(store.next_expiry());
  store = begin();
  store.expire(*store.next_expiry());
  EXPECT_FALSE(held.keys.contains("other")) << "and this time not";
  std::filesystem::remove(directory_ + "/link.macsec");
  reload(store);
  EXPECT_TRUE(held.keys.empty()) << "keys go with their profile";
}

PreSharedKey memory_key(std::string_view ckn, std::size_t octets, KeyRole role = KeyRole::primary) {
  PreSharedKey key;
  key.ckn = Ckn::from_hex(ckn).value();
  const std::array<std::uint8_t, 32> cak{7};
  key.cak = Secret<32>{Bytes{cak}.first(octets)};
  key.role = role;
  key.origin.memory = true;
  return key;
}

TEST_F(StoredKeys, InMemoryThatSettingsHideAreToldOfRetiredAndNotUsedUnderTheirName) {
  const std::string strong = "Cak=000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f";
  write_link(strong);
  Held held;
  ProfileStore store = start(held.next_process({}));
  ASSERT_TRUE(store.add_key("link", memory_key("0b", 16)));
  write(directory_ + "/link.macsec",
        "[Link]\nParent=eth0\nInterface=macsec1\n[MKA]\nStrength=cnsa2\n[Key]\nCkn=aabbccdd\n" + strong + "\n");
  reload(store);
  const Ckn name = Ckn::from_hex("0b").value();
  ASSERT_EQ(store.state("link").profile->keys.size(), 1U) << "128 bit";
  ASSERT_EQ(store.state("link").hidden_keys.size(), 1U);
  EXPECT_EQ(store.state("link").hidden_keys[0].ckn, name);
  ASSERT_EQ(store.state("link").problems.size(), 1U);
  EXPECT_FALSE(store.state("link").problems[0].error);
  EXPECT_EQ(store.add_key("link", memory_key("0b", 32)).error().code, EEXIST) << "the name has another CAK";
  EXPECT_TRUE(store.may_retire("link", name));
  held.full = true;
  EXPECT_EQ(store.retire_key("link", name).error().code, ENOBUFS);
  EXPECT_EQ(store.state("link").hidden_keys.size(), 1U) << "what the next process would not know did not happen";
  held.full = false;
  ASSERT_TRUE(store.retire_key("link", name));
  EXPECT_TRUE(store.state("link").hidden_keys.empty());
  EXPECT_TRUE(store.state("link").problems.empty());
  write_link(strong);
  reload(store);
  EXPECT_EQ(store.state("link").profile->keys.size(), 1U) << "nor does it come back with the settings";
  EXPECT_EQ(store.add_key("link", memory_key("0b", 32)).error().code, EEXIST);
}

TEST_F(StoredKeys, InMemoryUnderTheNameOfAFileGoWithIt) {
  write_link(cak);
  Held held;
  ProfileStore store = start(held.next_process({}));
  ASSERT_TRUE(store.add_key("link", memory_key("0b", 32)));
  std::filesystem::create_directory(directory_ + "/link.macsec.d");
  write(directory_ + "/link.macsec.d/key-0b.conf", std::string{"[Key]\nCkn=0b\n"} + cak + "\n");
  reload(store);
  ASSERT_EQ(store.state("link").profile->keys.size(), 2U);
  EXPECT_EQ(store.state("link").profile->keys[1].cak.size(), 16U) << "the file's";
  ASSERT_EQ(store.state("link").hidden_keys.size(), 1U);
  ASSERT_TRUE(store.retire_key("link", Ckn::from_hex("0b").value()));
  reload(store);
  EXPECT_EQ(store.state("link").profile->keys.size(), 1U);
  EXPECT_TRUE(store.state("link").hidden_keys.empty());
  EXPECT_TRUE(held.keys.at("link").keys.empty()) << "the secret";
}

TEST_F(StoredKeys, InMemoryThatCannotBeForgottenStayInUse) {
  write_link(cak);
  Held held;
  ProfileStore store = start(held.next_process({}));
  ASSERT_TRUE(store.add_key("link", memory_key("0b", 32)));
  held.full = true;
  EXPECT_EQ(store.retire_key("link", Ckn::from_hex("0b").value()).error().code, ENOBUFS);
  EXPECT_EQ(store.state("link").profile->keys.size(), 2U);
  EXPECT_TRUE(store.state("link").profile->retired.empty());
}

TEST_F(StoredKeys, InMemoryTouchNoStaticKeys) {
  write_link(cak);
  Held held;
  ProfileStore store = start(held.next_process({}));
  ASSERT_TRUE(store.add_key("link", memory_key("0b", 32)));
  const std::string association = "AssociationNumber=0\nKey=000102030405060708090a0b0c0d0e0f\nKeyId=01\n";
  write(directory_ + "/link.macsec", "[Link]\nParent=eth0\nInterface=macsec1\n[StaticKeys]\nDirection=transmit\n" +
                                         association + "[StaticKeys]\nDirection=receive\nPeer=02:00:00:00:00:02\n" +
                                         association);
  reload(store);
  ASSERT_TRUE(store.state("link").profile);
  EXPECT_EQ(store.state("link").profile->static_keys.size(), 2U);
  EXPECT_TRUE(store.state("link").profile->keys.empty());
  EXPECT_EQ(store.state("link").hidden_keys.size(), 1U);
  EXPECT_TRUE(store.retire_key("link", Ckn::from_hex("0b").value()));
  EXPECT_EQ(store.state("link").profile->static_keys.size(), 2U);
}

// What a file names may go as soon as the key is out of use, wherever the file still names it.
TEST_F(StoredKeys, ThatAreRetiredNeedNoSecret) {
  write_link("CakFile=" + directory_ + "/gone.cak");
  std::filesystem::create_directory(directory_ + "/link.macsec.d");
  write(directory_ + "/link.macsec.d/key-0b.conf", std::string{"[Key]\nCkn=0b\n"} + cak + "\n");
  EXPECT_TRUE(start().wanted().empty()) << "one in use does";
  for (const char* secret : {"CakFile=/gone.cak", "CakCredential=macsecd_link.aabbccdd"}) {
    write_link(secret);
    write(directory_ + "/link.macsec.d/key-aabbccdd.conf", "[Key]\nCkn=aabbccdd\nRetired=@1793491300\n");
    const ProfileStore store = start();
    ASSERT_EQ(store.wanted().size(), 1U) << secret;
    EXPECT_EQ(store.wanted()[0]->keys.size(), 1U);
    ASSERT_EQ(store.wanted()[0]->retired.size(), 1U);
    EXPECT_EQ(store.wanted()[0]->retired[0].still_said, directory_ + "/link.macsec:4");
    EXPECT_TRUE(store.state("link").problems.empty());
  }
}

TEST_F(StoredKeys, OfAProgramsProfileStayWhileTheirFileHasAnError) {
  std::filesystem::create_directory(directory_ + "/other.macsec.d");
  const std::string file = directory_ + "/other.macsec.d/key-0b.conf";
  write(file, std::string{"[Key]\nCkn=0b\n"} + cak + "\n");
  ProfileStore store = start();
  ASSERT_TRUE(store.put(of_a_program("other"), {.owner = ":1.1"}));
  write(file, "[Key]\nCkn=0b\nCakFile=" + directory_ + "/gone.cak\n");
  reload(store);
  ASSERT_EQ(store.wanted().size(), 1U);
  EXPECT_EQ(store.wanted()[0]->keys.size(), 1U) << "as for a profile that is a file";
  ASSERT_FALSE(store.state("other").problems.empty());
  EXPECT_TRUE(store.state("other").problems[0].error);
  write(file, std::string{"[Key]\nCkn=0b\nNotAfter=2099-01-01\n"} + cak + "\n");
  reload(store);
  EXPECT_TRUE(store.state("other").problems.empty());
  EXPECT_TRUE(store.wanted()[0]->keys.at(0).not_after);
}

TEST_F(StoredKeys, OfAProgramsProfileStayWhereItIsUpdatedWhileTheirFileHasAnError) {
  std::filesystem::create_directory(directory_ + "/other.macsec.d");
  const std::string file = directory_ + "/other.macsec.d/key-0b.conf";
  write(file, std::string{"[Key]\nCkn=0b\n"} + cak + "\n");
  ProfileStore store = start();
  const auto update = [&](const char* own, Strength strength) {
    auto profile = std::make_shared<Profile>(duplicate(*of_a_program("other")).value());
    profile->keys.push_back(memory_key(own, 32));
    profile->keys.back().origin = {};
    profile->mka.strength = strength;
    ASSERT_TRUE(store.put(profile, {.owner = ":1.1"}));
  };
  const auto names = [&] {
    std::vector<std::string> out;
    for (const PreSharedKey& key : store.state("other").profile->keys) out.push_back(to_string(key.ckn));
    return out;
  };
  using Names = std::vector<std::string>;
  update("0a", Strength::any);
  ASSERT_EQ(names(), (Names{"0a", "0b"}));
  write(file, "[Key]\nCkn=0b\nCakFile=" + directory_ + "/gone.cak\n");
  update("0c", Strength::any);
  EXPECT_EQ(names(), (Names{"0c", "0b"})) << "what the program took away is gone, what the file had stays";
  ASSERT_EQ(store.state("other").problems.size(), 2U);
  EXPECT_TRUE(store.state("other").problems[0].error);
  reload(store);
  EXPECT_EQ(names(), (Names{"0c", "0b"})) << "also after a reload";
  update("0c", Strength::cnsa2);
  EXPECT_EQ(names(), Names{"0c"}) << "128 bit";
  update("0c", Strength::any);
  EXPECT_EQ(names(), Names{"0c"}) << "what is not in use does not come back";
  write(file, std::string{"[Key]\nCkn=0b\n"} + cak + "\n");
  reload(store);
  ASSERT_EQ(names(), (Names{"0c", "0b"}));
}

// Credentials are those of the service's start: a key that is sealed while it runs is in none of them.
TEST_F(StoredKeys, ThatWereSealedMeanwhileStayInUseUntilTheNextProcess) {
  write_link(cak);
  ProfileStore store = start();
  const PreSharedKey before = duplicate(store.state("link").profile->keys.at(0));
  write_link("CakCredential=macsecd_link.aabbccdd");
  reload(store);
  ASSERT_EQ(store.wanted().size(), 1U);
  EXPECT_EQ(store.state("link").profile->keys.at(0), before);
  ASSERT_EQ(store.state("link").problems.size(), 1U);
  EXPECT_FALSE(store.state("link").problems[0].error) << "a warning, with its place";
  EXPECT_EQ(store.state("link").problems[0].line, 6U);
  reload(store);
  EXPECT_EQ(store.wanted().size(), 1U) << "and again";

  EXPECT_TRUE(start().wanted().empty()) << "a process that starts without it has no key";
  write(credentials_ + "/macsecd_link.aabbccdd", "000102030405060708090a0b0c0d0e0f");
  const ProfileStore next = start();
  ASSERT_EQ(next.wanted().size(), 1U);
  EXPECT_EQ(next.wanted()[0]->keys.at(0), before);
  EXPECT_TRUE(next.state("link").problems.empty());
}

TEST_F(StoredKeys, OfAnotherNameAreNoneToStay) {
  write_link(cak);
  ProfileStore store = start();
  write(directory_ + "/link.macsec",
        "[Link]\nParent=eth0\nInterface=macsec1\n[Key]\nCkn=0b\nCakCredential=macsecd_link.0b\n");
  reload(store);
  ASSERT_FALSE(store.state("link").problems.empty());
  EXPECT_TRUE(store.state("link").problems[0].error);
  EXPECT_EQ(to_string(store.state("link").profile->keys.at(0).ckn), "aabbccdd") << "the settings from before";
}

TEST_F(StoredKeys, OfAProgramsStrongProfileAreNotWeak) {
  std::filesystem::create_directory(directory_ + "/other.macsec.d");
  const std::string file = directory_ + "/other.macsec.d/key-0b.conf";
  write(file, std::string{"[Key]\nCkn=0b\n"} + cak + "\n");
  auto strong = std::make_shared<Profile>();
  strong->name = "other";
  strong->source = ProfileSource::networkd;
  strong->link.parent = "eth0";
  strong->mka.strength = Strength::cnsa2;
  strong->keys.push_back(memory_key("0a", 32));
  strong->keys.back().origin = {};
  ProfileStore store = start();
  ASSERT_TRUE(store.put(strong, {.owner = ":1.1"}));
  ASSERT_EQ(store.state("other").profile->keys.size(), 1U);
  ASSERT_EQ(store.state("other").problems.size(), 1U);
  EXPECT_TRUE(store.state("other").problems[0].error);
  EXPECT_EQ(store.state("other").problems[0].text,
            file + ":1: a CAK of 128 bit is not accepted with Strength=cnsa2: 256 bit");
}

TEST_F(StoredKeys, OfAKeyFileAreSealedTheSameWay) {
  write_link(cak);
  std::filesystem::create_directory(directory_ + "/other.macsec.d");
  const std::string file = directory_ + "/other.macsec.d/key-0b.conf";
  write(file, std::string{"[Key]\nCkn=0b\n"} + cak + "\n");
  ProfileStore store = start();
  ASSERT_TRUE(store.put(of_a_program("other"), {.owner = ":1.1"}));
  ASSERT_EQ(store.state("other").profile->keys.size(), 1U);
  write(file, "[Key]\nCkn=0b\nCakCredential=macsecd_other.0b\n");
  reload(store);
  ASSERT_EQ(store.state("other").profile->keys.size(), 1U);
  EXPECT_EQ(store.state("other").profile->keys[0].cak.size(), 16U);
}

TEST_F(StoredKeys, ThatAreTheFallbackOfAnAuthenticationAreRetired) {
  const std::string eap =
      "[Link]\nParent=eth0\nInterface=macsec1\n[8021X]\nMethod=peap\nIdentity=a\nPassword=word\nCaCertificate=/ca.pem\n"
      "ServerName=radius.example.org\n";
  write(directory_ + "/link.macsec", eap + "[Key]\nCkn=aabbccdd\nRole=fallback\n" + cak + "\n");
  ProfileStore store = start();
  ASSERT_TRUE(store.state("link").profile) << store.errors();
  const Ckn ckn = Ckn::from_hex("aabbccdd").value();
  const auto retired = store.retire_key("link", ckn);
  ASSERT_TRUE(retired) << retired.error().message;
  reload(store);
  ASSERT_TRUE(store.state("link").profile) << store.errors();
  EXPECT_TRUE(store.state("link").profile->keys.empty());
}

TEST_F(StoredKeys, ThatAreAFallbackAreRetiredBesideAPrimaryOne) {
  write(directory_ + "/link.macsec", std::string{"[Link]\nParent=eth0\nInterface=macsec1\n[Key]\nCkn=01\n"} + cak +
                                         "\n[Key]\nCkn=02\nRole=fallback\n" + cak + "\n");
  ProfileStore store = start();
  ASSERT_TRUE(store.state("link").profile) << store.errors();
  EXPECT_TRUE(store.may_retire("link", Ckn::from_hex("02").value()));
  const auto last = store.may_retire("link", Ckn::from_hex("01").value());
  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().code, ENODATA);
}

}  // namespace
}  // namespace macsec::daemon
