// SPDX-License-Identifier: LGPL-2.1-or-later
// What an authenticator asks a RADIUS server, and which answers it believes.
#include "tests/unit/core/radius_rig.hpp"

namespace macsec::core {
namespace {

using Kind = RadiusReport::Kind;

class RadiusAccess : public RadiusRig {
 protected:
  RadiusReport report_of(const RadiusAnswer& answer, const RadiusDatagram& request) {
    receive(request, answer);
    auto got = report();
    EXPECT_TRUE(got);
    return got ? std::move(*got) : RadiusReport{};
  }
  RadiusReport accepted(const std::function<void(RadiusAnswer&)>& change) {
    ask(1, ++conversation_);
    const RadiusDatagram request = only();
    RadiusAnswer answer = accept_to(request);
    change(answer);
    return report_of(answer, request);
  }

 private:
  RadiusConversation conversation_ = 0;
};

Octets octets_of(std::optional<Bytes> value) { return value ? Octets{value->begin(), value->end()} : Octets{}; }
Octets octets_of(std::string_view text) { return octets_of(bytes_of(text)); }

Octets eap_in(const RadiusPacket& packet) {
  Octets out(max_radius_size);
  Writer writer{out};
  packet.join_eap(writer);
  out.resize(writer.size());
  return out;
}

TEST_F(RadiusAccess, RequestSaysWhoAsksForWhomAndWhere) {
  ask();
  const RadiusDatagram request = only();
  const auto packet = read_radius(request.octets);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->code, 1);
  EXPECT_EQ(packet->all().next()->type, Type::message_authenticator);  // first, against chosen-prefix collisions
  EXPECT_EQ(octets_of(packet->find(Type::user_name)), octets_of("alice@example.org"));
  EXPECT_EQ(octets_of(packet->find(Type::nas_identifier)), octets_of("switch.example.org"));
  EXPECT_EQ(octets_of(packet->find(Type::nas_port_id)), octets_of("eth1"));
  EXPECT_EQ(octets_of(packet->find(Type::nas_port_type)), (Octets{0, 0, 0, 15}));
  EXPECT_EQ(octets_of(packet->find(Type::service_type)), (Octets{0, 0, 0, 2}));
  EXPECT_EQ(octets_of(packet->find(Type::called_station_id)), octets_of("02-00-00-00-00-CD"));
  EXPECT_EQ(octets_of(packet->find(Type::calling_station_id)), octets_of("02-00-00-00-00-AB"));
  EXPECT_EQ(octets_of(packet->find(Type::framed_mtu)), (Octets{0, 0, 1496 >> 8, 1496 & 255}));
  EXPECT_EQ(octets_of(packet->find(Type::eap_key_name)), Octets{0});
  EXPECT_FALSE(packet->find(Type::state));
  EXPECT_EQ(eap_in(*packet), identity_response);
}

TEST_F(RadiusAccess, RequestIsSigned) {
  ask();
  const RadiusDatagram request = only();
  const auto mac = test::message_authenticator_of(request.octets, shared_secret);
  EXPECT_EQ(octets_of(read_radius(request.octets)->find(Type::message_authenticator)), Octets(mac.begin(), mac.end()));
}

TEST_F(RadiusAccess, HostWithoutIdentityIsNamedByItsAddress) {
  RadiusCommand command = request_of(1);
  command.user_name.clear();
  client.command(1, command, now);
  EXPECT_EQ(octets_of(read_radius(only().octets)->find(Type::user_name)), octets_of("02-00-00-00-00-AB"));
}

TEST_F(RadiusAccess, IdentityThatRadiusCannotCarryFails) {
  RadiusCommand command = request_of(1);
  command.user_name.assign(254, 'a');
  client.command(1, command, now);
  EXPECT_TRUE(sent().empty());
  const auto failed = report();
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->kind, Kind::failed);
  EXPECT_EQ(failed->problem, RadiusProblem::internal);
  EXPECT_NE(failed->words.find("254 octets"), std::string::npos);
}

