// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/adapters/backoff.hpp"
#include "engine/adapters/set_downs.hpp"
#include "engine/adapters/system/event_loop.hpp"
#include "engine/adapters/system/state_store.hpp"
#include "engine/adapters/system/timer_queue.hpp"
#include "engine/config/claims.hpp"
#include "tests/temporary_directory.hpp"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <random>
#include <sys/stat.h>

namespace macsec::os {
namespace {

using namespace std::chrono_literals;

std::string read_text(const std::string& path) {
  std::ifstream in{path};
  return {std::istreambuf_iterator<char>{in}, {}};
}
void write_text(const std::string& path, std::string_view text) { std::ofstream{path} << text; }

core::Snapshot full_snapshot() {
  const Sci ours = Sci::of({{2, 0, 0, 0, 0, 1}}, 1);
  const Sci theirs = Sci::of({{2, 0, 0, 0, 0, 2}}, 65534);
  core::Snapshot::Participant participant;
  participant.ckn = Ckn::from_hex("aabbcc").value_or(Ckn{});
  participant.mi.octets.fill(0x5a);
  participant.mn_limit = 4'294'967'295U;
  participant.live = {
      {.mi = {}, .mn = 7, .sci = theirs, .priority = 255, .version = 3, .key_server = true, .suspended = 60},
      {.mi = {}, .mn = 1, .sci = ours, .priority = 0, .version = 1, .key_server = false}};
  core::Snapshot snapshot;
  snapshot.sci = ours;
  snapshot.last_kn = 12;
  snapshot.interruptions = 7;
  snapshot.participants = {participant, {.ckn = participant.ckn.padded(), .mi = {}, .mn_limit = 0, .live = {}}};
  snapshot.latest = core::Snapshot::Key{.key = {participant.mi, 12},
                                        .an = An{3},
                                        .cipher_suite = CipherSuite::gcm_aes_xpn_256,
                                        .encrypt = false,
                                        .ckn = participant.ckn,
                                        .members = {ours, theirs}};
  snapshot.old = core::Snapshot::Key{.key = {participant.mi, 11},
                                     .an = An{2},
                                     .cipher_suite = CipherSuite::gcm_aes_128,
                                     .encrypt = true,
                                     .ckn = participant.ckn,
                                     .members = {}};
  snapshot.used = {{1, 2, 3}, {0xff}};
  return snapshot;
}

TEST(Snapshot, SurvivesItsTextForm) {
  const core::Snapshot snapshot = full_snapshot();
  const auto read = read_snapshot(write_snapshot(snapshot));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, snapshot);
  const auto empty = read_snapshot(write_snapshot({}));
  ASSERT_TRUE(empty);
  EXPECT_EQ(*empty, core::Snapshot{});
}

TEST(Snapshot, CutOffAnywhereIsRefused) {
  const std::string text = write_snapshot(full_snapshot());
  for (std::size_t length = 0; length + 1 < text.size(); ++length)
    EXPECT_FALSE(read_snapshot(std::string_view{text}.substr(0, length))) << length;
}

TEST(Snapshot, DamageIsRefusedOrHarmless) {
  const std::string text = write_snapshot(full_snapshot());
  std::mt19937 random{7};
  for (int i = 0; i < 2000; ++i) {
    std::string damaged = text;
    damaged[random() % damaged.size()] = static_cast<char>(random() % 256);
    static_cast<void>(read_snapshot(damaged));  // must not crash
  }
  EXPECT_FALSE(read_snapshot("macsecd-snapshot 2\nend\n"));
  EXPECT_FALSE(read_snapshot("macsecd-snapshot 1\nlive 00 1 00 1 1 1\nend\n"));
  EXPECT_FALSE(read_snapshot("macsecd-snapshot 1\nlast-kn 4294967296\nend\n"));
  EXPECT_FALSE(read_snapshot("macsecd-snapshot 1\nlast-kn 1 2\nend\n"));
  EXPECT_FALSE(read_snapshot("macsecd-snapshot 1\nend\nmore\n"));
}

TEST(StateStore, SavesLoadsForgets) {
  const test::TemporaryDirectory directory;
  const StateStore store{(directory.path() / "a/b").string(), (directory.path() / "c").string()};
  const auto missing = store.load("link");
  ASSERT_TRUE(missing);
  EXPECT_FALSE(*missing);

  ASSERT_TRUE(store.save("link", full_snapshot()));
  const auto loaded = store.load("link");
  ASSERT_TRUE(loaded);
  EXPECT_EQ(*loaded, full_snapshot());
  struct stat info{};
  ASSERT_EQ(::stat((directory.path() / "a/b/link.snapshot").string().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);

  store.forget("link");
  EXPECT_FALSE(*store.load("link"));
}

// A process that found the one before would use message numbers again.
TEST(StateStore, ASnapshotThatCannotBeReplacedIsRemoved) {
  const test::TemporaryDirectory directory;
  const StateStore store{directory.path(), directory.path()};
  ASSERT_TRUE(store.save("link", full_snapshot()));
  std::filesystem::create_directories(directory.path() / ".link.snapshot.new" / "in-the-way");
  const auto done = store.save("link", full_snapshot());
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().code, EROFS);
  EXPECT_FALSE(*store.load("link"));
}

TEST(StateStore, ASnapshotThatCanNeitherBeReplacedNorRemovedIsTold) {
  const test::TemporaryDirectory directory;
  const StateStore store{directory.path(), directory.path()};
  std::filesystem::create_directories(directory.path() / "link.snapshot" / "in-the-way");
  const auto done = store.save("link", full_snapshot());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, EROFS);
}

