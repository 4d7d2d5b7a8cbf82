// SPDX-License-Identifier: LGPL-2.1-or-later
// wpa_supplicant.conf, in and out.
#include "cli/foreign/exporter.hpp"
#include "cli/foreign/importer.hpp"
#include "cli/foreign/wpa_eap.hpp"
#include "engine/config/wpa_eap.hpp"

namespace macsec::cli::detail {
namespace {

/// Lines as wpa_supplicant reads them: without blanks at both ends and without a comment, which begins at a '#' behind
/// the last quotation mark.
class WpaLines {
 public:
  explicit WpaLines(std::string_view all) : rest_{all} {}

  /// Whether there is a next line that says something.
  bool next() {
    while (!rest_.empty()) {
      const std::size_t end = std::min(rest_.find('\n'), rest_.size());
      text = strip(rest_.substr(0, end));
      rest_.remove_prefix(std::min(end + 1, rest_.size()));
      ++number;
      if (!text.empty()) return true;
    }
    return false;
  }

  std::string_view text;
  unsigned number = 0;

 private:
  static std::string_view strip(std::string_view line) {
    line = trim(line);
    if (line.starts_with('#')) return {};
    const std::size_t first = line.find('"');
    const std::size_t last = line.rfind('"');
    const std::size_t from = first == last ? 0 : last;
    return trim(line.substr(0, line.find('#', from)));
  }

  std::string_view rest_;
};

struct WpaSetting {
  unsigned line;
  std::string_view key;
  std::string_view value;
};

/// A number as strtol(3) with base 0 reads it.
std::optional<std::uint64_t> wpa_number(std::string_view text, std::uint64_t least, std::uint64_t most) {
  text = trim(text);
  std::optional<std::uint64_t> number;
  if (text.size() > 1 && text.front() == '0' && text[1] >= '0' && text[1] <= '7') {
    std::uint64_t octal = 0;
    for (const char c : text) {
      if (c < '0' || c > '7' || octal > UINT32_MAX) return std::nullopt;
      octal = 8 * octal + static_cast<std::uint64_t>(c - '0');
    }
    number = octal;
  } else {
    number = parse_unsigned(text, UINT32_MAX);
  }
  if (!number || *number < least || *number > most) return std::nullopt;
  return number;
}

/// A network={ ... } of the file.
struct WpaNetwork {
  unsigned line = 0;
  std::vector<WpaSetting> settings{};

  /// What holds of several lines that say the same.
  [[nodiscard]] const WpaSetting* find(std::string_view key) const {
    const auto found =
        std::find_if(settings.rbegin(), settings.rend(), [key](const WpaSetting& each) { return each.key == key; });
    return found == settings.rend() ? nullptr : &*found;
  }
  [[nodiscard]] std::uint64_t number(std::string_view key) const {
    const WpaSetting* const said = find(key);
    return said == nullptr ? 0 : wpa_number(said->value, 0, UINT32_MAX).value_or(0);
  }
  [[nodiscard]] bool does_macsec() const { return number("macsec_policy") == 1; }
  [[nodiscard]] bool has_key() const { return find("mka_cak") != nullptr || find("mka_ckn") != nullptr; }
  [[nodiscard]] bool does_eap() const {
    const WpaSetting* const said = find("key_mgmt");
    return said != nullptr && trim(said->value) == "IEEE8021X";
  }
  [[nodiscard]] bool is_off() const { return number("disabled") != 0; }
};

class WpaImport {
 public:
  explicit WpaImport(const std::string& path) : import_{path} {}

  Imported read(const std::string& path, std::string_view text) {
    collect(text);
    if (const WpaNetwork* const network = choose()) take(*network);
    take_parent(path);
    return std::move(import_.out);
  }

 private:
  void collect(std::string_view text) {
    WpaLines lines{text};
    while (lines.next()) {
      if (lines.text == "network={") {
        networks_.push_back({lines.number});
        collect_network(lines);
      } else if (lines.text.ends_with('{')) {
        import_.leave_out(lines.number, printable(lines.text.substr(0, lines.text.find('='))),
                          "it has nothing to do with MACsec");
        while (lines.next() && lines.text != "}") continue;
      } else {
        global(lines);
      }
    }
  }

