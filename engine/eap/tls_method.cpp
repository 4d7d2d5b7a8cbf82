// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/eap/tls_method.hpp"

namespace macsec::eap {

Result<MethodKeys> tunnel_keys(const TlsTunnel& tunnel, EapType method) {
  Result<Secret<128>> keys = tunnel.channel().export_keys(method);
  if (!keys) return std::unexpected{std::move(keys.error())};
  Result<std::vector<std::uint8_t>> id = tunnel.channel().session_id(method);
  if (!id) return std::unexpected{std::move(id.error())};
  return MethodKeys{Secret<64>{keys->expose().first(64)}, std::move(*id)};
}

bool is_protected_success(const TlsTunnel& tunnel, Bytes text) noexcept {
  return tunnel.channel().is_tls_1_3() && text.size() == 1 && text[0] == 0;
}

MethodStep TlsRun::process(Bytes data) {
  const TlsTunnel::Event event = tunnel_.receive(data);
  if (event == TlsTunnel::Event::ignored) return {.reply = {}, .ignore = true};
  if (event == TlsTunnel::Event::advanced && tunnel_.established()) {
    // It may come before our Finished where a session is resumed (RFC 9190 2.1.3).
    const WipedBuffer text = tunnel_.channel().take_received();
    confirmed_ = confirmed_ || is_protected_success(tunnel_, text.octets());
    breach_ = breach_ || (!text.octets().empty() && !is_protected_success(tunnel_, text.octets()));
  }
  return {.reply = tunnel_.reply()};
}

Decision TlsRun::decision() const noexcept {
  if (!tunnel_.established() || tunnel_.failed() || breach_) return Decision::fail;
  if (!tunnel_.channel().is_tls_1_3()) return Decision::conditional;
  return confirmed_ ? Decision::unconditional : Decision::fail;
}

MethodReport TlsRun::report() const {
  if (breach_)
    return {EapStage::confirmation, EapProblem::malformed, "the server sends other than its success inside the tunnel"};
  return tunnel_.report();
}

Result<MethodKeys> TlsRun::keys() const { return tunnel_keys(tunnel_, EapType::tls); }

}  // namespace macsec::eap
