// SPDX-License-Identifier: LGPL-2.1-or-later
/// What a .netdev says, assignment by assignment, before it is judged as a whole.
#pragma once

#include "plugin/networkd/netdev.hpp"

#include <optional>

namespace macsec::networkd {

inline constexpr std::string_view mka_section = "X-MKA";
inline constexpr std::string_view mka_key_section = "X-MKA-Key";
inline constexpr std::string_view eap_section = "X-8021X";
inline constexpr std::string_view server_section = "X-RadiusServer";

struct Place {
  std::string file;
  unsigned line = 0;
};

struct Written {
  Netdev netdev;                                         ///< without its sections
  std::string kind;                                      ///< [NetDev] Kind=
  bool is_ours = false;                                  ///< it has one of our sections
  std::optional<Place> our_place;                        ///< of the first of them
  std::vector<std::pair<Place, std::string>> strangers;  ///< sections whose name looks like one of ours
  std::optional<Setting> port;                           ///< [MACsec] Port=
  std::optional<Setting> encrypt;                        ///< [MACsec] Encrypt=
  std::optional<Place> static_keys;
  std::optional<Place> match;
  Section link{.name = "Link", .file = {}, .line = 0, .settings = {}};
  Section macsec{.name = "MACsec", .file = {}, .line = 0, .settings = {}};
  Section protocol{.name = "MKA", .file = {}, .line = 0, .settings = {}};
  Section first_key{.name = "Key", .file = {}, .line = 0, .settings = {}};
  std::vector<Section> keys;
  Section authentication{.name = "8021X", .file = {}, .line = 0, .settings = {}};
  std::vector<Section> servers;

  void complain(Severity severity, const Place& place, std::string text, std::string setting = {}) {
    netdev.diagnostics.push_back({.severity = severity,
                                  .file = place.file,
                                  .line = place.line,
                                  .text = std::move(text),
                                  .setting = std::move(setting)});
  }
};

/// A name that systemd-networkd gives to a link.
[[nodiscard]] bool is_interface_name(std::string_view name);

/// The documents in order, later assignments before earlier ones.
[[nodiscard]] Written read_written(const FileSet& files);

}  // namespace macsec::networkd
