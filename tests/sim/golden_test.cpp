// SPDX-License-Identifier: LGPL-2.1-or-later
// Eight standard stories, frame by frame, against the files in golden/. Where the protocol is meant to change,
// `MACSECD_GOLDEN=write build/tests/sim/sim-golden` writes them again, and the diff goes into the commit.
#include "tests/sim/lab.hpp"
#include "tests/sim/story.hpp"

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace macsec::sim {
namespace {

using core::PortState;

/// Compares what was told with golden/NAME.txt when it goes out of scope.
class Golden {
 public:
  Golden(std::string name, std::string_view title)
      : story{lab.lan}, path_{MACSECD_GOLDEN_DIRECTORY "/" + name + ".txt"} {
    title_ = title;
    story.call(Ckn::from_hex("abcd").value(), "primary");
    story.call(Ckn::from_hex("ef01").value(), "fallback");
    story.call(Ckn::from_hex("1234").value(), "next");
  }
  Golden(const Golden&) = delete;
  Golden& operator=(const Golden&) = delete;
  ~Golden() { compare(); }

  Lab lab;
  Story story;

 private:
  void compare() const {
    const std::string told = title_ + "\n" + story.text();
    if (const char* mode = std::getenv("MACSECD_GOLDEN"); mode != nullptr && std::string_view{mode} == "write") {
      std::ofstream{path_} << told;
      return;
    }
    std::stringstream golden;
    golden << std::ifstream{path_}.rdbuf();
    std::string expected;
    std::string found;
    std::istringstream now{told};
    for (unsigned line = 1; std::getline(golden, expected); ++line) {
      std::getline(now, found);
      ASSERT_EQ(found, expected) << path_ << ":" << line;
      found.clear();
    }
    EXPECT_FALSE(std::getline(now, found)) << path_ << " ends before: " << found;
    EXPECT_EQ(golden.str().empty(), false) << path_ << " is missing";
  }
  std::string title_;
  std::string path_;
};

TEST(Golden, FirstLink) {
  Golden told{"first-link", "Two members meet: m0 is key server, equal priority and the lower SCI."};
  told.lab.add();
  told.lab.lan.run_for(250 * millisecond);
  told.story.say("m1 starts");
  told.lab.add();
  told.lab.lan.run_for(10 * second);
  EXPECT_TRUE(told.lab.lan.secured());
}

TEST(Golden, Rekey) {
  Golden told{"rekey", "The operator asks the key server for a new SAK."};
  const auto hosts = told.lab.secured(2);
  told.story.say("m0 is told to rekey");
  ASSERT_TRUE(hosts[0]->rekey());
  told.lab.lan.run_for(6 * second);
  EXPECT_TRUE(told.lab.lan.secured());
}

TEST(Golden, ThirdMember) {
  Golden told{"third-member", "A third member joins a link at work: one SAK for all three."};
  told.lab.secured(2);
  told.story.say("m2 starts");
  told.lab.add();
  told.lab.lan.run_for(6 * second);
  EXPECT_TRUE(told.lab.lan.secured());
}

TEST(Golden, Restart) {
  Golden told{"restart", "The key server's process dies and comes back: the same member, the same key."};
  const auto hosts = told.lab.secured(2);
  told.story.say("m0 dies");
  hosts[0]->crash();
  told.lab.lan.run_for(second);
  told.story.say("m0 starts with its snapshot");
  hosts[0]->start(Host::Memory::kept);
  told.lab.lan.run_for(5 * second);
  EXPECT_TRUE(told.lab.lan.secured());
}

TEST(Golden, Fallback) {
  Golden told{"fallback", "One end has a wrong primary key: both meet in the fallback key."};
  const auto profile = [](std::uint8_t fill) {
    return make_profile([&](Profile& p) {
      p.keys.clear();
      p.keys.push_back(psk("abcd", fill));
      p.keys.push_back(psk("ef01", 0x22, 16, KeyRole::fallback));
    });
  };
  told.lab.add(profile(0x11));
  told.lab.add(profile(0x12));
  told.lab.lan.run_for(8 * second);
  EXPECT_TRUE(told.lab.lan.secured());
}

TEST(Golden, Suspension) {
  Golden told{"suspension", "m1 suspends MKA for 10 s: it says so, is silent, and comes back; no key changes."};
  const auto hosts = told.lab.secured(2);
  told.story.say("m1 is told to suspend");
  ASSERT_TRUE(hosts[1]->suspend(std::chrono::seconds{10}));
  told.lab.lan.run_for(16 * second);
  EXPECT_TRUE(told.lab.lan.secured());
}

TEST(Golden, Rollover) {
  Golden told{"rollover", "The next key of a chain comes into force while the first one still is."};
  constexpr std::int64_t start = 2'000'000'000;
  const auto profile = make_profile([](Profile& p) {
    p.keys[0].not_after = start + 20;
    p.keys.push_back(psk("1234", 0x33));
    p.keys[1].not_before = start + 10;
  });
  for (int i = 0; i < 2; ++i) {
    told.lab.attach(profile).set_wall_clock(start);
    told.lab.lan.plug(static_cast<Index>(i), true);
    dynamic_cast<Host&>(told.lab.lan.station(static_cast<Index>(i))).start();
  }
  told.lab.lan.run_for(9 * second);
  told.story.say("the next key comes into force in a second, the first one ends ten seconds later");
  told.lab.lan.run_for(15 * second);
  EXPECT_TRUE(told.lab.lan.secured());
}

TEST(Golden, WrongCak) {
  Golden told{"wrong-cak", "One CKN, two CAKs: neither takes the other's frames, and both say why."};
  told.lab.add();
  told.lab.add(make_profile([](Profile& p) {
    p.keys.clear();
    p.keys.push_back(psk("abcd", 0x12));
  }));
  told.lab.lan.run_for(6 * second);
  EXPECT_NE(dynamic_cast<Host&>(told.lab.lan.station(0)).state(), PortState::secured);
}

}  // namespace
}  // namespace macsec::sim
