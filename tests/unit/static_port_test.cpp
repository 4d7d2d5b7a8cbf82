// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/static_port.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>

namespace macsec::core {
namespace {

using namespace std::chrono_literals;

/// A SecY that keeps what it is given and refuses what the kernel would.
class FakeSecy final : public Secy {
 public:
  Result<void> select_cipher_suite(CipherSuite suite) override {
    state.cipher_suite = suite;
    return refuse ? Result<void>{fail(5, "no")} : Result<void>{};
  }
  Result<void> configure(const SecyParameters& parameters) override {
    state.parameters = parameters;
    return {};
  }
  Result<void> set_controlled_port(ControlledPort to) override {
    controlled = to;
    return {};
  }
  Result<void> create_receive_sc(const Sci& sci) override {
    if (find(sci) == nullptr) state.receive.push_back({sci, {}});
    return {};
  }
  Result<void> delete_receive_sc(const Sci& sci) override {
    std::erase_if(state.receive, [&](const ReceiveScState& sc) { return sc.sci == sci; });
    return {};
  }
  Result<void> install_receive_sa(const Sci& sci, An an, const SaKey& key, Pn lowest, Ssci ssci) override {
    find(sci)->associations.push_back({an, true, key.id, lowest, ssci});
    return {};
  }
  Result<void> delete_receive_sa(const Sci& sci, An an) override {
    std::erase_if(find(sci)->associations, [&](const SaState& sa) { return sa.an == an; });
    return {};
  }
  Result<void> raise_lowest_pn(const Sci&, An, Pn) override { return {}; }
  Result<void> install_transmit_sa(An, const SaKey&, Ssci) override { return fail("not for static keys"); }
  Result<void> install_static_transmit_sa(An an, const SaKey& key, Ssci ssci, Pn first) override {
    ++installs;
    state.transmit.push_back({an, true, key.id, first, ssci});
    return {};
  }
  Result<void> transmit_with(An an) override {
    state.encoding = an;
    return {};
  }
  Result<void> delete_transmit_sa(An an) override {
    std::erase_if(state.transmit, [&](const SaState& sa) { return sa.an == an; });
    return {};
  }
  Result<SecyState> read() override { return state; }

  ReceiveScState* find(const Sci& sci) {
    const auto at = std::ranges::find(state.receive, sci, &ReceiveScState::sci);
    return at == state.receive.end() ? nullptr : &*at;
  }

  SecyState state;
  ControlledPort controlled = ControlledPort::dormant;
  bool refuse = false;
  int installs = 0;
};

class NoTrace final : public Trace {
 public:
  void record(const TraceRecord&) override {}
};

class StaticPortTest : public ::testing::Test {
 protected:
  static constexpr Sci ours = Sci::of({{2, 0, 0, 0, 0, 1}}, 1);
  static constexpr Sci theirs = Sci::of({{2, 0, 0, 0, 0, 2}}, 1);
  static constexpr std::uint64_t slow = 9'279;  ///< bit/s: ten of the smallest frames a second

  static std::shared_ptr<Profile> make_profile() {
    auto profile = std::make_shared<Profile>();
    profile->static_keys.push_back(make_key(true, 0, 1));
    profile->static_keys.push_back(make_key(false, 0, 2));
    return profile;
  }
  static StaticKey make_key(bool transmit, unsigned an, std::uint8_t fill) {
    StaticKey key;
    key.transmit = transmit;
    if (!transmit) key.peer = theirs;
    key.an = An{an};
    std::ranges::fill(key.key.allocate(16), fill);
    key.key_id.fill(fill);
    return key;
  }
  static LinkState link(std::uint64_t speed = slow) {
    return {.present = true, .carrier = true, .mac = ours.mac(), .sci = ours, .speed = speed};
  }
  StaticPort make(ProfilePointer profile) {
    secy.state.sci = ours;
    return {std::move(profile), secy,
            PacketNumberLedger{.reserved = [this](const std::string& key) -> Result<std::optional<Pn>> {
                                 if (ledger_broken) return fail(5, "disk");
                                 const auto at = ledger.find(key);
                                 return at == ledger.end() ? std::nullopt : std::optional{at->second};
                               },
                               .reserve = [this](const std::string& key, Pn limit) -> Result<void> {
                                 if (ledger_broken) return fail(5, "disk");
                                 ledger[key] = std::max(ledger[key], limit);
                                 return {};
                               }},
            trace};
  }
  /// As the driver does: the SecY has sent until `next`.
  void sample(StaticPort& port, Pn next) {
    secy.state.transmit.front().next_pn = next;
    port.on_sample(secy.state, now += 1s);
  }
  [[nodiscard]] Pn reserved() const { return ledger.empty() ? 0 : ledger.begin()->second; }

