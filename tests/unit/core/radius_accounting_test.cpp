// SPDX-License-Identifier: LGPL-2.1-or-later
// What a RADIUS server hears of sessions, and that it hears it.
#include "engine/core/pae/radius_accountant.hpp"
#include "engine/core/pae/session_ledger.hpp"
#include "tests/unit/core/radius_rig.hpp"

namespace macsec::core {
namespace {

using Kind = RadiusAccounting::Kind;

std::uint32_t number_in(const RadiusPacket& packet, Type type) {
  const std::optional<Bytes> value = packet.find(type);
  EXPECT_TRUE(value);
  return value ? Reader{*value}.u32() : 0;
}

// ---- records to servers ----------------------------------------------------------------------------------------------

struct Accountant : testing::Test {
  explicit Accountant(const std::function<void(RadiusServer&)>& change = {})
      : accountant{radius_profile(2, change), "switch.example.org", random} {}

  std::vector<RadiusDatagram> sent() {
    std::vector<RadiusDatagram> out;
    while (auto datagram = accountant.poll_datagram()) out.push_back(std::move(*datagram));
    return out;
  }
  RadiusDatagram only() {
    const auto all = sent();
    EXPECT_EQ(all.size(), 1U);
    return all.empty() ? RadiusDatagram{} : all.front();
  }
  void answer(const RadiusDatagram& request, std::string_view secret = shared_secret) {
    RadiusAnswer response{Code::accounting_response, request.octets, secret};
    response.without_message_authenticator();
    accountant.on_datagram(request.server, request.socket, response.octets());
  }
  void pass(Duration span) {
    const Time end = now + span;
    while (accountant.next_timeout() && *accountant.next_timeout() <= end) {
      now = *accountant.next_timeout();
      accountant.on_timeout(now);
    }
    now = end;
  }
  RadiusCounters counters(std::size_t at) {
    std::vector<RadiusServerStatus> servers(2);
    accountant.count(servers);
    return servers.at(at).counters;
  }
  static RadiusAccounting record(Kind kind) {
    RadiusAccounting out;
    out.kind = kind;
    out.session = "0123456789abcdef";
    out.user_name = "alice";
    out.host = {{2, 0, 0, 0, 0, 0xab}};
    out.class_ = {'b', 'l', 'u', 'e', 0};
    out.at = 1'793'500'000;
    out.elapsed = 90s;
    out.traffic = {.octets_in = 0x5'0000'0007, .octets_out = 9, .packets_in = 70, .packets_out = 3};
    return out;
  }

