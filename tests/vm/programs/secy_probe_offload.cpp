// SPDX-License-Identifier: LGPL-2.1-or-later
/// Offload, on a netdevsim port sim0 in namespace "one".
#include "tests/vm/programs/secy_probe.hpp"

#include <algorithm>

namespace macsec::os::probe {
namespace {

class OffloadTest : public SecyTest {
 protected:
  OffloadTest() { one_.enter(); }
  static SecyDevice wanted(OffloadChoice choice) {
    SecyDevice out = device();
    out.parent = "sim0";
    out.offload = choice;
    return out;
  }
};

TEST_F(OffloadTest, AutoTakesTheMac) {
  NetlinkSecy secy{one_.kernel(), wanted(OffloadChoice::automatic)};
  ASSERT_DONE(secy.attach());
  EXPECT_EQ(secy.offload().mode, OffloadMode::mac) << secy.offload().text;
  EXPECT_EQ(one_.link().macsec->offload, OffloadMode::mac);
  EXPECT_TRUE(one_.link().up);
  const Sci peer{{2, 0, 0, 0, 0, 2, 0, 1}};
  const SaKey key = make_key(CipherSuite::gcm_aes_128, 1);
  ASSERT_DONE(secy.create_receive_sc(peer));
  ASSERT_DONE(secy.install_receive_sa(peer, An{0}, key, 1, 0));
  ASSERT_DONE(secy.install_transmit_sa(An{0}, key, 0));
  ASSERT_DONE(secy.transmit_with(An{0}));
  ASSERT_DONE(secy.configure({.encrypt = false}));
  SecyDevice software = wanted(OffloadChoice::off);
  EXPECT_REFUSED(secy.change(software), EBUSY);
  EXPECT_EQ(one_.link().macsec->offload, OffloadMode::mac);
  ASSERT_DONE(secy.clear());
  ASSERT_DONE(secy.change(software));
  EXPECT_EQ(one_.link().macsec->offload, OffloadMode::off);
  EXPECT_TRUE(one_.link().up);
}

TEST_F(OffloadTest, MacByName) {
  NetlinkSecy secy{one_.kernel(), wanted(OffloadChoice::mac)};
  ASSERT_DONE(secy.attach());
  EXPECT_EQ(one_.link().macsec->offload, OffloadMode::mac);
  ASSERT_DONE(secy.select_cipher_suite(CipherSuite::gcm_aes_256));
  EXPECT_EQ(one_.link().macsec->offload, OffloadMode::mac);
}

// Drivers make their object of an SA that stands where the device sends from, and may lose frames with every change of that.
TEST_F(OffloadTest, TheFirstTransmitSaStandsAtTheEncodingAnAndLaterOnesBesideIt) {
  NetlinkSecy secy{one_.kernel(), wanted(OffloadChoice::mac)};
  ASSERT_DONE(secy.attach());
  EXPECT_EQ(one_.link().macsec->encoding, An{0});
  ASSERT_DONE(secy.install_transmit_sa(An{2}, make_key(CipherSuite::gcm_aes_128, 1), 0));
  EXPECT_EQ(one_.link().macsec->encoding, An{2});
  const auto held = secy.read();
  ASSERT_TRUE(held);
  ASSERT_EQ(held->transmit.size(), 1U);
  EXPECT_TRUE(held->transmit[0].active);
  ASSERT_DONE(secy.transmit_with(An{2}));
  ASSERT_DONE(secy.install_transmit_sa(An{3}, make_key(CipherSuite::gcm_aes_128, 2), 0));
  EXPECT_EQ(one_.link().macsec->encoding, An{2});
  ASSERT_DONE(secy.transmit_with(An{3}));
  EXPECT_EQ(one_.link().macsec->encoding, An{3});
}

TEST_F(OffloadTest, SuitesAreTriedOnADeviceOfAnotherName) {
  SecyDevice device = wanted(OffloadChoice::mac);
  device.cipher_suite = CipherSuite::gcm_aes_256;
  device.other_suites = {CipherSuite::gcm_aes_128};
  NetlinkSecy secy{one_.kernel(), device};
  ASSERT_DONE(secy.attach());
  EXPECT_EQ(one_.link().macsec->cipher_suite, CipherSuite::gcm_aes_256);
  const SecyTraits traits = secy.traits();
  EXPECT_FALSE(traits.transmit_pn_readable);
  EXPECT_TRUE(traits.cipher_suites.has(CipherSuite::gcm_aes_128));
  EXPECT_EQ(macsec_links(one_.kernel())->size(), 1U) << "nothing is left of the trial";
}

TEST_F(OffloadTest, PhyIsRefusedInWords) {
  NetlinkSecy secy{one_.kernel(), wanted(OffloadChoice::phy)};
  const std::string words = EXPECT_REFUSED(secy.attach(), EOPNOTSUPP);
  EXPECT_NE(words.find("phy"), std::string::npos);
  EXPECT_FALSE(one_.has_link("macsec0"));
}

TEST_F(OffloadTest, AnAdoptedDeviceThatIsUp) {
  one_.run("ip link add link sim0 macsec0 type macsec port 1; ip link set macsec0 up");
  NetlinkSecy secy{one_.kernel(), wanted(OffloadChoice::mac)};
  ASSERT_DONE(secy.attach());
  EXPECT_EQ(one_.link().macsec->offload, OffloadMode::mac);
  EXPECT_TRUE(one_.link().up);
  // The next run finds it as it should be and leaves it alone.
  NetlinkSecy again{one_.kernel(), wanted(OffloadChoice::automatic)};
  ASSERT_DONE(again.attach());
  EXPECT_EQ(again.offload().mode, OffloadMode::mac);
}

TEST_F(OffloadTest, AutoGoesOnWhereTheMacIsFull) {
  std::vector<std::unique_ptr<NetlinkSecy>> all;
  for (std::uint16_t port = 1; port <= 4; ++port) {
    SecyDevice one = wanted(OffloadChoice::automatic);
    one.port = port;
    one.interface = "m" + std::to_string(port);
    all.push_back(std::make_unique<NetlinkSecy>(one_.kernel(), one));
    ASSERT_DONE(all.back()->attach());
    EXPECT_EQ(all.back()->offload().mode, port <= 3 ? OffloadMode::mac : OffloadMode::off);
  }
  std::fprintf(stderr, "# the fourth: %s\n", all.back()->offload().text.c_str());
}

// A process that starts has tried nothing, and hardware that is full refuses the trial before the kernel says whose device it is.
TEST_F(OffloadTest, OursIsFoundUnderAnotherNameWhereTheMacIsFull) {
  std::vector<std::unique_ptr<NetlinkSecy>> all;
  for (std::uint16_t port = 1; port <= 3; ++port) {
    SecyDevice one = wanted(OffloadChoice::mac);
    one.port = port;
    one.interface = "m" + std::to_string(port);
    all.push_back(std::make_unique<NetlinkSecy>(one_.kernel(), one));
    ASSERT_DONE(all.back()->attach());
  }
  ASSERT_EQ(one_.run("ip link set m1 down && ip link set m1 name mine"), 0);
  one_.kernel().trials().forget(all.front()->parent_ifindex());
  SecyDevice first = wanted(OffloadChoice::mac);
  first.interface = "m1";
  NetlinkSecy again{one_.kernel(), first};
  ASSERT_DONE(again.attach());
  EXPECT_EQ(again.name(), "mine");
  EXPECT_EQ(again.offload().mode, OffloadMode::mac);
}

TEST_F(OffloadTest, CapabilitiesAreTold) {
  const MacsecCapabilities software = one_.kernel().capabilities("eth0");
  EXPECT_FALSE(software.mac_offload);
  EXPECT_TRUE(software.xpn);
  EXPECT_EQ(software.cipher_suites.size(), 4U);
}

}  // namespace
}  // namespace macsec::os::probe
