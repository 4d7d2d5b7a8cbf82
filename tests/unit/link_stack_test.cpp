// SPDX-License-Identifier: LGPL-2.1-or-later
/// Names, settings and owners of devices that come and go.
#include "engine/adapters/netlink/link_stack.hpp"
#include "engine/adapters/netlink/link_monitor.hpp"
#include "engine/adapters/netlink/made_devices.hpp"
#include "tests/temporary_directory.hpp"
#include "tests/unit/cable.hpp"

#include <fstream>
#include <net/if.h>

namespace macsec::os {
namespace {

using StackTest = CableTest;

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
