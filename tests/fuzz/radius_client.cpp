// SPDX-License-Identifier: LGPL-2.1-or-later
// A RADIUS client as an operation sequence: ports ask and lose interest, servers answer, lie and fall silent, sockets fail, connections
// of a server over TLS come and go, time passes. Only an answer made with the secret may become an accept, and each report is of what its port asked last.
#include "engine/core/pae/radius_client.hpp"
#include "tests/eap/radius_answer.hpp"
#include "tests/sim/forge.hpp"
#include "tests/sim/sim_random.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace macsec::core {
namespace {

constexpr std::size_t most_operations = 400;
constexpr std::size_t most_sent = 64;
constexpr std::string_view secret = "xyzzy5461xyzzy54";

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

class Play {
 public:
  explicit Play(Bytes input) : input_{input}, client_{profile(input_.u8()), "switch", random_} {}

  void run() {
    for (std::size_t i = 0; i < most_operations && input_.remaining() > 0; ++i) {
      operate();
      judge();
    }
    for (const auto& [owner, conversation] : asked_) client_.drop(owner);
    asked_.clear();
    judge();
    pass(std::chrono::minutes{20});  // what nobody waits for is gone
    require(client_.status().size() == servers_, "a server is lost");
  }

 private:
  ProfilePointer profile(std::uint8_t variant) {
    servers_ = 1U + variant % 3U;
    return sim::make_profile([&](Profile& made) {
      Profile::Pae& pae = made.pae.emplace(Profile::Pae{});
      for (std::size_t i = 0; i < servers_; ++i) {
        RadiusServer& server = pae.servers.emplace_back();
        server.address = i == 1 ? "2001:db8::1" : "10.0.0.1";
        server.secret = {EapSource::Kind::octets, {}, WipedText{secret}};
        if ((variant & 0x80U) != 0) server.timeout = std::chrono::seconds{3};
        if (i == 0 && (variant & 0x40U) != 0) server.transport = RadiusTransport::tls;
      }
    });
  }

  void operate() {
    switch (input_.u8() % 12U) {
      case 0:
        return ask();
      case 1:
        return client_.command(input_.u8() % 8U, {.kind = RadiusCommand::Kind::end, .conversation = input_.u8()}, now_);
      case 2: {
        const RadiusOwner owner = input_.u8() % 8U;
        asked_.erase(owner);
        return client_.drop(owner);
      }
      case 3:
        return answer();
      case 4:
        return forge();
      case 5: {
        const std::size_t server = input_.u8() % 4U;
        const std::size_t socket = input_.u8() % 2U;
        const Bytes octets = input_.take(std::min<std::size_t>(input_.u8(), input_.remaining()));
        return client_.on_datagram(server, socket, octets, now_);
      }
      case 6: {
        constexpr std::array errors{ECONNREFUSED, EPERM, EAGAIN, ENETUNREACH};
        const std::size_t server = input_.u8() % 4U;
        return client_.on_error(server, 0, {errors[input_.u8() % errors.size()], "an error"}, now_);
      }
      case 7:
        return pass(std::chrono::milliseconds{input_.u8()} * 20);
      case 8:
        if (over_tls()) client_.on_connected({.server = 0, .socket = input_.u8() % 2U}, "TLSv1.3", now_);
        return;
      case 9:
        if (over_tls())
          client_.on_disconnected({.server = 0, .socket = input_.u8() % 2U}, RadiusProblem::tls, "an end", now_);
        return;
      case 10:
        if (const RadiusDatagram* const datagram = chosen())
          client_.on_unsent(*datagram, {input_.u8() % 2U == 0 ? ENETUNREACH : ENOBUFS, "an error"}, now_);
        return;
      default:
        return pass(std::chrono::seconds{input_.u8()});
    }
  }

  [[nodiscard]] bool over_tls() const { return client_.status()[0].transport == RadiusTransport::tls; }

  void ask() {
    const RadiusOwner owner = input_.u8() % 8U;
    const RadiusConversation conversation = input_.u8();
    RadiusCommand command{.conversation = conversation, .user_name = std::string(input_.u8(), 'u'), .mtu = 1400};
    const std::size_t size = input_.u8() * 8U;
    command.packet.assign(size, 7);
    const std::array<std::uint8_t, 5> identity{2, 1, static_cast<std::uint8_t>(size >> 8U),
                                               static_cast<std::uint8_t>(size), 1};
    if (size > 0) std::ranges::copy(identity, command.packet.begin());  // else nothing to begin with
    asked_[owner] = conversation;
    client_.command(owner, std::move(command), now_);
  }

