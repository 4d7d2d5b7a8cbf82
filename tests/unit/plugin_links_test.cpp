// SPDX-License-Identifier: LGPL-2.1-or-later
/// Links of a namespace of its own, where that is allowed.
#include "plugin/links/rtnetlink.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace macsec {
namespace {

class PluginLinks : public testing::Test {
 protected:
  void SetUp() override {
    host_ = FileDescriptor{::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)};
    if (::unshare(CLONE_NEWNET) != 0) GTEST_SKIP() << "no namespaces without privilege";
    sd_event* event = nullptr;
    ASSERT_GE(sd_event_new(&event), 0);
    event_.reset(event);
    control_ = FileDescriptor{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  }
  void TearDown() override { static_cast<void>(::setns(host_.get(), CLONE_NEWNET)); }

  void set_queue(int length) const {
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_qlen = length;
    ASSERT_EQ(::ioctl(control_.get(), SIOCSIFTXQLEN, &request), 0);
  }
  void turn() const { ASSERT_GE(sd_event_run(event_.get(), 2'000'000), 0); }

  FileDescriptor host_;
  FileDescriptor control_;
  std::unique_ptr<sd_event, Releases<sd_event_unref>> event_;
};

TEST_F(PluginLinks, ReadsAllAndTellsOfChanges) {
  const auto links = read_links();
  ASSERT_TRUE(links);
  const auto lo = std::ranges::find(*links, "lo", &LinkFacts::name);
  ASSERT_NE(lo, links->end());
  EXPECT_FALSE(lo->is_macsec);
  EXPECT_EQ(lo->parent, 0U);
  unsigned changed = 0;
  unsigned all = 0;
  auto events = LinkEvents::open(event_.get(), {.changed = [&](const LinkFacts& link) { changed = link.ifindex; },
                                                .gone = [](unsigned) {},
                                                .all = [&](const std::vector<LinkFacts>&) { ++all; }});
  ASSERT_TRUE(events);
  set_queue(7);
  turn();
  EXPECT_EQ(changed, lo->ifindex);
  EXPECT_EQ(all, 0U);
}

TEST_F(PluginLinks, AfterALossWhatWaitsIsNotToldButRead) {
  unsigned changed = 0;
  std::vector<LinkFacts> all;
  auto events = LinkEvents::open(event_.get(), {.changed = [&](const LinkFacts&) { ++changed; },
                                                .gone = [](unsigned) {},
                                                .all = [&](const std::vector<LinkFacts>& links) { all = links; }});
  ASSERT_TRUE(events);
  for (int i = 0; i < 4'000; ++i) set_queue(1 + i % 2);  // more than the socket holds
  turn();
  EXPECT_EQ(changed, 0U);  // the loss is told before what it left
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all.front().name, "lo");
  set_queue(9);
  turn();
  EXPECT_EQ(changed, 1U);
}

}  // namespace
}  // namespace macsec
