// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugin/keys/pacing.hpp"

namespace macsec::keys {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::Ge;
using testing::IsEmpty;
using testing::Le;
using Kind = Action::Kind;
using Question = ServerState::Question;

const Ckn x = *Ckn::from_hex("10");
const Ckn y = *Ckn::from_hex("20");
const Ckn z = *Ckn::from_hex("30");

Ckn numbered(unsigned number) {
  const std::array<std::uint8_t, 4> octets{static_cast<std::uint8_t>(number >> 24U),
                                           static_cast<std::uint8_t>(number >> 16U),
                                           static_cast<std::uint8_t>(number >> 8U), static_cast<std::uint8_t>(number)};
  return *Ckn::from(octets);
}

/// One end of a link: the clock, the server, and the keys of a daemon.
class End {
 public:
  explicit End(PacingSettings settings = {.is_first = true}) : pacing{settings, server, 1, now} {
    pacing.on_link(true, now);
    tell();
  }

  void tell() { pacing.on_keys(keys, now); }
  void pass(Duration span) { now += span; }
  /// "ask_new", "look_up 20", ...
  std::vector<std::string> actions() {
    std::vector<std::string> out;
    while (const auto action = pacing.poll_action(now)) {
      constexpr std::array names{"ask_new", "look_up", "retire", "drop"};
      out.emplace_back(names.at(static_cast<std::size_t>(action->kind)));
      if (action->kind != Kind::ask_new) out.back() += ' ' + to_string(action->ckn);
    }
    return out;
  }
  /// The daemon has taken a key that was asked for.
  void add(const Ckn& ckn) {
    server.succeeded(Question::new_key, now);
    keys.push_back({.ckn = ckn, .live = false, .draining = false, .since = now});
    tell();
    pacing.on_added(ckn, Added::yes, now);
  }
  void set_live(const Ckn& ckn, bool live = true) {
    for (HeldKey& key : keys)
      if (key.ckn == ckn) key.live = live;
    tell();
  }
  void drain(const Ckn& ckn) {
    for (HeldKey& key : keys)
      if (key.ckn == ckn) key.draining = true;
    tell();
  }
  void remove(const Ckn& ckn) {
    std::erase_if(keys, [&](const HeldKey& key) { return key.ckn == ckn; });
    tell();
  }
  /// Until there is something to do, or `limit` is over.
  std::vector<std::string> wait(Duration limit) {
    for (const Time end = now + limit;;) {
      if (auto out = actions(); !out.empty()) return out;
      const auto next = pacing.next_timeout(now);
      if (!next || *next > end) {
        now = end;
        return {};
      }
      EXPECT_GT(*next, now);
      now = *next;
    }
  }

