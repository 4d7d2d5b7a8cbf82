// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/foreign/format.hpp"
#include "cli/settings.hpp"
#include "engine/base/text.hpp"

#include <algorithm>
#include <array>

namespace macsec::cli::detail {
namespace {

/// Puts what an importer finds where it belongs.
class Import {
 public:
  explicit Import(std::string path) : path_{std::move(path)} {}

  void set(std::string_view section, std::string_view key, std::string value, std::size_t instance = 0) {
    set_text(section_of(out.settings, section, instance), key, std::move(value));
  }
  void set_flag(std::string_view section, std::string_view key, bool value) { set(section, key, value ? "yes" : "no"); }
  void complain(Severity severity, unsigned line, std::string text) {
    out.diagnostics.push_back({severity, path_, line, std::move(text)});
  }
  /// A warning that `what` is left out.
  void leave_out(unsigned line, std::string_view what, std::string_view why = "macsecd has no such thing") {
    complain(Severity::warning, line, fmt::format("{} is left out: {}", what, why));
  }
  void refuse(unsigned line, std::string_view what, std::string_view accepted) {
    complain(Severity::error, line, fmt::format("{} is not accepted: {}", what, accepted));
  }
  /// A key in hexadecimal digits.
  void set_secret(std::string_view section, std::string_view key, std::string_view digits, unsigned line,
                  std::string_view what, std::size_t instance = 0) {
    Secret<32> secret;
    const std::size_t size = digits.size() / 2;
    if ((size != 16 && size != 32) || !from_hex(digits, secret.allocate(size)))
      return refuse(line, what, "32 or 64 hexadecimal digits");
    section_of(out.settings, section, instance).secrets.emplace_back(key, std::move(secret));
  }

  Imported out;

