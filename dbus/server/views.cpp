// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus/server/views.hpp"

#include "dbus/bus/names.hpp"
#include "dbus/server/settings.hpp"
#include "engine/base/text.hpp"
#include "engine/config/port_pattern.hpp"

namespace macsec::bus {
namespace {

std::string text(std::string_view view) { return std::string{view}; }

Rows participants(const SessionState& session) {
  Rows rows;
  for (const core::ParticipantStatus& each : session.status.participants)
    rows.push_back({{{"Ckn", to_string(each.ckn)},
                     {"Role", text(to_string(each.role))},
                     {"Active", each.active},
                     {"State", text(to_string(each.state))},
                     {"Principal", each.principal},
                     {"Mi", to_string(each.mi)}},
                    {{"Mn", each.mn}, {"IcvFailures", each.icv_failures}}});
  return rows;
}

std::string origin_of(const PreSharedKey& key, const ProfileState& state) {
  if (!key.origin.key_source.empty()) return "source " + key.origin.key_source;
  if (key.origin.memory) return "memory";
  return key.origin.place.empty() ? text(to_string(state.source)) : key.origin.place;
}

Dictionary key_settings(const PreSharedKey& key, const ProfileState& state) {
  Dictionary row{{"Ckn", to_string(key.ckn)},
                 {"Bits", static_cast<std::uint32_t>(key.cak.size() * 8)},
                 {"Role", text(to_string(key.role))},
                 {"Lifetime", text(to_string(key.origin.memory ? Lifetime::memory : Lifetime::file))},
                 {"Origin", origin_of(key, state)}};
  if (!key.origin.credential.empty()) row.emplace("Credential", key.origin.credential);
  if (!key.origin.key_source.empty()) row.emplace("Source", key.origin.key_source);
  if (key.not_before) row.emplace("NotBefore", static_cast<std::uint64_t>(*key.not_before));
  if (key.not_after) row.emplace("NotAfter", static_cast<std::uint64_t>(*key.not_after));
  return row;
}

/// What the session says of a key; `key` is null where there is none.
void add_key_state(Dictionary& row, const core::ParticipantStatus* key) {
  const auto live = key == nullptr ? 0 : std::ranges::count_if(key->peers, &core::PeerStatus::live);
  const std::string blocker =
      key == nullptr ? "the link does not run: cannot tell whether the other end has another key" : key->blocker;
  row.emplace("State", key == nullptr ? std::string{} : text(to_string(key->state)));
  row.emplace("Since", key == nullptr ? std::uint64_t{0} : to_usec(key->since));
  row.emplace("Principal", key != nullptr && key->principal);
  row.emplace("LivePeers", static_cast<std::uint32_t>(live));
  row.emplace("HadPeer", key != nullptr && key->had_peer);
  row.emplace("ReadyToRetire", blocker.empty());
  row.emplace("Blocker", blocker);
}

std::vector<Dictionary> keys(const ProfileView& view) {
  std::vector<Dictionary> rows;
  if (!view.state.profile) return rows;
  for (const PreSharedKey& key : view.state.profile->keys) {
    const auto found = std::ranges::find(view.participants, key.ckn, &core::ParticipantStatus::ckn);
    Dictionary& row = rows.emplace_back(key_settings(key, view.state));
    add_key_state(row, found == view.participants.end() ? nullptr : &*found);
    if (const auto out = view.left_out.find(key.ckn); out != view.left_out.end()) row.emplace("LeftOut", out->second);
  }
  for (const RetiredKey& key : view.state.profile->retired)
    rows.push_back({{"Ckn", to_string(key.ckn)},
                    {"State", text(to_string(core::KeyState::retired))},
                    {"RetiredAt", static_cast<std::uint64_t>(key.at)},
                    {"Origin", key.memory ? std::string{"memory"} : key.file},
                    {"StillIn", key.still_said}});
  return rows;
}

Dictionary key_source(const Profile& profile) {
  if (!profile.key_source) return {};
  const Profile::KeySource& from = *profile.key_source;
  return {{"Source", from.source},
          {"RemoteId", from.remote_id},
          {"Initiator", text(to_string(from.initiator))},
          {"Every", static_cast<std::uint64_t>(from.every.count())},
          {"Bits", std::uint32_t{from.bits}}};
}

std::vector<ObjectPath> paths(const std::vector<std::string>& texts) {
  std::vector<ObjectPath> out;
  for (const std::string& each : texts) out.push_back({each});
  return out;
}

Strings names(std::span<const CipherSuite> suites) {
  Strings out;
  for (const CipherSuite suite : suites) out.push_back(text(to_string(suite)));
  return out;
}

Rows peers(const SessionState& session) {
  Rows rows;
  for (const core::ParticipantStatus& participant : session.status.participants)
    for (const core::PeerStatus& each : participant.peers)
      rows.push_back({{{"Ckn", to_string(participant.ckn)},
                       {"Mi", to_string(each.mi)},
                       {"Sci", to_string(each.sci)},
                       {"Priority", each.priority},
                       {"Version", each.version},
                       {"Live", each.live},
                       {"KeyServer", each.key_server},
                       {"Receiving", each.receiving},
                       {"Transmitting", each.transmitting},
                       {"CipherSuites", names(each.announced)},
                       {"LiveSince", each.live_since ? to_usec(*each.live_since) : std::uint64_t{0}},
                       {"Kmd", each.kmd}},
                      {{"Mn", each.mn},
                       {"LastHeard", to_usec(each.last_heard)},
                       {"IcvFailures", each.icv_failures},
                       {"Unheard", each.unheard}}});
  return rows;
}

Dictionary sak(const std::optional<core::SakStatus>& sak) {
  if (!sak) return {};
  return {{"KeyId", to_string(sak->key)},
          {"KeyNumber", sak->key.number},
          {"An", sak->an.value()},
          {"CipherSuite", text(to_string(sak->cipher_suite))},
          {"Since", to_usec(sak->since)},
          {"Receiving", sak->receiving},
          {"Transmitting", sak->transmitting}};
}

double pn_used(const core::PortStatus& status) {
  if (status.pn_space == 0) return 0;
  return static_cast<double>(status.next_pn) / static_cast<double>(status.pn_space);
}

using S = const SessionState&;
using P = const ProfileView&;
using M = const ManagerView&;

/// What a client said of a profile; of a file there is nothing but its lifetime.
const ClientProfile& client(const ProfileView& view) {
  static const ClientProfile file{.lifetime = Lifetime::file};
  return view.state.client ? *view.state.client : file;
}

template <typename T>
std::string optional_text(const std::optional<T>& value) {
  return value ? std::string{to_string(*value)} : std::string{};
}
std::uint64_t optional_time(const std::optional<Time>& time) { return time ? to_usec(*time) : 0; }

}  // namespace

Statistics port_statistics(const core::PortStatus& status) {
  Statistics out{{"Mka", to_counters(status.counters, core::counter_names())}};
  if (status.supplicant)
    out.emplace("Supplicant", to_counters(status.supplicant->counters, core::supplicant_counter_names()));
  if (!status.authenticator) return out;
  out.emplace("Authenticator", to_counters(status.authenticator->counters, core::authenticator_counter_names()));
  for (const core::RadiusServerStatus& each : status.authenticator->servers)
    out.emplace("Radius " + to_endpoint(each.address, each.port),
                to_counters(each.counters, core::radius_counter_names()));
  return out;
}

std::span<const Property<ManagerView>> manager_properties() noexcept {
  static constexpr std::array table{
      property<ManagerView>(
          "Version", [](M) { return std::string{MACSECD_VERSION}; }, Emits::constant),
      property<ManagerView>("ProfileCount", [](M m) { return m.profiles; }),
      property<ManagerView>("SessionCount", [](M m) { return m.sessions; }),
      property<ManagerView>("SecuredCount", [](M m) { return m.secured; }),
      property<ManagerView>(
          "ProfileDirectories", [](M m) { return m.directories; }, Emits::constant),
  };
  return table;
}

std::span<const Property<ProfileView>> profile_properties() noexcept {
  static constexpr std::array table{
      property<ProfileView>(
          "Name", [](P p) { return p.state.name; }, Emits::constant),
      property<ProfileView>("Source", [](P p) { return text(to_string(p.state.source)); }),
      property<ProfileView>("Origin", [](P p) { return p.state.origin; }),
      property<ProfileView>("Description", [](P p) { return client(p).description; }),
      property<ProfileView>("Lifetime", [](P p) { return text(to_string(client(p).lifetime)); }),
      property<ProfileView>("Owner", [](P p) { return client(p).owner; }),
      property<ProfileView>("ParkedUntil", [](P p) { return optional_time(client(p).parked_until); }),
      property<ProfileView>("Enabled", [](P p) { return p.state.enabled; }),
      property<ProfileView>("Valid", [](P p) { return p.state.profile != nullptr; }),
      property<ProfileView>("Parent",
                            [](P p) { return p.state.profile ? p.state.profile->link.parent : std::string{}; }),
      property<ProfileView>("Interface",
                            [](P p) { return p.state.profile ? p.state.profile->link.interface : std::string{}; }),
      property<ProfileView>("Session",
                            [](P p) {
                              const bool one = p.sessions.size() == 1 && !is_pattern(p.state.profile->link.parent);
                              return ObjectPath{one ? p.sessions.front() : no_path};
                            }),
      property<ProfileView>("Sessions", [](P p) { return paths(p.sessions); }),
      property<ProfileView>("Settings",
                            [](P p) { return p.state.profile ? show_settings(*p.state.profile) : Sections{}; }),
      property<ProfileView>("KeySource",
                            [](P p) { return p.state.profile ? key_source(*p.state.profile) : Dictionary{}; }),
      property<ProfileView>("Keys", [](P p) { return keys(p); }),
      property<ProfileView>("Problems",
                            [](P p) {
                              ProblemRows rows = to_rows(p.state.problems);
                              for (const auto* more : {&client(p).warnings, &client(p).problems})
                                for (ProblemRow& row : to_rows(*more)) rows.push_back(std::move(row));
                              return rows;
                            }),
  };
  return table;
}

std::span<const Property<SessionState>> session_properties() noexcept {
  static constexpr std::array table{
      property<SessionState>(
          "Interface", [](S s) { return s.interface; }, Emits::constant),
      property<SessionState>("Ifindex", [](S s) { return std::int32_t{s.ifindex}; }),
      property<SessionState>("Parent", [](S s) { return s.parent; }),
      property<SessionState>("ParentIfindex", [](S s) { return std::int32_t{s.parent_ifindex}; }),
      property<SessionState>("Profile", [](S s) { return ObjectPath{encode_path(profile_prefix, s.profile)}; }),
      property<SessionState>("ProfileName", [](S s) { return s.profile; }),
      property<SessionState>("State", [](S s) { return text(to_string(s.status.state)); }),
      property<SessionState>("Since", [](S s) { return to_usec(s.status.since); }),
      property<SessionState>("Reason", [](S s) { return text(to_string(s.status.reason)); }),
      property<SessionState>("ReasonText", [](S s) { return s.status.reason_text; }),
      property<SessionState>("LastError", [](S s) { return s.status.last_error; }),
      property<SessionState>("Cp", [](S s) { return text(to_string(s.status.cp)); }),
      property<SessionState>("Carrier", [](S s) { return s.status.carrier; }),
      property<SessionState>("Policy", [](S s) { return text(to_string(s.policy)); }),
      property<SessionState>("Sci",
                             [](S s) { return s.status.sci == Sci{} ? std::string{} : to_string(s.status.sci); }),
      property<SessionState>("IsKeyServer", [](S s) { return s.status.is_key_server; }),
      property<SessionState>("KeyServer", [](S s) { return optional_text(s.status.key_server); }),
      property<SessionState>("Ckn", [](S s) { return optional_text(s.status.principal); }),
      property<SessionState>("CipherSuite", [](S s) { return optional_text(s.status.cipher_suite); }),
      property<SessionState>("Encrypting", [](S s) { return s.status.encrypting; }),
      property<SessionState>("QuantumSafe", [](S s) { return s.status.quantum_safe; }),
      property<SessionState>("DelayProtect", [](S s) { return s.status.delay_protect; }),
      property<SessionState>("Offload", [](S s) { return text(to_string(s.offload)); }),
      property<SessionState>("OffloadText", [](S s) { return s.offload_text; }),
      property<SessionState>("ClearFrames", [](S s) { return s.clear_frames; }),
      property<SessionState>("LatestSak", [](S s) { return sak(s.status.latest); }),
      property<SessionState>("OldSak", [](S s) { return sak(s.status.old); }),
      property<SessionState>(
          "NextPn", [](S s) { return s.status.next_pn; }, Emits::nothing),
      property<SessionState>(
          "PnUsed", [](S s) { return pn_used(s.status); }, Emits::nothing),
      property<SessionState>("NextRekey", [](S s) { return optional_time(s.status.next_rekey); }),
      property<SessionState>("SuspendedUntil", [](S s) { return optional_time(s.status.suspended_until); }),
      property<SessionState>("ForeignCkns",
                             [](S s) {
                               Strings ckns;
                               for (const Ckn& ckn : s.status.foreign_ckns) ckns.push_back(to_string(ckn));
                               return ckns;
                             }),
      property<SessionState>("Participants", [](S s) { return participants(s); }),
      property<SessionState>("ClockTrusted", [](S s) { return s.status.clock_trusted; }),
      property<SessionState>("Peers", [](S s) { return peers(s); }),
      property<SessionState>(
          "Counters", [](S s) { return to_counters(s.status.counters, core::counter_names()); }, Emits::nothing),
  };
  return table;
}

}  // namespace macsec::bus
