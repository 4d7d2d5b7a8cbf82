// SPDX-License-Identifier: LGPL-2.1-or-later
/// A TLS client of ours that meets a server of OpenSSL's.
#pragma once

#include "engine/crypto/tls_channel.hpp"

#include <gtest/gtest.h>

#include "tests/eap/tls_server.hpp"

namespace macsec::test {

using crypto::TlsChannel;
using crypto::TlsClock;
using crypto::TlsContext;
using crypto::TlsIdentity;
using crypto::TlsLimits;
using crypto::TlsTrust;
using crypto::TlsTrustSettings;

inline constexpr TlsClock clock_now{test_now, false};

inline TlsTrustSettings lab_trust() {
  TlsTrustSettings out;
  out.authorities.push_back(material("CaCertificate=lab", lab().authority.certificate_pem()));
  out.names.exact = {"radius.example.org"};
  return out;
}

inline Result<TlsContext> context_with(TlsTrustSettings settings, const TlsLimits& limits = {},
                                       const TlsIdentity* identity = nullptr) {
  Result<TlsTrust> trust = TlsTrust::load(std::move(settings));
  if (!trust) return std::unexpected{trust.error()};
  return TlsContext::create(identity, std::move(*trust), limits);
}

/// Both ends until nobody has anything to say.
inline void talk(TlsChannel& client, TlsServer& server) {
  for (int i = 0; i < 10; ++i) {
    const WipedBuffer ours = client.take_output();
    server.feed(ours.octets());
    const Buffer theirs = server.take_output();
    if (ours.octets().empty() && theirs.empty()) return;
    client.feed(theirs);
  }
}

struct Outcome {
  TlsChannel::State state;
  EapProblem problem;
  std::string words;
  CertificateReport report;
  bool server_failed;
};

inline Outcome meet(TlsTrustSettings settings, const TlsServerSettings& server_settings, TlsClock clock = clock_now,
                    const TlsLimits& limits = {}) {
  const Result<TlsContext> context = context_with(std::move(settings), limits);
  EXPECT_TRUE(context) << context.error().message;
  const TlsServerContext server_context{server_settings};
  TlsServer server{server_context};
  Result<TlsChannel> client = TlsChannel::connect(*context, clock, std::nullopt);
  talk(*client, server);
  return {client->state(), client->problem(), client->words(), client->server(), server.failed()};
}

}  // namespace macsec::test
