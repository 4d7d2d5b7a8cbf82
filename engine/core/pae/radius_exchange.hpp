// SPDX-License-Identifier: LGPL-2.1-or-later
/// What an authenticator's port asks of its RADIUS servers, and what it hears from them: driven like the EAP side of a
/// supplicant, by polling and telling. Servers, identifiers, retransmission and secrets are the client's (radius_client.hpp).
#pragma once

#include "engine/base/time.hpp"
#include "engine/wire/eap_outcome.hpp"
#include "engine/wire/types.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace macsec::core {

/// Numbers one authentication of a port; a report of an earlier one is recognised by it and ignored.
using RadiusConversation = std::uint64_t;

/// What passed a port, counted from anywhere: a count that falls began again.
struct PortTraffic {
  std::uint64_t octets_in = 0;
  std::uint64_t octets_out = 0;
  std::uint64_t packets_in = 0;
  std::uint64_t packets_out = 0;
  friend bool operator==(const PortTraffic&, const PortTraffic&) = default;
};

struct RadiusCommand {
  enum class Kind : std::uint8_t {
    request,  ///< `packet` is a Response of the host; the first of a conversation begins it with a server
    end,      ///< the port is no longer interested
  };
  Kind kind = Kind::request;
  RadiusConversation conversation = 0;
  std::vector<std::uint8_t> packet{};
  // Of a request.
  std::string user_name{};  ///< of Response/Identity
  MacAddress host{};        ///< Calling-Station-Id
  MacAddress port{};        ///< Called-Station-Id
  std::string port_id{};    ///< NAS-Port-Id: the interface
  std::uint16_t mtu = 0;    ///< Framed-MTU
};

/// What a server says of MACsec on the port (cisco-av-pair linksec-policy=).
enum class LinksecPolicy : std::uint8_t { none, must_not_secure, should_secure, must_secure };

/// Why a conversation has no answer that can be used.
enum class RadiusProblem : std::uint8_t {
  none,
  silent,         ///< no server answers
  refused,        ///< the servers' ports are closed
  blocked,        ///< the sandbox of the unit lets nothing out
  tls,            ///< a certificate, name or version is refused, here or there
  secret,         ///< answers fail their check
  no_keys,        ///< an Accept without MS-MPPE keys
  no_session_id,  ///< an Accept without EAP-Key-Name
  malformed,      ///< an answer that makes no sense, such as a challenge without EAP
  internal,
};
[[nodiscard]] std::string_view to_string(RadiusProblem problem) noexcept;  ///< with dashes: "no-session-id"

struct RadiusReport {
  enum class Kind : std::uint8_t {
    challenge,  ///< `packet` is for the host
    accept,     ///< `keys`, `packet` (a Success, or empty) and what follows
    reject,     ///< `packet`: a Failure, or empty
    failed,     ///< `problem` and `words`; the conversation is over
  };
  Kind kind = Kind::challenge;
  RadiusConversation conversation = 0;
  std::vector<std::uint8_t> packet{};
  std::optional<Duration> session_timeout{};  ///< of a challenge: how long to wait for the host
  bool reauthenticate = false;                ///< Termination-Action=RADIUS-Request
  std::optional<MethodKeys> keys{};           ///< of an Accept
  LinksecPolicy linksec = LinksecPolicy::none;
  std::vector<std::uint8_t> class_{};  ///< Class, for accounting
  std::optional<Duration> interim{};   ///< Acct-Interim-Interval, for accounting
  std::string reply_message{};         ///< printable_text() of what is not to be trusted
  /// Attributes nobody acts on, as "Filter-Id" and text.
  std::vector<std::pair<std::string, std::string>> ignored{};
  std::string server{};  ///< address of who answered, or was asked last
  RadiusProblem problem = RadiusProblem::none;
  bool servers_answer =
      false;  ///< of one that failed: this request is not answered, but something was since it was sent
  std::string words{};
};

/// Why the session of a host ended, as servers know it: Acct-Terminate-Cause (RFC 2866 5.10, RFC 3580 2.1).
enum class TerminateCause : std::uint8_t {
  user_request = 1,
  lost_carrier = 2,
  lost_service = 3,  ///< the host left the key agreement
  session_timeout = 5,
  admin_reset = 6,
  reauthentication_failure = 20,
  port_reinitialised = 21,
  port_disabled = 22,
};

/// One record for the server's books (RFC 2866): of a session, or of us.
struct RadiusAccounting {
  /// Acct-Status-Type. `on` and `off` are of us: no session of ours goes on that began before; nothing else is set but `session` and `at`.
  enum class Kind : std::uint8_t { start = 1, stop = 2, interim = 3, on = 7, off = 8 };
  Kind kind = Kind::start;
  std::string session{};                  ///< Acct-Session-Id
  std::optional<TerminateCause> cause{};  ///< of a stop
  std::string user_name{};
  MacAddress host{};
  MacAddress port{};
  std::string port_id{};
  std::vector<std::uint8_t> class_{};  ///< as the Access-Accept had it
  std::int64_t at = 0;                 ///< Event-Timestamp: seconds since 1970-01-01 UTC
  Duration elapsed{0};                 ///< of the session
  PortTraffic traffic{};               ///< since the session began, as the host sent (in) and got it (out)
};

/// The session of a host as servers account it (RFC 2866), from the record of its beginning on.
struct AccountedSession {
  std::string id{};         ///< Acct-Session-Id
  std::string user_name{};  ///< as in the Access-Requests, at most 253 octets
  std::string port_id{};    ///< the interface
  MacAddress host{};
  MacAddress port{};
  std::vector<std::uint8_t> class_{};  ///< as the last Access-Accept had it
  std::optional<Duration> interim{};   ///< between two records
  Time since{};
  PortTraffic counted{};  ///< of the session, when `last` was read
  PortTraffic last{};     ///< of the port
  friend bool operator==(const AccountedSession&, const AccountedSession&) = default;
};

}  // namespace macsec::core
