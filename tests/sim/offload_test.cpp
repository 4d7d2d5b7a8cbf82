// SPDX-License-Identifier: LGPL-2.1-or-later
// Hardware under the SecY: what it may do to packet numbers, and what it has not.
#include "tests/sim/lab.hpp"

namespace macsec::sim {
namespace {

using core::PortState;
using core::Reason;

/// Counts from the start again once the carrier is back, or the device is up again.
SecyTraits rewinds() {
  SecyTraits traits;
  traits.pn_rewinds_with_carrier = traits.pn_rewinds_with_device = true;
  return traits;
}

enum class Rewinding : std::uint8_t { server, member, both };

// Each invariant of the simulator holds besides: no packet number is sent twice with a key.
class Rewind : public testing::TestWithParam<Rewinding> {
 protected:
  Rewind() {
    for (Host** host : {&server, &member}) {
      *host = &lab.attach(make_profile([&](Profile& p) { p.mka.priority = host == &server ? 10 : 20; }));
      const Rewinding mine = host == &server ? Rewinding::server : Rewinding::member;
      if (GetParam() == mine || GetParam() == Rewinding::both) (*host)->secy().offload(rewinds());
      lab.lan.plug((*host)->index(), true);
      (*host)->start();
    }
    EXPECT_TRUE(lab.secures_within(second));
    lab.lan.run_for(7 * second);
    lab.lan.set_traffic(millisecond);
    lab.lan.run_for(second);
  }
  void expect_another_key_within(Instant limit, const KeyId& before) {
    lab.lan.run_until([&] { return lab.lan.secured() && key_in_use(*server) == key_in_use(*member); }, limit);
    EXPECT_TRUE(lab.lan.secured()) << lab.lan.why_unsecured();
    EXPECT_NE(key_in_use(*server), before);
    lab.lan.run_for(10 * second);
    EXPECT_TRUE(lab.lan.secured()) << lab.lan.why_unsecured();
    lab.flood();
    lab.lan.run_for(10 * second);
  }
  [[nodiscard]] Host& rewinding() { return GetParam() == Rewinding::member ? *member : *server; }