TEST(StateStore, ReportsDamage) {
  const test::TemporaryDirectory directory;
  const StateStore store{directory.path(), directory.path()};
  write_text((directory.path() / "link.snapshot").string(), "nonsense");
  EXPECT_FALSE(store.load("link"));
  write_text((directory.path() / "key.pn").string(), "macsecd-packet-number 1\nlimit 12");
  EXPECT_FALSE(store.reserved_pn("key"));
  EXPECT_FALSE(store.reserve_pn("key", 100));
}

TEST(StateStore, NamesNeverLeaveTheDirectory) {
  const test::TemporaryDirectory directory;
  const StateStore store{(directory.path() / "in").string(), (directory.path() / "in").string()};
  for (const std::string_view name : {"../out", "/etc/x", "..", ".", ".hidden", "a b\nc", "x.snapshot"}) {
    ASSERT_TRUE(store.save(name, full_snapshot())) << name;
    EXPECT_TRUE(store.load(name).value_or(std::nullopt)) << name;
  }
  EXPECT_FALSE(std::filesystem::exists((directory.path() / "out.snapshot").string()));
  EXPECT_EQ(escape_file_name("a/b"), "a\\x2fb");
  EXPECT_NE(escape_file_name("a/b"), escape_file_name("a\\x2fb"));
}

TEST(StateStore, ReservationsOnlyGrow) {
  const test::TemporaryDirectory directory;
  const StateStore store{directory.path(), directory.path()};
  EXPECT_FALSE(*store.reserved_pn("key"));
  ASSERT_TRUE(store.reserve_pn("key", 1000));
  ASSERT_TRUE(store.reserve_pn("key", 10));
  EXPECT_EQ(*store.reserved_pn("key"), 1000U);
  ASSERT_TRUE(store.reserve_pn("key", ~std::uint64_t{0}));
  EXPECT_EQ(*store.reserved_pn("key"), ~std::uint64_t{0});
  EXPECT_EQ(read_text((directory.path() / "key.pn").string()),
            "macsecd-packet-number 1\nlimit 18446744073709551615\nend\n");
}