  [[nodiscard]] const RadiusDatagram* chosen() { return sent_.empty() ? nullptr : &sent_[input_.u8() % sent_.size()]; }
  [[nodiscard]] test::RadiusAnswer compose(const RadiusDatagram& request) {
    constexpr std::array codes{RadiusCode::access_accept, RadiusCode::access_reject, RadiusCode::access_challenge,
                               RadiusCode::status_server};
    const std::uint8_t what = input_.u8();
    test::RadiusAnswer out{codes[what % codes.size()], request.octets, secret};
    const std::array<std::uint8_t, 6> eap{static_cast<std::uint8_t>(1 + (what >> 2U & 3U)), 1, 0, 6, 13, 0};
    if ((what & 0x10U) != 0) out.add_eap(eap);
    if ((what & 0x20U) != 0)
      out.add_keys(std::vector<std::uint8_t>(64, 9)).add(RadiusAttributeType::eap_key_name, "id");
    if ((what & 0x40U) != 0) out.add(RadiusAttributeType::state, "state");
    if ((what & 0x80U) != 0)
      out.add(RadiusAttributeType{input_.u8()},
              input_.take(std::min<std::size_t>(input_.u8() % 32U, input_.remaining())));
    return out;
  }
  void answer() {
    const RadiusDatagram* const request = chosen();
    if (request == nullptr) return;
    honest_ = true;
    client_.on_datagram(request->server, request->socket, compose(*request).octets(), now_);
  }
  void forge() {
    const RadiusDatagram* const request = chosen();
    if (request == nullptr) return;
    std::vector<std::uint8_t> octets = compose(*request).octets();
    const std::uint8_t change = input_.u8();
    std::uint8_t& at = octets[input_.u16() % octets.size()];
    if (change == 0) return;
    at = static_cast<std::uint8_t>(at ^ change);
    client_.on_datagram(request->server, request->socket, octets, now_);
  }

  void pass(Duration span) {
    const Time end = now_ + span;
    while (client_.next_timeout() && *client_.next_timeout() <= end) {
      now_ = std::max(now_, *client_.next_timeout());
      client_.on_timeout(now_);
      require(!client_.next_timeout() || *client_.next_timeout() > now_, "a timer stands still");
      judge();
    }
    now_ = end;
  }

  void judge() {
    while (auto datagram = client_.poll_datagram()) {
      const auto packet = read_radius(datagram->octets);
      require(packet && datagram->server < servers_, "a datagram is no request");
      require(packet->all().next()->type == RadiusAttributeType::message_authenticator, "a request is not signed");
      if (sent_.size() == most_sent) sent_.erase(sent_.begin());
      sent_.push_back(std::move(*datagram));
    }
    while (const auto found = client_.poll_report()) {
      const auto& [owner, report] = *found;
      const auto asked = asked_.find(owner);
      require(asked != asked_.end() && asked->second == report.conversation, "a report of what was not asked last");
      const bool of_server = report.kind != RadiusReport::Kind::failed;
      require(!of_server || honest_, "a forged answer was believed");
      require((report.kind == RadiusReport::Kind::accept) == report.keys.has_value(), "keys without an accept");
      require(of_server == report.words.empty(), "a failure without words");
    }
    honest_ = false;
    while (client_.poll_event()) {
    }
    while (const auto wish = client_.poll_wish())
      require(wish->way.server == 0 && over_tls(), "a connection to a server over UDP");
  }

  Reader input_;
  sim::SimRandom random_{1};
  std::size_t servers_ = 0;
  RadiusClient client_;
  Time now_{std::chrono::hours{1}};
  std::map<RadiusOwner, RadiusConversation> asked_;
  std::vector<RadiusDatagram> sent_;
  bool honest_ = false;  ///< the answer at hand was made with the secret
};

}  // namespace
}  // namespace macsec::core

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  macsec::core::Play{{data, size}}.run();
  return 0;
}
