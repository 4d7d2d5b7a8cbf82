// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/mka/participant.hpp"
#include "tests/unit/core/rig.hpp"

namespace macsec::core {
namespace {

/// One member: what it stands on, and its participant.
struct Member : Rig {
  explicit Member(std::uint8_t last)
      : Rig{last}, participant{std::move(Participant::create(context.profile->keys.front(), random).value())} {
    for (int i = 0; i < last; ++i) participant.renew(random);
    participant.active = true;
    participant.start_hello(now);
  }
  Participant participant;

  Frame speak(const Announcement& what = {}) { return participant.transmit(context, what, random, now, 2s); }
  Participant::Received hear(const Frame& frame) {
    return participant.receive(read_mkpdu(read_eapol(frame).value().body).value(), now);
  }
};

struct Two {
  Member one{1};
  Member other{2};
  void pass(Duration span) {
    one.now += span;
    other.now += span;
  }
  /// Both have heard each other and say so.
  void meet() {
    other.hear(one.speak());
    one.hear(other.speak());
    other.hear(one.speak());
  }
  [[nodiscard]] Peer& seen() { return *one.participant.peers().find(other.participant.mi()); }
  [[nodiscard]] bool live() {
    one.participant.peers().expire(one.now);
    return one.participant.peers().is_live(other.participant.mi());
  }
};

// 802.1X-2020 9.4.3
TEST(Participant, APeerIsLiveOnceItListsUs) {
  Two two;
  const Frame first = two.other.speak();
  EXPECT_FALSE(two.one.hear(first).became_live);
  EXPECT_FALSE(two.seen().live);
  two.other.hear(two.one.speak());
  const auto got = two.one.hear(two.other.speak());
  EXPECT_TRUE(got.became_live);
  EXPECT_TRUE(got.hears_us);
  EXPECT_TRUE(two.one.participant.grew);
}

// 802.1X-2020 9.4.2
TEST(Participant, AnMnIsTakenOnce) {
  Two two;
  const Frame first = two.other.speak();
  const Frame second = two.other.speak();
  EXPECT_EQ(two.one.hear(second).what, Participant::Reception::accepted);
  EXPECT_EQ(two.one.hear(second).what, Participant::Reception::replayed);
  EXPECT_EQ(two.one.hear(first).what, Participant::Reception::replayed);
}

TEST(Participant, OurMiFromAnotherIsACollision) {
  Two two;
  EXPECT_EQ(two.one.hear(two.one.speak()).what, Participant::Reception::mi_collision);
}

// 802.1X-2020 Table 9-3
TEST(Participant, WhoDoesNotHearUsDoesNotStayLive) {
  Two two;
  two.meet();
  ASSERT_TRUE(two.live());
  for (int i = 0; i < 4; ++i) {
    two.pass(2s);
    static_cast<void>(two.one.speak());  // lost
    two.one.hear(two.other.speak());
  }
  EXPECT_TRUE(two.live()) << "its list was fresh for a life time";
  for (int i = 0; i < 2; ++i) {
    two.pass(2s);
    static_cast<void>(two.one.speak());
    EXPECT_FALSE(two.one.hear(two.other.speak()).hears_us);
  }
  two.pass(2s);
  EXPECT_FALSE(two.live());
}

TEST(Participant, RampsUpToItsHello) {
  Member one{1};
  std::vector<Duration> gaps;
  for (int i = 0; i < 6; ++i) {
    one.now = one.participant.next_transmit();
    static_cast<void>(one.speak());
    gaps.push_back(one.participant.next_transmit() - one.now);
  }
  EXPECT_EQ(gaps, (std::vector<Duration>{100ms, 200ms, 400ms, 800ms, 2s, 2s}));
}

TEST(Participant, AnswersAtOnceWithinItsRate) {
  Member one{1};
  unsigned sent = 0;
  for (const Time end = one.now + 1s; one.now < end; one.now += 1ms) {
    one.participant.new_info = true;
    for (; one.participant.due(one.now) && sent < 1000; ++sent) {
      static_cast<void>(one.speak());
      one.participant.new_info = true;
    }
  }
  EXPECT_GE(sent, 30U);
  EXPECT_LE(sent, 45U) << "a burst of twenty, and twenty a second";
}

// 802.1X-2020 9.5
TEST(Participant, ElectsTheLowestPriorityThenTheLowestSci) {
  Two two;
  two.meet();
  EXPECT_TRUE(two.one.participant.elect(128, sci_of(1)).self) << "equal priority, lower SCI";
  two.seen().priority = 127;
  EXPECT_EQ(two.one.participant.elect(128, sci_of(1)).peer, &two.seen());
  two.seen().priority = 255;
  EXPECT_FALSE(two.one.participant.elect(255, sci_of(1)));
  two.seen().key_server = true;
  EXPECT_TRUE(two.one.participant.elect(255, sci_of(1))) << "it says that it is";
}

TEST(Participant, ListsBesideASakOnlyWhomItWasMadeFor) {
  Two two;
  two.meet();
  const std::vector<MemberId> nobody;
  Announcement what;
  what.only_live = &nobody;
  const Frame frame = two.one.speak(what);
  const Mkpdu pdu = read_mkpdu(read_eapol(frame).value().body).value();
  EXPECT_FALSE(pdu.live && pdu.live->find(two.other.participant.mi()));
  EXPECT_TRUE(pdu.potential && pdu.potential->find(two.other.participant.mi()));
}

TEST(Participant, MessageNumbersGoOnAfterARestart) {
  Two two;
  two.meet();
  const Snapshot::Participant saved = two.one.participant.snapshot();
  Member again{1};
  again.now = two.one.now + 3s;
  again.participant.resume(saved, again.now);
  EXPECT_EQ(again.participant.mi(), two.one.participant.mi());
  const MessageNumber before = two.one.participant.mn();
  static_cast<void>(again.speak());
  EXPECT_GT(again.participant.mn(), before);
  EXPECT_TRUE(again.participant.peers().is_live(two.other.participant.mi()));
}

}  // namespace
}  // namespace macsec::core
