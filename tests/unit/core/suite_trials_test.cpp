// SPDX-License-Identifier: LGPL-2.1-or-later
// What a key server learns of members that announce no cipher suite.
#include "engine/core/mka/suite_trials.hpp"
#include "tests/unit/core/bench.hpp"

namespace macsec::core {
namespace {

using enum CipherSuite;

/// Trials with three suites, and what a key server's SecY says of its members.
struct Trials : Bench {
  Trials() { trials.follow(allowed); }
  [[nodiscard]] std::optional<CipherSuite> choose() const { return trials.choose(participants[0], allowed); }
  /// `peer` confirms `key`.
  static void confirm(Peer& peer, const SakSlot& key) { peer.latest = {key.id, key.an, true, true, 1}; }
  /// Our SecY has sent up to `sent`, and received up to `received` of each of `hosts`.
  bool listen(const SakSlot& key, std::initializer_list<std::uint8_t> hosts, Pn sent, Pn received, Time now) {
    SecyState state;
    state.transmit.push_back({key.an, true, key.id, sent, 0});
    for (const std::uint8_t host : hosts)
      state.receive.push_back({sci_of(host), {{key.an, true, key.id, received, 0}}});
    EXPECT_TRUE(pn_watch.sample(state, key, now));
    return trials.listen(participants[0], key, pn_watch, now);
  }
  std::vector<CipherSuite> allowed{gcm_aes_128, gcm_aes_256, gcm_aes_xpn_256};
  PnWatch pn_watch{context};
  SuiteTrials trials;
};

TEST(SuiteTrials, ARoundOffersEachSuiteOnceAndBeginsAnew) {
  Trials one;
  const Peer& peer = one.meet(2);
  KeyNumber number = 0;
  for (const CipherSuite expected : {gcm_aes_128, gcm_aes_256, gcm_aes_xpn_256, gcm_aes_128, gcm_aes_256}) {
    ASSERT_EQ(one.choose(), expected);
    const bool left = one.trials.note_failed({mi_of(1), ++number}, expected, peer, "no SAK is taken by");
    EXPECT_EQ(left, expected != gcm_aes_xpn_256);
  }
}

TEST(SuiteTrials, SeveralMembersSayOfOneSakOnce) {
  Trials one;
  one.meet(2);
  one.meet(3);
  for (const Peer& peer : one.participants[0].peers().all())
    EXPECT_TRUE(one.trials.note_failed({mi_of(1), 1}, gcm_aes_128, peer, "no SAK is taken by"));
  for (const Peer& peer : one.participants[0].peers().all())
    EXPECT_TRUE(one.trials.note_failed({mi_of(1), 2}, gcm_aes_256, peer, "no SAK is taken by"));
  EXPECT_EQ(one.choose(), gcm_aes_xpn_256);
}

TEST(SuiteTrials, WhatIsUsedStaysWhoeverJoins) {
  Trials one;
  const Peer& peer = one.meet(2);
  one.trials.note_taken({mi_of(1), 1}, gcm_aes_256, peer);
  one.trials.start_over();
  EXPECT_EQ(one.choose(), gcm_aes_256);
  one.meet(3);
  EXPECT_EQ(one.choose(), gcm_aes_256);
  Peer& tells = one.meet(4);
  tells.announces = true;
  tells.announced = 1U << static_cast<unsigned>(gcm_aes_128);
  EXPECT_EQ(one.choose(), gcm_aes_128) << "one that says that it cannot is believed";
}

TEST(SuiteTrials, AMemberThatIsHeardOrSaysNothingOfUseIsNotDoubted) {
  for (const bool heard : {true, false}) {
    Trials one;
    Peer& peer = one.meet(2);
    const SakSlot key = slot_of({mi_of(1), 1});
    Trials::confirm(peer, key);
    EXPECT_FALSE(one.listen(key, {2}, 5, heard ? 2 : 1, start));
    EXPECT_FALSE(one.listen(key, {2}, heard ? 50 : 5, 1, start + life_time)) << "we have nothing to say either";
    EXPECT_EQ(one.listen(key, {2}, 51, 1, start + 2 * life_time), !heard);
  }
}

TEST(SuiteTrials, OfMembersThatAreNotHeardOneRoundIsMade) {
  Trials one;
  Peer& peer = one.meet(2);
  std::vector<CipherSuite> tried;
  for (KeyNumber number = 1; number < 10; ++number) {
    SakSlot key = slot_of({mi_of(1), number});
    key.cipher_suite = *one.choose();
    tried.push_back(key.cipher_suite);
    Trials::confirm(peer, key);
    one.trials.note_taken(key.id, key.cipher_suite, peer);
    const Time now = start + number * 1min;
    EXPECT_FALSE(one.listen(key, {2}, 2, 1, now));
    const bool another = one.listen(key, {2}, 3, 1, now + life_time);
    if (another) one.trials.note_taken(key.id, key.cipher_suite, peer);  // it says so until there is another
    EXPECT_EQ(another, number <= 3) << number;
  }
  tried.resize(5);
  EXPECT_EQ(tried, (std::vector{gcm_aes_128, gcm_aes_256, gcm_aes_xpn_256, gcm_aes_128, gcm_aes_128}));
}

TEST(SuiteTrials, AMemberThatIsHeardOrAnnouncesSpeaksForTheGroup) {
  Trials one;
  const SakSlot key = slot_of({mi_of(1), 1});
  Trials::confirm(one.meet(2), key);
  Trials::confirm(one.meet(3), key);
  one.participants[0].peers().all()[1].announces = true;
  Pn sent = 1;
  for (Time now = start; now < start + 20s; now += 1s) EXPECT_FALSE(one.listen(key, {2, 3}, ++sent, 1, now));
}

}  // namespace
}  // namespace macsec::core
