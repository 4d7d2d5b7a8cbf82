// SPDX-License-Identifier: LGPL-2.1-or-later
/// Who gets what of RADIUS clients that ports share.
#include "engine/adapters/radius_ports.hpp"
#include "engine/adapters/system/os_random.hpp"
#include "tests/sim/forge.hpp"
#include "tests/unit/cable.hpp"
#include "tests/unit/radius_server.hpp"

namespace macsec::os {
namespace {

using core::RadiusReport;
using Kind = RadiusReport::Kind;

ProfilePointer port_profile(const std::string& name, std::uint16_t port, std::string_view secret = radius_secret,
                            Duration retry = std::chrono::seconds{2}) {
  return sim::make_profile([&](Profile& made) {
    made.name = name;
    Profile::Pae& pae = made.pae.emplace(Profile::Pae{});
    pae.role = PaeRole::authenticator;
    RadiusServer& server = pae.servers.emplace_back();
    server.address = "127.0.0.1";
    server.port = port;
    server.retry = retry;
    server.secret = {EapSource::Kind::octets, {}, WipedText{secret}};
  });
}

class RadiusPortsTest : public CableTest {
 protected:
  void SetUp() override {
    CableTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_EQ(run("ip link set lo up"), 0);
  }
  void ask(const std::string& name, core::RadiusConversation conversation) {
    ports_.ask(name, {.conversation = conversation, .packet = {2, 1, 0, 6, 1, 'a'}, .user_name = name});
  }
  /// Runs the loop until there are so many reports; false after five seconds.
  bool wait(std::size_t count) {
    const Time end = boot_time() + std::chrono::seconds{5};
    while (reports_.size() < count && boot_time() < end) static_cast<void>(loop_.run_once(end));
    return reports_.size() >= count;
  }
  /// Lets what is ready in the loop happen.
  void turn() {
    for (int i = 0; i < 8; ++i) static_cast<void>(loop_.run_once(boot_time()));
  }