 private:
  std::string path_;
};

std::string_view unquote(std::string_view value) noexcept {
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') return value.substr(1, value.size() - 2);
  return value;
}

std::optional<std::uint64_t> choice(std::string_view value, std::uint64_t last) { return parse_unsigned(value, last); }

// wpa_supplicant.conf

/// One line of a network block; whether the key is known.
void wpa_setting(Import& import, unsigned line, std::string_view key, std::string_view value, bool& replay,
                 std::string& window) {
  const auto number = [&](std::uint64_t last) { return choice(value, last); };
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

// NetworkManager keyfile

namespace {

void nm_macsec(Import& import, const IniAssignment& each) {
  const std::string value{each.key == "mka-cak" ? std::string_view{} : each.value};
  const auto truth = parse_boolean(each.value);
  const auto number = choice(each.value, 65535);
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

// networkd .netdev

namespace {

class NetdevImport {
 public:
  explicit NetdevImport(const std::string& path) : import_{path} {}

  Imported read(const std::string& path, WipedText text) {
    const IniDocument document = IniDocument::parse(path, std::move(text));
    import_.out.diagnostics = document.diagnostics();
    auto each = document.assignments().begin();
    for (std::size_t i = 0; i < document.sections().size(); ++i) {
      enter(document.sections()[i].name);
      for (; each != document.assignments().end() && each->section == i; ++each)
        assign(document.sections()[i].name, *each);
    }
    if (kind_ != "macsec") import_.complain(Severity::error, 0, "this is no .netdev of Kind=macsec");
    if (statics_ != 0) finish_static();
    return std::move(import_.out);
  }

 private:
  void finish_static() {
    import_.set("MACsec", "ReplayWindow", "off");  // networkd leaves it off
    // macsecd sends with the first.
    if (encoding_) {
      auto& settings = import_.out.settings;
      const auto first = std::ranges::find(settings, "StaticKeys", &bus::SettingsSection::name);
      const auto used = first + static_cast<std::ptrdiff_t>(*encoding_);
      std::rotate(first, used, used + 1);
    }
    if (!own_address_.empty())
      import_.complain(Severity::warning, 0,
                       fmt::format("the link had {}, macsecd's has that of its parent: the other end has to "
                                   "receive from there",
                                   own_address_));
    // No key is used twice with the same number; nobody knows which were used.
    import_.set("Link", "Enable", "no");
    import_.complain(Severity::warning, 0,
                     "packet numbers used with these keys before would be used again, which tells what was sent: make "
                     "new keys for both ends, then say Enable=yes");
  }

  void enter(std::string_view section) {
    if (section == "MACsecTransmitAssociation" || section == "MACsecReceiveAssociation") {
      const bool transmit = section == "MACsecTransmitAssociation";
      import_.set("StaticKeys", "Direction", transmit ? "transmit" : "receive", statics_++);
      // A receive channel is known only once its address was read.
      if (transmit) number(transmit_++);
    } else if (section == "X-MKA-Key") {
      section_of(import_.out.settings, "Key", keys_++);
    }
  }

  void number(unsigned an) {
    import_.set("StaticKeys", "An", std::to_string(std::min(an, 3U)), statics_ - 1);
    if (an > 3) import_.complain(Severity::error, 0, "more than 4 associations of one channel");
  }

  void assign(std::string_view section, const IniAssignment& each) {
    const std::string value{each.key == "Key" ? std::string_view{} : each.value};
    if (section == "NetDev") {
      if (each.key == "Name") import_.set("Link", "Interface", import_.out.name = value);
      if (each.key == "Kind") kind_ = value;
      if (each.key == "MACAddress") own_address_ = value == "none" ? "" : "the address " + value;
      if ((each.key == "MACAddress" && value != "none") || each.key == "MTUBytes")
        import_.leave_out(each.line, fmt::format("{}=", each.key));
    } else if (section == "MACsec") {
      if (each.key == "Port") import_.set("Link", "Port", value);
      if (each.key == "Encrypt") import_.set_flag("MACsec", "Encrypt", parse_boolean(value).value_or(false));
    } else if (section.starts_with("MACsec") && section.ends_with("Association")) {
      association(each, value);
    } else if (section == "X-MKA" || section == "X-MKA-Key") {
      mka(section, each, value);
    }
  }

  void association(const IniAssignment& each, const std::string& value) {
    const std::size_t at = statics_ - 1;
    const auto set = [&](std::string_view key, std::string text) {
      import_.set("StaticKeys", key, std::move(text), at);
    };
    if (each.key == "PacketNumber" || each.key == "KeyId") return set(each.key, value);
    if (each.key == "KeyFile") return set("KeyFile", value);
    if (each.key == "Key") return import_.set_secret("StaticKeys", "Key", each.value, each.line, "Key=", at);
    if (each.key == "Port") return set("Port", value);
    if (each.key == "MACAddress") {
      set("Peer", value);
      return number(receive_[value]++);
    }
    if (each.key == "UseForEncoding" && parse_boolean(value) == true) encoding_ = at;
    if (each.key == "Activate" && parse_boolean(value) == false)
      import_.leave_out(each.line, "Activate=no", "keys that are not used yet are not kept, remove the section");
  }

  void mka(std::string_view section, const IniAssignment& each, const std::string& value) {
    std::string_view in = "Key";
    if (section == "X-MKA")
      for (const std::string_view other : {"Link", "MACsec", "MKA"})
        if (find_profile_key(other, each.key) != nullptr) in = other;
    if (in == "Key" && keys_ == 0) ++keys_;  // the first key may stand in [X-MKA]
    const ProfileKey* const key = find_profile_key(in, each.key);
    if (key == nullptr || key->secret) return import_.leave_out(each.line, fmt::format("{}=", each.key));
    import_.set(in, each.key, value, in == "Key" ? (section == "X-MKA" ? 0 : keys_ - 1) : 0);
  }

  Import import_;
  std::string kind_;
  std::string own_address_ = "an address of its own";  ///< in words; empty: that of its parent
  std::size_t statics_ = 0;
  std::optional<std::size_t> encoding_;  ///< the association that is sent with
  std::size_t keys_ = 0;
  unsigned transmit_ = 0;
  std::map<std::string, unsigned> receive_;
};

}  // namespace

Imported import_networkd(const std::string& path, WipedText text) {
  return NetdevImport{path}.read(path, std::move(text));
}

}  // namespace macsec::cli::detail
