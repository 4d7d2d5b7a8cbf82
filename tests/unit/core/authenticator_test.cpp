// SPDX-License-Identifier: LGPL-2.1-or-later
// The authenticator's port access control protocol as a table: in each state, what each event leads to.
#include "engine/core/pae/authenticator.hpp"
#include "tests/unit/core/bench.hpp"

namespace macsec::core {
namespace {

enum class State : std::uint8_t { off, asking, authenticating, authenticated, reauthenticating, held };
enum class Input : std::uint8_t {
  ask,
  stop,
  pause,
  release,
  start,
  other_start,
  logoff,
  held_logoff,
  answer,
  wrong_answer,
  challenge,
  accept,
  reject,
  failed,
  time_up,
};
constexpr std::array all_inputs{Input::ask,    Input::stop,         Input::pause,     Input::release,
                                Input::start,  Input::other_start,  Input::logoff,    Input::held_logoff,
                                Input::answer, Input::wrong_answer, Input::challenge, Input::accept,
                                Input::reject, Input::failed,       Input::time_up};

using Kind = Authenticator::Outcome::Kind;
struct Entry {
  AuthenticatorState state;
  std::optional<Kind> outcome = std::nullopt;
};

const MacAddress host{{2, 0, 0, 0, 0, 7}};
const MacAddress other{{2, 0, 0, 0, 0, 8}};

/// An authenticator that was brought into a state, and its host.
struct Machine : Bench {
  explicit Machine(State state)
      : Bench{[](Profile& profile) {
          profile.pae.emplace();
          profile.pae->role = PaeRole::authenticator;
          profile.pae->servers.emplace_back();
        }} {
    if (state == State::off) return;
    pacp.ask(now);
    if (state == State::asking) return;
    answer(host, true);
    if (state == State::authenticating) return;
    if (state == State::held) {
      report(RadiusReport::Kind::reject);
    } else {
      report(RadiusReport::Kind::accept);
      now += 1min;
    }
    if (state == State::reauthenticating) {
      pacp.ask(now);
      answer(host, true);
    }
    static_cast<void>(pacp.take_outcome());
  }

  void frame(EapolType type, const MacAddress& source, Bytes body, bool held_by_mka = false) {
    pacp.receive({.destination = pae_group_address,
                  .source = source,
                  .ethertype = eapol_ethertype,
                  .version = 3,
                  .type = static_cast<std::uint8_t>(type),
                  .body = body,
                  .authenticated = {}},
                 held_by_mka, now);
  }
  /// To the request that was sent last, or to none.
  void answer(const MacAddress& source, bool right) {
    std::uint8_t identifier = 0;
    EapType type = EapType::identity;
    for (const Frame& sent : context.frames)
      if (const auto packet = read_eap(read_eapol(sent)->body); packet->code == EapCode::request) {
        identifier = packet->identifier;
        type = packet->type;
      }
    std::array<std::uint8_t, 6> packet{};
    Writer writer{packet};
    const std::array<std::uint8_t, 1> data{'a'};
    write_eap(writer, EapCode::response, static_cast<std::uint8_t>(identifier + (right ? 0 : 1)), type, data);
    frame(EapolType::eap, source, packet);
  }
  void report(RadiusReport::Kind kind) {
    while (auto command = pacp.poll()) conversation = command->conversation;
    RadiusReport report;
    report.kind = kind;
    report.conversation = conversation;
    report.packet = {1, 9, 0, 6, 13, 0x20};
    if (kind == RadiusReport::Kind::accept) report.keys.emplace();
    pacp.on_report(std::move(report), false, now);
  }
  void give(Input input) {
    switch (input) {
      case Input::ask:
        return pacp.ask(now);
      case Input::stop:
        return pacp.stop(now);
      case Input::pause:
        return pacp.pause(now);
      case Input::release:
        return pacp.release(Duration{0}, now);
      case Input::start:
        return frame(EapolType::start, host, {});
      case Input::other_start:
        return frame(EapolType::start, other, {});
      case Input::logoff:
        return frame(EapolType::logoff, host, {});
      case Input::held_logoff:
        return frame(EapolType::logoff, host, {}, true);
      case Input::answer:
        return answer(host, true);
      case Input::wrong_answer:
        return answer(host, false);
      case Input::challenge:
        return report(RadiusReport::Kind::challenge);
      case Input::accept:
        return report(RadiusReport::Kind::accept);
      case Input::reject:
        return report(RadiusReport::Kind::reject);
      case Input::failed:
        return report(RadiusReport::Kind::failed);
      case Input::time_up:
        now = pacp.next().value_or(now);
        return pacp.step(now);
    }
  }
  [[nodiscard]] AuthenticatorState state() const {
    AuthenticatorStatus status;
    pacp.fill(status);
    return status.state;
  }

