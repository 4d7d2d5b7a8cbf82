// SPDX-License-Identifier: LGPL-2.1-or-later
/// The manual page says what the table says, and the examples are profiles.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "engine/config/profile_set.hpp"
#include "tests/temporary_directory.hpp"

namespace macsec {
namespace {

namespace fs = std::filesystem;

std::string content(const fs::path& path) {
  std::ifstream file{path};
  std::stringstream out;
  out << file.rdbuf();
  return out.str();
}

/// "Section.Key" and its text in one line, of every "**Key=**" under a "[Section] SECTION" heading.
std::map<std::string, std::string> documented(const std::string& page) {
  std::map<std::string, std::string> out;
  std::string section;
  std::string* text = nullptr;
  std::istringstream lines{page};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('[') && line.ends_with("] SECTION")) {
      section = line.substr(1, line.find(']') - 1);
      text = nullptr;
    } else if (!section.empty() && line.starts_with("**") && line.ends_with("=**")) {
      const std::string name = section + "." + line.substr(2, line.size() - 5);
      EXPECT_FALSE(out.contains(name)) << name << " twice";
      text = &out[name];
    } else if (text != nullptr && line.starts_with("    ")) {
      *text += line.substr(3);
    } else if (!line.empty()) {
      text = nullptr;
    }
  }
  return out;
}

TEST(ManualPage, SaysWhatTheTableSays) {
  std::map<std::string, std::string> page =
      documented(content(fs::path{MACSECD_SOURCE_ROOT} / "docs/man/macsec.profile.5.rst"));
  for (const ProfileKey& key : profile_keys()) {
    const std::string name = std::string{key.section} + "." + std::string{key.name};
    ASSERT_TRUE(page.contains(name)) << name << " is not in the page";
    const std::string words = "Accepted: " + std::string{key.accepts} + ". Default: " + std::string{key.fallback} + ".";
    EXPECT_THAT(page[name], testing::HasSubstr(words)) << name;
    page.erase(name);
  }
  for (const auto& [name, text] : page) ADD_FAILURE() << name << " is in the page only";
}

TEST(Examples, AreProfiles) {
  const test::TemporaryDirectory directory;
  const fs::path& root = directory.path();
  // Examples name files and credentials; each gets a key of its own.
  ProfileContext context;
  context.root = root.string();
  context.credentials_directory = (root / "credentials").string();
  fs::create_directories(root / "credentials");
  unsigned number = 0;
  std::size_t count = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator{fs::path{MACSECD_SOURCE_ROOT} / "data/examples"}) {
    if (entry.path().extension() != profile_suffix) continue;
    Result<IniDocument> document = IniDocument::read(entry.path().string());
    ASSERT_TRUE(document) << entry.path();
    for (const IniAssignment& one : document->assignments()) {
      const bool file = one.key.ends_with("File");
      if (!file && !one.key.ends_with("Credential")) continue;
      const fs::path path =
          fs::path{(file ? context.root : context.credentials_directory + "/") + std::string{one.value}};
      fs::create_directories(path.parent_path());
      std::ofstream{path} << std::string(31, '0') << number++ % 10 << '\n';
      ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
    }
    const ProfileFile profile = load_profile(entry.path().string(), context);
    for (const Diagnostic& one : profile.diagnostics) ADD_FAILURE() << to_string(one);
    EXPECT_TRUE(profile.profile);
    ++count;
  }
  EXPECT_GE(count, 7U);
}

}  // namespace
}  // namespace macsec
