// SPDX-License-Identifier: LGPL-2.1-or-later
/// Which interfaces become ports of which profile, as they come, go and are renamed.
#include "engine/adapters/port_patterns.hpp"

#include <gtest/gtest.h>

namespace macsec::os {
namespace {

using Names = std::vector<std::string>;

ProfilePointer profile(const std::string& name, const std::string& parent, const std::string& interface) {
  Profile out;
  out.name = name;
  out.link.parent = parent;
  out.link.interface = interface;
  return std::make_shared<const Profile>(std::move(out));
}

Link link(unsigned ifindex, const std::string& name) {
  Link out;
  out.ifindex = ifindex;
  out.name = name;
  out.ethernet = true;
  return out;
}

class PortPatternsTest : public testing::Test {
 protected:
  void add(Link one) { links_.insert_or_assign(one.ifindex, std::move(one)); }
  void configure(const std::vector<ProfilePointer>& wanted, const std::vector<IdleProfile>& idle = {}) {
    patterns_.configure(wanted, idle, links_);
  }
  bool appear(Link one) {
    const unsigned ifindex = one.ifindex;
    add(std::move(one));
    return patterns_.on_link_change({LinkChange::Kind::appeared, links_.at(ifindex), nullptr});
  }
  bool change(const Link& now) {
    const Link before = links_.at(now.ifindex);
    add(now);
    return patterns_.on_link_change({LinkChange::Kind::changed, links_.at(now.ifindex), &before});
  }
  bool remove(unsigned ifindex) {
    const Link before = links_.at(ifindex);
    links_.erase(ifindex);
    return patterns_.on_link_change({LinkChange::Kind::removed, before, &before});
  }
  /// "PROFILE INTERFACE" of what runs.
  [[nodiscard]] Names runs() const {
    Names out;
    for (const ProfilePointer& one : patterns_.profiles()) out.push_back(one->name + " " + one->link.interface);
    return out;
  }
  /// "PROFILE: TEXT", of warnings "(PROFILE): TEXT"
  [[nodiscard]] Names problems() const {
    Names out;
    for (const PortPatterns::Problem& one : patterns_.problems())
      out.push_back((one.error ? one.profile : "(" + one.profile + ")") + ": " + one.text);
    return out;
  }

