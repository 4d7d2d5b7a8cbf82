// SPDX-License-Identifier: LGPL-2.1-or-later
/// A bus that keeps the service's name from it.
#include "dbus/bus/connection.hpp"
#include "tests/dbus/private_bus.hpp"
#include "tests/dbus/server_over_model.hpp"

#include <gtest/gtest.h>

namespace macsec::test {
namespace {

class NameTest : public testing::Test {
 protected:
  struct Refusal {
    std::string why;
    bool taken = false;
  };
  bus::ServerOptions options(std::vector<Refusal>& refusals) {
    bus::ServerOptions out;
    out.address = bus_.address();
    out.refused = [&refusals](const std::string& why, bool taken) { refusals.push_back({why, taken}); };
    return out;
  }
  bool settled(const bus::Server& server) {
    return run_until(event_.get(), [&server] { return !server.asks_for_name(); });
  }

  PrivateBus bus_;
  EventPointer event_ = new_event();
  std::vector<Refusal> refusals_;
};

TEST_F(NameTest, APolicyThatRefusesItIsNamedWithTheWayOut) {
  bus_.start("<deny own=\"org.macsecd1\"/>");
  ServerOverModel served{event_.get(), options(refusals_)};
  ASSERT_TRUE(served.server.start());
  EXPECT_TRUE(served.server.asks_for_name());
  ASSERT_TRUE(settled(served.server));
  ASSERT_EQ(refusals_.size(), 1U);
  EXPECT_FALSE(refusals_[0].taken);
  EXPECT_NE(refusals_[0].why.find("org.macsecd1.conf"), std::string::npos) << refusals_[0].why;
  EXPECT_FALSE(served.server.has_name());
}

TEST_F(NameTest, ASecondServiceIsToldThatThereIsOne) {
  bus_.start();
  std::vector<Refusal> of_first;
  ServerOverModel first{event_.get(), options(of_first)};
  ASSERT_TRUE(first.server.start());
  ASSERT_TRUE(settled(first.server));
  ServerOverModel second{event_.get(), options(refusals_)};
  ASSERT_TRUE(second.server.start());
  ASSERT_TRUE(settled(second.server));
  ASSERT_EQ(refusals_.size(), 1U);
  EXPECT_TRUE(refusals_[0].taken);
  EXPECT_TRUE(first.server.has_name());
  EXPECT_TRUE(of_first.empty());
}

TEST_F(NameTest, ANameThatIsLostIsTold) {
  bus_.start();
  ServerOverModel served{event_.get(), options(refusals_)};
  auto connection = bus::start_connection(event_.get(), bus_.address(), "macsecd");
  ASSERT_TRUE(connection) << connection.error().message;
  sd_bus* const bus = connection->get();
  ASSERT_TRUE(served.server.serve(std::move(*connection)));
  ASSERT_TRUE(settled(served.server));
  ASSERT_TRUE(served.server.has_name());
  ASSERT_GE(sd_bus_release_name_async(bus, nullptr, "org.macsecd1", nullptr, nullptr), 0);
  EXPECT_TRUE(run_until(event_.get(), [this] { return !refusals_.empty(); }));
  EXPECT_FALSE(served.server.has_name());
}

}  // namespace
}  // namespace macsec::test
