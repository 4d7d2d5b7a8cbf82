// SPDX-License-Identifier: LGPL-2.1-or-later
/// 802.1X of a network block, in and out: shared by the formats that speak wpa_supplicant's words.
#pragma once

#include "cli/foreign/exporter.hpp"
#include "cli/foreign/importer.hpp"

namespace macsec::cli::detail {

/// A setting in wpa_supplicant's words, without quotation marks, and what errors call it.
struct WpaEapEntry {
  unsigned line = 0;
  std::string key;
  WipedText value;
  std::string name;  ///< "802-1x.ca-cert"; empty: the key
};

/// Puts [8021X] where it belongs; what is refused or left out is told at its line.
void import_wpa_eap(Import& import, const std::vector<WpaEapEntry>& entries);

/// A string of wpa_supplicant.conf: in quotation marks, or hexadecimal digits. Nothing for another.
[[nodiscard]] std::optional<WipedText> read_wpa_string(std::string_view text);

/// Writes the settings of [8021X] into a network block.
void export_wpa_eap(Exported& out, Remaining& remaining, Keys keys);

}  // namespace macsec::cli::detail