TEST(TimerQueue, AgreesWithASortedList) {
  struct Item : TimerQueue::Entry {};
  std::vector<std::unique_ptr<Item>> items;
  for (int i = 0; i < 200; ++i) items.push_back(std::make_unique<Item>());
  TimerQueue queue;
  std::mt19937 random{42};
  for (int round = 0; round < 5000; ++round) {
    Item& item = *items[random() % items.size()];
    switch (random() % 4) {
      case 0:
        queue.set(item, std::nullopt);
        break;
      case 1: {
        const Time now{Duration{random() % 1000}};
        const TimerQueue::Entry* const due = queue.pop_due(now);
        EXPECT_TRUE(due == nullptr || !due->deadline());
        break;
      }
      default:
        queue.set(item, Time{Duration{random() % 1000}});
        break;
    }
    std::optional<Time> least;
    std::size_t armed = 0;
    for (const auto& one : items)
      if (one->deadline()) {
        ++armed;
        least = least ? std::min(*least, *one->deadline()) : one->deadline();
      }
    ASSERT_EQ(queue.next(), least);
    ASSERT_EQ(queue.size(), armed);
  }
  items.clear();
  EXPECT_EQ(queue.size(), 0U);
}

TEST(Backoff, AllowsOneAttemptAPauseForWhomever) {
  Backoff backoff;
  Time now{Duration{1s}};
  EXPECT_TRUE(backoff.may_try(now));
  EXPECT_FALSE(backoff.next());
  for (const Duration pause :
       {100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms, 6400ms, 12'800ms, 25'600ms, 30'000ms, 30'000ms}) {
    backoff.failed(now);
    EXPECT_EQ(backoff.next(), now + pause);
    EXPECT_FALSE(backoff.may_try(now + pause - 1us));
    now += pause;
    EXPECT_TRUE(backoff.may_try(now));
  }
  backoff.reset();
  backoff.failed(now);
  EXPECT_EQ(backoff.next(), now + 100ms);
}

TEST(Backoff, AnotherCauseShortensThePauseButNeverBelowTheFirst) {
  Backoff backoff;
  backoff.cause_changed();
  EXPECT_FALSE(backoff.next());
  Time now{Duration{1s}};
  for (int i = 0; i < 6; ++i) backoff.failed(now);
  backoff.cause_changed();
  EXPECT_FALSE(backoff.may_try(now + 99ms));
  EXPECT_TRUE(backoff.may_try(now + 100ms));
  now += 100ms;
  backoff.failed(now);
  EXPECT_EQ(backoff.next(), now + 6400ms);
}

TEST(Pace, AnswersAtOnceForAWhileThenOnceASecond) {
  Pace pace;
  Time now{Duration{1h}};
  for (unsigned i = 1; i <= Pace::most_at_once; ++i) {
    EXPECT_EQ(pace.next(now), now);
    EXPECT_EQ(pace.answered(now), i == Pace::most_at_once);
    now += 1ms;
  }
  for (int i = 0; i < 30; ++i) {
    const Time next = pace.next(now);
    EXPECT_EQ(next, now - 1ms + 1s);
    now = next;
    EXPECT_FALSE(pace.answered(now));
    now += 1ms;
  }
  now += Pace::span;
  EXPECT_EQ(pace.next(now), now);
}

// Losses of carrier of the parent and the device, and whether each is up, as they are seen one after the other.
TEST(SetDowns, AreToldFromLossesOfCarrier) {
  struct Look {
    std::uint32_t parent, device;
    bool carrier, device_carrier, up;
    std::uint32_t expected;
    const char* what;
  };
  SetDowns downs;
  for (const Look& look : {
           Look{4, 1, true, true, true, 0, "begin"},
           Look{5, 1, false, true, true, 0, "the carrier is lost, and the device does not know yet"},
           Look{5, 2, false, false, true, 0, "now it does"},
           Look{5, 2, true, false, true, 0, "it is back"},
           Look{5, 2, true, true, true, 0, "for both"},
           Look{6, 2, true, true, true, 0, "a flap that was too short for the device"},
           Look{6, 3, true, true, true, 1, "set down and up between two looks"},
           Look{6, 4, true, false, false, 2, "set down"},
           Look{7, 4, false, false, false, 2, "the carrier is lost meanwhile"},
           Look{7, 4, true, true, true, 2, "up"},
           Look{8, 5, false, false, true, 2, "the carrier is lost"},
           Look{8, 5, false, false, false, 3, "set down without it"},
           Look{8, 5, true, true, true, 3, "up"},
           Look{9, 7, true, true, true, 4, "carrier lost, and set down, between two looks"},
       }) {
    Link parent;
    parent.carrier = look.carrier;
    parent.carrier_losses = look.parent;
    Link device;
    device.ifindex = 7;
    device.up = look.up;
    device.carrier = look.device_carrier;
    device.carrier_losses = look.device;
    EXPECT_EQ(downs.follow(parent, device), look.expected) << look.what;
  }
  Link another;
  another.ifindex = 8;
  EXPECT_EQ(downs.follow(Link{}, another), 4U) << "another device";
}

