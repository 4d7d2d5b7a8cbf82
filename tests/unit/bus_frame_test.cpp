// SPDX-License-Identifier: LGPL-2.1-or-later
/// Messages of D-Bus, cut from a stream and renumbered.
#include "plugin/networkmanager/front/bus_frame.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace macsec::nm {
namespace {

using Octets = std::vector<std::uint8_t>;

/// The bus's answer to Hello: reply serial 3, signature "s", body ":1.42".
Octets answer() {
  Octets out{'l', 2, 0, 1, 10, 0, 0, 0, 9, 0, 0, 0, 15, 0, 0, 0, 5, 1, 'u', 0, 3, 0, 0, 0, 8, 1, 'g', 0, 1, 's', 0, 0};
  const Octets body{5, 0, 0, 0, ':', '1', '.', '4', '2', 0};
  out.insert(out.end(), body.begin(), body.end());
  return out;
}

TEST(BusFrame, EndsWhereItsHeadSays) {
  Octets stream = answer();
  const std::size_t size = stream.size();
  EXPECT_EQ(bus_frame_size(stream), size);
  EXPECT_EQ(bus_frame_size(Bytes{stream}.first(15)), std::nullopt);
  stream.push_back('l');
  EXPECT_EQ(bus_frame_size(stream), size);
}

TEST(BusFrame, IsRenumberedAndNothingElse) {
  Octets octets = answer();
  BusFrame frame{octets};
  EXPECT_EQ(frame.serial(), 9U);
  EXPECT_EQ(frame.reply_serial(), 3U);
  EXPECT_EQ(frame.first_string(), ":1.42");
  frame.set_serial(0x01020304);
  frame.set_reply_serial(0x400003);
  Octets expected = answer();
  expected[8] = 4, expected[9] = 3, expected[10] = 2, expected[11] = 1;
  expected[22] = 0x40;
  EXPECT_EQ(octets, expected);
}

TEST(BusFrame, OfTheOtherByteOrder) {
  Octets octets{'B', 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 8, 5, 1, 'u', 0, 0, 0, 0, 3};
  EXPECT_EQ(bus_frame_size(octets), octets.size());
  EXPECT_EQ(BusFrame{octets}.reply_serial(), 3U);
}

TEST(BusFrame, WithoutAnAnswerIsNone) {
  Octets octets{'l', 1, 0, 1, 0, 0, 0, 0, 9, 0, 0, 0, 7, 0, 0, 0, 8, 1, 'g', 0, 1, 's', 0, 0};
  EXPECT_EQ(BusFrame{octets}.reply_serial(), std::nullopt);
  const Octets before = octets;
  BusFrame{octets}.set_reply_serial(7);
  EXPECT_EQ(octets, before);
}

TEST(BusFrame, WhatIsNoMessageIsTold) {
  Octets octets = answer();
  octets[0] = 'x';
  EXPECT_EQ(bus_frame_size(octets), 0U);
  octets = answer();
  octets[15] = 0xff;  // fields
  EXPECT_EQ(bus_frame_size(octets), 0U);
  octets = answer();
  octets[7] = 0xff;  // body
  EXPECT_EQ(bus_frame_size(octets), 0U);
}

TEST(BusFrame, AFieldThatIsCutIsNotRead) {
  Octets octets = answer();
  octets[12] = 6;  // the fields end in the middle of the reply serial
  octets.resize(24);
  EXPECT_EQ(BusFrame{octets}.reply_serial(), std::nullopt);
}

}  // namespace
}  // namespace macsec::nm
