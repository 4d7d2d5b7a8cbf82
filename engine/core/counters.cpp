// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/core/counters.hpp"

#include <array>

namespace macsec::core {

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
      CounterName{"SakUseServerRxNotSet", &PortCounters::sak_use_server_rx_not_set},
      CounterName{"SakUseServerTxNotSet", &PortCounters::sak_use_server_tx_not_set},
      CounterName{"SakGenerated", &PortCounters::sak_generated},
      CounterName{"SakReceived", &PortCounters::sak_received},
      CounterName{"SakGenerationFailures", &PortCounters::sak_generation_failures},
      CounterName{"SakHashFailures", &PortCounters::sak_hash_failures},
      CounterName{"SakWrapFailures", &PortCounters::sak_wrap_failures},
      CounterName{"SakUnwrapFailures", &PortCounters::sak_unwrap_failures},
      CounterName{"SakReuseRefused", &PortCounters::sak_reuse_refused},
      CounterName{"SakRoleRefused", &PortCounters::sak_role_refused},
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
      CounterName{"OwnSuspensions", &PortCounters::own_suspensions},
      CounterName{"PeerSuspensions", &PortCounters::peer_suspensions},
  };
  return names;
}

std::span<const SupplicantCounterName> supplicant_counter_names() noexcept {
  using Counters = SupplicantCounters;
  static constexpr std::array names{
      SupplicantCounterName{"StartTx", &Counters::start_tx},
      SupplicantCounterName{"LogoffTx", &Counters::logoff_tx},
      SupplicantCounterName{"EapRx", &Counters::eap_rx},
      SupplicantCounterName{"EapTx", &Counters::eap_tx},
      SupplicantCounterName{"EapInvalid", &Counters::eap_invalid},
      SupplicantCounterName{"EapRetransmitted", &Counters::eap_retransmitted},
      SupplicantCounterName{"EapIgnored", &Counters::eap_ignored},
      SupplicantCounterName{"IdentityRx", &Counters::identity_rx},
      SupplicantCounterName{"NotificationRx", &Counters::notification_rx},
      SupplicantCounterName{"FailureIgnored", &Counters::failure_ignored},
      SupplicantCounterName{"LogoffIgnored", &Counters::logoff_ignored},
      SupplicantCounterName{"Authentications", &Counters::authentications},
      SupplicantCounterName{"Reauthentications", &Counters::reauthentications},
      SupplicantCounterName{"Resumptions", &Counters::resumptions},
      SupplicantCounterName{"FailuresIdentity", &Counters::failures_identity},
      SupplicantCounterName{"FailuresMethod", &Counters::failures_method},
      SupplicantCounterName{"FailuresHandshake", &Counters::failures_handshake},
      SupplicantCounterName{"FailuresServerCertificate", &Counters::failures_server_certificate},
      SupplicantCounterName{"FailuresClientCertificate", &Counters::failures_client_certificate},
      SupplicantCounterName{"FailuresInner", &Counters::failures_inner},
      SupplicantCounterName{"FailuresConfirmation", &Counters::failures_confirmation},
      SupplicantCounterName{"FailuresTimeout", &Counters::failures_timeout},
      SupplicantCounterName{"FragmentsRx", &Counters::fragments_rx},
      SupplicantCounterName{"FragmentsTx", &Counters::fragments_tx},
      SupplicantCounterName{"WorkerRestarts", &Counters::worker_restarts},
  };
  return names;
}

std::span<const AuthenticatorCounterName> authenticator_counter_names() noexcept {
  static constexpr std::array names{
      AuthenticatorCounterName{"StartRx", &AuthenticatorCounters::start_rx},
      AuthenticatorCounterName{"LogoffRx", &AuthenticatorCounters::logoff_rx},
      AuthenticatorCounterName{"LogoffIgnored", &AuthenticatorCounters::logoff_ignored},
      AuthenticatorCounterName{"EapRx", &AuthenticatorCounters::eap_rx},
      AuthenticatorCounterName{"EapTx", &AuthenticatorCounters::eap_tx},
      AuthenticatorCounterName{"EapInvalid", &AuthenticatorCounters::eap_invalid},
      AuthenticatorCounterName{"EapRetransmitted", &AuthenticatorCounters::eap_retransmitted},
      AuthenticatorCounterName{"EapIgnored", &AuthenticatorCounters::eap_ignored},
      AuthenticatorCounterName{"OtherHosts", &AuthenticatorCounters::other_hosts},
      AuthenticatorCounterName{"Authentications", &AuthenticatorCounters::authentications},
      AuthenticatorCounterName{"Reauthentications", &AuthenticatorCounters::reauthentications},
      AuthenticatorCounterName{"Rejects", &AuthenticatorCounters::rejects},
      AuthenticatorCounterName{"AcceptsUnusable", &AuthenticatorCounters::accepts_unusable},
      AuthenticatorCounterName{"HostTimeouts", &AuthenticatorCounters::host_timeouts},
      AuthenticatorCounterName{"ServerTimeouts", &AuthenticatorCounters::server_timeouts},
  };
  return names;
}

std::span<const RadiusCounterName> radius_counter_names() noexcept {
  static constexpr std::array names{
      RadiusCounterName{"AccessRequests", &RadiusCounters::access_requests},
      RadiusCounterName{"AccessRetransmissions", &RadiusCounters::access_retransmissions},
      RadiusCounterName{"AccessAccepts", &RadiusCounters::access_accepts},
      RadiusCounterName{"AccessRejects", &RadiusCounters::access_rejects},
      RadiusCounterName{"AccessChallenges", &RadiusCounters::access_challenges},
      RadiusCounterName{"MalformedResponses", &RadiusCounters::malformed_responses},
      RadiusCounterName{"BadAuthenticators", &RadiusCounters::bad_authenticators},
      RadiusCounterName{"Timeouts", &RadiusCounters::timeouts},
      RadiusCounterName{"UnknownTypes", &RadiusCounters::unknown_types},
      RadiusCounterName{"Dropped", &RadiusCounters::dropped},
      RadiusCounterName{"AccountingRequests", &RadiusCounters::accounting_requests},
      RadiusCounterName{"AccountingResponses", &RadiusCounters::accounting_responses},
      RadiusCounterName{"AccountingTimeouts", &RadiusCounters::accounting_timeouts},
  };
  return names;
}

}  // namespace macsec::core
