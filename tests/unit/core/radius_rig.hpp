// SPDX-License-Identifier: LGPL-2.1-or-later
/// A RADIUS client between ports and servers that are scripted.
#pragma once

#include "engine/core/pae/radius_client.hpp"
#include "tests/eap/radius_answer.hpp"
#include "tests/sim/forge.hpp"
#include "tests/sim/sim_random.hpp"

#include <gtest/gtest.h>
#include <numeric>

namespace macsec::core {

using namespace std::chrono_literals;
using test::bytes_of;
using test::RadiusAnswer;
using Octets = std::vector<std::uint8_t>;
using Code = RadiusCode;
using Type = RadiusAttributeType;

inline constexpr std::string_view shared_secret = "xyzzy5461xyzzy54";
inline const Octets identity_response{2, 1, 0, 10, 1, 'a', 'l', 'i', 'c', 'e'};
inline const Octets tls_request{1, 2, 0, 6, 13, 0x20};
inline const Octets eap_success{3, 2, 0, 4};
inline const Octets eap_failure{4, 2, 0, 4};

/// 10.0.0.1, 10.0.0.2 and so on.
inline ProfilePointer radius_profile(std::size_t servers, const std::function<void(RadiusServer&)>& change = {}) {
  return sim::make_profile([&](Profile& profile) {
    profile.keys.clear();
    Profile::Pae& pae = profile.pae.emplace();
    pae.role = PaeRole::authenticator;
    for (std::size_t i = 1; i <= servers; ++i) {
      RadiusServer& server = pae.servers.emplace_back();
      server.address = "10.0.0." + std::to_string(i);
      server.secret = {EapSource::Kind::octets, {}, WipedText{shared_secret}};
      if (change) change(server);
    }
  });
}

inline RadiusCommand request_of(RadiusConversation conversation, Octets packet = identity_response) {
  return {.conversation = conversation,
          .packet = std::move(packet),
          .user_name = "alice@example.org",
          .host = {{0x02, 0, 0, 0, 0, 0xab}},
          .port = {{0x02, 0, 0, 0, 0, 0xcd}},
          .port_id = "eth1",
          .mtu = 1496};
}

struct RadiusRig : testing::Test {
  explicit RadiusRig(std::size_t servers = 2, const std::function<void(RadiusServer&)>& change = {})
      : client{radius_profile(servers, change), "switch.example.org", random} {}

  void ask(RadiusOwner owner = 1, RadiusConversation conversation = 1, Octets packet = identity_response) {
    client.command(owner, request_of(conversation, std::move(packet)), now);
  }
  std::vector<RadiusDatagram> sent() {
    std::vector<RadiusDatagram> out;
    while (auto datagram = client.poll_datagram()) out.push_back(std::move(*datagram));
    return out;
  }
  /// What was sent but for Status-Server, which asks for nobody.
  std::vector<RadiusDatagram> requests() {
    std::vector<RadiusDatagram> out = sent();
    std::erase_if(out, [](const RadiusDatagram& one) { return RadiusCode{one.octets.at(0)} == Code::status_server; });
    return out;
  }
  RadiusDatagram only() {
    auto all = sent();
    EXPECT_EQ(all.size(), 1U);
    return all.empty() ? RadiusDatagram{} : std::move(all.front());
  }
  static RadiusAnswer answer_to(const RadiusDatagram& request, Code code) {
    return {code, request.octets, shared_secret};
  }
  static RadiusAnswer accept_to(const RadiusDatagram& request) {
    RadiusAnswer out = answer_to(request, Code::access_accept);
    out.add_eap(eap_success).add_keys(msk()).add(Type::eap_key_name, session_id());
    return out;
  }
  static Octets msk() {
    Octets out(64);
    std::iota(out.begin(), out.end(), std::uint8_t{1});
    return out;
  }
  static Bytes session_id() { return bytes_of("\x0d-session"); }
  /// The server is there, and answers nothing but whether it is.
  void answer_probes() {
    for (const RadiusDatagram& one : sent())
      if (RadiusCode{one.octets.at(0)} == Code::status_server) receive(one, answer_to(one, Code::access_accept));
  }
  void receive(const RadiusDatagram& request, const RadiusAnswer& answer) {
    client.on_datagram(request.server, request.socket, answer.octets(), now);
  }
  std::optional<RadiusReport> report(RadiusOwner owner = 1) {
    auto found = client.poll_report();
    if (!found) return std::nullopt;
    EXPECT_EQ(found->first, owner);
    return std::move(found->second);
  }
  /// Lets time pass up to `span` from now, timers included.
  void pass(Duration span, const std::function<void()>& meanwhile = {}) {
    const Time end = now + span;
    while (client.next_timeout() && *client.next_timeout() <= end) {
      now = std::max(now, *client.next_timeout());
      client.on_timeout(now);
      if (meanwhile) meanwhile();
    }
    now = end;
  }
  /// Asks and lets all requests go unanswered.
  void fail_once(RadiusConversation conversation) {
    ask(1, conversation);
    pass(61s);
    sent();
    while (client.poll_report()) {
    }
  }
  const RadiusServerStatus& server(std::size_t at) { return (status = client.status()).at(at); }

  sim::SimRandom random{1};
  RadiusClient client;
  Time now{1'000'000s};
  std::vector<RadiusServerStatus> status;
};

struct LoneServer : RadiusRig {
  LoneServer() : RadiusRig{1} {}
};

}  // namespace macsec::core