  Lab lab;
  Host* server = nullptr;
  Host* member = nullptr;
};

TEST_P(Rewind, AfterALossOfCarrierAnotherKeyIsUsed) {
  for (const Instant length : {20 * millisecond, 2 * second, 8 * second}) {
    const KeyId before = key_in_use(*server);
    for (Host* host : {server, member}) lab.lan.plug(host->index(), false);
    lab.lan.run_for(length);
    for (Host* host : {server, member}) lab.lan.plug(host->index(), true);
    lab.lan.set_lossless(false);
    expect_another_key_within(5 * second, before);
    lab.lan.set_lossless(false);
  }
}

TEST_P(Rewind, AfterTheDeviceWasDownAnotherKeyIsUsed) {
  for (const Instant length : {5 * millisecond, 3 * second, 20 * second}) {
    const KeyId before = key_in_use(*server);
    rewinding().set_device_up(false);
    lab.lan.run_for(length);
    rewinding().set_device_up(true);
    expect_another_key_within(12 * second, before);
    lab.lan.set_lossless(false);
  }
}

TEST_P(Rewind, WhileTheDaemonWasAwayEndsTheKeyToo) {
  const KeyId before = key_in_use(*server);
  Host& host = rewinding();
  host.crash();
  lab.lan.plug(host.index(), false);
  lab.lan.run_for(100 * millisecond);
  lab.lan.set_traffic(0);
  lab.lan.plug(host.index(), true);
  host.start(Host::Memory::kept);
  lab.lan.set_traffic(millisecond);
  expect_another_key_within(12 * second, before);
}

TEST_P(Rewind, AfterTheDeviceWasDownAndUpUnseenAnotherKeyIsUsed) {
  const KeyId before = key_in_use(*server);
  rewinding().cycle_device();
  lab.lan.set_lossless(false);
  expect_another_key_within(5 * second, before);
}

// Without carrier nothing counts that the device was set down.
TEST_P(Rewind, WhileTheDaemonWasAwayWithoutCarrierEndsTheKeyToo) {
  SecyTraits with_device;
  with_device.pn_rewinds_with_device = true;
  for (Host* host : {server, member})
    if (host == &rewinding() || GetParam() == Rewinding::both) host->secy().offload(with_device);
  const KeyId before = key_in_use(*server);
  Host& host = rewinding();
  lab.lan.set_traffic(0);
  lab.lan.plug(host.index(), false);
  lab.lan.run_for(100 * millisecond);
  host.crash();
  host.secy().set_up(false);
  host.secy().set_up(true);
  lab.lan.plug(host.index(), true);
  host.start(Host::Memory::kept);
  lab.lan.set_traffic(millisecond);
  expect_another_key_within(12 * second, before);
}

TEST_P(Rewind, IsNoReasonToEndAKeyWhereNothingWasInterrupted) {
  const KeyId before = key_in_use(*server);
  lab.flood();
  rewinding().crash();
  lab.lan.run_for(second);
  rewinding().start(Host::Memory::kept);
  lab.lan.run_for(10 * second);
  EXPECT_EQ(key_in_use(*server), before);
  EXPECT_TRUE(lab.lan.secured());
}

INSTANTIATE_TEST_SUITE_P(Offload, Rewind, testing::Values(Rewinding::server, Rewinding::member, Rewinding::both));

// Hardware that tells no packet numbers does not tell whose frames came.
TEST(Offload, OfWhichNothingIsKnownCallsNobodyUnheard) {
  Lab lab;
  for (Index i = 0; i < 2; ++i) lab.attach().secy().offload();
  for (Index i = 0; i < 2; ++i) {
    lab.lan.plug(i, true);
    dynamic_cast<Host&>(lab.lan.station(i)).start();
  }
  ASSERT_TRUE(lab.secures_within(second));
  lab.flood(10 * millisecond);
  lab.lan.run_for(30 * second);
  for (Index i = 0; i < 2; ++i) {
    const core::PortStatus status = dynamic_cast<Host&>(lab.lan.station(i)).status();
    EXPECT_FALSE(principal(status).peers.front().unheard) << i;
  }
}

TEST(Offload, SoftwareKeepsItsKeyOverALossOfCarrier) {
  Lab lab;
  const auto hosts = lab.secured(2);
  const KeyId before = key_in_use(*hosts[0]);
  for (Host* host : hosts) lab.lan.plug(host->index(), false);
  lab.lan.run_for(2 * second);
  for (Host* host : hosts) lab.lan.plug(host->index(), true);
  lab.lan.run_for(5 * second);
  EXPECT_EQ(key_in_use(*hosts[0]), before);
}

// Hardware that forgets its keys with each change is given the new ones after the old ones are deleted.
TEST(Offload, ARekeyThatFailsHalfWayIsNotCalledSecured) {
  for (const bool of_server : {true, false}) {
    Lab lab;
    const auto hosts = lab.secured(2);
    lab.lan.run_for(7 * second);
    const KeyId before = key_in_use(*hosts[0]);
    Host& host = *hosts[of_server ? 0 : 1];
    host.secy().fail_half_way();
    host.secy().fail_calls(SecyCall::transmit_with, EIO, 3);
    ASSERT_TRUE(hosts[0]->rekey());
    unsigned lies = 0;
    bool told = false;
    lab.lan.run_until(
        [&] {
          const bool sends = host.secy().encoding_key() != no_key;
          lies += !sends && host.state() == PortState::secured ? 1U : 0U;
          told = told || (!sends && host.status().reason == Reason::secy_error);
          return false;
        },
        15 * second);
    EXPECT_EQ(lies, 0U);
    EXPECT_TRUE(told);
    EXPECT_TRUE(lab.lan.secured()) << lab.lan.why_unsecured();
    EXPECT_NE(key_in_use(*hosts[0]), before);
  }
}

TEST(Offload, OnlySuitesThatTheDeviceHasAreAnnouncedAndServed) {
  for (const unsigned lacking : {0U, 1U}) {
    Lab lab;
    const auto profile = make_profile(
        [](Profile& p) { p.macsec.cipher_suites = {CipherSuite::gcm_aes_xpn_128, CipherSuite::gcm_aes_128}; });
    for (unsigned i = 0; i < 2; ++i) {
      Host& host = lab.attach(profile);
      SecyTraits traits;
      for (const CipherSuite suite : {CipherSuite::gcm_aes_xpn_128, CipherSuite::gcm_aes_xpn_256})
        traits.cipher_suites.remove(suite);
      if (i == lacking) host.secy().offload(traits);
      lab.lan.plug(host.index(), true);
      host.start();
    }
    EXPECT_TRUE(lab.secures_within(second));
    for (Index i = 0; i < 2; ++i) {
      const core::PortStatus status = dynamic_cast<Host&>(lab.lan.station(i)).status();
      EXPECT_EQ(status.cipher_suite, CipherSuite::gcm_aes_128);
      EXPECT_EQ(status.counters.cipher_suite_failures, 0U) << "nothing had to be tried";
    }
  }
}

TEST(Offload, DelayProtectionThatCannotBeActedOnIsNotAnnounced) {
  Lab lab;
  const auto profile = make_profile([](Profile& p) { p.mka.delay_protect = true; });
  Host& whole = lab.add(profile);
  Host& half = lab.attach(profile);
  half.secy().offload({.lowest_pn_raisable = false});
  lab.lan.plug(half.index(), true);
  half.start();
  EXPECT_TRUE(lab.secures_within(second));
  lab.flood();
  lab.lan.run_for(20 * second);
  EXPECT_TRUE(whole.status().delay_protect);
  EXPECT_FALSE(half.status().delay_protect);
  EXPECT_EQ(half.status().counters.receive_sa_failures, 0U) << "nor tried";
}

// nxp-c45 has one receive channel.
TEST(Offload, WithFewerReceiveChannelsThanPeersSaysSo) {
  for (const std::uint8_t priority : {std::uint8_t{10}, std::uint8_t{200}}) {
    Lab lab;
    const auto profile = make_profile([](Profile& p) { p.mka.priority = 100; });
    Host& small = lab.attach(make_profile([&](Profile& p) { p.mka.priority = priority; }));
    small.secy().offload({.receive_channels = 1});
    lab.lan.plug(small.index(), true);
    small.start();
    lab.add(profile);
    EXPECT_TRUE(lab.secures_within(second)) << "one peer is fine";
    lab.lan.run_for(7 * second);
    lab.add(profile);
    lab.lan.run_for(15 * second);
    EXPECT_EQ(small.status().reason, Reason::secy_error);
    EXPECT_NE(small.status().reason_text.find("Offload=off"), std::string::npos) << small.status().reason_text;
    EXPECT_LE(small.secy().receive_sc_count(), 1U);
  }
}

}  // namespace
}  // namespace macsec::sim
