// SPDX-License-Identifier: LGPL-2.1-or-later
/// Keys of profiles over the bus: added, retired, replaced, each with what may go wrong.
#include "tests/dbus/fixture.hpp"

#include <algorithm>
#include <fcntl.h>
#include <fstream>
#include <sys/mman.h>
#include <unistd.h>

namespace macsec::test {
namespace {

namespace error = bus::error;
using std::chrono::seconds;

class KeyMethods : public BusTest {
 protected:
  KeyMethods() {
    const std::filesystem::path file = model().directory() / "link.macsec";
    std::ofstream{file}
        << "[Link]\nParent=eth7\nInterface=file0\n[Key]\nCkn=aa\nCak=000102030405060708090a0b0c0d0e0f\n";
    std::filesystem::permissions(file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    EXPECT_TRUE(model().reload());
  }
  static bus::SettingsSection key(const std::string& ckn, std::uint8_t fill,
                                  std::vector<std::pair<std::string, std::string>> more = {}) {
    bus::SettingsSection out{"Key", {{"Ckn", ckn}}, {}};
    for (auto& each : more) out.texts.push_back(std::move(each));
    std::array<std::uint8_t, 32> octets{};
    octets.fill(fill);
    out.secrets.emplace_back("Cak", bus::to_secret(octets));
    return out;
  }
  std::string add(const bus::SettingsSection& key, const std::string& path = link_path) {
    const auto outcome = caller().call(client().add_key(path, key));
    return outcome ? *outcome : outcome.error().name;
  }
  std::string add_to_memory(const bus::SettingsSection& key, const std::string& source = {}) {
    const auto outcome = caller().call(client().add_key(link_path, key, {.memory = true, .key_source = source}));
    return outcome ? *outcome : outcome.error().name;
  }
  std::string retire(const std::string& ckn, bool force = false) {
    return caller().error_of(client().retire_key(link_path, ckn, seconds{30}, force));
  }
  [[nodiscard]] std::filesystem::path key_file(const std::string& ckn, const std::string& profile = "link") {
    return model().directory() / (profile + ".macsec.d") / ("key-" + ckn + ".conf");
  }
  static std::string content(const std::filesystem::path& path) {
    std::ifstream in{path};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
  /// AddKey of CKN bb with the descriptor as its key.
  std::string add_by(int fd) {
    return caller().raw_error(link_path, bus::interface::profile, "AddKey", [fd](sd_bus_message* m) {
      return sd_bus_message_append(m, "a{sv}a{sv}", 2, "Ckn", "s", "bb", "CakFd", "h", fd, 0);
    });
  }
  static constexpr const char* link_path = "/org/macsecd1/profile/link";
};

TEST_F(KeyMethods, AKeyGetsAFileOfItsOwn) {
  EXPECT_EQ(add(key("bb", 7, {{"NotAfter", "2099-01-01"}})), "added");
  EXPECT_EQ(model().profile("link").profile->keys.size(), 2U);
  const std::string text = content(key_file("bb"));
  EXPECT_NE(text.find("Cak=0707070707"), std::string::npos);
  EXPECT_EQ(std::filesystem::status(key_file("bb")).permissions() & std::filesystem::perms::mask,
            std::filesystem::perms{0640});
  const bus::ProfileInfo info = profile(link_path);
  ASSERT_EQ(info.keys.size(), 2U);
  EXPECT_EQ(info.keys[1].ckn, "bb");
  EXPECT_EQ(info.keys[1].bits, 256U);
  EXPECT_EQ(info.keys[1].not_after, 4070908800);
  EXPECT_EQ(info.keys[1].origin, key_file("bb").string() + ":3");
}

TEST_F(KeyMethods, TheSameKeyTwiceChangesNothing) {
  EXPECT_EQ(add(key("bb", 7)), "added");
  const auto before = std::filesystem::last_write_time(key_file("bb"));
  EXPECT_EQ(add(key("bb", 7)), "present");
  EXPECT_EQ(std::filesystem::last_write_time(key_file("bb")), before);
  EXPECT_EQ(add(key("bb", 8)), error::key_exists);
  EXPECT_EQ(add(key("aa", 8)), error::key_exists) << "of the main file, too";
}

TEST_F(KeyMethods, ARetiredCknDoesNotComeBack) {
  EXPECT_EQ(add(key("bb", 7)), "added");
  EXPECT_EQ(retire("bb"), "");
  EXPECT_EQ(content(key_file("bb")).find("Cak="), std::string::npos) << "the secret is gone";
  EXPECT_NE(content(key_file("bb")).find("Retired=@"), std::string::npos);
  EXPECT_EQ(model().profile("link").profile->keys.size(), 1U);
  EXPECT_EQ(add(key("bb", 7)), error::key_exists);
  EXPECT_TRUE(model().reload());
  EXPECT_EQ(add(key("bb", 7)), error::key_exists) << "nor after files were read again";
}

TEST_F(KeyMethods, AKeyOfTheMainFileIsHiddenAndNamed) {
  EXPECT_EQ(add(key("bb", 7)), "added");
  EXPECT_EQ(retire("aa"), "");
  const bus::ProfileInfo info = profile(link_path);
  ASSERT_EQ(info.keys.size(), 2U);
  EXPECT_EQ(info.keys[0].ckn, "bb");
  EXPECT_EQ(info.keys[1].ckn, "aa");
  EXPECT_EQ(info.keys[1].state, "retired");
  EXPECT_EQ(info.keys[1].still_in, (model().directory() / "link.macsec").string() + ":4");
}

TEST_F(KeyMethods, RefusalsHaveNames) {
  EXPECT_EQ(retire("aa"), error::last_key);
  EXPECT_EQ(retire("aa", true), error::last_key) << "by force neither";
  EXPECT_EQ(retire("cc"), error::no_such_key);
  EXPECT_EQ(retire("xyz"), error::invalid_argument);
  EXPECT_EQ(add(key("bb", 7)), "added");
  model().next_error = Error{EBUSY, "02:00:00:00:00:07 is not live under CKN bb"};
  EXPECT_EQ(retire("aa"), error::not_ready);
  EXPECT_EQ(model().profile("link").profile->keys.size(), 2U);
  EXPECT_EQ(add(key("cc", 1, {{"Role", "other"}})), error::invalid_settings);
  EXPECT_EQ(add(key("cc", 1), bus::Client::profile_path("missing")), SD_BUS_ERROR_UNKNOWN_OBJECT);
  EXPECT_EQ(add(key("cc", 1)), "added");
  EXPECT_EQ(add(key("dd", 1)), "added");
  EXPECT_EQ(add(key("ee", 1)), error::limit_exceeded) << "four are in their time";
  EXPECT_EQ(add(key("ee", 1, {{"NotBefore", "2099-01-01"}})), "added");
  EXPECT_EQ(
      caller().raw_error(link_path, bus::interface::profile, "RetireKey",
                         [](sd_bus_message* m) { return sd_bus_message_append(m, "sa{sv}", "bb", 1, "Fast", "b", 1); }),
      error::invalid_argument);
}

TEST_F(KeyMethods, ReplacingAddsAndThenRetires) {
  const auto replace = [&](const std::string& old, const bus::SettingsSection& with) {
    const auto outcome = caller().call(client().replace_key(link_path, old, with, seconds{60}));
    return outcome ? *outcome : outcome.error().name;
  };
  EXPECT_EQ(replace("aa", key("bb", 7)), "added");
  EXPECT_TRUE(std::ranges::find(model().commands, "retire link aa patient 60000000") != model().commands.end());
  EXPECT_EQ(model().profile("link").profile->keys.size(), 1U);
  model().commands.clear();
  EXPECT_EQ(replace("aa", key("bb", 7)), "present") << "the work is done";
  EXPECT_TRUE(model().commands.empty());
  EXPECT_EQ(replace("bb", key("bb", 8)), error::key_exists);
}

TEST_F(KeyMethods, OfManyPortsKeysAreReplacedAsOfOne) {
  ASSERT_EQ(add_lab(), lab_path);
  bus::Settings ports = lab_settings("port*");
  ports[0].texts[0].second = "swp*";
  ASSERT_TRUE(caller().call(client().update_profile(lab_path, ports, {})));
  model().commands.clear();
  EXPECT_EQ(caller().error_of(client().replace_key(lab_path, "00112233", key("bb", 7), seconds{60})), "");
  EXPECT_TRUE(std::ranges::find(model().commands, "retire lab 00112233 patient 60000000") != model().commands.end());
}

TEST_F(KeyMethods, AKeyInMemoryThatIsHiddenIsToldOfAndReplaced) {
  bus::SettingsSection weak{"Key", {{"Ckn", "bb"}, {"Role", "fallback"}}, {}};
  weak.secrets.emplace_back("Cak", bus::to_secret(std::array<std::uint8_t, 16>{1}));
  EXPECT_EQ(add_to_memory(weak), "added");
  std::ofstream{model().directory() / "link.macsec"}
      << "[Link]\nParent=eth7\nInterface=file0\n[MKA]\nStrength=cnsa2\n[Key]\nCkn=aa\nCak=" << std::string(64, 'a')
      << "\n";
  EXPECT_TRUE(model().reload());
  const bus::ProfileInfo before = profile(link_path);
  EXPECT_EQ(before.keys.size(), 1U);
  ASSERT_EQ(before.problems.size(), 1U);
  EXPECT_NE(before.problems[0].text.find("CKN bb"), std::string::npos) << before.problems[0].text;
  const auto done = caller().call(client().replace_key(link_path, "bb", key("cc", 7), seconds{60}));
  ASSERT_TRUE(done) << done.error().text;
  const bus::ProfileInfo after = profile(link_path);
  ASSERT_EQ(after.keys.size(), 3U);
  EXPECT_EQ(after.keys[1].ckn, "cc");
  EXPECT_EQ(after.keys[1].role, "fallback") << "that of the key it replaces";
  EXPECT_EQ(after.keys[2].state, "retired");
  EXPECT_TRUE(after.problems.empty());
  EXPECT_EQ(retire("bb"), error::no_such_key);
}

TEST_F(KeyMethods, AKeyComesByMemfdOrPipe) {
  const std::string digits(64, 'a');
  const int memory = ::memfd_create("key", MFD_CLOEXEC);
  ASSERT_EQ(::write(memory, digits.data(), digits.size()), 64);
  EXPECT_EQ(add_by(memory), "");
  ::close(memory);
  EXPECT_EQ(model().profile("link").profile->keys[1].cak.expose()[31], 0xaa);
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  EXPECT_EQ(add_by(ends[0]), error::invalid_settings) << "an empty pipe is not waited for";
  ASSERT_EQ(::write(ends[1], "abcd\n", 5), 5);
  EXPECT_EQ(add_by(ends[0]), error::invalid_settings);
  ASSERT_EQ(::write(ends[1], (digits + "\n").data(), 65), 65);
  EXPECT_EQ(add_by(ends[0]), "") << "the same key once more";
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(KeyMethods, AKeyInMemoryIsInNoFile) {
  EXPECT_EQ(add_to_memory(key("bb", 7)), "added");
  EXPECT_EQ(add_to_memory(key("bb", 7)), "present");
  EXPECT_EQ(add_to_memory(key("bb", 8)), error::key_exists);
  EXPECT_FALSE(std::filesystem::exists(key_file("bb")));
  EXPECT_TRUE(model().reload());
  ASSERT_EQ(model().profile("link").profile->keys.size(), 2U) << "read again, the profile has it";
  bus::ProfileInfo info = profile(link_path);
  EXPECT_EQ(info.keys[1].lifetime, "memory");
  EXPECT_EQ(info.keys[1].origin, "memory");
  EXPECT_EQ(std::ranges::count(info.settings, "Key", [](const auto& section) { return section.first; }), 1)
      << "what edits or copies a profile does not see it";
  bus::Settings settings;
  settings.push_back({"Link", {{"Parent", "eth7"}, {"Interface", "file0"}}, {}});
  for (const char* ckn : {"aa", "bb"}) settings.push_back({"Key", {{"Ckn", ckn}}, {}});
  EXPECT_EQ(caller().error_of(client().update_profile(link_path, settings, {.keep_secrets = true})),
            error::invalid_settings)
      << "no update brings it into a file";

  EXPECT_EQ(retire("aa"), error::last_key) << "of those that a stop leaves";
  EXPECT_EQ(retire("bb"), "");
  EXPECT_FALSE(std::filesystem::exists(key_file("bb")));
  EXPECT_TRUE(model().reload());
  EXPECT_EQ(model().profile("link").profile->keys.size(), 1U);
  EXPECT_EQ(add_to_memory(key("bb", 7)), error::key_exists) << "its name stays taken";
  info = profile(link_path);
  ASSERT_EQ(info.keys.size(), 2U);
  EXPECT_EQ(info.keys[1].state, "retired");
  EXPECT_EQ(info.keys[1].origin, "memory");
}

TEST_F(KeyMethods, AKeySourceBringsThreeKeys) {
  EXPECT_EQ(add_to_memory(key("b0", 1), "metro-a"), "added");
  EXPECT_EQ(add_to_memory(key("b1", 2), "metro-a"), "added");
  EXPECT_EQ(add_to_memory(key("b2", 3, {{"NotBefore", "2099-01-01"}}), "metro-a"), "added");
  EXPECT_EQ(add_to_memory(key("b3", 4, {{"NotBefore", "2099-01-01"}}), "metro-a"), error::limit_exceeded);
  EXPECT_EQ(add_to_memory(key("b3", 4), "../metro"), error::invalid_argument);
  const bus::ProfileInfo info = profile(link_path);
  EXPECT_EQ(info.keys[1].source, "metro-a");
  EXPECT_EQ(info.keys[1].origin, "source metro-a");
  EXPECT_EQ(info.keys[0].source, "");
  EXPECT_EQ(caller().raw_error(link_path, bus::interface::profile, "AddKey",
                               [](sd_bus_message* m) {
                                 return sd_bus_message_append(m, "a{sv}a{sv}", 2, "Ckn", "s", "bb", "Cak", "ay", 0, 2,
                                                              "Source", "s", "metro-a", "Lifetime", "s", "file");
                               }),
            error::invalid_argument);
}

TEST_F(KeyMethods, AProfileMayWaitForAKeySource) {
  std::ofstream{model().directory() / "link.macsec"} << "[Link]\nParent=eth7\nInterface=file0\n[MKA]\nStrength=cnsa2\n"
                                                        "[KeySource]\nSource=metro-a\nRemoteId=SAE-B\nEvery=10min\n";
  EXPECT_TRUE(model().reload());
  const bus::ProfileInfo info = profile(link_path);
  EXPECT_TRUE(info.keys.empty());
  ASSERT_TRUE(info.key_source);
  EXPECT_EQ(info.key_source->source, "metro-a");
  EXPECT_EQ(info.key_source->remote_id, "SAE-B");
  EXPECT_EQ(info.key_source->initiator, "auto");
  EXPECT_EQ(info.key_source->every, std::chrono::minutes{10});
  EXPECT_EQ(info.key_source->bits, 256U);
  bus::SettingsSection weak{"Key", {{"Ckn", "bb"}}, {}};
  weak.secrets.emplace_back("Cak", bus::to_secret(std::array<std::uint8_t, 16>{1}));
  EXPECT_EQ(add_to_memory(weak, "metro-a"), error::invalid_settings)
      << "the profile's strength holds for keys in memory";
  EXPECT_EQ(add_to_memory(key("bb", 7), "metro-a"), "added");
}

TEST_F(KeyMethods, AProgramsProfileKeepsItsKeyFiles) {
  ASSERT_EQ(add_lab(), lab_path);
  EXPECT_EQ(add(key("bb", 7), lab_path), "added");
  EXPECT_EQ(model().profile("lab").profile->keys.size(), 2U);
  ASSERT_TRUE(caller().call(client().update_profile(lab_path, lab_settings(), {})));
  EXPECT_EQ(model().profile("lab").profile->keys.size(), 2U) << "its owner does not take it away";
  EXPECT_EQ(caller().error_of(client().retire_key(lab_path, "00112233", seconds{1}, false)), "");
  ASSERT_TRUE(caller().call(client().update_profile(lab_path, lab_settings(), {})));
  EXPECT_EQ(model().profile("lab").profile->keys.size(), 1U) << "nor brings back what was retired";
  EXPECT_TRUE(model().profile("lab").problems.empty());
}

TEST_F(KeyMethods, AnUpdateLeavesKeysInTheirFiles) {
  EXPECT_EQ(add(key("bb", 7)), "added");
  bus::Settings settings;
  settings.push_back({"Link", {{"Parent", "eth7"}, {"Interface", "file0"}}, {}});
  settings.push_back({"MKA", {{"Priority", "9"}}, {}});
  for (const char* ckn : {"aa", "bb"}) settings.push_back({"Key", {{"Ckn", ckn}}, {}});
  const auto done = caller().call(client().update_profile(link_path, settings, {.keep_secrets = true}));
  EXPECT_TRUE(done) << done.error().text;
  EXPECT_EQ(model().profile("link").profile->keys.size(), 2U);
  EXPECT_EQ(content(model().directory() / "link.macsec").find("Ckn=bb"), std::string::npos);
  EXPECT_NE(content(key_file("bb")).find("Ckn=bb"), std::string::npos);
}

}  // namespace
}  // namespace macsec::test
