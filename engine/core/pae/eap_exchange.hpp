// SPDX-License-Identifier: LGPL-2.1-or-later
/// What a port asks of the EAP side, and what it hears from there: driven like the wire, by polling and telling.
#pragma once

#include "engine/wire/eap_outcome.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace macsec::core {

/// Numbers one conversation of a port; a report of an earlier one is recognised by it and ignored.
using EapConversation = std::uint64_t;

struct EapCommand {
  enum class Kind : std::uint8_t {
    begin,    ///< a conversation with the profile's credentials; `mtu` is said
    request,  ///< `packet` came from the wire: a Request, Success or Failure
    end,      ///< the port is no longer interested
  };
  Kind kind = Kind::begin;
  EapConversation conversation = 0;
  std::uint16_t mtu = 0;  ///< octets of an EAP packet that the link carries
  std::vector<std::uint8_t> packet{};
};

struct EapReport {
  enum class Kind : std::uint8_t {
    response,  ///< `packet` is for the wire; empty: the request was ignored
    success,   ///< `keys` and `verdict`
    failure,   ///< `verdict`
    lost,      ///< the process that holds TLS and credentials is gone; links are untouched
  };
  Kind kind = Kind::response;
  EapConversation conversation = 0;
  std::vector<std::uint8_t> packet{};
  std::optional<MethodKeys> keys{};
  EapVerdict verdict{};
};

}  // namespace macsec::core
