// SPDX-License-Identifier: LGPL-2.1-or-later
/// Devices made beforehand, against the running kernel.
#include "engine/adapters/spare_devices.hpp"
#include "engine/adapters/system/event_loop.hpp"
#include "tests/vm/programs/secy_probe.hpp"

namespace macsec::os::probe {
namespace {

class SpareTest : public SecyTest {
 protected:
  void SetUp() override {
    SecyTest::SetUp();
    one_.on_change = [this](const LinkChange& change) { spares_.on_link_change(change, boot_time()); };
  }
  void TearDown() override {
    one_.on_change = [](const LinkChange&) {};
    SecyTest::TearDown();
  }

  static ProfilePointer profile(CipherSuite suite, const std::string& parent = "eth0",
                                OffloadChoice offload = OffloadChoice::off) {
    Profile out;
    out.name = "spare";
    out.link.parent = parent;
    out.link.interface = "macsec0";
    out.link.port = 5;
    out.link.create = CreateChoice::always;
    out.macsec.offload = offload;
    out.macsec.policy = Policy::should_secure;
    out.macsec.cipher_suites = {suite, CipherSuite::gcm_aes_128};
    return std::make_shared<const Profile>(std::move(out));
  }
  bool wait_suite(CipherSuite suite) {
    const auto has_suite = [suite](const Link& link) { return link.macsec && link.macsec->cipher_suite == suite; };
    // Where an attempt failed before, the next one waits for its time.
    for (const Time end = boot_time() + std::chrono::seconds{10}; boot_time() < end;) {
      if (one_.has_link("macsec0") && has_suite(one_.link())) return true;
      const Time next = std::min(spares_.next_timeout().value_or(end), end);
      const auto pause = std::chrono::duration_cast<std::chrono::milliseconds>(next - boot_time());
      pollfd events{.fd = one_.links().fd(), .events = POLLIN, .revents = 0};
      ::poll(&events, 1, std::max(static_cast<int>(pause.count()), 0) + 1);
      spares_.on_timeout(boot_time());
    }
    return false;
  }

