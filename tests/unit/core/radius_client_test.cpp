// SPDX-License-Identifier: LGPL-2.1-or-later
// Which server is asked when, how often, and what the port is told where none answers.
#include "tests/unit/core/radius_rig.hpp"

namespace macsec::core {
namespace {

using Kind = RadiusReport::Kind;
using Client = RadiusRig;
using State = RadiusServerState;

std::uint8_t code_of(const RadiusDatagram& datagram) { return datagram.octets.at(0); }

// ---- identifiers -------------------------------------------------------------------------------------------------------

TEST_F(Client, OutstandingRequestsDifferOnEachSocket) {
  constexpr RadiusOwner owners = 600;
  for (RadiusOwner owner = 0; owner < owners; ++owner) ask(owner);
  std::set<std::pair<std::size_t, std::uint8_t>> seen;
  std::set<RadiusAuthenticator> authenticators;
  std::size_t sockets = 0;
  for (const RadiusDatagram& one : sent()) {
    EXPECT_TRUE(seen.emplace(one.socket, one.octets.at(1)).second);
    authenticators.insert(read_radius(one.octets)->authenticator);
    sockets = std::max(sockets, one.socket + 1);
  }
  EXPECT_EQ(seen.size(), owners);
  EXPECT_EQ(authenticators.size(), owners);
  EXPECT_EQ(sockets, 3U);
}

TEST_F(Client, IdentifierIsUsedAgainLast) {
  std::set<std::uint8_t> seen;
  for (RadiusConversation conversation = 1; conversation <= 256; ++conversation) {
    ask(1, conversation);
    const RadiusDatagram request = only();
    EXPECT_EQ(request.socket, 0U);
    EXPECT_TRUE(seen.insert(request.octets.at(1)).second) << conversation;
    receive(request, answer_to(request, Code::access_reject));
  }
}

TEST_F(Client, OwnersGetTheirOwnAnswers) {
  ask(1, 10);
  ask(2, 20);
  const auto requests = sent();
  ASSERT_EQ(requests.size(), 2U);
  receive(requests[1], accept_to(requests[1]));
  receive(requests[0], answer_to(requests[0], Code::access_reject));
  const auto second = report(2);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->kind, Kind::accept);
  EXPECT_EQ(second->conversation, 20U);
  EXPECT_EQ(report(1)->conversation, 10U);
}

// ---- sent again --------------------------------------------------------------------------------------------------------

TEST_F(LoneServer, RequestIsSentAgainAsItWas) {
  ask();
  const RadiusDatagram first = only();
  std::vector<Time> times{now};
  while (client.next_timeout() && !client.poll_report()) {
    now = *client.next_timeout();
    client.on_timeout(now);
    for (const RadiusDatagram& again : requests()) {
      EXPECT_EQ(again.octets, first.octets);
      EXPECT_EQ(again.socket, first.socket);
      times.push_back(now);
    }
    if (now >= times.front() + 30s) break;
  }
  EXPECT_EQ(now, times.front() + 30s);
  ASSERT_GE(times.size(), 4U);
  Duration expected = 2s;
  for (std::size_t i = 1; i < times.size(); ++i) {
    const Duration gap = times[i] - times[i - 1];
    EXPECT_GE(gap, expected * 9 / 10 - 1us) << i;
    EXPECT_LE(gap, expected * 11 / 10 + 1us) << i;
    expected = std::min<Duration>(2 * gap, 16s);
  }
  EXPECT_EQ(server(0).counters.access_requests, 1U);
  EXPECT_EQ(server(0).counters.access_retransmissions, times.size() - 1);
  EXPECT_EQ(server(0).counters.timeouts, 1U);
}

TEST_F(LoneServer, AnswerToASecondCopyCounts) {
  ask();
  only();
  pass(3s);
  const RadiusDatagram again = only();
  receive(again, accept_to(again));
  EXPECT_EQ(report()->kind, Kind::accept);
  pass(2min);
  EXPECT_TRUE(sent().empty());
}

TEST(RadiusRequestTimes, GapsGrowNoLongerThan16Seconds) {
  sim::SimRandom random{3};
  const Time begun{100s};
  RadiusRequest request{{}, {}, 2s, 5min, begun, random};
  Time last = begun;
  unsigned count = 0;
  while (!request.is_expired(request.next())) {
    const Time at = request.next();
    EXPECT_LE(at - last, 17600ms);
    EXPECT_FALSE(request.take_again(at - 1us, random));
    EXPECT_TRUE(request.take_again(at, random));
    last = at;
    ++count;
  }
  EXPECT_GE(count, 17U);
  EXPECT_EQ(request.next(), begun + 5min);
}

// ---- several servers -----------------------------------------------------------------------------------------------------

TEST_F(Client, FirstRequestMovesToTheNextServer) {
  ask();
  const RadiusDatagram first = only();
  EXPECT_EQ(first.server, 0U);
  pass(30s);
  const auto all = requests();
  ASSERT_FALSE(all.empty());
  const RadiusDatagram& second = all.back();
  EXPECT_EQ(second.server, 1U);
  EXPECT_NE(read_radius(second.octets)->authenticator, read_radius(first.octets)->authenticator);
  EXPECT_FALSE(report());
  receive(second, accept_to(second));
  const auto got = report();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->kind, Kind::accept);
  EXPECT_EQ(got->server, "10.0.0.2");
}

