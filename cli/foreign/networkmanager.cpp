// SPDX-License-Identifier: LGPL-2.1-or-later
// NetworkManager's keyfiles, in and out.
#include "cli/foreign/exporter.hpp"
#include "cli/foreign/importer.hpp"
#include "cli/foreign/nm_eap.hpp"
#include "engine/config/user_data_keys.hpp"

namespace macsec::cli::detail {
namespace {

struct KeyfileEntry {
  unsigned line;
  std::string_view group;
  std::string_view key;
  std::string_view value;  ///< as written, with its escapes
};

/// Reads the syntax of GLib's key files: a comment has its line to itself and begins with '#', no line is continued,
/// a group that comes again goes on.
class Keyfile {
 public:
  Keyfile(Import& import, std::string_view text) {
    std::string_view group;
    for (unsigned number = 1; !text.empty(); ++number) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      const std::string_view line = trim(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
      if (line.empty() || line.starts_with('#')) continue;
      const std::size_t equals = line.find('=');
      if (line.starts_with('[') && line.ends_with(']'))
        group = line.substr(1, line.size() - 2);
      else if (equals == std::string_view::npos || group.empty())
        import.refuse(number, "this line", "[group], and below it KEY=VALUE");
      else
        entries.push_back({number, group, trim(line.substr(0, equals)), trim(line.substr(equals + 1))});
    }
  }

  /// Whether a later line says the same key.
  [[nodiscard]] bool is_replaced(const KeyfileEntry& each) const {
    return std::ranges::any_of(entries, [&each](const KeyfileEntry& later) {
      return later.line > each.line && later.group == each.group && later.key == each.key;
    });
  }

