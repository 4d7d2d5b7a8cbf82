// SPDX-License-Identifier: LGPL-2.1-or-later
/// Links and their addresses as they change, on devices of a namespace of its own, where that is allowed.
#include "engine/adapters/netlink/link_monitor.hpp"
#include "engine/adapters/netlink/link_addresses.hpp"
#include "engine/adapters/netlink/netlink_events.hpp"
#include "tests/unit/cable.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <span>

namespace macsec::os {
namespace {

struct Seen {
  LinkChange::Kind kind;
  Link link;
};

class AddressTest : public CableTest {
 protected:
  static void make_anew() {
    ASSERT_EQ(run("ip link del dev a && ip link add name a address 02:00:00:00:00:0a type veth peer name b && "
                  "ip link set dev a up && ip link set dev b up"),
              0);
  }
  /// Addresses and routes of `a`; what counts down, or is the kernel's own, left out.
  static std::string seen() {
    std::string out;
    FILE* const pipe = ::popen(
        "{ ip -o addr show dev a scope global; ip -4 route show table all dev a; ip -6 route show table all dev a; } | "
        "grep -v -e ^fe80::/64 -e 'table local' -e multicast | sed -e 's/^[0-9]*: //' -e 's/ tentative//' "
        "-e 's/ linkdown//' | sort",
        "r");
    if (pipe == nullptr) return out;
    std::array<char, 256> line{};
    while (std::fgets(line.data(), line.size(), pipe) != nullptr) out += line.data();
    ::pclose(pipe);
    return out;
  }
};

TEST_F(AddressTest, AddressesAndRoutesMoveToTheDeviceMadeAnew) {
  ASSERT_EQ(run("ip link set dev a up && ip link set dev b up && "
                "ip addr add 10.1.0.1/24 dev a && ip addr add 10.1.0.2/24 dev a && "
                "ip addr add 10.2.0.1/24 dev a noprefixroute && ip route add 10.2.0.0/24 dev a metric 550 && "
                "ip addr add 2001:db8::1/64 dev a nodad && ip route add default via 10.1.0.254 metric 100 && "
                "ip route add 192.0.2.0/24 via 10.1.0.253 table 77 mtu 1300 && "
                "ip -6 route add default via 2001:db8::ff dev a metric 42 && "
                "ip -6 route add 2001:db8:7::/48 via fe80::7 dev a table 78"),
            0);
  const std::string before = seen();
  ASSERT_NE(before.find("table 78"), std::string::npos) << before;
  auto route = NetlinkSocket::open(NETLINK_ROUTE);
  ASSERT_TRUE(route);
  auto saved = LinkAddresses::save(*route, ::if_nametoindex("a"));
  ASSERT_TRUE(saved) << saved.error().message;
  make_anew();
  ASSERT_NE(seen(), before);
  const auto restored = saved->restore(*route, ::if_nametoindex("a"));
  EXPECT_TRUE(restored) << restored.error().message;
  EXPECT_EQ(seen(), before);
  const auto again = saved->restore(*route, ::if_nametoindex("a"));
  EXPECT_TRUE(again) << again.error().message;
  EXPECT_EQ(seen(), before);
}

class MonitorTest : public CableTest {
 protected:
  void watch() {
    auto opened = LinkMonitor::open([this](const LinkChange& change) { seen_.push_back({change.kind, change.link}); });
    ASSERT_TRUE(opened) << opened.error().message;
    monitor_ = std::move(*opened);
  }
  bool wait_until(const std::function<bool()>& done) {
    return wait_for(monitor_->fd(), done, [this] { ASSERT_TRUE(monitor_->process()); });
  }
  [[nodiscard]] bool saw(LinkChange::Kind kind, std::string_view name) const {
    return std::ranges::any_of(seen_, [&](const Seen& one) { return one.kind == kind && one.link.name == name; });
  }

