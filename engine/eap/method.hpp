// SPDX-License-Identifier: LGPL-2.1-or-later
/// What every EAP method is, in the words of RFC 4137 section 4.
#pragma once

#include "engine/eap/credentials.hpp"
#include "engine/eap/tls_framing.hpp"
#include "engine/ports/random.hpp"

namespace macsec::eap {

enum class Decision : std::uint8_t {
  fail,          ///< a Success is a failure
  conditional,   ///< the server may still refuse
  unconditional  ///< it has said so, protected: a Failure is not believed
};

/// What a method has to say to a request.
struct MethodStep {
  Octets reply;         ///< data after the EAP type
  bool ignore = false;  ///< the request was none: nothing changes, nothing is sent
};

/// The same inside a tunnel, where passwords go.
struct InnerStep {
  WipedBuffer reply;
  bool ignore = false;
};

struct MethodSetup {
  LoadedProfile& loaded;
  Random& random;
  crypto::TlsClock clock;
  std::uint16_t mtu = 1496;  ///< octets of an EAP packet
};

/// Where a conversation stands, or why it goes nowhere; what a Failure that comes now means.
struct MethodReport {
  EapStage stage = EapStage::handshake;
  EapProblem problem = EapProblem::none;
  std::string words;
};

[[nodiscard]] inline Bytes octets_of(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace macsec::eap
