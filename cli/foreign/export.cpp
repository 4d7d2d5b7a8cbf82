// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/foreign/format.hpp"
#include "engine/base/text.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace macsec::cli::detail {
namespace {

/// Position of `word` among `words`; nothing where it is none of them.
std::optional<std::size_t> position(std::string_view word, std::span<const std::string_view> words) {
  const auto found = std::ranges::find(words, word);
  if (found == words.end()) return std::nullopt;
  return static_cast<std::size_t>(found - words.begin());
}

constexpr std::array<std::string_view, 3> offloads{"off", "phy", "mac"};
constexpr std::array<std::string_view, 3> validations{"disabled", "check", "strict"};

void refuse_static_keys(Remaining& remaining, Format format, std::vector<std::string>& warnings) {
  for (std::size_t i = 0; i < remaining.count("StaticKeys"); ++i) remaining.drop("StaticKeys", i);
  if (remaining.count("StaticKeys") != 0)
    warnings.push_back(
        fmt::format("static keys cannot be said to {}: nothing it writes secures this link", to_string(format)));
}

/// Number of the key a program that knows one key is to use.
std::size_t first_primary(const bus::Settings& settings) {
  std::size_t instance = 0;
  for (const bus::SettingsSection& section : settings) {
    if (section.name != "Key") continue;
    if (std::ranges::find(section.texts, std::pair<std::string, std::string>{"Role", "fallback"}) ==
        section.texts.end())
      return instance;
    ++instance;
  }
  return 0;
}

/// Writes `before`, the CAK and a line end; a comment and a warning where it is not to be had.
void write_cak(Exported& out, const Remaining& remaining, Keys keys, std::size_t instance, std::string_view before) {
  const Bytes cak = remaining.secret("Key", "Cak", instance);
  if (keys == Keys::include && !cak.empty()) {
    out.text.add(before).add_hex(cak).add("\n");
    return;
  }
  out.text.add("#").add(before).add("\n");
  out.warnings.emplace_back(cak.empty() ? "the CAK is not known here and has to be filled in"
                                        : "the CAK is left out: keys are written to files only, see --output=");
}

/// The CKN as it is sent.
std::string take_ckn(Remaining& remaining, std::size_t instance) {
  std::string ckn = remaining.take("Key", "Ckn", instance);
  if (parse_boolean(remaining.take("Key", "CknPadding", instance)).value_or(false)) ckn.resize(64, '0');
  return ckn;
}

/// A reference says how the CAK was found; it is in the file itself now.
void forget_references(Remaining& remaining, std::size_t instance) {
  remaining.take("Key", "CakFile", instance);
  remaining.take("Key", "CakCredential", instance);
  remaining.take("Key", "Role", instance);
}

bool yes(const std::string& text) { return parse_boolean(text).value_or(false); }

}  // namespace

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

namespace {

void write_user_data(Exported& out, Remaining& remaining, std::size_t primary) {
  std::string lines;
  for (const UserDataKey& key : user_data_keys())
    if (const std::string value = remaining.take(key.section, key.key); !value.empty())
      lines += fmt::format("org.macsecd.{}={}\n", key.word, value);
  for (std::size_t i = 0; i < remaining.count("Key"); ++i) {
    if (i == primary || remaining.take("Key", "Role", i) != "fallback") continue;
    const std::string file = remaining.take("Key", "CakFile", i);
    const std::string credential = remaining.take("Key", "CakCredential", i);
    if (file.empty() && credential.empty()) {
      out.warnings.emplace_back(
          "the fallback key is left out: NetworkManager can only name its CakFile= or CakCredential=");
      remaining.drop("Key", i);
      continue;
    }
    lines += fmt::format("org.macsecd.fallback-ckn={}\n", take_ckn(remaining, i));
    lines += file.empty() ? fmt::format("org.macsecd.fallback-cak-credential={}\n", credential)
                          : fmt::format("org.macsecd.fallback-cak-file={}\n", file);
    break;
  }
  if (!lines.empty()) out.text.add("\n[user]\n").add(lines);
}

}  // namespace

