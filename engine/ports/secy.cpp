// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/ports/secy.hpp"

#include <algorithm>

namespace macsec {

SecyParameters secy_parameters(const Profile& profile) noexcept {
  return {.protect = true,
          .encrypt = profile.macsec.encrypt,
          .validate = profile.macsec.validate,
          .replay_protect = profile.macsec.replay_protect,
          .replay_window = profile.macsec.replay_protect ? profile.macsec.replay_window : 0,
          .include_sci = profile.macsec.include_sci,
          .end_station = profile.macsec.end_station,
          .single_copy_broadcast = profile.macsec.single_copy_broadcast};
}

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

bool has_keys(const SecyState& state) noexcept {
  return !state.transmit.empty() ||
         std::ranges::any_of(state.receive, [](const ReceiveScState& sc) { return !sc.associations.empty(); });
}

}  // namespace macsec
