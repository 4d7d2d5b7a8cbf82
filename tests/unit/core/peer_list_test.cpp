// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/mka/peer_list.hpp"
#include "tests/unit/core/rig.hpp"

namespace macsec::core {
namespace {

MemberId member(std::uint8_t number) { return MemberId{{9, number}}; }

TEST(PeerList, PotentialPeersMakeRoomAndLiveOnesDoNot) {
  PeerList peers;
  for (std::uint8_t i = 0; i < PeerList::max_peers; ++i) {
    Peer* peer = peers.admit(member(i), sci_of(i));
    ASSERT_NE(peer, nullptr);
    peer->last_heard = Time{std::chrono::seconds{i == 7 ? 1 : 100}};
  }
  ASSERT_NE(peers.admit(member(100), sci_of(100)), nullptr);
  EXPECT_EQ(peers.find(member(7)), nullptr) << "silent for longest";
  for (Peer& peer : peers.all()) peer.live = true;
  EXPECT_EQ(peers.admit(member(101), sci_of(101)), nullptr);
}

TEST(PeerList, ExpiryNamesTheLiveOnly) {
  PeerList peers;
  peers.admit(member(1), sci_of(1))->expires = Time{10s};
  peers.admit(member(2), sci_of(2))->expires = Time{10s};
  peers.admit(member(3), sci_of(3))->expires = Time{11s};
  peers.find(member(2))->live = true;
  EXPECT_EQ(peers.next_expiry(), Time{10s});
  EXPECT_TRUE(peers.expire(Time{10s} - Duration{1}).empty());
  EXPECT_EQ(peers.expire(Time{10s}), std::vector{sci_of(2)});
  EXPECT_EQ(peers.all().size(), 1U);
  EXPECT_EQ(peers.next_expiry(), Time{11s});
}

TEST(PeerList, AMemberThatRestartedReplacesItself) {
  PeerList peers;
  peers.admit(member(1), sci_of(1));
  peers.admit(member(2), sci_of(2));
  const Peer keep = *peers.admit(member(3), sci_of(1));
  peers.drop_predecessors(keep.mi);
  EXPECT_EQ(peers.find(member(1)), nullptr);
  EXPECT_NE(peers.find(member(2)), nullptr);
}

TEST(PeerList, AStrangerIsWhomALivePeerHearsAndWeDoNot) {
  PeerList peers;
  Peer* peer = peers.admit(member(1), sci_of(1));
  peer->hears = {member(2)};
  EXPECT_FALSE(peers.any_stranger()) << "what is not live tells nothing";
  peer->live = true;
  EXPECT_TRUE(peers.any_stranger());
  peers.admit(member(2), sci_of(2))->live = true;
  EXPECT_FALSE(peers.any_stranger());
}

TEST(Peer, SuitesItDoesNotAnnounce) {
  Peer peer;
  EXPECT_TRUE(peer.supports(CipherSuite::gcm_aes_128));
  EXPECT_FALSE(peer.supports(CipherSuite::gcm_aes_256));
  peer.announces = true;
  peer.announced = 1U << static_cast<unsigned>(CipherSuite::gcm_aes_256);
  EXPECT_FALSE(peer.supports(CipherSuite::gcm_aes_128));
  EXPECT_TRUE(peer.supports(CipherSuite::gcm_aes_256));
}

TEST(Peer, ReportsAKeyInEitherSlot) {
  const KeyId key{member(1), 4};
  Peer peer;
  EXPECT_EQ(peer.use_of(key), nullptr);
  peer.old.key = key;
  EXPECT_EQ(peer.use_of(key), &peer.old);
  peer.latest.key = key;
  EXPECT_EQ(peer.use_of(key), &peer.latest);
}

}  // namespace
}  // namespace macsec::core