TEST_F(Client, ConversationStaysWithTheServerThatChallenged) {
  ask();
  const RadiusDatagram first = only();
  receive(first, answer_to(first, Code::access_challenge).add_eap(tls_request));
  EXPECT_EQ(report()->kind, Kind::challenge);
  ask(1, 1, {2, 2, 0, 6, 13, 0});
  pass(31s);
  for (const RadiusDatagram& one : sent()) EXPECT_EQ(one.server, 0U);
  const auto got = report();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->kind, Kind::failed);
  EXPECT_EQ(got->problem, RadiusProblem::silent);
  EXPECT_NE(got->words.find("no answer from 10.0.0.1:1812 (30s)"), std::string::npos) << got->words;
}

TEST_F(Client, ClosedPortMovesAtOnce) {
  ask();
  const RadiusDatagram first = only();
  client.on_error(first.server, first.socket, {ECONNREFUSED, "Connection refused"}, now);
  const RadiusDatagram second = only();
  EXPECT_EQ(second.server, 1U);
  client.on_error(second.server, second.socket, {ECONNREFUSED, "Connection refused"}, now);
  const auto got = report();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->problem, RadiusProblem::refused);
  EXPECT_NE(got->words.find("10.0.0.1:1812: port unreachable"), std::string::npos) << got->words;
  EXPECT_NE(got->words.find("10.0.0.2:1812: port unreachable"), std::string::npos) << got->words;
  EXPECT_EQ(server(0).counters.timeouts, 1U);
}

TEST_F(LoneServer, BlockedRequestNamesTheSetting) {
  for (const int error : {EPERM, EACCES, EAFNOSUPPORT}) {
    ask(1, static_cast<RadiusConversation>(error));
    const RadiusDatagram request = only();
    client.on_error(request.server, request.socket, {error, "no"}, now);
    const auto got = report();
    ASSERT_TRUE(got);
    EXPECT_EQ(got->problem, RadiusProblem::blocked);
    EXPECT_NE(got->words.find("IPAddressAllow= does not hold 10.0.0.1"), std::string::npos) << got->words;
    EXPECT_NE(got->words.find("macsecd-radius.conf"), std::string::npos);
  }
}

TEST_F(LoneServer, UnreachableServerIsToldInTheSystemsWords) {
  ask();
  const RadiusDatagram request = only();
  client.on_error(request.server, request.socket, {ENETUNREACH, "Network is unreachable"}, now);
  const auto got = report();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->problem, RadiusProblem::silent);
  EXPECT_NE(got->words.find("Network is unreachable"), std::string::npos);
}

TEST_F(LoneServer, PassingErrorsAreWaitedOut) {
  ask();
  const RadiusDatagram request = only();
  for (const int error : {EAGAIN, ENOBUFS, EMSGSIZE}) client.on_error(0, request.socket, {error, "busy"}, now);
  EXPECT_FALSE(report());
  pass(3s);
  EXPECT_EQ(only().octets, request.octets);
}