  sim::SimRandom random{1};
  RadiusAccountant accountant;
  Time now{1'000'000s};
};

TEST_F(Accountant, RecordSaysWhoseSessionItIsAndWhatPassed) {
  RadiusAccounting stop = record(Kind::stop);
  stop.cause = TerminateCause::reauthentication_failure;
  accountant.add(std::move(stop), now);
  const RadiusDatagram request = only();
  const auto packet = read_radius(request.octets);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->code, 4);
  EXPECT_EQ(number_in(*packet, Type::acct_status_type), 2U);
  EXPECT_TRUE(std::ranges::equal(*packet->find(Type::acct_session_id), bytes_of("0123456789abcdef")));
  EXPECT_TRUE(std::ranges::equal(*packet->find(Type::user_name), bytes_of("alice")));
  EXPECT_TRUE(std::ranges::equal(*packet->find(Type::calling_station_id), bytes_of("02-00-00-00-00-AB")));
  EXPECT_TRUE(std::ranges::equal(*packet->find(Type::class_), Octets{'b', 'l', 'u', 'e', 0}));
  EXPECT_EQ(number_in(*packet, Type::event_timestamp), 1'793'500'000U);
  EXPECT_EQ(number_in(*packet, Type::acct_session_time), 90U);
  EXPECT_EQ(number_in(*packet, Type::acct_input_gigawords), 5U);
  EXPECT_EQ(number_in(*packet, Type::acct_input_octets), 7U);
  EXPECT_EQ(number_in(*packet, Type::acct_output_gigawords), 0U);
  EXPECT_EQ(number_in(*packet, Type::acct_output_octets), 9U);
  EXPECT_EQ(number_in(*packet, Type::acct_input_packets), 70U);
  EXPECT_EQ(number_in(*packet, Type::acct_output_packets), 3U);
  EXPECT_EQ(number_in(*packet, Type::acct_terminate_cause), 20U);
  EXPECT_EQ(number_in(*packet, Type::acct_delay_time), 0U);
}

TEST_F(Accountant, RecordOfUsNamesNoSessionOfAHost) {
  RadiusAccounting on;
  on.kind = Kind::on;
  on.session = "fedcba9876543210";
  on.at = 1'793'500'000;
  accountant.add(std::move(on), now);
  const RadiusDatagram request = only();
  const auto packet = read_radius(request.octets);
  ASSERT_TRUE(packet);
  EXPECT_EQ(number_in(*packet, Type::acct_status_type), 7U);
  EXPECT_TRUE(std::ranges::equal(*packet->find(Type::nas_identifier), bytes_of("switch.example.org")));
  EXPECT_TRUE(packet->find(Type::acct_session_id));
  for (const Type of_host : {Type::user_name, Type::calling_station_id, Type::acct_session_time})
    EXPECT_FALSE(packet->find(of_host));
}

TEST_F(Accountant, WhatIsAcknowledgedIsDone) {
  accountant.add(record(Kind::start), now);
  const RadiusDatagram request = only();
  answer(request, "another secret");
  answer({.server = 1, .socket = 0, .octets = request.octets});
  EXPECT_TRUE(accountant.next_timeout());
  answer(request);
  EXPECT_FALSE(accountant.next_timeout());
  EXPECT_EQ(counters(0).accounting_requests, 1U);
  EXPECT_EQ(counters(0).accounting_responses, 1U);
  EXPECT_EQ(counters(0).bad_authenticators, 1U);
  EXPECT_EQ(counters(1).dropped, 1U);
}

TEST_F(Accountant, SilentServerIsAskedAgainThenTheNext) {
  accountant.add(record(Kind::start), now);
  const RadiusDatagram first = only();
  pass(3s);
  // RFC 2866 5.2: it says how old the record is, so it is another packet under another identifier.
  const RadiusDatagram again = only();
  const auto packet = read_radius(again.octets);
  ASSERT_TRUE(packet);
  EXPECT_GE(number_in(*packet, Type::acct_delay_time), 1U);
  EXPECT_NE(packet->identifier, read_radius(first.octets)->identifier);
  pass(27s);
  const RadiusDatagram second = sent().back();
  EXPECT_EQ(second.server, 1U);
  EXPECT_EQ(number_in(*read_radius(second.octets), Type::acct_delay_time), 30U);
  answer(second);
  accountant.add(record(Kind::stop), now);
  EXPECT_EQ(only().server, 1U);  // it answers
  EXPECT_EQ(counters(0).accounting_timeouts, 1U);
}

TEST_F(Accountant, RecordThatNobodyTakesIsGivenUp) {
  accountant.add(record(Kind::start), now);
  pass(9min);
  EXPECT_TRUE(accountant.next_timeout());
  pass(2min);
  EXPECT_FALSE(accountant.next_timeout());
}

TEST_F(Accountant, MoreRecordsThanFitPushTheOldestOut) {
  for (std::size_t i = 0; i <= RadiusAccountant::most_records; ++i) {
    accountant.add(record(Kind::interim), now);
    now += 1us;
  }
  EXPECT_EQ(counters(0).accounting_requests, RadiusAccountant::most_records + 1);
  EXPECT_EQ(counters(0).accounting_timeouts, 1U);
}

struct SecondOnly : Accountant {
  SecondOnly()
      : Accountant{[](RadiusServer& server) { server.accounting_port = server.address == "10.0.0.2" ? 1813 : 0; }} {}
};
TEST_F(SecondOnly, ServerWithoutAccountingIsPassedOver) {
  accountant.add(record(Kind::start), now);
  EXPECT_EQ(only().server, 1U);
  pass(31s);
  for (const RadiusDatagram& one : sent()) EXPECT_EQ(one.server, 1U);
}

struct Nobody : Accountant {
  Nobody() : Accountant{[](RadiusServer& server) { server.accounting_port = 0; }} {}
};
TEST_F(Nobody, NothingIsSent) {
  accountant.add(record(Kind::start), now);
  EXPECT_TRUE(sent().empty());
  EXPECT_FALSE(accountant.next_timeout());
}

// ---- sessions --------------------------------------------------------------------------------------------------------

class Ledger : public testing::Test {
 protected:
  void grant(std::uint8_t host, std::optional<Duration> interim = std::nullopt, Octets class_ = {'c'}) {
    RadiusCommand request = request_of(1);
    request.host.octets[5] = host;
    ledger.note_request(request);
    RadiusReport accept;
    accept.kind = RadiusReport::Kind::accept;
    accept.class_ = std::move(class_);
    accept.interim = interim;
    ledger.note_accept(accept);
  }
  std::vector<RadiusAccounting> step(bool has_host = true) {
    EXPECT_TRUE(ledger.is_due(has_host, now));
    return ledger.step({.has_host = has_host,
                        .ended_by = TerminateCause::session_timeout,
                        .traffic = traffic,
                        .now = now,
                        .wall = 1000 + now.time_since_epoch() / 1s});
  }
  RadiusAccounting only(bool has_host = true) {
    auto all = step(has_host);
    EXPECT_EQ(all.size(), 1U);
    return all.empty() ? RadiusAccounting{} : all.front();
  }