TEST(Claims, AreForTheInterfaceAndForThePortOfDevicesCreatedHere) {
  const auto profile = [](std::string name, std::string interface, std::uint16_t port, CreateChoice create) {
    Profile out;
    out.name = std::move(name);
    out.link.parent = "e0";
    out.link.interface = std::move(interface);
    out.link.port = port;
    out.link.create = create;
    return out;
  };
  Claims claims;
  EXPECT_EQ(claims.add(profile("a", "m0", 1, CreateChoice::yes)), "");
  EXPECT_EQ(claims.add(profile("b", "m0", 2, CreateChoice::yes)), "Interface=m0 is taken by profile a");
  EXPECT_EQ(claims.add(profile("c", "m1", 1, CreateChoice::always)), "Port=1 on Parent=e0 is taken by profile a");
  // Of those refused nothing is taken.
  EXPECT_EQ(claims.add(profile("d", "m1", 2, CreateChoice::yes)), "");
  EXPECT_EQ(claims.add(profile("e", "m2", 1, CreateChoice::no)), "");
  EXPECT_EQ(claims.add(profile("f", "m3", 3, CreateChoice::no)), "");
  EXPECT_EQ(claims.add(profile("g", "m4", 3, CreateChoice::yes)), "");
  // EAPOL knows one port of a device, whoever creates it.
  Profile access = profile("h", "m6", 7, CreateChoice::no);
  access.pae.emplace();
  EXPECT_EQ(claims.add(access), "");
  EXPECT_EQ(claims.add(profile("i", "m7", 8, CreateChoice::no)), "") << "keys of its own";
  access.name = "j";
  access.link.interface = "m8";
  access.link.port = 9;
  access.pae->role = PaeRole::authenticator;
  EXPECT_EQ(claims.add(access), "[8021X] on Parent=e0 is taken by profile h");
  access.link.parent = "e1";
  EXPECT_EQ(claims.add(access), "");
  EXPECT_TRUE(claims.has_interface("m3"));
  EXPECT_FALSE(claims.has_interface("m5"));
}

TEST(EventLoop, TimersFireInOrderAndDeferredWorkOnce) {
  auto loop = EventLoop::open();
  ASSERT_TRUE(loop);
  std::string order;
  auto deferred = loop->deferred([&] { order += 'd'; });
  auto late = loop->timer([&] {
    order += '2';
    loop->exit(3);
  });
  auto early = loop->timer([&] {
    order += '1';
    deferred->schedule();
    deferred->schedule();
  });
  ASSERT_TRUE(late && early && deferred);
  late->arm(boot_time() + 20ms);
  early->arm(boot_time() + 1ms);
  EXPECT_EQ(loop->run().value_or(-1), 3);
  EXPECT_EQ(order, "1d2");
}

TEST(EventLoop, HearsSignals) {
  auto loop = EventLoop::open();
  ASSERT_TRUE(loop);
  auto source = loop->on_signal(SIGHUP, [&] { loop->exit(1); });
  ASSERT_TRUE(source);
  ASSERT_EQ(::raise(SIGHUP), 0);
  EXPECT_EQ(loop->run().value_or(-1), 1);
}

}  // namespace
}  // namespace macsec::os
