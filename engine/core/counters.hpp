// SPDX-License-Identifier: LGPL-2.1-or-later
/// What a port counts: a member and a name a cause, in one order for bus, CLI and reference pages.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace macsec::core {

/// One counter for each cause, from the creation of the port on.
struct PortCounters {
  std::uint64_t mkpdu_rx = 0;  ///< accepted
  std::uint64_t mkpdu_tx = 0;
  std::uint64_t mkpdu_tx_failures = 0;  ///< could not be built
  std::uint64_t rx_icv_failures = 0;
  std::uint64_t rx_validation_failures = 0;  ///< malformed
  std::uint64_t rx_bad_version = 0;
  std::uint64_t rx_unknown_ckn = 0;
  std::uint64_t rx_inactive_ckn = 0;  ///< of a key outside its lifetime, or of a port that is taken down
  std::uint64_t rx_unknown_agility = 0;
  std::uint64_t rx_wrong_destination = 0;
  std::uint64_t rx_reflected = 0;        ///< our own frames come back
  std::uint64_t rx_replayed = 0;         ///< MN not greater than the last
  std::uint64_t rx_too_many_peers = 0;   ///< of a new peer where no more fit
  std::uint64_t rx_not_ready = 0;        ///< no device, or not yet known what it holds
  std::uint64_t rx_mi_collisions = 0;    ///< our MI from another SCI
  std::uint64_t rx_sci_conflicts = 0;    ///< of a member whose place another one of its SCI took
  std::uint64_t rx_stale_peer_list = 0;  ///< lists us with an MN older than the life time
  std::uint64_t sak_use_kn_mismatch = 0;
  std::uint64_t sak_use_mi_mismatch = 0;
  std::uint64_t sak_use_an_mismatch = 0;
  std::uint64_t sak_use_rx_not_set = 0;
  std::uint64_t sak_use_server_rx_not_set = 0;
  std::uint64_t sak_use_server_tx_not_set = 0;
  std::uint64_t sak_generated = 0;
  std::uint64_t sak_received = 0;
  std::uint64_t sak_generation_failures = 0;
  std::uint64_t sak_hash_failures = 0;  ///< of the digest by which a SAK is known again
  std::uint64_t sak_wrap_failures = 0;
  std::uint64_t sak_unwrap_failures = 0;
  std::uint64_t sak_reuse_refused = 0;  ///< a Distributed SAK that was used before, by its KI or under another
  std::uint64_t sak_role_refused = 0;   ///< a Distributed SAK of a key while one of greater precedence has peers
  std::uint64_t sak_cipher_refused = 0;
  std::uint64_t sak_offset_refused = 0;     ///< confidentiality offset 30 or 50
  std::uint64_t sak_integrity_refused = 0;  ///< integrity only where the profile encrypts
  std::uint64_t sak_macsec_refused = 0;     ///< the key server wants no MACsec, the policy does
  std::uint64_t sak_rekeys = 0;             ///< SAKs that replaced another
  // What the SecY refused.
  std::uint64_t cipher_suite_failures = 0;  ///< to take the cipher suite
  std::uint64_t receive_sc_failures = 0;    ///< to make a receive SC
  std::uint64_t receive_sa_failures = 0;    ///< to install a receive SA, or to raise its lowest PN
  std::uint64_t transmit_sa_failures = 0;   ///< to install a transmit SA, or to send with it
  std::uint64_t secy_failures = 0;          ///< anything else: settings, deletions, reading, keys it lost
  std::uint64_t peers_lost = 0;
  std::uint64_t own_suspensions = 0;   ///< of our own, asked for by an operator
  std::uint64_t peer_suspensions = 0;  ///< that live peers announced
};

using Counter = std::uint64_t PortCounters::*;