  std::unique_ptr<LinkMonitor> monitor_;
  std::vector<Seen> seen_;
};

TEST_F(MonitorTest, TellsWhatChangesAndOnlyThat) {
  watch();
  ASSERT_NE(monitor_->find("a"), nullptr);
  EXPECT_EQ(to_string(monitor_->find("a")->mac), "02:00:00:00:00:0a");
  EXPECT_EQ(monitor_->find("a")->kind, "veth");
  EXPECT_TRUE(seen_.empty());

  run("ip link set dev a up; ip link set dev b up");
  ASSERT_TRUE(wait_until([this] { return monitor_->find("a")->carrier && monitor_->find("b")->carrier; }));
  EXPECT_EQ(monitor_->speed(monitor_->find("a")->ifindex), 10'000'000'000U);
  seen_.clear();
  run("ip link set dev a up");
  run("ip link set dev b down");
  ASSERT_TRUE(wait_until([this] { return !monitor_->find("a")->carrier; }));
  EXPECT_TRUE(monitor_->find("a")->up);
  EXPECT_EQ(monitor_->speed(monitor_->find("a")->ifindex), 10'000'000'000U);  // veth says so without carrier too

  run("ip link set dev b name c; ip link set dev c address 02:00:00:00:00:0c");
  ASSERT_TRUE(wait_until([this] {
    const Link* const link = monitor_->find("c");
    return link != nullptr && to_string(link->mac) == "02:00:00:00:00:0c";
  }));
  EXPECT_EQ(monitor_->find("b"), nullptr);
}

TEST_F(MonitorTest, TellsARemovedInterfaceFromItsSuccessor) {
  watch();
  const unsigned first = monitor_->find("a")->ifindex;
  run("ip link del dev a; ip link add name a type veth peer name b");
  ASSERT_TRUE(wait_until([this] { return saw(LinkChange::Kind::appeared, "a"); }));
  EXPECT_TRUE(saw(LinkChange::Kind::removed, "a"));
  EXPECT_EQ(monitor_->find(first), nullptr);
  EXPECT_NE(monitor_->find("a")->ifindex, first);
}

TEST_F(MonitorTest, CatchesUpWhenMessagesWereLost) {
  watch();
  // More than fits: each message is some 1,400 octets, and takes more than 2,000 of the buffer.
  run("ip link del dev a; i=0; while [ $i -lt 4000 ]; do echo link set lo mtu $((60000 + i % 2)); i=$((i + 1)); done > "
      "/tmp/$$;"
      "ip -batch /tmp/$$; rm /tmp/$$");
  run("ip link add name z type veth peer name y");
  ASSERT_TRUE(wait_until([this] { return monitor_->find("z") != nullptr && monitor_->find("y") != nullptr; }));
  EXPECT_TRUE(saw(LinkChange::Kind::removed, "a"));
  EXPECT_TRUE(saw(LinkChange::Kind::appeared, "z"));
}

/// Changes the MTU of lo `times` times, to `last` at the end: more than the buffer of a listener holds.
void overrun(unsigned last, int times = 12'000) {
  auto route = NetlinkSocket::open(NETLINK_ROUTE);
  ASSERT_TRUE(route);
  for (int i = 1; i <= times; ++i) {
    ifinfomsg info{};
    info.ifi_index = 1;
    NetlinkMessage message{RTM_SETLINK, 0, std::as_bytes(std::span{&info, 1})};
    message.put_u32(IFLA_MTU, i == times ? last : static_cast<unsigned>(50'000 + i % 2));
    ASSERT_TRUE(route->request(message, "change the MTU"));
  }
}

TEST_F(MonitorTest, WhatWasLostIsNewerThanWhatWaits) {
  watch();
  const unsigned first = monitor_->find("lo")->mtu;
  ASSERT_NO_FATAL_FAILURE(overrun(1234));
  while (monitor_->find("lo")->mtu == first) ASSERT_TRUE(monitor_->process());
  ASSERT_TRUE(monitor_->process());
  EXPECT_EQ(monitor_->find("lo")->mtu, 1234U);
  // Nothing of what waited was told: from the first state to the last one.
  ASSERT_EQ(seen_.size(), 1U);
  EXPECT_EQ(seen_[0].link.mtu, 1234U);
  // From here on messages count again.
  run("ip link set lo mtu 4321");
  EXPECT_TRUE(wait_until([this] { return monitor_->find("lo")->mtu == 4321; }));
}

class EventsTest : public CableTest {
 protected:
  void SetUp() override {
    CableTest::SetUp();
    if (IsSkipped()) return;
    auto opened = NetlinkEvents::open({RTNLGRP_LINK}, {.message = [this](const nlmsghdr&) { ++messages_; },
                                                       .resync = [this]() -> Result<void> {
                                                         if (++attempts_ > refusals_) return {};
                                                         return fail(ETIMEDOUT, "not now");
                                                       }});
    ASSERT_TRUE(opened) << opened.error().message;
    events_.emplace(std::move(*opened));
  }

  int messages_ = 0;
  int attempts_ = 0;
  int refusals_ = 0;
  std::optional<NetlinkEvents> events_;
};

TEST_F(EventsTest, TheTableIsReadAgainUntilThatSucceeds) {
  refusals_ = 2;
  ASSERT_NO_FATAL_FAILURE(overrun(1234));
  std::vector<std::string> problems;
  ASSERT_TRUE(wait_for(
      events_->fd(), [this] { return attempts_ == 3; },
      [&] {
        if (const auto done = events_->process(); !done) problems.push_back(done.error().message);
      }));
  EXPECT_EQ(messages_, 0);
  EXPECT_EQ(problems, std::vector<std::string>{"not now"});
  // It succeeded: nothing more is due, and messages count.
  pollfd wait{.fd = events_->fd(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&wait, 1, 2 * static_cast<int>(NetlinkEvents::retry_pause.count())), 0);
  run("ip link set lo mtu 4321");
  ASSERT_TRUE(wait_for(events_->fd(), [this] { return messages_ > 0; }, [&] { ASSERT_TRUE(events_->process()); }));
  EXPECT_EQ(attempts_, 3);
}

TEST_F(EventsTest, WhatComesWhileTheTableCannotBeReadCounts) {
  refusals_ = 1;
  ASSERT_NO_FATAL_FAILURE(overrun(1234));
  EXPECT_FALSE(events_->process());
  run("ip link set lo mtu 4321");
  ASSERT_TRUE(events_->process());
  EXPECT_GT(messages_, 0);
  EXPECT_EQ(attempts_, 1);
}

TEST_F(EventsTest, AFloodDoesNotHoldTheLoop) {
  ASSERT_NO_FATAL_FAILURE(overrun(1234, 3000));
  ASSERT_TRUE(events_->process());
  EXPECT_LT(messages_, 3000);
  ASSERT_TRUE(wait_for(events_->fd(), [this] { return messages_ >= 3000; }, [&] { ASSERT_TRUE(events_->process()); }));
  EXPECT_EQ(attempts_, 0);
}

TEST_F(EventsTest, WhatWasReadIncompletelyIsReadAgainAtOnce) {
  events_->lost();
  ASSERT_TRUE(wait_for(events_->fd(), [this] { return attempts_ == 1; }, [&] { ASSERT_TRUE(events_->process()); }));
}

}  // namespace
}  // namespace macsec::os
