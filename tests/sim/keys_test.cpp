// SPDX-License-Identifier: LGPL-2.1-or-later
// Keys that begin, end and are exchanged under a flood, by clocks that are right, apart, or wrong.
#include "engine/config/instant.hpp"
#include "tests/sim/lab.hpp"

namespace macsec::sim {
namespace {

using std::chrono::seconds;

constexpr std::int64_t now_2027 = 1'800'000'000;
constexpr std::int64_t year = 365 * 86'400;

struct Bounds {
  std::optional<std::int64_t> not_before{};
  std::optional<std::int64_t> not_after{};
};

PreSharedKey key(std::string_view ckn, std::uint8_t fill, Bounds bounds = {}) {
  PreSharedKey out = psk(std::string{ckn}, fill);
  out.not_before = bounds.not_before;
  out.not_after = bounds.not_after;
  return out;
}

template <typename... Keys>
ProfilePointer with(const Keys&... keys) {
  return make_profile([&](Profile& p) {
    p.keys.clear();
    const auto add = [&](const PreSharedKey& each) { p.keys.push_back(duplicate(each)); };
    (add(keys), ...);
  });
}

ProfilePointer cutting(ProfilePointer profile, Duration tolerance = seconds{60}) {
  return make_profile([&](Profile& p) {
    p.keys.clear();
    for (const PreSharedKey& each : profile->keys) p.keys.push_back(duplicate(each));
    p.mka.key_expiry = KeyExpiry::cut;
    p.mka.key_tolerance = tolerance;
  });
}

const PreSharedKey old_up = key("10", 0x11);
const PreSharedKey old_down = key("30", 0x11);
const PreSharedKey fresh = key("20", 0x22);

/// Members with wall clocks that are set before they start.
struct Clocks {
  explicit Clocks(const ProfilePointer& profile, std::initializer_list<std::int64_t> clocks) {
    for (const std::int64_t clock : clocks) {
      hosts.push_back(&lab.attach(profile));
      hosts.back()->set_wall_clock(clock);
      lab.lan.plug(hosts.back()->index(), true);
      hosts.back()->start();
    }
  }
  Lab lab;
  std::vector<Host*> hosts;
};

core::KeyState state(const Host& host, std::string_view ckn) {
  const core::PortStatus status = host.status();
  for (const core::ParticipantStatus& each : status.participants)
    if (to_string(each.ckn) == ckn) return each.state;
  return core::KeyState::retired;
}

std::string blocker(const Host& host, std::string_view ckn) {
  const core::PortStatus status = host.status();
  for (const core::ParticipantStatus& each : status.participants)
    if (to_string(each.ckn) == ckn) return each.blocker;
  return "no such key";
}

std::string principal_of(const Host& host) {
  const auto ckn = host.status().principal;
  return ckn ? to_string(*ckn) : "";
}

// ---- one key after the other ----------------------------------------------------------------------------------------

TEST(Keys, AddedOnOneEndAndThenOnTheOtherLoseNothing) {
  for (const PreSharedKey* before : {&old_up, &old_down}) {
    Lab lab;
    const auto hosts = lab.secured(2, with(*before));
    lab.flood();
    for (Host* host : hosts) {
      host->reconfigure(with(*before, fresh));
      lab.lan.run_for(7 * second);
    }
    for (Host* host : hosts) {
      host->reconfigure(with(fresh));
      lab.lan.run_for(7 * second);
    }
    EXPECT_TRUE(lab.lan.secured());
    EXPECT_EQ(principal_of(*hosts[0]), "20");
  }
}

TEST(Keys, RetiredOnOneEndAfterTheOtherLoseNothing) {
  for (const unsigned members : {2U, 3U, 5U})
    for (const PreSharedKey* before : {&old_up, &old_down})
      for (const bool server_first : {true, false}) {
        Lab lab;
        auto hosts = lab.secured(members, with(*before));
        if (!server_first) std::ranges::reverse(hosts);
        lab.flood(2 * millisecond);
        for (Host* host : hosts) host->reconfigure(with(*before, fresh));
        lab.lan.run_for(2 * second);
        for (Host* host : hosts) {
          ASSERT_TRUE(host->retire_key(before->ckn, seconds{30}));
          ASSERT_TRUE(lab.lan.run_until([&] { return host->events(core::Event::Kind::key_retired) > 0; }, 30 * second))
              << members << " members: " << blocker(*host, to_string(before->ckn));
          host->reconfigure(with(fresh));
        }
        EXPECT_TRUE(lab.lan.secured());
        for (Host* host : hosts) EXPECT_EQ(principal_of(*host), "20");
      }
}

TEST(Keys, RetiredOnBothEndsAtOnceLoseNothing) {
  for (const PreSharedKey* before : {&old_up, &old_down}) {
    Lab lab;
    const auto hosts = lab.secured(2, with(*before));
    lab.flood();
    for (Host* host : hosts) host->reconfigure(with(*before, fresh));
    lab.lan.run_for(second);
    for (Host* host : hosts) ASSERT_TRUE(host->retire_key(before->ckn, seconds{30}));
    lab.lan.run_for(20 * second);
    for (Host* host : hosts) EXPECT_EQ(state(*host, to_string(before->ckn)), core::KeyState::retired);
    EXPECT_TRUE(lab.lan.secured());
  }
}

TEST(Keys, ReplacedInOneStepLoseNothing) {
  for (const PreSharedKey* before : {&old_up, &old_down})
    for (const unsigned members : {2U, 4U}) {
      Lab lab;
      const auto hosts = lab.secured(members, with(*before));
      lab.flood();
      for (Host* host : hosts) host->reconfigure(with(fresh));
      lab.lan.run_for(20 * second);
      EXPECT_TRUE(lab.lan.secured());
      EXPECT_EQ(hosts[0]->status().participants.size(), 1U);
    }
}

TEST(Keys, RemovedWhileThePeerHasNoOtherCutTheLinkSoon) {
  Lab lab;
  const auto hosts = lab.secured(2, with(old_up));
  hosts[0]->reconfigure(with(fresh));
  lab.lan.run_for(7 * second);
  EXPECT_NE(hosts[0]->state(), core::PortState::secured);
}

TEST(Keys, AreNotRetiredWhereThatWouldLoseAPeer) {
  Lab lab;
  const auto hosts = lab.secured(2, with(old_up));
  lab.flood();
  const auto refused = [&](Host& host, const Ckn& ckn) {
    const auto done = host.retire_key(ckn, seconds{5});
    return done ? 0 : done.error().code;
  };
  EXPECT_EQ(refused(*hosts[0], old_up.ckn), ENODATA) << "the last one";
  EXPECT_EQ(refused(*hosts[0], fresh.ckn), ENOENT);
  hosts[0]->reconfigure(with(old_up, fresh));
  lab.lan.run_for(10 * second);
  EXPECT_EQ(refused(*hosts[0], old_up.ckn), EBUSY) << "the peer has it not";
  EXPECT_TRUE(blocker(*hosts[0], "10").starts_with(to_string(hosts[1]->sci())));
  // With another CAK the peer is not live under it.
  hosts[1]->reconfigure(with(old_up, key("20", 0x77)));
  lab.lan.run_for(10 * second);
  EXPECT_EQ(refused(*hosts[0], old_up.ckn), EBUSY);
  // One that ends soon is no successor.
  for (Host* host : hosts) {
    host->reconfigure(with(old_up, key("20", 0x22, {.not_after = now_2027 + 1800})));
    host->set_wall_clock(now_2027);
  }
  lab.lan.run_for(10 * second);
  EXPECT_EQ(refused(*hosts[0], old_up.ckn), EBUSY);
  // Nobody there: nothing can be told.
  for (Host* host : hosts) host->reconfigure(with(old_up, fresh));
  lab.lan.run_for(10 * second);
  lab.lan.set_lossless(false);
  lab.lan.plug(1, false);
  lab.lan.run_for(10 * second);
  EXPECT_EQ(refused(*hosts[0], old_up.ckn), EBUSY);
  EXPECT_EQ(state(*hosts[0], "10"), core::KeyState::active);
}

TEST(Keys, AreNotRetiredByAProcessThatNeverSawThePeer) {
  for (const bool power : {false, true}) {
    Lab lab;
    const auto hosts = lab.secured(2, with(old_up));
    lab.lan.plug(1, false);
    lab.lan.run_for(10 * second);
    if (power)
      hosts[0]->reboot();
    else
      hosts[0]->crash();
    hosts[0]->start(Host::Memory::kept);
    hosts[0]->reconfigure(with(old_up, fresh));
    lab.lan.run_for(10 * second);
    const auto done = hosts[0]->retire_key(old_up.ckn, seconds{5});
    EXPECT_EQ(done ? 0 : done.error().code, EBUSY) << "the peer has no other";
    EXPECT_TRUE(hosts[0]->retire_key(fresh.ckn, seconds{5})) << "which nobody can have used";
    lab.lan.plug(1, true);
    EXPECT_TRUE(lab.secures_within(10 * second));
  }
}

// Whoever recorded a device that has left has no key, and says what it said again and again.
TEST(Keys, AreRetiredThoughADeviceThatLeftIsPlayedBack) {
  Lab lab;
  const auto hosts = lab.secured(3, with(old_up));
  std::vector<std::vector<std::uint8_t>> recorded;
  lab.lan.tap = [&](Index from, Bytes frame) {
    if (from == 2) recorded.emplace_back(frame.begin(), frame.end());
  };
  lab.lan.run_for(60 * second);
  lab.lan.tap = {};
  hosts[2]->crash();
  lab.lan.plug(2, false);
  lab.lan.run_for(10 * second);
  for (const Index index : {0U, 1U}) hosts[index]->reconfigure(with(old_up, fresh));
  const auto play = [&](std::size_t first, std::size_t count) {
    for (std::size_t i = first; i < first + count; ++i) {
      for (const Index index : {0U, 1U}) lab.lan.inject(index, recorded.at(i));
      lab.lan.run_for(3 * second);
    }
  };
  play(0, 5);
  for (const Index index : {0U, 1U})
    ASSERT_TRUE(hosts[index]->retire_key(old_up.ckn, seconds{60}, core::Retirement::patient));
  play(5, 15);
  for (const Index index : {0U, 1U}) EXPECT_EQ(state(*hosts[index], "10"), core::KeyState::retired);
}

TEST(Keys, AddedInVainCanBeTakenBack) {
  Lab lab;
  const auto hosts = lab.secured(2, with(old_up));
  lab.flood();
  hosts[0]->reconfigure(with(old_up, fresh));
  lab.lan.run_for(10 * second);
  EXPECT_EQ(blocker(*hosts[0], "20"), "");
  EXPECT_TRUE(hosts[0]->retire_key(fresh.ckn, seconds{5}));
  lab.lan.run_for(second);
  EXPECT_EQ(state(*hosts[0], "20"), core::KeyState::retired);
  EXPECT_TRUE(lab.lan.secured());
}

TEST(Keys, ARetirementOutOfTimeLeavesBoth) {
  Lab lab;
  const auto hosts = lab.secured(3, with(old_down));
  lab.flood();
  for (Host* host : hosts) host->reconfigure(with(old_down, fresh));
  lab.lan.run_for(second);
  ASSERT_TRUE(hosts[1]->retire_key(old_down.ckn, seconds{3}));
  lab.lan.run_for(second);
  EXPECT_EQ(state(*hosts[1], "30"), core::KeyState::draining);
  lab.lan.run_for(3 * second);
  EXPECT_EQ(hosts[1]->events(core::Event::Kind::key_kept), 1U);
  EXPECT_EQ(state(*hosts[1], "30"), core::KeyState::active);
  ASSERT_TRUE(hosts[1]->retire_key(old_down.ckn, seconds{30}));
  lab.lan.run_for(7 * second);
  EXPECT_TRUE(hosts[1]->keep_key(old_down.ckn));
  lab.lan.run_for(20 * second);
  EXPECT_EQ(state(*hosts[1], "30"), core::KeyState::active);
  EXPECT_TRUE(lab.lan.secured());
}

// ---- chains ---------------------------------------------------------------------------------------------------------

TEST(Chain, WhoseTimesOnlyTouchLosesNothingHoweverTheClocksDiffer) {
  for (const std::int64_t apart : {0, 2, 30, -30, 59, 300, -300})
    for (const bool up : {true, false}) {
      const auto profile = with(key(up ? "10" : "30", 0x11, {.not_after = now_2027 + 100}),
                                key("20", 0x22, {.not_before = now_2027 + 100}));
      Clocks chain{profile, {now_2027, now_2027 + apart}};
      ASSERT_TRUE(chain.lab.secures_within(5 * second)) << apart;
      chain.lab.flood(2 * millisecond);
      chain.lab.lan.run_for(700 * second);
      EXPECT_TRUE(chain.lab.lan.secured());
      for (Host* host : chain.hosts) EXPECT_EQ(principal_of(*host), "20") << apart;
    }
}

TEST(Chain, LastsThroughClocksThatJump) {
  const auto profile = with(key("10", 0x11, {.not_before = now_2027 - year, .not_after = now_2027 + year}),
                            key("20", 0x22, {.not_before = now_2027 + year, .not_after = now_2027 + 2 * year}));
  for (const bool both : {false, true})
    for (const Index who : {0U, 1U}) {
      Clocks chain{profile, {now_2027, now_2027}};
      ASSERT_TRUE(chain.lab.secures_within(second));
      chain.lab.lan.run_for(7 * second);
      chain.lab.flood();
      for (int round = 0; round < 20; ++round)
        for (const std::int64_t clock :
             {std::int64_t{0}, now_2027, std::int64_t{2'145'916'800}, now_2027 + 3 * year / 2, now_2027}) {
          for (Host* host : chain.hosts)
            if (both || host->index() == who) host->set_wall_clock(clock);
          chain.lab.lan.run_for((round % 3 + 1) * 4 * second);
        }
      EXPECT_TRUE(chain.lab.lan.secured());
      EXPECT_EQ(chain.hosts[0]->status().counters.peers_lost, 0U);
    }
}

TEST(Chain, WhoseOnlyKeyIsOverIsKeptAndSaysSo) {
  Clocks chain{with(key("10", 0x11, {.not_after = now_2027 + 100})), {now_2027, now_2027}};
  ASSERT_TRUE(chain.lab.secures_within(second));
  chain.lab.flood();
  chain.hosts[0]->set_wall_clock(now_2027 + year);
  chain.lab.lan.run_for(200 * second);
  EXPECT_EQ(state(*chain.hosts[0], "10"), core::KeyState::overdue);
  EXPECT_EQ(state(*chain.hosts[1], "10"), core::KeyState::overdue);
  EXPECT_EQ(chain.hosts[0]->events(core::Event::Kind::key_overdue), 1U);
  chain.lab.lan.set_lossless(false);
  chain.hosts[0]->reboot();
  chain.lab.lan.run_for(10 * second);
  chain.hosts[0]->start();
  EXPECT_TRUE(chain.lab.secures_within(10 * second)) << "and after a reboot";
}

TEST(Chain, TellsOfItsEndThreeTimesWhileNoKeyFollows) {
  constexpr std::int64_t hour = 3600;
  const std::int64_t end = now_2027 + 240 * hour;
  Clocks alone{with(key("10", 0x11, {.not_after = end})), {now_2027, now_2027}};
  Clocks followed{with(key("10", 0x11, {.not_after = end}), key("20", 0x22, {.not_before = end - hour})),
                  {now_2027, now_2027}};
  const auto told = [](const Clocks& chain) { return chain.hosts[0]->events(core::Event::Kind::key_expiring); };
  for (const auto& [left, count] : {std::pair{240 * hour, 0U},
                                    {167 * hour, 1U},
                                    {30 * hour, 1U},
                                    {20 * hour, 2U},
                                    {2 * hour, 2U},
                                    {hour / 2, 3U},
                                    {hour / 4, 3U}})
    for (Clocks* chain : {&alone, &followed}) {
      for (Host* host : chain->hosts) host->set_wall_clock(end - left);
      chain->lab.lan.run_for(10 * second);
      EXPECT_EQ(told(*chain), chain == &alone ? count : 0U) << left / hour << " hours before";
    }
}

TEST(Chain, EndsAtItsBoundWhereThatIsWanted) {
  const auto profile = cutting(with(key("10", 0x11, {.not_after = now_2027 + 100})), seconds{10});
  Clocks chain{profile, {now_2027, now_2027}};
  ASSERT_TRUE(chain.lab.secures_within(second));
  chain.lab.lan.run_for(108 * second);
  EXPECT_TRUE(chain.lab.lan.secured());
  chain.lab.lan.run_for(3 * second);
  for (Host* host : chain.hosts) {
    EXPECT_EQ(host->state(), core::PortState::pending);
    EXPECT_EQ(host->status().reason, core::Reason::no_key);
    EXPECT_EQ(host->status().reason_text,
              "no key of this profile is valid now: 10 ended " + format_instant(now_2027 + 100));
  }
}

TEST(Chain, ThatWasCutByAClockThatJumpedIsBackOnceItIsRight) {
  const auto profile = cutting(with(key("10", 0x11, {.not_after = now_2027 + year})), seconds{10});
  Clocks chain{profile, {now_2027, now_2027}};
  ASSERT_TRUE(chain.lab.secures_within(second));
  chain.hosts[0]->set_wall_clock(now_2027 + 2 * year);
  chain.lab.lan.run_for(10 * second);
  EXPECT_EQ(chain.hosts[0]->status().reason, core::Reason::no_key);
  chain.hosts[0]->set_wall_clock(now_2027 + 30);
  EXPECT_TRUE(chain.lab.secures_within(10 * second));
}

TEST(Chain, IsSecuredWhereAClockWasNeverSet) {
  const auto profile = with(key("10", 0x11, {.not_before = 1'767'225'600}));
  for (const auto& clocks : {std::initializer_list<std::int64_t>{0, now_2027}, {now_2027, 0}, {0, 0}}) {
    Clocks chain{profile, clocks};
    EXPECT_TRUE(chain.lab.secures_within(5 * second));
    EXPECT_EQ(chain.hosts[0]->status().clock_trusted, *clocks.begin() != 0);
    EXPECT_EQ(chain.hosts[0]->events(core::Event::Kind::clock_untrusted), *clocks.begin() == 0 ? 1U : 0U);
  }
}

TEST(Chain, IsSecuredHoweverWrongAClockIsAtStart) {
  std::array<PreSharedKey, 4> keys;
  for (std::int64_t i = 0; i < 4; ++i)
    keys[static_cast<std::size_t>(i)] =
        key("1" + std::to_string(i), static_cast<std::uint8_t>(0x11 + i),
            {.not_before = now_2027 + (i - 1) * year, .not_after = now_2027 + i * year});
  const auto profile = with(keys[0], keys[1], keys[2], keys[3]);
  for (const std::int64_t one : {-3, -1, 0, 1, 2, 5})
    for (const std::int64_t other : {-3, -1, 0, 1, 2, 5}) {
      Clocks chain{profile, {now_2027 + one * year + 1000, now_2027 + other * year + 1000}};
      // The one that is wrong is the one that answers: it must have heard the other twice.
      EXPECT_TRUE(chain.lab.secures_within(5 * second)) << one << " and " << other;
    }
}

TEST(Chain, OutlivesRestartsPastItsEnd) {
  Clocks chain{with(key("10", 0x11, {.not_after = now_2027 + 10}), key("20", 0x22, {.not_before = now_2027 + year})),
               {now_2027, now_2027}};
  ASSERT_TRUE(chain.lab.secures_within(second));
  chain.lab.lan.run_for(100 * second);
  chain.lab.flood();
  for (Host* host : chain.hosts) {
    host->crash();
    host->start(Host::Memory::kept);
    chain.lab.lan.run_for(10 * second);
  }
  EXPECT_TRUE(chain.lab.lan.secured());
  EXPECT_EQ(chain.hosts[0]->status().counters.sak_rekeys, 0U);
}

}  // namespace
}  // namespace macsec::sim
