// SPDX-License-Identifier: LGPL-2.1-or-later
// Servers over TLS: connections that are made, watched and made again, and what becomes of requests meanwhile.
#include "tests/unit/core/radius_rig.hpp"

#include "engine/wire/radius_stream.hpp"

namespace macsec::core {
namespace {

using Kind = RadiusReport::Kind;
using State = RadiusServerState;

constexpr RadiusWay way{};  // of the first server

struct OverTls : RadiusRig {
  explicit OverTls(std::size_t servers = 1, std::size_t over_tls = 1)
      : RadiusRig{servers, [left = over_tls](RadiusServer& server) mutable {
                    if (left == 0) return;
                    --left;
                    server.transport = RadiusTransport::tls;
                    server.port = 2083;
                  }} {
    client.on_timeout(now);
  }
  /// The connections that are to be made (true) or given up.
  std::vector<std::pair<RadiusWay, bool>> wishes() {
    std::vector<std::pair<RadiusWay, bool>> out;
    while (const auto wish = client.poll_wish()) out.emplace_back(wish->way, wish->connect);
    return out;
  }
  bool is_wanted(bool connect = true, RadiusWay which = way) {
    return wishes() == std::vector{std::pair{which, connect}};
  }
  /// The connection is there, and its other end answers.
  void connect(RadiusWay which = way) {
    client.on_connected(which, "TLSv1.3", now);
    for (const RadiusDatagram& one : sent())
      if (RadiusCode{one.octets.at(0)} == Code::status_server) receive(one, answer_to(one, Code::access_accept));
  }
  void refuse() { client.on_disconnected(way, RadiusProblem::refused, "10.0.0.1:2083: connection refused", now); }
};

struct Both : OverTls {
  Both() : OverTls{2, 1} {}
};

TEST_F(OverTls, ConnectionIsMadeWithoutARequestAndAsksForASignOfLife) {
  EXPECT_TRUE(is_wanted());
  EXPECT_EQ(server(0).state, State::unknown);
  client.on_connected(way, "TLSv1.3", now);
  const RadiusDatagram probe = only();
  EXPECT_EQ(RadiusCode{probe.octets.at(0)}, Code::status_server);
  EXPECT_EQ(probe.octets.at(1), 0);  // the identifier that is kept for it
  receive(probe, answer_to(probe, Code::access_accept));
  EXPECT_EQ(server(0).state, State::alive);
  EXPECT_EQ(server(0).transport, RadiusTransport::tls);
  EXPECT_EQ(server(0).tls_version, "TLSv1.3");
}

// As FreeRADIUS 3.2.1 answers: who wrote it is known by TLS.
TEST_F(OverTls, AnswerToStatusServerAndRejectNeedNoMessageAuthenticator) {
  client.on_connected(way, "TLSv1.3", now);
  const RadiusDatagram probe = only();
  receive(probe, answer_to(probe, Code::access_accept).without_message_authenticator());
  EXPECT_EQ(server(0).state, State::alive);
  ask();
  const auto got = requests();
  ASSERT_EQ(got.size(), 1U);
  receive(got[0], answer_to(got[0], Code::access_reject).without_message_authenticator());
  EXPECT_EQ(report()->kind, Kind::reject);
  EXPECT_EQ(server(0).counters.bad_authenticators, 0U);
}

TEST_F(OverTls, WhatContinuesEapNeedsOne) {
  client.on_connected(way, "TLSv1.3", now);
  ask();
  const auto got = requests();
  ASSERT_EQ(got.size(), 1U);
  receive(got[0], accept_to(got[0]).without_message_authenticator());
  receive(got[0], answer_to(got[0], Code::access_challenge).without_message_authenticator());
  EXPECT_FALSE(report());
  EXPECT_EQ(server(0).counters.bad_authenticators, 2U);
  receive(got[0], accept_to(got[0]));
  EXPECT_EQ(report()->kind, Kind::accept);
}

TEST_F(OverTls, RequestWaitsForTheConnectionAndIsSentOnce) {
  ask();
  EXPECT_TRUE(sent().empty());
  pass(1s);
  client.on_connected(way, "TLSv1.3", now);
  const auto got = requests();
  ASSERT_EQ(got.size(), 1U);
  EXPECT_NE(got[0].octets.at(1), 0);
  pass(14s);
  EXPECT_TRUE(requests().empty());  // TCP repeats
  receive(got[0], accept_to(got[0]));
  EXPECT_EQ(report()->kind, Kind::accept);
  EXPECT_EQ(server(0).counters.access_retransmissions, 0U);
}

// A server may only begin anew.
TEST_F(OverTls, ConnectionThatWasOfUseIsMadeAgainAtOnce) {
  wishes();
  connect();
  client.on_disconnected(way, RadiusProblem::silent, "the server ended the connection", now);
  EXPECT_EQ(server(0).state, State::alive);
  EXPECT_EQ(server(0).tls_version, "");
  EXPECT_EQ(server(0).words, "");
  pass(0s);
  EXPECT_TRUE(is_wanted());
  refuse();
  pass(0s);
  EXPECT_TRUE(wishes().empty());
}

TEST_F(OverTls, RequestOnTheNextConnectionIsTheSameAndItsAnswerCounts) {
  connect();
  ask();
  const RadiusDatagram first = only();
  client.on_disconnected(way, RadiusProblem::silent, "the server ended the connection", now);
  client.on_connected(way, "TLSv1.2", now);
  const auto again = requests();
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].octets, first.octets);
  receive(again[0], answer_to(again[0], Code::access_reject));
  EXPECT_EQ(report()->kind, Kind::reject);
}

