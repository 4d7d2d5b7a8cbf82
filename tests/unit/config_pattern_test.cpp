// SPDX-License-Identifier: LGPL-2.1-or-later
/// Parent= with a '*': what it matches, what its ports are like, and what it excludes.
#include "engine/config/claims.hpp"
#include "engine/config/profile_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace macsec {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using Texts = std::vector<std::string>;

const std::string key = "[Key]\nCkn=01\nCak=000102030405060708090a0b0c0d0e0f\n";

ProfileReading read(const std::string& text, std::string_view name = "p") {
  std::vector<IniDocument> documents;
  documents.push_back(IniDocument::parse("a", WipedText{std::string_view{text}}));
  return read_profile(name, documents, {});
}

Texts told(const ProfileReading& reading) {
  Texts out;
  for (const Diagnostic& one : reading.diagnostics) out.push_back(to_string(one));
  return out;
}

Profile good(const std::string& text, std::string_view name = "p") {
  ProfileReading reading = read(text, name);
  EXPECT_THAT(told(reading), IsEmpty()) << text;
  return reading.profile ? std::move(*reading.profile) : Profile{};
}

void expect_bad(const std::string& text, const std::string& words, std::string_view name = "p") {
  const ProfileReading reading = read(text, name);
  EXPECT_FALSE(reading.profile) << text;
  EXPECT_THAT(told(reading), Contains(StartsWith(words))) << text;
}

TEST(PortPattern, TheStarStandsForOneCharacterAtLeast) {
  EXPECT_EQ(match_pattern("swp*", "swp12"), "12");
  EXPECT_EQ(match_pattern("*", "eth0"), "eth0");
  EXPECT_EQ(match_pattern("*np1", "enp1s0np1"), "enp1s0");
  EXPECT_EQ(match_pattern("e*0", "eth0"), "th");
  EXPECT_FALSE(match_pattern("swp*", "swp"));
  EXPECT_FALSE(match_pattern("swp*", "eswp1"));
  EXPECT_FALSE(match_pattern("aa*a", "aaa"));
  EXPECT_FALSE(match_pattern("swp1", "swp1"));
}

TEST(PortPattern, ParentIsReadWhateverElseIsWrong) {
  EXPECT_EQ(read("[Link]\nParent=swp1\nPort=0\n").parent, "swp1");
  EXPECT_EQ(read("[Link]\nParent=no name\n").parent, "");
}

TEST(PortPattern, APortHasTheSettingsOfItsProfile) {
  const Profile many = good("[Link]\nParent=swp*\n[MKA]\nPriority=7\n" + key);
  EXPECT_EQ(many.link.interface, "macsec*");
  const Result<ProfilePointer> port = port_profile(many, "swp12");
  ASSERT_TRUE(port);
  EXPECT_EQ((*port)->name, "p@swp12");
  EXPECT_EQ((*port)->link.parent, "swp12");
  EXPECT_EQ((*port)->link.interface, "macsec12");
  EXPECT_EQ(configured_name(**port), "p");
  EXPECT_EQ(configured_name(many), "p");
  EXPECT_EQ((*port)->mka, many.mka);
  EXPECT_EQ((*port)->keys, many.keys);
  const Result<ProfilePointer> other = port_profile(many, "swp13");
  ASSERT_TRUE(other);
  EXPECT_FALSE(same_settings(**port, **other));
  Profile by_itself = *duplicate(**port);
  EXPECT_TRUE(same_settings(**port, by_itself));
  by_itself.pattern.clear();
  EXPECT_FALSE(same_settings(**port, by_itself));
}

TEST(PortPattern, AnAccessPortKeepsItsServers) {
  const Profile many = good(
      "[Link]\nParent=swp*\n[8021X]\nRole=authenticator\nQuietSec=5s\n[RadiusServer]\nAddress=192.0.2.1\n"
      "Secret=0123456789abcdef\nPort=1645\n");
  const Result<ProfilePointer> port = port_profile(many, "swp1");
  ASSERT_TRUE(port);
  EXPECT_TRUE((*port)->pae == many.pae);
}

TEST(PortPattern, ANameThatNoInterfaceCanHaveIsAnErrorOfThatPort) {
  const Profile many = good("[Link]\nParent=*\n" + key);
  EXPECT_EQ((*port_profile(many, "eth012345"))->link.interface, "macseceth012345");
  const Result<ProfilePointer> longer = port_profile(many, "eth0123456");
  ASSERT_FALSE(longer);
  EXPECT_THAT(longer.error().message, HasSubstr("Interface=macsec* makes a name of more than 15 characters"));
}

TEST(PortPattern, WhatGoesWithIt) {
  expect_bad("[Link]\nParent=s*p*\n" + key, "a:2: Parent=s*p* is not accepted: a name with one * at most");
  expect_bad("[Link]\nParent=swp*\nInterface=**\n" + key,
             "a:3: Interface=** is not accepted: a name with one * at most");
  expect_bad("[Link]\nParent=swp*\nInterface=macsec0\n" + key, "a:3: Interface=macsec0 needs a * with Parent=swp*");
  expect_bad("[Link]\nParent=eth0\nInterface=macsec*\n" + key, "a:3: Interface=macsec* needs a Parent= with a *");
  expect_bad("[Link]\nParent=swp*\nInterface=swp*\n" + key, "a:3: Interface= and Parent= are the same pattern");
  expect_bad("[Link]\nParent=swp*\nCreate=always\n" + key, "a:3: Create=always is not accepted with Parent=swp*");
  expect_bad("[Link]\nParent=swp*\n[StaticKeys]\nDirection=transmit\nKey=000102030405060708090a0b0c0d0e0f\n",
             "a:3: [StaticKeys] is not accepted with Parent=swp*");
  const std::string pattern = "[Link]\nParent=swp*\n" + key;
  good(pattern, std::string(48, 'n'));
  expect_bad(pattern, "a: the name of a profile with a * in Parent= is at most 48 characters", std::string(49, 'n'));
}

TEST(PortPattern, ReadsBackFromWhatIsWritten) {
  for (const std::string interface : {"", "Interface=*-sec\n"}) {
    const Profile profile = good("[Link]\nParent=swp*\n" + interface + key);
    EXPECT_TRUE(same_settings(profile, good(std::string{profile_file(profile).view()})));
  }
}

TEST(PortPattern, ClaimsNothingButItsPortsDo) {
  const Profile many = good("[Link]\nParent=swp*\n" + key, "many");
  const Profile more = good("[Link]\nParent=swp4*\n" + key, "more");
  Claims claims;
  EXPECT_EQ(claims.add(many), "");
  EXPECT_EQ(claims.add(more), "");
  EXPECT_EQ(claims.add(**port_profile(many, "swp1")), "");
  EXPECT_EQ(claims.add(**port_profile(more, "swp41")), "Interface=macsec1 is taken by profile many@swp1 (a)");
}

}  // namespace
}  // namespace macsec