  EventLoop loop_ = std::move(*EventLoop::open());
  Journal journal_{LogLevel::error};
  OsRandom random_;
  TlsStreams streams_{[] { return nullptr; }};
  std::map<std::string, RadiusReport> reports_;
  std::vector<std::string> changed_;
  std::vector<bool> hears_;
  RadiusPorts ports_{loop_,
                     streams_,
                     journal_,
                     random_,
                     {.report = [this](const std::string& name,
                                       RadiusReport&& report) { reports_.insert_or_assign(name, std::move(report)); },
                      .changed = [this](const std::string& name) { changed_.push_back(name); },
                      .hear =
                          [this](bool on) {
                            hears_.push_back(on);
                            return Result<void>{};
                          },
                      .counters = [](const std::string&) { return Result<SecyCounters>{SecyCounters{}}; }}};
};

TEST_F(RadiusPortsTest, PortsWithTheSameServersShareAClient) {
  const auto one = ports_.set(port_profile("one", 1812));
  const auto two = ports_.set(port_profile("two", 1812));
  const auto other = ports_.set(port_profile("other", 1812, "another secret here"));
  ASSERT_TRUE(one && other);
  EXPECT_EQ(one, two);
  EXPECT_NE(one, other);
  EXPECT_EQ(ports_.set(port_profile("one", 1812)), one);  // read again, and the same
}

TEST_F(RadiusPortsTest, EachPortGetsItsOwnAnswer) {
  const RadiusServerStub server{loop_, AF_INET, 1812};
  ASSERT_TRUE(server.bound());
  ports_.set(port_profile("one", 1812));
  ports_.set(port_profile("two", 1812));
  ask("one", 11);
  ask("two", 22);
  ask("nobody", 33);
  ASSERT_TRUE(wait(2));
  EXPECT_EQ(reports_.at("one").kind, Kind::reject);
  EXPECT_EQ(reports_.at("one").conversation, 11U);
  EXPECT_EQ(reports_.at("two").conversation, 22U);
}

TEST_F(RadiusPortsTest, PortThatWaitsIsToldThatItsServersChanged) {
  const FileDescriptor silent{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(1812);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(silent.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const auto before = ports_.set(port_profile("one", 1812));
  ask("one", 11);
  turn();
  EXPECT_TRUE(reports_.empty());
  EXPECT_NE(ports_.set(port_profile("one", 1645)), before);
  EXPECT_TRUE(reports_.empty());  // not from inside a call
  ASSERT_TRUE(wait(1));
  EXPECT_EQ(reports_.at("one").kind, Kind::failed);
  EXPECT_EQ(reports_.at("one").conversation, 11U);
}

TEST_F(RadiusPortsTest, LateReportLeavesAPortWaitingForItsNext) {
  const FileDescriptor silent{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(1812);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(silent.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ports_.set(port_profile("one", 1812));
  ports_.ask("one", {.conversation = 11, .packet = {2, 2, 0, 6, 13, 0}, .user_name = "one"});
  ask("one", 22);
  ASSERT_TRUE(wait(1));
  EXPECT_EQ(reports_.at("one").conversation, 11U) << "of which nothing is known";
  reports_.clear();
  ports_.set(port_profile("one", 1645));
  ASSERT_TRUE(wait(1));
  EXPECT_EQ(reports_.at("one").conversation, 22U);
}

TEST_F(RadiusPortsTest, PortThatEndsHearsNothingMore) {
  const RadiusServerStub server{loop_, AF_INET, 1812};
  ports_.set(port_profile("one", 1812));
  ports_.set(port_profile("two", 1812));
  ask("one", 1);
  ask("two", 2);
  ports_.drop("one", true);
  ASSERT_TRUE(wait(1));
  turn();
  EXPECT_EQ(reports_.size(), 1U);
  EXPECT_TRUE(reports_.contains("two"));
}

TEST_F(RadiusPortsTest, EapIsHeardAsLongAsThereIsAnAuthenticator) {
  ports_.set(port_profile("one", 1812));
  ports_.set(port_profile("two", 1812));
  ports_.drop("one", true);
  EXPECT_EQ(std::ranges::count(hears_, false), 0);
  const ProfilePointer supplicant = sim::make_profile([](Profile& made) {
    made.name = "two";
    made.pae.emplace(Profile::Pae{});
  });
  EXPECT_FALSE(ports_.set(supplicant));  // it was an authenticator until now
  ASSERT_FALSE(hears_.empty());
  EXPECT_FALSE(hears_.back());
}

TEST_F(RadiusPortsTest, SessionOfAHostIsAccounted) {
  RadiusServerStub server{loop_, AF_INET, 1812};
  const RadiusServerStub books{loop_, AF_INET, 1813};
  ASSERT_TRUE(server.bound() && books.bound());
  server.accepts = true;
  const auto link = ports_.set(port_profile("one", 1812));
  const auto heard = [&](std::size_t count) {
    const Time end = boot_time() + std::chrono::seconds{5};
    while (books.records.size() < count && boot_time() < end) static_cast<void>(loop_.run_once(end));
    turn();
    return books.records;
  };
  ask("one", 1);
  ASSERT_TRUE(wait(1));
  ASSERT_EQ(reports_.at("one").kind, Kind::accept);
  EXPECT_EQ(heard(1), (std::vector<std::uint8_t>{7}));  // the port has not said yet that it lets the host in
  ports_.follow("one", true, core::TerminateCause::lost_carrier);
  EXPECT_EQ(heard(2), (std::vector<std::uint8_t>{7, 1}));
  ports_.follow("one", true, core::TerminateCause::lost_carrier);
  ports_.follow("one", false, core::TerminateCause::lost_carrier);
  EXPECT_EQ(heard(3), (std::vector<std::uint8_t>{7, 1, 2}));
  EXPECT_EQ(link->status().at(0).counters.accounting_responses, 3U);
  reports_.clear();
  ask("one", 2);
  ASSERT_TRUE(wait(1));
  ports_.follow("one", true, core::TerminateCause::lost_carrier);
  ports_.drop("one", true);  // ends the session, and was the last port of these servers
  EXPECT_EQ(heard(6), (std::vector<std::uint8_t>{7, 1, 2, 1, 2, 8}));
}

TEST_F(RadiusPortsTest, TheEndOfASessionIsSaidAgainThoughThePortIsGone) {
  RadiusServerStub server{loop_, AF_INET, 1812};
  RadiusServerStub books{loop_, AF_INET, 1813};
  ASSERT_TRUE(server.bound() && books.bound());
  server.accepts = true;
  static_cast<void>(ports_.set(port_profile("one", 1812, radius_secret, std::chrono::milliseconds{100})));
  const auto heard = [&](std::size_t count) {
    const Time end = boot_time() + std::chrono::seconds{5};
    while (books.records.size() < count && boot_time() < end) static_cast<void>(loop_.run_once(end));
    return books.records;
  };
  ask("one", 1);
  ASSERT_TRUE(wait(1));
  ports_.follow("one", true, core::TerminateCause::lost_carrier);
  EXPECT_EQ(heard(2), (std::vector<std::uint8_t>{7, 1}));
  turn();
  books.ignores = 2;
  ports_.drop("one", true);
  auto end = heard(4);
  std::ranges::sort(end);
  EXPECT_EQ(end, (std::vector<std::uint8_t>{1, 2, 7, 8}));
}

TEST_F(RadiusPortsTest, OnIsSaidOnceOfAllPorts) {
  const RadiusServerStub books{loop_, AF_INET, 1813};
  ASSERT_TRUE(books.bound());
  const auto one = ports_.set(port_profile("one", 1812));
  const auto other = ports_.set(port_profile("other", 1645));  // another client, the same books
  ASSERT_NE(one, other);
  ports_.drop("other", true);
  ports_.drop("one", false);  // until the next process goes on
  const Time end = boot_time() + std::chrono::seconds{1};
  while (books.records.empty() && boot_time() < end) static_cast<void>(loop_.run_once(end));
  turn();
  EXPECT_EQ(books.records, std::vector<std::uint8_t>{7});
}

TEST_F(RadiusPortsTest, SessionOfTheProcessBeforeGoesOn) {
  const RadiusServerStub books{loop_, AF_INET, 1813};
  ASSERT_TRUE(books.bound());
  ports_.continue_books();
  const auto link = ports_.set(port_profile("one", 1812));
  const core::AccountedSession before{.id = "0123456789abcdef", .user_name = "alice"};
  ports_.resume("one", before);
  ports_.follow("one", true, core::TerminateCause::lost_service);
  EXPECT_EQ(ports_.account_of("one"), before);
  turn();
  EXPECT_TRUE(books.records.empty());
  ports_.follow("one", false, core::TerminateCause::lost_service);
  EXPECT_FALSE(ports_.account_of("one"));
  const Time end = boot_time() + std::chrono::seconds{1};
  while (books.records.empty() && boot_time() < end) static_cast<void>(loop_.run_once(end));
  EXPECT_EQ(books.records, std::vector<std::uint8_t>{2});
}

TEST_F(RadiusPortsTest, DeathOfAServerIsSeenInTheStatus) {
  const auto link = ports_.set(port_profile("one", 1812));
  for (core::RadiusConversation conversation = 1; conversation <= 3; ++conversation) {
    reports_.clear();
    EXPECT_TRUE(changed_.empty());
    ask("one", conversation);
    ASSERT_TRUE(wait(1));
  }
  EXPECT_EQ(changed_, std::vector<std::string>{"one"});
  EXPECT_EQ(link->status().at(0).state, core::RadiusServerState::dead);
}

}  // namespace
}  // namespace macsec::os
