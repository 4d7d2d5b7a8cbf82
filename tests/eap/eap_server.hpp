// SPDX-License-Identifier: LGPL-2.1-or-later
/// A server of EAP-TLS, PEAP and TTLS that does what it is told, also what no good server does.
#pragma once

#include "engine/eap/peer.hpp"
#include "tests/eap/tls_server.hpp"

#include <functional>

namespace macsec::test {

struct EapServerSettings {
  EapType method = EapType::tls;
  std::size_t fragment = 1000;  ///< octets of TLS in a packet
  bool confirm = true;          ///< TLS 1.3: protected success
  bool confirm_resumed = true;  ///< the same where the session is resumed
  bool inner = true;            ///< PEAP: the inner method before the result
  bool binding = true;          ///< PEAP: with crypto-binding
  bool good_binding = true;
  bool insist = false;   ///< PEAP: declares success once more, without crypto-binding, whatever was answered
  bool explain = true;   ///< MSCHAPv2: says why before it refuses
  unsigned error = 691;  ///< MSCHAPv2: why (RFC 2759 6)
  bool refuse = false;   ///< at the end, for no reason
  std::string password = "wonder";
  std::function<void(eap::Peer&)> stranger{};  ///< what else the peer hears once a method runs, before each packet
};

/// Talks to a peer until one of them is done.
class EapServer {
 public:
  EapServer(const TlsServerContext& context, EapServerSettings settings)
      : settings_{std::move(settings)}, tls_{context} {}

  /// What the peer ends with: a success, a verdict, or nothing when neither came.
  [[nodiscard]] eap::PeerReply run(eap::Peer& peer);
  [[nodiscard]] TlsServer& tls() noexcept { return tls_; }
  [[nodiscard]] unsigned packets() const noexcept { return packets_; }

 private:
  /// A request with this data; the data of the response.
  [[nodiscard]] Buffer ask(eap::Peer& peer, EapType type, Bytes data);
  [[nodiscard]] bool exchange(eap::Peer& peer, Bytes records);
  [[nodiscard]] eap::PeerReply finish(eap::Peer& peer, EapCode code);
  [[nodiscard]] bool run_peap(eap::Peer& peer);
  [[nodiscard]] bool run_mschapv2(eap::Peer& peer);
  [[nodiscard]] Buffer result_tlvs();
  [[nodiscard]] bool run_ttls(eap::Peer& peer);
  [[nodiscard]] Buffer tunnel(eap::Peer& peer, Bytes text);

  EapServerSettings settings_;
  TlsServer tls_;
  std::uint8_t identifier_ = 0;
  unsigned packets_ = 0;
  Secret<32> inner_key_;
  std::optional<eap::PeerReply> early_;  ///< the peer ended by itself
};

}  // namespace macsec::test