TEST_F(RadiusAccess, LongPacketIsSplitAndStateComesBack) {
  ask();
  const RadiusDatagram first = only();
  receive(first, answer_to(first, Code::access_challenge).add_eap(tls_request).add(Type::state, "its state"));
  const auto challenge = report();
  ASSERT_TRUE(challenge);
  EXPECT_EQ(challenge->kind, Kind::challenge);
  EXPECT_EQ(challenge->packet, tls_request);

  Octets response(1400, 7);
  Writer{response}.put(Octets{2, 2, 1400 >> 8, 1400 & 255, 13});
  ask(1, 1, response);
  const RadiusDatagram second = only();
  const auto packet = read_radius(second.octets);
  EXPECT_EQ(eap_in(*packet), response);
  EXPECT_EQ(octets_of(packet->find(Type::state)), octets_of("its state"));
  EXPECT_NE(packet->authenticator, read_radius(first.octets)->authenticator);
  EXPECT_NE(packet->identifier, read_radius(first.octets)->identifier);
}

TEST_F(RadiusAccess, ChallengeSaysHowLongToWaitForTheHost) {
  ask();
  const RadiusDatagram request = only();
  const RadiusReport got = report_of(
      answer_to(request, Code::access_challenge).add_eap(tls_request).add(Type::session_timeout, 17), request);
  EXPECT_EQ(got.session_timeout, 17s);
}

TEST_F(RadiusAccess, ChallengeWithoutEapMakesNoSense) {
  ask();
  const RadiusDatagram request = only();
  const RadiusReport got = report_of(answer_to(request, Code::access_challenge), request);
  EXPECT_EQ(got.kind, Kind::failed);
  EXPECT_EQ(got.problem, RadiusProblem::malformed);
}

TEST_F(RadiusAccess, RejectBringsFailureAndWords) {
  ask();
  const RadiusDatagram request = only();
  const RadiusReport got = report_of(
      answer_to(request, Code::access_reject).add_eap(eap_failure).add(Type::reply_message, "go \x1b[31maway"),
      request);
  EXPECT_EQ(got.kind, Kind::reject);
  EXPECT_EQ(got.packet, eap_failure);
  EXPECT_EQ(got.reply_message, "go \\x1b[31maway");
  EXPECT_FALSE(got.keys);
}

TEST_F(RadiusAccess, RejectStaysOneWhateverElseItHolds) {
  ask();
  const RadiusDatagram request = only();
  const RadiusReport got = report_of(answer_to(request, Code::access_reject)
                                         .add(Type::session_timeout, Octets{0, 9})
                                         .add(Type::termination_action, Octets{1}),
                                     request);
  EXPECT_EQ(got.kind, Kind::reject);
  EXPECT_FALSE(got.session_timeout);
}

TEST_F(RadiusAccess, AcceptBringsKeys) {
  const RadiusReport got = accepted([](RadiusAnswer&) {});
  EXPECT_EQ(got.kind, Kind::accept);
  EXPECT_EQ(got.conversation, 1U);
  EXPECT_EQ(got.server, "10.0.0.1");
  EXPECT_EQ(got.packet, eap_success);
  ASSERT_TRUE(got.keys);
  EXPECT_EQ(octets_of(got.keys->msk.expose()), msk());
  EXPECT_EQ(got.keys->session_id, octets_of(session_id()));
  EXPECT_FALSE(got.session_timeout);
  EXPECT_FALSE(got.reauthenticate);
  EXPECT_TRUE(got.ignored.empty());
}

TEST_F(RadiusAccess, AcceptSaysWhatFollows) {
  const RadiusReport got = accepted([](RadiusAnswer& answer) {
    answer.add(Type::session_timeout, 3600).add(Type::termination_action, 1).add(Type::class_, "blue");
    answer.add_vendor(9, 1, bytes_of("linksec-policy=must-secure"));
  });
  EXPECT_EQ(got.session_timeout, 1h);
  EXPECT_TRUE(got.reauthenticate);
  EXPECT_EQ(got.class_, octets_of("blue"));
  EXPECT_EQ(got.linksec, LinksecPolicy::must_secure);
  EXPECT_TRUE(got.ignored.empty());
}

