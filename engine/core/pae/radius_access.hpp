// SPDX-License-Identifier: LGPL-2.1-or-later
/// The packets of RADIUS as an authenticator writes and reads them (RFC 2865, RFC 3579, RFC 3580, RFC 5997, RFC 7268).
#pragma once

#include "engine/base/result.hpp"
#include "engine/config/radius_server.hpp"
#include "engine/core/pae/radius_exchange.hpp"
#include "engine/wire/radius.hpp"

namespace macsec::core {

using RadiusOctets = std::vector<std::uint8_t>;

/// What tells one request from another.
struct RadiusHead {
  std::uint8_t identifier = 0;
  RadiusAuthenticator authenticator{};
};

/// Octets of the secret shared with a server.
[[nodiscard]] Bytes secret_of(const RadiusServer& server) noexcept;
/// An Access-Request for what the host said, signed. `state` is that of the last challenge, empty in the first request.
[[nodiscard]] Result<RadiusOctets> write_access_request(const RadiusCommand& command, Bytes state,
                                                        std::string_view nas_identifier, const RadiusHead& head,
                                                        const RadiusServer& server);
/// A Status-Server: asks whether somebody is there.
[[nodiscard]] Result<RadiusOctets> write_status_request(std::string_view nas_identifier, const RadiusHead& head,
                                                        const RadiusServer& server);

/// An Accounting-Request, signed. `delay`: for how long the record has been offered.
[[nodiscard]] Result<RadiusOctets> write_accounting_request(const RadiusAccounting& record, Duration delay,
                                                            std::string_view nas_identifier, std::uint8_t identifier,
                                                            const RadiusServer& server);

/// What an answer means for the port: `answer` is an Access-Accept, -Reject or -Challenge whose check was good.
/// An Accept that gives no keys for MACsec is a failure.
[[nodiscard]] RadiusReport read_access_answer(const RadiusPacket& answer, const RadiusAuthenticator& request,
                                              const RadiusServer& server);

}  // namespace macsec::core
