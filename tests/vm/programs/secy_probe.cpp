// SPDX-License-Identifier: LGPL-2.1-or-later
/// NetlinkSecy against the running kernel.
#include "tests/vm/programs/secy_probe.hpp"

namespace macsec::os::probe {
namespace {

TEST_F(SecyTest, MakesADormantDeviceThatLeaksNothing) {
  NetlinkSecy secy{one_.kernel(), device()};
  ASSERT_DONE(secy.attach());
  EXPECT_TRUE(secy.made_here());
  EXPECT_EQ(secy.offload().mode, OffloadMode::off);
  EXPECT_EQ(secy.sci(), Sci::of(one_.link("eth0").mac, 1));
  ASSERT_TRUE(one_.wait_operstate(oper_dormant));
  const Link link = one_.link();
  EXPECT_TRUE(link.up);
  EXPECT_TRUE(link.dormant);
  EXPECT_EQ(link.mac, one_.link("eth0").mac);
  EXPECT_EQ(link.alias, device_mark);
  ASSERT_TRUE(link.macsec);
  EXPECT_TRUE(link.macsec->parameters.protect);
  EXPECT_TRUE(link.macsec->parameters.encrypt);
  EXPECT_EQ(link.macsec->parameters.validate, Validate::strict);
  EXPECT_TRUE(link.macsec->parameters.replay_protect);
  const auto state = secy.read();
  ASSERT_DONE(state);
  EXPECT_TRUE(state->transmit.empty());
  EXPECT_TRUE(state->receive.empty());
  ASSERT_DONE(secy.remove());
  EXPECT_FALSE(one_.has_link("macsec0"));
}

TEST_F(SecyTest, TheControlledPortIsTheOperationalState) {
  NetlinkSecy secy{one_.kernel(), device()};
  ASSERT_DONE(secy.attach());
  one_.run("ip addr add fd00::1/64 dev macsec0 nodad");
  ASSERT_DONE(secy.set_controlled_port(ControlledPort::up));
  ASSERT_TRUE(one_.wait_operstate(oper_up));
  // The carrier comes and goes: open it stays open, closed it stays closed.
  two_.run("ip link set eth0 down");
  ASSERT_TRUE(one_.wait("macsec0", [](const Link& link) { return !link.carrier; }));
  two_.run("ip link set eth0 up");
  ASSERT_TRUE(one_.wait_operstate(oper_up));
  ASSERT_DONE(secy.set_controlled_port(ControlledPort::dormant));
  ASSERT_TRUE(one_.wait_operstate(oper_dormant));
  EXPECT_TRUE(one_.link().up);
  two_.run("ip link set eth0 down");
  ASSERT_TRUE(one_.wait("macsec0", [](const Link& link) { return !link.carrier; }));
  two_.run("ip link set eth0 up");
  ASSERT_TRUE(one_.wait_operstate(oper_dormant));
  EXPECT_NE(one_.output("ip -6 addr show dev macsec0").find("fd00::1"), std::string::npos);
}

class SuiteTest : public SecyTest, public testing::WithParamInterface<CipherSuite> {};

TEST_P(SuiteTest, PassesTrafficWithTheKeysOfBothSides) {
  const CipherSuite suite = GetParam();
  SecyDevice wanted = device();
  wanted.cipher_suite = suite;
  NetlinkSecy left{one_.kernel(), wanted};
  NetlinkSecy right{two_.kernel(), wanted};
  ASSERT_DONE(left.attach());
  ASSERT_DONE(right.attach());
  ASSERT_NO_FATAL_FAILURE(secure(left, right, suite));
  EXPECT_TRUE(one_.ping("10.0.0.2"));
  const auto state = left.read();
  ASSERT_DONE(state);
  EXPECT_EQ(state->cipher_suite, suite);
  EXPECT_EQ(state->encoding, An{0});
  ASSERT_EQ(state->transmit.size(), 1U);
  EXPECT_EQ(state->transmit[0].key, make_key(suite, 1).id);
  EXPECT_TRUE(state->transmit[0].active);
  ASSERT_EQ(state->receive.size(), 1U);
  ASSERT_EQ(state->receive[0].associations.size(), 1U);
  EXPECT_EQ(state->receive[0].sci, right.sci());
  if (is_xpn(suite)) {
    EXPECT_EQ(state->transmit[0].ssci, 1U);
    EXPECT_EQ(state->receive[0].associations[0].ssci, 2U);
  }
  const auto dump = one_.kernel().dump();
  ASSERT_DONE(dump);
  ASSERT_EQ(dump->size(), 1U);
  EXPECT_TRUE((*dump)[0].operational);
  EXPECT_GT((*dump)[0].state.transmit[0].next_pn, 1U);
  EXPECT_GT((*dump)[0].counters.in_ok, 0U);
  EXPECT_GT((*dump)[0].counters.out_encrypted, 0U);
}

INSTANTIATE_TEST_SUITE_P(All, SuiteTest, testing::ValuesIn(all_cipher_suites), [](const auto& suite) {
  std::string name{to_string(suite.param)};
  std::erase(name, '-');
  return name;
});

TEST_F(SecyTest, RotatesKeysUnderTrafficWithoutLoss) {
  NetlinkSecy left{one_.kernel(), device()};
  NetlinkSecy right{two_.kernel(), device()};
  ASSERT_DONE(left.attach());
  ASSERT_DONE(right.attach());
  ASSERT_NO_FATAL_FAILURE(secure(left, right, CipherSuite::gcm_aes_128));
  ASSERT_TRUE(one_.ping("10.0.0.2"));
  const std::unique_ptr<FILE, Releases<::pclose>> ping{
      ::popen("ip netns exec one ping -q -i 0.005 -c 400 10.0.0.2", "r")};
  An old{0};
  for (unsigned number = 2; number < 42; ++number) {
    const An next = old.next();
    ASSERT_NO_FATAL_FAILURE(install(left, right, next, make_key(CipherSuite::gcm_aes_128, number)));
    for (NetlinkSecy* const secy : {&left, &right}) {
      ASSERT_DONE(secy->delete_transmit_sa(old));
      ASSERT_DONE(secy->delete_receive_sa(secy == &left ? right.sci() : left.sci(), old));
    }
    old = next;
  }
  std::string all;
  std::array<char, 512> part{};
  while (std::fgets(part.data(), static_cast<int>(part.size()), ping.get()) != nullptr) all += part.data();
  EXPECT_NE(all.find(" 0% packet loss"), std::string::npos) << all;
}

TEST_F(SecyTest, AnInstalledKeyIsNotUsedBeforeItIsTold) {
  // Made by hand, the encoding AN is 0: an SA put there would be used at once.
  one_.run("ip link add link eth0 macsec0 type macsec port 1 encrypt on; ip link set macsec0 up");
  NetlinkSecy left{one_.kernel(), device()};
  ASSERT_DONE(left.attach());
  ASSERT_DONE(left.install_transmit_sa(An{0}, make_key(CipherSuite::gcm_aes_128, 1), 0));
  one_.run("ip addr add 10.0.0.1/24 dev macsec0");
  EXPECT_FALSE(one_.ping("10.0.0.2"));
  auto state = left.read();
  ASSERT_DONE(state);
  ASSERT_EQ(state->transmit.size(), 1U);
  EXPECT_EQ(state->transmit[0].next_pn, 1U);
  EXPECT_TRUE(state->transmit[0].active);
  EXPECT_NE(state->encoding, An{0});
  ASSERT_DONE(left.transmit_with(An{0}));
  EXPECT_FALSE(one_.ping("10.0.0.2"));
  state = one_.kernel().dump()->at(0).state;
  EXPECT_GT(state->transmit[0].next_pn, 1U);
}

TEST_F(SecyTest, RefusesWhatWouldLoseTraffic) {
  NetlinkSecy secy{one_.kernel(), device()};
  ASSERT_DONE(secy.attach());
  const Sci peer = Sci::of(two_.link("eth0").mac, 1);
  const SaKey key = make_key(CipherSuite::gcm_aes_128, 1);
  EXPECT_REFUSED(secy.transmit_with(An{1}), ENOENT);
  EXPECT_REFUSED(secy.install_receive_sa(peer, An{0}, key, 1, 0), ENODEV);
  ASSERT_DONE(secy.create_receive_sc(peer));
  ASSERT_DONE(secy.create_receive_sc(peer));
  ASSERT_DONE(secy.install_receive_sa(peer, An{0}, key, 1, 0));
  EXPECT_REFUSED(secy.install_receive_sa(peer, An{0}, key, 1, 0), EBUSY);
  ASSERT_DONE(secy.install_transmit_sa(An{0}, key, 0));
  EXPECT_REFUSED(secy.install_transmit_sa(An{0}, key, 0), EBUSY);
  EXPECT_REFUSED(secy.install_transmit_sa(An{1}, make_key(CipherSuite::gcm_aes_256, 1), 0), EINVAL);
  EXPECT_REFUSED(secy.install_static_transmit_sa(An{1}, key, 0, Pn{1} << 32U), EINVAL);
  // Deleting what is not there is no error; what is there goes although it is active.
  ASSERT_DONE(secy.delete_transmit_sa(An{2}));
  ASSERT_DONE(secy.delete_receive_sa(peer, An{2}));
  ASSERT_DONE(secy.delete_transmit_sa(An{0}));
  ASSERT_DONE(secy.delete_receive_sc(peer));
  ASSERT_DONE(secy.delete_receive_sc(peer));
  ASSERT_DONE(secy.delete_receive_sa(peer, An{0}));
  const auto state = secy.read();
  ASSERT_DONE(state);
  EXPECT_TRUE(state->transmit.empty());
  EXPECT_TRUE(state->receive.empty());
}

TEST_F(SecyTest, TellsASiblingsChannelFromItsOwn) {
  SecyDevice second = device();
  second.interface = "macsec1";
  second.port = 2;
  NetlinkSecy left{one_.kernel(), device()};
  NetlinkSecy sibling{one_.kernel(), second};
  ASSERT_DONE(left.attach());
  ASSERT_DONE(sibling.attach());
  const Sci peer = Sci::of(two_.link("eth0").mac, 1);
  ASSERT_DONE(left.create_receive_sc(peer));
  const std::string words = EXPECT_REFUSED(sibling.create_receive_sc(peer), EEXIST);
  EXPECT_NE(words.find("another"), std::string::npos);
}

TEST_F(SecyTest, PacketNumbersNeverGoBack) {
  NetlinkSecy secy{one_.kernel(), device()};
  ASSERT_DONE(secy.attach());
  const Sci peer = Sci::of(two_.link("eth0").mac, 1);
  ASSERT_DONE(secy.create_receive_sc(peer));
  ASSERT_DONE(secy.install_receive_sa(peer, An{1}, make_key(CipherSuite::gcm_aes_128, 1), 1, 0));
  const auto next_pn = [this] { return one_.kernel().dump()->at(0).state.receive.at(0).associations.at(0).next_pn; };
  EXPECT_EQ(next_pn(), 1U);
  ASSERT_DONE(secy.raise_lowest_pn(peer, An{1}, 500));
  EXPECT_EQ(next_pn(), 500U);
  ASSERT_DONE(secy.raise_lowest_pn(peer, An{1}, 400));
  EXPECT_EQ(next_pn(), 500U);
  // The kernel went on without us.
  const std::string update = "ip macsec set macsec0 rx sci " + to_string(peer) + " sa 1 pn 900 on";
  ASSERT_EQ(one_.run(update), 0);
  ASSERT_DONE(secy.raise_lowest_pn(peer, An{1}, 800));
  EXPECT_EQ(next_pn(), 900U);
  EXPECT_REFUSED(secy.raise_lowest_pn(peer, An{2}, 800), ENOENT);
  // Lowest acceptable is what counts: with a window the kernel's next PN is so much higher.
  SecyParameters parameters = device().parameters;
  parameters.replay_window = 64;
  ASSERT_DONE(secy.configure(parameters));
  ASSERT_DONE(secy.raise_lowest_pn(peer, An{1}, 1000));
  EXPECT_EQ(next_pn(), 1064U);
}

TEST_F(SecyTest, AdoptsWhatNetworkManagerMakesAndProtectsItAtOnce) {
  one_.run("ip link add link eth0 macsec0 type macsec port 1 encrypt on protect off; ip link set macsec0 up");
  NetlinkSecy secy{one_.kernel(), device()};
  ASSERT_DONE(secy.attach());
  EXPECT_FALSE(secy.made_here());
  EXPECT_TRUE(one_.link().macsec->parameters.protect);
  ASSERT_TRUE(one_.wait_operstate(oper_dormant));
  const std::string words = EXPECT_REFUSED(secy.select_cipher_suite(CipherSuite::gcm_aes_xpn_256), EOPNOTSUPP);
  EXPECT_NE(words.find("GCM-AES-128"), std::string::npos);
  EXPECT_NE(words.find("GCM-AES-XPN-256"), std::string::npos);
  ASSERT_DONE(secy.select_cipher_suite(CipherSuite::gcm_aes_128));
  ASSERT_DONE(secy.install_transmit_sa(An{0}, make_key(CipherSuite::gcm_aes_128, 1), 0));
  ASSERT_DONE(secy.remove());
  EXPECT_TRUE(one_.has_link("macsec0"));
  EXPECT_TRUE(one_.kernel().dump()->at(0).state.transmit.empty());
}

TEST_F(SecyTest, AdoptsByParentAndPortUnderAnyName) {
  one_.run("ip link add link eth0 secure7 address 02:00:00:00:00:77 type macsec port 7 cipher gcm-aes-256");
  SecyDevice wanted = device();
  wanted.port = 7;
  wanted.create = false;
  NetlinkSecy secy{one_.kernel(), wanted};
  ASSERT_DONE(secy.attach());
  EXPECT_EQ(secy.name(), "secure7");
  EXPECT_EQ(to_string(secy.sci().mac()), "02:00:00:00:00:77");
  EXPECT_EQ(secy.read()->cipher_suite, CipherSuite::gcm_aes_256);
}

TEST_F(SecyTest, LeavesADeviceOfAnotherNameToWhoMadeIt) {
  one_.run("ip link add link eth0 other type macsec port 1");
  NetlinkSecy secy{one_.kernel(), device()};
  const std::string words = EXPECT_REFUSED(secy.attach(), EBUSY);
  EXPECT_NE(words.find("Device or resource busy"), std::string::npos) << words;
  EXPECT_NE(words.find("other"), std::string::npos) << words;
  EXPECT_FALSE(secy.attached());
  one_.run("ip link del other");
  ASSERT_DONE(secy.attach());
  one_.run("ip link set macsec0 down; ip link set macsec0 name renamed");
  ASSERT_DONE(secy.attach());
  EXPECT_EQ(secy.name(), "renamed");
}

TEST_F(SecyTest, SaysWhyThereIsNoDevice) {
  SecyDevice wanted = device();
  wanted.create = false;
  NetlinkSecy waiting{one_.kernel(), wanted};
  EXPECT_REFUSED(waiting.attach(), ENODEV);
  EXPECT_REFUSED(waiting.set_controlled_port(ControlledPort::up), ENODEV);
  wanted = device();
  wanted.parent = "eth7";
  NetlinkSecy orphan{one_.kernel(), wanted};
  EXPECT_REFUSED(orphan.attach(), ENODEV);
  one_.run("ip link add macsec0 type bridge");
  NetlinkSecy taken{one_.kernel(), device()};
  EXPECT_REFUSED(taken.attach(), EEXIST);
  one_.run("ip link del macsec0; ip link add br0 type bridge; ip link set eth0 master br0");
  const std::string words = EXPECT_REFUSED(taken.attach(), EBUSY);
  EXPECT_NE(words.find("bridge"), std::string::npos);
  one_.run("ip link del br0");
  ASSERT_DONE(taken.attach());
  ASSERT_DONE(taken.remove());
  one_.run("ip link add link eth0 macsec0 type macsec port 1");
  wanted = device();
  wanted.port = 2;
  NetlinkSecy other{one_.kernel(), wanted};
  EXPECT_REFUSED(other.attach(), EEXIST);
}

TEST_F(SecyTest, BothEndsOfThePortRange) {
  for (const std::uint16_t port : {std::uint16_t{1}, std::uint16_t{65534}}) {
    SecyDevice wanted = device();
    wanted.port = port;
    wanted.interface = "macsec" + std::to_string(port);
    NetlinkSecy secy{one_.kernel(), wanted};
    ASSERT_DONE(secy.attach());
    EXPECT_EQ(secy.sci().port(), port);
  }
  EXPECT_EQ(one_.kernel().dump()->size(), 2U);
}

TEST_F(SecyTest, EveryParameterAtCreationAndLater) {
  SecyDevice wanted = device();
  wanted.parameters = {.protect = false,
                       .encrypt = false,
                       .validate = Validate::check,
                       .replay_protect = true,
                       .replay_window = 128,
                       .include_sci = false,
                       .end_station = true};
  NetlinkSecy secy{one_.kernel(), wanted};
  ASSERT_DONE(secy.attach());
  EXPECT_EQ(one_.link().macsec->parameters, wanted.parameters);
  SecyParameters later{.replay_protect = false};
  ASSERT_DONE(secy.configure(later));
  EXPECT_EQ(one_.link().macsec->parameters, later);
  // Another program comes in between, and no message of the kernel has been read.
  ASSERT_EQ(one_.run("ip link set macsec0 type macsec validate disabled"), 0);
  ASSERT_DONE(secy.configure(later));
  EXPECT_EQ(one_.link().macsec->parameters, later);
}

TEST_F(SecyTest, FallsBackToSoftwareAndSaysSo) {
  SecyDevice wanted = device();
  wanted.offload = OffloadChoice::automatic;
  NetlinkSecy secy{one_.kernel(), wanted};
  ASSERT_DONE(secy.attach());
  EXPECT_EQ(secy.offload().mode, OffloadMode::off);
  EXPECT_NE(secy.offload().text.find("to mac on"), std::string::npos) << secy.offload().text;
  EXPECT_NE(secy.offload().text.find("to phy on"), std::string::npos) << secy.offload().text;
  EXPECT_TRUE(one_.link().up);
  ASSERT_DONE(secy.remove());
  for (const OffloadChoice choice : {OffloadChoice::mac, OffloadChoice::phy}) {
    wanted.offload = choice;
    NetlinkSecy refused{one_.kernel(), wanted};
    EXPECT_REFUSED(refused.attach(), EOPNOTSUPP);
    EXPECT_FALSE(one_.has_link("macsec0"));
  }
}

TEST_F(SecyTest, ReCreatesItsOwnDeviceForAnotherSuite) {
  NetlinkSecy secy{one_.kernel(), device()};
  ASSERT_DONE(secy.attach());
  ASSERT_DONE(secy.set_controlled_port(ControlledPort::up));
  one_.run("ip link set macsec0 mtu 1400");
  const Sci peer = Sci::of(two_.link("eth0").mac, 1);
  ASSERT_DONE(secy.create_receive_sc(peer));
  const unsigned before = secy.ifindex();
  ASSERT_DONE(secy.select_cipher_suite(CipherSuite::gcm_aes_xpn_128));
  EXPECT_NE(secy.ifindex(), before);
  EXPECT_EQ(one_.link().mtu, 1400U);
  EXPECT_TRUE(one_.link().up);
  ASSERT_TRUE(one_.wait_operstate(oper_up));
  auto state = secy.read();
  ASSERT_DONE(state);
  EXPECT_EQ(state->cipher_suite, CipherSuite::gcm_aes_xpn_128);
  ASSERT_EQ(state->receive.size(), 1U);
  EXPECT_EQ(state->receive[0].sci, peer);
  ASSERT_DONE(secy.install_transmit_sa(An{0}, make_key(CipherSuite::gcm_aes_xpn_128, 1), 1));
  EXPECT_REFUSED(secy.select_cipher_suite(CipherSuite::gcm_aes_256), EBUSY);
}

TEST_F(SecyTest, TakesOverWhatAKilledDaemonLeft) {
  const SaKey key = make_key(CipherSuite::gcm_aes_128, 1);
  {
    NetlinkSecy left{one_.kernel(), device()};
    NetlinkSecy right{two_.kernel(), device()};
    ASSERT_DONE(left.attach());
    ASSERT_DONE(right.attach());
    ASSERT_NO_FATAL_FAILURE(secure(left, right, CipherSuite::gcm_aes_128));
  }
  ASSERT_TRUE(one_.ping("10.0.0.2"));
  NetlinkSecy secy{one_.kernel(), device()};
  ASSERT_DONE(secy.attach());
  EXPECT_TRUE(secy.made_here());
  EXPECT_TRUE(one_.ping("10.0.0.2"));
  EXPECT_EQ(one_.link().operstate, oper_up);
  const auto state = secy.read();
  ASSERT_DONE(state);
  ASSERT_EQ(state->transmit.size(), 1U);
  EXPECT_EQ(state->transmit[0].key, key.id);
  EXPECT_REFUSED(secy.install_transmit_sa(An{0}, key, 0), EBUSY);
  ASSERT_DONE(secy.clear());
  EXPECT_TRUE(one_.kernel().dump()->at(0).state.receive.empty());
  ASSERT_DONE(secy.install_transmit_sa(An{0}, key, 0));
  // A profile with another port: our own device makes room.
  SecyDevice moved = device();
  moved.port = 9;
  NetlinkSecy other{one_.kernel(), moved};
  ASSERT_DONE(other.attach());
  EXPECT_EQ(one_.link().macsec->sci.port(), 9);
}

TEST_F(SecyTest, ADeviceThatVanishesIsAnErrorAndNothingElse) {
  NetlinkSecy secy{one_.kernel(), device()};
  ASSERT_DONE(secy.attach());
  const Sci peer = Sci::of(two_.link("eth0").mac, 1);
  ASSERT_DONE(secy.create_receive_sc(peer));
  one_.run("ip link del macsec0");
  EXPECT_REFUSED(secy.create_receive_sc(Sci::of(two_.link("eth0").mac, 2)), ENODEV);
  EXPECT_REFUSED(secy.install_transmit_sa(An{0}, make_key(CipherSuite::gcm_aes_128, 1), 0), ENODEV);
  EXPECT_REFUSED(secy.delete_receive_sc(peer), ENODEV);
  EXPECT_REFUSED(secy.set_controlled_port(ControlledPort::up), ENODEV);
  EXPECT_REFUSED(secy.read(), ENODEV);
  ASSERT_DONE(secy.remove());
  ASSERT_DONE(secy.attach());
  one_.run("ip link del eth0");
  EXPECT_FALSE(one_.has_link("macsec0"));
  EXPECT_REFUSED(secy.configure({.encrypt = false}), ENODEV);
  EXPECT_REFUSED(secy.attach(), ENODEV);
}

TEST_F(SecyTest, WaitsUpAndDormantForAParentThatIsDown) {
  one_.run("ip link set eth0 down");
  NetlinkSecy secy{one_.kernel(), device()};
  ASSERT_DONE(secy.attach());
  EXPECT_TRUE(one_.link().up);
  EXPECT_FALSE(one_.link().carrier);
  one_.run("ip link set eth0 up");
  ASSERT_TRUE(one_.wait_operstate(oper_dormant));
  // From here on IFF_UP is the administrator's.
  one_.run("ip link set macsec0 down");
  ASSERT_DONE(secy.set_controlled_port(ControlledPort::up));
  ASSERT_DONE(secy.reassert(one_.link()));
  NetlinkSecy again{one_.kernel(), device()};
  ASSERT_DONE(again.attach());
  EXPECT_FALSE(one_.link().up);
}

TEST_F(SecyTest, PutsBackWhatOthersChange) {
  NetlinkSecy left{one_.kernel(), device()};
  NetlinkSecy right{two_.kernel(), device()};
  ASSERT_DONE(left.attach());
  ASSERT_DONE(right.attach());
  ASSERT_NO_FATAL_FAILURE(secure(left, right, CipherSuite::gcm_aes_128));
  ASSERT_NO_FATAL_FAILURE(install(left, right, An{1}, make_key(CipherSuite::gcm_aes_128, 2)));
  ASSERT_DONE(left.delete_transmit_sa(An{0}));
  ASSERT_TRUE(one_.ping("10.0.0.2"));
  // What networkd does at a reload, and more.
  one_.run("ip link set macsec0 type macsec encodingsa 0; ip link set macsec0 mode dormant state dormant");
  EXPECT_FALSE(one_.ping("10.0.0.2"));
  one_.run("ip link set macsec0 type macsec protect off");
  ASSERT_DONE(left.reassert(one_.link()));
  EXPECT_EQ(one_.link().macsec->encoding, An{1});
  EXPECT_TRUE(one_.link().macsec->parameters.protect);
  ASSERT_TRUE(one_.wait_operstate(oper_up));
  EXPECT_TRUE(one_.ping("10.0.0.2"));
}

TEST_F(SecyTest, OneDumpHasThemAll) {
  std::vector<std::unique_ptr<NetlinkSecy>> all;
  for (std::uint16_t port = 1; port <= 150; ++port) {
    SecyDevice wanted = device();
    wanted.port = port;
    wanted.interface = "m" + std::to_string(port);
    all.push_back(std::make_unique<NetlinkSecy>(one_.kernel(), wanted));
    ASSERT_DONE(all.back()->attach());
    ASSERT_DONE(all.back()->create_receive_sc(Sci::of(two_.link("eth0").mac, port)));
    ASSERT_DONE(all.back()->install_transmit_sa(An{0}, make_key(CipherSuite::gcm_aes_128, port), 0));
  }
  const auto begin = std::chrono::steady_clock::now();
  const auto dump = one_.kernel().dump();
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
  ASSERT_DONE(dump);
  EXPECT_EQ(dump->size(), 150U);
  std::fprintf(stderr, "# a dump of %zu devices took %.1f ms\n", dump->size(), took.count());
  // The answer must fit into one buffer: with too many channels a device is left out, unsaid by the kernel.
  NetlinkSecy& crowd = *all.back();
  const SaKey key = make_key(CipherSuite::gcm_aes_128, 1);
  for (std::uint8_t peer = 1; peer <= 200; ++peer) {
    const Sci sci{{2, 9, 9, 9, 9, 9, 0, peer}};
    ASSERT_DONE(crowd.create_receive_sc(sci));
    ASSERT_DONE(crowd.install_receive_sa(sci, An{0}, key, 1, 0));
  }
  EXPECT_REFUSED(crowd.read(), EMSGSIZE);
  ASSERT_DONE(all.front()->read());
}

}  // namespace
}  // namespace macsec::os::probe
