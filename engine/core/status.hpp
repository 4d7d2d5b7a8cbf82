// SPDX-License-Identifier: LGPL-2.1-or-later
/// What one port has to say about itself: plain values, no secrets. Bus, CLI and tests read this and nothing else.
#pragma once

#include "engine/base/time.hpp"
#include "engine/config/profile.hpp"
#include "engine/core/counters.hpp"
#include "engine/ports/secy.hpp"
#include "engine/wire/announcement.hpp"
#include "engine/wire/eap_outcome.hpp"
#include "engine/wire/types.hpp"

#include <optional>
#include <string>
#include <vector>

namespace macsec::core {

/// The state a user sees.
enum class PortState : std::uint8_t {
  down,       ///< no device, no parent or no carrier
  pending,    ///< nothing may pass yet: no live peer, or keys not agreed
  unsecured,  ///< should-secure and no live peer: clear text passes
  secured,    ///< the kernel confirmed keys for both directions
  failed,     ///< something refused what was asked; `reason` says what
  suspended,  ///< asked to be silent for in-service upgrade
};
[[nodiscard]] std::string_view to_string(PortState state) noexcept;  ///< the enumerator's name
/// "pending: no peer heard on eth0"; says where frames pass in clear.
[[nodiscard]] std::string sentence(PortState state, std::string_view why);

/// Why a port is not secured, in the order a person would check.
enum class Reason : std::uint8_t {
  none,
  disabled,   ///< the profile says Enable=no, or an operator took the link down
  no_device,  ///< parent or macsec device missing
  no_carrier,
  no_key,                    ///< no [Key] is valid now
  no_peer,                   ///< nothing heard
  ckn_mismatch,              ///< peers are heard with another CKN only
  cak_mismatch,              ///< the CKN matches, the ICV does not
  peer_not_live,             ///< a peer is heard but does not list us: it does not hear us
  no_key_server,             ///< nobody may be key server
  awaiting_sak,              ///< a peer is live, the key server has not distributed a SAK yet
  cipher_mismatch,           ///< the key server's cipher suite is not on our list, or nobody supports a common one
  confidentiality_mismatch,  ///< offset 30/50, or integrity only where the profile encrypts
  macsec_refused,            ///< the key server wants no MACsec, the policy does
  secy_error,                ///< the kernel refused; last_error holds its words
  authenticating,            ///< 802.1X has begun and is not done
  no_authenticator,          ///< nobody answers EAPOL-Start
  authentication_failed,     ///< the last authentication failed; its verdict says why
  mka_silent,                ///< authenticated, but the other end speaks no MKA with the key
  eap_unavailable,           ///< macsec-eap ended, or cannot use the profile
  no_radius_server,          ///< no RADIUS server can be asked, or none answers
};
[[nodiscard]] std::string_view to_string(Reason reason) noexcept;  ///< with dashes: "ckn-mismatch"

/// The states of the CP machine (802.1X figure 12-2).
enum class CpState : std::uint8_t {
  init,
  change,
  allowed,
  authenticated,
  secured,
  receive,
  receiving,
  ready,
  transmit,
  transmitting,
  abandon,
  retire
};
[[nodiscard]] std::string_view to_string(CpState state) noexcept;  ///< upper case, as the standard prints it

/// Where a key of a profile stands. Only keys that are neither waiting nor retired speak and listen.
enum class KeyState : std::uint8_t {
  waiting,   ///< its time has not come
  early,     ///< before NotBefore, by no more than the tolerance, or as long as a peer speaks it
  active,    ///< in its time
  draining,  ///< being retired: used only where no other primary key reaches as many
  late,      ///< past NotAfter by no more than the tolerance
  overdue,   ///< past NotAfter, and kept because no better key reaches its peers
  retired,   ///< its time is over, or it was retired
};
[[nodiscard]] std::string_view to_string(KeyState state) noexcept;  ///< the enumerator's name

/// How a key is taken out of use.
enum class Retirement : std::uint8_t {
  when_proved,  ///< refused where a peer would be lost
  patient,      ///< begun though a peer would be lost now: it may get the other key in time
  forced,       ///< at once
};

struct PeerStatus {
  MemberId mi;
  MessageNumber mn = 0;
  Sci sci;
  std::uint8_t priority = 0;
  std::uint8_t version = 0;
  bool live = false;
  bool key_server = false;
  bool receiving = false;  ///< reports that it receives with the latest SAK
  bool transmitting = false;
  Time last_heard;
  std::optional<Time> live_since{};    ///< of a live peer; nothing where it was live before this process began
  std::vector<CipherSuite> announced;  ///< empty: it announced nothing
  std::string kmd{};                   ///< its Key Management Domain; empty: it names none
  std::uint64_t icv_failures = 0;      ///< MKPDUs under its SCI whose ICV was wrong, its own or a stranger's
  /// It says that it sends with the SAK in use, and none of its frames has come under it: it is idle, or its frames do not
  /// arrive.
  bool unheard = false;
};

struct ParticipantStatus {
  Ckn ckn;
  KeyRole role = KeyRole::primary;
  bool active = false;  ///< speaks and listens
  KeyState state = KeyState::waiting;
  Time since{};           ///< when `state` was entered
  std::string blocker{};  ///< why it may not be retired now; empty: it may
  bool hopeless = false;  ///< neither time nor draining brings what `blocker` misses
  bool had_peer = false;  ///< a peer was live under it, or may have been before this process
  bool principal = false;
  MemberId mi;
  MessageNumber mn = 0;
  std::uint64_t icv_failures = 0;
  std::vector<PeerStatus> peers;
};

struct SakStatus {
  KeyId key;
  An an;
  CipherSuite cipher_suite = CipherSuite::gcm_aes_128;
  bool receiving = false;
  bool transmitting = false;
  Time since;  ///< when it was installed here
};

/// Where a supplicant stands (802.1X-2020 clause 8; IEEE's names in the trace).
enum class SupplicantState : std::uint8_t {
  disabled,        ///< by an operator, or UseEap=never
  waiting,         ///< for carrier, or for the other end to ask
  authenticating,  ///< a conversation runs
  authenticated,
  held,  ///< after a failure or a Logoff: nothing is answered until `next_attempt`
};
[[nodiscard]] std::string_view to_string(SupplicantState state) noexcept;  ///< the enumerator's name

struct SupplicantStatus {
  SupplicantState state = SupplicantState::disabled;
  Time since;                    ///< when `state` was entered
  Reason reason = Reason::none;  ///< why the last authentication is not, or not fully, what was wanted
  std::string reason_text;       ///< a sentence for people
  std::string identity;          ///< as it is told in clear; empty: that of the certificate
  std::optional<MacAddress> authenticator;
  std::optional<EapVerdict>
      verdict;  ///< of the last success, or of the last failure where there was none: method, TLS, certificates
  CertificateReport
      certificate;  ///< ours, that the next authentication uses; empty: there is none, or it is not opened yet
  std::string certificate_key;  ///< where its private key is: "file", "pkcs11"
  std::optional<Time> last_success;
  std::optional<Time> last_failure;
  std::string last_failure_text;
  std::uint32_t attempts = 0;              ///< that failed since the last success
  std::optional<Time> next_attempt;        ///< nothing: the other end begins, or one runs
  std::optional<Time> reauthenticated_at;  ///< last success while the key of the one before was in use
  std::uint16_t cak_bits = 0;              ///< of the newest key; 0: there is none
  std::optional<Time> cached_until;        ///< when a key without a peer is dropped
  std::string notification;                ///< the other end's last words to a user, untrusted
  std::optional<AccessStatus> access;      ///< as the other end announces it, untrusted
  SupplicantCounters counters;
};

/// Where an authenticator stands (802.1X-2020 clause 8).
enum class AuthenticatorState : std::uint8_t {
  disabled,        ///< by an operator
  waiting,         ///< for carrier, or for a host that answers
  authenticating,  ///< a conversation runs
  authenticated,
  held,  ///< after a reject: no host is asked until `next_attempt`
};
[[nodiscard]] std::string_view to_string(AuthenticatorState state) noexcept;  ///< the enumerator's name

/// What is known of a RADIUS server.
enum class RadiusServerState : std::uint8_t { unknown, alive, dead };
[[nodiscard]] std::string_view to_string(RadiusServerState state) noexcept;  ///< the enumerator's name

struct RadiusServerStatus {
  std::string address;  ///< as the profile says it
  std::uint16_t port = 0;
  RadiusTransport transport = RadiusTransport::udp;
  std::string tls_version;  ///< of the connection to it, as "TLSv1.3"; empty: there is none
  RadiusServerState state = RadiusServerState::unknown;
  bool current = false;  ///< a new conversation begins there
  std::optional<Time> last_answer;
  std::string words;  ///< what is wrong with it, for people; empty: nothing
  RadiusCounters counters;
};

struct AuthenticatorStatus {
  AuthenticatorState state = AuthenticatorState::disabled;
  Time since;                    ///< when `state` was entered
  Reason reason = Reason::none;  ///< why the last authentication is not what was wanted
  std::string reason_text;       ///< a sentence for people
  std::optional<MacAddress> host;
  std::optional<MacAddress> other_host;  ///< heard last beside `host`
  std::string identity;                  ///< the outer one, as the host said it: untrusted
  std::string server;                    ///< address of the server that decided, or is asked
  std::optional<Time> last_success;
  std::optional<Time> last_failure;
  std::string last_failure_text;
  bool keyless = false;              ///< the last failure was an Access-Accept without keys, or without EAP-Key-Name
  std::optional<Time> session_ends;  ///< Session-Timeout without Termination-Action
  std::optional<Time> next_reauthentication;
  std::optional<Time> next_attempt;
  std::uint16_t cak_bits = 0;  ///< of the newest key; 0: there is none
  std::string linksec_policy;  ///< as the server said it; empty: it did not
  std::string reply_message;   ///< the server's words to a user, printable and untrusted
  std::vector<std::pair<std::string, std::string>> ignored_attributes;  ///< of the Access-Accept
  AuthenticatorCounters counters;
  std::vector<RadiusServerStatus> servers;  ///< filled in by the owner of the RADIUS client
};

struct PortStatus {
  PortState state = PortState::down;
  Time since;  ///< when `state` was entered
  Reason reason = Reason::none;
  std::string reason_text;  ///< a sentence for people
  std::string last_error;   ///< the last error in words; empty when none since the last success
  CpState cp = CpState::init;
  bool carrier = false;
  Sci sci;
  bool is_key_server = false;
  std::optional<Sci> key_server;            ///< elected, of the principal participant
  std::optional<Ckn> principal;             ///< CKN of the principal participant
  std::optional<CipherSuite> cipher_suite;  ///< in use
  bool encrypting = false;                  ///< confidentiality, not only integrity
  bool delay_protect = false;
  std::string quantum_safe;  ///< "yes", or "no: " and why
  std::optional<SakStatus> latest;
  std::optional<SakStatus> old;
  Pn next_pn = 0;                  ///< of the transmitting SA, as last sampled; 0 where hardware does not tell
  Pn pn_space = 0;                 ///< 2^32 or 2^64 - 1
  std::optional<Time> next_rekey;  ///< by time
  std::optional<Time> suspended_until;
  std::vector<Ckn> foreign_ckns;  ///< heard lately, not ours (at most 4)
  std::vector<ParticipantStatus> participants;
  bool clock_trusted = true;  ///< lifetimes are judged by a wall clock that may be believed
  PortCounters counters;
  std::optional<SupplicantStatus> supplicant;        ///< of a profile with [8021X]
  std::optional<AuthenticatorStatus> authenticator;  ///< of one with Role=authenticator
};

}  // namespace macsec::core
