// SPDX-License-Identifier: LGPL-2.1-or-later
// Session keys in the service manager's descriptor store, which a socket of this test stands for.
#include "engine/adapters/system/key_keeper.hpp"
#include "engine/adapters/system/memory_keeper.hpp"
#include "tests/temporary_directory.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace macsec::os {
namespace {

constexpr Time start{std::chrono::hours{1}};

core::KeptSession session(const std::string& profile, std::uint8_t fill, std::uint64_t sequence = 1) {
  core::KeptSession out{.profile = profile, .parent = "eth0", .keys = {}, .until = {}};
  const std::array ckn{fill, std::uint8_t{1}};
  const std::array<std::uint8_t, 16> cak{fill};
  out.keys.push_back({.ckn = Ckn::from(ckn).value(), .cak = crypto::Cak{cak}, .sequence = sequence});
  return out;
}

core::AccountedSession accounted() {
  return {.id = "0123456789abcdef",
          .user_name = "alice",
          .port_id = "eth0",
          .host = MacAddress{{2, 0, 0, 0, 0, 9}},
          .port = MacAddress{{2, 0, 0, 0, 0, 8}},
          .class_ = {'b', 0, 'c'},
          .interim = std::chrono::minutes{5},
          .since = start,
          .counted = {.octets_in = 1, .octets_out = 2, .packets_in = 3, .packets_out = 4},
          .last = {.octets_in = 0x5'0000'0001, .octets_out = 6, .packets_in = 7, .packets_out = 8}};
}

/// What a service manager sees of a service, and keeps for it.
class Manager {
 public:
  Manager() : socket_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)} {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = directory_.path() / "notify";
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;
  ~Manager() { ::unsetenv("NOTIFY_SOCKET"); }

  /// Takes in what was sent.
  void follow() {
    std::array<char, 512> text{};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    for (;;) {
      iovec part{.iov_base = text.data(), .iov_len = text.size()};
      msghdr message{};
      message.msg_iov = &part;
      message.msg_iovlen = 1;
      message.msg_control = control.data();
      message.msg_controllen = control.size();
      const ssize_t size = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
      if (size < 0) return;
      const std::string_view words{text.data(), static_cast<std::size_t>(size)};
      const std::string name{words.substr(words.find("FDNAME=") + 7)};
      if (words.starts_with("FDSTOREREMOVE=1")) {
        std::erase_if(store_, [&name](const KeptFile& each) { return each.name == name; });
      } else if (const cmsghdr* header = CMSG_FIRSTHDR(&message)) {
        int descriptor = -1;
        std::memcpy(&descriptor, CMSG_DATA(header), sizeof(descriptor));
        store_.push_back({name, FileDescriptor{descriptor}});
      }
    }
  }
  /// As handed to the next process: the store has its own.
  [[nodiscard]] std::vector<KeptFile> hand_over() {
    follow();
    std::vector<KeptFile> out;
    for (const KeptFile& each : store_)
      out.push_back({each.name, FileDescriptor{::fcntl(each.descriptor.get(), F_DUPFD_CLOEXEC, 3)}});
    return out;
  }
  [[nodiscard]] std::size_t size() {
    follow();
    return store_.size();
  }
  [[nodiscard]] const std::vector<KeptFile>& store() const noexcept { return store_; }

 private:
  test::TemporaryDirectory directory_;
  FileDescriptor socket_;
  std::vector<KeptFile> store_;
};

KeyKeeper from(std::vector<KeptFile> inherited) { return {inherited, start}; }

MemoryKeys memory_keys(const std::string& profile, std::uint8_t fill) {
  MemoryKeys out{.profile = profile, .keys = {}, .retired = {}};
  const std::array ckn{fill, std::uint8_t{1}};
  const std::array<std::uint8_t, 32> cak{fill};
  PreSharedKey& key = out.keys.emplace_back();
  key.ckn = Ckn::from(ckn).value();
  key.cak = Secret<32>{cak};
  key.role = KeyRole::fallback;
  key.not_before = -5;
  key.not_after = 4'000'000'000;
  key.origin = {.memory = true, .key_source = "metro-a"};
  out.retired.push_back({.ckn = Ckn::from_hex("beef").value(), .at = 77, .memory = true});
  return out;
}

