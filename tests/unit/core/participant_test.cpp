// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/mka/participant.hpp"
#include "tests/unit/core/rig.hpp"

namespace macsec::core {
namespace {

/// One member: what it stands on, and its participant.
struct Member : Rig {
  explicit Member(std::uint8_t last)
      : Rig{last},
        participant{std::move(Participant::create(AssociationKey::of(context.profile->keys.front()), random).value())} {
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

// 802.1X-2020 9.18
TEST(Participant, WhileWeAreSilentNobodyIsLostForNotHearingUs) {
  Two two;
  two.meet();
  two.one.participant.hush(true, two.one.now);
  for (int i = 0; i < 60; ++i) {
    two.pass(2s);
    EXPECT_TRUE(two.one.hear(two.other.speak()).hears_us) << 2 * i << " s";
    ASSERT_TRUE(two.live());
  }
  two.one.participant.hush(false, two.one.now);
  two.pass(2s);
  EXPECT_TRUE(two.one.hear(two.other.speak()).hears_us) << "what was on its way when the silence ended";
  for (int i = 0; i < 4; ++i) {
    two.pass(2s);
    static_cast<void>(two.one.speak());  // lost
    two.one.hear(two.other.speak());
  }
  two.pass(6s);
  EXPECT_FALSE(two.live());
}

TEST(Participant, ASilentMemberStillMissesWhoIsGone) {
  Two two;
  two.meet();
  two.one.participant.hush(true, two.one.now);
  two.pass(life_time);
  EXPECT_FALSE(two.live());
}

TEST(Participant, ASuspendedPeerIsWaitedForAndNoLonger) {
  Two two;
  two.meet();
  Announcement suspends;
  suspends.suspension_seconds = 120;
  two.one.hear(two.other.speak(suspends));
  EXPECT_EQ(two.seen().suspended_until, two.one.now + 120s);
  EXPECT_EQ(two.seen().expires, two.one.now + 126s);
  two.pass(3s);
  two.other.hear(two.one.speak());
  two.one.hear(two.other.speak());
  EXPECT_FALSE(two.seen().suspended_until) << "taken back";
  EXPECT_EQ(two.seen().expires, two.one.now + life_time);
}

TEST(Participant, AnOldVersionThatWasHeardOnceLowersNothing) {
  Two two;
  two.meet();
  Member old{3};
  auto profile = std::make_shared<Profile>();
  profile->mka.version = 1;
  profile->keys.clear();
  old.context.profile = profile;
  two.one.hear(old.speak());
  EXPECT_EQ(two.one.participant.understood(3), 3) << "it never heard us";
  old.hear(two.one.speak());
  two.one.hear(old.speak());
  EXPECT_EQ(two.one.participant.understood(3), 1) << "it is a live member";
  two.pass(life_time);
  two.other.hear(two.one.speak());
  two.one.hear(two.other.speak());
  ASSERT_TRUE(two.live());
  EXPECT_EQ(two.one.participant.understood(3), 3) << "it is gone";
}

TEST(Participant, AnAnnouncementThatIsNotRepeatedIsForgotten) {
  constexpr std::array suites{CipherSuite::gcm_aes_256};
  const Announcement says{.sak_use = {}, .distributed_sak = {}, .cipher_suites = suites};
  for (const bool older : {false, true}) {
    Two two;
    two.meet();
    two.one.hear(two.other.speak(says));
    EXPECT_TRUE(two.seen().announces);
    EXPECT_FALSE(two.seen().supports(CipherSuite::gcm_aes_128));
    if (older) {
      auto profile = std::make_shared<Profile>();
      profile->mka.version = 1;
      two.other.context.profile = profile;
    }
    for (int i = 0; i < (older ? 1 : 3); ++i) {
      two.pass(2s);
      two.other.hear(two.one.speak());
      EXPECT_TRUE(two.seen().announces);
      two.one.hear(two.other.speak());
    }
    EXPECT_FALSE(two.seen().announces);
    EXPECT_TRUE(two.seen().supports(CipherSuite::gcm_aes_128));
  }
}

TEST(Participant, AnotherAddressUnderTheSameIdentifierIsANewMember) {
  Two two;
  two.meet();
  two.one.participant.grew = false;
  two.seen().latest.receiving = true;
  two.other.context.link.sci = sci_of(77);
  two.other.hear(two.one.speak());
  EXPECT_TRUE(two.one.hear(two.other.speak()).became_live);
  EXPECT_TRUE(two.one.participant.grew);
  EXPECT_EQ(two.seen().sci, sci_of(77));
  EXPECT_FALSE(two.seen().latest.receiving) << "what it used it used under the other address";
}

TEST(Participant, WhatWasHeardBeforeARestartProvesNothingAfterIt) {
  Two two;
  two.meet();
  const Snapshot::Participant saved = two.one.participant.snapshot();
  std::vector<Frame> recorded;
  for (int i = 0; i < 300; ++i) recorded.push_back(two.other.speak());
  Member again{1};
  again.now = two.one.now;
  again.participant.resume(saved, again.now);
  for (const Frame& frame : recorded) {
    again.now += 100ms;
    EXPECT_FALSE(again.hear(frame).hears_us);
    static_cast<void>(again.speak());
  }
  static_cast<void>(again.participant.peers().expire(again.now));
  EXPECT_FALSE(again.participant.peers().any_live()) << "a dead peer does not look alive";
}

TEST(Participant, ASnapshotNamesTheLastMessageHeard) {
  Two two;
  two.meet();
  for (int i = 0; i < 20; ++i) two.one.hear(two.other.speak());
  EXPECT_EQ(two.one.participant.snapshot().live.front().mn, two.other.participant.mn());
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