TEST_F(RadiusAccess, EachLinksecPolicyIsKnownAndTheStrictestCounts) {
  const auto policy = [this](std::initializer_list<std::string_view> pairs) {
    return accepted([&](RadiusAnswer& answer) {
             for (const std::string_view pair : pairs) answer.add_vendor(9, 1, bytes_of(pair));
           })
        .linksec;
  };
  EXPECT_EQ(policy({"linksec-policy=should-secure"}), LinksecPolicy::should_secure);
  EXPECT_EQ(policy({"linksec-policy=must-not-secure"}), LinksecPolicy::must_not_secure);
  EXPECT_EQ(policy({"linksec-policy=perhaps"}), LinksecPolicy::none);
  EXPECT_EQ(policy({"linksec-policy=must-secure", "linksec-policy=must-not-secure"}), LinksecPolicy::must_secure);
}

TEST_F(RadiusAccess, AttributesNobodyActsOnAreNamed) {
  const RadiusReport got = accepted([](RadiusAnswer& answer) {
    answer.add(Type::filter_id, "gu\x01\xc3\xa4st").add(Type::tunnel_private_group_id, Octets{1, '4', '2'});
    answer.add(RadiusAttributeType{28}, 600).add(RadiusAttributeType{200}, Octets{0xde, 0xad});
    answer.add(RadiusAttributeType{69}, "under the secret").add_vendor(9, 1, bytes_of("shell:priv-lvl=15"));
    answer.add_vendor(14988, 3, Octets{1, 2}).add_vendor(311, 12, bytes_of("a key"));
  });
  const std::vector<std::pair<std::string, std::string>> expected{{"Filter-Id", "gu\\x01\xc3\xa4st"},
                                                                  {"Tunnel-Private-Group-Id", "42"},
                                                                  {"Idle-Timeout", "600"},
                                                                  {"Attribute 200", "0xdead"},
                                                                  {"Tunnel-Password", "(not shown)"},
                                                                  {"cisco-av-pair", "shell:priv-lvl=15"},
                                                                  {"Vendor 14988 Attribute 3", "0x0102"},
                                                                  {"Vendor 311 Attribute 12", "(not shown)"}};
  EXPECT_EQ(got.ignored, expected);
}

/// An Access-Accept from which `change` makes one that gives no session.
struct Unusable {
  const char* what;
  std::function<void(RadiusAnswer&)> build;
  RadiusProblem problem;
  const char* words;
};

TEST_F(RadiusAccess, AcceptThatGivesNoSessionFails) {
  const std::vector<Unusable> cases{
      {"nothing", [](RadiusAnswer&) {}, RadiusProblem::no_keys, "MS-MPPE-Recv-Key"},
      {"no name", [](RadiusAnswer& a) { a.add_keys(msk()); }, RadiusProblem::no_session_id,
       "10.0.0.1 sends no EAP-Key-Name"},
      {"name as asked", [](RadiusAnswer& a) { a.add_keys(msk()).add(Type::eap_key_name, Octets{0}); },
       RadiusProblem::no_session_id, "no EAP-Key-Name"},
      {"empty name", [](RadiusAnswer& a) { a.add_keys(msk()).add(Type::eap_key_name, Octets{}); },
       RadiusProblem::no_session_id, "no EAP-Key-Name"},
      {"key of another secret",
       [](RadiusAnswer& a) { a.add_vendor(311, 17, Octets(50, 0x81)).add(Type::eap_key_name, "name"); },
       RadiusProblem::no_keys, "32 octets"},
      {"failure inside",
       [](RadiusAnswer& a) { a.add_eap(eap_failure).add_keys(msk()).add(Type::eap_key_name, "name"); },
       RadiusProblem::malformed, "no Success"},
      {"timeout of 2 octets",
       [](RadiusAnswer& a) {
         a.add(Type::session_timeout, Octets{0, 9}).add_keys(msk()).add(Type::eap_key_name, "name");
       },
       RadiusProblem::malformed, "Session-Timeout of 2 octets"},
  };
  RadiusConversation conversation = 0;
  for (const Unusable& one : cases) {
    SCOPED_TRACE(one.what);
    ask(1, ++conversation);
    const RadiusDatagram request = only();
    RadiusAnswer answer = answer_to(request, Code::access_accept);
    one.build(answer);
    const RadiusReport got = report_of(answer, request);
    EXPECT_EQ(got.kind, Kind::failed);
    EXPECT_EQ(got.problem, one.problem);
    EXPECT_NE(got.words.find(one.words), std::string::npos) << got.words;
    EXPECT_FALSE(got.keys);
  }
}

