// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the simulator's tests share: a LAN that fills with hosts, and leaves a pcap and a trace where a test failed.
#pragma once

#include "tests/sim/forge.hpp"
#include "tests/sim/host.hpp"
#include "tests/sim/v1_peer.hpp"

#include <gtest/gtest.h>

namespace macsec::sim {

class Lab {
 public:
  explicit Lab(std::uint64_t seed = 1) : lan{seed}, seed_{seed}, failures_before_{failures()} {}
  Lab(const Lab&) = delete;
  Lab& operator=(const Lab&) = delete;
  ~Lab() {
    EXPECT_TRUE(lan.world.good()) << lan.world.report();
    if (failures() == failures_before_) return;
    std::fprintf(stderr, "in the end: %s\n", lan.why_unsecured().c_str());
    const testing::TestInfo* test = testing::UnitTest::GetInstance()->current_test_info();
    std::string name = std::string{"sim-"} + test->test_suite_name() + "." + test->name();
    std::ranges::replace(name, '/', '-');
    name += "-" + std::to_string(failures_before_);
    lan.pcap.write(name + ".pcap");
    lan.world.trace.write(name + ".trace");
    std::fprintf(stderr, "seed %llu; frames in %s.pcap, steps in %s.trace\n", static_cast<unsigned long long>(seed_),
                 name.c_str(), name.c_str());
  }

  VirtualLan lan;

  /// Attached, but neither plugged nor started.
  Host& attach(ProfilePointer profile = make_profile(), HostOptions options = {}) {
    options.profile = std::move(profile);
    options.clock_ppm = static_cast<int>(lan.random.between(-200, 200));
    options.clock_offset = lan.random.between(1, 90LL * 86'400 * second) | 1;
    options.seed = seed_;
    return lan.attach([&](Index index) { return std::make_unique<Host>(lan, index, options); });
  }
  /// Attached, plugged and started.
  Host& add(ProfilePointer profile = make_profile(), HostOptions options = {}) {
    Host& host = attach(std::move(profile), std::move(options));
    lan.plug(host.index(), true);
    host.start();
    return host;
  }
  V1Peer& add_v1(std::uint8_t priority, const PreSharedKey& key = psk("abcd", 0x11)) {
    V1Peer& peer =
        lan.attach([&](Index index) { return std::make_unique<V1Peer>(lan, index, key, priority, seed_ + index); });
    lan.plug(peer.index(), true);
    return peer;
  }

  /// `count` members with one profile, secured and at rest: no key before is in use any more.
  std::vector<Host*> secured(unsigned count, const ProfilePointer& profile = make_profile()) {
    std::vector<Host*> hosts;
    for (unsigned i = 0; i < count; ++i) hosts.push_back(&add(profile));
    EXPECT_TRUE(secures_within(second)) << lan.why_unsecured();
    lan.run_for(7 * second);
    return hosts;
  }

  /// Microseconds until all are secured, or `limit` and a little.
  Instant time_to_secure(Instant limit = 10 * second) {
    const Instant began = lan.world.now;
    lan.run_until([&] { return lan.secured(); }, limit);
    return lan.secured() ? lan.world.now - began : limit + 1;
  }
  [[nodiscard]] bool secures_within(Instant limit) { return time_to_secure(limit) <= limit; }
  /// From here on a user frame lost is a failure; one is sent every `interval` by each.
  void flood(Instant interval = millisecond) {
    lan.set_traffic(interval);
    lan.run_for(interval);
    lan.set_lossless(true);
  }

 private:
  static int failures() { return testing::UnitTest::GetInstance()->current_test_info()->result()->total_part_count(); }

  std::uint64_t seed_;
  int failures_before_;
};

inline const core::ParticipantStatus& principal(const core::PortStatus& status) {
  for (const core::ParticipantStatus& each : status.participants)
    if (each.principal) return each;
  throw std::runtime_error{"no principal participant"};
}

inline KeyId key_in_use(const Host& host) {
  const core::PortStatus status = host.status();
  return status.latest ? status.latest->key : status.old ? status.old->key : KeyId{};
}

}  // namespace macsec::sim