TEST(KeyKeeper, HandsASessionToTheNextProcessOnce) {
  Manager manager;
  {
    KeyKeeper keeper = from({});
    ASSERT_TRUE(keeper.keep(session("office", 7)));
    ASSERT_TRUE(keeper.keep(session("lab", 8)));
  }
  KeyKeeper next = from(manager.hand_over());
  const auto kept = next.take("office");
  ASSERT_TRUE(kept);
  ASSERT_EQ(kept->keys.size(), 1U);
  EXPECT_EQ(kept->keys[0].ckn, session("office", 7).keys[0].ckn);
  EXPECT_EQ(kept->keys[0].cak, session("office", 7).keys[0].cak);
  EXPECT_EQ(kept->keys[0].sequence, 1U);
  EXPECT_EQ(kept->parent, "eth0");
  EXPECT_FALSE(next.take("office"));
  EXPECT_FALSE(next.take("home"));
}

TEST(KeyKeeper, AnotherSessionTakesThePlaceOfTheOneBefore) {
  Manager manager;
  KeyKeeper keeper = from({});
  ASSERT_TRUE(keeper.keep(session("office", 7)));
  ASSERT_TRUE(keeper.keep(session("office", 7)));
  EXPECT_EQ(manager.size(), 1U) << "the same keys are not stored again";
  ASSERT_TRUE(keeper.keep(session("office", 9, 2)));
  EXPECT_EQ(manager.size(), 1U);
  KeyKeeper next = from(manager.hand_over());
  EXPECT_EQ(next.take("office")->keys[0].sequence, 2U);
  ASSERT_TRUE(next.keep(session("office", 10, 3)));
  EXPECT_EQ(manager.size(), 1U) << "also where another process put it there";
}

TEST(KeyKeeper, AnotherTimeOfTheHostIsStoredWithTheSameKeys) {
  Manager manager;
  KeyKeeper keeper = from({});
  for (const auto due : {std::chrono::hours{8}, std::chrono::hours{1}}) {
    core::KeptSession kept = session("office", 7);
    kept.keys[0].host = core::HostSession{.host = {{2, 0, 0, 0, 0, 1}}, .identity = "host1"};
    kept.keys[0].host->reauthentication = start + due;
    ASSERT_TRUE(keeper.keep(kept));
    EXPECT_EQ(manager.size(), 1U);
  }
  KeyKeeper next = from(manager.hand_over());
  EXPECT_EQ(next.take("office")->keys[0].host->reauthentication, start + std::chrono::hours{1});
}

TEST(KeyKeeper, OfTwoThatACrashLeftTheLaterCounts) {
  Manager manager;
  {
    KeyKeeper keeper = from({});
    ASSERT_TRUE(keeper.keep(session("office", 7)));
  }
  auto both = manager.hand_over();
  {
    KeyKeeper keeper = from(manager.hand_over());
    ASSERT_TRUE(keeper.keep(session("office", 9, 2)));
  }
  for (auto& each : manager.hand_over()) both.push_back(std::move(each));
  KeyKeeper next = from(std::move(both));
  EXPECT_EQ(next.take("office")->keys[0].sequence, 2U);
}

TEST(KeyKeeper, ForgetsWhatASessionNoLongerHas) {
  Manager manager;
  KeyKeeper keeper = from({});
  ASSERT_TRUE(keeper.keep(session("office", 7)));
  ASSERT_TRUE(keeper.keep({.profile = "office", .parent = "eth0", .keys = {}, .until = {}}));
  EXPECT_EQ(manager.size(), 0U);
  ASSERT_TRUE(keeper.keep(session("lab", 8)));
  keeper.forget("lab");
  EXPECT_EQ(manager.size(), 0U);
}

TEST(KeyKeeper, TheEndOfACachedKeyGoesAlong) {
  Manager manager;
  KeyKeeper keeper = from({});
  core::KeptSession cached = session("office", 7);
  ASSERT_TRUE(keeper.keep(cached));
  cached.until = start + std::chrono::minutes{2};
  ASSERT_TRUE(keeper.keep(cached));
  EXPECT_EQ(manager.size(), 1U);
  KeyKeeper next = from(manager.hand_over());
  EXPECT_EQ(next.take("office")->until, cached.until);
  cached.until.reset();
  ASSERT_TRUE(next.keep(cached));
  EXPECT_FALSE((from(manager.hand_over()).take("office")->until)) << "a peer speaks with it again";
}