  bool in_use_ = false;
  std::string problem_;
  SpareDevices spares_{one_.kernel(), one_.links(), [this](unsigned) { return in_use_; },
                       [this](const std::string&, const std::string& problem) { problem_ = problem; }};
};

TEST_F(SpareTest, IsThereWithoutKeysAsSoonAsItsParentIs) {
  spares_.reconcile({profile(CipherSuite::gcm_aes_xpn_256, "later0")}, boot_time());
  EXPECT_FALSE(one_.has_link("macsec0"));
  ASSERT_EQ(one_.run("ip link add later0 type dummy && ip link set later0 up"), 0);
  ASSERT_TRUE(wait_suite(CipherSuite::gcm_aes_xpn_256));
  const Link& link = one_.link();
  EXPECT_EQ(link.alias, device_mark);
  EXPECT_TRUE(link.dormant);
  EXPECT_TRUE(link.macsec->parameters.protect);
  EXPECT_EQ(link.macsec->parameters.validate, Validate::strict);
  EXPECT_EQ(link.macsec->sci.port(), 5);
  EXPECT_EQ(problem_, "");
  ASSERT_EQ(one_.run("ip link del later0"), 0);
  EXPECT_FALSE(one_.has_link("macsec0"));
}

TEST_F(SpareTest, FollowsItsProfile) {
  spares_.reconcile({profile(CipherSuite::gcm_aes_256)}, boot_time());
  ASSERT_TRUE(wait_suite(CipherSuite::gcm_aes_256));
  const unsigned first = one_.link().ifindex;
  spares_.reconcile({profile(CipherSuite::gcm_aes_256)}, boot_time());
  EXPECT_EQ(one_.link().ifindex, first);
  spares_.reconcile({profile(CipherSuite::gcm_aes_xpn_128)}, boot_time());
  ASSERT_TRUE(wait_suite(CipherSuite::gcm_aes_xpn_128));
  spares_.reconcile({}, boot_time());
  EXPECT_FALSE(one_.has_link("macsec0"));
}

TEST_F(SpareTest, InUseItIsLeftAlone) {
  spares_.reconcile({profile(CipherSuite::gcm_aes_256)}, boot_time());
  ASSERT_TRUE(wait_suite(CipherSuite::gcm_aes_256));
  in_use_ = true;
  const unsigned first = one_.link().ifindex;
  spares_.reconcile({profile(CipherSuite::gcm_aes_xpn_128)}, boot_time());
  spares_.reconcile({}, boot_time());
  EXPECT_EQ(one_.link().ifindex, first);
}

TEST_F(SpareTest, DeletedByAnotherHandItIsMadeAgain) {
  spares_.reconcile({profile(CipherSuite::gcm_aes_256)}, boot_time());
  ASSERT_TRUE(wait_suite(CipherSuite::gcm_aes_256));
  const unsigned first = one_.link().ifindex;
  ASSERT_EQ(one_.run("ip link del macsec0"), 0);
  EXPECT_TRUE(one_.wait("macsec0", [first](const Link& link) { return link.ifindex != first && link.macsec; }));
}

TEST_F(SpareTest, ADeviceOfOursWithTheSameSciIsNotTouched) {
  NetlinkSecy secy{one_.kernel(), [] {
                     SecyDevice out = device();
                     out.interface = "macsec1";
                     out.port = 5;
                     out.parameters = {.protect = false, .validate = Validate::check};
                     return out;
                   }()};
  ASSERT_DONE(secy.attach());
  ASSERT_DONE(secy.set_controlled_port(ControlledPort::up));
  ASSERT_TRUE(one_.wait_operstate(oper_up, "macsec1"));
  spares_.reconcile({profile(CipherSuite::gcm_aes_256)}, boot_time());
  EXPECT_FALSE(one_.has_link("macsec0"));
  EXPECT_NE(problem_.find("macsec1"), std::string::npos) << problem_;
  EXPECT_FALSE(one_.link("macsec1").macsec->parameters.protect);
  EXPECT_EQ(one_.link("macsec1").operstate, oper_up);
  ASSERT_DONE(secy.remove());
  ASSERT_TRUE(wait_suite(CipherSuite::gcm_aes_256));
  EXPECT_EQ(problem_, "");
}

TEST_F(SpareTest, DroppedItIsAwayUntilTheNextReconcile) {
  spares_.reconcile({profile(CipherSuite::gcm_aes_256)}, boot_time());
  ASSERT_TRUE(wait_suite(CipherSuite::gcm_aes_256));
  spares_.drop("macsec0");
  EXPECT_FALSE(one_.has_link("macsec0"));
  spares_.reconcile({profile(CipherSuite::gcm_aes_256)}, boot_time());
  EXPECT_TRUE(wait_suite(CipherSuite::gcm_aes_256));
}

TEST_F(SpareTest, SomebodyElsesDeviceStaysAndWhatIsInTheWayIsTold) {
  ASSERT_EQ(one_.run("ip link add link eth0 macsec0 type macsec port 5"), 0);
  spares_.reconcile({profile(CipherSuite::gcm_aes_256)}, boot_time());
  EXPECT_EQ(one_.link().macsec->cipher_suite, CipherSuite::gcm_aes_128);
  ASSERT_EQ(one_.run("ip link set macsec0 name other0"), 0);
  EXPECT_FALSE(one_.has_link("macsec0"));
  EXPECT_NE(problem_.find("other0"), std::string::npos) << problem_;  // has the SCI
  spares_.drop("macsec0");
  EXPECT_EQ(problem_, "");
  spares_.reconcile({profile(CipherSuite::gcm_aes_256)}, boot_time());
  EXPECT_NE(problem_.find("other0"), std::string::npos) << problem_;
  ASSERT_EQ(one_.run("ip link del other0"), 0);
  ASSERT_TRUE(wait_suite(CipherSuite::gcm_aes_256));
  EXPECT_EQ(problem_, "");
}

TEST_F(SpareTest, WhatIsRefusedIsTriedOnceAPause) {
  unsigned made = 0;
  one_.on_change = [&](const LinkChange& change) {
    if (change.kind == LinkChange::Kind::appeared) ++made;
    spares_.on_link_change(change, Time{});
  };
  spares_.reconcile({profile(CipherSuite::gcm_aes_128, "eth0", OffloadChoice::phy)}, Time{});
  EXPECT_NE(problem_, "");
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(one_.has_link("macsec0"));
  EXPECT_EQ(spares_.next_timeout(), Time{} + Backoff::first_pause);
  spares_.on_timeout(Time{} + Backoff::first_pause);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(one_.has_link("macsec0"));
  EXPECT_EQ(made, 0U) << "what no driver takes is not put in front of others";
  EXPECT_EQ(spares_.next_timeout(), Time{} + 3 * Backoff::first_pause);
}

}  // namespace
}  // namespace macsec::os::probe