  void collect_network(WpaLines& lines) {
    WpaNetwork& network = networks_.back();
    while (lines.next()) {
      if (lines.text == "}") return;
      const std::size_t equals = lines.text.find('=');
      if (equals == std::string_view::npos) {
        import_.refuse(lines.number, "a line without '='", "KEY=VALUE, or } at the end of the network");
        continue;
      }
      const std::string_view value = lines.text.substr(equals + 1);
      if (value.starts_with('"') && value.find('"', 1) == std::string_view::npos)
        import_.refuse(lines.number, lines.text.substr(0, equals), "a value whose quotation marks are closed");
      network.settings.push_back({lines.number, lines.text.substr(0, equals), value});
    }
    import_.complain(Severity::error, network.line, "this network={ is not closed by a line with } alone");
  }

  void global(const WpaLines& lines) {
    constexpr std::array needed{"ap_scan", "eapol_version"};  // macsecd does what MACsec needs of these
    const std::string_view name = lines.text.substr(0, lines.text.find('='));
    if (std::ranges::find(needed, name) == needed.end())
      import_.leave_out(lines.number, printable(name), "it is about wpa_supplicant itself");
  }

  /// The network that does MACsec, where there is one. The others are named.
  const WpaNetwork* choose() {
    std::vector<const WpaNetwork*> wanted;
    const auto pick = [&](auto&& fits) {
      if (!wanted.empty()) return;
      for (const WpaNetwork& each : networks_)
        if (fits(each)) wanted.push_back(&each);
    };
    pick([](const WpaNetwork& each) { return each.does_macsec() && !each.is_off(); });
    pick([](const WpaNetwork& each) { return each.does_macsec(); });
    pick([](const WpaNetwork& each) { return each.has_key(); });
    for (const WpaNetwork& each : networks_) {
      if (std::ranges::find(wanted, &each) != wanted.end()) continue;
      import_.leave_out(each.line, "this network", each.does_macsec() ? "it is disabled" : "it does no MACsec");
    }
    if (wanted.size() == 1) return wanted.front();
    if (networks_.empty()) {
      import_.complain(Severity::error, 0, "there is no network={ in it");
    } else if (wanted.empty()) {
      import_.complain(Severity::error, 0, "no network={ in it has macsec_policy=1");
    } else {
      std::string lines;
      for (const WpaNetwork* each : wanted) lines += fmt::format("{}{}", lines.empty() ? "" : ", ", each->line);
      import_.complain(Severity::error, wanted[1]->line,
                       fmt::format("several networks do MACsec (lines {}), and a profile is one link: import a file "
                                   "with one of them",
                                   lines));
    }
    return nullptr;
  }

  void take(const WpaNetwork& network) {
    if (const WpaSetting* const said = network.find("key_mgmt");
        said != nullptr && trim(said->value) != "NONE" && !network.does_eap())
      return import_.refuse(said->line, fmt::format("key_mgmt={}", printable(said->value)),
                            "NONE, a pre-shared key, or IEEE8021X");
    if (!network.does_macsec())
      switch_off(network, "macsec_policy", "wpa_supplicant does no MACsec without macsec_policy=1");
    if (network.is_off()) switch_off(network, "disabled", "disabled=1");
    for (const WpaSetting& each : network.settings)
      if (network.find(each.key) == &each && !(network.does_eap() && is_of_eap(each))) setting(each);
    if (network.does_eap()) authentication(network);
    take_replay(network);
  }

  /// What a network with key_mgmt=IEEE8021X has instead of a key.
  static bool is_of_eap(const WpaSetting& each) {
    return is_wpa_eap_key(each.key) || each.key == "mka_cak" || each.key == "mka_ckn";
  }

