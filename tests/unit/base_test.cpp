// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/base/bytes.hpp"
#include "engine/base/secret.hpp"
#include "engine/base/text.hpp"

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

TEST(Text, Hex) {
  EXPECT_EQ(to_hex(std::array<std::uint8_t, 3>{0, 0xab, 0x10}), "00ab10");
  std::array<std::uint8_t, 2> out{};
  EXPECT_EQ(from_hex("aBCd", out), 2U);
  EXPECT_EQ(to_hex(out), "abcd");
  EXPECT_EQ(from_hex("", out), 0U);
  for (const std::string_view wrong : {"a", "abc", "abcdef", "0g", "0x", " 1"})
    EXPECT_FALSE(from_hex(wrong, out)) << wrong;
  EXPECT_FALSE(from_hex("ffzz", out));
  EXPECT_EQ(out[0], 0) << "nothing is left of a key with a typing error";
}

TEST(Text, Unsigned) {
  EXPECT_EQ(parse_unsigned("0", 10), 0U);
  EXPECT_EQ(parse_unsigned("0x1F", 255), 31U);
  EXPECT_EQ(parse_unsigned("18446744073709551615", ~std::uint64_t{0}), ~std::uint64_t{0});
  for (const std::string_view wrong : {"", "-1", "+1", "256", "1 ", "0x", "0xg", "18446744073709551616"})
    EXPECT_FALSE(parse_unsigned(wrong, 255)) << wrong;
}

TEST(Text, ParseDuration) {
  using namespace std::chrono_literals;
  EXPECT_EQ(parse_duration("90"), 90s);
  EXPECT_EQ(parse_duration(" 90 s "), 90s);
  EXPECT_EQ(parse_duration("1h 30min"), 90min);
  EXPECT_EQ(parse_duration("1h30m"), 90min);
  EXPECT_EQ(parse_duration("500ms"), 500ms);
  EXPECT_EQ(parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(parse_duration(".25s"), 250ms);
  EXPECT_EQ(parse_duration("2.0"), 2s);
  EXPECT_EQ(parse_duration("1d"), 24h);
  EXPECT_EQ(parse_duration("7us"), 7us);
  EXPECT_EQ(parse_duration("0"), 0s);
  for (const std::string_view wrong : {"", " ", "s", "1x", "1 30", "-1", "1h-", "infinity", ".",
                                       "999999999999999999999", "9999999y 9999999y", "1..5s"})
    EXPECT_FALSE(parse_duration(wrong)) << wrong;
}

TEST(Text, FormatDuration) {
  using namespace std::chrono_literals;
  EXPECT_EQ(format_duration(0s), "0");
  EXPECT_EQ(format_duration(90min), "1h 30min");
  EXPECT_EQ(format_duration(250ms), "250ms");
  EXPECT_EQ(format_duration(2s), "2s");
  EXPECT_EQ(format_duration(49h + 5s), "2d 1h");
  EXPECT_EQ(format_duration(-3s), "-3s");
  for (const Duration span : {Duration{1}, Duration{1500}, Duration{24h}, Duration{61s}})
    EXPECT_EQ(parse_duration(format_duration(span)), span);
}

TEST(Text, Boolean) {
  for (const std::string_view word : {"1", "Yes", "y", "TRUE", "t", "on"}) EXPECT_EQ(parse_boolean(word), true) << word;
  for (const std::string_view word : {"0", "no", "N", "False", "f", "off"})
    EXPECT_EQ(parse_boolean(word), false) << word;
  for (const std::string_view word : {"", "2", "yess", "of"}) EXPECT_FALSE(parse_boolean(word)) << word;
}

TEST(Text, Trim) {
  EXPECT_EQ(trim(" \t a b\r "), "a b");
  EXPECT_EQ(trim("  "), "");
}

}  // namespace
}  // namespace macsec
