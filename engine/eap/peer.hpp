// SPDX-License-Identifier: LGPL-2.1-or-later
/// The EAP peer of one conversation (RFC 4137 section 4). It has no timers: who carries the packets decides how long to wait.
#pragma once

#include "engine/eap/methods.hpp"

namespace macsec::eap {

struct PeerSuccess {
  MethodKeys keys;
  EapVerdict verdict;
};
/// Nothing to send (monostate), a packet, or the end.
using PeerReply = std::variant<std::monostate, Octets, PeerSuccess, EapVerdict>;

class Peer {
 public:
  Peer(std::shared_ptr<LoadedProfile> loaded, Random& random, const crypto::TlsClock& clock, std::uint16_t mtu);

  /// Any EAP packet from the wire. Nothing in its header is authenticated: what is out of place is ignored. An Identity
  /// request starts over, for a server that lost its place.
  [[nodiscard]] PeerReply on_packet(Bytes packet);
  /// The carrier gave up: what is known of why.
  [[nodiscard]] EapVerdict abort() const;

 private:
  [[nodiscard]] PeerReply on_request(const EapPacket& packet);
  [[nodiscard]] PeerReply on_end(const EapPacket& packet);
  [[nodiscard]] PeerReply on_method(const EapPacket& packet);
  [[nodiscard]] PeerReply refuse(const EapPacket& packet);
  [[nodiscard]] PeerReply succeed();
  [[nodiscard]] PeerReply respond(const EapPacket& request, EapType type, Bytes data);
  /// Why the conversation would end now, if it did by the server's Failure.
  [[nodiscard]] MethodReport reason() const;
  [[nodiscard]] EapVerdict verdict(MethodReport report) const;
  /// The same, and what the failure means for the next conversation.
  [[nodiscard]] EapVerdict fail(MethodReport report) const;
  [[nodiscard]] PeerReply on_identity(const EapPacket& packet);
  /// After the identity was asked for: with this request another method begins, or the same once more.
  [[nodiscard]] bool begins_again(const EapPacket& packet) const noexcept;
  void restart() noexcept;

  std::shared_ptr<LoadedProfile> loaded_;
  Random* random_;
  crypto::TlsClock clock_;
  std::uint16_t mtu_;
  std::optional<std::uint8_t> last_identifier_;
  std::optional<std::uint8_t> notified_;  ///< identifier of what was answered last beside a method
  bool may_restart_ = false;              ///< the identity was asked for beside the method that runs
  EapType last_type_ = EapType::none;     ///< of the request that last_response_ is for
  Octets last_request_;                   ///< its data
  Octets last_response_;
  EapType method_ = EapType::none;
  EapType refused_ = EapType::none;  ///< what the server proposed and the profile does not allow
  std::optional<MethodRun> run_;
};

}  // namespace macsec::eap
