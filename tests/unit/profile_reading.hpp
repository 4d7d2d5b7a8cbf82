// SPDX-License-Identifier: LGPL-2.1-or-later
/// Profiles from text, and what is said of them: for tests of settings.
#pragma once

#include "engine/config/profile_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace macsec::test {

/// Of the files "a", "b" and so on, where the later ones are drop-ins.
inline ProfileReading read(std::initializer_list<std::string_view> texts, const ProfileContext& context = {}) {
  std::vector<IniDocument> documents;
  for (const std::string_view text : texts)
    documents.push_back(IniDocument::parse(std::string(1, static_cast<char>('a' + documents.size())), WipedText{text}));
  return read_profile("p", documents, context);
}
inline ProfileReading read(std::string_view text, const ProfileContext& context = {}) { return read({text}, context); }

inline std::vector<std::string> told(const ProfileReading& reading) {
  std::vector<std::string> out;
  for (const Diagnostic& one : reading.diagnostics) out.push_back(to_string(one));
  return out;
}

/// A profile that must be good, with no word about it.
inline Profile good(const std::string& text) {
  ProfileReading reading = read(text);
  EXPECT_THAT(told(reading), testing::IsEmpty()) << text;
  return reading.profile ? std::move(*reading.profile) : Profile{};
}

/// What is said begins with `words`, which name file and line.
inline void expect_bad(const std::string& text, const std::string& words) {
  const ProfileReading reading = read(text);
  EXPECT_FALSE(reading.profile) << text;
  EXPECT_THAT(told(reading), testing::Contains(testing::StartsWith(words))) << text;
}

}  // namespace macsec::test
