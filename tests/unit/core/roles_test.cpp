// SPDX-License-Identifier: LGPL-2.1-or-later
// Who is principal and key server, when a SAK is made, and what becomes of one that is given.
#include "tests/unit/core/bench.hpp"

namespace macsec::core {
namespace {

/// A primary key "abcd" and a fallback key "beef".
void two_keys(Profile& profile) { profile.keys.push_back(sim::psk("beef", 0x22, 16, KeyRole::fallback)); }

TEST(Principal, IsNobodyWithoutALivePeer) {
  Bench bench;
  Principal principal{bench.context};
  EXPECT_FALSE(principal.choose(bench.participants, {}, start));
  EXPECT_FALSE(principal.ckn());
  bench.meet(2);
  EXPECT_TRUE(principal.choose(bench.participants, {}, start));
  EXPECT_TRUE(principal.is(bench.participants[0]));
}

TEST(Principal, IsThePrimaryWhereBothReachAsMany) {
  Bench bench{two_keys};
  Principal principal{bench.context};
  bench.meet(2, 1);
  EXPECT_TRUE(principal.choose(bench.participants, {}, start));
  EXPECT_TRUE(principal.is(bench.participants[1]));
  bench.meet(2, 0);
  EXPECT_TRUE(principal.choose(bench.participants, {}, start));
  EXPECT_TRUE(principal.is(bench.participants[0]));
}

TEST(Principal, IsThePrimaryHoweverManyTheFallbackReaches) {
  Bench bench{two_keys};
  Principal principal{bench.context};
  bench.meet(2, 0);
  for (std::uint8_t host = 3; host < 8; ++host) bench.meet(host, 1, 0);
  EXPECT_TRUE(principal.choose(bench.participants, {}, start));
  EXPECT_TRUE(principal.is(bench.participants[0]));
  std::optional<SakSlot> used = slot_of({mi_of(3), 1});
  used->ckn = bench.participants[1].ckn();
  EXPECT_FALSE(principal.choose(bench.participants, used, start + 10s));
  EXPECT_TRUE(principal.is(bench.participants[0]));
  EXPECT_TRUE(principal.may_distribute(bench.participants[0], bench.participants));
  EXPECT_FALSE(principal.may_distribute(bench.participants[1], bench.participants));
}

TEST(Principal, ElectionSaysWhatMoved) {
  Bench bench;
  Principal principal{bench.context};
  bench.meet(2, 0, 200);
  EXPECT_TRUE(principal.choose(bench.participants, {}, start));
  Principal::Election election = principal.elect(&bench.participants[0]);
  EXPECT_TRUE(election.became_self);
  EXPECT_TRUE(election.moved);
  bench.meet(3, 0, 10);
  election = principal.elect(&bench.participants[0]);
  EXPECT_FALSE(election.became_self);
  EXPECT_TRUE(election.moved);
  EXPECT_EQ(principal.key_server(), sci_of(3));
  EXPECT_FALSE(principal.elect(&bench.participants[0]).moved);
}

/// A key server of its own CA, with what it is composed with.
struct Server : Bench {
  explicit Server(const std::function<void(Profile&)>& change = {}) : Bench{change} {
    static_cast<void>(cp.step({.connect = Connect::secure, .elected_self = true}, start));
  }
  bool serve(Time now) {
    server.pass(now);
    server.watch(participants, now);
    return server.serve(participants[0], participants, now);
  }
  /// The CP takes up the SAK and everybody reports to use it.
  void put_to_use(Time now) {
    const Cp::Inputs in{.connect = Connect::secure, .elected_self = true};
    static_cast<void>(cp.step(in, now));
    ASSERT_TRUE(cp.latest());
    for (Peer& peer : participants[0].peers().all()) peer.latest = {cp.latest()->id, cp.latest()->an, true, true, 1};
    Cp::Inputs all = in;
    all.all_receiving = all.all_transmitting = true;
    static_cast<void>(cp.step(all, now));
    static_cast<void>(cp.step(all, now));
    server.end_offer_when_done(participants);
  }

