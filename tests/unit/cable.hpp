// SPDX-License-Identifier: LGPL-2.1-or-later
/// A cable between two interfaces, where the tests may have one.
#pragma once

#include "engine/base/handle.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <string>

namespace macsec::os {

/// A network namespace of its own with a cable from `a` to `b`.
class CableTest : public testing::Test {
 protected:
  void SetUp() override {
    host_ = FileDescriptor{::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)};
    if (::unshare(CLONE_NEWNET) != 0) GTEST_SKIP() << "no namespaces without privilege";
    if (run("ip link add name a address 02:00:00:00:00:0a type veth peer name b address 02:00:00:00:00:0b") != 0)
      GTEST_SKIP() << "no veth in this kernel";
  }
  void TearDown() override { static_cast<void>(::setns(host_.get(), CLONE_NEWNET)); }

  static int run(const char* command) { return std::system(command); }

  /// Runs `process` each time `fd` has something until `done`; false after five seconds.
  template <typename Done, typename Process>
  static bool wait_for(int fd, Done done, Process process) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{5};
    while (!done()) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      pollfd wait{.fd = fd, .events = POLLIN, .revents = 0};
      if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) <= 0) return false;
      process();
    }
    return true;
  }

  /// What a command prints.
  static std::string output(const std::string& command) {
    std::string out;
    const std::unique_ptr<FILE, Releases<::pclose>> pipe{::popen(command.c_str(), "r")};
    std::array<char, 256> line{};
    while (pipe != nullptr && std::fgets(line.data(), line.size(), pipe.get()) != nullptr) out += line.data();
    return out;
  }

 private:
  FileDescriptor host_;
};

}  // namespace macsec::os