TEST(KeyKeeper, WhatNoProfileTakesIsForgotten) {
  Manager manager;
  {
    KeyKeeper keeper = from({});
    core::KeptSession cached = session("lab", 8);
    cached.until = start + std::chrono::minutes{1};
    ASSERT_TRUE(keeper.keep(cached));
    ASSERT_TRUE(keeper.keep(session("office", 7)));
    ASSERT_TRUE(keeper.keep(session("deleted", 9)));
  }
  KeyKeeper next = from(manager.hand_over());
  EXPECT_TRUE(next.take("office"));
  ASSERT_EQ(next.next(), start + std::chrono::minutes{1});
  next.forget_left(*next.next());
  EXPECT_EQ(manager.size(), 2U) << "its time is over";
  ASSERT_EQ(next.next(), start + KeyKeeper::patience);
  next.forget_left(*next.next());
  EXPECT_EQ(manager.size(), 1U) << "only what is in use stays";
  EXPECT_FALSE(next.next());
  EXPECT_FALSE(next.take("deleted"));
}

TEST(KeyKeeper, WhatIsInTheStoreCannotBeChanged) {
  Manager manager;
  KeyKeeper keeper = from({});
  ASSERT_TRUE(keeper.keep(session("office", 7)));
  manager.follow();
  const int file = manager.store()[0].descriptor.get();
  EXPECT_LT(::pwrite(file, "x", 1, 0), 0);
  EXPECT_EQ(errno, EPERM);
  EXPECT_LT(::ftruncate(file, 0), 0);
}

TEST(KeyKeeper, ReadsNothingButWhatWasWrittenWhole) {
  core::KeptSession session_of_host = session("office", 7);
  session_of_host.keys[0].host = core::HostSession{.host = MacAddress{{2, 0, 0, 0, 0, 9}},
                                                   .identity = "alice",
                                                   .reauthentication = Time{Duration{1}},
                                                   .end = Time{Duration{2}},
                                                   .must_secure = true};
  session_of_host.account = accounted();
  const WipedBuffer written = core::write_kept_session(session_of_host);
  const Bytes octets = written.octets();
  ASSERT_TRUE(core::read_kept_session(octets));
  for (std::size_t size = 0; size < octets.size(); ++size) EXPECT_FALSE(core::read_kept_session(octets.first(size)));
  std::vector<std::uint8_t> changed{octets.begin(), octets.end()};
  changed[7] = 1;
  EXPECT_FALSE(core::read_kept_session(changed)) << "another version";
  changed[7] = octets[7];
  changed.push_back(0);
  EXPECT_FALSE(core::read_kept_session(changed)) << "something behind it";
}

// An upgrade costs no session.
TEST(KeyKeeper, ReadsWhatTheVersionBeforeWrote) {
  core::KeptSession of_host = session("office", 7);
  of_host.keys[0].host = core::HostSession{.host = MacAddress{{2, 0, 0, 0, 0, 9}}, .identity = "alice"};
  of_host.account = accounted();
  const core::KeptSession of_supplicant = session("lab", 8);
  for (const core::KeptSession* each : std::array<const core::KeptSession*, 2>{&of_host, &of_supplicant}) {
    const core::KeptSession& kept = *each;
    const WipedBuffer written = core::write_kept_session(kept);
    // It had no digest at its end.
    std::vector<std::uint8_t> before{written.octets().begin(), written.octets().end() - 1};
    before[7] = 4;
    const auto read = core::read_kept_session(before);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->keys.at(0).ckn, kept.keys[0].ckn);
    EXPECT_EQ(read->keys.at(0).host, kept.keys[0].host);
    EXPECT_EQ(read->account, kept.account);
    EXPECT_FALSE(read->trust);
    EXPECT_FALSE(read->keys.at(0).doubtful || read->keys.at(0).quiet);
  }
}

TEST(KeyKeeper, WhatTheProfileTrustsGoesAlong) {
  Manager manager;
  std::vector<KeptFile> none;
  KeyKeeper keeper{none, start};
  core::KeptSession kept = session("office", 7);
  kept.trust.emplace().fill(1);
  ASSERT_TRUE(keeper.keep(kept));
  kept.trust->fill(2);
  kept.keys[0].doubtful = kept.keys[0].quiet = true;
  ASSERT_TRUE(keeper.keep(kept));
  std::vector<KeptFile> inherited = manager.hand_over();
  KeyKeeper next{inherited, start};
  const auto taken = next.take("office");
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->trust, kept.trust);
  EXPECT_TRUE(taken->keys.at(0).doubtful);
  EXPECT_TRUE(taken->keys.at(0).quiet);
  kept.keys[0].quiet = false;
  ASSERT_TRUE(keeper.keep(kept));
  inherited = manager.hand_over();
  EXPECT_FALSE(KeyKeeper(inherited, start).take("office")->keys.at(0).quiet) << "it is spoken now";
}

