// SPDX-License-Identifier: LGPL-2.1-or-later
// The CAs of session keys: who is key server in them, which one is used, and how one takes the place of another.
#include "engine/core/mka/session_cas.hpp"
#include "tests/unit/core/bench.hpp"

namespace macsec::core {
namespace {

AssociationKey session_key(std::uint64_t sequence, KeyServerRule rule) {
  const std::string ckn = "e" + std::to_string(sequence);
  const PreSharedKey octets = sim::psk(ckn, static_cast<std::uint8_t>(0x30 + sequence));
  AssociationKey key = AssociationKey::of(octets);
  key.role = KeyRole::session;
  key.rule = rule;
  key.sequence = sequence;
  return key;
}

Ckn ckn_of(std::uint64_t sequence) { return Ckn::from_hex("e" + std::to_string(sequence)).value(); }

/// A Kay whose profile has no other keys, or a fallback key.
struct Member {
  Member(std::uint8_t host, KeyServerRule of_sessions, std::uint8_t priority, bool fallback = false)
      : rule{of_sessions}, secy{world, host, sci_of(host)}, random{host} {
    context.profile = sim::make_profile([&](Profile& profile) {
      profile.keys.clear();
      if (fallback) profile.keys.push_back(sim::psk("fa", 0x22, 16, KeyRole::fallback));
      profile.mka.priority = priority;
    });
    context.link = {.present = true,
                    .carrier = true,
                    .mac = MacAddress{{2, 0, 0, 0, 0, host}},
                    .sci = sci_of(host),
                    .speed = 1'000'000'000};
    kay.set_keys(start);
    kay.on_device_found(start);
    kay.set_wall_clock(Time{}, start);
  }
  void add(std::uint64_t sequence, Time now) {
    ASSERT_TRUE(kay.add_session_key(session_key(sequence, rule), now));
    kay.step(now);
  }
  void hear(Bytes octets, Time now) {
    const auto frame = read_eapol(octets);
    const auto basic = read_basic_set(frame->body);
    Participant* participant = kay.find(basic->ckn);
    if (participant == nullptr || !participant->active || !participant->verify(*frame)) return;
    kay.receive(*participant, read_mkpdu(frame->body, *basic).value(), now);
    kay.step(now);
  }
  [[nodiscard]] std::optional<Ckn> used() const {
    return kay.cp().secured() ? std::optional{kay.cp().latest()->ckn} : std::nullopt;
  }

  KeyServerRule rule;
  sim::World world;
  sim::FakeSecy secy;
  sim::SimRandom random;
  sim::SimTrace trace{world, 0};
  Context context{.secy = secy,
                  .random = random,
                  .trace = trace,
                  .profile = {},
                  .link = {},
                  .counters = {},
                  .frames = {},
                  .events = {}};
  Kay kay{context};
};

/// A wire between two of them.
struct Wire {
  Member& one;
  Member& other;
  Time now = start;
  bool secured_throughout = true;

  void run(Duration span) {
    for (const Time end = now + span; now < end; now += 10ms) {
      for (Member* member : {&one, &other}) member->kay.step(now);
      while (!one.context.frames.empty() || !other.context.frames.empty()) {
        deliver(one, other);
        deliver(other, one);
      }
      secured_throughout = secured_throughout && one.kay.cp().secured() && other.kay.cp().secured();
    }
  }
  void deliver(Member& from, Member& to) {
    for (const Frame& frame : std::exchange(from.context.frames, {})) to.hear(frame, now);
  }
};

struct Session : testing::Test {
  // The priorities say the opposite of what the rules say.
  Member authenticator{1, KeyServerRule::always, 250};
  Member supplicant{2, KeyServerRule::never, 0, true};
  Wire wire{authenticator, supplicant};

