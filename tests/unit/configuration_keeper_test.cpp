// SPDX-License-Identifier: LGPL-2.1-or-later
// On the kernel's own interface: in a network namespace of its own, which takes privilege.
#include "engine/adapters/configuration_keeper.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>

namespace macsec::os {
namespace {

using namespace std::chrono_literals;

constexpr const char* flush = "ip addr flush dev a";

class KeeperTest : public testing::Test {
 protected:
  void SetUp() override {
    host_ = FileDescriptor{::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)};
    if (::unshare(CLONE_NEWNET) != 0) GTEST_SKIP() << "no namespaces without privilege";
    if (run("ip link add name a type veth peer name b") != 0) GTEST_SKIP() << "no veth in this kernel";
    auto loop = EventLoop::open();
    ASSERT_TRUE(loop);
    loop_.emplace(std::move(*loop));
    keeper_.emplace(*loop_, [this](unsigned, const std::string& what) { complaints_ += what + "\n"; });
    run("ip link set dev b up && ip link set dev a up addrgenmode none && "
        "ip addr add 10.1.0.1/24 dev a noprefixroute && ip route add 10.1.0.0/24 dev a proto kernel src 10.1.0.1 "
        "metric 125 && "
        "ip addr add 10.1.0.2/24 dev a valid_lft 3600 preferred_lft 1800 && "
        "ip addr add 2001:db8::1/64 dev a nodad && ip route add default via 10.1.0.254 dev a metric 125 proto static "
        "&& "
        "ip route add 192.0.2.0/24 via 10.1.0.253 table 77 && ip -6 route add default via 2001:db8::ff dev a proto ra");
    ifindex_ = ::if_nametoindex("a");
    before_ = seen();
    ASSERT_NE(before_.find("table 77"), std::string::npos) << before_;
  }
  void TearDown() override {
    keeper_.reset();
    static_cast<void>(::setns(host_.get(), CLONE_NEWNET));
  }

