// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/eap/worker/tls_stream.hpp"

namespace macsec::eap {

using ChannelState = crypto::TlsChannel::State;

std::expected<TlsStream, EapVerdict> TlsStream::open(std::shared_ptr<LoadedProfile> loaded,
                                                     const crypto::TlsClock& clock) {
  Result<crypto::TlsChannel> channel = crypto::TlsChannel::connect(loaded->tls, clock, std::nullopt);
  if (channel) return TlsStream{std::move(loaded), std::move(*channel)};
  EapVerdict verdict;
  verdict.problem = EapProblem::internal;
  verdict.words = std::move(channel.error().message);
  return std::unexpected{std::move(verdict)};
}

TlsStream::Said TlsStream::receive(Bytes records) {
  channel_.feed(records);
  return take();
}

TlsStream::Said TlsStream::send(Bytes text) {
  if (const Result<void> done = channel_.write(text); !done) {
    Said said = take();
    if (!said.failure) said.failure = abort();
    return said;
  }
  return take();
}

EapVerdict TlsStream::abort() const {
  EapVerdict out;
  out.stage = channel_.stage();
  out.problem = channel_.problem();
  out.words = channel_.words();
  out.server = channel_.server();
  return out;
}

TlsStream::Said TlsStream::take() {
  Said said;
  said.records = channel_.take_output();
  said.text = channel_.take_received();
  if (channel_.state() == ChannelState::failed) {
    said.failure = abort();
  } else if (channel_.state() == ChannelState::established && !told_) {
    told_ = true;
    said.established = channel_.report().version;
  }
  return said;
}

}  // namespace macsec::eap
