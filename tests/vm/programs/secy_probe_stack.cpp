// SPDX-License-Identifier: LGPL-2.1-or-later
/// What is on a device, what it is in, and who it belongs to.
#include "tests/vm/programs/secy_probe.hpp"

namespace macsec::os::probe {
namespace {

class StackTest : public SecyTest {
 protected:
  void SetUp() override {
    ASSERT_EQ(one_.run("modprobe -q bonding max_bonds=0; modprobe -q -a sch_ingress cls_matchall act_gact"), 0);
    ASSERT_DONE(secy_.attach());
  }
  /// As the daemon does at the end of a turn.
  void settle() {
    const Link& link = one_.link();
    const Link* const master = one_.links().find(link.master);
    secy_.set_bonded(master != nullptr && master->kind == "bond");
    ASSERT_DONE(secy_.reassert(link));
  }
  std::string told() {
    const auto recreated = secy_.take_recreated();
    return recreated ? recreated->text : "";
  }
  std::string links() const {
    return one_.output(
        "sh -c \"ip -d link show type vlan; ip -d link show type macvlan; ip -o addr show scope global; "
        "ip route; tc qdisc show dev macsec0; tc qdisc show dev vlan5\" | "
        "sed -E \"s/^[0-9]+: //; s/@.*: </: </; s/state [A-Z]+//\"");
  }