  Cp cp{context};
  PnWatch pn_watch{context};
  UsedKeys used;
  Refusal refusal;
  KeyServer server{context, cp, pn_watch, used, refusal};
};

TEST(KeyServer, MakesASakAtOnceForAPeerThatIsLive) {
  Server one;
  one.meet(2);
  EXPECT_TRUE(one.serve(start));
  EXPECT_FALSE(one.server.wanted());
  EXPECT_EQ(one.context.counters.sak_generated, 1U);
  one.put_to_use(start);
  EXPECT_TRUE(one.cp.transmitting());
}

TEST(KeyServer, ReportsOfMembersBringNoMoreThanASakASecond) {
  Server one;
  one.meet(2);
  ASSERT_TRUE(one.serve(start));
  one.put_to_use(start);
  for (const Want why : {Want::member_without_key, Want::members_packet_numbers}) {
    const Time made = one.cp.latest()->since;
    one.server.want(why, made + 300ms);
    EXPECT_FALSE(one.serve(made + 300ms));
    EXPECT_FALSE(one.serve(made + 999ms));
    EXPECT_EQ(one.server.next(), made + 1s);
    EXPECT_TRUE(one.serve(made + 1s));
    one.put_to_use(made + 1s);
    static_cast<void>(one.cp.step({.connect = Connect::secure, .elected_self = true, .hurry = true}, made + 8s));
    ASSERT_FALSE(one.cp.old());
  }
}

TEST(KeyServer, WaitsAMomentForMembersItHasOnlyHeardOf) {
  Server one;
  one.meet(2);
  one.meet(3).live = false;
  EXPECT_FALSE(one.serve(start));
  EXPECT_EQ(one.server.next(), start + gather_time);
  EXPECT_TRUE(one.serve(start + gather_time));
}

TEST(KeyServer, ReasonsAddUpToOneSak) {
  Server one;
  one.meet(2);
  one.server.want(Want::elected, start);
  one.server.want(Want::new_peer, start);
  EXPECT_TRUE(one.serve(start));
  one.put_to_use(start + 1s);
  EXPECT_FALSE(one.serve(start + 2s));
}

TEST(KeyServer, AnElectionInBetweenLosesNoRequest) {
  Server one;
  one.meet(2);
  ASSERT_TRUE(one.serve(start));
  one.put_to_use(start);
  one.server.want(Want::packet_numbers, start + 10s);
  one.server.lose_role();
  EXPECT_TRUE(one.server.wanted());
  EXPECT_TRUE(one.serve(start + 11s));
  one.server.want(Want::new_peer, start + 12s);
  one.server.lose_role();
  EXPECT_FALSE(one.server.wanted());
}

TEST(KeyServer, RekeysByTime) {
  Server one{[](Profile& profile) { profile.mka.rekey = 60s; }};
  one.meet(2);
  ASSERT_TRUE(one.serve(start));
  one.put_to_use(start);
  EXPECT_EQ(one.server.next_rekey(), start + 60s);
  EXPECT_FALSE(one.serve(start + 59s));
  EXPECT_TRUE(one.serve(start + 60s));
}

TEST(KeyServer, AsksAMemberOfBeforeARestartWhatItCanDo) {
  Server one;
  one.meet(2).remembered = true;
  EXPECT_FALSE(one.serve(start));
  one.participants[0].peers().all()[0].remembered = false;
  EXPECT_TRUE(one.serve(start + 2s));
}

TEST(KeyServer, AnotherSakFollowsASettingThatChanged) {
  Server one;
  Peer& peer = one.meet(2);
  ASSERT_TRUE(one.serve(start));
  one.put_to_use(start);
  EXPECT_FALSE(one.serve(start + 10s));
  peer.announces = true;
  peer.announced = 1U << static_cast<unsigned>(CipherSuite::gcm_aes_256);
  EXPECT_FALSE(one.serve(start + 11s)) << "none that both can";
  one.context.profile = sim::make_profile([](Profile& p) { p.macsec.encrypt = false; });
  peer.announces = false;
  EXPECT_TRUE(one.serve(start + 20s));
  EXPECT_FALSE(one.serve(start + 20s));
}

TEST(KeyServer, WaitsForVersion1PeersToHearOfOneAnother) {
  Server one;
  Peer& first = one.meet(2);
  first.live_since = start;
  one.meet(3).live_since = start;
  for (Peer& peer : one.participants[0].peers().all()) peer.version = 1;
  EXPECT_FALSE(one.serve(start));
  EXPECT_EQ(one.server.next(), start + gather_time);
  EXPECT_FALSE(one.serve(start + gather_time));
  EXPECT_EQ(one.server.next(), start + introduction_time);
  const auto acquaint = [&one] {
    for (Peer& peer : one.participants[0].peers().all()) {
      peer.hears.clear();
      for (const Peer& other : one.participants[0].peers().all())
        if (other.mi != peer.mi) peer.hears.push_back(other.mi);
    }
  };
  acquaint();
  EXPECT_TRUE(one.serve(start + 1s));
  one.put_to_use(start + 1s);
  EXPECT_FALSE(one.serve(start + 10s));

  one.participants[0].peers().all()[0].hears.clear();
  EXPECT_FALSE(one.serve(start + 11s)) << "a new SAK would not be for both";
  acquaint();
  EXPECT_TRUE(one.serve(start + 12s)) << "it closed its channel when it lost the other";
}

TEST(KeyServer, WaitsNoLongerThanAHelloForThoseThatStayStrangers) {
  Server one;
  one.meet(2).live_since = start;
  one.meet(3).live_since = start;
  for (Peer& peer : one.participants[0].peers().all()) peer.version = 1;
  EXPECT_FALSE(one.serve(start));
  one.server.pass(start + introduction_time);
  EXPECT_TRUE(one.serve(start + introduction_time));
}

TEST(KeyServer, MakesNoSakThatASuspendedMemberCannotTake) {
  Server one;
  Peer& peer = one.meet(2);
  ASSERT_TRUE(one.serve(start));
  one.put_to_use(start);
  peer.suspended_since = start;
  peer.suspended_until = start + 100s;
  one.server.want(Want::request, start + 10s);
  EXPECT_FALSE(one.serve(start + 10s));
  EXPECT_FALSE(one.serve(start + 99s));
  peer.suspended_until.reset();
  EXPECT_TRUE(one.serve(start + 101s));
}

TEST(KeyServer, WaitsForNoMemberLongerThanASuspensionMayLast) {
  Server one;
  Peer& peer = one.meet(2);
  ASSERT_TRUE(one.serve(start));
  one.put_to_use(start);
  peer.suspended_since = start;
  one.server.want(Want::request, start + 10s);
  for (Time now = start + 10s; now < start + 126s; now += 10s) {
    peer.suspended_until = now + 100s;  // renewed in each MKPDU
    EXPECT_FALSE(one.serve(now));
  }
  EXPECT_TRUE(one.serve(start + 126s));
}

TEST(KeyServer, AMemberThatTakesNoSakCostsTheOthersNoSuite) {
  Server one{
      [](Profile& profile) { profile.macsec.cipher_suites = {CipherSuite::gcm_aes_128, CipherSuite::gcm_aes_256}; }};
  one.meet(2);
  one.meet(3);
  for (Peer& peer : one.participants[0].peers().all()) peer.version = 3;
  ASSERT_TRUE(one.serve(start));
  one.put_to_use(start);
  one.participants[0].peers().all()[1].latest = {};
  for (Time now = start + 10s; now < start + 300s; now += 10s)
    if (one.serve(now)) {
      one.put_to_use(now);
      one.participants[0].peers().all()[1].latest = {};
      EXPECT_EQ(one.cp.latest()->cipher_suite, CipherSuite::gcm_aes_128);
    }
  EXPECT_GT(one.context.counters.sak_generated, 1U) << "it is offered others of the same suite";
}

TEST(KeyServer, PacketNumbersDoNotWaitForASuspendedMember) {
  Server one;
  Peer& peer = one.meet(2);
  ASSERT_TRUE(one.serve(start));
  one.put_to_use(start);
  peer.suspended_since = start;
  peer.suspended_until = start + 100s;
  one.server.want(Want::packet_numbers, start + 10s);
  EXPECT_TRUE(one.serve(start + 10s));
}

TEST(KeyServer, GivesNoSakToWhoSaysThatItHasNoMacsec) {
  Server one;
  Peer& peer = one.meet(2);
  peer.macsec_capable = false;
  EXPECT_FALSE(one.serve(start));
  EXPECT_EQ(one.refusal.reason, Reason::macsec_refused);
  EXPECT_NE(one.refusal.text.find(to_string(peer.sci)), std::string::npos);
  one.meet(3);
  one.server.pass(start + generate_retry);
  EXPECT_TRUE(one.serve(start + generate_retry)) << "the others of a group have it";
  EXPECT_EQ(one.refusal.reason, Reason::none);
}

TEST(KeyServer, TriesTheNextSuiteWhereAPeerThatAnnouncesNothingTakesNone) {
  Server one{[](Profile& profile) {
    profile.macsec.cipher_suites = {CipherSuite::gcm_aes_128, CipherSuite::gcm_aes_256, CipherSuite::gcm_aes_xpn_256};
  }};
  one.meet(2);
  const auto tried = [&one](Time now) {
    EXPECT_TRUE(one.serve(now));
    static_cast<void>(one.cp.step({.connect = Connect::secure, .elected_self = true}, now));
    EXPECT_FALSE(one.serve(now));
    return one.cp.latest()->cipher_suite;
  };
  Time now = start;
  EXPECT_EQ(tried(now), CipherSuite::gcm_aes_128);
  std::vector<CipherSuite> next;
  for (int i = 0; i < 3; ++i) {
    now += 2min;
    next.push_back(tried(now));
  }
  EXPECT_EQ(next, (std::vector{CipherSuite::gcm_aes_256, CipherSuite::gcm_aes_xpn_256, CipherSuite::gcm_aes_128}));
}

TEST(KeyServer, ASakThatNobodyTookGivesWayToAnother) {
  Server one;
  one.meet(2);
  ASSERT_TRUE(one.serve(start));
  static_cast<void>(one.cp.step({.connect = Connect::secure, .elected_self = true}, start));
  EXPECT_FALSE(one.serve(start));
  EXPECT_FALSE(one.serve(start + life_time - 1s));
  EXPECT_FALSE(one.server.is_untaken(start + life_time - 1s));
  EXPECT_TRUE(one.serve(start + life_time));
}

TEST(Objection, NamesWhatTheProfileHasAgainstASak) {
  const auto profile = sim::make_profile([](Profile& p) { p.macsec.cipher_suites = {CipherSuite::gcm_aes_256}; });
  EXPECT_EQ(objection(*profile, CipherSuite::gcm_aes_256, true, "it").reason, Reason::none);
  const Refusal suite = objection(*profile, CipherSuite::gcm_aes_128, true, "it");
  EXPECT_EQ(suite.reason, Reason::cipher_mismatch);
  EXPECT_NE(suite.text.find("allows GCM-AES-256, it chose GCM-AES-128"), std::string::npos) << suite.text;
  EXPECT_EQ(objection(*profile, CipherSuite::gcm_aes_256, false, "it").reason, Reason::confidentiality_mismatch);
  const auto lenient = sim::make_profile([](Profile& p) { p.macsec.encrypt = false; });
  EXPECT_EQ(objection(*lenient, CipherSuite::gcm_aes_128, true, "it").reason, Reason::none) << "more than asked for";
}

TEST(KeyServer, OffersUntilEverybodyReceives) {
  Server one;
  Peer& peer = one.meet(2);
  ASSERT_TRUE(one.serve(start));
  Announcement what;
  one.server.fill(what, one.participants[0], one.participants);
  EXPECT_TRUE(what.distributed_sak);
  peer.latest = {};
  one.server.end_offer_when_done(one.participants);
  one.put_to_use(start);
  Announcement then;
  one.server.fill(then, one.participants[0], one.participants);
  EXPECT_FALSE(then.distributed_sak);
}

TEST(KeyServer, TriesAgainLaterWhatTheSecyRefused) {
  Server one;
  one.meet(2);
  one.secy.fail_calls(sim::SecyCall::select_cipher_suite, 95);
  EXPECT_FALSE(one.serve(start));
  EXPECT_EQ(one.refusal.reason, Reason::secy_error);
  EXPECT_FALSE(one.serve(start + 1s));
  EXPECT_TRUE(one.serve(start + generate_retry));
  EXPECT_EQ(one.refusal.reason, Reason::none);
}

/// An MKPDU of host 2, key server, that gives a SAK to host 1.
struct Offered : Bench {
  explicit Offered(const std::function<void(Profile&)>& change = {}) : Bench{change} {
    Secret<32> sak;
    std::ranges::fill(sak.allocate(16), std::uint8_t{0x5a});
    EXPECT_TRUE(crypto::wrap_sak(participants[0].kek(), sak, wrapped));
    meet(2, 0, 10);
  }
  std::optional<SakSlot> take_listing(const std::vector<PeerEntry>& live, Time now) {
    MkpduContent content;
    content.basic.mi = mi_of(2);
    content.basic.sci = sci_of(2);
    content.basic.mn = 1;
    content.basic.ckn = participants[0].ckn();
    content.live = live;
    DistributedSakSet set{.an = An{0},
                          .confidentiality_offset = offset,
                          .number = 4,
                          .cipher_suite_id = cipher_suite_id(CipherSuite::gcm_aes_128),
                          .wrapped = wrapped};
    content.distributed_sak = set;
    const auto frame = sim::Forger{context.profile->keys[0]}.frame({}, content);
    const auto eapol = read_eapol(frame).value();
    const auto basic = read_basic_set(eapol.body).value();
    const auto pdu = read_mkpdu(eapol.body, basic).value();
    return receiver.take(participants[0], *participants[0].peers().find(mi_of(2)), pdu, now);
  }

