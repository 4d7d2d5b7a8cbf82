// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/ports/secy.hpp"

namespace macsec {

std::string_view to_string(OffloadMode mode) noexcept {
  switch (mode) {
    case OffloadMode::off:
      return "off";
    case OffloadMode::phy:
      return "phy";
    case OffloadMode::mac:
      return "mac";
  }
  return "off";
}

}  // namespace macsec