  void authenticate(std::uint64_t sequence) {
    authenticator.add(sequence, wire.now);
    supplicant.add(sequence, wire.now);
  }
};

TEST_F(Session, KeyServerIsTheAuthenticatorWhateverThePriorities) {
  authenticate(1);
  wire.run(1s);
  EXPECT_EQ(authenticator.used(), ckn_of(1));
  EXPECT_EQ(supplicant.used(), ckn_of(1));
  EXPECT_TRUE(authenticator.kay.is_key_server());
  EXPECT_FALSE(supplicant.kay.is_key_server());
  EXPECT_EQ(supplicant.context.counters.sak_generated, 0U);
}

TEST(KeyServerRule, PeerThatElectsByPriorityComesToTheSameKeyServer) {
  Member authenticator{1, KeyServerRule::always, 250};
  Member host{2, KeyServerRule::elect, 16};
  Wire wire{authenticator, host};
  authenticator.add(1, wire.now);
  host.add(1, wire.now);
  wire.run(2s);
  EXPECT_EQ(host.used(), ckn_of(1));
  EXPECT_TRUE(authenticator.kay.is_key_server());
  EXPECT_FALSE(host.kay.is_key_server());
}

TEST(KeyServerRule, PeerThatServesAllTheSameGivesUsNoKey) {
  Member authenticator{3, KeyServerRule::always, 0};
  Member violator{2, KeyServerRule::elect, 0};  // with the lower SCI
  Wire wire{authenticator, violator};
  authenticator.add(1, wire.now);
  violator.add(1, wire.now);
  wire.run(20s);
  EXPECT_TRUE(violator.kay.is_key_server()) << "and so it breaks the rule";
  EXPECT_TRUE(authenticator.kay.is_key_server());
  EXPECT_EQ(authenticator.context.counters.sak_received, 0U);
  EXPECT_FALSE(authenticator.used());
  EXPECT_NE(authenticator.secy.controlled_port(), ControlledPort::up);
}

TEST_F(Session, SupplicantSaysThatItNeverServes) {
  supplicant.add(1, wire.now);
  ASSERT_FALSE(supplicant.context.frames.empty());
  std::optional<BasicSet> said;
  for (const Frame& frame : supplicant.context.frames) {
    const auto basic = read_basic_set(read_eapol(frame)->body);
    if (basic->ckn == ckn_of(1)) said = *basic;
  }
  ASSERT_TRUE(said) << "it speaks in the step that adds the key";
  EXPECT_EQ(said->priority, 255);
  EXPECT_FALSE(said->key_server);
}

TEST_F(Session, ReauthenticationMovesBothAndLeavesTheOldCa) {
  authenticate(1);
  wire.run(10s);
  wire.secured_throughout = true;
  authenticate(2);
  wire.run(100ms);
  EXPECT_NE(supplicant.kay.find(ckn_of(1)), nullptr) << "until the old SAK is retired";
  wire.run(15s);
  EXPECT_TRUE(wire.secured_throughout);
  EXPECT_EQ(authenticator.used(), ckn_of(2));
  EXPECT_EQ(supplicant.used(), ckn_of(2));
  EXPECT_EQ(supplicant.kay.find(ckn_of(1)), nullptr);
  EXPECT_EQ(authenticator.kay.find(ckn_of(1)), nullptr);
  EXPECT_EQ(authenticator.context.counters.peers_lost + supplicant.context.counters.peers_lost, 0U);
}

TEST_F(Session, OldCaStaysWhileTheOtherEndDoesNotFollow) {
  authenticate(1);
  wire.run(10s);
  wire.secured_throughout = true;
  supplicant.add(2, wire.now);
  wire.run(20s);
  EXPECT_TRUE(wire.secured_throughout);
  EXPECT_EQ(supplicant.used(), ckn_of(1));
  EXPECT_NE(supplicant.kay.find(ckn_of(1)), nullptr);
  supplicant.kay.drop_session_key(ckn_of(2), wire.now);
  wire.run(10s);
  EXPECT_TRUE(wire.secured_throughout);
  EXPECT_EQ(supplicant.used(), ckn_of(1));
}

TEST_F(Session, KeysOfAChangedProfileLeaveItAlone) {
  authenticate(1);
  wire.run(5s);
  wire.secured_throughout = true;
  supplicant.context.profile = sim::make_profile([](Profile& profile) { profile.keys.clear(); });
  supplicant.kay.set_keys(wire.now);
  wire.run(5s);
  EXPECT_TRUE(wire.secured_throughout);
  EXPECT_EQ(supplicant.kay.participants().size(), 1U);
}

TEST_F(Session, DroppedKeysEndTheLink) {
  authenticate(1);
  wire.run(5s);
  supplicant.kay.drop_session_keys(wire.now);
  supplicant.kay.step(wire.now);
  EXPECT_FALSE(supplicant.used());
  EXPECT_EQ(supplicant.secy.association_count(), 0U);
}

TEST(SessionKey, ComesBeforePreSharedKeysAndTheNewestFirst) {
  Bench bench{[](Profile& profile) { profile.keys.push_back(sim::psk("beef", 0x22, 16, KeyRole::fallback)); }};
  for (const std::uint64_t sequence : {7U, 8U}) {
    bench.participants.push_back(
        std::move(Participant::create(session_key(sequence, KeyServerRule::elect), bench.random).value()));
    bench.participants.back().active = true;
  }
  Principal principal{bench.context};
  for (std::size_t i = 0; i < bench.participants.size(); ++i) bench.meet(2, i);
  static_cast<void>(principal.choose(bench.participants, {}, start));
  EXPECT_EQ(principal.ckn(), ckn_of(8));
  EXPECT_EQ(newest_session(bench.participants)->ckn(), ckn_of(8));
  EXPECT_FALSE(principal.may_distribute(bench.participants[0], bench.participants));
  EXPECT_TRUE(principal.may_distribute(bench.participants[2], bench.participants));
}

}  // namespace
}  // namespace macsec::core