TEST(KeyKeeper, WhatIsKnownOfTheHostComesBack) {
  core::KeptSession kept = session("office", 7);
  kept.keys[0].host = core::HostSession{.host = MacAddress{{2, 0, 0, 0, 0, 9}}, .identity = "alice"};
  const auto read = [&] {
    return core::read_kept_session(core::write_kept_session(kept).octets()).value().keys[0].host;
  };
  EXPECT_EQ(read(), kept.keys[0].host);
  kept.keys[0].host->reauthentication = Time{Duration{1'000'000'000'000}};
  EXPECT_EQ(read(), kept.keys[0].host);
  kept.keys[0].host->end = Time{Duration{5}};
  kept.keys[0].host->must_secure = true;
  EXPECT_EQ(read(), kept.keys[0].host);
  kept.keys[0].host.reset();
  EXPECT_EQ(read(), kept.keys[0].host) << "of a supplicant";
}

TEST(KeyKeeper, TheAccountOfASessionGoesAlong) {
  Manager manager;
  std::vector<KeptFile> none;
  KeyKeeper keeper{none, start};
  EXPECT_FALSE(keeper.has_accounts());
  core::KeptSession kept = session("office", 7);
  kept.account = accounted();
  ASSERT_TRUE(keeper.keep(kept));
  ASSERT_TRUE(keeper.keep(session("lab", 8)));
  std::vector<KeptFile> inherited = manager.hand_over();
  KeyKeeper next{inherited, start};
  EXPECT_TRUE(next.has_accounts());
  EXPECT_EQ(next.take("office")->account, kept.account);
  EXPECT_FALSE(next.has_accounts());
  EXPECT_FALSE(next.take("lab")->account);
  kept.account->interim.reset();
  EXPECT_EQ(core::read_kept_session(core::write_kept_session(kept).octets()).value().account, kept.account);
}

TEST(KeyKeeper, WithoutAServiceManagerThereIsNothingToDo) {
  KeyKeeper keeper = from({});
  EXPECT_TRUE(keeper.keep(session("office", 7)));
}

TEST(MemoryKeeper, HandsKeysToTheNextProcess) {
  Manager manager;
  {
    std::vector<KeptFile> none;
    MemoryKeeper keeper{none};
    ASSERT_TRUE(keeper.keep(memory_keys("link", 7)));
    ASSERT_TRUE(keeper.keep(memory_keys("link", 8)));
    ASSERT_TRUE(keeper.keep(memory_keys("lab", 9)));
    ASSERT_TRUE(from({}).keep(session("office", 7)));
  }
  EXPECT_EQ(manager.size(), 3U) << "one a profile, beside what others keep";
  std::vector<KeptFile> inherited = manager.hand_over();
  MemoryKeeper next{inherited};
  EXPECT_EQ(inherited.size(), 1U) << "theirs is left to them";
  std::vector<MemoryKeys> kept = next.take();
  ASSERT_EQ(kept.size(), 2U);
  const MemoryKeys before = memory_keys("link", 8);
  const MemoryKeys& after = kept[kept[0].profile == "link" ? 0 : 1];
  EXPECT_EQ(after.profile, "link");
  EXPECT_EQ(after.keys, before.keys);
  EXPECT_TRUE(after.keys.at(0).origin.memory);
  EXPECT_EQ(after.keys.at(0).origin.key_source, "metro-a");
  ASSERT_EQ(after.retired.size(), 1U);
  EXPECT_EQ(after.retired[0].ckn, before.retired[0].ckn);
  EXPECT_EQ(after.retired[0].at, 77);
  ASSERT_TRUE(next.keep({.profile = "link", .keys = {}, .retired = {}}));
  EXPECT_EQ(manager.size(), 2U) << "a profile without keys leaves nothing";
}

TEST(MemoryKeeper, WhatIsCutOrOfAnotherVersionIsNotRead) {
  const WipedBuffer whole = write_memory_keys(memory_keys("link", 7));
  ASSERT_TRUE(read_memory_keys(whole.octets()));
  for (std::size_t size = 0; size < whole.octets().size(); ++size)
    EXPECT_FALSE(read_memory_keys(whole.octets().first(size))) << size;
  WipedBuffer longer = write_memory_keys(memory_keys("link", 7));
  longer.add("x");
  EXPECT_FALSE(read_memory_keys(longer.octets()));
  for (std::size_t at = 0; at < 8; ++at) {
    std::vector<std::uint8_t> other{whole.octets().begin(), whole.octets().end()};
    other[at] ^= 1U;
    EXPECT_FALSE(read_memory_keys(other)) << at;
  }
}

}  // namespace
}  // namespace macsec::os
