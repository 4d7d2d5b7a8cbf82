// SPDX-License-Identifier: LGPL-2.1-or-later
// NetworkManager's keyfiles, in and out.
#include "cli/foreign/exporter.hpp"
#include "cli/foreign/importer.hpp"

namespace macsec::cli::detail {
namespace {

void nm_macsec(Import& import, const IniAssignment& each) {
  const std::string value{each.key == "mka-cak" ? std::string_view{} : each.value};
  const auto truth = parse_boolean(each.value);
  const auto number = parse_unsigned(each.value, 65535);
  const std::string what = fmt::format("macsec.{}={}", each.key, value);
  if (each.key == "mka-cak") return import.set_secret("Key", "Cak", each.value, each.line, "macsec.mka-cak");
  if (each.key == "mka-ckn") return import.set("Key", "Ckn", value);
  if (each.key == "parent") return import.set("Link", "Parent", value);
  if (each.key == "port" && number) return import.set("Link", "Port", value);
  if (each.key == "encrypt" && truth) return import.set_flag("MACsec", "Encrypt", *truth);
  if (each.key == "send-sci" && truth) return import.set_flag("MACsec", "IncludeSci", *truth);
  if (each.key == "validation" && number && *number <= 2) {
    constexpr std::array<const char*, 3> words{"disabled", "check", "strict"};
    return import.set("MACsec", "Validate", words.at(*number));
  }
  if (each.key == "offload") {
    constexpr std::array<const char*, 3> words{"off", "phy", "mac"};
    if (number && *number <= 2) import.set("MACsec", "Offload", words.at(*number));
    return;  // -1: as the system has it
  }
  if (each.key == "mode") {
    if (each.value != "0" && each.value != "psk")
      import.refuse(each.line, what, "0, a pre-shared key (802.1X is not imported)");
    return;
  }
  if (each.key == "mka-cak-flags") {
    if (each.value != "0")
      import.leave_out(each.line, what, "the key is not in the file; give it with --key-file= or --key-fd=");
    return;
  }
  import.leave_out(each.line, what);
}

void nm_user_data(Import& import, const IniAssignment& each) {
  constexpr std::string_view prefix = "org.macsecd.";
  if (!each.key.starts_with(prefix)) return import.leave_out(each.line, fmt::format("user.data {}", each.key));
  const std::string_view word = each.key.substr(prefix.size());
  const auto known = std::ranges::find(user_data_keys(), word, &UserDataKey::word);
  if (known != user_data_keys().end()) return import.set(known->section, known->key, std::string{each.value});
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> fallback{
      {{"fallback-ckn", "Ckn"},
       {"fallback-ckn-padding", "CknPadding"},
       {"fallback-cak-file", "CakFile"},
       {"fallback-cak-credential", "CakCredential"}}};
  const auto* const key = std::ranges::find(fallback, word, &std::pair<std::string_view, std::string_view>::first);
  if (key == fallback.end()) return import.leave_out(each.line, each.key);
  section_of(import.out.settings, "Key", 0);
  import.set("Key", key->second, std::string{each.value}, 1);
  import.set("Key", "Role", "fallback", 1);
}

}  // namespace

Imported import_networkmanager(const std::string& path, WipedText text) {
  Import import{path};
  const IniDocument document = IniDocument::parse(path, std::move(text));
  import.out.diagnostics = document.diagnostics();
  std::string type;
  for (const IniAssignment& each : document.assignments()) {
    const std::string_view section = document.sections()[each.section].name;
    if (section == "macsec") {
      nm_macsec(import, each);
    } else if (section == "user") {
      nm_user_data(import, each);
    } else if (section == "connection") {
      if (each.key == "id") import.out.name = each.value;
      if (each.key == "type") type = each.value;
      if (each.key == "interface-name") import.set("Link", "Interface", std::string{each.value});
      if (each.key == "autoconnect" && parse_boolean(each.value) == false) import.set("Link", "Enable", "no");
    }
  }
  for (const IniSection& section : document.sections())
    if (section.name != "macsec" && section.name != "user" && section.name != "connection" && section.name != "proxy" &&
        !section.name.ends_with("-port") && !section.name.ends_with("-slave"))
      import.leave_out(section.line, fmt::format("[{}]", section.name),
                       "addresses and the like stay with a network manager");
  if (type != "macsec") import.complain(Severity::error, 0, "this is no connection of type=macsec");
  return std::move(import.out);
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

}  // namespace macsec::cli::detail