  static int run(const char* command) { return std::system(command); }
  static std::string output(const char* command) {
    std::string out;
    FILE* const pipe = ::popen(command, "r");
    if (pipe == nullptr) return out;
    std::array<char, 256> line{};
    while (std::fgets(line.data(), line.size(), pipe) != nullptr) out += line.data();
    ::pclose(pipe);
    return out;
  }
  /// Addresses and routes of `a`; what counts down, or is the kernel's own, left out.
  static std::string seen() {
    return output(
        "{ ip -o addr show dev a scope global; ip -4 route show table all dev a; ip -6 route show table all dev a; } | "
        "grep -v -e fe80 -e 'table local' -e multicast | "
        "sed -e 's/^[0-9]*: //' -e 's/ *.[ ]*valid_lft.*//' -e 's/ tentative\\| linkdown\\| nodad//g' -e 's/ "
        "dynamic//' | sort");
  }
  /// Runs the loop until `a` has what it had, or `span` is over.
  bool comes_back(Duration span = 5s) {
    for (const Time end = boot_time() + span; boot_time() < end;) {
      sd_event_run(loop_->get(), 10'000);
      if (seen() == before_) return true;
    }
    return false;
  }
  void pass(Duration span) {
    for (const Time end = boot_time() + span; boot_time() < end;) sd_event_run(loop_->get(), 10'000);
  }

  std::optional<EventLoop> loop_;
  std::optional<ConfigurationKeeper> keeper_;
  unsigned ifindex_ = 0;
  std::string before_;
  std::string complaints_;

 private:
  FileDescriptor host_;
};

TEST_F(KeeperTest, PutsBackWhatWasTakenOffJustBefore) {
  keeper_->set(ifindex_, KeepConfiguration::remember);
  run(flush);
  pass(ConfigurationKeeper::lasting / 4);
  ASSERT_NE(seen(), before_);
  keeper_->set(ifindex_, KeepConfiguration::yes);
  EXPECT_EQ(seen(), before_);
  EXPECT_EQ(complaints_, "");
}

TEST_F(KeeperTest, PutsBackWhateverIsTakenOff) {
  keeper_->set(ifindex_, KeepConfiguration::yes);
  for (const char* act : {flush, "ip route del default dev a", "ip route flush table 77", "ip -6 addr flush dev a",
                          "sysctl -qw net.ipv6.conf.a.disable_ipv6=1; sysctl -qw net.ipv6.conf.a.disable_ipv6=0"}) {
    run(act);
    EXPECT_TRUE(comes_back()) << act << "\n" << seen() << "before:\n" << before_;
  }
  run("sysctl -qw net.ipv6.conf.a.disable_ipv6=1");
  pass(200ms);  // what cannot be put back now is put back later
  run("sysctl -qw net.ipv6.conf.a.disable_ipv6=0");
  EXPECT_TRUE(comes_back()) << seen();
  run("ip link set dev a down");
  keeper_->is_down(ifindex_);
  EXPECT_TRUE(comes_back()) << seen();
}

TEST_F(KeeperTest, WhatLastedIsWhatCounts) {
  keeper_->set(ifindex_, KeepConfiguration::remember);
  run("ip addr flush dev a && ip addr add 10.3.0.1/24 dev a && ip route add 192.0.2.0/24 via 10.3.0.9");
  pass(ConfigurationKeeper::lasting + 200ms);
  before_ = seen();
  run(flush);
  keeper_->set(ifindex_, KeepConfiguration::yes);
  EXPECT_EQ(seen(), before_);
}

TEST_F(KeeperTest, RememberedOnlyNothingComesBack) {
  keeper_->set(ifindex_, KeepConfiguration::remember);
  run(flush);
  EXPECT_FALSE(comes_back(ConfigurationKeeper::lasting + 200ms));
}

TEST_F(KeeperTest, HandedOverItIsPutBackUntilItLasts) {
  keeper_->set(ifindex_, KeepConfiguration::yes);
  keeper_->set(ifindex_, KeepConfiguration::remember);
  run(flush);
  EXPECT_TRUE(comes_back());
  pass(ConfigurationKeeper::lasting + 200ms);
  run(flush);
  EXPECT_FALSE(comes_back(500ms));
}

TEST_F(KeeperTest, NoTakesOffWhatWasPutBack) {
  keeper_->set(ifindex_, KeepConfiguration::yes);
  run("ip addr flush dev a && ip addr add 10.9.0.1/24 dev a");
  pass(200ms);
  ASSERT_NE(seen().find("10.1.0.1/24"), std::string::npos) << seen();
  keeper_->set(ifindex_, KeepConfiguration::no);
  EXPECT_EQ(output("ip -o -4 addr show dev a | wc -l"), "1\n");
  EXPECT_NE(output("ip addr show dev a").find("10.9.0.1"), std::string::npos);
  EXPECT_EQ(output("ip -6 addr show dev a"), "");
}

TEST_F(KeeperTest, NoLeavesWhatNobodyTookOff) {
  keeper_->set(ifindex_, KeepConfiguration::yes);
  keeper_->set(ifindex_, KeepConfiguration::no);
  EXPECT_EQ(seen(), before_);
  keeper_->set(ifindex_, KeepConfiguration::yes);
  run("ip addr del 10.1.0.2/24 dev a");
  pass(200ms);
  keeper_->set(ifindex_, KeepConfiguration::no);
  EXPECT_EQ(seen().find("10.1.0.2/24"), std::string::npos) << seen();
  EXPECT_NE(seen().find("10.1.0.1/24"), std::string::npos) << seen();
}

TEST_F(KeeperTest, LifetimesAreCutShort) {
  keeper_->set(ifindex_, KeepConfiguration::yes);
  run(flush);
  ASSERT_TRUE(comes_back());
  const std::string addresses = output("ip -4 addr show dev a");
  EXPECT_EQ(addresses.find("valid_lft 3"), std::string::npos) << addresses;
  EXPECT_NE(addresses.find("valid_lft forever"), std::string::npos) << addresses;
}

TEST_F(KeeperTest, RoutingDaemonsLookAfterTheirOwn) {
  run("ip route add 198.51.100.0/24 via 10.1.0.254 proto bird");
  keeper_->set(ifindex_, KeepConfiguration::yes);
  run(flush);
  EXPECT_TRUE(comes_back()) << seen();  // without bird's
}

TEST_F(KeeperTest, SomebodyWhoGoesOnWins) {
  keeper_->set(ifindex_, KeepConfiguration::yes);
  for (int i = 0; i < 110; ++i) {
    run("ip addr del 10.1.0.1/24 dev a");
    sd_event_run(loop_->get(), 10'000);
  }
  EXPECT_NE(complaints_, "");
  EXPECT_FALSE(comes_back(200ms));
}

}  // namespace
}  // namespace macsec::os
