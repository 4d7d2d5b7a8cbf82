// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/client/info.hpp"

#include "dbus/bus/names.hpp"

namespace macsec::bus {
namespace {

Time to_time(const Value& value) { return Time{Duration{static_cast<Duration::rep>(value.number())}}; }

std::optional<Time> to_optional_time(const Value& value) {
  if (value.number() == 0) return std::nullopt;
  return to_time(value);
}

template <typename T>
T to(const Value& value) {
  return static_cast<T>(value.number());
}

Strings to_strings(const Value& value) {
  Strings out;
  for (const Value& each : value.list()) out.push_back(each.text());
  return out;
}

std::optional<SakInfo> to_sak(const Value& value) {
  if (value.dict().empty()) return std::nullopt;
  return SakInfo{.key_id = value["KeyId"].text(),
                 .key_number = to<std::uint32_t>(value["KeyNumber"]),
                 .an = to<unsigned>(value["An"]),
                 .cipher_suite = value["CipherSuite"].text(),
                 .since = to_time(value["Since"]),
                 .receiving = value["Receiving"].boolean(),
                 .transmitting = value["Transmitting"].boolean()};
}

PeerInfo to_peer(const Value& value) {
  return {.ckn = value["Ckn"].text(),
          .mi = value["Mi"].text(),
          .mn = to<std::uint32_t>(value["Mn"]),
          .sci = value["Sci"].text(),
          .priority = to<unsigned>(value["Priority"]),
          .version = to<unsigned>(value["Version"]),
          .live = value["Live"].boolean(),
          .key_server = value["KeyServer"].boolean(),
          .receiving = value["Receiving"].boolean(),
          .transmitting = value["Transmitting"].boolean(),
          .last_heard = to_time(value["LastHeard"]),
          .cipher_suites = to_strings(value["CipherSuites"]),
          .live_since = to_optional_time(value["LiveSince"]),
          .kmd = value["Kmd"].text(),
          .icv_failures = value["IcvFailures"].number(),
          .unheard = value["Unheard"].boolean()};
}

std::optional<std::int64_t> to_seconds(const Value& row, const std::string& name) {
  if (!row.dict().contains(name)) return std::nullopt;
  return row[name].integer();
}

KeyInfo to_key(const Value& value) {
  return {.ckn = value["Ckn"].text(),
          .bits = to<unsigned>(value["Bits"]),
          .role = value["Role"].text(),
          .state = value["State"].text(),
          .not_before = to_seconds(value, "NotBefore"),
          .not_after = to_seconds(value, "NotAfter"),
          .lifetime = value["Lifetime"].text(),
          .origin = value["Origin"].text(),
          .source = value["Source"].text(),
          .credential = value["Credential"].text(),
          .principal = value["Principal"].boolean(),
          .live_peers = to<unsigned>(value["LivePeers"]),
          .had_peer = value["HadPeer"].boolean(),
          .since = to_time(value["Since"]),
          .ready_to_retire = value["ReadyToRetire"].boolean(),
          .blocker = value["Blocker"].text(),
          .left_out = to_strings(value["LeftOut"]),
          .retired_at = to_seconds(value, "RetiredAt"),
          .still_in = value["StillIn"].text()};
}

std::optional<KeySourceInfo> to_key_source(const Value& value) {
  if (value.dict().empty()) return std::nullopt;
  return KeySourceInfo{.source = value["Source"].text(),
                       .remote_id = value["RemoteId"].text(),
                       .initiator = value["Initiator"].text(),
                       .every = Duration{to<Duration::rep>(value["Every"])},
                       .bits = to<unsigned>(value["Bits"])};
}

ParticipantInfo to_participant(const Value& value) {
  return {.ckn = value["Ckn"].text(),
          .role = value["Role"].text(),
          .active = value["Active"].boolean(),
          .state = value["State"].text(),
          .principal = value["Principal"].boolean(),
          .mi = value["Mi"].text(),
          .mn = to<std::uint32_t>(value["Mn"]),
          .icv_failures = value["IcvFailures"].number()};
}

std::optional<CertificateInfo> to_certificate(const Value& value) {
  if (value.dict().empty()) return std::nullopt;
  return CertificateInfo{.subject = value["Subject"].text(),
                         .issuer = value["Issuer"].text(),
                         .names = to_strings(value["Names"]),
                         .not_after = static_cast<std::int64_t>(value["NotAfter"].number()),
                         .verified = value["Verified"].boolean(),
                         .key = value["Key"].text()};
}

std::map<std::string, std::uint64_t> to_counters(const Value& value) {
  std::map<std::string, std::uint64_t> out;
  for (const auto& [name, count] : value.dict()) out.emplace(name, count.number());
  return out;
}

RadiusServerInfo to_radius_server(const Value& value) {
  return {.address = value["Address"].text(),
          .port = to<std::uint16_t>(value["Port"]),
          .transport = value["Transport"].text(),
          .tls_version = value["TlsVersion"].text(),
          .state = value["State"].text(),
          .current = value["Current"].boolean(),
          .problem = value["Problem"].text(),
          .last_answer = to_optional_time(value["LastAnswer"]),
          .counters = to_counters(value["Counters"])};
}

}  // namespace

std::vector<KeyServerInfo> to_key_servers(const Value& properties) {
  std::vector<KeyServerInfo> out;
  for (const Value& row : properties["Sources"].list())
    out.push_back(
        {.name = row["Name"].text(),
         .state = row["State"].text(),
         .type = row["Type"].text(),
         .server = row["Server"].text(),
         .text = row["Text"].text(),
         .channel = row["Channel"].text(),
         .last_error = row["LastError"].text(),
         .last_success = row["LastSuccess"].number() == 0 ? std::nullopt : std::optional{row["LastSuccess"].integer()},
         .mismatches = row["Mismatches"].number(),
         .requests = to_counters(row["Requests"])});
  return out;
}

ProfileInfo to_profile(std::string path, const Value::Dict& properties) {
  const Value all{Value::Data{properties}};
  ProfileInfo info{.path = std::move(path),
                   .name = all["Name"].text(),
                   .source = all["Source"].text(),
                   .origin = all["Origin"].text(),
                   .description = all["Description"].text(),
                   .lifetime = all["Lifetime"].text(),
                   .owner = all["Owner"].text(),
                   .parked_until = to_optional_time(all["ParkedUntil"]),
                   .enabled = all["Enabled"].boolean(),
                   .valid = all["Valid"].boolean(),
                   .parent = all["Parent"].text(),
                   .interface = all["Interface"].text(),
                   .session = all["Session"].text(),
                   .sessions = {},
                   .settings = {},
                   .problems = {},
                   .key_source = to_key_source(all["KeySource"]),
                   .keys = {}};
  for (const Value& row : all["Keys"].list()) info.keys.push_back(to_key(row));
  if (info.session == no_path) info.session.clear();
  for (const Value& each : all["Sessions"].list()) info.sessions.push_back(each.text());
  for (const Value& section : all["Settings"].list()) {
    auto& [name, settings] = info.settings.emplace_back(section.at(0).text(), std::map<std::string, std::string>{});
    for (const auto& [key, value] : section.at(1).dict()) settings.emplace(key, value.text());
  }
  for (const Value& row : all["Problems"].list())
    info.problems.push_back({.error = row.at(0).text() == "error",
                             .file = row.at(1).text(),
                             .line = to<std::uint32_t>(row.at(2)),
                             .setting = row.at(3).text(),
                             .text = row.at(4).text()});
  return info;
}

SessionInfo to_session(std::string path, const Value::Dict& properties) {
  const Value all{Value::Data{properties}};
  SessionInfo info{.path = std::move(path),
                   .interface = all["Interface"].text(),
                   .ifindex = static_cast<int>(all["Ifindex"].integer()),
                   .parent = all["Parent"].text(),
                   .parent_ifindex = static_cast<int>(all["ParentIfindex"].integer()),
                   .profile = all["Profile"].text(),
                   .profile_name = all["ProfileName"].text(),
                   .state = all["State"].text(),
                   .since = to_time(all["Since"]),
                   .reason = all["Reason"].text(),
                   .reason_text = all["ReasonText"].text(),
                   .last_error = all["LastError"].text(),
                   .cp = all["Cp"].text(),
                   .carrier = all["Carrier"].boolean(),
                   .policy = all["Policy"].text(),
                   .sci = all["Sci"].text(),
                   .is_key_server = all["IsKeyServer"].boolean(),
                   .key_server = all["KeyServer"].text(),
                   .ckn = all["Ckn"].text(),
                   .cipher_suite = all["CipherSuite"].text(),
                   .encrypting = all["Encrypting"].boolean(),
                   .delay_protect = all["DelayProtect"].boolean(),
                   .quantum_safe = all["QuantumSafe"].text(),
                   .offload = all["Offload"].text(),
                   .offload_text = all["OffloadText"].text(),
                   .clear_frames = all["ClearFrames"].text(),
                   .latest_sak = to_sak(all["LatestSak"]),
                   .old_sak = to_sak(all["OldSak"]),
                   .next_pn = all["NextPn"].number(),
                   .pn_used = all["PnUsed"].real(),
                   .next_rekey = to_optional_time(all["NextRekey"]),
                   .suspended_until = to_optional_time(all["SuspendedUntil"]),
                   .foreign_ckns = to_strings(all["ForeignCkns"]),
                   .clock_trusted = !all.dict().contains("ClockTrusted") || all["ClockTrusted"].boolean(),
                   .participants = {},
                   .peers = {},
                   .counters = to_counters(all["Counters"])};
  for (const Value& each : all["Participants"].list()) info.participants.push_back(to_participant(each));
  for (const Value& each : all["Peers"].list()) info.peers.push_back(to_peer(each));
  return info;
}

SupplicantInfo to_supplicant(const Value::Dict& properties) {
  const Value all{Value::Data{properties}};
  return {.state = all["State"].text(),
          .since = to_time(all["Since"]),
          .reason = all["Reason"].text(),
          .reason_text = all["ReasonText"].text(),
          .method = all["Method"].text(),
          .inner_method = all["InnerMethod"].text(),
          .identity = all["Identity"].text(),
          .authenticator = all["Authenticator"].text(),
          .tls_version = all["TlsVersion"].text(),
          .tls_cipher = all["TlsCipher"].text(),
          .key_exchange = all["KeyExchange"].text(),
          .resumed = all["Resumed"].boolean(),
          .validated = !all.dict().contains("Validated") || all["Validated"].boolean(),
          .server = to_certificate(all["ServerCertificate"]),
          .client = to_certificate(all["ClientCertificate"]),
          .last_success = to_optional_time(all["LastSuccess"]),
          .last_failure = to_optional_time(all["LastFailure"]),
          .last_failure_text = all["LastFailureText"].text(),
          .attempts = to<std::uint32_t>(all["Attempts"]),
          .next_attempt = to_optional_time(all["NextAttempt"]),
          .reauthenticated_at = to_optional_time(all["ReauthenticatedAt"]),
          .cak_length = to<std::uint32_t>(all["CakLength"]),
          .cached_until = to_optional_time(all["CachedUntil"]),
          .notification = all["Notification"].text(),
          .access_status = all["AccessStatus"].text(),
          .counters = to_counters(all["Counters"])};
}

AuthenticatorInfo to_authenticator(const Value::Dict& properties) {
  const Value all{Value::Data{properties}};
  AuthenticatorInfo info{.state = all["State"].text(),
                         .since = to_time(all["Since"]),
                         .reason = all["Reason"].text(),
                         .reason_text = all["ReasonText"].text(),
                         .host = all["Host"].text(),
                         .other_host = all["OtherHost"].text(),
                         .identity = all["Identity"].text(),
                         .server = all["Server"].text(),
                         .servers = {},
                         .last_success = to_optional_time(all["LastSuccess"]),
                         .last_failure = to_optional_time(all["LastFailure"]),
                         .last_failure_text = all["LastFailureText"].text(),
                         .session_ends = to_optional_time(all["SessionEnds"]),
                         .next_reauthentication = to_optional_time(all["NextReauthentication"]),
                         .next_attempt = to_optional_time(all["NextAttempt"]),
                         .cak_length = to<std::uint32_t>(all["CakLength"]),
                         .linksec_policy = all["LinksecPolicy"].text(),
                         .reply_message = all["ReplyMessage"].text(),
                         .attributes = {},
                         .counters = to_counters(all["Counters"])};
  for (const Value& row : all["Servers"].list()) info.servers.push_back(to_radius_server(row));
  for (const auto& [name, values] : all["Attributes"].dict()) info.attributes.emplace(name, to_strings(values));
  return info;
}

}  // namespace macsec::bus
