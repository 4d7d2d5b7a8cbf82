// SPDX-License-Identifier: LGPL-2.1-or-later
/// Frames that cannot be sent are told of.
#include "engine/adapters/wires.hpp"
#include "tests/unit/cable.hpp"

#include <cerrno>
#include <net/if.h>

namespace macsec::os {
namespace {

using WiresTest = CableTest;

TEST_F(WiresTest, TellOnceThatAnInterfaceSendsNoMoreAndThatItDoesAgain) {
  ASSERT_EQ(run("ip link set dev a mtu 100 && ip link set dev a up && ip link set dev b up"), 0);
  auto loop = EventLoop::open();
  ASSERT_TRUE(loop);
  Journal journal{LogLevel::error};
  std::vector<std::pair<unsigned, int>> told;
  Wires wires{*loop,
              journal,
              {.frame = [](unsigned, Bytes) {},
               .done = [] {},
               .sending = [&told](unsigned ifindex, int error) { told.emplace_back(ifindex, error); }}};
  const unsigned a = ::if_nametoindex("a");
  const auto send = [&](std::size_t octets) {
    core::Frame frame(octets);
    frame[12] = 0x88;
    frame[13] = 0x8e;
    wires.queue(0x888e, a, std::move(frame));
    wires.send();
  };
  using Told = std::vector<std::pair<unsigned, int>>;
  send(100);
  EXPECT_EQ(told, Told{});
  send(150);
  send(150);
  EXPECT_EQ(told, (Told{{a, EMSGSIZE}}));
  send(100);
  EXPECT_EQ(told, (Told{{a, EMSGSIZE}, {a, 0}}));
  // That it is down is known without trying.
  ASSERT_EQ(run("ip link set dev a down"), 0);
  send(100);
  EXPECT_EQ(told.size(), 2U);
}

}  // namespace
}  // namespace macsec::os
