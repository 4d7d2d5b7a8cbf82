// SPDX-License-Identifier: LGPL-2.1-or-later
/// Names, settings and owners of devices that come and go.
#include "engine/adapters/netlink/link_stack.hpp"
#include "engine/adapters/netlink/link_monitor.hpp"
#include "engine/adapters/netlink/made_devices.hpp"
#include "tests/temporary_directory.hpp"
#include "tests/unit/cable.hpp"

#include <fstream>
#include <net/if.h>
#include <sys/mount.h>

namespace macsec::os {
namespace {

using StackTest = CableTest;

constexpr const char* same_cable_again =
    "ip link del dev a && ip link add name a address 02:00:00:00:00:0a type veth peer name b && ip link set dev a up";

TEST_F(StackTest, AlternativeNamesFindAnInterface) {
  ASSERT_EQ(run("ip link property add dev a altname enp0s3 altname an-alternative-name-of-more-than-15-characters"), 0);
  auto monitor = LinkMonitor::open([](const LinkChange&) {});
  ASSERT_TRUE(monitor) << monitor.error().message;
  const Link* const link = (*monitor)->find("enp0s3");
  ASSERT_NE(link, nullptr);
  EXPECT_EQ(link->name, "a");
  EXPECT_EQ((*monitor)->find("an-alternative-name-of-more-than-15-characters"), link);
  EXPECT_EQ((*monitor)->find("enp0s4"), nullptr);
}

TEST_F(StackTest, ANewAlternativeNameIsAChange) {
  ASSERT_EQ(run("ip link set dev a up"), 0);
  std::vector<std::string> names;
  auto monitor = LinkMonitor::open([&names](const LinkChange& change) {
    if (change.link.name == "a") names = change.link.alternative_names;
  });
  ASSERT_TRUE(monitor) << monitor.error().message;
  ASSERT_EQ(run("ip link property add dev a altname enp0s3"), 0);
  EXPECT_TRUE(wait_for((*monitor)->fd(), [&names] { return names == std::vector<std::string>{"enp0s3"}; },
                       [&monitor] { ASSERT_TRUE((*monitor)->process()); }));
}

TEST_F(StackTest, SettingsMoveToTheDeviceThatIsCreatedAgain) {
  ASSERT_EQ(run("ip link set dev a up && ip link set dev a alias mine txqueuelen 77 group 5 promisc on && "
                "ip link property add dev a altname enp0s3 && ip addr add 10.1.0.1/24 dev a && "
                "tc qdisc add dev a root handle 7: pfifo limit 42 && "
                "echo 0 >/proc/sys/net/ipv6/conf/a/accept_ra && echo 1 >/proc/sys/net/ipv4/conf/a/arp_filter && "
                "echo 77 >/proc/sys/net/ipv4/neigh/a/unres_qlen"),
            0);
  const char* const show =
      "ip -d link show dev a | sed -e 's/^[0-9]*: //' -e 's/@.*: </: </' -e 's/state [A-Z]*//'; "
      "tc qdisc show dev a; ip -o addr show dev a scope global | sed 's/^[0-9]*: //'; cd /proc/sys/net; "
      "grep . ipv6/conf/a/accept_ra ipv4/conf/a/arp_filter ipv4/neigh/a/unres_qlen";
  const std::string before = output(show);
  ASSERT_NE(before.find("pfifo 7:"), std::string::npos) << before;
  auto route = NetlinkSocket::open(NETLINK_ROUTE);
  ASSERT_TRUE(route);
  auto saved = LinkStack::save(*route, ::if_nametoindex("a"));
  ASSERT_TRUE(saved) << saved.error().message;
  ASSERT_EQ(run("ip link del dev a && ip link add name a address 02:00:00:00:00:0a type veth peer name b && "
                "ip link set dev a up"),
            0);
  ASSERT_NE(output(show), before);
  const auto outcome = saved->restore(*route, ::if_nametoindex("a"));
  EXPECT_EQ(output(show), before);
  EXPECT_TRUE(outcome.restored.empty());
  // Its other end went and came with it: that is another device, and it is not what this one was for.
  EXPECT_EQ(outcome.lost, std::vector<std::string>{"b (veth)"});
}

/// The files of the network namespace it is made in.
class Sysfs {
 public:
  Sysfs() { mounted_ = ::mount("sysfs", folder_.path().c_str(), "sysfs", MS_RDONLY, nullptr) == 0; }
  Sysfs(const Sysfs&) = delete;
  Sysfs& operator=(const Sysfs&) = delete;
  ~Sysfs() {
    if (mounted_) ::umount2(folder_.path().c_str(), MNT_DETACH);
  }
  [[nodiscard]] explicit operator bool() const noexcept { return mounted_; }
  [[nodiscard]] std::string path() const { return folder_.path(); }

