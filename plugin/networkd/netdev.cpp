// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/networkd/netdev.hpp"

#include "engine/base/text.hpp"
#include "engine/config/profile_keys.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>

namespace macsec::networkd {
namespace {

constexpr std::string_view mka = "X-MKA";
constexpr std::string_view mka_key = "X-MKA-Key";
constexpr std::string_view only_suite = "GCM-AES-128";

bool is_interface_name(std::string_view name) {
  // networkd's rule is the kernel's, and no number, and none of the names of directories in /proc/sys/net.
  return check_profile_value(*find_profile_key("Link", "Interface"), name).has_value() && name != "all" &&
         name != "default" && name.find_first_not_of("0123456789") != std::string_view::npos;
}

/// Takes one of two spellings of a prefix from the front.
bool take_prefix(std::string_view& text, std::string_view lower, std::string_view upper) {
  if (!text.starts_with(lower) && !text.starts_with(upper)) return false;
  text.remove_prefix(lower.size());
  return true;
}

/// A port as networkd reads one: binary behind 0b, octal behind 0o or 0, hexadecimal behind 0x; a plus sign goes before the
/// prefixes that C has and behind the others.
std::optional<std::uint16_t> parse_port(std::string_view text) {
  int base = take_prefix(text, "0b", "0B") ? 2 : take_prefix(text, "0o", "0O") ? 8 : 0;
  take_prefix(text, "+", "+");
  if (base == 0) base = take_prefix(text, "0x", "0X") ? 16 : text.starts_with('0') ? 8 : 10;
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port, base);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

/// Reads one .netdev; the documents in order, assignment by assignment.
class Reader {
 public:
  explicit Reader(const FileSet& files) : files_{files} { netdev_.path = files.path; }

  NetdevFile read() {
    for (const IniDocument& document : files_.documents) read_document(document);
    for (const IniDocument& document : files_.documents)
      netdev_.diagnostics.insert(netdev_.diagnostics.end(), document.diagnostics().begin(),
                                 document.diagnostics().end());
    netdev_.diagnostics.insert(netdev_.diagnostics.end(), files_.diagnostics.begin(), files_.diagnostics.end());
    const bool mine = kind_ == "macsec" && ours_;
    if (mine) finish();
    NetdevFile out{.interface = netdev_.interface, .netdev = std::nullopt, .diagnostics = netdev_.diagnostics};
    if (mine) out.netdev = std::move(netdev_);
    return out;
  }

 private:
  struct Place {
    const IniDocument& document;
    unsigned line;
  };

  void complain(Severity severity, const Place& place, std::string text, std::string setting = {}) {
    netdev_.diagnostics.push_back({.severity = severity,
                                   .file = place.document.path(),
                                   .line = place.line,
                                   .text = std::move(text),
                                   .setting = std::move(setting)});
  }

  void read_document(const IniDocument& document) {
    auto assignment = document.assignments().begin();
    for (std::size_t i = 0; i < document.sections().size(); ++i) {
      const IniSection& section = document.sections()[i];
      enter({document, section.line}, section.name);
      for (; assignment != document.assignments().end() && assignment->section == i; ++assignment)
        assign({document, assignment->line}, section.name, *assignment);
    }
  }

  void enter(const Place& place, std::string_view section) {
    if (section == mka_key) {
      keys_.push_back({.name = "Key", .file = place.document.path(), .line = place.line, .settings = {}});
      ours_ = true;
    } else if (section == mka) {
      ours_ = true;
    } else if (section.starts_with(mka)) {
      complain(Severity::warning, place,
               fmt::format("unknown section [{}], ignored: [X-MKA] or [X-MKA-Key] is accepted", section));
    } else if (section.starts_with("MACsecReceive") || section.starts_with("MACsecTransmit")) {
      if (!static_keys_) static_keys_.emplace(place);
    }
  }

  void assign(const Place& place, std::string_view section, const IniAssignment& assignment) {
    if (section == "NetDev")
      assign_netdev(assignment);
    else if (section == "MACsec")
      assign_macsec(place, assignment);
    else if (section == mka)
      assign_mka(place, assignment);
    else if (section == mka_key)
      assign_key(place, keys_.back(), mka_key, assignment);
    else if (section == "Match" && !match_)
      match_.emplace(place);
  }

