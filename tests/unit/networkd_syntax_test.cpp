// SPDX-License-Identifier: LGPL-2.1-or-later
/// tests/vm/lab/networkd-syntax.txt: what the real systemd-networkd takes from files (tests/vm: networkd-syntax), our reader
/// takes as well.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "plugin/networkd/netdev.hpp"
#include "tests/temporary_directory.hpp"

namespace macsec::networkd {
namespace {

namespace fs = std::filesystem;

struct Case {
  std::string number;
  std::string what;
  struct Entry {
    std::string kind;
    std::string where;
    std::string content;  ///< of a link, its target
  };
  std::vector<Entry> entries;
  std::set<std::string> takes;  ///< "NAME PORT ENCRYPT"
};

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

std::string octets(std::string line) {
  replace_all(line, "<CR>", "\r");
  replace_all(line, "<TAB>", "\t");
  replace_all(line, "<BOM>", "\xef\xbb\xbf");
  replace_all(line, "<FF>", "\xff");
  if (line.ends_with("<END>")) return line.substr(0, line.size() - 5);
  return line + '\n';
}

void take_line(std::vector<Case>& cases, std::string line) {
  if (line.starts_with("case ")) {
    const std::string number = std::to_string(cases.size() + 101).substr(1);
    cases.push_back({.number = number, .what = line.substr(5), .entries = {}, .takes = {}});
    return;
  }
  Case& last = cases.back();
  replace_all(line, "@", last.number);
  if (line == "$") {
    last.entries.back().content += "[X-MKA]\nCkn=01\nCakFile=/k\n";
  } else if (line.starts_with('|')) {
    last.entries.back().content += octets(line.substr(1));
  } else if (line.starts_with("takes ")) {
    last.takes.insert(line.substr(6));
  } else {
    std::istringstream words{line};
    Case::Entry& entry = last.entries.emplace_back();
    words >> entry.kind >> entry.where >> entry.content;
  }
}

std::vector<Case> load_cases() {
  std::ifstream in{fs::path{MACSECD_SOURCE_ROOT} / "tests/vm/lab/networkd-syntax.txt"};
  std::vector<Case> cases;
  for (std::string line; std::getline(in, line);)
    if (!line.empty() && !line.starts_with('#')) take_line(cases, std::move(line));
  return cases;
}

class NetworkdSyntax : public testing::TestWithParam<Case> {
 protected:
  NetworkdSyntax() {
    for (const char* name : {"etc", "run", "local", "lib"}) {
      fs::create_directory(root_ / name);
      directories_.push_back((root_ / name).string());
    }
  }
  NetworkdSyntax(const NetworkdSyntax&) = delete;
  NetworkdSyntax& operator=(const NetworkdSyntax&) = delete;

  void lay_out(const Case& one) {
    bool network = false;
    for (const Case::Entry& entry : one.entries) {
      const fs::path path = root_ / entry.where;
      network = network || entry.where.contains(".network");
      fs::create_directories(path.parent_path());
      if (entry.kind == "folder")
        fs::create_directory(path);
      else if (entry.kind == "link")
        fs::create_symlink(entry.content, path);
      else
        std::ofstream{path, std::ios::binary} << entry.content;
    }
    if (!network)
      std::ofstream{root_ / "etc" / (one.number + ".network")} << "[Match]\nName=p" << one.number
                                                               << "\n[Network]\nMACsec=s" << one.number << '\n';
  }

  /// What is made of the files, as in Case::takes: what is usable, and has p@ as its parent.
  std::set<std::string> taken(const Case& one) const {
    const Configuration all = load_configuration(directories_);
    std::set<std::string> out;
    for (const Netdev& netdev : all.netdevs) {
      const auto parent = all.parents.find(netdev.interface);
      if (!netdev.usable() || parent == all.parents.end()) continue;
      if (!parent->second.empty() && parent->second != "p" + one.number) continue;
      const auto said = [&netdev](std::string_view key, std::string otherwise) {
        for (const Section& section : netdev.sections)
          for (const Setting& setting : section.settings)
            if (setting.key == key) return setting.value;
        return otherwise;
      };
      // Where nobody says so, the kernel does not encrypt.
      out.insert(netdev.interface + ' ' + said("Port", "1") + ' ' + said("Encrypt", "no"));
    }
    return out;
  }

  const test::TemporaryDirectory directory_;
  const fs::path root_ = directory_.path();
  std::vector<std::string> directories_;
};

TEST_P(NetworkdSyntax, IsNetworkds) {
  lay_out(GetParam());
  EXPECT_EQ(taken(GetParam()), GetParam().takes) << GetParam().what;
}

std::string name_of(const testing::TestParamInfo<Case>& one) {
  std::string name = one.param.number + '_' + one.param.what;
  for (char& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(Cases, NetworkdSyntax, testing::ValuesIn(load_cases()), name_of);

}  // namespace
}  // namespace macsec::networkd