TEST_F(LoneServer, ErrorOfASocketWithoutRequestsSaysNothing) {
  for (int i = 0; i < 3; ++i) client.on_error(0, 0, {ECONNREFUSED, "late"}, now);
  EXPECT_EQ(server(0).state, State::unknown);
}

TEST_F(Client, AnswersThatFailTheirCheckAreTheSecretsFault) {
  ask();
  const RadiusDatagram request = only();
  receive(request, RadiusAnswer{Code::access_reject, request.octets, "another secret"});
  EXPECT_FALSE(report());
  pass(1min);
  const auto got = report();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->problem, RadiusProblem::secret);  // tells more than the silence of the second server
  EXPECT_NE(got->words.find("answers of 10.0.0.1 fail their check: the secrets differ"), std::string::npos);
  EXPECT_NE(got->words.find("no answer from 10.0.0.2"), std::string::npos);
  EXPECT_NE(server(0).words.find("the secrets differ"), std::string::npos);
}

TEST_F(Client, AnswersWithoutMessageAuthenticatorAreNamedForThat) {
  ask();
  const RadiusDatagram request = only();
  receive(request, RadiusAnswer{Code::access_reject, request.octets, shared_secret}.without_message_authenticator());
  EXPECT_FALSE(report());
  pass(1min);
  const auto got = report();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->problem, RadiusProblem::secret);
  EXPECT_NE(got->words.find("answers of 10.0.0.1 have no Message-Authenticator"), std::string::npos) << got->words;
  EXPECT_EQ(got->words.find("the secrets differ"), std::string::npos) << got->words;
}

// ---- alive and dead --------------------------------------------------------------------------------------------------

TEST_F(Client, ThirdUnansweredExchangeMakesAServerDead) {
  EXPECT_EQ(server(0).state, State::unknown);
  for (RadiusConversation conversation = 1; conversation <= 3; ++conversation) {
    EXPECT_FALSE(client.poll_event());
    ask(1, conversation);
    EXPECT_EQ(only().server, 0U);
    pass(30s);
    const RadiusDatagram second = requests().back();
    receive(second, answer_to(second, Code::access_reject));
    EXPECT_TRUE(report());
  }
  const auto event = client.poll_event();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->kind, RadiusEvent::Kind::server_dead);
  EXPECT_EQ(event->server, "10.0.0.1");
  EXPECT_EQ(server(0).state, State::dead);
  EXPECT_FALSE(server(0).current);
  EXPECT_EQ(server(1).state, State::alive);
  EXPECT_TRUE(server(1).current);
  EXPECT_EQ(server(1).last_answer, now);
  ask(1, 4);
  EXPECT_EQ(only().server, 1U);
}

TEST_F(Client, AnswerBetweenForgetsWhatWasUnanswered) {
  for (RadiusConversation conversation = 1; conversation <= 6; ++conversation) {
    ask(1, conversation);
    const RadiusDatagram request = only();
    if (conversation % 3 == 0) {
      receive(request, answer_to(request, Code::access_reject));
    } else {
      client.on_error(0, request.socket, {ECONNREFUSED, "refused"}, now);
      const RadiusDatagram second = only();
      receive(second, answer_to(second, Code::access_reject));
    }
    EXPECT_TRUE(report());
  }
  EXPECT_EQ(server(0).state, State::alive);
  EXPECT_EQ(server(0).words, "");
}

struct DeadFirst : RadiusRig {
  DeadFirst() : RadiusRig{2} {
    for (RadiusConversation conversation = 1; conversation <= 3; ++conversation) answer_by_second(conversation);
    EXPECT_EQ(client.poll_event()->kind, RadiusEvent::Kind::server_dead);
  }
  /// The first server's port is closed, the second rejects.
  void answer_by_second(RadiusConversation conversation) {
    ask(1, conversation);
    RadiusDatagram request = only();
    if (request.server == 0) {
      client.on_error(0, request.socket, {ECONNREFUSED, "refused"}, now);
      request = only();
    }
    EXPECT_EQ(request.server, 1U);
    receive(request, answer_to(request, Code::access_reject));
    EXPECT_EQ(report()->server, "10.0.0.2");
  }
};

