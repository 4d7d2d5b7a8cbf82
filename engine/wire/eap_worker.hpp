// SPDX-License-Identifier: LGPL-2.1-or-later
/// The messages between the daemon and macsec-eap, one a packet of a SOCK_SEQPACKET socket. Both ends are built together and
/// run on one host; a message is judged all the same, because the process at the other end may be taken over.
#pragma once

#include "engine/base/wiped.hpp"
#include "engine/wire/eap_outcome.hpp"

#include <optional>

namespace macsec {

inline constexpr const char* eap_worker_socket = "/run/macsecd/eap";
inline constexpr std::size_t worker_header_size = 16;
inline constexpr std::size_t max_worker_message = 65536;
inline constexpr std::size_t max_worker_part = max_worker_message - worker_header_size;  ///< octets of a body
/// Octets a profile may have in all its parts.
inline constexpr std::size_t max_worker_profile = 4U << 20U;

enum class WorkerKind : std::uint8_t {
  // to macsec-eap
  profile = 1,  ///< write_eap_profile(), in parts; without a body: forget it
  begin = 2,    ///< a conversation with this profile: WorkerBegin
  request = 3,  ///< an EAP packet from the wire, Success and Failure too
  end = 4,      ///< the conversation is over for the daemon; answered with failure where it was not for macsec-eap
  open = 5,     ///< a conversation that is a TLS connection to a RADIUS server: the profile's certificates, no EAP
  records = 6,  ///< of such a one: what came from the server
  text = 7,     ///< of such a one: what the server is to read
  // from macsec-eap
  loaded = 17,    ///< what the profile is worth: an EapVerdict, with a problem where no conversation can use it
  response = 18,  ///< an EAP packet for the wire; without a body: the request was ignored
  success = 19,   ///< WorkerSuccess
  failure = 20,   ///< an EapVerdict
  // of a TLS connection, which ends with failure
  established = 21,  ///< the handshake is done; the version as "TLSv1.3"
  sealed = 22,       ///< for the server
  opened = 23        ///< what the server said
};

/// The numbers are the daemon's. A profile is replaced by another of its number; conversations that run keep what they began
/// with. A conversation's number is never used twice on one connection, so a late answer is recognised.
struct WorkerMessage {
  WorkerKind kind = WorkerKind::request;
  bool more = false;  ///< another part of the same profile follows
  std::uint32_t profile = 0;
  std::uint64_t conversation = 0;
  Bytes body{};
};

/// Nothing for another version, an unknown kind, reserved octets that are not zero, or more than max_worker_message.
[[nodiscard]] std::optional<WorkerMessage> read_worker_message(Bytes octets) noexcept;
/// Callers keep the body within max_worker_message - worker_header_size octets.
[[nodiscard]] WipedBuffer write_worker_message(const WorkerMessage& message);

struct WorkerBegin {
  std::uint16_t mtu = 1496;  ///< octets of an EAP packet that the link carries
};
[[nodiscard]] WipedBuffer write_worker_begin(const WorkerBegin& begin);
[[nodiscard]] std::optional<WorkerBegin> read_worker_begin(Bytes body) noexcept;

[[nodiscard]] WipedBuffer write_eap_verdict(const EapVerdict& verdict);
[[nodiscard]] std::optional<EapVerdict> read_eap_verdict(Bytes body);

struct WorkerSuccess {
  MethodKeys keys;
  EapVerdict verdict;
};
[[nodiscard]] WipedBuffer write_worker_success(const WorkerSuccess& success);
/// Nothing without an MSK of 64 octets and a Session-Id of 1 to 255.
[[nodiscard]] std::optional<WorkerSuccess> read_worker_success(Bytes body);

}  // namespace macsec