  NetlinkSecy secy_{one_.kernel(), device()};
};

TEST_F(StackTest, VlansAndMacvlansComeBackWithAllTheyHave) {
  ASSERT_EQ(
      one_.run("ip link add link macsec0 vlan5 type vlan id 5 egress-qos-map 1:2 && "
               "ip link add link vlan5 inner6 type vlan id 6 && "
               "ip link add link macsec0 mv0 address 02:00:00:00:00:99 type macvlan mode bridge && "
               "ip link set vlan5 up mtu 1300 alias five && ip link set inner6 up && ip link set mv0 up && "
               "ip addr add 10.5.0.1/24 dev vlan5 && ip addr add 10.6.0.1/24 dev inner6 && "
               "ip route add 192.0.2.0/24 via 10.5.0.9 && ip addr add 10.0.0.1/24 dev macsec0 && "
               "tc qdisc add dev macsec0 root handle 1: pfifo limit 42 && tc qdisc add dev vlan5 clsact && "
               "ip link set macsec0 txqueuelen 77 alias uplink && ip link property add dev macsec0 altname secure"),
      0);
  const std::string before = links();
  ASSERT_DONE(secy_.select_cipher_suite(CipherSuite::gcm_aes_256));
  EXPECT_EQ(links(), before);
  const std::string words = told();
  EXPECT_NE(words.find("GCM-AES-256; restored on it:"), std::string::npos) << words;
  for (const char* const name : {"vlan5", "inner6", "mv0"}) EXPECT_NE(words.find(name), std::string::npos) << words;
  EXPECT_EQ(words.find("lost"), std::string::npos) << words;
  EXPECT_TRUE(told().empty());
  const Link& link = one_.link("secure");
  EXPECT_EQ(link.name, "macsec0");
  EXPECT_EQ(link.alias, "uplink");
}

TEST_F(StackTest, WhatCannotBeKeptIsNamed) {
  ASSERT_EQ(one_.run("ip link add link macsec0 inner0 type macsec && tc qdisc add dev macsec0 clsact && "
                     "tc filter add dev macsec0 ingress protocol ip matchall action pass"),
            0);
  ASSERT_DONE(secy_.select_cipher_suite(CipherSuite::gcm_aes_256));
  const std::string words = told();
  EXPECT_NE(words.find("lost: tc filters of macsec0, inner0 (macsec)"), std::string::npos) << words;
  EXPECT_NE(words.find("CipherSuites=GCM-AES-256"), std::string::npos) << words;
}

TEST_F(StackTest, ABridgePortStaysOneWithItsVlans) {
  ASSERT_EQ(
      one_.run("ip link add br0 type bridge vlan_filtering 1 && ip link set macsec0 master br0 && "
               "bridge link set dev macsec0 cost 7 learning off && bridge vlan add dev macsec0 vid 30 pvid untagged && "
               "bridge vlan del dev macsec0 vid 1"),
      0);
  const auto seen = [this] {
    return one_.output("bridge vlan show dev macsec0") + std::to_string(one_.link().master) +
           one_.output("sh -c \"bridge -d link show dev macsec0 | grep -oE \\\"cost [0-9]+|learning o[a-z]+\\\"\"");
  };
  const std::string before = seen();
  ASSERT_DONE(secy_.select_cipher_suite(CipherSuite::gcm_aes_256));
  EXPECT_EQ(seen(), before);
  EXPECT_EQ(told().find("lost"), std::string::npos);
}

TEST_F(StackTest, ABondSeesAPortThatIsClosed) {
  ASSERT_EQ(one_.run("ip link add bond0 type bond mode active-backup miimon 50 && ip link set bond0 mtu 1468 && "
                     "ip link set macsec0 down && ip link set macsec0 master bond0 && ip link set bond0 up"),
            0);
  ASSERT_NO_FATAL_FAILURE(settle());
  EXPECT_FALSE(one_.link().up);
  ASSERT_DONE(secy_.set_controlled_port(ControlledPort::up));
  EXPECT_TRUE(one_.link().up);
  ASSERT_TRUE(one_.wait("bond0", [](const Link& bond) { return bond.carrier; }));
  ASSERT_DONE(secy_.set_controlled_port(ControlledPort::dormant));
  EXPECT_FALSE(one_.link().up);
  ASSERT_TRUE(one_.wait("bond0", [](const Link& bond) { return !bond.carrier; }));
  // Nobody else's hand keeps it from being set down again.
  one_.run("ip link set macsec0 up");
  ASSERT_NO_FATAL_FAILURE(settle());
  EXPECT_FALSE(one_.link().up);
  ASSERT_DONE(secy_.select_cipher_suite(CipherSuite::gcm_aes_256));
  EXPECT_EQ(one_.link().master, one_.link("bond0").ifindex);
}

TEST_F(StackTest, ABondedDeviceOfAnotherProgramKeepsItsFlag) {
  ASSERT_DONE(secy_.remove());
  ASSERT_EQ(one_.run("ip link add link eth0 macsec0 type macsec port 1 encrypt on && ip link add bond0 type bond && "
                     "ip link set bond0 mtu 1468 && ip link set macsec0 master bond0 && ip link set bond0 up"),
            0);
  SecyDevice wanted = device();
  wanted.create = false;
  NetlinkSecy adopted{one_.kernel(), wanted};
  ASSERT_DONE(adopted.attach());
  adopted.set_bonded(true);
  ASSERT_DONE(adopted.reassert(one_.link()));
  ASSERT_DONE(adopted.set_controlled_port(ControlledPort::dormant));
  EXPECT_TRUE(one_.link().up);
}

TEST_F(StackTest, AnAliasOfTheAdministratorChangesNoOwner) {
  ASSERT_EQ(one_.run("ip link set macsec0 alias anything"), 0);
  NetlinkSecy again{one_.kernel(), device()};
  ASSERT_DONE(again.attach());
  EXPECT_TRUE(again.made_here());
  ASSERT_DONE(again.remove());
  EXPECT_FALSE(one_.has_link("macsec0"));
}

TEST_F(StackTest, ADeviceInAnotherNamespaceIsNamedAsTheReason) {
  ASSERT_EQ(one_.run("ip link set macsec0 netns two"), 0);
  NetlinkSecy second{one_.kernel(), device()};
  const std::string words = EXPECT_REFUSED(second.attach(), EBUSY);
  EXPECT_NE(words.find("another network namespace"), std::string::npos) << words;
  one_.run("ip -n two link del macsec0; ip link add link eth0 mv0 type macvlan");
  const std::string other = EXPECT_REFUSED(second.attach(), EBUSY);
  EXPECT_NE(other.find("mv0 (macvlan)"), std::string::npos) << other;
}

TEST_F(StackTest, WhatHasTheNumberNowIsNotDeleted) {
  const std::string index = std::to_string(secy_.ifindex());
  ASSERT_EQ(one_.run("ip link del macsec0 && ip link add stranger index " + index + " type dummy"), 0);
  ASSERT_DONE(secy_.remove());
  EXPECT_TRUE(one_.has_link("stranger"));
}

TEST_F(StackTest, AParentMayHaveAnAlternativeName) {
  ASSERT_DONE(secy_.remove());
  ASSERT_EQ(one_.run("ip link property add dev eth0 altname enp0s3"), 0);
  SecyDevice wanted = device();
  wanted.parent = "enp0s3";
  NetlinkSecy secy{one_.kernel(), wanted};
  ASSERT_DONE(secy.attach());
  EXPECT_EQ(secy.parent_ifindex(), one_.link("eth0").ifindex);
}

}  // namespace
}  // namespace macsec::os::probe