  std::map<unsigned, Link> links_;
  PortPatterns patterns_;
};

const ProfilePointer access_ports = profile("access", "swp*", "macsec*");

TEST_F(PortPatternsTest, EveryInterfaceThatMatchesIsAPort) {
  add(link(2, "swp1"));
  add(link(3, "swp2"));
  add(link(4, "eth0"));
  configure({access_ports, profile("uplink", "eth0", "macsec0")});
  EXPECT_EQ(runs(), (Names{"uplink macsec0", "access@swp1 macsec1", "access@swp2 macsec2"}));
  EXPECT_EQ(problems(), Names{});
}

TEST_F(PortPatternsTest, NeitherMacsecNorWhatIsNotEthernetIsOne) {
  Link loop = link(1, "lo");
  loop.ethernet = false;
  add(loop);
  Link made = link(2, "macsec0");
  made.kind = "macsec";
  add(made);
  Link veth = link(3, "veth0");
  veth.kind = "veth";
  add(veth);
  configure({profile("all", "*", "s-*")});
  EXPECT_EQ(runs(), (Names{"all@veth0 s-veth0"}));
}

TEST_F(PortPatternsTest, PortsComeGoAndAreRenamed) {
  add(link(2, "swp1"));
  configure({access_ports});
  const ProfilePointer first = patterns_.profiles().front();
  EXPECT_FALSE(appear(link(3, "eth0")));
  EXPECT_TRUE(appear(link(4, "swp2")));
  EXPECT_EQ(runs(), (Names{"access@swp1 macsec1", "access@swp2 macsec2"}));
  EXPECT_EQ(patterns_.profiles().front(), first);  // the others do not notice
  Link up = link(4, "swp2");
  up.up = true;
  EXPECT_FALSE(change(up));
  EXPECT_TRUE(change(link(4, "swp20")));
  EXPECT_EQ(runs(), (Names{"access@swp1 macsec1", "access@swp20 macsec20"}));
  EXPECT_TRUE(change(link(4, "lan0")));
  EXPECT_EQ(runs(), (Names{"access@swp1 macsec1"}));
  EXPECT_TRUE(change(link(3, "swp3")));
  EXPECT_TRUE(remove(2));
  EXPECT_EQ(runs(), (Names{"access@swp3 macsec3"}));
  EXPECT_FALSE(remove(4));
}

TEST_F(PortPatternsTest, AProfileOfItsOwnTakesAnInterfaceOutEnabledOrNot) {
  Link named = link(2, "swp1");
  named.alternative_names = {"printer"};
  add(named);
  add(link(3, "swp2"));
  add(link(4, "swp3"));
  const auto one = profile("one", "printer", "macsec9");
  configure({access_ports, one}, {{"two", "swp2"}, {"three", ""}});
  EXPECT_EQ(runs(), (Names{"one macsec9", "access@swp3 macsec3"}));
  EXPECT_EQ(problems(), Names{});
  configure({access_ports});
  EXPECT_EQ(runs().size(), 3U);
}

TEST_F(PortPatternsTest, TheLongestLiteralWinsThenTheNameOfWhichTheOtherIsTold) {
  for (unsigned i = 10; i < 20; ++i) add(link(i, "swp4" + std::to_string(i)));
  add(link(2, "swp1"));
  const auto some = profile("some", "swp4*", "s*");
  const auto same = profile("then", "swp4*", "t*");
  configure({access_ports, same, some});
  const Names running = runs();
  ASSERT_EQ(running.size(), 11U);
  EXPECT_EQ(running.front(), "access@swp1 macsec1");
  EXPECT_EQ(running.back(), "some@swp419 s19");
  const std::string names = "swp410, swp411, swp412, swp413, swp414, swp415, swp416, swp417 and 2 more";
  EXPECT_EQ(problems(), (Names{"(then): " + names +
                               ": ports of profile some, whose Parent=swp4* is as long and whose name is "
                               "the first"}));
}

TEST_F(PortPatternsTest, APortThatCannotBeLeavesTheOthers) {
  add(link(2, "swp1"));
  add(link(3, "swp1234567890"));
  add(link(4, "swp2"));
  configure({access_ports, profile("access@swp2", "eth0", "macsec0")});
  EXPECT_EQ(runs(), (Names{"access@swp2 macsec0", "access@swp1 macsec1"}));
  EXPECT_EQ(problems(), (Names{"access: swp1234567890: Interface=macsec* makes a name of more than 15 characters of it",
                               "access: swp2: another profile has the name of the port already"}));
  configure({access_ports}, {{"access@swp2", "eth0"}});
  EXPECT_EQ(runs(), (Names{"access@swp1 macsec1"}));
}

TEST_F(PortPatternsTest, APortThatIsTakenDownStaysSoByItsNameAsLongAsItsPattern) {
  add(link(2, "swp1"));
  configure({access_ports});
  const ProfilePointer port = patterns_.profiles().front();
  patterns_.set_down(*port, true);
  EXPECT_TRUE(remove(2));
  configure({access_ports});
  EXPECT_TRUE(appear(link(7, "swp1")));
  EXPECT_TRUE(appear(link(8, "swp2")));
  EXPECT_TRUE(patterns_.is_down(*patterns_.profiles().front()));
  EXPECT_FALSE(patterns_.is_down(*patterns_.profiles().back()));
  patterns_.set_down(*patterns_.profiles().front(), false);
  EXPECT_FALSE(patterns_.is_down(*port));
  patterns_.set_down(*port, true);
  configure({});
  configure({access_ports});
  EXPECT_FALSE(patterns_.is_down(*port));
}

}  // namespace
}  // namespace macsec::os
