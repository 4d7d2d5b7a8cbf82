// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/networkd/judge.hpp"

#include "engine/base/text.hpp"
#include "engine/config/profile_keys.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace macsec::networkd {
namespace {

constexpr std::string_view only_suite = "GCM-AES-128";

void complain_whole(Written& written, Severity severity, std::string text) {
  written.netdev.diagnostics.push_back(
      {.severity = severity, .file = written.netdev.path, .line = 0, .text = std::move(text), .setting = {}});
}

void check_whole(Written& written) {
  for (const auto& [place, name] : written.strangers)
    written.complain(
        Severity::warning, place,
        fmt::format("unknown section [{}], ignored: [X-MKA], [X-MKA-Key], [X-8021X] or [X-RadiusServer] is accepted",
                    name));
  if (written.netdev.interface.empty())
    complain_whole(written, Severity::error, "no [NetDev] Name=, systemd-networkd makes no link of this file");
  if (written.static_keys)
    written.complain(
        Severity::error, *written.static_keys,
        "static keys and [X-MKA] exclude each other: remove one of them, the link is left alone until then");
  // networkd makes such a link; MKA cannot use it.
  if (written.port)
    if (const auto good = check_profile_value(*find_profile_key("Link", "Port"), written.port->value); !good)
      written.netdev.diagnostics.push_back({.severity = Severity::error,
                                            .file = written.port->file,
                                            .line = written.port->line,
                                            .text = good.error().message,
                                            .setting = "Link.Port"});
  if (written.first_key.settings.empty() && written.keys.empty() && written.authentication.file.empty())
    complain_whole(written, Severity::error,
                   "no key: [X-MKA] needs Ckn= and one of CakFile=, CakCredential=, or there is an [X-8021X]");
  if (written.match)
    written.complain(Severity::warning, *written.match,
                     "[Match] is not judged here: [X-MKA] is in use wherever a link of this name appears");
}

/// The kernel fixes the cipher suite when a device is made, and networkd has no key for it.
void settle_suite(Written& written) {
  const auto said = std::ranges::find(written.macsec.settings, "CipherSuites", &Setting::key);
  if (said == written.macsec.settings.end()) {
    written.macsec.settings.push_back({"CipherSuites", std::string{only_suite}, {}, 0});
    return;
  }
  const auto words = split_words(said->value, true).value_or(std::vector<std::string_view>{});
  const bool possible = std::ranges::find(words, only_suite) != words.end();
  if (!possible)
    written.netdev.diagnostics.push_back(
        {.severity = Severity::error,
         .file = said->file,
         .line = said->line,
         .text = fmt::format(
             "a link that systemd-networkd makes is {0} for life, the kernel changes it no more: write "
             "CipherSuites={0}, or let macsecd make the link: remove this .netdev and MACsec={1} from the "
             ".network, put the settings into /etc/macsecd/{1}.macsec as macsec.profile(5) says, then run "
             "'networkctl reload', 'ip link delete {1}' and 'macsecctl reload'; the .network of {1} works on",
             only_suite, written.netdev.interface),
         .setting = "MACsec.CipherSuites"});
  else if (words.size() > 1)
    written.netdev.diagnostics.push_back(
        {.severity = Severity::warning,
         .file = said->file,
         .line = said->line,
         .text = fmt::format("a link that systemd-networkd makes can do {0} only, the other "
                             "cipher suites are left out",
                             only_suite),
         .setting = "MACsec.CipherSuites"});
  said->value = only_suite;
}

/// [MACsec] Encrypt= is what networkd tells the kernel; two answers to one question would fight.
void settle_encryption(Written& written) {
  if (!written.encrypt) return;
  const auto said = std::ranges::find(written.macsec.settings, "Encrypt", &Setting::key);
  if (said == written.macsec.settings.end()) {
    written.macsec.settings.push_back(*written.encrypt);
  } else if (parse_boolean(said->value) != parse_boolean(written.encrypt->value)) {
    written.netdev.diagnostics.push_back(
        {.severity = Severity::error,
         .file = said->file,
         .line = said->line,
         .text = fmt::format("Encrypt={} contradicts [MACsec] Encrypt={} ({}:{})", said->value, written.encrypt->value,
                             written.encrypt->file, written.encrypt->line),
         .setting = "MACsec.Encrypt"});
  }
}

}  // namespace

void judge(Written& written) {
  check_whole(written);
  settle_suite(written);
  settle_encryption(written);

  written.link.settings.insert(written.link.settings.begin(),
                               {{"Interface", written.netdev.interface, {}, 0}, {"Create", "no", {}, 0}});
  if (written.port) written.link.settings.push_back(*written.port);
  written.netdev.sections.push_back(std::move(written.link));
  written.netdev.sections.push_back(std::move(written.macsec));
  if (!written.protocol.settings.empty()) written.netdev.sections.push_back(std::move(written.protocol));
  if (!written.first_key.settings.empty()) written.netdev.sections.push_back(std::move(written.first_key));
  for (Section& key : written.keys) written.netdev.sections.push_back(std::move(key));
  if (!written.authentication.file.empty()) written.netdev.sections.push_back(std::move(written.authentication));
  for (Section& server : written.servers) written.netdev.sections.push_back(std::move(server));
}

void judge_others(Written& written) {
  if (written.is_ours)
    written.complain(Severity::error, *written.our_place,
                     fmt::format("[X-MKA] and [X-8021X] count with Kind=macsec only, this is Kind={}", written.kind));
  else if (written.kind == "macsec")
    for (const auto& [place, name] : written.strangers)
      written.complain(Severity::error, place,
                       fmt::format("unknown section [{}]: is [X-MKA] or [X-8021X] meant?", name));
}

}  // namespace macsec::networkd
