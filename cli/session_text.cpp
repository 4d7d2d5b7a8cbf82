// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/session_text.hpp"

#include "cli/authenticator_text.hpp"
#include "cli/counters.hpp"
#include "cli/key_lifetime.hpp"
#include "cli/supplicant_text.hpp"
#include "engine/base/text.hpp"
#include "engine/config/profile_reader.hpp"

#include <algorithm>

namespace macsec::cli {
namespace {

constexpr std::size_t name_width = 12;
constexpr std::size_t shown_ckn = 20;

std::string share_text(double share) {
  const double percent = share * 100;
  if (percent == 0) return "0%";
  return percent < 0.01 ? "under 0.01%" : fmt::format("{:.2f}%", percent);
}

/// "1,034,221"
std::string grouped(std::uint64_t number) {
  std::string out = std::to_string(number);
  for (std::size_t at = out.size(); at > 3; at -= 3) out.insert(at - 3, 1, ',');
  return out;
}

/// "1.2 GB"
std::string size_text(std::uint64_t octets) {
  constexpr std::array<std::string_view, 6> units{"B", "kB", "MB", "GB", "TB", "PB"};
  double size = static_cast<double>(octets);
  std::size_t unit = 0;
  for (; size >= 1000 && unit + 1 < units.size(); ++unit) size /= 1000;
  return unit == 0 ? fmt::format("{} B", octets) : fmt::format("{:.1f} {}", size, units.at(unit));
}

/// "02:00:00:00:00:02 (SCI 0200000000020001)"; the member identifier where the SCI is not known yet.
std::string peer_name(const bus::PeerInfo& peer) {
  constexpr std::size_t digits = 12;
  if (peer.sci.size() < digits) return peer.mi;
  std::string mac;
  for (std::size_t i = 0; i < digits; i += 2) mac += (i == 0 ? "" : ":") + peer.sci.substr(i, 2);
  return fmt::format("{} (SCI {})", mac, peer.sci);
}

void print_head(Context& context, const bus::SessionInfo& info) {
  std::string text = info.state;
  if (info.state == "secured" && !info.offload.empty() && info.offload != "off") text += " in hardware";
  if (const std::string span = Context::since(info.since); !span.empty()) text += " for " + span;
  context.print("{} {} {}\n", paint(context.screen, style_of(info.state), bullet(info.state)),
                paint(context.screen, Style::strong, printable(info.interface)),
                paint(context.screen, style_of(info.state), printable(text)));
}

void print_why(Context& context, const bus::SessionInfo& info) {
  const bool explained = info.state != "secured" && !info.reason_text.empty();
  if (explained) print_line(context, "Why", info.reason_text, style_of(info.state));
  if (!info.last_error.empty() && !(explained && info.reason_text.contains(info.last_error)))
    print_line(context, "Last error", info.last_error, Style::bad);
  if (info.state == "unsecured")
    print_line(context, "Attention", "frames pass in CLEAR TEXT until the link is secured (Policy=should-secure)",
               Style::bad);
}

/// Where the device could not be made, nobody knows of the carrier.
std::string parent_text(const bus::SessionInfo& info) {
  if (info.parent_ifindex == 0) return info.parent + ", there is no such interface";
  if (!info.carrier && info.state == "failed") return info.parent;
  return fmt::format("{}, {}", info.parent, info.carrier ? "carrier" : "no carrier");
}

std::string profile_text(const bus::SessionInfo& info, const LinkFacts& facts) {
  if (facts.profile == nullptr || facts.profile->source == "file" || facts.profile->source.empty())
    return info.profile_name;
  std::string text = fmt::format("{}, of {}", info.profile_name, facts.profile->source);
  if (!facts.profile->origin.empty()) text += ": " + facts.profile->origin;
  return text;
}

std::string sak_text(const bus::SakInfo& sak, bool all) {
  std::string text = fmt::format("number {}, AN {}, {} old", sak.key_number, sak.an, Context::since(sak.since));
  if (!sak.receiving || !sak.transmitting)
    text += sak.receiving ? ", receiving only" : sak.transmitting ? ", transmitting only" : ", not in use yet";
  if (all) text += ", key identifier " + sak.key_id;
  return text;
}

void print_security(Context& context, const bus::SessionInfo& info) {
  const bool all = context.options.all;
  if (!info.key_server.empty())
    print_line(context, "Key server",
               info.is_key_server ? fmt::format("this end ({})", info.key_server) : info.key_server);
  if (!info.cipher_suite.empty())
    print_line(
        context, "Cipher",
        fmt::format("{}, {}{}{}", info.cipher_suite, info.encrypting ? "encrypted" : "integrity only, not encrypted",
                    info.delay_protect ? ", delay protection" : "",
                    info.quantum_safe.empty() ? "" : "; quantum-safe: " + info.quantum_safe));
  if (!info.offload.empty()) {
    std::string where = info.offload == "off" ? "off, in the kernel" : info.offload;
    if (!info.offload_text.empty()) where += fmt::format(" ({})", info.offload_text);
    if (info.offload != "off" && !info.clear_frames.empty())
      where += fmt::format(", frames in clear are kept out by the {}", info.clear_frames);
    print_line(context, "Offload", where);
  }
  if (const auto& sak = info.latest_sak) {
    print_line(context, "SAK", sak_text(*sak, all));
    print_line(
        context, "PN",
        info.next_pn == 0
            ? std::string{info.offload.empty() || info.offload == "off" ? "not read yet" : "not told by the hardware"}
            : fmt::format("{} of the packet numbers used, next is {}", share_text(info.pn_used), info.next_pn));
  }
  if (all && info.old_sak) print_line(context, "Old SAK", sak_text(*info.old_sak, all));
  if (info.next_rekey)
    print_line(context, "Next rekey", until(*info.next_rekey));
  else if (info.latest_sak)
    print_line(context, "Next rekey", "by packet number");
}

/// What becomes of a key now: in use, with a peer, waiting, or out of its lifetime.
std::string key_text(const bus::SessionInfo& info, const bus::ParticipantInfo& key,
                     std::span<const KeyLifetime> lifetimes, bool all) {
  const bool live =
      std::ranges::any_of(info.peers, [&key](const bus::PeerInfo& peer) { return peer.live && peer.ckn == key.ckn; });
  std::string text = fmt::format("{} {}", all ? key.ckn : shorten(key.ckn, shown_ckn), key.role);
  text += !key.active ? ", not valid now" : key.principal ? ", in use" : live ? ", live" : ", no peer";
  const auto lifetime = std::ranges::find(lifetimes, key.ckn, &KeyLifetime::ckn);
  if (key.state == "overdue") text += ", overdue";
  if (key.state == "draining") text += ", being retired";
  if (lifetime != lifetimes.end())
    if (const std::string span = lifetime_text(*lifetime, Context::unix_time()); !span.empty()) text += ", " + span;
  if (all) text += fmt::format(", MI {}, MN {}, {} ICV failures", key.mi, key.mn, key.icv_failures);
  return text;
}

void print_keys(Context& context, const bus::SessionInfo& info, const LinkFacts& facts) {
  const auto lifetimes = facts.profile != nullptr ? key_lifetimes(*facts.profile) : std::vector<KeyLifetime>{};
  if (!info.ckn.empty()) print_line(context, "CKN", info.ckn);
  bool first = true;
  for (const bus::ParticipantInfo& key : info.participants) {
    const bool ended = !key.active || key.state == "overdue";
    print_line(context, first ? "Keys" : "", key_text(info, key, lifetimes, context.options.all),
               ended ? Style::pending : Style::plain);
    first = false;
  }
  if (!info.foreign_ckns.empty())
    print_line(context, "Heard CKN", fmt::format("{} (not ours)", fmt::join(info.foreign_ckns, ", ")));
}

/// Where keys come from; not up is no trouble of the link, which keeps the keys it has.
void print_key_source(Context& context, const LinkFacts& facts) {
  if (facts.profile == nullptr || !facts.profile->key_source) return;
  const std::string& name = facts.profile->key_source->source;
  if (!facts.key_server) return print_line(context, "Key source", name + ", macsec-keys does not run", Style::pending);
  const bus::KeyServerInfo& server = *facts.key_server;
  std::string text = fmt::format("{}, {}", name, server.state);
  if (!server.server.empty()) text += fmt::format(", {} at {}", server.type, server.server);
  if (!server.last_error.empty()) text += ": " + server.last_error;
  print_line(context, "Key source", text, server.state == "up" ? Style::plain : Style::pending);
}

std::string peer_text(const bus::SessionInfo& info, const bus::PeerInfo& peer, bool all) {
  std::string text = peer_name(peer);
  // Without carrier nobody is live, whatever was heard.
  if (info.carrier) text += peer.live ? " live" : " not live";
  if (peer.key_server) text += ", key server";
  if (info.carrier && peer.live && peer.unheard) text += ", no frame received with this SAK";
  text += fmt::format(", priority {}", peer.priority);
  if (info.participants.size() > 1) text += ", key " + shorten(peer.ckn, shown_ckn);
  text += fmt::format(", {} {} ago", info.carrier ? "heard" : "last heard", Context::since(peer.last_heard));
  if (!all) return text;
  text += fmt::format(", {}, MI {}, MN {}, MKA version {}",
                      peer.receiving && peer.transmitting ? "SAK both ways"
                      : peer.receiving                    ? "receives with the SAK"
                      : peer.transmitting                 ? "sends with the SAK"
                                                          : "without the SAK",
                      peer.mi, peer.mn, peer.version);
  if (!peer.cipher_suites.empty()) text += fmt::format(", announces {}", fmt::join(peer.cipher_suites, " "));
  if (peer.live_since) text += ", live for " + Context::since(*peer.live_since);
  if (!peer.kmd.empty()) text += ", key management domain " + peer.kmd;
  if (peer.icv_failures > 0) text += fmt::format(", {} ICV failures under its address", peer.icv_failures);
  return text;
}

void print_peers(Context& context, const bus::SessionInfo& info) {
  bool first = true;
  for (const bus::PeerInfo& peer : info.peers) {
    print_line(context, first ? "Peers" : "", peer_text(info, peer, context.options.all),
               peer.live && info.carrier ? Style::plain : Style::pending);
    first = false;
  }
  if (first) print_line(context, "Peers", "none");
}

void print_traffic(Context& context, const bus::Value& statistics) {
  const bus::Value& sent = statistics["Transmit"];
  const bus::Value& received = statistics["Receive"];
  if (sent.dict().empty() && received.dict().empty()) return;
  const auto sum = [](const bus::Value& group, std::initializer_list<const char*> names) {
    std::uint64_t total = 0;
    for (const char* const name : names) total += group[name].number();
    return total;
  };
  const auto count = [&statistics](Frames frames) {
    std::uint64_t total = 0;
    for (const CounterText& each : counter_texts)
      if (each.frames == frames) total += statistics[std::string{each.group}][std::string{each.name}].number();
    return grouped(total);
  };
  print_line(context, "Traffic",
             fmt::format("sent {} in {} frames, received {} in {}; dropped {}",
                         size_text(sum(sent, {"OctetsProtected", "OctetsEncrypted"})), count(Frames::sent),
                         size_text(sum(received, {"OctetsValidated", "OctetsDecrypted"})), count(Frames::received),
                         count(Frames::dropped)));
}

/// Every setting of [Link], [MACsec] and [MKA], defaults included, by section.
std::map<std::string, std::map<std::string, std::string>> settings_in_force(const bus::ProfileInfo& profile) {
  std::map<std::string, std::map<std::string, std::string>> out;
  for (const ProfileText& each : profile_settings(Profile{}, Defaults::include))
    out[each.section][each.key] = each.value;
  for (const auto& [section, texts] : profile.settings)
    if (section == "Link" || section == "MACsec" || section == "MKA")
      for (const auto& [key, value] : texts) out[section][key] = value;
  return out;
}

void print_settings(Context& context, const LinkFacts& facts) {
  std::string text;
  if (facts.profile != nullptr && facts.profile->valid) {
    const auto settings = settings_in_force(*facts.profile);
    const auto value = [&settings](const char* key) {
      const auto& section = settings.at("MACsec");
      const auto found = section.find(key);
      return found == section.end() ? std::string{} : found->second;
    };
    const std::string window = value("ReplayWindow");
    text = fmt::format("{}, {}, {}", value("Policy"), value("Validate"),
                       window == "off" ? "no replay protection" : "replay window " + window);
    if (context.options.all)
      for (const auto& [section, keys] : settings) {
        std::string line;
        for (const auto& [key, each] : keys)
          if (!each.empty()) line += fmt::format("{}{}={}", line.empty() ? "" : " ", key, each);
        print_line(context, fmt::format("[{}]", section), line);
      }
  }
  if (facts.mtu != 0) {
    text += fmt::format("{}MTU {}", text.empty() ? "" : ", ", facts.mtu);
    if (facts.parent_mtu != 0) text += fmt::format(" (parent {})", facts.parent_mtu);
  }
  if (!text.empty()) print_line(context, "Settings", text);
}

}  // namespace

bool has_error(const bus::ProfileInfo& profile) { return std::ranges::any_of(profile.problems, &bus::Problem::error); }

std::string placed_text(const bus::Problem& problem) {
  if (problem.file.empty()) return problem.text;
  if (problem.line == 0) return fmt::format("{}: {}", problem.file, problem.text);
  return fmt::format("{}:{}: {}", problem.file, problem.line, problem.text);
}

std::string until(Time when) {
  const Duration left = std::chrono::floor<std::chrono::seconds>(when - Context::now());
  return left <= Duration{0} ? "due" : "in " + format_duration(left);
}

std::string_view bullet(std::string_view state) noexcept {
  if (state == "secured" || state == "suspended") return "●";
  return state == "failed" ? "×" : "○";
}

void print_line(Context& context, std::string_view name, std::string_view text, Style style) {
  const std::size_t indent = name_width + 2;
  const std::size_t width = context.screen.width > indent + 20 ? context.screen.width - indent : 0;
  bool first = true;
  for (const std::string& each : wrap(printable(text), width)) {
    if (first)
      context.print("{:>{}}{} ", name, name_width, name.empty() ? " " : ":");
    else
      context.print("{:>{}} ", "", name_width + 1);
    context.out += paint(context.screen, style, each) + '\n';
    first = false;
  }
}

void print_session(Context& context, const bus::SessionInfo& info, const LinkFacts& facts) {
  print_head(context, info);
  print_why(context, info);
  print_line(context, "Parent", fmt::format("{}, {}", parent_text(info), info.policy));
  print_line(context, "Profile", profile_text(info, facts));
  if (info.suspended_until) print_line(context, "Suspended", "ends " + until(*info.suspended_until));
  if (facts.supplicant) print_supplicant(context, *facts.supplicant);
  if (facts.authenticator) print_authenticator(context, *facts.authenticator);
  print_security(context, info);
  print_keys(context, info, facts);
  print_key_source(context, facts);
  print_peers(context, info);
  print_traffic(context, facts.statistics);
  print_settings(context, facts);
  if (context.options.all)
    print_line(context, "SCI", fmt::format("{}, CP {}", info.sci.empty() ? "none" : info.sci, info.cp));
}

}  // namespace macsec::cli