TEST_F(DeadFirst, IsProbedEachMinuteUntilItAnswers) {
  pass(59s);
  EXPECT_TRUE(sent().empty());
  pass(1s);
  const RadiusDatagram lost = only();
  EXPECT_EQ(lost.server, 0U);
  EXPECT_EQ(code_of(lost), 12);
  const auto mac = test::message_authenticator_of(lost.octets, shared_secret);
  EXPECT_TRUE(std::ranges::equal(*read_radius(lost.octets)->find(Type::message_authenticator), mac));
  pass(60s);
  const RadiusDatagram probe = only();  // one packet, not the same again
  EXPECT_NE(read_radius(probe.octets)->authenticator, read_radius(lost.octets)->authenticator);
  receive(probe, RadiusAnswer{Code::access_accept, probe.octets, "another secret"});
  EXPECT_FALSE(client.poll_event());
  receive(probe, answer_to(probe, Code::access_accept));
  const auto event = client.poll_event();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->kind, RadiusEvent::Kind::server_alive);
  EXPECT_EQ(event->server, "10.0.0.1");
  EXPECT_FALSE(client.poll_report());
  ask(1, 9);
  EXPECT_EQ(only().server, 0U);  // back to the first
  client.drop(1);
  pass(5min);
  EXPECT_TRUE(sent().empty());
}

TEST_F(DeadFirst, IsAskedInEarnestWhereItNeverAnsweredAProbe) {
  ask(1, 7);
  RadiusDatagram request = only();
  EXPECT_EQ(request.server, 1U);
  receive(request, answer_to(request, Code::access_reject));
  EXPECT_TRUE(report());
  pass(60s);
  EXPECT_EQ(code_of(only()), 12);
  ask(1, 8);
  request = only();
  EXPECT_EQ(request.server, 0U);
  ask(2, 9);  // one of them is enough
  EXPECT_EQ(only().server, 1U);
  receive(request, answer_to(request, Code::access_reject));
  EXPECT_TRUE(report());
  EXPECT_EQ(client.poll_event()->kind, RadiusEvent::Kind::server_alive);
}

TEST_F(DeadFirst, IsNotAskedInEarnestWhereItAnswersProbes) {
  pass(60s);
  const RadiusDatagram probe = only();
  receive(probe, answer_to(probe, Code::access_accept));
  EXPECT_EQ(client.poll_event()->kind, RadiusEvent::Kind::server_alive);
  for (RadiusConversation conversation = 11; conversation <= 13; ++conversation) answer_by_second(conversation);
  EXPECT_EQ(client.poll_event()->kind, RadiusEvent::Kind::server_dead);
  pass(61s);
  EXPECT_EQ(code_of(only()), 12);
  ask(1, 20);
  EXPECT_EQ(only().server, 1U);
}

TEST_F(LoneServer, DeadOneIsAskedWhereThereIsNoOther) {
  for (RadiusConversation conversation = 1; conversation <= 3; ++conversation) fail_once(conversation);
  EXPECT_EQ(server(0).state, State::dead);
  EXPECT_TRUE(server(0).current);
  ask(1, 4);
  const auto requests = sent();
  ASSERT_EQ(requests.size(), 1U);
  receive(requests[0], accept_to(requests[0]));
  EXPECT_EQ(report()->kind, Kind::accept);
  EXPECT_EQ(server(0).state, State::alive);
}

// ---- ports that lose interest ------------------------------------------------------------------------------------------

TEST_F(Client, HostThatGivesUpEarlyHidesNoDeadServer) {
  for (RadiusConversation conversation = 1; conversation <= 3; ++conversation) {
    ask(1, conversation);
    EXPECT_EQ(only().server, 0U);
    pass(1s);
    client.command(1, {.kind = RadiusCommand::Kind::end, .conversation = conversation}, now);
  }
  pass(30s);
  EXPECT_TRUE(requests().empty());  // nobody waits: they are not sent again
  EXPECT_FALSE(client.poll_report());
  EXPECT_EQ(client.poll_event()->kind, RadiusEvent::Kind::server_dead);
  EXPECT_EQ(server(0).counters.timeouts, 3U);
}

