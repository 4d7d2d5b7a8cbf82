// SPDX-License-Identifier: LGPL-2.1-or-later
/// Frames that cannot be sent are told of.
#include "engine/adapters/wires.hpp"
#include "tests/unit/cable.hpp"

#include <algorithm>
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

/// An EAPOL frame of this type to the group.
core::Frame eapol(EapolType type) {
  core::Frame frame(60);
  Writer writer{frame};
  write_eapol_header(writer, pae_group_address, {{2, 0, 0, 0, 0, 0xb}}, eapol_ethertype, type, 0);
  return frame;
}

TEST_F(WiresTest, EapIsHeardAsLongAsOneSideWantsIt) {
  ASSERT_EQ(run("ip link set dev a up && ip link set dev b up"), 0);
  auto loop = EventLoop::open();
  ASSERT_TRUE(loop);
  Journal journal{LogLevel::error};
  std::vector<std::uint8_t> types;
  const Wires::Receiver receiver{
      .frame = [&types](unsigned, Bytes frame) { types.push_back(frame[ethernet_header_size + 1]); },
      .done = [] {},
      .sending = [](unsigned, int) {}};
  Wires wires{*loop, journal, receiver};
  ASSERT_TRUE(wires.join(eapol_ethertype, ::if_nametoindex("a"), pae_group_address));
  const auto heard = [&] {
    types.clear();
    Wires other{*loop, journal, {.frame = [](unsigned, Bytes) {}, .done = [] {}, .sending = [](unsigned, int) {}}};
    for (const EapolType type : {EapolType::start, EapolType::logoff, EapolType::eap, EapolType::mka})
      other.queue(eapol_ethertype, ::if_nametoindex("b"), eapol(type));
    other.send();
    const auto all = [&types] { return std::ranges::count(types, std::uint8_t{5}) > 0; };
    const Time end = boot_time() + std::chrono::seconds{5};
    while (!all() && boot_time() < end) static_cast<void>(loop->run_once(end));
    // The last frame is here, so are the others; each source that is ready gets a turn.
    for (int turn = 0; turn < 4; ++turn) static_cast<void>(loop->run_once(boot_time()));
    std::ranges::sort(types);
    return types;
  };
  using Types = std::vector<std::uint8_t>;
  EXPECT_EQ(heard(), Types{5});
  ASSERT_TRUE(wires.hear_eap(EapSide::authenticators, true));
  ASSERT_TRUE(wires.hear_eap(EapSide::supplicants, true));
  ASSERT_TRUE(wires.hear_eap(EapSide::supplicants, false));
  EXPECT_EQ(heard(), (Types{0, 1, 2, 5}));
  ASSERT_TRUE(wires.hear_eap(EapSide::authenticators, false));
  EXPECT_EQ(heard(), Types{5});
}

}  // namespace
}  // namespace macsec::os