  std::vector<KeyfileEntry> entries;
};

/// \s, \n, \t, \r and \\ of a value.
std::string unescape(std::string_view text) {
  constexpr std::string_view letters = "sntr\\";
  constexpr std::string_view meant = " \n\t\r\\";
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t which =
        text[i] == '\\' && i + 1 < text.size() ? letters.find(text[i + 1]) : std::string_view::npos;
    out += which == std::string_view::npos ? text[i] : meant[which];
    if (which != std::string_view::npos) ++i;
  }
  return out;
}

/// \XX of a key in [user], which NetworkManager writes for what a key file cannot have in a key.
std::string unescape_key(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::array<std::uint8_t, 1> octet{};
    if (text[i] == '\\' && i + 2 < text.size() && from_hex(text.substr(i + 1, 2), octet)) {
      out += static_cast<char>(octet[0]);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

/// 8-4-4-4-12 hexadecimal digits.
bool is_uuid(std::string_view text) {
  constexpr std::string_view shape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  if (text.size() != shape.size()) return false;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const char c = text[i];
    const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (shape[i] == '-' ? c != '-' : !digit) return false;
  }
  return true;
}

class NmImport {
 public:
  explicit NmImport(const std::string& path) : import_{path} {}

  Imported read(std::string_view text) {
    const Keyfile keyfile{import_, text};
    for (const KeyfileEntry& each : keyfile.entries)
      if (!keyfile.is_replaced(each)) entry(each);
    if (eap_) import_nm_eap(import_, authentication_);
    for (const auto& [what, line] : others_)
      import_.leave_out(line, what, "addresses and the like stay with a network manager");
    if (type_ != "macsec") import_.complain(Severity::error, 0, "this is no connection of type=macsec");
    if (!says_parent_ && !address_.empty())
      import_.note(address_line_,
                   fmt::format("the parent is the interface with the address {}: add Parent=NAME", address_));
    return std::move(import_.out);
  }

 private:
  void entry(const KeyfileEntry& each) {
    if (each.group == "macsec") return macsec(each);
    if (each.group == "user") return user_data(each);
    if (each.group == "802-1x") {
      authentication_.push_back({each.line, std::string{each.key}, WipedText{each.value}});
      return;
    }
    if (each.group == "connection") return connection(each);
    if ((each.group == "ethernet" || each.group == "802-3-ethernet") && each.key == "mac-address") {
      address_ = printable(each.value);
      address_line_ = each.line;
      return;
    }
    others_.try_emplace(fmt::format("[{}]", printable(each.group)), each.line);
  }

  void connection(const KeyfileEntry& each) {
    if (each.key == "id") {
      import_.out.name = unescape(each.value);
    } else if (each.key == "type") {
      type_ = each.value;
    } else if (each.key == "interface-name") {
      import_.set("Link", "Interface", unescape(each.value));
    } else if (each.key == "autoconnect") {
      if (parse_boolean(each.value) != false) return;
      import_.set("Link", "Enable", "no");
      import_.note(each.line, "autoconnect=false: imported with Enable=no");
    } else if (each.key != "uuid" && each.key != "timestamp") {  // which make a connection and no setting
      import_.leave_out(each.line, fmt::format("connection.{}", printable(each.key)),
                        "addresses and the like stay with a network manager");
    }
  }

  void macsec(const KeyfileEntry& each) {
    const auto truth = parse_boolean(each.value);
    const auto number = parse_unsigned(each.value, UINT16_MAX);
    if (each.key == "mka-cak") return import_.set_secret("Key", "Cak", each.value, each.line, "macsec.mka-cak");
    if (each.key == "mka-ckn") return import_.set("Key", "Ckn", std::string{each.value});
    if (each.key == "parent") return parent(each);
    if (each.key == "mka-cak-flags") return cak_flags(each);
    if (each.key == "port") {
      if (!number) return refuse(each, "a number from 1 to 65534");
      return import_.set("Link", "Port", std::to_string(*number));
    }
    if (each.key == "encrypt" || each.key == "send-sci") {
      if (!truth) return refuse(each, "true or false");
      return import_.set_flag("MACsec", each.key == "encrypt" ? "Encrypt" : "IncludeSci", *truth);
    }
    if (each.key == "validation") {
      if (!number || *number >= numbered_validations.size()) return refuse(each, "0, 1 or 2");
      return import_.set("MACsec", "Validate", std::string{numbered_validations.at(*number)});
    }
    if (each.key == "offload") {
      if (each.value == "-1") return;  // as NetworkManager's own configuration has it, which is off
      if (!number || *number >= numbered_offloads.size()) return refuse(each, "-1, 0, 1 or 2");
      return import_.set("MACsec", "Offload", std::string{numbered_offloads.at(*number)});
    }
    if (each.key == "mode") {
      eap_ = each.value == "1" || each.value == "eap";
      if (!eap_ && each.value != "0" && each.value != "psk") refuse(each, "0, a pre-shared key, or 1, 802.1X");
      return;
    }
    import_.unknown(each.line, fmt::format("macsec.{}", each.key), "NetworkManager", known);
  }

  void refuse(const KeyfileEntry& each, std::string_view accepted) {
    import_.refuse(each.line, fmt::format("macsec.{}={}", each.key, printable(each.value)), accepted);
  }

  void parent(const KeyfileEntry& each) {
    says_parent_ = true;
    if (is_uuid(each.value))
      return import_.note(
          each.line, fmt::format("macsec.parent={}: the parent is another connection: add Parent=NAME", each.value));
    import_.set("Link", "Parent", unescape(each.value));
  }

  void cak_flags(const KeyfileEntry& each) {
    if (!parse_unsigned(each.value, 7)) return refuse(each, "a number from 0 to 7");
    if (each.value != "0")
      import_.leave_out(each.line, fmt::format("macsec.mka-cak-flags={}", each.value),
                        "the key is not in the file; give it with --key-file= or --key-fd=");
  }

  void user_data(const KeyfileEntry& each) {
    const std::string name = unescape_key(each.key);
    if (!name.starts_with(user_data_prefix))
      return import_.leave_out(each.line, fmt::format("user.data {}", printable(name)));
    const std::string_view word = std::string_view{name}.substr(user_data_prefix.size());
    const auto setting = std::ranges::find(user_data_keys(), word, &UserDataKey::word);
    if (setting == user_data_keys().end()) return import_.leave_out(each.line, printable(name));
    if (setting->section == "8021X" && !eap_) return import_.leave_out(each.line, name, "macsec.mode is not eap");
    if (setting->section != "Key") return import_.set(setting->section, setting->key, unescape(each.value));
    section_of(import_.out.settings, "Key", 0);
    import_.set("Key", setting->key, unescape(each.value), 1);
    import_.set("Key", "Role", "fallback", 1);
  }

  static constexpr std::array<std::string_view, 10> known{
      "macsec.mka-cak", "macsec.mka-cak-flags", "macsec.mka-ckn",    "macsec.mode",    "macsec.parent",
      "macsec.port",    "macsec.encrypt",       "macsec.validation", "macsec.offload", "macsec.send-sci"};

  Import import_;
  std::string type_;
  bool eap_ = false;
  std::vector<NmEapEntry> authentication_;
  bool says_parent_ = false;
  std::string address_;  ///< of the parent, where it is found by that
  unsigned address_line_ = 0;
  std::map<std::string, unsigned> others_;  ///< groups of no interest, with a line
};

}  // namespace

Imported import_networkmanager(const std::string& path, WipedText text) { return NmImport{path}.read(text.view()); }

namespace {

void write_user_data(Exported& out, Remaining& remaining, std::size_t primary) {
  std::string lines;
  for (const UserDataKey& key : user_data_keys()) {
    if (key.section == "Key") continue;  // of the fallback key, below
    if (const std::string value = remaining.take(key.section, key.key); !value.empty())
      lines += fmt::format("{}{}={}\n", user_data_prefix, key.word, value);
  }
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
  // Without it the file would make a link by another key, or by none.
  if (remaining.count("8021X") != 0) {
    out.refused = "[8021X] is not written to this format; to wpa_supplicant it is";
    return out;
  }
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
       std::to_string(position(remaining.take_or("MACsec", "Validate", "strict"), numbered_validations).value_or(2)));
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

}  // namespace macsec::cli::detail
