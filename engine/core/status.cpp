// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/status.hpp"

namespace macsec::core {

std::string_view to_string(PortState state) noexcept {
  switch (state) {
    case PortState::down:
      return "down";
    case PortState::pending:
      return "pending";
    case PortState::unsecured:
      return "unsecured";
    case PortState::secured:
      return "secured";
    case PortState::failed:
      return "failed";
    case PortState::suspended:
      return "suspended";
  }
  return {};
}

std::string sentence(PortState state, std::string_view why) {
  std::string out{to_string(state)};
  if (state == PortState::unsecured) out += ", frames pass in clear text";
  if (!why.empty()) out.append(": ").append(why);
  return out;
}

std::string_view to_string(KeyState state) noexcept {
  switch (state) {
    case KeyState::waiting:
      return "waiting";
    case KeyState::early:
      return "early";
    case KeyState::active:
      return "active";
    case KeyState::draining:
      return "draining";
    case KeyState::late:
      return "late";
    case KeyState::overdue:
      return "overdue";
    case KeyState::retired:
      return "retired";
  }
  return {};
}

std::string_view to_string(Reason reason) noexcept {
  switch (reason) {
    case Reason::none:
      return "none";
    case Reason::disabled:
      return "disabled";
    case Reason::no_device:
      return "no-device";
    case Reason::no_carrier:
      return "no-carrier";
    case Reason::no_key:
      return "no-key";
    case Reason::no_peer:
      return "no-peer";
    case Reason::ckn_mismatch:
      return "ckn-mismatch";
    case Reason::cak_mismatch:
      return "cak-mismatch";
    case Reason::peer_not_live:
      return "peer-not-live";
    case Reason::no_key_server:
      return "no-key-server";
    case Reason::awaiting_sak:
      return "awaiting-sak";
    case Reason::cipher_mismatch:
      return "cipher-mismatch";
    case Reason::confidentiality_mismatch:
      return "confidentiality-mismatch";
    case Reason::macsec_refused:
      return "macsec-refused";
    case Reason::secy_error:
      return "secy-error";
    case Reason::authenticating:
      return "authenticating";
    case Reason::no_authenticator:
      return "no-authenticator";
    case Reason::authentication_failed:
      return "authentication-failed";
    case Reason::mka_silent:
      return "mka-silent";
    case Reason::eap_unavailable:
      return "eap-unavailable";
    case Reason::no_radius_server:
      return "no-radius-server";
  }
  return {};
}

std::string_view to_string(SupplicantState state) noexcept {
  switch (state) {
    case SupplicantState::disabled:
      return "disabled";
    case SupplicantState::waiting:
      return "waiting";
    case SupplicantState::authenticating:
      return "authenticating";
    case SupplicantState::authenticated:
      return "authenticated";
    case SupplicantState::held:
      return "held";
  }
  return {};
}

std::string_view to_string(AuthenticatorState state) noexcept {
  switch (state) {
    case AuthenticatorState::disabled:
      return "disabled";
    case AuthenticatorState::waiting:
      return "waiting";
    case AuthenticatorState::authenticating:
      return "authenticating";
    case AuthenticatorState::authenticated:
      return "authenticated";
    case AuthenticatorState::held:
      return "held";
  }
  return {};
}

std::string_view to_string(RadiusServerState state) noexcept {
  switch (state) {
    case RadiusServerState::unknown:
      return "unknown";
    case RadiusServerState::alive:
      return "alive";
    case RadiusServerState::dead:
      return "dead";
  }
  return {};
}

std::string_view to_string(CpState state) noexcept {
  switch (state) {
    case CpState::init:
      return "INIT";
    case CpState::change:
      return "CHANGE";
    case CpState::allowed:
      return "ALLOWED";
    case CpState::authenticated:
      return "AUTHENTICATED";
    case CpState::secured:
      return "SECURED";
    case CpState::receive:
      return "RECEIVE";
    case CpState::receiving:
      return "RECEIVING";
    case CpState::ready:
      return "READY";
    case CpState::transmit:
      return "TRANSMIT";
    case CpState::transmitting:
      return "TRANSMITTING";
    case CpState::abandon:
      return "ABANDON";
    case CpState::retire:
      return "RETIRE";
  }
  return {};
}

}  // namespace macsec::core