  Time now = start;
  RadiusConversation conversation = 0;
  Authenticator pacp{context};
};

/// What `input` leads to; where nothing is said, one stays where one is, which is shown as `before`.
Entry entry(State state, AuthenticatorState before, Input input) {
  using S = AuthenticatorState;
  const bool session = state == State::authenticated || state == State::reauthenticating;
  const bool runs = state == State::authenticating || state == State::reauthenticating;
  switch (input) {
    case Input::ask:
      return {session ? S::authenticating : S::waiting};
    case Input::stop:
      return {S::waiting};
    case Input::pause:
      return {session ? S::authenticated : S::waiting};
    case Input::release:
      if (runs || state == State::held) return {before};
      return {S::waiting};
    case Input::logoff:
      if (session) return {S::authenticated, Kind::logged_off};
      return {before};
    case Input::answer:
      if (state == State::asking) return {S::authenticating};
      return {before};
    case Input::accept:
      if (runs) return {S::authenticated, Kind::accepted};
      return {before};
    case Input::reject:
      if (runs) return {S::held, Kind::rejected};
      return {before};
    case Input::failed:
      if (runs) return {session ? S::authenticated : S::held, Kind::unanswered};
      return {before};
    case Input::time_up:  // the RADIUS client's in a conversation, the hold's
      if (runs) return {session ? S::authenticated : S::held, Kind::unanswered};
      if (state == State::held) return {S::waiting};
      return {before};
    case Input::start:
    case Input::other_start:
    case Input::held_logoff:
    case Input::wrong_answer:
    case Input::challenge:
      return {before};
  }
  return {before};
}

TEST(Pacp, EachEventInEachState) {
  for (const State state :
       {State::off, State::asking, State::authenticating, State::authenticated, State::reauthenticating, State::held})
    for (const Input input : all_inputs) {
      SCOPED_TRACE(testing::Message() << "state " << static_cast<int>(state) << ", input " << static_cast<int>(input));
      Machine machine{state};
      const AuthenticatorState before = machine.state();
      machine.give(input);
      const Entry wanted = entry(state, before, input);
      EXPECT_EQ(machine.state(), wanted.state);
      const auto outcome = machine.pacp.take_outcome();
      EXPECT_EQ(outcome ? std::optional{outcome->kind} : std::nullopt, wanted.outcome);
    }
}

TEST(Pacp, StartOfTheHostOfASessionBeginsAReauthenticationOnceItsTimeHasCome) {
  Machine machine{State::authenticated};
  machine.give(Input::start);
  machine.give(Input::time_up);
  EXPECT_EQ(machine.state(), AuthenticatorState::authenticating);
  Machine soon{State::authenticated};
  soon.now -= 55s;
  soon.give(Input::start);
  EXPECT_EQ(soon.pacp.next(), start + 10s);
}

TEST(Pacp, HoldLastsAsLongAsTheProfileSays) {
  Machine machine{State::held};
  EXPECT_EQ(machine.pacp.next(), start + 1min);
  for (const Input input : {Input::start, Input::other_start, Input::answer, Input::logoff}) machine.give(input);
  EXPECT_EQ(machine.pacp.next(), start + 1min);
  EXPECT_EQ(machine.context.authenticator.start_rx, 2U);
  EXPECT_EQ(machine.context.authenticator.eap_ignored, 1U);
}

TEST(Pacp, NothingLeavesWithoutCarrier) {
  Machine machine{State::off};
  machine.context.link.carrier = false;
  machine.give(Input::ask);
  EXPECT_TRUE(machine.context.frames.empty());
  EXPECT_TRUE(machine.pacp.stopped());
}

TEST(Pacp, EachConversationThatIsLeftIsEndedForTheRadiusClient) {
  for (const Input input : {Input::ask, Input::stop, Input::pause, Input::time_up}) {
    Machine machine{State::authenticating};
    std::optional<RadiusConversation> open;
    const auto follow = [&] {
      while (auto command = machine.pacp.poll())
        open = command->kind == RadiusCommand::Kind::end ? std::nullopt : std::optional{command->conversation};
    };
    follow();
    EXPECT_TRUE(open);
    machine.give(input);
    follow();
    EXPECT_FALSE(open) << static_cast<int>(input);
  }
}

}  // namespace
}  // namespace macsec::core
