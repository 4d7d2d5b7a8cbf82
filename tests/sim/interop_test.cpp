// SPDX-License-Identifier: LGPL-2.1-or-later
// Beside a version-1 peer that ticks every two seconds.
#include "tests/sim/lab.hpp"

namespace macsec::sim {
namespace {

class Version1 : public testing::TestWithParam<std::tuple<std::uint64_t, bool>> {};

TEST_P(Version1, SecuresStaysRekeysAndReturns) {
  const auto [seed, peer_serves] = GetParam();
  Lab lab{seed};
  Host& ours = lab.add(
      make_profile([](Profile& p) { p.macsec.cipher_suites = {CipherSuite::gcm_aes_256, CipherSuite::gcm_aes_128}; }));
  lab.lan.run_for(lab.lan.random.between(0, 10 * second));
  V1Peer& theirs = lab.add_v1(peer_serves ? 10 : 200);
  ASSERT_TRUE(lab.secures_within(10 * second));
  EXPECT_EQ(theirs.is_key_server(), peer_serves);
  EXPECT_EQ(ours.status().is_key_server, !peer_serves);
  EXPECT_EQ(ours.status().cipher_suite, CipherSuite::gcm_aes_128);
  lab.flood(5 * millisecond);
  lab.lan.run_for(600 * second);
  for (int i = 0; i < 5; ++i) {
    const KeyId before = key_in_use(ours);
    if (peer_serves)
      theirs.want_rekey();
    else
      EXPECT_TRUE(ours.rekey());
    lab.lan.run_for(20 * second);
    EXPECT_NE(key_in_use(ours), before);
  }
  EXPECT_TRUE(lab.lan.secured());
  EXPECT_EQ(theirs.peers_expired(), 0U);
  EXPECT_EQ(ours.status().counters.peers_lost, 0U);

  // Our process restarts as the member it was: the peer notices nothing.
  ours.crash();
  lab.lan.run_for(300 * millisecond);
  ours.start(Host::Memory::kept);
  lab.lan.run_for(60 * second);
  EXPECT_TRUE(lab.lan.secured());
  EXPECT_EQ(theirs.peers_expired(), 0U);

  // As somebody new it waits until the peer lets the old entry go.
  lab.lan.set_lossless(false);
  ours.crash();
  ours.start(Host::Memory::lost);
  EXPECT_TRUE(lab.secures_within(20 * second));
}
INSTANTIATE_TEST_SUITE_P(Interop, Version1, testing::Combine(testing::Range<std::uint64_t>(1, 11), testing::Bool()));

TEST(Interop, MixedGroup) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Lab lab{seed};
    lab.add(make_profile([](Profile& p) { p.mka.priority = 10; }));
    lab.add();
    lab.add_v1(200);
    EXPECT_TRUE(lab.secures_within(15 * second)) << seed;
    lab.lan.run_for(60 * second);
    EXPECT_TRUE(lab.lan.secured());
  }
}

// They receive only from those they hear when a SAK comes, and hear one another at their own two seconds.
TEST(Interop, TwoVersion1PeersBehindUsReceiveFromOneAnother) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Lab lab{seed};
    lab.add(make_profile([](Profile& p) {
      p.mka.priority = 10;
      p.macsec.cipher_suites = {CipherSuite::gcm_aes_128};
    }));
    lab.add_v1(100);
    if (seed % 2 == 0) lab.lan.run_for(lab.lan.random.between(0, 10 * second));
    lab.add_v1(200);
    EXPECT_TRUE(lab.secures_within(6 * second)) << seed;
  }
}

}  // namespace
}  // namespace macsec::sim