// A server that began anew knows no conversation of before, and says so by a reject.
TEST_F(OverTls, RejectOfAConversationThatTheServerForgotIsNoWordOnTheHost) {
  connect();
  ask();
  const RadiusDatagram first = only();
  receive(first, answer_to(first, Code::access_challenge).add_eap(tls_request));
  EXPECT_EQ(report()->kind, Kind::challenge);
  ask(1, 1, {2, 2, 0, 6, 13, 0});
  only();
  client.on_disconnected(way, RadiusProblem::silent, "the server ended the connection", now);
  client.on_connected(way, "TLSv1.3", now);
  const auto again = requests();
  ASSERT_EQ(again.size(), 1U);
  receive(again[0], answer_to(again[0], Code::access_reject).add_eap(eap_failure));
  const auto got = report();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->kind, Kind::failed);
  EXPECT_TRUE(got->packet.empty());
  EXPECT_NE(got->words.find("10.0.0.1:2083 broke during an authentication"), std::string::npos) << got->words;
}

TEST_F(OverTls, ThirdAttemptThatFailsMakesTheServerDeadAndTellsWhoWaits) {
  ask();
  for (int attempt = 1; attempt <= 3; ++attempt) {
    EXPECT_FALSE(client.poll_report());
    EXPECT_FALSE(client.poll_event());
    EXPECT_TRUE(is_wanted()) << attempt;
    refuse();
    pass(attempt * 2s);
  }
  const auto event = client.poll_event();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->kind, RadiusEvent::Kind::server_dead);
  EXPECT_NE(event->text.find("10.0.0.1:2083 (TLS)"), std::string::npos) << event->text;
  const auto got = report();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->problem, RadiusProblem::refused);
  EXPECT_NE(got->words.find("connection refused"), std::string::npos);
  EXPECT_EQ(server(0).words, "10.0.0.1:2083: connection refused");
  connect();
  EXPECT_EQ(server(0).state, State::alive);
  EXPECT_EQ(client.poll_event()->kind, RadiusEvent::Kind::server_alive);
}

TEST_F(OverTls, PausesBetweenAttemptsGrowTo30Seconds) {
  Duration longest{0};
  for (int attempt = 0; attempt < 12; ++attempt) {
    EXPECT_TRUE(is_wanted()) << attempt;
    refuse();
    const Time failed = now;
    now = *client.next_timeout();
    client.on_timeout(now);
    const Duration pause = now - failed;
    EXPECT_GE(pause, std::min<Duration>(1s * (1 << std::min(attempt, 5)), 30s) * 9 / 10);
    longest = std::max(longest, pause);
  }
  EXPECT_LE(longest, 30s);
  EXPECT_GE(longest, 27s);
}

TEST_F(OverTls, ConnectionThatIsNotMadeInTimeIsGivenUp) {
  wishes();
  pass(RadiusWays::connect_patience);
  const auto all = wishes();
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all.front(), std::pair(way, false));
  EXPECT_NE(server(0).words.find("no connection within 10s"), std::string::npos) << server(0).words;
}

// ---- a sign of life ----------------------------------------------------------------------------------------------------