  std::array<std::uint8_t, 24> wrapped{};
  std::uint8_t offset = 1;
  Cp cp{context};
  UsedKeys used;
  Refusal refusal;
  SakReceiver receiver{context, cp, used, refusal};
};

TEST(SakReceiver, TakesASakMadeForUs) {
  Offered offered;
  const auto slot = offered.take_listing({{offered.participants[0].mi(), 1}}, start);
  ASSERT_TRUE(slot);
  EXPECT_EQ(slot->id, (KeyId{mi_of(2), 4}));
  EXPECT_EQ(slot->members, (std::vector<SakMember>{{sci_of(2), 0, mi_of(2)}}));
}

TEST(SakReceiver, LeavesASakMadeForOthers) {
  Offered offered;
  EXPECT_FALSE(offered.take_listing({{mi_of(7), 1}}, start));
}

TEST(SakReceiver, NeverTakesAKeyTwice) {
  Offered offered;
  offered.used.note(KeyId{mi_of(2), 4}, start);
  EXPECT_FALSE(offered.take_listing({{offered.participants[0].mi(), 1}}, start));
  EXPECT_EQ(offered.context.counters.sak_reuse_refused, 1U);
}

TEST(SakReceiver, NeverTakesASakTwiceWhateverItIsCalled) {
  Offered offered;
  const auto slot = offered.take_listing({{offered.participants[0].mi(), 1}}, start);
  ASSERT_TRUE(slot);
  offered.used.note(slot->digest, start);
  EXPECT_FALSE(offered.take_listing({{offered.participants[0].mi(), 1}}, start));
  EXPECT_EQ(offered.context.counters.sak_reuse_refused, 1U);
}

// A number is soon said; the SAK tells whether it was used.
TEST(SakReceiver, ANumberAboveAllOthersBarsNoOtherKey) {
  Offered offered;
  offered.used.note(KeyId{mi_of(2), 0xffffffff}, start);
  EXPECT_TRUE(offered.take_listing({{offered.participants[0].mi(), 1}}, start));
}

TEST(SakReceiver, TakesNoNumberUpToTheHighestFoundAtStart) {
  Offered offered;
  offered.used.note_found(KeyId{mi_of(2), 3});
  EXPECT_TRUE(offered.take_listing({{offered.participants[0].mi(), 1}}, start));
  offered.used.note_found(KeyId{mi_of(2), 5});
  EXPECT_FALSE(offered.take_listing({{offered.participants[0].mi(), 1}}, start));
}

TEST(SakReceiver, SaysSoWhereNoOtherSakCanBeRemembered) {
  Offered offered;
  offered.used = UsedKeys{1};
  offered.used.note(KeyId{mi_of(7), 1}, start);
  EXPECT_FALSE(offered.take_listing({{offered.participants[0].mi(), 1}}, start));
  EXPECT_EQ(offered.refusal.reason, Reason::secy_error);
  EXPECT_TRUE(offered.take_listing({{offered.participants[0].mi(), 1}}, start + UsedKeys::shortest_memory));
}

TEST(SakReceiver, TakesABurstOfSaksAndThenOneASecond) {
  Offered offered;
  for (int i = 0; i < sak_burst; ++i) {
    EXPECT_TRUE(offered.take_listing({{offered.participants[0].mi(), 1}}, start)) << i;
    offered.receiver.taken(start);
  }
  EXPECT_FALSE(offered.take_listing({{offered.participants[0].mi(), 1}}, start));
  EXPECT_TRUE(offered.take_listing({{offered.participants[0].mi(), 1}}, start + sak_gap));
}

TEST(SakReceiver, RefusesIntegrityOnlyWhereTheProfileEncrypts) {
  Offered offered;
  offered.offset = 0;
  EXPECT_FALSE(offered.take_listing({{offered.participants[0].mi(), 1}}, start));
  EXPECT_EQ(offered.refusal.reason, Reason::confidentiality_mismatch);
}

TEST(SakReceiver, WaitsForMembersItDoesNotKnowYet) {
  Offered offered;
  const std::vector<PeerEntry> live{{offered.participants[0].mi(), 1}, {mi_of(3), 1}};
  EXPECT_FALSE(offered.take_listing(live, start));
  const auto slot = offered.take_listing(live, start + 2s);
  ASSERT_TRUE(slot);
  EXPECT_TRUE(slot->incomplete);
}

}  // namespace
}  // namespace macsec::core
