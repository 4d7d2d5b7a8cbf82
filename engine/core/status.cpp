// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/context.hpp"

#include <array>

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

std::string_view to_string(Event::Kind kind) noexcept {
  switch (kind) {
    case Event::Kind::state_changed:
      return "state-changed";
    case Event::Kind::peer_live:
      return "peer-live";
    case Event::Kind::peer_lost:
      return "peer-lost";
    case Event::Kind::sak_installed:
      return "sak-installed";
    case Event::Kind::rekey_started:
      return "rekey-started";
    case Event::Kind::key_server_changed:
      return "key-server-changed";
    case Event::Kind::principal_changed:
      return "principal-changed";
    case Event::Kind::secy_error:
      return "secy-error";
    case Event::Kind::snapshot_changed:
      return "snapshot-changed";
  }
  return {};
}

std::span<const CounterName> counter_names() noexcept {
  static constexpr std::array names{
      CounterName{"MkpduRx", &PortCounters::mkpdu_rx},
      CounterName{"MkpduTx", &PortCounters::mkpdu_tx},
      CounterName{"MkpduTxFailures", &PortCounters::mkpdu_tx_failures},
      CounterName{"RxIcvFailures", &PortCounters::rx_icv_failures},
      CounterName{"RxValidationFailures", &PortCounters::rx_validation_failures},
      CounterName{"RxBadVersion", &PortCounters::rx_bad_version},
      CounterName{"RxUnknownCkn", &PortCounters::rx_unknown_ckn},
      CounterName{"RxInactiveCkn", &PortCounters::rx_inactive_ckn},
      CounterName{"RxUnknownAgility", &PortCounters::rx_unknown_agility},
      CounterName{"RxWrongDestination", &PortCounters::rx_wrong_destination},
      CounterName{"RxReflected", &PortCounters::rx_reflected},
      CounterName{"RxReplayed", &PortCounters::rx_replayed},
      CounterName{"RxTooManyPeers", &PortCounters::rx_too_many_peers},
      CounterName{"RxNotReady", &PortCounters::rx_not_ready},
      CounterName{"RxMiCollisions", &PortCounters::rx_mi_collisions},
      CounterName{"RxStalePeerList", &PortCounters::rx_stale_peer_list},
      CounterName{"SakUseKnMismatch", &PortCounters::sak_use_kn_mismatch},
      CounterName{"SakUseMiMismatch", &PortCounters::sak_use_mi_mismatch},
      CounterName{"SakUseAnMismatch", &PortCounters::sak_use_an_mismatch},
      CounterName{"SakUseRxNotSet", &PortCounters::sak_use_rx_not_set},
      CounterName{"SakUseServerTxNotSet", &PortCounters::sak_use_server_tx_not_set},
      CounterName{"SakGenerated", &PortCounters::sak_generated},
      CounterName{"SakReceived", &PortCounters::sak_received},
      CounterName{"SakGenerationFailures", &PortCounters::sak_generation_failures},
      CounterName{"SakWrapFailures", &PortCounters::sak_wrap_failures},
      CounterName{"SakUnwrapFailures", &PortCounters::sak_unwrap_failures},
      CounterName{"SakReuseRefused", &PortCounters::sak_reuse_refused},
      CounterName{"SakCipherRefused", &PortCounters::sak_cipher_refused},
      CounterName{"SakOffsetRefused", &PortCounters::sak_offset_refused},
      CounterName{"SakIntegrityRefused", &PortCounters::sak_integrity_refused},
      CounterName{"SakMacsecRefused", &PortCounters::sak_macsec_refused},
      CounterName{"SakRekeys", &PortCounters::sak_rekeys},
      CounterName{"CipherSuiteFailures", &PortCounters::cipher_suite_failures},
      CounterName{"ReceiveScFailures", &PortCounters::receive_sc_failures},
      CounterName{"ReceiveSaFailures", &PortCounters::receive_sa_failures},
      CounterName{"TransmitSaFailures", &PortCounters::transmit_sa_failures},
      CounterName{"SecyFailures", &PortCounters::secy_failures},
      CounterName{"PeersLost", &PortCounters::peers_lost},
  };
  return names;
}

}  // namespace macsec::core
