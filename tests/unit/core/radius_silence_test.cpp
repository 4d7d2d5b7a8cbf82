// SPDX-License-Identifier: LGPL-2.1-or-later
// Silence towards one host is not that of a server, and a datagram that cannot leave is not that of all.
#include "tests/unit/core/radius_rig.hpp"

namespace macsec::core {
namespace {

using Kind = RadiusReport::Kind;
using State = RadiusServerState;
using Client = RadiusRig;

// What another host asked was sent, and may be answered.
TEST_F(LoneServer, DatagramThatCannotLeaveEndsNoOthersWait) {
  ask(1);
  const RadiusDatagram first = only();
  ask(2);
  client.on_unsent(only(), {ENETUNREACH, "Network is unreachable"}, now);
  const auto got = report(2);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->problem, RadiusProblem::silent);
  pass(3s);
  const RadiusDatagram again = only();
  EXPECT_EQ(again.octets, first.octets);
  client.on_unsent(again, {ENETUNREACH, "Network is unreachable"}, now);
  EXPECT_FALSE(client.poll_report());
  receive(first, accept_to(first));
  EXPECT_EQ(report()->kind, Kind::accept);
}

TEST_F(Client, DatagramThatMayNotLeaveEndsAll) {
  for (const RadiusOwner owner : {1U, 2U}) ask(owner);
  const auto requests = sent();
  client.on_unsent(requests.at(1), {EPERM, "no"}, now);
  for (const RadiusDatagram& moved : sent()) EXPECT_EQ(moved.server, 1U);
}

// A server may wait for another one that knows this host, and answer all others.
TEST_F(Client, ServerThatIgnoresOneHostIsAskedWhetherItIsThere) {
  for (RadiusConversation conversation = 1; conversation <= 4; ++conversation) {
    ask(1, conversation);
    EXPECT_EQ(only().server, 0U);
    pass(30s, [this] { answer_probes(); });
    EXPECT_EQ(server(0).state, State::alive);
    client.command(1, {.kind = RadiusCommand::Kind::end, .conversation = conversation}, now);
  }
  EXPECT_FALSE(client.poll_event());
}

TEST_F(LoneServer, HostThatTheServerIgnoresIsToldApartFromSilence) {
  ask();
  only();
  pass(30s, [this] { answer_probes(); });
  const auto got = report();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->problem, RadiusProblem::silent);
  EXPECT_TRUE(got->servers_answer);
  EXPECT_NE(got->words.find("10.0.0.1:1812 answers others, but not what this host says"), std::string::npos)
      << got->words;
  EXPECT_EQ(server(0).words, "");
}

TEST_F(LoneServer, ManyHostsWithoutAnAnswerCauseFewProbes) {
  for (RadiusOwner owner = 1; owner <= 48; ++owner) ask(owner);
  sent();
  unsigned probes = 0;
  pass(29s, [&] {
    for (const RadiusDatagram& one : sent()) probes += RadiusCode{one.octets.at(0)} == Code::status_server ? 1U : 0U;
  });
  EXPECT_EQ(probes, 2U);
}

}  // namespace
}  // namespace macsec::core