TEST_F(Client, LateAnswerForNobodyShowsThatTheServerLives) {
  ask();
  const RadiusDatagram request = only();
  ask(1, 2);  // the host began again
  EXPECT_EQ(sent().size(), 1U);
  receive(request, accept_to(request));
  EXPECT_FALSE(client.poll_report());
  EXPECT_EQ(server(0).state, State::alive);
}

TEST_F(Client, WhatWasAnsweredLateHidesNoDeadServer) {
  for (RadiusConversation conversation = 1; conversation <= 6; ++conversation) {
    ask(1, conversation);
    const RadiusDatagram request = only();
    client.command(1, {.kind = RadiusCommand::Kind::end, .conversation = conversation}, now);
    if (conversation <= 3) receive(request, accept_to(request));
  }
  pass(30s);
  EXPECT_EQ(server(0).state, State::dead);
}

TEST_F(Client, NothingIsToldAfterDrop) {
  ask();
  const RadiusDatagram request = only();
  ask(1, 2);
  const RadiusDatagram later = only();
  receive(later, accept_to(later));
  client.drop(1);
  receive(request, accept_to(request));
  EXPECT_FALSE(client.poll_report());
  EXPECT_FALSE(client.next_timeout());
  EXPECT_EQ(server(0).counters.dropped, 1U);
}

TEST_F(Client, AnotherResponseReplacesTheOneBefore) {
  ask(1, 1);
  const RadiusDatagram first = only();
  ask(1, 1, {2, 1, 0, 8, 1, 'b', 'o', 'b'});
  const RadiusDatagram second = only();
  receive(first, accept_to(first));
  EXPECT_FALSE(report());
  receive(second, accept_to(second));
  EXPECT_EQ(report()->kind, Kind::accept);
}

// What the host says to a challenge of another client, or of one that is forgotten, is nothing to begin with.
TEST_F(Client, OnlyAnIdentityBeginsAConversation) {
  ask(1, 7, {2, 2, 0, 6, 13, 0});
  EXPECT_TRUE(sent().empty());
  const auto got = report();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->kind, Kind::failed);
  EXPECT_EQ(got->conversation, 7U);
  EXPECT_EQ(got->problem, RadiusProblem::internal);
  EXPECT_NE(got->words.find("not known any more"), std::string::npos);
  EXPECT_FALSE(got->servers_answer);
  ask(1, 8);
  EXPECT_EQ(sent().size(), 1U);
}

TEST_F(LoneServer, FailureSaysWhetherServersAnsweredMeanwhile) {
  for (const bool other : {false, true}) {
    pass(1s);
    ask(1, other ? 2 : 1);
    sent();
    pass(1s);
    if (other) {
      ask(2, 1);
      const RadiusDatagram request = only();
      receive(request, answer_to(request, Code::access_reject));
      EXPECT_TRUE(report(2));
    }
    pass(1min);
    const auto got = report();
    ASSERT_TRUE(got);
    EXPECT_EQ(got->kind, Kind::failed);
    EXPECT_EQ(got->servers_answer, other);
  }
}

TEST_F(LoneServer, FailureAfterAChallengeIsOneOfAServerThatAnswers) {
  ask();
  const RadiusDatagram first = only();
  receive(first, answer_to(first, Code::access_challenge).add_eap(tls_request));
  EXPECT_EQ(report()->kind, Kind::challenge);
  ask(1, 1, {2, 2, 0, 6, 13, 0});
  pass(1min);
  EXPECT_TRUE(report()->servers_answer);
}

TEST_F(Client, EndOfAnotherConversationChangesNothing) {
  ask(1, 2);
  const RadiusDatagram request = only();
  client.command(1, {.kind = RadiusCommand::Kind::end, .conversation = 1}, now);
  receive(request, accept_to(request));
  EXPECT_EQ(report()->kind, Kind::accept);
}

}  // namespace
}  // namespace macsec::core
