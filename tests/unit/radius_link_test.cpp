// SPDX-License-Identifier: LGPL-2.1-or-later
/// A RADIUS client over real sockets: answers come in, closed ports and refused routes are told at once, servers come back.
#include "engine/adapters/radius_link.hpp"
#include "engine/adapters/system/os_random.hpp"
#include "tests/sim/forge.hpp"
#include "tests/unit/cable.hpp"
#include "tests/unit/radius_server.hpp"

namespace macsec::os {
namespace {

using namespace std::chrono_literals;
using core::RadiusProblem;
using core::RadiusReport;

/// In a namespace of its own, so that nobody else has the ports.
class RadiusLinkTest : public CableTest {
 protected:
  void SetUp() override {
    CableTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_EQ(run("ip link set lo up"), 0);
  }
  void open(const std::string& address, std::uint16_t port, std::optional<Duration> timeout = std::nullopt) {
    const ProfilePointer profile = sim::make_profile([&](Profile& made) {
      RadiusServer& server = made.pae.emplace().servers.emplace_back();
      server.address = address;
      server.port = port;
      server.timeout = timeout.value_or(server.timeout);
      server.secret = {EapSource::Kind::octets, {}, WipedText{radius_secret}};
    });
    link_ = std::move(*RadiusLink::open(
        loop_, streams_,
        {.report = [this](core::RadiusOwner, RadiusReport&& report) { reports_.push_back(std::move(report)); },
         .event = [this](const core::RadiusEvent& event) { events_.push_back(event); }},
        profile, "switch", random_));
  }
  /// What becomes of a conversation; nothing within five seconds.
  std::optional<RadiusReport> ask() {
    reports_.clear();
    link_->command(1, {.conversation = ++conversation_, .packet = {2, 1, 0, 6, 1, 'a'}, .user_name = "a"});
    const Time end = boot_time() + 5s;
    while (reports_.empty() && boot_time() < end) static_cast<void>(loop_.run_once(end));
    return reports_.empty() ? std::nullopt : std::optional{std::move(reports_.front())};
  }
  /// Whether it holds within twenty seconds.
  bool until(const std::function<bool()>& holds) {
    const Time end = boot_time() + 20s;
    while (!holds() && boot_time() < end) static_cast<void>(loop_.run_once(end));
    return holds();
  }

  EventLoop loop_ = std::move(*EventLoop::open());
  OsRandom random_;
  TlsStreams streams_{[] { return nullptr; }};
  std::unique_ptr<RadiusLink> link_;
  std::vector<RadiusReport> reports_;
  std::vector<core::RadiusEvent> events_;
  core::RadiusConversation conversation_ = 0;
};

TEST_F(RadiusLinkTest, AnswersComeByBothFamilies) {
  for (const int family : {AF_INET, AF_INET6}) {
    RadiusServerStub server{loop_, family};
    server.forges_first = true;
    ASSERT_TRUE(server.bound());
    open(family == AF_INET ? "127.0.0.1" : "::1", server.port());
    const auto report = ask();
    ASSERT_TRUE(report) << family;
    EXPECT_EQ(report->kind, RadiusReport::Kind::reject);
    EXPECT_EQ(link_->status()[0].counters.bad_authenticators, 1U);
  }
}

TEST_F(RadiusLinkTest, ClosedPortIsToldAtOnceAndAServerThatComesBackIsUsed) {
  open("127.0.0.1", 1812);
  for (int i = 0; i < 3; ++i) {
    const auto report = ask();
    ASSERT_TRUE(report);
    EXPECT_EQ(report->problem, RadiusProblem::refused) << report->words;
  }
  ASSERT_EQ(events_.size(), 1U);
  EXPECT_EQ(events_[0].kind, core::RadiusEvent::Kind::server_dead);
  const RadiusServerStub server{loop_, AF_INET, 1812};
  ASSERT_TRUE(server.bound());
  EXPECT_EQ(ask()->kind, RadiusReport::Kind::reject);
  ASSERT_EQ(events_.size(), 2U);
  EXPECT_EQ(events_[1].kind, core::RadiusEvent::Kind::server_alive);
}

// The errno of a datagram that the unit's address filter or a firewall stops.
TEST_F(RadiusLinkTest, WhatMayNotLeaveIsTold) {
  ASSERT_EQ(run("ip route add prohibit 192.0.2.0/24"), 0);
  open("192.0.2.1", 1812);
  const auto report = ask();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->problem, RadiusProblem::blocked) << report->words;
}

TEST_F(RadiusLinkTest, RouteThatIsMissingIsToldAndFoundLater) {
  open("192.0.2.1", 1812);
  const auto report = ask();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->problem, RadiusProblem::silent);
  EXPECT_NE(report->words.find("Network is unreachable"), std::string::npos) << report->words;
  ASSERT_EQ(run("ip addr add 192.0.2.1/32 dev lo"), 0);
  EXPECT_EQ(ask()->problem, RadiusProblem::refused);  // it is there, and nobody listens
}

// A server knows a request that is sent again by the port it came from, and drops or refuses it from another.
TEST_F(RadiusLinkTest, PortIsKeptWhereNothingCanLeaveForAWhile) {
  RadiusServerStub server{loop_, AF_INET};
  ASSERT_TRUE(server.bound());
  server.silent = true;
  open("127.0.0.1", server.port(), 1s);
  link_->command(2, {.conversation = 1, .packet = {2, 1, 0, 6, 1, 'b'}, .user_name = "b"});
  ASSERT_TRUE(until([&] { return server.sources.size() == 1; }));
  ASSERT_EQ(run("ip link set lo down"), 0);
  for (int i = 0; i < 3; ++i) {
    const auto report = ask();
    ASSERT_TRUE(report);
    EXPECT_EQ(report->problem, RadiusProblem::silent);
  }
  ASSERT_TRUE(until([&] { return !events_.empty(); }));
  EXPECT_EQ(events_[0].kind, core::RadiusEvent::Kind::server_dead);
  ASSERT_EQ(run("ip link set lo up"), 0);
  server.silent = false;
  const auto answered = ask();
  ASSERT_TRUE(answered);
  EXPECT_EQ(answered->kind, RadiusReport::Kind::reject);
  ASSERT_GE(server.sources.size(), 2U);
  EXPECT_EQ(server.sources.back(), server.sources.front());
}

// A socket that is connected keeps its source address; one that is taken away must not silence it for ever.
TEST_F(RadiusLinkTest, AnotherSourceAddressIsTaken) {
  ASSERT_EQ(run("ip addr add 192.0.2.10/24 dev a && ip link set dev a up && ip link set dev b up"), 0);
  ASSERT_EQ(run("ip addr add 192.0.2.1/32 dev lo"), 0);
  open("192.0.2.1", 1812);
  ASSERT_EQ(run("ip route replace local 192.0.2.1 dev lo table local src 192.0.2.10"), 0);
  EXPECT_EQ(ask()->problem, RadiusProblem::refused);
  ASSERT_EQ(run("ip route replace local 192.0.2.1 dev lo table local src 192.0.2.1 && ip addr del 192.0.2.10/24 dev a"),
            0);
  EXPECT_EQ(ask()->problem, RadiusProblem::refused);
}

}  // namespace
}  // namespace macsec::os
