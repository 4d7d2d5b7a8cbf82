// SPDX-License-Identifier: LGPL-2.1-or-later
/// The [802-1x] group of NetworkManager's keyfiles.
#pragma once

#include "cli/foreign/importer.hpp"

namespace macsec::cli::detail {

/// A line of the group; the value is as written, with its escapes.
struct NmEapEntry {
  unsigned line = 0;
  std::string key;
  WipedText value;
};

/// Puts [8021X] where it belongs; what is refused or left out is told at its line.
void import_nm_eap(Import& import, const std::vector<NmEapEntry>& entries);

}  // namespace macsec::cli::detail
