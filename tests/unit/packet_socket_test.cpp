// SPDX-License-Identifier: LGPL-2.1-or-later
/// Frames between two devices of a namespace of its own, where that is allowed; and random octets.
#include "engine/adapters/system/packet_socket.hpp"
#include "engine/adapters/netlink/link_monitor.hpp"
#include "engine/adapters/system/os_random.hpp"
#include "tests/unit/cable.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <net/if.h>
#include <poll.h>

namespace macsec::os {
namespace {

TEST(OsRandom, Fills) {
  OsRandom random;
  std::array<std::uint8_t, 64> octets{};
  random.fill(octets);
  EXPECT_TRUE(std::ranges::any_of(octets, [](std::uint8_t octet) { return octet != 0; }));
}

class PacketTest : public CableTest {
 protected:
  void SetUp() override {
    CableTest::SetUp();
    if (IsSkipped()) return;
    // Addresses would bring traffic of the host's own.
    run("ip link set dev a addrgenmode none; ip link set dev b addrgenmode none; ip link set dev a up; ip link set dev "
        "b up");
    // Operational: queues are there. The carrier alone comes earlier.
    auto links = LinkMonitor::open([](const LinkChange&) {});
    ASSERT_TRUE(links);
    const auto operational = [&] { return (*links)->find("a")->operstate == 6 && (*links)->find("b")->operstate == 6; };
    ASSERT_TRUE(wait_for((*links)->fd(), operational, [&] { ASSERT_TRUE((*links)->process()); }));
    a_ = ::if_nametoindex("a");
    b_ = ::if_nametoindex("b");
    auto opened = PacketSocket::open();
    ASSERT_TRUE(opened) << opened.error().message;
    socket_ = std::move(*opened);
    auto sender = PacketSocket::open();
    ASSERT_TRUE(sender);
    sender_ = std::move(*sender);
    ASSERT_TRUE(socket_->join(b_, pae_group_address));
  }

  static std::vector<std::uint8_t> frame(std::uint8_t type, std::uint8_t mark, std::uint16_t ethertype = 0x888e) {
    std::vector<std::uint8_t> out(60);
    Writer writer{out};
    writer.put(pae_group_address.octets);
    writer.put(std::array<std::uint8_t, 6>{2, 0, 0, 0, 0, 0xa});
    writer.u16(ethertype);
    writer.u8(3);
    writer.u8(type);
    writer.u16(1);
    writer.u8(mark);
    return out;
  }

  unsigned a_ = 0;
  unsigned b_ = 0;
  std::unique_ptr<PacketSocket> socket_;
  std::unique_ptr<PacketSocket> sender_;
};

TEST_F(PacketTest, HearsOnlyKeyAgreementOfOthers) {
  const auto announcement = frame(4, 1);
  const auto start = frame(1, 2);
  const auto foreign = frame(5, 3, 0x88e5);
  const auto mka = frame(5, 4);
  std::array<OutgoingFrame, 4> out{{{a_, announcement}, {a_, start}, {a_, foreign}, {a_, mka}}};
  EXPECT_EQ(sender_->send(out), 4U);
  std::vector<std::pair<unsigned, std::uint8_t>> heard;
  const auto receive = [&] {
    socket_->receive([&](unsigned ifindex, Bytes got) { heard.emplace_back(ifindex, got[18]); });
  };
  ASSERT_TRUE(wait_for(socket_->fd(), [&] { return !heard.empty(); }, receive));
  receive();
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_EQ(heard[0].first, b_);
  EXPECT_EQ(heard[0].second, 4);
}

TEST_F(PacketTest, HearsEapOnlyWhereItIsAskedTo) {
  auto opened = PacketSocket::open(0x888e, Hears::eap);
  ASSERT_TRUE(opened) << opened.error().message;
  const auto eap = frame(0, 1);
  const auto start = frame(1, 2);
  const auto logoff = frame(2, 3);
  const auto key = frame(3, 4);
  const auto mka = frame(5, 5);
  const auto generic = frame(6, 6);
  const auto specific = frame(7, 7);
  const auto asked_for = frame(8, 8);
  std::array<OutgoingFrame, 8> out{
      {{a_, key}, {a_, mka}, {a_, asked_for}, {a_, eap}, {a_, start}, {a_, logoff}, {a_, generic}, {a_, specific}}};
  EXPECT_EQ(sender_->send(out), 8U);
  std::vector<std::uint8_t> heard;
  const auto receive = [&] { (*opened)->receive([&](unsigned, Bytes got) { heard.push_back(got[18]); }); };
  ASSERT_TRUE(wait_for((*opened)->fd(), [&] { return heard.size() >= 5; }, receive)) << heard.size();
  EXPECT_EQ(heard, (std::vector<std::uint8_t>{1, 2, 3, 6, 7}));
}

TEST_F(PacketTest, OneBadFrameDoesNotHoldUpTheOthers) {
  const auto mka = frame(5, 1);
  std::array<OutgoingFrame, 3> out{{{a_, mka}, {9999, mka}, {a_, mka}}};
  EXPECT_EQ(sender_->send(out), 2U);
  EXPECT_EQ(out[0].error, 0);
  EXPECT_EQ(out[1].error, ENXIO);
  EXPECT_EQ(out[2].error, 0);
}

TEST_F(PacketTest, TakesBatches) {
  std::vector<std::vector<std::uint8_t>> frames;
  for (unsigned i = 0; i < 100; ++i) frames.push_back(frame(5, static_cast<std::uint8_t>(i)));
  std::vector<OutgoingFrame> out;
  for (const auto& one : frames) out.push_back({a_, one});
  EXPECT_EQ(sender_->send(out), 100U);
  std::vector<std::uint8_t> heard;
  const auto receive = [&] { socket_->receive([&](unsigned, Bytes got) { heard.push_back(got[18]); }, 40); };
  ASSERT_TRUE(wait_for(socket_->fd(), [&] { return heard.size() == 100; }, receive)) << heard.size();
  EXPECT_TRUE(std::ranges::is_sorted(heard));
  EXPECT_EQ(socket_->drops(), 0U);
}

}  // namespace
}  // namespace macsec::os