Exported export_networkmanager(const std::string& name, const bus::Settings& settings, Keys keys) {
  Exported out;
  Remaining remaining{settings};
  const auto line = [&out](std::string_view key, std::string_view value) {
    out.text.add(key).add("=").add(value).add("\n");
  };
  const auto flag = [&](std::string_view key, std::string_view section, std::string_view setting) {
    line(key, yes(remaining.take_or(section, setting, "yes")) ? "true" : "false");
  };
  out.text.add("[connection]\n");
  line("id", name);
  line("type", "macsec");
  line("interface-name", remaining.take_or("Link", "Interface", "macsec0"));
  flag("autoconnect", "Link", "Enable");
  remaining.take("Link", "Create");
  remaining.take("Link", "KeepConfiguration");
  out.text.add("\n[macsec]\n");
  line("parent", remaining.take("Link", "Parent"));
  line("port", remaining.take_or("Link", "Port", "1"));
  flag("encrypt", "MACsec", "Encrypt");
  flag("send-sci", "MACsec", "IncludeSci");
  line("validation",
       std::to_string(position(remaining.take_or("MACsec", "Validate", "strict"), validations).value_or(2)));
  line("mode", "0");
  const std::size_t primary = first_primary(settings);
  if (remaining.count("Key") != 0) {
    line("mka-ckn", take_ckn(remaining, primary));
    if (remaining.secret("Key", "Cak", primary).size() == 32)
      out.warnings.emplace_back("NetworkManager takes no CAK of 256 bits: this file will be refused");
    write_cak(out, remaining, keys, primary, "mka-cak=");
    forget_references(remaining, primary);
  }
  write_user_data(out, remaining, primary);
  out.text.add("\n[ipv4]\nmethod=auto\n\n[ipv6]\nmethod=auto\n");
  refuse_static_keys(remaining, Format::networkmanager, out.warnings);
  remaining.complain(Format::networkmanager, out.warnings);
  return out;
}

namespace {

void write_association(Exported& out, Remaining& remaining, Keys keys, std::size_t at, bool encoding) {
  const auto line = [&out](std::string_view key, const std::string& value) {
    if (!value.empty()) out.text.add(key).add("=").add(value).add("\n");
  };
  const auto take = [&](std::string_view key) { return remaining.take("StaticKeys", key, at); };
  const bool transmit = take("Direction") == "transmit";
  out.text.add(transmit ? "\n[MACsecTransmitAssociation]\n" : "\n[MACsecReceiveAssociation]\n");
  line("MACAddress", take("Peer"));
  if (!transmit) {
    const std::string port = take("Port");
    line("Port", port.empty() ? "1" : port);
  }
  const std::string number = take("PacketNumber");
  line("PacketNumber", number.empty() ? "1" : number);
  line("KeyId", take("KeyId"));
  const std::string file = take("KeyFile");
  const Bytes key = remaining.secret("StaticKeys", "Key", at);
  line("KeyFile", file);
  if (file.empty() && !key.empty() && keys == Keys::include) {
    out.text.add("Key=").add_hex(key).add("\n");
  } else if (file.empty()) {
    out.text.add("#Key=\n");
    out.warnings.emplace_back("a key is left out: keys are written to files only, see --output=");
  }
  out.text.add("Activate=yes\n");
  if (encoding) out.text.add("UseForEncoding=yes\n");
}

/// networkd numbers the associations of a channel in the order it finds them.
void write_associations(Exported& out, Remaining& remaining, Keys keys) {
  std::vector<std::pair<std::uint64_t, std::size_t>> order;  // by number
  std::optional<std::size_t> encoding;
  for (std::size_t i = 0; i < remaining.count("StaticKeys"); ++i) {
    order.emplace_back(parse_unsigned(remaining.take_or("StaticKeys", "An", "0", i), 3).value_or(0), i);
    if (remaining.take("StaticKeys", "Direction", i) != "transmit") continue;
    if (!encoding)
      encoding = i;
    else
      out.warnings.emplace_back(
          "networkd sends with one key only, and goes on to no other when its numbers are used up");
  }
  std::ranges::stable_sort(order);
  std::map<std::string, std::uint64_t> next;
  for (const auto& [an, i] : order) {
    const std::string channel =
        remaining.take("StaticKeys", "Peer", i) + " " + remaining.take_or("StaticKeys", "Port", "1", i);
    if (an != next[channel]++)
      out.warnings.push_back(
          fmt::format("[StaticKeys] An={} cannot be said to networkd, which counts from 0: the other "
                      "end will not understand",
                      an));
    write_association(out, remaining, keys, i, i == encoding);
  }
}

void write_keys(Exported& out, Remaining& remaining, const std::string& name) {
  for (std::size_t i = 0; i < remaining.count("Key"); ++i) {
    out.text.add("\n[X-MKA-Key]\n");
    bool reference = false;
    for (const std::string_view key :
         {"Ckn", "CknPadding", "CakFile", "CakCredential", "Role", "NotBefore", "NotAfter"}) {
      const std::string value = remaining.take("Key", key, i);
      if (value.empty()) continue;
      reference = reference || key == "CakFile" || key == "CakCredential";
      out.text.add(key).add("=").add(value).add("\n");
    }
    if (reference) continue;
    const std::string file =
        i == 0 ? fmt::format("/etc/macsecd/{}.cak", name) : fmt::format("/etc/macsecd/{}-{}.cak", name, i + 1);
    out.text.add("CakFile=").add(file).add("\n");
    out.warnings.push_back(fmt::format("a .netdev holds no CAK: write it to {} (root:macsecd, 0640)", file));
  }
}

}  // namespace

