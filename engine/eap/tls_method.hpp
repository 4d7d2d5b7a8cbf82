// SPDX-License-Identifier: LGPL-2.1-or-later
/// EAP-TLS (RFC 5216, RFC 9190).
#pragma once

#include "engine/eap/tls_tunnel.hpp"

namespace macsec::eap {

class TlsRun {
 public:
  explicit TlsRun(const MethodSetup& /*setup*/, TlsTunnel tunnel) : tunnel_{std::move(tunnel)} {}

  [[nodiscard]] MethodStep process(Bytes data);
  [[nodiscard]] Decision decision() const noexcept;
  [[nodiscard]] MethodReport report() const;
  [[nodiscard]] Result<MethodKeys> keys() const;
  [[nodiscard]] TlsTunnel& tunnel() noexcept { return tunnel_; }
  [[nodiscard]] const TlsTunnel& tunnel() const noexcept { return tunnel_; }
  [[nodiscard]] static std::string inner() { return {}; }

 private:
  TlsTunnel tunnel_;
  bool confirmed_ = false;  ///< TLS 1.3: the protected success came
  bool breach_ = false;     ///< other text in the tunnel
};

/// MSK and Session-Id of a tunnel as they are where no inner method has a part in them.
[[nodiscard]] Result<MethodKeys> tunnel_keys(const TlsTunnel& tunnel, EapType method);
/// Whether text is the protected success of TLS 1.3: one octet 0 (RFC 9190 2.5).
[[nodiscard]] bool is_protected_success(const TlsTunnel& tunnel, Bytes text) noexcept;

}  // namespace macsec::eap
