// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/networkd/written.hpp"

#include "engine/base/text.hpp"
#include "engine/config/profile_secrets.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>

namespace macsec::networkd {
namespace {

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

/// Whether somebody may have meant one of our sections: their letters, whatever their case and dashes, or a profile's name.
bool looks_like_ours(std::string_view section) {
  std::string letters;
  for (const char c : section)
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) letters += static_cast<char>(c | 0x20);
  constexpr std::array<std::string_view, 7> meant{"mka",  "mkakey",        "xmacsec",     "xmacsecd",
                                                  "xkey", "xradiusserver", "radiusserver"};
  // "8021X", "x-8021x", "X-802.1X"
  std::string digits;
  std::ranges::copy_if(section, std::back_inserter(digits), [](char c) { return c >= '0' && c <= '9'; });
  if (digits == "8021" && letters.find_first_not_of('x') == std::string::npos) return true;
  return letters.starts_with("xmka") || std::ranges::find(meant, letters) != meant.end();
}

class Reader {
 public:
  Written read(const FileSet& files) {
    out_.netdev.path = files.path;
    for (const IniDocument& document : files.documents) read_document(document);
    for (const IniDocument& document : files.documents)
      out_.netdev.diagnostics.insert(out_.netdev.diagnostics.end(), document.diagnostics().begin(),
                                     document.diagnostics().end());
    out_.netdev.diagnostics.insert(out_.netdev.diagnostics.end(), files.diagnostics.begin(), files.diagnostics.end());
    return std::move(out_);
  }

 private:
  void read_document(const IniDocument& document) {
    auto assignment = document.assignments().begin();
    for (std::size_t i = 0; i < document.sections().size(); ++i) {
      const IniSection& section = document.sections()[i];
      enter({document.path(), section.line}, section.name);
      for (; assignment != document.assignments().end() && assignment->section == i; ++assignment)
        assign({document.path(), assignment->line}, section.name, *assignment);
    }
  }

  void enter(const Place& place, std::string_view section) {
    const bool ours =
        section == mka_section || section == mka_key_section || section == eap_section || section == server_section;
    if (ours && !out_.our_place) out_.our_place = place;
    out_.is_ours = out_.is_ours || ours;
    if (section == mka_key_section)
      out_.keys.push_back({.name = "Key", .file = place.file, .line = place.line, .settings = {}});
    else if (section == eap_section && out_.authentication.file.empty())
      out_.authentication = {.name = "8021X", .file = place.file, .line = place.line, .settings = {}};
    else if (section == server_section)
      out_.servers.push_back({.name = "RadiusServer", .file = place.file, .line = place.line, .settings = {}});
    else if (!ours && looks_like_ours(section))
      out_.strangers.emplace_back(place, std::string{section});
    else if ((section.starts_with("MACsecReceive") || section.starts_with("MACsecTransmit")) && !out_.static_keys)
      out_.static_keys = place;
  }

  void assign(const Place& place, std::string_view section, const IniAssignment& assignment) {
    if (section == "NetDev")
      assign_netdev(assignment);
    else if (section == "MACsec")
      assign_macsec(place, assignment);
    else if (section == mka_section)
      assign_mka(place, assignment);
    else if (section == mka_key_section)
      assign_key(place, out_.keys.back(), mka_key_section, assignment);
    else if (section == eap_section)
      assign_eap(place, out_.authentication, eap_section, assignment);
    else if (section == server_section)
      assign_eap(place, out_.servers.back(), server_section, assignment);
    else if (section == "Match" && !out_.match)
      out_.match.emplace(place);
  }

  void assign_netdev(const IniAssignment& assignment) {
    if (assignment.key == "Name") {
      if (assignment.value.empty() || is_interface_name(assignment.value)) out_.netdev.interface = assignment.value;
    } else if (assignment.key == "Kind") {
      if (out_.kind.empty()) out_.kind = assignment.value;  // networkd refuses to change it
    } else if (assignment.key == "Description") {
      out_.netdev.description = assignment.value;
    }
  }

  void assign_macsec(const Place& place, const IniAssignment& assignment) {
    if (assignment.key == "Port") {
      if (const auto port = parse_port(assignment.value)) out_.port = setting(place, "Port", std::to_string(*port));
    } else if (assignment.key == "Encrypt") {
      if (assignment.value.empty()) out_.encrypt.reset();
      if (const auto on = parse_boolean(assignment.value)) out_.encrypt = setting(place, "Encrypt", *on ? "yes" : "no");
    }
  }