  void assign_netdev(const IniAssignment& assignment) {
    if (assignment.key == "Name") {
      if (assignment.value.empty() || is_interface_name(assignment.value)) netdev_.interface = assignment.value;
    } else if (assignment.key == "Kind") {
      if (kind_.empty()) kind_ = assignment.value;  // networkd refuses to change it
    } else if (assignment.key == "Description") {
      netdev_.description = assignment.value;
    }
  }

  void assign_macsec(const Place& place, const IniAssignment& assignment) {
    if (assignment.key == "Port") {
      if (const auto port = parse_port(assignment.value)) port_ = setting(place, "Port", std::to_string(*port));
    } else if (assignment.key == "Encrypt") {
      if (assignment.value.empty()) encrypt_.reset();
      if (const auto on = parse_boolean(assignment.value)) encrypt_ = setting(place, "Encrypt", *on ? "yes" : "no");
    }
  }

  void assign_mka(const Place& place, const IniAssignment& assignment) {
    const std::string_view key = assignment.key;
    if (key == "Parent" || key == "Interface" || key == "Create" || key == "Port")
      return complain(Severity::error, place,
                      fmt::format("{}= is not accepted here: {}", key,
                                  key == "Parent"      ? "the parent is where a .network file says MACsec="
                                  : key == "Interface" ? "the name is [NetDev] Name="
                                  : key == "Port"      ? "the port is [MACsec] Port="
                                                       : "systemd-networkd makes the link"));
    if (key == "Enable") return put(place, link_, assignment);
    if (find_profile_key("MACsec", key) != nullptr) return put(place, macsec_, assignment);
    if (find_profile_key("MKA", key) != nullptr) return put(place, protocol_, assignment);
    assign_key(place, first_key_, mka, assignment);
  }

  /// A setting of a [Key], or one that does not exist.
  void assign_key(const Place& place, Section& to, std::string_view section, const IniAssignment& assignment) {
    const std::string_view key = assignment.key;
    if (is_extension(key)) return;
    if (key == "Cak")
      return complain(Severity::error, place,
                      "Cak= is not accepted here: .netdev files are read by systemd-networkd and often by everybody; "
                      "put the key into a file of its own and name it by CakFile=, or use CakCredential=",
                      "Key.Cak");
    if (find_profile_key("Key", key) != nullptr) {
      if (to.file.empty()) {
        to.file = place.document.path();
        to.line = place.line;
      }
      return put(place, to, assignment);
    }
    const ProfileKey* meant = nullptr;
    for (const std::string_view in : {"Key", "MACsec", "MKA"}) {
      if (section == mka_key && in != "Key") break;
      if (meant == nullptr) meant = nearest_profile_key(in, key);
    }
    complain(Severity::warning, place,
             meant == nullptr ? fmt::format("unknown key in [{}], ignored", section)
                              : fmt::format("unknown key in [{}], ignored; is {}= meant?", section, meant->name));
  }

  static Setting setting(const Place& place, std::string_view key, std::string value) {
    return {.key = std::string{key}, .value = std::move(value), .file = place.document.path(), .line = place.line};
  }

  void put(const Place& place, Section& section, const IniAssignment& assignment) {
    const auto is_it = [&assignment](const Setting& one) { return one.key == assignment.key; };
    if (assignment.value.empty()) {
      std::erase_if(section.settings, is_it);
      return;
    }
    const ProfileKey* const key = find_profile_key(section.name, assignment.key);
    if (key == nullptr) return;
    if (const auto good = check_profile_value(*key, assignment.value); !good)
      return complain(Severity::error, place, good.error().message, section.name + "." + std::string{key->name});
    const auto old = std::ranges::find_if(section.settings, is_it);
    Setting fresh = setting(place, key->name, std::string{assignment.value});
    if (old == section.settings.end())
      section.settings.push_back(std::move(fresh));
    else if (key->name == "CipherSuites")  // a list grows
      old->value += " " + fresh.value;
    else
      *old = std::move(fresh);
  }

  void finish() {
    check_whole();
    settle_suite();
    settle_encryption();

    link_.settings.insert(link_.settings.begin(), {{"Interface", netdev_.interface, {}, 0}, {"Create", "no", {}, 0}});
    if (port_) link_.settings.push_back(*port_);
    netdev_.sections.push_back(std::move(link_));
    netdev_.sections.push_back(std::move(macsec_));
    if (!protocol_.settings.empty()) netdev_.sections.push_back(std::move(protocol_));
    if (!first_key_.settings.empty()) netdev_.sections.push_back(std::move(first_key_));
    for (Section& key : keys_) netdev_.sections.push_back(std::move(key));
  }

