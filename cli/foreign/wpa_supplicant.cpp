// SPDX-License-Identifier: LGPL-2.1-or-later
// wpa_supplicant.conf, in and out.
#include "cli/foreign/exporter.hpp"
#include "cli/foreign/importer.hpp"

namespace macsec::cli::detail {
namespace {

/// One line of a network block; whether the key is known.
void wpa_setting(Import& import, unsigned line, std::string_view key, std::string_view value, bool& replay,
                 std::string& window) {
  const auto number = [&](std::uint64_t last) { return parse_unsigned(value, last); };
  constexpr std::array passed_over{"key_mgmt", "eapol_flags", "macsec_policy", "ssid", "scan_ssid", "eapol_version"};
  if (key == "mka_cak") return import.set_secret("Key", "Cak", unquote(value), line, key);
  if (key == "mka_ckn") return import.set("Key", "Ckn", std::string{unquote(value)});
  if (key == "mka_priority" && number(255)) return import.set("MKA", "Priority", std::string{value});
  if (key == "macsec_port" && number(65534)) return import.set("Link", "Port", std::string{value});
  if (key == "macsec_integ_only" && number(1)) return import.set_flag("MACsec", "Encrypt", value == "0");
  if (key == "macsec_replay_protect" && number(1)) {
    replay = value == "1";
  } else if (key == "macsec_replay_window" && number((1U << 30U) - 1)) {
    window = value;
  } else if (key == "macsec_offload" && number(2)) {
    constexpr std::array<const char*, 3> words{"off", "phy", "mac"};
    import.set("MACsec", "Offload", words.at(*number(2)));
  } else if (key == "macsec_csindex" && number(1)) {
    import.set("MACsec", "CipherSuites", value == "1" ? "GCM-AES-256" : "GCM-AES-128");
  } else if (key == "macsec_icv_indicator" && number(1)) {
    import.set_flag("MKA", "IcvIndicator", value == "1");
  } else if (key != "macsec_policy" && (key.starts_with("mka_") || key.starts_with("macsec_"))) {
    import.refuse(line, fmt::format("{}={}", key, value), "not a value wpa_supplicant knows");
  } else if (std::ranges::find(passed_over, key) == passed_over.end()) {
    import.leave_out(line, key);
  }
  if (key == "key_mgmt" && value != "NONE")
    import.refuse(line, fmt::format("key_mgmt={}", value), "NONE, a pre-shared key (802.1X is not imported)");
}

}  // namespace

Imported import_wpa_supplicant(const std::string& path, WipedText text) {
  Import import{path};
  bool inside = false;
  bool seen = false;
  bool replay = false;  // wpa_supplicant's default
  std::string window = "0";
  unsigned number = 0;
  std::string_view rest = text.view();
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = trim(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    ++number;
    if (line.empty() || line.starts_with('#')) continue;
    if (line == "}") {
      inside = false;
    } else if (line.starts_with("network=")) {
      if (seen) import.leave_out(number, "a second network", "a profile is one link");
      inside = !seen;
      seen = true;
      if (!inside) break;
    } else if (inside) {
      const std::size_t equals = std::min(line.find('='), line.size());
      if (equals < line.size())
        wpa_setting(import, number, line.substr(0, equals), line.substr(equals + 1), replay, window);
    }
  }
  if (!seen) import.complain(Severity::error, 0, "there is no network={ in it");
  import.set("MACsec", "ReplayWindow", replay ? window : "off");
  // wpa_supplicant-wired-eth0.conf and wpa_supplicant-macsec-eth0.conf are how distributions name the interface.
  const std::string_view file = std::string_view{path}.substr(path.rfind('/') + 1);
  if (file.starts_with("wpa_supplicant-") && file.ends_with(".conf"))
    import.set("Link", "Parent", std::string{file.substr(file.rfind('-') + 1, file.size() - file.rfind('-') - 6)});
  return std::move(import.out);
}

Exported export_wpa_supplicant(const std::string& name, const bus::Settings& settings, Keys keys) {
  Exported out;
  Remaining remaining{settings};
  const auto line = [&out](std::string_view key, std::string_view value) {
    out.text.add("    ").add(key).add("=").add(value).add("\n");
  };
  const auto new_line = [&](std::string_view key, std::string_view value) {
    line(key, value);
    out.warnings.push_back(fmt::format("{}= needs wpa_supplicant 2.11: an older one refuses the file", key));
  };
  const std::string parent = remaining.take("Link", "Parent");
  const std::string interface = remaining.take_or("Link", "Interface", "macsec0");
  remaining.take("Link", "Enable");
  out.text.add(
      fmt::format("# {} of macsecd. Start with: wpa_supplicant -i {} -D macsec_linux -c FILE\n", name, parent));
  if (interface != "macsec0")
    out.warnings.push_back(
        fmt::format("the interface is not named {}: wpa_supplicant takes the first free macsecN", interface));
  out.text.add("eapol_version=3\nap_scan=0\n\nnetwork={\n");
  line("key_mgmt", "NONE");
  line("eapol_flags", "0");
  line("macsec_policy", "1");
  line("macsec_integ_only", yes(remaining.take_or("MACsec", "Encrypt", "yes")) ? "0" : "1");
  const std::string window = remaining.take_or("MACsec", "ReplayWindow", "64");
  line("macsec_replay_protect", window == "off" ? "0" : "1");
  if (window != "off") line("macsec_replay_window", window);
  line("macsec_port", remaining.take_or("Link", "Port", "1"));
  const std::string offload = remaining.take_or("MACsec", "Offload", "off");
  if (const auto number = position(offload, offloads); number && *number != 0)
    new_line("macsec_offload", std::to_string(*number));
  else if (!number)
    out.warnings.push_back("[MACsec] Offload=auto cannot be said to wpa_supplicant: off is taken");
  const std::string suites = remaining.take("MACsec", "CipherSuites");
  if (suites == "GCM-AES-256")
    new_line("macsec_csindex", "1");
  else if (!suites.empty() && suites != "GCM-AES-128")
    out.warnings.push_back(
        fmt::format("[MACsec] CipherSuites={} cannot be said to wpa_supplicant: GCM-AES-128 is taken", suites));
  if (yes(remaining.take("MKA", "IcvIndicator"))) new_line("macsec_icv_indicator", "1");
  if (remaining.count("Key") != 0) {
    const std::size_t key = first_primary(settings);
    line("mka_ckn", take_ckn(remaining, key));
    write_cak(out, remaining, keys, key, "    mka_cak=");
    forget_references(remaining, key);
  }
  line("mka_priority", remaining.take_or("MKA", "Priority", "128"));
  out.text.add("}\n");
  refuse_static_keys(remaining, Format::wpa_supplicant, out.warnings);
  remaining.complain(Format::wpa_supplicant, out.warnings);
  return out;
}

}  // namespace macsec::cli::detail
