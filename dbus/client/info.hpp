// SPDX-License-Identifier: LGPL-2.1-or-later
/// Objects of the daemon as plain values. Words are those of the interface descriptions; a property the daemon does not
/// have reads as empty.
#pragma once

#include "dbus/client/value.hpp"
#include "engine/base/time.hpp"

namespace macsec::bus {

struct KeyInfo {
  std::string ckn;
  unsigned bits = 0;
  std::string role;
  std::string state;
  /// Seconds since 1970; nothing: unbounded on that side.
  std::optional<std::int64_t> not_before;
  std::optional<std::int64_t> not_after;
  std::string lifetime;
  std::string origin;
  std::string source;      ///< the key source that brought it
  std::string credential;  ///< of the service, that holds it; empty: none does
  bool principal = false;
  unsigned live_peers = 0;
  bool had_peer = false;  ///< one was live under it, or may have been before the daemon began
  Time since;             ///< of the state
  bool ready_to_retire = false;
  std::string blocker;
  std::vector<std::string> left_out;       ///< sessions without carrier, which need not prove that it may go
  std::optional<std::int64_t> retired_at;  ///< files say that it is retired
  std::string still_in;                    ///< FILE:LINE where the secret of such a key still stands
};

/// What [KeySource] says.
struct KeySourceInfo {
  std::string source;
  std::string remote_id;
  std::string initiator;
  Duration every{};
  unsigned bits = 0;
};

struct ProfileInfo {
  std::string path;
  std::string name;
  std::string source;
  std::string origin;
  std::string description;
  std::string lifetime;
  std::string owner;
  std::optional<Time> parked_until;
  bool enabled = false;
  bool valid = false;
  std::string parent;
  std::string interface;
  std::string session;                ///< its path; empty while there is none
  std::vector<std::string> sessions;  ///< paths of all, for a profile of many ports
  /// Sections in order, each with its settings as text.
  std::vector<std::pair<std::string, std::map<std::string, std::string>>> settings;
  std::vector<Problem> problems;
  std::optional<KeySourceInfo> key_source;
  std::vector<KeyInfo> keys;
};

struct SakInfo {
  std::string key_id;
  std::uint32_t key_number = 0;
  unsigned an = 0;
  std::string cipher_suite;
  Time since;
  bool receiving = false;
  bool transmitting = false;
};

struct PeerInfo {
  std::string ckn;
  std::string mi;
  std::uint32_t mn = 0;
  std::string sci;
  unsigned priority = 0;
  unsigned version = 0;
  bool live = false;
  bool key_server = false;
  bool receiving = false;
  bool transmitting = false;
  Time last_heard;
  Strings cipher_suites;
  std::optional<Time> live_since;
  std::string kmd;
  std::uint64_t icv_failures = 0;
  bool unheard = false;
};

struct ParticipantInfo {
  std::string ckn;
  std::string role;
  bool active = false;
  std::string state;
  bool principal = false;
  std::string mi;
  std::uint32_t mn = 0;
  std::uint64_t icv_failures = 0;
};

struct SessionInfo {
  std::string path;
  std::string interface;
  int ifindex = 0;
  std::string parent;
  int parent_ifindex = 0;
  std::string profile;  ///< its path
  std::string profile_name;
  std::string state;
  Time since;
  std::string reason;
  std::string reason_text;
  std::string last_error;
  std::string cp;
  bool carrier = false;
  std::string policy;
  std::string sci;
  bool is_key_server = false;
  std::string key_server;
  std::string ckn;
  std::string cipher_suite;
  bool encrypting = false;
  bool delay_protect = false;
  std::string quantum_safe;
  std::string offload;
  std::string offload_text;
  std::string clear_frames;
  std::optional<SakInfo> latest_sak;
  std::optional<SakInfo> old_sak;
  std::uint64_t next_pn = 0;
  double pn_used = 0;
  std::optional<Time> next_rekey;
  std::optional<Time> suspended_until;
  Strings foreign_ckns;
  bool clock_trusted = true;
  std::vector<ParticipantInfo> participants;
  std::vector<PeerInfo> peers;
  std::map<std::string, std::uint64_t> counters;
};

struct CertificateInfo {
  std::string subject;
  std::string issuer;
  Strings names;
  std::int64_t not_after = 0;  ///< seconds since 1970
  bool verified = false;       ///< of the server's
  std::string key;             ///< of ours: "file", "pkcs11", "tpm"
};

/// The 802.1X side of a session.
struct SupplicantInfo {
  std::string state;
  Time since;
  std::string reason;
  std::string reason_text;
  std::string method;
  std::string inner_method;
  std::string identity;
  std::string authenticator;
  std::string tls_version;
  std::string tls_cipher;
  std::string key_exchange;
  bool resumed = false;
  bool validated = true;
  std::optional<CertificateInfo> server;
  std::optional<CertificateInfo> client;
  std::optional<Time> last_success;
  std::optional<Time> last_failure;
  std::string last_failure_text;
  std::uint32_t attempts = 0;
  std::optional<Time> next_attempt;
  std::optional<Time> reauthenticated_at;
  std::uint32_t cak_length = 0;
  std::optional<Time> cached_until;
  std::string notification;
  std::string access_status;  ///< "restricted"; empty: nothing is announced
  std::map<std::string, std::uint64_t> counters;
};

struct RadiusServerInfo {
  std::string address;
  std::uint16_t port = 0;
  std::string transport;    ///< "udp", "tls"
  std::string tls_version;  ///< of the connection; empty: there is none
  std::string state;
  bool current = false;
  std::string problem;
  std::optional<Time> last_answer;
  std::map<std::string, std::uint64_t> counters;
};

/// The 802.1X side of a session that is an access port.
struct AuthenticatorInfo {
  std::string state;
  Time since;
  std::string reason;
  std::string reason_text;
  std::string host;
  std::string other_host;
  std::string identity;
  std::string server;
  std::vector<RadiusServerInfo> servers;
  std::optional<Time> last_success;
  std::optional<Time> last_failure;
  std::string last_failure_text;
  std::optional<Time> session_ends;
  std::optional<Time> next_reauthentication;
  std::optional<Time> next_attempt;
  std::uint32_t cak_length = 0;
  std::string linksec_policy;
  std::string reply_message;
  std::map<std::string, Strings> attributes;  ///< that nobody acts on
  std::map<std::string, std::uint64_t> counters;
};

/// KeyEvent of a profile.
struct KeyEvent {
  std::string kind;
  std::string ckn;
  std::string text;
};

struct SessionEvent {
  std::string kind;
  Time time;
  std::string text;
};

/// A key server, as macsec-keys shows it.
struct KeyServerInfo {
  std::string name;
  std::string state;
  std::string type;
  std::string server;
  std::string text;
  std::string channel;
  std::string last_error;
  std::optional<std::int64_t> last_success;  ///< seconds since 1970
  std::uint64_t mismatches = 0;
  std::map<std::string, std::uint64_t> requests;
};

/// All rows of the answer to Client::key_sources().
[[nodiscard]] std::vector<KeyServerInfo> to_key_servers(const Value& properties);
[[nodiscard]] ProfileInfo to_profile(std::string path, const Value::Dict& properties);
[[nodiscard]] SessionInfo to_session(std::string path, const Value::Dict& properties);
[[nodiscard]] SupplicantInfo to_supplicant(const Value::Dict& properties);
[[nodiscard]] AuthenticatorInfo to_authenticator(const Value::Dict& properties);

}  // namespace macsec::bus