Exported export_networkd(const std::string& name, const bus::Settings& settings, Keys keys) {
  Exported out;
  Remaining remaining{settings};
  const std::string parent = remaining.take("Link", "Parent");
  const std::string interface = remaining.take_or("Link", "Interface", "macsec0");
  remaining.take("Link", "Create");
  remaining.take("Link", "KeepConfiguration");
  out.warnings.push_back(
      fmt::format("the parent is said elsewhere: the .network of {} needs MACsec={} in [Network]", parent, interface));
  const bool mka = remaining.count("StaticKeys") == 0;
  // With an address of its own, which networkd would make up, it would be another link to the other end.
  out.text.add("[NetDev]\nName=").add(interface).add("\nKind=macsec\nMACAddress=none\n\n[MACsec]\nPort=");
  out.text.add(remaining.take_or("Link", "Port", "1")).add("\nEncrypt=");
  out.text.add(remaining.take_or("MACsec", "Encrypt", "yes")).add("\n");
  const std::string suites = remaining.take("MACsec", "CipherSuites");
  if (!suites.empty() && suites != "GCM-AES-128")
    out.warnings.push_back(
        fmt::format("[MACsec] CipherSuites={} cannot be said: networkd makes its links with GCM-AES-128", suites));
  if (!mka) {
    if (remaining.take_or("MACsec", "ReplayWindow", "64") != "off")
      out.warnings.emplace_back("replay protection cannot be said to networkd and is off");
    out.warnings.emplace_back(
        "packet numbers that macsecd used with these keys would be used again, which tells what was sent: make new "
        "keys "
        "for both ends where this profile was up");
    write_associations(out, remaining, keys);
  } else {
    out.text.add("\n[X-MKA]\n");
    for (const std::string_view section : {"Link", "MACsec", "MKA"})
      for (const auto& [key, value] : remaining.rest(section)) {
        out.text.add(key).add("=").add(value).add("\n");
        remaining.take(section, key);
      }
    write_keys(out, remaining, name);
  }
  remaining.complain(Format::networkd, out.warnings);
  return out;
}

}  // namespace macsec::cli::detail