  void authentication(const WpaNetwork& network) {
    constexpr std::array<std::string_view, 7> plain{"eap",    "fragment_size",         "ocsp",       "eap_workaround",
                                                    "engine", "proactive_key_caching", "eapol_flags"};
    std::vector<WpaEapEntry> entries;
    for (const WpaSetting& each : network.settings) {
      if (network.find(each.key) != &each || !is_of_eap(each) || each.key == "eapol_flags") continue;
      if (each.key.starts_with("mka_")) {
        import_.leave_out(each.line, each.key, "with key_mgmt=IEEE8021X the key comes from the authentication");
        continue;
      }
      if (each.key == "password" && (each.value.starts_with("hash:") || each.value.starts_with("ext:"))) {
        import_.refuse(each.line, each.key, "the password itself");
        continue;
      }
      const bool is_plain = std::ranges::find(plain, each.key) != plain.end();
      auto value = is_plain ? std::optional{WipedText{trim(each.value)}} : read_wpa_string(each.value);
      if (!value)
        import_.refuse(each.line, each.key, "a text in quotation marks, or hexadecimal digits");
      else if (!(each.key == "engine" && value->view() == "0"))
        entries.push_back({each.line, std::string{each.key}, std::move(*value), {}});
    }
    import_wpa_eap(import_, entries);
  }

  void switch_off(const WpaNetwork& network, std::string_view key, std::string_view why) {
    const WpaSetting* const said = network.find(key);
    import_.set("Link", "Enable", "no");
    import_.note(said == nullptr ? network.line : said->line, fmt::format("{}: imported with Enable=no", why));
  }

  /// A setting of the network; of several of one key the last.
  void setting(const WpaSetting& each) {
    constexpr std::array<std::string_view, 5> elsewhere{"key_mgmt", "eapol_flags", "macsec_policy", "disabled",
                                                        "macsec_replay_protect"};
    if (std::ranges::find(elsewhere, each.key) != elsewhere.end() || each.key == "macsec_replay_window") return;
    if (each.key == "mka_cak") return import_.set_secret("Key", "Cak", unquote(each), each.line, each.key);
    if (each.key == "mka_ckn") return import_.set("Key", "Ckn", std::string{unquote(each)});
    if (each.key == "macsec_port") return number(each, 1, 65534, "Link", "Port");
    if (each.key == "mka_priority") {
      if (wpa_number(each.value, 255, 255))
        import_.note(each.line, "mka_priority=255: this end is never key server, which with wpa_supplicant it may be");
      return number(each, 0, 255, "MKA", "Priority");
    }
    if (each.key == "macsec_integ_only") return word(each, {"yes", "no"}, "MACsec", "Encrypt");
    if (each.key == "macsec_offload") return word(each, {"off", "phy", "mac"}, "MACsec", "Offload");
    if (each.key == "macsec_csindex") return word(each, {"GCM-AES-128", "GCM-AES-256"}, "MACsec", "CipherSuites");
    if (each.key == "macsec_icv_indicator") return word(each, {"no", "yes"}, "MKA", "IcvIndicator");
    if (each.key.starts_with("mka_") || each.key.starts_with("macsec_"))
      return import_.unknown(each.line, each.key, "wpa_supplicant", known);
    import_.leave_out(each.line, printable(each.key), "it has nothing to do with MACsec");
  }

  void number(const WpaSetting& each, std::uint64_t least, std::uint64_t most, std::string_view section,
              std::string_view key) {
    if (const auto value = wpa_number(each.value, least, most))
      import_.set(section, key, std::to_string(*value));
    else
      refuse(each, fmt::format("a number from {} to {}", least, most));
  }

  void word(const WpaSetting& each, std::initializer_list<std::string_view> words, std::string_view section,
            std::string_view key) {
    if (const auto value = wpa_number(each.value, 0, words.size() - 1))
      import_.set(section, key, std::string{words.begin()[*value]});
    else
      refuse(each, fmt::format("a number from 0 to {}", words.size() - 1));
  }

  void refuse(const WpaSetting& each, std::string_view accepted) {
    import_.refuse(each.line, fmt::format("{}={}", each.key, printable(each.value)), accepted);
  }