  sim::SimRandom random{1};
  SessionLedger ledger{random};
  Time now{50s};
  std::optional<PortTraffic> traffic{
      PortTraffic{.octets_in = 1000, .octets_out = 500, .packets_in = 10, .packets_out = 5}};
};

TEST_F(Ledger, SessionHasABeginningAndAnEnd) {
  EXPECT_FALSE(ledger.is_due(false, now));
  grant(7);
  const RadiusAccounting start = only();
  EXPECT_EQ(start.kind, Kind::start);
  EXPECT_EQ(start.user_name, "alice@example.org");
  EXPECT_EQ(start.host.octets[5], 7);
  EXPECT_EQ(start.port_id, "eth1");
  EXPECT_EQ(start.class_, Octets{'c'});
  EXPECT_EQ(start.session.size(), 16U);
  EXPECT_EQ(start.at, 1050);
  EXPECT_FALSE(ledger.is_due(true, now + 24h));
  now += 90s;
  traffic = PortTraffic{.octets_in = 1700, .octets_out = 501, .packets_in = 12, .packets_out = 6};
  const RadiusAccounting stop = only(false);
  EXPECT_EQ(stop.kind, Kind::stop);
  EXPECT_EQ(stop.session, start.session);
  EXPECT_EQ(stop.elapsed, 90s);
  EXPECT_FALSE(start.cause);
  EXPECT_EQ(stop.cause, TerminateCause::session_timeout);
  EXPECT_EQ(stop.traffic.octets_in, 700U);  // not what passed before
  EXPECT_EQ(stop.traffic.octets_out, 1U);
  EXPECT_EQ(stop.traffic.packets_in, 2U);
  EXPECT_EQ(stop.traffic.packets_out, 1U);
  EXPECT_FALSE(ledger.is_due(false, now));
}

TEST_F(Ledger, SessionGoesOnInTheNextProcess) {
  grant(7, 5min);
  const RadiusAccounting start = only();
  traffic->octets_in += 100;
  now += 5min;
  EXPECT_EQ(only().traffic.octets_in, 100U);
  ASSERT_TRUE(ledger.running());
  SessionLedger next{random};
  next.resume(*ledger.running(), now);
  std::swap(ledger, next);
  EXPECT_FALSE(ledger.is_due(true, now));
  traffic->octets_in += 10;
  now += 5min;
  const RadiusAccounting interim = only();
  EXPECT_EQ(interim.kind, Kind::interim);
  EXPECT_EQ(interim.session, start.session);
  EXPECT_EQ(interim.traffic.octets_in, 110U);
  EXPECT_EQ(interim.elapsed, 10min);
  const RadiusAccounting stop = only(false);
  EXPECT_EQ(stop.session, start.session);
  EXPECT_EQ(stop.user_name, start.user_name);
  EXPECT_EQ(stop.class_, start.class_);
  EXPECT_EQ(stop.host, start.host);
}

TEST_F(Ledger, AcceptThatThePortRefusesIsNoSession) {
  grant(7);
  EXPECT_TRUE(step(false).empty());
  EXPECT_FALSE(ledger.is_due(true, now));
}

TEST_F(Ledger, InterimRecordsComeAsOftenAsTheServerSays) {
  grant(7, 5min);
  EXPECT_EQ(only().kind, Kind::start);
  for (int i = 1; i <= 3; ++i) {
    EXPECT_EQ(ledger.next(), now + 5min);
    now += 5min;
    traffic->octets_in += 10;
    const RadiusAccounting interim = only();
    EXPECT_EQ(interim.kind, Kind::interim);
    EXPECT_EQ(interim.traffic.octets_in, 10U * static_cast<unsigned>(i));
    EXPECT_EQ(interim.elapsed, i * 5min);
  }
}

TEST_F(Ledger, MoreOftenThanAMinuteIsTooOften) {
  grant(7, 1s);
  only();
  EXPECT_EQ(ledger.next(), now + 1min);
  SessionLedger other{random};
  std::swap(ledger, other);
  grant(7, 0s);
  only();
  EXPECT_FALSE(ledger.next());
}

TEST_F(Ledger, ReauthenticationIsTheSameSession) {
  grant(7);
  const RadiusAccounting start = only();
  grant(7, 5min, {'d'});
  now += 10s;
  const RadiusAccounting interim = only();  // from now on there are some
  EXPECT_EQ(interim.kind, Kind::interim);
  EXPECT_EQ(interim.session, start.session);
  EXPECT_EQ(interim.class_, Octets{'d'});
}

TEST_F(Ledger, AnotherHostHasAnotherSession) {
  grant(7);
  const RadiusAccounting first = only();
  grant(8);
  const auto both = step();
  ASSERT_EQ(both.size(), 2U);
  EXPECT_EQ(both[0].kind, Kind::stop);
  EXPECT_EQ(both[0].session, first.session);
  EXPECT_EQ(both[1].kind, Kind::start);
  EXPECT_EQ(both[1].host.octets[5], 8);
  EXPECT_NE(both[1].session, first.session);
}

TEST_F(Ledger, CountersThatBeginAgainLoseNothing) {
  grant(7, 5min);
  only();
  traffic->octets_in += 100;
  now += 5min;
  EXPECT_EQ(only().traffic.octets_in, 100U);
  traffic->octets_in = 30;  // the device was created again
  now += 5min;
  EXPECT_EQ(only().traffic.octets_in, 130U);
  traffic.reset();  // and cannot be read
  EXPECT_EQ(only(false).traffic.octets_in, 130U);
}

}  // namespace
}  // namespace macsec::core
