// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/eap/tls_tunnel.hpp"

#include <algorithm>
#include <utility>

namespace macsec::eap {
namespace {

/// Before the TLS data: EAP header, type, flags, total.
constexpr std::size_t packet_overhead = eap_header_size + 1 + tls_fragment_overhead(true);
constexpr std::size_t least_fragment = 64;

}  // namespace

Result<TlsTunnel> TlsTunnel::open(const MethodSetup& setup, bool always_total) {
  std::optional<crypto::TlsSession> session;
  if (setup.loaded.profile.session_resumption) session = setup.loaded.sessions.take(setup.clock);
  Result<crypto::TlsChannel> channel = crypto::TlsChannel::connect(setup.loaded.tls, setup.clock, std::move(session));
  if (!channel) return std::unexpected{std::move(channel.error())};
  return TlsTunnel{setup, std::move(*channel), always_total};
}

TlsTunnel::TlsTunnel(const MethodSetup& setup, crypto::TlsChannel channel, bool always_total)
    : loaded_{&setup.loaded},
      channel_{std::move(channel)},
      fragment_size_{std::max(least_fragment,
                              std::min<std::size_t>(setup.loaded.profile.fragment_size,
                                                    setup.mtu > packet_overhead ? setup.mtu - packet_overhead : 0))},
      always_total_{always_total} {}

TlsTunnel::Event TlsTunnel::receive(Bytes data) {
  const std::optional<TlsFragment> fragment = read_tls_fragment(data);
  if (!fragment || fragment->start == started_) return Event::ignored;
  ++requests_;
  if (fragment->start) {
    started_ = true;
    return Event::advanced;
  }
  if (fragmenter_.pending()) {
    if (fragment->is_acknowledgement()) return Event::answered;
    breach_ = "sends while fragments of ours are outstanding";
    broken_ = true;
    return Event::advanced;
  }
  std::expected<std::optional<Octets>, std::string_view> message = reassembler_.add(*fragment);
  if (!message) {
    breach_ = message.error();
    broken_ = true;
    return Event::advanced;
  }
  if (!*message) return Event::answered;
  heard_ = heard_ || !(*message)->empty();
  channel_.feed(**message);
  return Event::advanced;
}

Octets TlsTunnel::reply() {
  if (!fragmenter_.pending() && !broken_) {
    const WipedBuffer output = channel_.take_output();
    fragmenter_.load({output.octets().begin(), output.octets().end()}, always_total_ && !established());
  }
  return fragmenter_.next(fragment_size_, 0);
}

/// A server that refuses a certificate often gives no alert: what is known is which one it was.
MethodReport TlsTunnel::refused_certificate() const {
  return {EapStage::client_certificate, EapProblem::client_certificate,
          "the server refused our certificate \"" + loaded_->client_name + "\" of \"" + loaded_->client_issuer +
              "\" without a reason (expires " + crypto::date_of(loaded_->client.not_after) + ')'};
}

MethodReport TlsTunnel::report() const {
  if (broken_) return {channel_.stage(), EapProblem::malformed, "the server " + std::string{breach_}};
  if (channel_.state() == crypto::TlsChannel::State::failed)
    return {channel_.stage(), channel_.problem(), channel_.words()};
  if (channel_.stage() == EapStage::client_certificate ||
      (established() && channel_.sent_certificate() && channel_.is_tls_1_3()))
    return refused_certificate();
  if (established())
    return {EapStage::confirmation, EapProblem::rejected, "the server refused after the handshake, without a reason"};
  if (!heard_)
    return {EapStage::handshake, EapProblem::tls_version,
            "the server ended the handshake after our hello: it may not know TLS " +
                std::string{to_string(loaded_->profile.minimum_tls)} +
                (loaded_->profile.minimum_tls == loaded_->profile.maximum_tls
                     ? std::string{}
                     : " to " + std::string{to_string(loaded_->profile.maximum_tls)}) +
                " (see MinimumTls= and MaximumTls=)"};
  return {channel_.stage(), EapProblem::tls, "the server ended the handshake without a reason"};
}

void TlsTunnel::distrust_sessions(EapProblem problem) const {
  if (!channel_.resumed()) return;
  if (problem == EapProblem::no_confirmation)
    loaded_->sessions.stop();
  else
    loaded_->sessions.clear();
}

void TlsTunnel::keep_sessions() {
  if (!loaded_->profile.session_resumption) return;
  for (crypto::TlsSession& session : channel_.take_sessions()) loaded_->sessions.keep(std::move(session));
}

}  // namespace macsec::eap