  void complain_whole(Severity severity, std::string text) {
    netdev_.diagnostics.push_back(
        {.severity = severity, .file = netdev_.path, .line = 0, .text = std::move(text), .setting = {}});
  }

  void check_whole() {
    if (netdev_.interface.empty())
      complain_whole(Severity::error, "no [NetDev] Name=, systemd-networkd makes no link of this file");
    if (static_keys_)
      complain(Severity::error, *static_keys_,
               "static keys and [X-MKA] exclude each other: remove one of them, the link is left alone until then");
    // networkd makes such a link; MKA cannot use it.
    if (port_)
      if (const auto good = check_profile_value(*find_profile_key("Link", "Port"), port_->value); !good)
        netdev_.diagnostics.push_back({.severity = Severity::error,
                                       .file = port_->file,
                                       .line = port_->line,
                                       .text = good.error().message,
                                       .setting = "Link.Port"});
    if (first_key_.settings.empty() && keys_.empty())
      complain_whole(Severity::error, "no key: [X-MKA] needs Ckn= and one of CakFile=, CakCredential=");
    if (match_)
      complain(Severity::warning, *match_,
               "[Match] is not judged here: [X-MKA] is in use wherever a link of this name appears");
  }

  /// The kernel fixes the cipher suite when a device is made, and networkd has no key for it.
  void settle_suite() {
    const auto said = std::ranges::find(macsec_.settings, "CipherSuites", &Setting::key);
    if (said == macsec_.settings.end()) {
      macsec_.settings.push_back({"CipherSuites", std::string{only_suite}, {}, 0});
      return;
    }
    const auto words = split_words(said->value, true).value_or(std::vector<std::string_view>{});
    const bool possible = std::ranges::find(words, only_suite) != words.end();
    if (!possible)
      netdev_.diagnostics.push_back(
          {.severity = Severity::error,
           .file = said->file,
           .line = said->line,
           .text = fmt::format(
               "a link that systemd-networkd makes is {0} for life, the kernel changes it no more: write "
               "CipherSuites={0}, or let macsecd make the link: remove this .netdev and MACsec={1} from the "
               ".network, put the settings into /etc/macsecd/{1}.macsec as macsec.profile(5) says, then run "
               "'networkctl reload', 'ip link delete {1}' and 'macsecctl reload'; the .network of {1} works on",
               only_suite, netdev_.interface),
           .setting = "MACsec.CipherSuites"});
    else if (words.size() > 1)
      netdev_.diagnostics.push_back(
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
  void settle_encryption() {
    if (!encrypt_) return;
    const auto said = std::ranges::find(macsec_.settings, "Encrypt", &Setting::key);
    if (said == macsec_.settings.end()) {
      macsec_.settings.push_back(*encrypt_);
    } else if (parse_boolean(said->value) != parse_boolean(encrypt_->value)) {
      netdev_.diagnostics.push_back({.severity = Severity::error,
                                     .file = said->file,
                                     .line = said->line,
                                     .text = fmt::format("Encrypt={} contradicts [MACsec] Encrypt={} ({}:{})",
                                                         said->value, encrypt_->value, encrypt_->file, encrypt_->line),
                                     .setting = "MACsec.Encrypt"});
    }
  }

  const FileSet& files_;
  Netdev netdev_;
  std::string kind_;
  bool ours_ = false;
  std::optional<Setting> port_;
  std::optional<Setting> encrypt_;
  std::optional<Place> static_keys_;
  std::optional<Place> match_;
  Section link_{.name = "Link", .file = {}, .line = 0, .settings = {}};
  Section macsec_{.name = "MACsec", .file = {}, .line = 0, .settings = {}};
  Section protocol_{.name = "MKA", .file = {}, .line = 0, .settings = {}};
  Section first_key_{.name = "Key", .file = {}, .line = 0, .settings = {}};
  std::vector<Section> keys_;
};

/// The one plain name of [Match] Name=; empty where it is a pattern or several.
std::string plain_name(std::string_view value) {
  const auto words = split_words(value);
  if (!words || words->size() != 1 || !is_interface_name(words->front())) return {};
  return words->front().find_first_of("*?[!") == std::string_view::npos ? std::string{words->front()} : std::string{};
}

void add_parents(Parents& parents, const FileSet& file) {
  std::string name;
  std::vector<std::string> links;
  for (const IniDocument& document : file.documents)
    for (const IniAssignment& one : document.assignments()) {
      const std::string_view section = document.sections()[one.section].name;
      if (section == "Match" && one.key == "Name")
        name = one.value.empty() ? std::string{} : name + " " + std::string{one.value};
      else if (section == "Network" && one.key == "MACsec" && is_interface_name(one.value))
        links.emplace_back(one.value);
    }
  for (const std::string& link : links) {
    std::string& parent = parents[link];
    if (parent.empty()) parent = plain_name(name);
  }
}

}  // namespace

NetdevFile read_netdev(const FileSet& files) { return Reader{files}.read(); }

Parents read_parents(const std::vector<FileSet>& files) {
  Parents parents;
  for (const FileSet& file : files) add_parents(parents, file);
  return parents;
}

Configuration load_configuration(const std::vector<std::string>& directories) {
  Configuration out;
  out.parents = read_parents(load_files(directories, ".network"));
  std::map<std::string, std::string> taken;  // a name and the file that has it
  for (const FileSet& file : load_files(directories, ".netdev")) {
    NetdevFile read = read_netdev(file);
    if (read.interface.empty() || (!read.netdev && has_error(read.diagnostics))) {
      if (has_error(read.diagnostics)) out.broken.emplace(file.path, std::move(read.diagnostics));
      continue;
    }
    const auto [at, fresh] = taken.emplace(read.interface, file.path);
    if (!read.netdev) continue;
    if (!fresh) {
      out.diagnostics.push_back({.severity = Severity::error,
                                 .file = file.path,
                                 .line = 0,
                                 .text = fmt::format("Name={} is taken by {}, systemd-networkd ignores this file",
                                                     read.interface, at->second),
                                 .setting = {}});
      continue;
    }
    for (const Section& section : read.netdev->sections)
      for (const Setting& setting : section.settings)
        if (setting.key == "CakFile") out.key_files.insert(setting.value);
    out.netdevs.push_back(std::move(*read.netdev));
  }
  return out;
}

bus::Settings to_settings(const Netdev& netdev, const std::string& parent) {
  bus::Settings out;
  for (const Section& section : netdev.sections) {
    bus::SettingsSection& to = out.emplace_back(bus::SettingsSection{.name = section.name, .texts = {}});
    if (section.name == "Link") to.texts.emplace_back("Parent", parent);
    for (const Setting& setting : section.settings) to.texts.emplace_back(setting.key, setting.value);
  }
  return out;
}

bus::Problem to_problem(const Diagnostic& diagnostic) {
  return {.error = diagnostic.severity == Severity::error,
          .file = diagnostic.file,
          .line = diagnostic.line,
          .setting = diagnostic.setting,
          .text = diagnostic.text};
}

bus::Problem locate(const Netdev& netdev, bus::Problem problem) {
  const std::string_view setting{problem.setting};
  const std::string_view section = setting.substr(0, setting.find('.'));
  const std::string_view key = section.size() < setting.size() ? setting.substr(section.size() + 1) : "";
  std::size_t number = 1;
  if (const std::string mark = fmt::format("[{} #", section); problem.text.starts_with(mark))
    number =
        parse_unsigned(std::string_view{problem.text}.substr(mark.size(), problem.text.find(']') - mark.size()), 9999)
            .value_or(1);
  problem.file = netdev.path;
  for (const Section& one : netdev.sections) {
    if (one.name != section || --number != 0) continue;
    if (!one.file.empty()) {
      problem.file = one.file;
      problem.line = one.line;
    }
    for (const Setting& each : one.settings)
      if (each.key == key && each.line != 0) {
        problem.file = each.file;
        problem.line = each.line;
      }
    break;
  }
  // The profile's sections are not those of the file.
  if (const std::size_t end = problem.text.find("] "); problem.text.starts_with('[') && end != std::string::npos)
    problem.text.erase(0, end + 2);
  return problem;
}

}  // namespace macsec::networkd
