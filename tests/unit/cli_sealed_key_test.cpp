// SPDX-License-Identifier: LGPL-2.1-or-later
/// The file of a profile before and after a key of it is sealed.
#include "cli/sealed_key.hpp"

#include <gtest/gtest.h>

namespace macsec::cli {
namespace {

constexpr std::string_view digits = "000102030405060708090a0b0c0d0e0f";

Result<KeySection> find(const std::string& text, unsigned line, std::string_view ckn = "0b") {
  return find_key_section(WipedText{text}, {.file = "/etc/macsecd/a.macsec", .line = line}, ckn);
}

TEST(SealedKey, TakesThePlaceOfTheSecretAndOfNothingElse) {
  const std::string before = "# mine\n[Link]\nParent=eth0\n[Key]\nCkn=0a\nCak=ffffffffffffffffffffffffffffffff\n";
  const std::string rest = "# kept\nRole=fallback\n[Key]\nCkn=0c\nCak=ffffffffffffffffffffffffffffffff\n";
  const auto section = find(before + "[Key]\nCkn=0b\n  Cak = " + std::string{digits} + " \n" + rest, 7);
  ASSERT_TRUE(section) << section.error().message;
  EXPECT_EQ(section->cak.expose()[15], 15);
  EXPECT_EQ(with_credential(*section, "macsecd_a.0b").view(),
            before + "[Key]\nCkn=0b\nCakCredential=macsecd_a.0b\n" + rest);
}

TEST(SealedKey, IsFoundWithoutALineEndAndInAFileOfItsOwn) {
  const auto last = find("[Key]\nCkn=0b\nCak=" + std::string{digits}, 1);
  ASSERT_TRUE(last);
  EXPECT_EQ(with_credential(*last, "x").view(), "[Key]\nCkn=0b\nCakCredential=x\n");
  const auto elsewhere = find("[Key]\nCakFile=/run/a.cak\nCkn=0b\n", 1);
  ASSERT_TRUE(elsewhere);
  EXPECT_EQ(elsewhere->key_file, "/run/a.cak");
  EXPECT_TRUE(elsewhere->cak.empty());
  EXPECT_EQ(with_credential(*elsewhere, "x").view(), "[Key]\nCakCredential=x\nCkn=0b\n");
  const auto done = find("[Key]\nCkn=0b\nCakCredential=x\n", 1);
  ASSERT_TRUE(done);
  EXPECT_TRUE(done->sealed);
}

TEST(SealedKey, IsNotLookedForWhereItCannotBeTold) {
  const std::string key = "[Key]\nCkn=0b\nCak=" + std::string{digits} + "\n";
  EXPECT_FALSE(find(key, 2)) << "the file is another one by now";
  EXPECT_FALSE(find(key, 9));
  EXPECT_FALSE(find(key, 1, "0c")) << "another key stands at the line by now";
  EXPECT_TRUE(find(key, 1, "0b0000")) << "padded";
  EXPECT_TRUE(find("[Key]\nCkn=0B\nCak=" + std::string{digits} + "\n", 1));
  EXPECT_FALSE(find("[Key]\nCkn=0b\n[Link]\nCak=" + std::string{digits} + "\n", 1)) << "of another section";
  EXPECT_FALSE(find(key + "Cak=" + std::string{digits} + "\n", 1)) << "said twice";
  EXPECT_FALSE(find("[Key]\nCak=0001020304050607\\\n08090a0b0c0d0e0f\n", 1)) << "goes on in the next line";
  const auto wrong = find("[Key]\nCak=0001\n", 1);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().message.find("0001"), std::string::npos) << "no digit of a key is told";
}

TEST(SealedKey, NamesAreThoseThatSystemdTakes) {
  EXPECT_EQ(credential_name("eth0:1@lab", "0b"), "eth0_1@lab.0b");
  EXPECT_TRUE(key_place("/etc/macsecd/a:b.macsec:12"));
  EXPECT_EQ(key_place("/etc/macsecd/a:b.macsec:12")->line, 12U);
  for (const char* other : {"memory", "networkd", "source a:1", "/etc/macsecd/a.macsec", "/etc/a:0"})
    EXPECT_FALSE(key_place(other)) << other;
}

}  // namespace
}  // namespace macsec::cli
