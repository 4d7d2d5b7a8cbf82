// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/metrics.hpp"

#include "cli/counters.hpp"
#include "cli/key_lifetime.hpp"
#include "engine/base/text.hpp"

#include <algorithm>

namespace macsec::cli {
namespace {

std::string help_of(std::string_view group, std::string_view name) {
  for (const CounterText& each : counter_texts)
    if (each.group == group && each.name == name) return std::string{each.help} + ".";
  return fmt::format("{} {} of org.macsecd1(5).", group, name);
}

/// "ReceiveScFailures" -> "receive_sc_failures"
std::string to_snake(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (upper && !out.empty()) out += '_';
    out += upper ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

/// A value of a label, escaped.
std::string to_label(std::string_view text) {
  std::string out;
  for (const char c : printable(text)) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

using Labels = std::vector<std::pair<std::string_view, std::string>>;

std::string to_text(const Labels& labels) {
  std::string out;
  for (const auto& [name, value] : labels)
    out += fmt::format("{}{}=\"{}\"", out.empty() ? "" : ",", name, to_label(value));
  return out.empty() ? out : "{" + out + "}";
}

/// Families by name, each with its samples in one piece.
class Metrics {
 public:
  void gauge(const std::string& name, std::string_view help, const Labels& labels, double value) {
    sample(name, "gauge", help, name, labels, value);
  }
  void counter(const std::string& name, std::string_view help, const Labels& labels, std::uint64_t value) {
    sample(name, "counter", help, name + "_total", labels, value);
  }
  // Info and state sets are gauges here: node_exporter's textfile collector refuses files that name types of OpenMetrics'
  // own.
  void info(const std::string& name, std::string_view help, const Labels& labels) {
    gauge(name + "_info", help, labels, 1);
  }
  void state_set(const std::string& name, std::string_view help, Labels labels, std::span<const std::string_view> words,
                 std::string_view now) {
    labels.emplace_back(name, "");
    for (const std::string_view word : words) {
      labels.back().second = word;
      gauge(name, help, labels, word == now ? 1 : 0);
    }
  }

  [[nodiscard]] std::string text() const {
    std::string out;
    for (const auto& [name, family] : families_) out += family;
    return out + "# EOF\n";
  }

 private:
  template <typename Number>
  void sample(const std::string& family, std::string_view type, std::string_view help, const std::string& name,
              const Labels& labels, Number value) {
    std::string& text = families_[family];
    if (text.empty()) {
      text = fmt::format("# TYPE {} {}\n", family, type);
      for (const std::string_view unit : {"seconds", "bytes", "ratio", "bits"})
        if (family.ends_with(fmt::format("_{}", unit))) text += fmt::format("# UNIT {} {}\n", family, unit);
      text += fmt::format("# HELP {} {}\n", family, help);
    }
    text += fmt::format("{}{} {}\n", name, to_text(labels), value);
  }

  std::map<std::string, std::string> families_;
};

constexpr std::array<std::string_view, 6> states{"down", "pending", "unsecured", "secured", "failed", "suspended"};
constexpr std::array<std::string_view, 21> reasons{"none",
                                                   "disabled",
                                                   "no-device",
                                                   "no-carrier",
                                                   "no-key",
                                                   "no-peer",
                                                   "ckn-mismatch",
                                                   "cak-mismatch",
                                                   "peer-not-live",
                                                   "no-key-server",
                                                   "awaiting-sak",
                                                   "cipher-mismatch",
                                                   "confidentiality-mismatch",
                                                   "macsec-refused",
                                                   "secy-error",
                                                   "authenticating",
                                                   "no-authenticator",
                                                   "authentication-failed",
                                                   "mka-silent",
                                                   "eap-unavailable",
                                                   "no-radius-server"};

double seconds_since(Time when) { return std::max(0.0, std::chrono::duration<double>(Context::now() - when).count()); }

void add_state(Metrics& out, const Labels& labels, const bus::SessionInfo& info) {
  out.gauge("macsec_secured", "1 while the kernel has keys for both directions.", labels,
            info.state == "secured" ? 1 : 0);
  out.gauge("macsec_clear_text", "1 while frames pass in clear text, which Policy=should-secure allows.", labels,
            info.state == "unsecured" ? 1 : 0);
  out.gauge("macsec_state_age_seconds", "Time since the state was entered.", labels, seconds_since(info.since));
  out.state_set("macsec_state", "State of the link.", labels, states, info.state);
  out.state_set("macsec_reason", "Why the link is not secured.", labels, reasons, info.reason);
}

void add_keys(Metrics& out, const Labels& labels, const bus::SessionInfo& info, const bus::ProfileInfo* profile) {
  const auto in_charge = std::ranges::find_if(info.participants, &bus::ParticipantInfo::principal);
  out.gauge("macsec_fallback_in_use", "1 while a key with Role=fallback is in charge.", labels,
            in_charge != info.participants.end() && in_charge->role == "fallback" ? 1 : 0);
  if (info.next_pn != 0)
    out.gauge("macsec_pn_used_ratio", "Share of the packet numbers of the SAK that is used up.", labels, info.pn_used);
  if (info.latest_sak)
    out.gauge("macsec_sak_age_seconds", "Time since the latest SAK was installed.", labels,
              seconds_since(info.latest_sak->since));
  if (info.next_rekey)
    out.gauge("macsec_next_rekey_seconds", "Time until the SAK is replaced by age.", labels,
              std::max(0.0, std::chrono::duration<double>(*info.next_rekey - Context::now()).count()));
  if (profile == nullptr) return;
  for (const KeyLifetime& key : key_lifetimes(*profile)) {
    Labels more = labels;
    more.emplace_back("ckn", key.ckn);
    more.emplace_back("role", key.role);
    if (key.not_before)
      out.gauge("macsec_key_not_before_timestamp_seconds", "When a key of the profile begins, since 1970.", more,
                static_cast<double>(*key.not_before));
    if (key.not_after)
      out.gauge("macsec_key_not_after_timestamp_seconds", "When a key of the profile ends, since 1970.", more,
                static_cast<double>(*key.not_after));
  }
}

constexpr std::array<std::string_view, 7> key_states{"waiting", "early",   "active", "draining",
                                                     "late",    "overdue", "retired"};

void add_key_states(Metrics& out, const Labels& labels, const bus::ProfileInfo& profile) {
  for (const bus::KeyInfo& key : profile.keys) {
    if (key.retired_at) continue;
    Labels more = labels;
    more.emplace_back("ckn", key.ckn);
    more.emplace_back("role", key.role);
    out.state_set("macsec_key_state", "Where a key stands.", more, key_states, key.state);
    out.gauge("macsec_key_principal", "1 for the key that is in charge.", more, key.principal ? 1 : 0);
    out.gauge("macsec_key_live_peers", "Peers that are live under a key.", more, key.live_peers);
    out.gauge("macsec_key_ready_to_retire", "1 where a key may go without a loss.", more, key.ready_to_retire ? 1 : 0);
    out.gauge("macsec_key_overdue", "1 for a key that is in use past its end.", more, key.state == "overdue" ? 1 : 0);
    if (key.bits != 0) out.gauge("macsec_key_bits", "Length of a key.", more, key.bits);
  }
}

void add_supplicant(Metrics& out, const Labels& labels, const bus::SupplicantInfo& info) {
  if (info.client)
    out.gauge("macsec_client_certificate_not_after_timestamp_seconds",
              "When the certificate that the next authentication uses ends, since 1970.", labels,
              static_cast<double>(info.client->not_after));
}

void add_peers(Metrics& out, const Labels& labels, const bus::SessionInfo& info) {
  out.gauge("macsec_live_peers", "Peers that hear us and are heard.", labels,
            static_cast<double>(std::ranges::count_if(info.peers, &bus::PeerInfo::live)));
  for (const bus::PeerInfo& peer : info.peers) {
    Labels more = labels;
    more.emplace_back("peer", peer.sci.empty() ? peer.mi : peer.sci);
    more.emplace_back("ckn", peer.ckn);
    out.gauge("macsec_peer_last_heard_age_seconds", "Time since a peer was heard.", more,
              seconds_since(peer.last_heard));
    out.counter("macsec_peer_icv_failures",
                "MKPDUs under the address of a peer that are signed with another CAK, its own or a stranger's.", more,
                peer.icv_failures);
    out.gauge("macsec_peer_unheard",
              "1 where a peer says that it sends with the SAK in use and no frame of it has come: idle, or broken.",
              more, peer.unheard ? 1 : 0);
  }
}

void add_counters(Metrics& out, const Labels& labels, const bus::Value& statistics) {
  constexpr std::string_view octets = "Octets";
  for (const auto& [group, counters] : statistics.dict()) {
    if (group.starts_with("Radius ")) continue;  // the same as of the servers of an access port
    for (const auto& [counter, value] : counters.dict()) {
      const bool counts_octets = counter.starts_with(octets);
      const std::string name =
          counts_octets ? to_snake(std::string_view{counter}.substr(octets.size())) + "_bytes" : to_snake(counter);
      out.counter(fmt::format("macsec_{}_{}", to_snake(group), name), help_of(group, counter), labels, value.number());
    }
  }
}

constexpr std::array<std::string_view, 5> authenticator_states{"disabled", "waiting", "authenticating", "authenticated",
                                                               "held"};
constexpr std::array<std::string_view, 3> server_states{"unknown", "alive", "dead"};

void add_authenticator(Metrics& out, const Labels& labels, const bus::AuthenticatorInfo& info) {
  out.state_set("macsec_authenticator_state", "Where the access port stands.", labels, authenticator_states,
                info.state);
  out.gauge("macsec_authenticator_session", "1 while a host has a session on the access port.", labels,
            info.cak_length != 0 ? 1 : 0);
  for (const bus::RadiusServerInfo& server : info.servers) {
    Labels more = labels;
    more.emplace_back("server", to_endpoint(server.address, server.port));
    out.state_set("macsec_radius_server_state", "What is known of a RADIUS server.", more, server_states, server.state);
    if (server.last_answer)
      out.gauge("macsec_radius_last_answer_age_seconds", "Time since a RADIUS server answered.", more,
                seconds_since(*server.last_answer));
    for (const auto& [counter, value] : server.counters)
      out.counter("macsec_radius_" + to_snake(counter), help_of("Radius", counter), more, value);
  }
}

void add_profile(Metrics& out, const bus::ProfileInfo& info) {
  const Labels labels{{"profile", info.name}, {"source", info.source}};
  const auto errors = std::ranges::count_if(info.problems, &bus::Problem::error);
  out.gauge("macsec_profile_enabled", "1 where a link is wanted.", labels, info.enabled ? 1 : 0);
  out.gauge("macsec_profile_errors", "Errors in a profile: what it says is not in use.", labels,
            static_cast<double>(errors));
  out.gauge("macsec_profile_warnings", "Warnings about a profile.", labels,
            static_cast<double>(std::ssize(info.problems) - errors));
}

void add_key_server(Metrics& out, const bus::KeyServerInfo& info) {
  const Labels labels{{"source", info.name}};
  out.gauge("macsec_key_source_up", "1 while a key server answers.", labels, info.state == "up" ? 1 : 0);
  if (info.last_success)
    out.gauge("macsec_key_source_last_success_timestamp_seconds", "When a key server answered last, since 1970.",
              labels, static_cast<double>(*info.last_success));
  for (const auto& [result, count] : info.requests)
    out.counter("macsec_key_source_requests", "Answers of a key server.", {{"source", info.name}, {"result", result}},
                count);
  out.counter("macsec_key_source_mismatches", "Keys dropped because the other end has another one of the same name.",
              labels, info.mismatches);
}

constexpr std::string_view up_help = "1 where macsecd answers.";

}  // namespace

std::string to_openmetrics(std::span<const Measured> links, std::span<const Context::Profile> profiles,
                           std::span<const bus::KeyServerInfo> servers, const std::string& version) {
  Metrics out;
  out.gauge("macsec_up", up_help, {}, 1);
  out.info("macsecd", "The daemon.", {{"version", version}});
  for (const auto& [session, statistics, authenticator, supplicant] : links) {
    const bus::SessionInfo& info = session.info;
    const Labels labels{{"link", info.interface}, {"parent", info.parent}, {"profile", info.profile_name}};
    const auto profile = std::ranges::find(profiles, info.profile, &Context::Profile::path);
    add_state(out, labels, info);
    add_keys(out, labels, info, profile == profiles.end() ? nullptr : &profile->info);
    if (profile != profiles.end()) add_key_states(out, labels, profile->info);
    out.gauge("macsec_clock_trusted", "1 where the clock that lifetimes of keys go by can be right.", labels,
              info.clock_trusted ? 1 : 0);
    if (supplicant) add_supplicant(out, labels, *supplicant);
    add_peers(out, labels, info);
    add_counters(out, labels, statistics);
    if (authenticator) add_authenticator(out, labels, *authenticator);
  }
  for (const Context::Profile& profile : profiles) add_profile(out, profile.info);
  for (const bus::KeyServerInfo& server : servers) add_key_server(out, server);
  return out.text();
}

std::string openmetrics_of_nobody() {
  Metrics out;
  out.gauge("macsec_up", up_help, {}, 0);
  return out.text();
}

}  // namespace macsec::cli