// ---- what is not believed ----------------------------------------------------------------------------------------------

TEST_F(RadiusAccess, EachOctetOfAnAcceptIsProtected) {
  ask();
  const RadiusDatagram request = only();
  const Octets good = accept_to(request).octets();
  for (std::size_t at = 0; at < good.size(); ++at)
    for (const std::uint8_t bits : Octets{0x01, 0x80, 0xff}) {
      Octets forged = good;
      forged[at] = static_cast<std::uint8_t>(forged[at] ^ bits);
      client.on_datagram(request.server, request.socket, forged, now);
      ASSERT_FALSE(client.poll_report()) << "octet " << at << " changed by " << int{bits};
    }
  const RadiusCounters counters = server(0).counters;
  EXPECT_EQ(counters.malformed_responses + counters.bad_authenticators + counters.dropped, 3 * good.size());
  EXPECT_EQ(counters.access_accepts, 0U);
  client.on_datagram(request.server, request.socket, good, now);  // the wait goes on
  EXPECT_EQ(report()->kind, Kind::accept);
}

TEST_F(RadiusAccess, AcceptWithoutMessageAuthenticatorIsDropped) {
  ask();
  const RadiusDatagram request = only();
  receive(request, accept_to(request).without_message_authenticator());
  EXPECT_FALSE(report());
  EXPECT_EQ(server(0).counters.bad_authenticators, 1U);
  receive(request, accept_to(request));
  EXPECT_EQ(report()->kind, Kind::accept);
}

TEST_F(RadiusAccess, AnswerOnAnotherSocketOrServerIsDropped) {
  ask();
  const RadiusDatagram request = only();
  client.on_datagram(1, request.socket, accept_to(request).octets(), now);
  client.on_datagram(0, request.socket + 1, accept_to(request).octets(), now);
  client.on_datagram(7, 0, accept_to(request).octets(), now);
  EXPECT_FALSE(report());
  EXPECT_EQ(server(0).counters.dropped, 1U);
  EXPECT_EQ(server(1).counters.dropped, 1U);
}

TEST_F(RadiusAccess, SecondAnswerIsDropped) {
  ask();
  const RadiusDatagram request = only();
  receive(request, accept_to(request));
  receive(request, accept_to(request));
  EXPECT_TRUE(report());
  EXPECT_FALSE(report());
  EXPECT_EQ(server(0).counters.dropped, 1U);
}

TEST_F(RadiusAccess, CodeThatIsNoAnswerIsDropped) {
  ask();
  const RadiusDatagram request = only();
  for (const std::uint8_t code : Octets{1, 5, 12, 44}) receive(request, answer_to(request, Code{code}));
  EXPECT_FALSE(report());
  EXPECT_EQ(server(0).counters.unknown_types, 4U);
}

TEST_F(RadiusAccess, WhatIsNoPacketIsDropped) {
  ask();
  const RadiusDatagram request = only();
  const Octets good = accept_to(request).octets();
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{19}, good.size() - 1})
    client.on_datagram(request.server, request.socket, Bytes{good}.first(size), now);
  EXPECT_FALSE(report());
  EXPECT_EQ(server(0).counters.malformed_responses, 4U);
}

}  // namespace
}  // namespace macsec::core
