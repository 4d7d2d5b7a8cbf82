// SPDX-License-Identifier: LGPL-2.1-or-later
/// Calls by the thousand, senseless and huge ones, a peer that speaks no D-Bus, and memory that does not grow.
#include "tests/dbus/fixture.hpp"
#include "tests/dbus/hostile.hpp"

#include <fcntl.h>
#include <malloc.h>
#include <random>
#include <sys/socket.h>

namespace macsec::test {
namespace {

class Robustness : public BusTest {
 protected:
  Robustness() {
    bus::ServerOptions options;
    options.address = bus_.address();
    options.authority.trusted.insert(::geteuid());
    served_.emplace(event_.get(), std::move(options));
    EXPECT_TRUE(served_->server.start());
    run_until([this] { return served_->server.has_name(); });
  }
  [[nodiscard]] std::vector<std::string> everything() {
    std::vector<std::string> out = model().profiles();
    for (const std::string& interface : model().sessions()) out.push_back(interface);
    return out;
  }
};

TEST_F(Robustness, TenThousandSenselessCallsLeaveItServing) {
  add_lab({.lifetime = bus::Lifetime::memory});
  const std::vector<std::string> before = everything();
  const int priority = model().profile("lab").profile->mka.priority;
  std::mt19937 random{20};
  std::size_t sent = 0, answered = 0;
  while (sent < 10'000) {
    std::array<std::uint8_t, 256> octets{};
    std::ranges::generate(octets, [&random] { return static_cast<std::uint8_t>(random()); });
    Decisions decisions{octets};
    bus::Request<bus::Nothing> request{hostile_call(client().bus(), bus::service_name, decisions)};
    if (request.message == nullptr) continue;
    ++sent;
    client().send<bus::Nothing>(request, [&answered](const auto&) { ++answered; });
    if (sent - answered < 64) continue;
    ASSERT_TRUE(test::run_until(event_.get(), [&] { return answered == sent; }));
  }
  ASSERT_TRUE(test::run_until(event_.get(), [&] { return answered == sent; }));
  EXPECT_EQ(everything(), before);
  EXPECT_EQ(model().profile("lab").profile->mka.priority, priority);
  EXPECT_EQ(caller().error_of(client().add_profile("other", lab_settings("macsec1"), {})), "");
}

TEST_F(Robustness, AnOversizedCallIsRefused) {
  bus::Settings settings = lab_settings();
  for (int i = 0; i < 1100; ++i) settings.push_back({"Key", {{"Ckn", "00"}}});
  EXPECT_EQ(caller().error_of(client().add_profile("lab", settings, {})), bus::error::invalid_argument);
  settings = lab_settings();
  settings[0].texts.emplace_back("Description", std::string(8U << 20U, 'x'));
  EXPECT_EQ(caller().error_of(client().add_profile("lab", settings, {})), bus::error::limit_exceeded);
  EXPECT_TRUE(everything().empty());
}

TEST_F(Robustness, AThousandProfilesComeAndGoWithoutGrowth) {
  static constexpr unsigned many = 1000;
  const auto round = [this] {
    int open = 0;
    const auto wait = [&] { test::run_until(event_.get(), [&open] { return open == 0; }); };
    std::size_t failures = 0;
    for (unsigned i = 0; i < many; ++i) {
      ++open;
      const std::string number = std::to_string(i);
      client().send<bus::ObjectPath>(client().add_profile("p" + number, lab_settings("macsec" + number), {}),
                                     [&](const auto& outcome) { --open, failures += outcome ? 0U : 1U; });
    }
    wait();
    EXPECT_EQ(model().profiles().size(), many);
    EXPECT_EQ(model().sessions().size(), many);
    for (unsigned i = 0; i < many; ++i) {
      ++open;
      client().send<bus::Nothing>(client().remove_profile(bus::Client::profile_path("p" + std::to_string(i))),
                                  [&](const auto& outcome) { --open, failures += outcome ? 0U : 1U; });
    }
    wait();
    EXPECT_EQ(failures, 0U);
    EXPECT_TRUE(everything().empty());
    model().commands = {};
  };
  round();
  round();
  const std::size_t before = ::mallinfo2().uordblks;
  round();
  const std::size_t after = ::mallinfo2().uordblks;
  EXPECT_LE(after, before + (32U << 10U)) << "octets in use";
}

TEST(DirectPeer, NoiseEndsOnlyItsOwnConnection) {
  std::mt19937 random{7};
  for (int i = 0; i < 100; ++i) {
    const EventPointer event = new_event();
    ServerOverModel served{event.get(), bus::ServerOptions{}};
    DirectConnection connection = connect_directly(event.get());
    const int fd = ::fcntl(sd_bus_get_fd(connection.client.get()), F_DUPFD_CLOEXEC, 0);
    const FileDescriptor end{fd};
    ASSERT_TRUE(served.server.serve(std::move(connection.server)));
    ASSERT_TRUE(run_until(event.get(), [&] { return sd_bus_is_ready(connection.client.get()) > 0; }));
    std::array<std::uint8_t, 200> noise{};
    std::ranges::generate(noise, [&random] { return static_cast<std::uint8_t>(random()); });
    if (i % 2 == 0) {  // a header that may be one
      noise[0] = 'l';
      noise[1] = 1;
      noise[3] = 1;
      for (std::size_t at : {5U, 6U, 7U, 13U, 14U, 15U}) noise[at] = 0;
    }
    ASSERT_GT(::send(fd, noise.data(), noise.size(), MSG_NOSIGNAL), 0);
    connection.client.reset();
    ::shutdown(fd, SHUT_RDWR);
    ASSERT_TRUE(run_until(event.get(), [&] { return !served.reports.empty(); })) << "round " << i;
    EXPECT_TRUE(served.model.reload());
  }
}

}  // namespace
}  // namespace macsec::test