  void take_replay(const WpaNetwork& network) {
    constexpr std::uint64_t largest = (1U << 30U) - 1;
    const WpaSetting* const protect = network.find("macsec_replay_protect");
    const WpaSetting* const window = network.find("macsec_replay_window");
    if (protect != nullptr && !wpa_number(protect->value, 0, 1)) return refuse(*protect, "0 or 1");
    const bool on = network.number("macsec_replay_protect") == 1;
    std::uint64_t frames = 0;
    if (window != nullptr) {
      const auto said = wpa_number(window->value, 0, UINT32_MAX);
      if (!said) return refuse(*window, "a number of frames");
      frames = std::min(*said, largest);
      if (on && *said > largest)
        import_.note(window->line,
                     fmt::format("macsec_replay_window={}: {} is taken, the largest there is", *said, largest));
      if (!on) import_.leave_out(window->line, "macsec_replay_window", "macsec_replay_protect=1 is not said");
    }
    import_.set("MACsec", "ReplayWindow", on ? std::to_string(frames) : "off");
  }

  /// wpa_supplicant-eth0.conf, -wired-eth0.conf and -macsec-eth0.conf are how distributions name the interface.
  void take_parent(const std::string& path) {
    constexpr std::string_view before = "wpa_supplicant-";
    constexpr std::string_view after = ".conf";
    std::string_view name = std::string_view{path}.substr(path.rfind('/') + 1);
    if (!name.starts_with(before) || !name.ends_with(after) || name.size() < before.size() + after.size()) return;
    name = name.substr(before.size(), name.size() - before.size() - after.size());
    for (const std::string_view driver : {"wired", "macsec_linux", "macsec", "nl80211"}) {
      if (name == driver) return;
      if (!name.starts_with(driver) || name[driver.size()] != '-') continue;
      name.remove_prefix(driver.size() + 1);
      break;
    }
    const ProfileKey* const key = find_profile_key("Link", "Parent");
    if (name.empty() || key == nullptr || !check_profile_value(*key, name)) return;
    import_.set("Link", "Parent", std::string{name});
    import_.note(0, fmt::format("Parent={} is taken from the name of the file", name));
  }

  /// wpa_supplicant itself takes no quotation marks around keys and their names.
  std::string_view unquote(const WpaSetting& each) {
    if (each.value.size() < 2 || each.value.front() != '"' || each.value.back() != '"') return each.value;
    import_.note(each.line, fmt::format("{} is taken without its quotation marks", each.key));
    return each.value.substr(1, each.value.size() - 2);
  }

  static constexpr std::array<std::string_view, 11> known{
      "macsec_policy",  "macsec_integ_only", "macsec_replay_protect", "macsec_replay_window",
      "macsec_offload", "macsec_csindex",    "macsec_port",           "macsec_icv_indicator",
      "mka_cak",        "mka_ckn",           "mka_priority"};

  Import import_;
  std::vector<WpaNetwork> networks_;
};

}  // namespace

Imported import_wpa_supplicant(const std::string& path, WipedText text) {
  return WpaImport{path}.read(path, text.view());
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
  const bool eap = remaining.count("8021X") != 0;
  line("key_mgmt", eap ? "IEEE8021X" : "NONE");
  line("eapol_flags", "0");
  line("macsec_policy", "1");
  line("macsec_integ_only", yes(remaining.take_or("MACsec", "Encrypt", "yes")) ? "0" : "1");
  const std::string window = remaining.take_or("MACsec", "ReplayWindow", "64");
  line("macsec_replay_protect", window == "off" ? "0" : "1");
  if (window != "off") line("macsec_replay_window", window);
  line("macsec_port", remaining.take_or("Link", "Port", "1"));
  const std::string offload = remaining.take_or("MACsec", "Offload", "off");
  if (const auto number = position(offload, numbered_offloads); number && *number != 0)
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
  if (eap) {
    export_wpa_eap(out, remaining, keys);
    // Its other key would take the place of the one from the authentication.
    for (std::size_t i = 0; i < remaining.count("Key"); ++i) remaining.drop("Key", i);
    if (remaining.count("Key") != 0)
      out.warnings.emplace_back("[Key] cannot be said to wpa_supplicant beside 802.1X and is left out");
  } else if (remaining.count("Key") != 0) {
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