  FakeSecy secy;
  NoTrace trace;
  std::map<std::string, Pn> ledger;
  bool ledger_broken = false;
  Time now{1000s};
};

TEST_F(StaticPortTest, InstallsWhatTheProfileSays) {
  StaticPort port = make(make_profile());
  EXPECT_EQ(port.status().reason, Reason::no_device);
  port.on_link(link(), now);
  EXPECT_EQ(port.status().state, PortState::secured);
  ASSERT_EQ(secy.state.transmit.size(), 1U);
  EXPECT_EQ(secy.state.transmit[0].next_pn, 1U);
  ASSERT_EQ(secy.state.receive.size(), 1U);
  EXPECT_EQ(secy.state.receive[0].sci, theirs);
  EXPECT_EQ(secy.controlled, ControlledPort::up);
  EXPECT_EQ(reserved(), 41U);
}

TEST_F(StaticPortTest, NeverSendsAPacketNumberTwice) {
  {
    StaticPort port = make(make_profile());
    port.on_link(link(), now);
  }
  secy.state.transmit.clear();  // a reboot
  secy.state.receive.clear();
  StaticPort port = make(make_profile());
  port.on_link(link(), now);
  EXPECT_EQ(secy.state.transmit[0].next_pn, 41U);
  EXPECT_EQ(reserved(), 81U);
}

TEST_F(StaticPortTest, GivesNoKeyToHardware) {
  for (const OffloadMode mode : {OffloadMode::mac, OffloadMode::phy}) {
    secy.state.offload = mode;
    StaticPort port = make(make_profile());
    port.on_link(link(), now);
    EXPECT_EQ(port.status().reason, Reason::secy_error);
    EXPECT_EQ(secy.installs, 0);
    EXPECT_EQ(secy.controlled, ControlledPort::dormant);
  }
}

TEST_F(StaticPortTest, TakesOverItsOwnLeftoversOnly) {
  {
    StaticPort port = make(make_profile());
    port.on_link(link(), now);
  }
  secy.state.transmit[0].next_pn = 20;
  secy.state.transmit.push_back({An{3}, true, {}, 9, 0});
  secy.state.receive.push_back({ours, {}});
  secy.find(theirs)->associations.push_back({An{2}, true, {}, 9, 0});
  StaticPort port = make(make_profile());
  port.on_link(link(), now);
  EXPECT_EQ(secy.installs, 1);
  ASSERT_EQ(secy.state.transmit.size(), 1U);
  EXPECT_EQ(secy.state.transmit[0].next_pn, 20U);
  ASSERT_EQ(secy.state.receive.size(), 1U);
  EXPECT_EQ(secy.state.receive[0].associations.size(), 1U);
}

TEST_F(StaticPortTest, SomebodyElseCannotMakeItCountAnew) {
  StaticPort port = make(make_profile());
  port.on_link(link(), now);
  sample(port, 15);
  sample(port, 3);
  EXPECT_EQ(port.status().state, PortState::secured);
  ASSERT_EQ(secy.state.transmit.size(), 1U);
  EXPECT_GE(secy.state.transmit[0].next_pn, 41U) << "set back under us";

  sample(port, 60);
  LinkState gone = link();
  gone.present = false;
  port.on_link(gone, now);
  secy.state.transmit[0].next_pn = 1;
  port.on_link(link(), now);
  EXPECT_GE(secy.state.transmit[0].next_pn, 60U) << "the device was made anew, with the key in it";

  const Pn before = secy.state.transmit[0].next_pn;
  secy.state.transmit.clear();
  port.on_sample(secy.state, now += 1s);
  ASSERT_EQ(secy.state.transmit.size(), 1U);
  EXPECT_GE(secy.state.transmit[0].next_pn, before) << "deleted under us";
}

TEST_F(StaticPortTest, NeverCountsFromBelowWhatTheProfileSays) {
  auto profile = make_profile();
  profile->static_keys[0].packet_number = 500;
  {
    StaticPort port = make(profile);
    port.on_link(link(), now);
    EXPECT_EQ(secy.state.transmit[0].next_pn, 500U);
  }
  secy.state.transmit[0].next_pn = 7;  // put there by hand
  StaticPort port = make(profile);
  port.on_link(link(), now);
  EXPECT_GE(secy.state.transmit[0].next_pn, 500U);
}

TEST_F(StaticPortTest, ReservesAheadOfUse) {
  StaticPort port = make(make_profile());
  port.on_link(link(), now);
  for (Pn next = 10; next < 1000; next += 10) {  // line rate
    sample(port, next);
    EXPECT_GE(reserved(), next + 10);  // enough until the next look
  }
  EXPECT_EQ(port.sample_interval(), Duration{1s});
}

TEST_F(StaticPortTest, StopsSendingWithoutAReservation) {
  StaticPort port = make(make_profile());
  port.on_link(link(), now);
  ledger_broken = true;
  sample(port, 30);
  EXPECT_TRUE(secy.state.transmit.empty());
  EXPECT_EQ(port.status().state, PortState::failed);
  ledger_broken = false;
  ASSERT_TRUE(port.next_timeout());
  port.on_timeout(*port.next_timeout());
  EXPECT_EQ(port.status().state, PortState::secured);
  EXPECT_EQ(secy.state.transmit[0].next_pn, 41U);
}

TEST_F(StaticPortTest, GoesToTheNextKeyWhenOneIsUsedUp) {
  auto profile = make_profile();
  profile->static_keys.push_back(make_key(true, 1, 3));
  StaticPort port = make(profile);
  port.on_link(link(), now);
  sample(port, 0);
  EXPECT_EQ(secy.state.encoding, An{1});
  EXPECT_EQ(port.status().state, PortState::secured);
  secy.state.transmit[1].next_pn = 0;
  sample(port, 0);
  EXPECT_EQ(port.status().state, PortState::failed);
  EXPECT_EQ(secy.controlled, ControlledPort::dormant);
  port.on_link(link(slow * 2), now);
  EXPECT_EQ(port.status().state, PortState::failed);
}

TEST_F(StaticPortTest, UsedUpOnDiskIsUsedUp) {
  StaticPort first = make(make_profile());
  first.on_link(link(~std::uint64_t{0}), now);  // reserves the whole space at this speed
  EXPECT_EQ(reserved(), Pn{1} << 32U);
  secy.state.transmit.clear();
  StaticPort port = make(make_profile());
  port.on_link(link(), now);
  EXPECT_EQ(port.status().state, PortState::failed);
  EXPECT_TRUE(secy.state.transmit.empty());
}

TEST_F(StaticPortTest, DownDeletesKeys) {
  StaticPort port = make(make_profile());
  port.on_link(link(), now);
  port.set_enabled(false, now);
  EXPECT_TRUE(secy.state.transmit.empty());
  EXPECT_TRUE(secy.state.receive.empty());
  EXPECT_EQ(secy.controlled, ControlledPort::dormant);
  EXPECT_EQ(port.status().reason, Reason::disabled);
  port.set_enabled(true, now);
  EXPECT_EQ(port.status().state, PortState::secured);
  EXPECT_EQ(secy.state.transmit[0].next_pn, 41U);
}

TEST_F(StaticPortTest, RetriesWhatWasRefused) {
  secy.refuse = true;
  StaticPort port = make(make_profile());
  port.on_link(link(), now);
  EXPECT_EQ(port.status().state, PortState::failed);
  EXPECT_EQ(port.status().reason, Reason::secy_error);
  secy.refuse = false;
  port.on_timeout(*port.next_timeout());
  EXPECT_EQ(port.status().state, PortState::secured);
}

TEST_F(StaticPortTest, AChangedKeyReplacesTheOld) {
  StaticPort port = make(make_profile());
  port.on_link(link(), now);
  auto changed = make_profile();
  changed->static_keys[0] = make_key(true, 0, 9);
  port.reconfigure(changed, now);
  ASSERT_EQ(secy.state.transmit.size(), 1U);
  EXPECT_EQ(secy.state.transmit[0].next_pn, 1U);  // of another key
  EXPECT_EQ(secy.installs, 2);
  EXPECT_EQ(ledger.size(), 2U);
}

}  // namespace
}  // namespace macsec::core
