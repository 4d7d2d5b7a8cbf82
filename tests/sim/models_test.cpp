// SPDX-License-Identifier: LGPL-2.1-or-later
// The simulator itself: its judges see what they are there to see, and its peer model is a working peer.
#include "tests/sim/v1_peer.hpp"

#include <cerrno>
#include <gtest/gtest.h>

namespace macsec::sim {
namespace {

const Sci us = Sci::of({{2, 0, 0, 0, 0, 1}}, 1);
const Sci them = Sci::of({{2, 0, 0, 0, 0, 2}}, 1);

SaKey sak(std::uint8_t fill, KeyNumber number) {
  SaKey key;
  key.id = {.server = {{7}}, .number = number};
  std::ranges::fill(key.key.allocate(16), fill);
  return key;
}

struct TwoSecys {
  World world;
  FakeSecy one{world, 0, us};
  FakeSecy other{world, 1, them};
  TwoSecys() {
    EXPECT_TRUE(one.create_receive_sc(them));
    EXPECT_TRUE(other.create_receive_sc(us));
  }
  void open() {
    EXPECT_TRUE(one.set_controlled_port(ControlledPort::up));
    EXPECT_TRUE(other.set_controlled_port(ControlledPort::up));
  }
};

TEST(Clock, ConvertsBothWays) {
  for (const int ppm : {-200, 0, 137, 200}) {
    const SkewedClock clock{987'654'321, ppm};
    for (const Instant at : {Instant{1}, 1'234'567 * millisecond, 3'600 * second + 1}) {
      const Time local = clock.local(at);
      EXPECT_EQ(clock.local(clock.world(local)), local);
      EXPECT_LT(clock.local(clock.world(local) - 1), local);
    }
  }
}

TEST(FakeSecy, CarriesFramesUnderAKey) {
  TwoSecys pair;
  EXPECT_TRUE(pair.other.install_receive_sa(us, An{1}, sak(1, 1), 1, 0));
  EXPECT_TRUE(pair.one.install_transmit_sa(An{1}, sak(1, 1), 0));
  EXPECT_TRUE(pair.one.transmit_with(An{1}));
  EXPECT_FALSE(pair.one.send()) << "dormant";
  pair.open();
  const auto frame = pair.one.send();
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->pn, 1U);
  EXPECT_EQ(pair.other.receive(*frame), Delivery::delivered);
  EXPECT_TRUE(pair.other.raise_lowest_pn(us, An{1}, 100));
  EXPECT_EQ(pair.other.receive(*frame), Delivery::late);
  EXPECT_TRUE(pair.other.delete_receive_sa(us, An{1}));
  EXPECT_EQ(pair.other.receive(*frame), Delivery::unknown_key);
  EXPECT_TRUE(pair.world.good()) << pair.world.report();
}

TEST(FakeSecy, SeesAKeyInstalledTwice) {
  TwoSecys pair;
  EXPECT_TRUE(pair.one.install_transmit_sa(An{1}, sak(1, 1), 0));
  EXPECT_TRUE(pair.one.transmit_with(An{1}));
  pair.open();
  EXPECT_TRUE(pair.one.send());
  EXPECT_TRUE(pair.one.delete_transmit_sa(An{1}));
  EXPECT_TRUE(pair.world.good());
  EXPECT_TRUE(pair.one.install_transmit_sa(An{2}, sak(1, 1), 0));
  EXPECT_FALSE(pair.world.good());
}

TEST(FakeSecy, SeesOneKeyIdForTwoKeys) {
  TwoSecys pair;
  EXPECT_TRUE(pair.one.install_transmit_sa(An{1}, sak(1, 1), 0));
  EXPECT_TRUE(pair.other.install_transmit_sa(An{2}, sak(2, 1), 0));
  EXPECT_FALSE(pair.world.good());
}

TEST(FakeSecy, SeesAnAssociationNumberInUse) {
  TwoSecys pair;
  EXPECT_TRUE(pair.one.install_transmit_sa(An{1}, sak(1, 1), 0));
  const auto again = pair.one.install_transmit_sa(An{1}, sak(2, 2), 0);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, EBUSY);
  EXPECT_FALSE(pair.world.good());
}

TEST(FakeSecy, SeesAReplayWindowReopened) {
  TwoSecys pair;
  EXPECT_TRUE(pair.other.install_receive_sa(us, An{0}, sak(1, 1), 1, 0));
  EXPECT_TRUE(pair.other.raise_lowest_pn(us, An{0}, 500));
  EXPECT_TRUE(pair.other.delete_receive_sc(us));
  EXPECT_TRUE(pair.other.create_receive_sc(us));
  EXPECT_TRUE(pair.world.good());
  EXPECT_TRUE(pair.other.install_receive_sa(us, An{0}, sak(1, 1), 1, 0));
  EXPECT_FALSE(pair.world.good());
}

TEST(FakeSecy, SeesClearText) {
  TwoSecys pair;
  SecyParameters parameters;
  parameters.protect = false;
  pair.other.set_must_secure(false);
  EXPECT_TRUE(pair.other.configure(parameters));
  EXPECT_TRUE(pair.world.good());
  EXPECT_TRUE(pair.one.configure(parameters));
  EXPECT_FALSE(pair.world.good());
}

TEST(FakeSecy, SeesSsciOfTwoMinds) {
  TwoSecys pair;
  EXPECT_TRUE(pair.one.delete_receive_sc(them));
  EXPECT_TRUE(pair.other.delete_receive_sc(us));
  EXPECT_TRUE(pair.one.select_cipher_suite(CipherSuite::gcm_aes_xpn_128));
  EXPECT_TRUE(pair.other.select_cipher_suite(CipherSuite::gcm_aes_xpn_128));
  EXPECT_TRUE(pair.other.create_receive_sc(us));
  EXPECT_TRUE(pair.other.install_receive_sa(us, An{0}, sak(1, 1), 1, 1));
  EXPECT_TRUE(pair.world.good());
  EXPECT_TRUE(pair.one.install_transmit_sa(An{0}, sak(1, 1), 2));
  EXPECT_FALSE(pair.world.good());
}

TEST(FakeSecy, RefusesWhenTold) {
  TwoSecys pair;
  pair.one.fail_calls(SecyCall::install_transmit_sa, ENOMEM, 1, 1);
  EXPECT_TRUE(pair.one.install_transmit_sa(An{1}, sak(1, 1), 0));
  const auto second_one = pair.one.install_transmit_sa(An{2}, sak(2, 2), 0);
  ASSERT_FALSE(second_one);
  EXPECT_EQ(second_one.error().code, ENOMEM);
  EXPECT_TRUE(pair.one.install_transmit_sa(An{2}, sak(2, 2), 0));
  EXPECT_TRUE(pair.world.good()) << pair.world.report();
}

struct V1Pair {
  VirtualLan lan{5};
  PreSharedKey key = psk("abcd", 0x11);
  V1Peer& server = lan.attach([&](Index i) { return std::make_unique<V1Peer>(lan, i, key, std::uint8_t{10}, 1U); });
  V1Peer& client = lan.attach([&](Index i) { return std::make_unique<V1Peer>(lan, i, key, std::uint8_t{20}, 2U); });
  V1Pair() {
    lan.plug(0, true);
    lan.plug(1, true);
  }
};

TEST(V1Peer, TwoOfThemSecureTheLink) {
  V1Pair pair;
  EXPECT_TRUE(pair.lan.run_until([&] { return pair.lan.secured(); }, 12 * second));
  EXPECT_TRUE(pair.server.is_key_server());
  EXPECT_FALSE(pair.client.is_key_server());
  pair.lan.set_traffic(10 * millisecond);
  pair.lan.run_for(60 * second);
  EXPECT_TRUE(pair.lan.secured());
  EXPECT_EQ(pair.lan.traffic().lost(), 0U);
  EXPECT_GT(pair.lan.traffic().delivered, 11'000U);
  EXPECT_EQ(pair.server.peers_expired(), 0U);
  EXPECT_TRUE(pair.lan.world.good()) << pair.lan.world.report();
}

TEST(V1Peer, RekeysWithoutLoss) {
  V1Pair pair;
  ASSERT_TRUE(pair.lan.run_until([&] { return pair.lan.secured(); }, 12 * second));
  pair.lan.set_traffic(10 * millisecond);
  pair.lan.run_for(10 * second);
  pair.lan.set_lossless(true);
  for (int i = 0; i < 10; ++i) {
    pair.server.want_rekey();
    pair.lan.run_for(15 * second);
  }
  EXPECT_GE(pair.lan.world.key_count(), 10U);
  EXPECT_TRUE(pair.lan.world.good()) << pair.lan.world.report();
}

TEST(V1Peer, NoticesSilence) {
  V1Pair pair;
  ASSERT_TRUE(pair.lan.run_until([&] { return pair.lan.secured(); }, 12 * second));
  pair.lan.cut(0, 1, true);
  pair.lan.run_for(10 * second);
  EXPECT_FALSE(pair.client.claims_secured());
  pair.lan.cut(0, 1, false);
  EXPECT_TRUE(pair.lan.run_until([&] { return pair.lan.secured(); }, 12 * second));
}

}  // namespace
}  // namespace macsec::sim