  Time now{1h};
  ServerState server{1};
  std::vector<HeldKey> keys;
  Pacing pacing;
};

// --- the initiator ---

TEST(KeysPacing, TheFirstKeyIsAskedForAtOnce) {
  End end;
  EXPECT_THAT(end.actions(), ElementsAre("ask_new"));
  EXPECT_THAT(end.actions(), IsEmpty());
}

TEST(KeysPacing, NothingIsAskedForWithoutALinkOrBeforeTheDaemonHasSpoken) {
  ServerState server{1};
  const Time now{1h};
  Pacing pacing{{.is_first = true}, server, 1, now};
  pacing.on_link(true, now);
  EXPECT_FALSE(pacing.poll_action(now));
  EXPECT_FALSE(pacing.next_timeout(now));
  pacing.on_keys({}, now);
  pacing.on_link(false, now);
  EXPECT_FALSE(pacing.poll_action(now));
}

TEST(KeysPacing, AKeyIsReplacedInTimeAndRetiredOnceTheNextIsLive) {
  End end{{.is_first = true, .every = 100s}};
  end.actions();
  end.add(x);
  end.set_live(x);
  const Time live = end.now;
  EXPECT_THAT(end.wait(200s), ElementsAre("ask_new"));
  EXPECT_GE(end.now, live + 90s);
  EXPECT_LE(end.now, live + 110s);
  end.add(y);
  EXPECT_THAT(end.actions(), IsEmpty());
  end.set_live(y);
  EXPECT_THAT(end.actions(), ElementsAre("retire 10"));
  end.drain(x);
  EXPECT_THAT(end.wait(15s), IsEmpty());
  end.remove(x);
  EXPECT_THAT(end.wait(30s), IsEmpty());
}

TEST(KeysPacing, AnOldKeyThatWasKeptIsRetiredAgain) {
  End end{{.is_first = true, .every = 1h}};
  end.actions();
  end.add(x);
  end.set_live(x);
  end.wait(2h);
  end.add(y);
  end.set_live(y);
  EXPECT_THAT(end.actions(), ElementsAre("retire 10"));
  end.pacing.on_kept(x, end.now);
  EXPECT_THAT(end.actions(), IsEmpty());
  EXPECT_THAT(end.wait(Pacing::retire_again), ElementsAre("retire 10"));
}

TEST(KeysPacing, AKeyThatNeverGetsAPeerGoesWhereAnotherWorksAndAnotherIsTakenLater) {
  End end{{.is_first = true, .every = 100s}};
  end.actions();
  end.add(x);
  end.set_live(x);
  end.wait(200s);
  end.add(y);
  const Time added = end.now;
  EXPECT_THAT(end.wait(60s), ElementsAre("drop 20"));
  EXPECT_EQ(end.now, added + Pacing::patience);
  EXPECT_EQ(end.pacing.mismatches(), 0U);
  end.remove(y);
  EXPECT_THAT(end.wait(10s), ElementsAre("ask_new"));
}

// The daemon begins to retire a key and keeps it after all: it must not hold the place of the next one for ever.
TEST(KeysPacing, AKeyThatIsKeptAfterAllIsDroppedAgain) {
  End end;
  EXPECT_THAT(end.actions(), ElementsAre("ask_new"));
  end.add(x);
  end.set_live(x);
  EXPECT_THAT(end.wait(2h), ElementsAre("ask_new"));
  end.add(y);
  EXPECT_THAT(end.wait(60s), ElementsAre("drop 20"));
  end.drain(y);
  end.pass(30s);
  end.keys.back().draining = false;
  end.tell();
  EXPECT_THAT(end.actions(), ElementsAre("ask_new"));
  EXPECT_THAT(end.wait(Pacing::retire_again), ElementsAre("drop 20"));
  EXPECT_EQ(end.pacing.mismatches(), 0U);
}

// macsec-keys is started again while the other end is down: what it did not see the daemon did.
TEST(KeysPacing, AKeyThatWorkedBeforeOurTimeIsNotDropped) {
  End end;
  end.keys.push_back({.ckn = x, .live = false, .draining = false, .since = end.now, .had_peer = true});
  end.tell();
  end.wait(60s);
  end.add(y);
  EXPECT_THAT(end.actions(), IsEmpty());
  end.set_live(y);
  EXPECT_THAT(end.actions(), ElementsAre("retire 10"));
}

TEST(KeysPacing, AnOnlyKeyIsSpokenUntilTheNextOneIsThere) {
  End end;
  end.actions();
  end.add(x);
  EXPECT_THAT(end.wait(60s), ElementsAre("ask_new"));
  EXPECT_THAT(end.actions(), IsEmpty());
  end.add(y);
  EXPECT_THAT(end.actions(), ElementsAre("drop 10"));
}

TEST(KeysPacing, APeerThatIsAwayCostsFewerAndFewerKeys) {
  End end;
  unsigned asked = 0;
  const Time end_of_day = end.now + 24h;
  while (end.now < end_of_day) {
    for (const std::string& action : end.wait(end_of_day - end.now)) {
      if (action == "ask_new")
        end.add(numbered(++asked));
      else
        end.remove(*Ckn::from_hex(action.substr(action.find(' ') + 1)));
    }
    ASSERT_LE(end.keys.size(), Pacing::most_keys);
  }
  EXPECT_GE(asked, 24U * 12);
  EXPECT_LE(asked, 24U * 16 + 10);
}

TEST(KeysPacing, ALostPeerIsGivenANewKeyForTheOldOneMayBeLostToIt) {
  End end;
  end.actions();
  end.add(x);
  end.set_live(x);
  end.pass(10min);
  end.set_live(x, false);
  const Time lost = end.now;
  EXPECT_THAT(end.wait(2h), ElementsAre("ask_new"));
  EXPECT_GE(end.now, lost + Pacing::patience);
}

TEST(KeysPacing, AServerThatIsDownIsAskedAgainWhenItIsReady) {
  End end;
  EXPECT_THAT(end.actions(), ElementsAre("ask_new"));
  Duration longest{0};
  const Time began = end.now;
  for (int i = 0; i < 100; ++i) {
    end.server.failed(Question::new_key, {Refusal::Kind::unreachable, "x"}, end.now);
    end.pacing.on_no_key();
    const Time before = end.now;
    ASSERT_THAT(end.wait(1h), ElementsAre("ask_new"));
    ASSERT_GE(end.now, before + ServerState::shortest_wait);
    ASSERT_LE(end.now, before + ServerState::longest_wait);
    longest = std::max(longest, end.now - before);
  }
  EXPECT_GT(longest, 4min);
  EXPECT_GT(end.now - began, 90 * 4min);
}

TEST(KeysPacing, AfterARestartTheAgeOfAKeyIsTheDaemons) {
  End end{{.is_first = true, .every = 1h}};
  ServerState server{1};
  Pacing again{{.is_first = true, .every = 1h}, server, 1, end.now};
  again.on_link(true, end.now);
  const std::vector<HeldKey> keys{{.ckn = x, .live = true, .draining = false, .since = end.now - 2h}};
  again.on_keys(keys, end.now);
  const auto action = again.poll_action(end.now);
  ASSERT_TRUE(action);
  EXPECT_EQ(action->kind, Kind::ask_new);
}

// --- the responder ---

const PacingSettings responder{.is_first = false, .every = 1h};

TEST(KeysPacing, TheResponderFetchesWhatItHearsOf) {
  End end{responder};
  EXPECT_THAT(end.actions(), IsEmpty());
  end.pacing.on_unknown_ckn(x, end.now);
  end.pacing.on_unknown_ckn(x, end.now);
  EXPECT_THAT(end.actions(), ElementsAre("look_up 10"));
  end.pacing.on_unknown_ckn(x, end.now);
  EXPECT_THAT(end.actions(), IsEmpty());
  end.add(x);
  end.set_live(x);
  EXPECT_THAT(end.wait(30h), IsEmpty());
}

TEST(KeysPacing, TheResponderBeginsWhereNoKeyIsLiveForLong) {
  End end{responder};
  const Time began = end.now;
  EXPECT_THAT(end.wait(60s), ElementsAre("ask_new"));
  EXPECT_EQ(end.now, began + Pacing::take_over);
  End never{{.initiator = Initiator::no}};
  EXPECT_THAT(never.wait(1h), IsEmpty());
}

TEST(KeysPacing, TheResponderRetiresTooAndDoesNotFetchWhatItRetired) {
  End end{responder};
  for (const Ckn& ckn : {x, y}) {
    end.pass(1h);
    end.pacing.on_unknown_ckn(ckn, end.now);
    end.actions();
    end.add(ckn);
    end.set_live(ckn);
  }
  EXPECT_THAT(end.actions(), ElementsAre("retire 10"));
  end.remove(x);
  end.pacing.on_unknown_ckn(x, end.now);
  EXPECT_THAT(end.actions(), IsEmpty());
}

TEST(KeysPacing, OfTwoKeysOfOneMomentBothEndsKeepTheSame) {
  for (const bool reversed : {false, true}) {
    End end{responder};
    for (const Ckn& ckn : reversed ? std::array{y, x} : std::array{x, y}) {
      end.pass(1s);
      end.add(ckn);
      end.set_live(ckn);
    }
    EXPECT_THAT(end.actions(), ElementsAre("retire 10")) << reversed;
  }
}

TEST(KeysPacing, AKeyUnderWhichTheOtherEndIsNeverLiveIsCounted) {
  End end{responder};
  end.add(x);
  end.set_live(x);
  end.pacing.on_unknown_ckn(y, end.now);
  end.actions();
  end.add(y);
  EXPECT_THAT(end.wait(60s), ElementsAre("drop 20"));
  EXPECT_EQ(end.pacing.mismatches(), 1U);
}

TEST(KeysPacing, AKeyThatIsLateAtOurServerIsAskedForThreeTimesAndNotForTenMinutesThen) {
  End end{responder};
  const Time began = end.now;
  unsigned asked = 0;
  for (; end.now < began + Pacing::refused_for; end.pass(1s)) {
    end.pacing.on_unknown_ckn(x, end.now);
    if (end.actions() != std::vector<std::string>{"look_up 10"}) continue;
    ++asked;
    const Refusal refusal{Refusal::Kind::refused, "x"};
    end.server.failed(Question::known_key, refusal, end.now);
    end.pacing.on_no_such_key(x, refusal, end.now);
  }
  EXPECT_EQ(asked, Pacing::most_tries);
  EXPECT_EQ(end.server.up(), std::nullopt);
  end.pass(10s);
  end.pacing.on_unknown_ckn(x, end.now);
  EXPECT_THAT(end.actions(), ElementsAre("look_up 10"));
}

TEST(KeysPacing, MadeUpNamesCostTwoLookUpsASecondAndNeverAKeyInUse) {
  End end{responder};
  end.add(x);
  end.set_live(x);
  unsigned asked = 0;
  unsigned number = 0;
  for (unsigned millisecond = 0; millisecond < 60'000; ++millisecond, end.pass(1ms))
    for (int i = 0; i < 10; ++i) {
      end.pacing.on_unknown_ckn(numbered(++number), end.now);
      for (const std::string& action : end.actions()) {
        ASSERT_THAT(action, testing::StartsWith("look_up"));
        ++asked;
        end.pacing.on_no_such_key(numbered(number), {Refusal::Kind::refused, "x"}, end.now);
      }
    }
  EXPECT_LE(asked, 60U * 2 + 8);
  EXPECT_GE(asked, 60U * 2);
}

TEST(KeysPacing, NothingIsFetchedWithoutRoomForIt) {
  End end{responder};
  for (const Ckn& ckn : {x, y, z}) end.add(ckn);
  end.pacing.on_unknown_ckn(numbered(1), end.now);
  EXPECT_THAT(end.actions(), IsEmpty());
}

TEST(KeysPacing, ANameOfAnotherLengthIsNotAskedFor) {
  End end{{.id_octets = 16}};
  end.pacing.on_unknown_ckn(x, end.now);
  EXPECT_THAT(end.actions(), IsEmpty());
}

// --- the server ---

TEST(KeysServerState, IsNotHammered) {
  ServerState server{7};
  const Time now{1h};
  for (const auto kind : {Refusal::Kind::refused, Refusal::Kind::untrusted}) {
    server.failed(Question::new_key, {kind, "no"}, now);
    EXPECT_EQ(server.ready_at(), now + 5min);
    EXPECT_EQ(server.up(), false);
    EXPECT_EQ(server.last_error(), "no");
  }
  server.succeeded(Question::status, now, "9 keys stored");
  EXPECT_EQ(server.ready_at(), now);
  EXPECT_EQ(server.status_at(), now + 1h);
  EXPECT_EQ(server.up(), true);
  EXPECT_EQ(server.words(), "9 keys stored");
  EXPECT_EQ(server.last_error(), "");
  server.failed(Question::new_key, {Refusal::Kind::busy, "empty"}, now);
  EXPECT_LE(server.ready_at(), now + 1500ms);
}

TEST(KeysServerState, ANameThatItDoesNotKnowSaysNothingAboutIt) {
  ServerState server{7};
  const Time now{1h};
  for (const auto kind : {Refusal::Kind::refused, Refusal::Kind::busy, Refusal::Kind::malformed})
    server.failed(Question::known_key, {kind, "no"}, now);
  EXPECT_LE(server.ready_at(), now);
  EXPECT_EQ(server.up(), std::nullopt);
  server.failed(Question::known_key, {Refusal::Kind::unreachable, "no"}, now);
  EXPECT_EQ(server.up(), false);
  EXPECT_GT(server.ready_at(), now);
  EXPECT_EQ(server.counts()[1], (std::pair<std::string_view, std::uint64_t>{"unreachable", 1}));
}

}  // namespace
}  // namespace macsec::keys