  void assign_mka(const Place& place, const IniAssignment& assignment) {
    const std::string_view key = assignment.key;
    if (key == "Parent" || key == "Interface" || key == "Create" || key == "Port")
      return out_.complain(Severity::error, place,
                           fmt::format("{}= is not accepted here: {}", key,
                                       key == "Parent"      ? "the parent is where a .network file says MACsec="
                                       : key == "Interface" ? "the name is [NetDev] Name="
                                       : key == "Port"      ? "the port is [MACsec] Port="
                                                            : "systemd-networkd makes the link"));
    if (key == "Enable") return put(place, out_.link, assignment);
    if (find_profile_key("MACsec", key) != nullptr) return put(place, out_.macsec, assignment);
    if (find_profile_key("MKA", key) != nullptr) return put(place, out_.protocol, assignment);
    assign_key(place, out_.first_key, mka_section, assignment);
  }

  /// A setting of a [Key], or one that does not exist.
  void assign_key(const Place& place, Section& to, std::string_view section, const IniAssignment& assignment) {
    const std::string_view key = assignment.key;
    if (is_extension(key)) return;
    if (key == "Cak")
      return out_.complain(
          Severity::error, place,
          "Cak= is not accepted here: .netdev files are read by systemd-networkd and often by everybody; "
          "put the key into a file of its own and name it by CakFile=, or use CakCredential=",
          "Key.Cak");
    if (find_profile_key("Key", key) != nullptr) {
      if (to.file.empty()) {
        to.file = place.file;
        to.line = place.line;
      }
      return put(place, to, assignment);
    }
    const ProfileKey* meant = nullptr;
    for (const std::string_view in : {"Key", "MACsec", "MKA"}) {
      if (section == mka_key_section && in != "Key") break;
      if (meant == nullptr) meant = nearest_profile_key(in, key);
    }
    out_.complain(Severity::warning, place,
                  meant == nullptr ? fmt::format("unknown key in [{}], ignored", section)
                                   : fmt::format("unknown key in [{}], ignored; is {}= meant?", section, meant->name));
  }

  /// A setting of [8021X] or of a [RadiusServer].
  void assign_eap(const Place& place, Section& to, std::string_view section, const IniAssignment& assignment) {
    if (is_extension(assignment.key)) return;
    const ProfileKey* const key = find_profile_key(to.name, assignment.key);
    if (key == nullptr) {
      const ProfileKey* const meant = nearest_profile_key(to.name, assignment.key);
      return out_.complain(Severity::warning, place,
                           meant == nullptr || meant->section != to.name
                               ? fmt::format("unknown key in [{}], ignored", section)
                               : fmt::format("unknown key in [{}], ignored; is {}= meant?", section, meant->name));
    }
    if (holds_secret(*key, assignment.value) && !assignment.value.empty())
      return out_.complain(
          Severity::error, place,
          fmt::format(
              "{0}={1} is not accepted here: .netdev files are read by systemd-networkd and often by everybody; "
              "{2}",
              key->name, key->secret ? "" : "data:",
              key->secret ? fmt::format("use {0}File= or {0}Credential=", key->name) : "use the path of a file"),
          fmt::format("{}.{}", to.name, key->name));
    put(place, to, assignment);
  }

  static Setting setting(const Place& place, std::string_view key, std::string value) {
    return {.key = std::string{key}, .value = std::move(value), .file = place.file, .line = place.line};
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
      return out_.complain(Severity::error, place, good.error().message, section.name + "." + std::string{key->name});
    const auto old = std::ranges::find_if(section.settings, is_it);
    Setting fresh = setting(place, key->name, std::string{assignment.value});
    if (old == section.settings.end())
      section.settings.push_back(std::move(fresh));
    else if (key->accepts.contains("one or several"))  // a list grows
      old->value += " " + fresh.value;
    else
      *old = std::move(fresh);
  }

  Written out_;
};

}  // namespace

bool is_interface_name(std::string_view name) {
  // networkd's rule is the kernel's, and no number, and none of the names of directories in /proc/sys/net.
  return check_profile_value(*find_profile_key("Link", "Interface"), name).has_value() && name != "all" &&
         name != "default" && name.find_first_not_of("0123456789") != std::string_view::npos;
}

Written read_written(const FileSet& files) { return Reader{}.read(files); }

}  // namespace macsec::networkd
