// SPDX-License-Identifier: LGPL-2.1-or-later
/// A process that is killed at any system call while it adds or retires a key leaves whole files, and both keys or one.
#include "dbus/daemon/profile_store.hpp"
#include "tests/temporary_directory.hpp"

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace macsec::daemon {
namespace {

enum class End : std::uint8_t { killed, finished, untraced };

/// Does `work` in a process of its own that dies at its stop number `stop`: odd ones are before a system call, even ones after it.
End work_until(unsigned stop, const std::function<void()>& work) {
  constexpr int cannot = 77;
  const pid_t process = ::fork();
  if (process == 0) {
    if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(cannot);
    ::raise(SIGSTOP);
    work();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(process, &status, 0);
  for (; !WIFEXITED(status) && stop > 0; --stop) {
    ::ptrace(PTRACE_SYSCALL, process, nullptr, nullptr);
    ::waitpid(process, &status, 0);
  }
  if (WIFEXITED(status)) return WEXITSTATUS(status) == cannot ? End::untraced : End::finished;
  ::kill(process, SIGKILL);
  ::waitpid(process, &status, 0);
  return End::killed;
}

class KilledKeys : public ::testing::Test {
 protected:
  KilledKeys() {
    new_key_.ckn = new_name;
    new_key_.cak = Secret<32>{std::array<std::uint8_t, 32>{7}};
  }

  /// A profile with a key in its file, and no other.
  void begin() const {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directory(directory_);
    const std::string file = directory_ + "/link.macsec";
    std::ofstream{file}
        << "[Link]\nParent=eth0\nInterface=macsec1\n[Key]\nCkn=aa\nCak=000102030405060708090a0b0c0d0e0f\n";
    ::chmod(file.c_str(), 0640);
  }
  /// Of the next process, that finds no error.
  [[nodiscard]] ProfileStore start() const {
    ProfileStore store{{directory_}, {}, {}};
    store.load(ProfileStore::Tell::news,
               [](const Diagnostic& one) { EXPECT_NE(one.severity, Severity::error) << to_string(one); });
    return store;
  }
  static std::vector<Ckn> names(const ProfileStore& store) {
    const bus::ProfileState state = store.state("link");
    std::vector<Ckn> out;
    if (state.profile)
      for (const PreSharedKey& key : state.profile->keys) out.push_back(key.ckn);
    return out;
  }

  const Ckn old_name = *Ckn::from_hex("aa");
  const Ckn new_name = *Ckn::from_hex("bb");
  const std::vector<Ckn> both_ = {old_name, new_name};
  PreSharedKey new_key_;
  const test::TemporaryDirectory temporary_;
  const std::string directory_ = temporary_.path() / "etc";
};

TEST_F(KilledKeys, WhileOneIsAdded) {
  unsigned kills = 0;
  for (unsigned stop = 1;; ++stop) {
    begin();
    ProfileStore store = start();
    const End end = work_until(stop, [&] { static_cast<void>(store.add_key("link", new_key_)); });
    if (end == End::untraced) GTEST_SKIP() << "nothing can be traced here";
    if (end == End::finished) break;
    ++kills;
    ProfileStore next = start();
    const std::vector<Ckn> left = names(next);
    EXPECT_TRUE(left == both_ || left == std::vector{old_name}) << "stop " << stop;
    EXPECT_TRUE(next.add_key("link", new_key_)) << "stop " << stop;
    EXPECT_EQ(names(start()), both_) << "stop " << stop;
  }
  EXPECT_GT(kills, 10U);
  RecordProperty("kills", static_cast<int>(kills));
}

TEST_F(KilledKeys, WhileOneIsRetired) {
  unsigned kills = 0;
  for (const Ckn& retired : both_) {
    const std::vector stays{retired == old_name ? new_name : old_name};
    for (unsigned stop = 1;; ++stop) {
      begin();
      ASSERT_TRUE(start().add_key("link", new_key_));
      ProfileStore store = start();
      const End end = work_until(stop, [&] { static_cast<void>(store.retire_key("link", retired)); });
      if (end == End::untraced) GTEST_SKIP() << "nothing can be traced here";
      if (end == End::finished) break;
      ++kills;
      ProfileStore next = start();
      const std::vector<Ckn> left = names(next);
      EXPECT_TRUE(left == both_ || left == stays) << "stop " << stop;
      const auto again = next.retire_key("link", retired);
      EXPECT_TRUE(again || again.error().code == ENOENT) << "stop " << stop;
      EXPECT_EQ(names(start()), stays) << "stop " << stop;
    }
  }
  EXPECT_GT(kills, 20U);
  RecordProperty("kills", static_cast<int>(kills));
}

}  // namespace
}  // namespace macsec::daemon