 private:
  test::TemporaryDirectory folder_;
  bool mounted_ = false;
};

TEST_F(StackTest, WhatIsOnTopIsKeptWhateverTheFilesAreOf) {
  const Sysfs files;
  if (!files) GTEST_SKIP() << "no mounts here";
  ASSERT_EQ(run("ip link set dev a up && ip link add link a name mv address 02:00:00:00:03:01 type macvlan"), 0);
  auto route = NetlinkSocket::open(NETLINK_ROUTE);
  ASSERT_TRUE(route);
  for (const std::string& sysfs : {files.path(), std::string{"/sys"}, std::string{"/nonexistent"}}) {
    auto saved = LinkStack::save(*route, ::if_nametoindex("a"), sysfs);
    ASSERT_TRUE(saved) << saved.error().message;
    ASSERT_EQ(run(same_cable_again), 0);
    EXPECT_EQ(saved->restore(*route, ::if_nametoindex("a")).restored, std::vector<std::string>{"mv"}) << sysfs;
    EXPECT_NE(output("ip link show dev mv").find("02:00:00:00:03:01"), std::string::npos) << sysfs;
  }
}

TEST_F(StackTest, PortOfABridgeWithNothingOnTopIsNotComparedWithOtherDevices) {
  const Sysfs files;
  if (!files) GTEST_SKIP() << "no mounts here";
  if (run("ip link add name br type bridge && ip link set dev a master br alias mine up") != 0)
    GTEST_SKIP() << "no bridge in this kernel";
  auto route = NetlinkSocket::open(NETLINK_ROUTE);
  ASSERT_TRUE(route);
  auto saved = LinkStack::save(*route, ::if_nametoindex("a"), files.path());
  ASSERT_TRUE(saved) << saved.error().message;
  ASSERT_EQ(run(same_cable_again), 0);
  ASSERT_EQ(run("ip link set dev a master br"), 0);
  const auto outcome = saved->restore(*route, ::if_nametoindex("a"));
  EXPECT_NE(output("ip -d link show dev a").find("alias mine"), std::string::npos);
  EXPECT_EQ(outcome.lost, std::vector<std::string>{}) << "the other end of the cable is nothing on top of it";
}

TEST_F(StackTest, TablesOfAddressesMoveToTheDeviceThatIsCreatedAgain) {
  ASSERT_EQ(
      run("ip link set dev a up && bridge fdb add 02:00:00:00:01:03 dev a self && "
          "ip neigh add 10.1.0.9 lladdr 02:00:00:00:02:01 dev a nud permanent && "
          "ip neigh add 2001:db8::9 lladdr 02:00:00:00:02:02 dev a nud permanent router && "
          "ip neigh add 10.1.0.8 lladdr 02:00:00:00:02:03 dev a nud reachable && ip neigh add proxy 10.1.0.10 dev a && "
          "ip link add link a name mv address 02:00:00:00:03:01 type macvlan mode source && "
          "ip link set dev mv type macvlan macaddr add 02:00:00:00:03:02 && ip link set dev mv up && "
          "ip neigh add 10.2.0.9 lladdr 02:00:00:00:02:04 dev mv nud permanent"),
      0);
  const char* const show =
      "bridge fdb show | grep 02:00:00:00:0[13] | sort; ip neigh show nud permanent | sort; ip neigh show proxy; "
      "ip -d link show dev mv | grep -o 'remotes.*:..'";
  const std::string before = output(show);
  for (const char* const one : {"01:03 dev a self", "10.1.0.9", "2001:db8::9", "10.1.0.10", "02:04", "03:02"})
    ASSERT_NE(before.find(one), std::string::npos) << one << " in:\n" << before;
  auto route = NetlinkSocket::open(NETLINK_ROUTE);
  ASSERT_TRUE(route);
  auto saved = LinkStack::save(*route, ::if_nametoindex("a"));
  ASSERT_TRUE(saved) << saved.error().message;
  ASSERT_EQ(run(same_cable_again), 0);
  ASSERT_NE(output(show), before);
  const auto outcome = saved->restore(*route, ::if_nametoindex("a"));
  EXPECT_EQ(output(show), before);
  EXPECT_EQ(output("ip neigh show 10.1.0.8"), "") << "it was learned";
  EXPECT_EQ(outcome.lost, std::vector<std::string>{"b (veth)"});
  ASSERT_EQ(run("ip link del dev mv"), 0);
  EXPECT_EQ(output("bridge fdb show | grep -c 02:00:00:00:03"), "0\n") << "what a device above puts there goes with it";
}

TEST_F(StackTest, TablesOfTheBridgeHaveThePortThatIsCreatedAgain) {
  if (run("ip link add name br type bridge && ip link set dev br up") != 0) GTEST_SKIP() << "no bridge in this kernel";
  ASSERT_EQ(run("ip link set dev a master br && ip link set dev b up && ip link set dev a up && bridge fdb add "
                "02:00:00:00:01:01 dev a master "
                "static && "
                "bridge fdb add 02:00:00:00:01:02 dev a master permanent && bridge fdb add 02:00:00:00:01:04 dev a "
                "master dynamic && "
                "bridge mdb add dev br port a grp 239.1.1.1 permanent"),
            0);
  const auto show = [](bool learned) {
    return output(std::string{"bridge fdb show | grep 02:00:00:00:01 | sort"} + (learned ? "" : " | grep -v 01:04") +
                  "; bridge mdb show | grep permanent | sed 's/^[0-9]*: //'");
  };
  const std::string before = show(false);
  for (const char* const one : {"01:01 dev a master br static", "01:02 dev a master br permanent", "239.1.1.1"})
    ASSERT_NE(before.find(one), std::string::npos) << one << " in:\n" << before;
  auto route = NetlinkSocket::open(NETLINK_ROUTE);
  ASSERT_TRUE(route);
  auto saved = LinkStack::save(*route, ::if_nametoindex("a"));
  ASSERT_TRUE(saved) << saved.error().message;
  ASSERT_EQ(run(same_cable_again), 0);
  ASSERT_EQ(run("ip link set dev a master br"), 0);
  const auto outcome = saved->restore(*route, ::if_nametoindex("a"));
  EXPECT_EQ(show(true), before);
  EXPECT_EQ(outcome.lost, std::vector<std::string>{"b (veth)"});
}

TEST_F(StackTest, RoutesWithSeveralNextHopsAreNamed) {
  ASSERT_EQ(run("ip link set dev a up && ip link set dev b up && ip addr add 10.1.0.1/24 dev a && ip addr add "
                "10.2.0.1/24 dev b && "
                "ip route add 192.0.2.0/24 nexthop via 10.1.0.9 dev a nexthop via 10.2.0.9 dev b"),
            0);
  auto route = NetlinkSocket::open(NETLINK_ROUTE);
  ASSERT_TRUE(route);
  auto saved = LinkStack::save(*route, ::if_nametoindex("a"));
  ASSERT_TRUE(saved) << saved.error().message;
  EXPECT_EQ(saved->restore(*route, ::if_nametoindex("a")).lost,
            std::vector<std::string>{"routes with several next hops of a"});
}

Link macsec_link(unsigned ifindex, std::string alias) {
  Link link;
  link.ifindex = ifindex;
  link.parent = 2;
  link.alias = std::move(alias);
  link.macsec.emplace();
  return link;
}

TEST(MadeDevices, AreKnownWhateverTheirAlias) {
  MadeDevices made;
  made.add(7, 2);
  EXPECT_TRUE(made.has(macsec_link(7, "uplink to the core")));
  EXPECT_TRUE(made.has(macsec_link(8, "macsecd")));
  EXPECT_FALSE(made.has(macsec_link(8, "uplink to the core")));
  Link elsewhere = macsec_link(7, "");
  elsewhere.parent = 3;
  EXPECT_FALSE(made.has(elsewhere));
  made.forget(7);
  EXPECT_FALSE(made.has(macsec_link(7, "uplink to the core")));
}

TEST(MadeDevices, AreKnownToTheNextProcess) {
  const test::TemporaryDirectory directory;
  const std::string path = directory.path() / "state/devices";
  const auto all = [](unsigned) { return true; };
  MadeDevices before;
  ASSERT_TRUE(before.remember_in(path, all));
  before.add(7, 2);
  before.add(9, 2);
  before.add(11, 2);
  before.forget(9);
  MadeDevices after;
  ASSERT_TRUE(after.remember_in(path, [](unsigned ifindex) { return ifindex != 11; }));
  EXPECT_TRUE(after.has(macsec_link(7, "")));
  EXPECT_FALSE(after.has(macsec_link(9, "")));
  EXPECT_FALSE(after.has(macsec_link(11, ""))) << "it is gone, and its number may be another device's next";
  std::ofstream{path} << "7 2\nrubbish\n";
  MadeDevices damaged;
  EXPECT_FALSE(damaged.remember_in(path, all));
  EXPECT_TRUE(damaged.has(macsec_link(7, "")));
}

}  // namespace
}  // namespace macsec::os
