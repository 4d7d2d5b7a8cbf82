// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/base/bytes.hpp"
#include "engine/base/secret.hpp"

#include <gtest/gtest.h>

namespace macsec {
namespace {

TEST(Reader, FailureSticks) {
  const std::array<std::uint8_t, 3> octets{1, 2, 3};
  Reader reader{octets};
  EXPECT_EQ(reader.u16(), 0x0102U);
  EXPECT_EQ(reader.u32(), 0U);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.u8(), 0U);
  EXPECT_FALSE(reader.ok());
}

TEST(Writer, StopsAtTheEnd) {
  std::array<std::uint8_t, 4> buffer{};
  Writer writer{buffer};
  writer.u16(0x0102);
  writer.u32(0x03040506);
  EXPECT_FALSE(writer.ok());
  EXPECT_EQ(writer.size(), 2U);
  writer.u8(7);
  EXPECT_EQ(writer.size(), 2U);
}

TEST(Secret, MovedFromIsEmpty) {
  const std::array<std::uint8_t, 4> octets{1, 2, 3, 4};
  Secret<16> one{Bytes{octets}};
  const Secret<16> other{std::move(one)};
  EXPECT_TRUE(one.empty());  // NOLINT(bugprone-use-after-move): the point of the test
  EXPECT_EQ(other, Secret<16>{Bytes{octets}});
}

}  // namespace
}  // namespace macsec