/// Names and members of PortCounters, in order, for bus and CLI.
struct CounterName {
  std::string_view name;  ///< "MkpduRx"
  Counter member;
};
inline constexpr std::array port_counter_table{
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
    CounterName{"RxSciConflicts", &PortCounters::rx_sci_conflicts},
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
[[nodiscard]] constexpr std::span<const CounterName> counter_names() noexcept { return port_counter_table; }

/// The same of a supplicant (802.1X-2020 12.8), from the creation of the port on.
struct SupplicantCounters {
  std::uint64_t start_tx = 0;
  std::uint64_t logoff_tx = 0;
  std::uint64_t eap_rx = 0;  ///< well-formed EAP packets
  std::uint64_t eap_tx = 0;
  std::uint64_t eap_invalid = 0;        ///< malformed, or a Response
  std::uint64_t eap_retransmitted = 0;  ///< requests that came once more
  std::uint64_t eap_ignored = 0;        ///< out of state, or of no use to the method
  std::uint64_t identity_rx = 0;
  std::uint64_t notification_rx = 0;
  std::uint64_t failure_ignored = 0;    ///< Failures outside of a conversation
  std::uint64_t logoff_ignored = 0;     ///< EAPOL-Logoffs: only an authenticator's port can be logged off
  std::uint64_t authentications = 0;    ///< that gave keys
  std::uint64_t reauthentications = 0;  ///< of these, with a key in use
  std::uint64_t resumptions = 0;        ///< of these, with a resumed TLS session
  std::uint64_t failures_identity = 0;  ///< by the stage a conversation came to
  std::uint64_t failures_method = 0;
  std::uint64_t failures_handshake = 0;
  std::uint64_t failures_server_certificate = 0;
  std::uint64_t failures_client_certificate = 0;
  std::uint64_t failures_inner = 0;
  std::uint64_t failures_confirmation = 0;
  std::uint64_t failures_timeout = 0;  ///< the other end, or macsec-eap, stopped answering
  std::uint64_t fragments_rx = 0;      ///< of TLS messages that did not fit one packet
  std::uint64_t fragments_tx = 0;
  std::uint64_t worker_restarts = 0;  ///< times macsec-eap was lost
  std::uint64_t announcements_rx = 0;
};

/// Names and members of SupplicantCounters, in order.
struct SupplicantCounterName {
  std::string_view name;  ///< "StartTx"
  std::uint64_t SupplicantCounters::* member;
};
inline constexpr std::array supplicant_counter_table{
    SupplicantCounterName{"StartTx", &SupplicantCounters::start_tx},
    SupplicantCounterName{"LogoffTx", &SupplicantCounters::logoff_tx},
    SupplicantCounterName{"EapRx", &SupplicantCounters::eap_rx},
    SupplicantCounterName{"EapTx", &SupplicantCounters::eap_tx},
    SupplicantCounterName{"EapInvalid", &SupplicantCounters::eap_invalid},
    SupplicantCounterName{"EapRetransmitted", &SupplicantCounters::eap_retransmitted},
    SupplicantCounterName{"EapIgnored", &SupplicantCounters::eap_ignored},
    SupplicantCounterName{"IdentityRx", &SupplicantCounters::identity_rx},
    SupplicantCounterName{"NotificationRx", &SupplicantCounters::notification_rx},
    SupplicantCounterName{"FailureIgnored", &SupplicantCounters::failure_ignored},
    SupplicantCounterName{"LogoffIgnored", &SupplicantCounters::logoff_ignored},
    SupplicantCounterName{"Authentications", &SupplicantCounters::authentications},
    SupplicantCounterName{"Reauthentications", &SupplicantCounters::reauthentications},
    SupplicantCounterName{"Resumptions", &SupplicantCounters::resumptions},
    SupplicantCounterName{"FailuresIdentity", &SupplicantCounters::failures_identity},
    SupplicantCounterName{"FailuresMethod", &SupplicantCounters::failures_method},
    SupplicantCounterName{"FailuresHandshake", &SupplicantCounters::failures_handshake},
    SupplicantCounterName{"FailuresServerCertificate", &SupplicantCounters::failures_server_certificate},
    SupplicantCounterName{"FailuresClientCertificate", &SupplicantCounters::failures_client_certificate},
    SupplicantCounterName{"FailuresInner", &SupplicantCounters::failures_inner},
    SupplicantCounterName{"FailuresConfirmation", &SupplicantCounters::failures_confirmation},
    SupplicantCounterName{"FailuresTimeout", &SupplicantCounters::failures_timeout},
    SupplicantCounterName{"FragmentsRx", &SupplicantCounters::fragments_rx},
    SupplicantCounterName{"FragmentsTx", &SupplicantCounters::fragments_tx},
    SupplicantCounterName{"WorkerRestarts", &SupplicantCounters::worker_restarts},
    SupplicantCounterName{"AnnouncementsRx", &SupplicantCounters::announcements_rx},
};
[[nodiscard]] constexpr std::span<const SupplicantCounterName> supplicant_counter_names() noexcept {
  return supplicant_counter_table;
}

/// The same of an authenticator (802.1X-2020 12.8), from the creation of the port on.
struct AuthenticatorCounters {
  std::uint64_t start_rx = 0;
  std::uint64_t logoff_rx = 0;
  std::uint64_t logoff_ignored = 0;  ///< of these, while MKA holds the session
  std::uint64_t eap_rx = 0;          ///< well-formed EAP packets
  std::uint64_t eap_tx = 0;
  std::uint64_t eap_invalid = 0;        ///< malformed, or no Response
  std::uint64_t eap_retransmitted = 0;  ///< requests sent once more
  std::uint64_t eap_ignored = 0;        ///< out of state, or the answer to another request
  std::uint64_t other_hosts = 0;        ///< frames of a host beside the one that has the port
  std::uint64_t authentications = 0;    ///< that gave keys
  std::uint64_t reauthentications = 0;  ///< of these, with a key in use
  std::uint64_t rejects = 0;            ///< by a server
  std::uint64_t accepts_unusable = 0;   ///< without keys or without a Session-Id
  std::uint64_t host_timeouts = 0;      ///< the host stopped answering
  std::uint64_t server_timeouts = 0;    ///< no server answered
};

/// Names and members of AuthenticatorCounters, in order.
struct AuthenticatorCounterName {
  std::string_view name;  ///< "StartRx"
  std::uint64_t AuthenticatorCounters::* member;
};
inline constexpr std::array authenticator_counter_table{
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
[[nodiscard]] constexpr std::span<const AuthenticatorCounterName> authenticator_counter_names() noexcept {
  return authenticator_counter_table;
}

/// The same of one RADIUS server (RFC 4668), from the start of the process on.
struct RadiusCounters {
  std::uint64_t access_requests = 0;  ///< without retransmissions
  std::uint64_t access_retransmissions = 0;
  std::uint64_t access_accepts = 0;
  std::uint64_t access_rejects = 0;
  std::uint64_t access_challenges = 0;
  std::uint64_t malformed_responses = 0;
  std::uint64_t bad_authenticators = 0;   ///< Response Authenticator or Message-Authenticator wrong or missing
  std::uint64_t timeouts = 0;             ///< requests that were given up
  std::uint64_t unknown_types = 0;        ///< codes that are no answer
  std::uint64_t dropped = 0;              ///< answers to nothing that is outstanding: late, or sent twice
  std::uint64_t accounting_requests = 0;  ///< RFC 4670
  std::uint64_t accounting_responses = 0;
  std::uint64_t accounting_timeouts = 0;
};

/// Names and members of RadiusCounters, in order.
struct RadiusCounterName {
  std::string_view name;  ///< "AccessRequests"
  std::uint64_t RadiusCounters::* member;
};
inline constexpr std::array radius_counter_table{
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
[[nodiscard]] constexpr std::span<const RadiusCounterName> radius_counter_names() noexcept {
  return radius_counter_table;
}

}  // namespace macsec::core