TEST_F(OverTls, SilentConnectionIsAskedAndGivenUpWhereNothingComes) {
  wishes();
  connect();
  pass(RadiusWays::watch_gap);
  const RadiusDatagram probe = only();
  EXPECT_EQ(RadiusCode{probe.octets.at(0)}, Code::status_server);
  receive(probe, answer_to(probe, Code::access_accept));
  EXPECT_TRUE(wishes().empty());
  pass(RadiusWays::watch_gap);
  EXPECT_EQ(sent().size(), 1U);
  pass(RadiusWays::watch_patience);
  const auto all = wishes();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0], std::pair(way, false));
  EXPECT_EQ(all[1], std::pair(way, true));
}

// Nothing in the request's time would notice a connection that a middlebox forgot; half of it is enough to doubt.
TEST_F(OverTls, RequestOnADeadConnectionIsSentAgainOnAnother) {
  wishes();
  connect();
  pass(1s);
  ask();
  const RadiusDatagram first = only();
  pass(26s);
  EXPECT_FALSE(client.poll_report());
  sent();
  const auto all = wishes();
  ASSERT_EQ(all.size(), 2U);
  client.on_connected(way, "TLSv1.3", now);
  const auto again = requests();
  ASSERT_EQ(again.size(), 1U);
  receive(again[0], accept_to(again[0]));
  EXPECT_EQ(report()->kind, Kind::accept);
}

// ---- several servers, many requests ---------------------------------------------------------------------------------------

TEST_F(Both, FirstRequestMovesToTheOtherServerWhereNoConnectionCanBeMade) {
  ask();
  EXPECT_TRUE(sent().empty());
  refuse();
  const RadiusDatagram second = only();
  EXPECT_EQ(second.server, 1U);
  receive(second, accept_to(second));
  const auto got = report();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->kind, Kind::accept);
  EXPECT_EQ(got->server, "10.0.0.2");
}

TEST_F(OverTls, IdentifiersOfAConnectionAreNotSharedAndMoreRequestsTakeMoreConnections) {
  connect();
  wishes();
  constexpr RadiusOwner owners = 300;
  for (RadiusOwner owner = 1; owner <= owners; ++owner) ask(owner);
  std::set<std::uint8_t> seen;
  for (const RadiusDatagram& one : requests()) {
    EXPECT_EQ(one.socket, 0U);
    EXPECT_TRUE(seen.insert(one.octets.at(1)).second);
    EXPECT_LT(one.octets.at(1), records_over_tls.first);
  }
  EXPECT_FALSE(seen.contains(0));
  EXPECT_EQ(seen.size(), 223U);
  pass(0s);
  const RadiusWay second{.server = 0, .socket = 1};
  EXPECT_TRUE(is_wanted(true, second));
  client.on_connected(second, "TLSv1.3", now);
  const auto rest = requests();
  EXPECT_EQ(rest.size(), owners - seen.size());
  for (const RadiusDatagram& one : rest) receive(one, answer_to(one, Code::access_reject));
  while (client.poll_report()) {
  }
  bool given_up = false;
  pass(RadiusWays::watch_gap + 1s, [&] {
    sent();
    for (const auto& [which, connect] : wishes()) given_up = given_up || (which == second && !connect);
  });
  EXPECT_TRUE(given_up);
}

// ---- the stream ----------------------------------------------------------------------------------------------------------

TEST(RadiusStream, PacketsComeHoweverTheStreamIsCut) {
  Octets stream;
  const auto add = [&stream](std::size_t size) {
    const std::size_t at = stream.size();
    stream.resize(at + size, static_cast<std::uint8_t>(size));
    stream[at + 2] = static_cast<std::uint8_t>(size >> 8U);
    stream[at + 3] = static_cast<std::uint8_t>(size);
  };
  const std::vector<std::size_t> sizes{20, 21, 4096, 300};
  for (const std::size_t size : sizes) add(size);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{20}, std::size_t{1000}, stream.size()}) {
    RadiusStream reader;
    std::vector<std::size_t> got;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      reader.add(Bytes{stream}.subspan(at, std::min(piece, stream.size() - at)));
      while (const auto packet = reader.next()) got.push_back(packet->size());
    }
    EXPECT_EQ(got, sizes) << piece;
    EXPECT_FALSE(reader.is_broken());
  }
}

TEST(RadiusStream, ImpossibleLengthBreaksIt) {
  for (const std::size_t size : {0U, 19U, 4097U, 65535U}) {
    RadiusStream reader;
    reader.add(Octets{2, 1, static_cast<std::uint8_t>(size >> 8U), static_cast<std::uint8_t>(size)});
    EXPECT_FALSE(reader.next()) << size;
    EXPECT_TRUE(reader.is_broken()) << size;
    reader.add(Octets(100, 0));
    EXPECT_FALSE(reader.next());
  }
}

}  // namespace
}  // namespace macsec::core
